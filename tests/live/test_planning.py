"""A live plan is the ladder of a backtest's entry (spec P4-P6, P10, P11, F20, F35, F47), and what the monitor makes of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import numpy as np
import pytest

from exitbrain.backtesting.market import Market
from exitbrain.backtesting.position import OpenPosition
from exitbrain.core import walk as rules
from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.ladder import REMAINING, StopRule, compile_ladder, initial_stop, legacy_ladder
from exitbrain.core.live import events as e
from exitbrain.core.live.book import SECOND, Settings, State
from exitbrain.core.live.orders import OrderKind, Stage, Status
from exitbrain.core.live.step import step
from exitbrain.core.market import Instrument, MarketRegime
from exitbrain.core.profiles import (
    Adaptive,
    AtrTrail,
    StopMove,
    TimeStop,
    TPKind,
    TPProfile,
    TPProfileLeg,
    TrailingProfile,
)
from exitbrain.core.registry import ProfileRegistry
from exitbrain.features.indicators import average_true_range
from exitbrain.features.lines import ClosedBar
from exitbrain.live.monitor import Monitor
from exitbrain.live.planning import LivePlanner, Terms
from exitbrain.live.watching import LiveMarket, names_for_plans

KEY = "BTCUSDT"
INSTRUMENT = Instrument(symbol=KEY, tick_size=Decimal("0.5"), lot_size=Decimal("0.01"), min_notional=Decimal(5))
BAR = 60 * SECOND


class Unwritten:
    """The core without a journal; requests are answered with yes at once."""

    def __init__(self) -> None:
        self.state = State(settings=Settings())

    def take(self, event: e.Event, now: int) -> tuple[e.Effect, ...]:
        self.state, effects = step(self.state, event, now)
        return effects


class Live:
    def __init__(
        self, registry: ProfileRegistry | None = None, settings: ExitSettings | None = None, **options: object
    ) -> None:
        self.core = Unwritten()
        registry = registry or ProfileRegistry()
        self.market = LiveMarket(BAR, names_for_plans(registry))
        self.planner = LivePlanner(
            settings or ExitSettings(regime="NORMAL"), registry, lambda: self.core.state.books, {KEY: self.market},
            **options,  # type: ignore[arg-type]
        )  # fmt: skip
        self.monitor = Monitor(self.core, self.planner, markets={KEY: self.market})
        self.now, self.version, self.foreign = SECOND, 0, ()
        self.effects: list[e.Effect] = []
        self.take(e.Managed(key=KEY, instrument=INSTRUMENT))
        self.take(e.Started(fence=1))
        self.read(0)

    @property
    def book(self):  # type: ignore[no-untyped-def]
        return self.core.state.books[KEY]

    def take(self, event: e.Event) -> None:
        self.carry_out(self.monitor.take(event, self.now))

    def carry_out(self, effects: tuple[e.Effect, ...]) -> None:
        self.effects += effects
        for one in effects:
            if isinstance(one, e.Send | e.Cancel):
                cancel = isinstance(one, e.Cancel)
                self.take(e.Answered(key=KEY, id=one.id, cancel=cancel, outcome=e.Outcome.OK))

    def read(self, lots: int, entry: Fraction | int = 1000) -> None:
        self.now += SECOND
        self.version += 1
        self.take(e.PositionSeen(key=KEY, lots=lots, entry=Fraction(entry), version=self.version, asked_at=self.now))
        own = tuple(
            e.Resting(id=o.id, side=-self.book.side, kind=o.kind, level=o.level, lots=o.lots, close_position=o.close_position)
            for o in self.book.orders.values()
            if o.stage in (Stage.LIVE, Stage.CANCELING)
        )  # fmt: skip
        self.take(e.OrdersSeen(key=KEY, asked_at=self.now, orders=own + self.foreign))

    def bar(self, time: int, high: float, low: float, close: float) -> None:
        self.now = max(self.now, time + BAR)
        self.carry_out(self.monitor.bar_closed(KEY, ClosedBar(time=time, open=close, high=high, low=low, close=close, volume=1.0), self.now))  # fmt: skip

    def fill(self, order: object, average: int = 0) -> None:
        self.take(
            e.OrderSeen(key=KEY, id=order.id, status=Status.FILLED, filled=order.lots, average=Fraction(average))  # type: ignore[attr-defined]
        )
        self.read(self.book.lots - self.book.side * order.lots, self.book.entry)  # type: ignore[attr-defined]

    def resting(self, role: str) -> list[object]:
        return [o for o in self.book.present() if o.role == role and o.stage is Stage.LIVE]


def some_profile(dice: Random) -> TPProfile:
    count = dice.randint(1, 4)
    multiples = sorted(dice.sample([0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0], count))
    whole = dice.random() < 0.4
    shares = [round(dice.uniform(0.05, 0.95 / count), 2) for _ in multiples]
    if whole:
        shares[-1] = round(1 - sum(shares[:-1]), 2)
    trailing = None
    if dice.random() < 0.7:
        curve = ((3.0, 0.01), (5.0, 0.005)) if dice.random() < 0.5 else ()
        trailing = TrailingProfile(dice.choice([0.015, 0.03]), dice.choice([0, 0.5, 1.5]), curve)
    moves = tuple(
        StopMove(after_leg=leg, to=dice.choice(["breakeven", "previous_target", 0.1, 0.4]), fees=dice.random() < 0.4)
        for leg in dice.choices(range(1, count + 1), k=dice.randint(0, 3))
    )
    return TPProfile(
        "SOME",
        tuple(TPProfileLeg(r, f, dice.choice([TPKind.HARD, TPKind.SOFT])) for r, f in zip(multiples, shares, strict=True)),
        trailing,
        stop_moves=moves,
        time_stop=dice.choice([None, TimeStop(bars=7), TimeStop(duration=timedelta(hours=3))]),
        atr_trail=AtrTrail(period=dice.choice([5, 14]), mult=2.5) if trailing and dice.random() < 0.3 else None,
        adaptive=Adaptive(min=0.5, max=1.5) if trailing and dice.random() < 0.3 else None,
    )  # fmt: skip


def bars_of(dice: Random, count: int) -> list[ClosedBar]:
    price, bars = 500.0, []
    for i in range(count):
        close = price + dice.choice((-4, -1, 0, 1, 4)) / 2
        high, low = max(price, close) + dice.randint(0, 4) / 2, min(price, close) - dice.randint(0, 4) / 2
        bars.append(ClosedBar(time=i * BAR, open=price, high=high, low=low, close=close, volume=1.0))
        price = close
    return bars


@pytest.mark.parametrize("seed", range(60))
def test_a_live_plan_is_the_ladder_of_the_backtest(seed: int) -> None:
    """Against the position that a run would open on the same bars: rungs with their stop moves, stop, trail, time stop."""
    dice = Random(f"plan {seed}")
    profile, side, lots, entry = some_profile(dice), dice.choice((1, -1)), dice.randint(3, 900), dice.randint(800, 1200)
    bars = bars_of(dice, dice.choice((3, 40)))
    registry = ProfileRegistry()
    registry.register(profile, KEY)
    settings = ExitSettings(regime="TREND", time_stop_bars=dice.choice((None, 9)), stop_atr_mult=dice.choice((None, 2)))
    live = Live(registry, settings)
    live.monitor.warm(KEY, bars, live.now)
    live.now = len(bars) * BAR
    live.take(e.PriceSeen(key=KEY, ticks=entry))
    live.read(side * lots, entry)
    plan = live.book.plan

    market = _market(bars)
    decided, atr = len(bars) - 1, float(market.atr(14)[-1])
    rule = StopRule(atr=atr, atr_mult=settings.stop_atr_mult, regime=MarketRegime.TREND)
    ladder = compile_ladder(
        profile, INSTRUMENT, side, Fraction(entry), initial_stop(Fraction(entry), side, INSTRUMENT, rule), lots
    )
    with_one_more = _market([*bars, replace(bars[-1], time=len(bars) * BAR)])
    position = OpenPosition(
        with_one_more, ladder, profile, entry_bar=decided + 1, decided_at=decided, entry_ticks=entry, market_ticks=entry,
        lots=lots, first_bar=decided + 1, path=rules.ADVERSE, through=False, slip=(0, 1), number=1,
    )  # fmt: skip
    meet, level, sizes, soft, index, move, move_to = (list(map(int, column)) for column in position.rungs)
    assert sorted((r.index, side * r.level, r.lots, int(r.soft)) for r in plan.rungs) == sorted(
        zip(index, level, sizes, soft, strict=True)
    )
    for k, number in enumerate(index):
        rung = next(one for one in plan.rungs if one.index == number)
        if move[k] == rules.ASK_MOVE:
            assert rung.fees
        else:
            assert (rung.move, side * rung.move_to, rung.fees) == (move[k], move_to[k], False)
    walk = live.book.walk
    places = (rules.STOP, rules.STOP_KIND, rules.PEAK, rules.WORST, rules.ARMED, rules.STAGE, rules.RUNNER, rules.MODE)
    assert [walk[p] for p in places] == [int(position.state[p]) for p in places]
    assert walk[rules.ARMED] == 0 or walk[rules.TRAIL] == int(position.state[rules.TRAIL])
    if ladder.trail is not None:
        assert live.book.callbacks() == tuple(list(map(int, column)) for column in position.callbacks)
    bars_due = [one for one in (settings.time_stop_bars, profile.time_stop and profile.time_stop.bars) if one]
    assert plan.time_stop_bars == min(bars_due, default=None)


def _market(bars: list[ClosedBar]) -> Market:
    def ticks(name: str) -> np.ndarray:
        return np.array([round(getattr(bar, name) * 2) for bar in bars], dtype=np.int64)

    return Market(
        symbol=KEY, instrument=INSTRUMENT, timeframe=BAR, time=np.array([bar.time for bar in bars], dtype=np.int64),
        open=ticks("open"), high=ticks("high"), low=ticks("low"), close=ticks("close"), volume=np.ones(len(bars)),
    )  # fmt: skip


def test_without_profiles_the_ladder_is_the_legacy_one() -> None:  # spec P11, F29, F47
    live = Live(settings=ExitSettings(use_profiles=False, regime="TREND"))
    live.read(1000, 1000)
    stop = initial_stop(Fraction(1000), 1, INSTRUMENT, StopRule(regime=MarketRegime.TREND))
    ladder = legacy_ladder(
        ExitSettings().partial_template, INSTRUMENT, 1, Fraction(1000), stop, 1000, regime=MarketRegime.TREND
    )
    assert [(r.level, r.lots) for r in live.book.plan.rungs] == [(r.level, r.lots) for r in ladder.rungs]
    assert live.book.plan.runner == ladder.runner and live.book.plan.profile == ""


def test_the_log_says_that_profiles_are_active(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "exitbrain.exit_brain"):
        Live().read(1000)
    assert "[EXIT BRAIN V3] BTCUSDT: Profile-based TP active" in caplog.messages


def test_a_stop_that_the_user_placed_is_the_stop_of_the_plan() -> None:  # spec P4: an explicit stop wins
    live = Live()
    live.foreign = (
        e.Resting(id="theirs", side=-1, kind=OrderKind.STOP_MARKET, level=950, lots=1000, own=False),
        e.Resting(id="far", side=-1, kind=OrderKind.STOP_MARKET, level=960, lots=10, own=False),
    )
    live.read(1000)
    assert live.book.plan.stop == 950 and live.book.plan.risk == 50
    assert live.book.plan.stop_price == Decimal(475)


def test_terms_of_the_strategy_go_before_the_config() -> None:  # spec P4, F35
    live = Live()
    live.planner.expect(KEY, Terms(stop_loss_pct=Decimal(1), strategy_id="swing"))
    live.read(1000)
    assert (live.book.plan.stop, live.book.plan.strategy) == (990, "swing")


def test_an_add_plans_from_the_average_with_the_profile_of_the_opening() -> None:  # spec F20, F35
    live = Live(settings=ExitSettings(regime="TREND"))
    live.take(e.PriceSeen(key=KEY, ticks=1000))
    live.read(1000, 1000)
    first = live.book.plan
    live.take(e.PriceSeen(key=KEY, ticks=1019))
    live.planner.settings = ExitSettings(regime="CHOP")
    live.read(2000, Fraction(2019, 2))
    second = live.book.plan
    assert second is not first and second.profile == first.profile == "TREND_DEFAULT" and second.regime == "TREND"
    stop = initial_stop(Fraction(2019, 2), 1, INSTRUMENT, StopRule(regime=MarketRegime.TREND))
    assert second.stop == stop and live.book.stop_level() == stop
    assert live.book.risk == first.risk != second.risk  # R for statistics stays that of the opening
    assert live.book.walk[rules.PEAK] == 1019


def test_a_position_that_was_found_beyond_its_stop_is_left_to_its_owner_and_told() -> None:
    live = Live()
    live.now += SECOND
    live.take(e.Started(fence=2))
    live.take(e.PriceSeen(key=KEY, ticks=900))
    live.read(1000, 1000)
    alerts = [one for one in live.effects if isinstance(one, e.Alert) and one.name == "no plan"]
    assert len(alerts) == 1 and "beyond the plan's stop" in alerts[0].detail
    assert live.book.plan is None and live.book.target is None and live.resting("D")
    live.now += 5 * SECOND
    live.take(e.Ticked())
    assert len([one for one in live.effects if isinstance(one, e.Alert) and one.name == "no plan"]) == 1


def test_a_position_that_was_found_far_in_profit_is_locked() -> None:  # spec P5
    live = Live()
    live.now += SECOND
    live.take(e.Started(fence=2))
    live.take(e.PriceSeen(key=KEY, ticks=1200))
    live.read(1000, 1000)
    plan = live.book.plan
    # A move of 20%: the stop at entry + 0.2%, the target at 1.5 × 20%.
    assert (plan.stop, [r.level for r in plan.rungs]) == (1002, [1300])
    assert {o.cause for o in live.resting("S")} == {"profit_lock"}  # type: ignore[attr-defined]


def test_in_risk_mode_ess_active_the_position_leaves() -> None:  # spec P5
    live = Live(settings=ExitSettings(risk_mode="ESS_ACTIVE"))
    live.read(1000, 1000)
    assert live.book.target.lots == 0 and live.book.target.cause == "emergency_exit"


def test_break_even_pays_the_fees_back() -> None:  # spec F52
    profile = TPProfile(
        "BE",
        (TPProfileLeg(1, 0.5), TPProfileLeg(2, 0.5)),
        stop_moves=(StopMove(after_leg=1, to="breakeven", fees=True),),
    )
    registry = ProfileRegistry()
    registry.register(profile, KEY)
    live = Live(registry)
    live.read(1000, 1000)
    live.fill(live.resting("P")[0], 1025)
    # Bought 1000 × 1000 and sold 500 × 1025, each with 0.05%: 756.25 in fees, 1.5125 a lot; (1000 + 1.5125) ÷ 0.9995 = 1002.01.
    assert live.book.stop_level() == 1003
    assert {o.cause for o in live.resting("S") if o.level == 1003} == {"breakeven_stop"}  # type: ignore[attr-defined]
    live.now += 5 * SECOND
    live.read(400, 1000)  # somebody else took some: the level was computed once
    assert live.book.stop_level() == 1003


@pytest.mark.parametrize(("stop", "due"), [(TimeStop(bars=2), 2), (TimeStop(duration=timedelta(minutes=3)), 3)])
def test_a_time_stop_counts_closed_bars_from_the_opening(stop: TimeStop, due: int) -> None:  # spec F4, F16
    registry = ProfileRegistry()
    registry.register(TPProfile("TS", (TPProfileLeg(1, 1.0),), time_stop=stop), KEY)
    live = Live(registry)
    live.bar(0, 500, 500, 500)
    live.read(1000, 1000)  # in the bar that opens at 1 minute
    for minute in range(1, 1 + due):
        live.bar(minute * BAR, 500, 500, 500)
        assert live.book.bars_held == minute - 1 and live.book.target is None
    live.bar((1 + due) * BAR, 500, 500, 500)
    assert live.book.target is not None and live.book.target.cause == "time_stop"


def test_a_chandelier_follows_the_atr_of_the_bar_before() -> None:  # spec P10
    registry = ProfileRegistry()
    profile = TPProfile(
        "CH", (TPProfileLeg(9, 0.5),), TrailingProfile(0.02, 0, ()), atr_trail=AtrTrail(period=5, mult=2)
    )
    registry.register(profile, KEY)
    live = Live(registry)
    bars = bars_of(Random(5), 30)
    live.monitor.warm(KEY, bars[:20], live.now)
    live.now = 20 * BAR
    live.take(e.PriceSeen(key=KEY, ticks=1000))
    live.read(1000, 1000)
    level = live.book.walk[rules.TRAIL]
    high, low, close = (np.array([getattr(bar, name) for bar in bars]) for name in ("high", "low", "close"))
    atr = average_true_range(high, low, close, 5)
    for i in range(20, 30):
        expected = 1000 - int(atr[i - 1] * 2 * 2)  # two ATRs, two ticks a unit
        level = max(level, expected)
        assert live.book.walk[rules.TRAIL] == level
        live.now = (i + 1) * BAR
        live.carry_out(live.monitor.bar_closed(KEY, bars[i], live.now))


def test_a_trail_over_what_remains_names_its_reason() -> None:
    registry = ProfileRegistry()
    registry.register(TPProfile("T", (TPProfileLeg(5, 1.0),), TrailingProfile(0.02, 1, ())), KEY)
    live = Live(registry)
    live.read(1000, 1000)
    assert live.book.plan.runner == REMAINING
    live.now += 5 * SECOND
    live.take(e.PriceSeen(key=KEY, ticks=1050))
    assert {(o.level, o.cause) for o in live.resting("S")} == {(1029, "trailing_stop")}  # type: ignore[attr-defined]

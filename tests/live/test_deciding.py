"""Decisions of the live monitor at closed bars (spec D1-D6, T6, F4, F5, F12, F14, F15, F19, F41)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.guardrails import Limits
from exitbrain.core.latch import PORTFOLIO
from exitbrain.core.live import events as e
from exitbrain.core.live.book import SECOND, Book, Settings
from exitbrain.core.market import Instrument
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.triggers import StrategyPlan, TriggerCondition
from exitbrain.features.lines import ClosedBar
from exitbrain.live.deciding import Decided, LiveDecider
from exitbrain.live.monitor import Monitor
from exitbrain.live.planning import LivePlanner
from exitbrain.live.recording import Recorded
from exitbrain.live.rule_names import names_for_rules
from exitbrain.live.watching import LiveMarket, names_for_plans
from exitbrain.store.journal import open_journal

KEY, BAR = "X", 60 * SECOND
INSTRUMENT = Instrument(symbol=KEY, tick_size=Decimal(1), lot_size=Decimal(1))


def trigger(id_: str, exit_rule: str, category: str = "other", **parts: Any) -> TriggerCondition:
    return TriggerCondition(id=id_, symbol=KEY, direction=parts.pop("direction", "exit"), category=category, exit_rule=exit_rule, **parts)  # fmt: skip


class Run:
    """A monitor on a journal; volume is what rules read, so that a bar says what each of them answers."""

    def __init__(self, file: Path, *triggers: TriggerCondition, regime_rule: str = "", limits: Limits | None = None, **options: Any) -> None:  # fmt: skip
        self.plan = StrategyPlan(plan_id="p", triggers=triggers, risk_regime_rule=regime_rule)
        self.limits, self.options, self.file = limits or Limits(), options, file
        self.now, self.time, self.version = SECOND, 0, 0
        self.told: list[Decided] = []
        self.start()

    def start(self, bars: tuple[ClosedBar, ...] = ()) -> None:
        self.journal = open_journal(self.file)
        self.recorded = Recorded(self.journal, Settings())
        registry = ProfileRegistry()
        names = names_for_plans(registry) | names_for_rules(self.plan, KEY, BAR)
        markets = {KEY: LiveMarket(BAR, names)}
        planner = LivePlanner(ExitSettings(regime="NORMAL"), registry, lambda: self.recorded.state.books, markets)
        decider = LiveDecider(
            self.plan, self.limits, lambda: self.recorded.state, markets, note=lambda one, now: self.told.append(one),
            **self.options,
        )  # fmt: skip
        self.monitor = Monitor(self.recorded, planner, decider, markets=markets)
        self.take(e.Managed(key=KEY, instrument=INSTRUMENT))
        self.take(e.Started(fence=1))
        self.monitor.warm(KEY, bars, self.now)

    @property
    def book(self) -> Book:
        return self.recorded.state.books[KEY]

    def take(self, event: e.Event) -> None:
        self.carry_out(self.monitor.take(event, self.now))

    def carry_out(self, effects: tuple[e.Effect, ...]) -> None:
        for one in effects:
            if isinstance(one, e.Send | e.Cancel):
                self.take(e.Answered(key=KEY, id=one.id, cancel=isinstance(one, e.Cancel), outcome=e.Outcome.OK))

    def read(self, lots: int, entry: int = 1000) -> None:
        self.now += SECOND
        self.version += 1
        self.take(e.PriceSeen(key=KEY, ticks=entry))
        self.take(e.PositionSeen(key=KEY, lots=lots, entry=Fraction(entry), version=self.version, asked_at=self.now))
        self.take(e.OrdersSeen(key=KEY, asked_at=self.now, orders=()))

    def bars(self, *volumes: float, close: float = 1000) -> None:
        for volume in volumes:
            bar = ClosedBar(time=self.time, open=close, high=close, low=close, close=close, volume=volume)
            self.time += BAR
            self.now = max(self.now, self.time)
            self.carry_out(self.monitor.bar_closed(KEY, bar, self.now))

    def outcomes(self) -> list[tuple[str, str]]:
        return [(one.trigger_id, one.outcome) for one in self.told]

    def came_down(self) -> None:
        """The market order of the target has filled."""
        assert self.book.target is not None
        for order in self.book.orders.values():
            if order.role == "C" and not order.is_final:
                self.take(e.OrderSeen(key=KEY, id=order.id, status=e.Status.FILLED, filled=order.lots))
        self.read(self.book.side * self.book.target.lots)


def opened(run: Run, lots: int = 1000) -> Run:
    run.bars(0)
    run.read(lots)
    run.bars(0)  # the bar of the opening: the same-bar veto holds at its close
    return run


def test_a_risk_reduce_halves_once_and_again_when_its_rule_was_false(tmp_path: Path) -> None:  # spec T6, F14
    run = opened(Run(tmp_path / "j", trigger("trim", "volume > 5", "risk_reduce", exit_fraction=0.5)))
    run.bars(6)
    assert run.book.target.lots == 500 and run.book.target.cause == "trim_exit"  # type: ignore[union-attr]
    run.came_down()
    run.bars(6, 6)
    assert run.book.target is None and run.book.used == {"trim"}
    run.bars(0)
    assert run.book.used == frozenset()
    run.bars(6)
    assert run.book.target.lots == 250  # type: ignore[union-attr]


def test_the_same_bar_veto_is_told_and_uses_nothing_up(tmp_path: Path) -> None:  # spec D2, F4, F14
    run = Run(tmp_path / "j", trigger("out", "volume > 5", "emergency_exit"))
    run.bars(0)
    run.read(1000)
    run.bars(6)
    assert run.outcomes() == [("out", "blocked: same_bar_veto")]
    assert run.told[0].cooldown_recommendation_bars == 1 and run.book.target is None
    run.bars(6)
    assert run.book.target.lots == 0 and run.book.target.cause == "out_exit"  # type: ignore[union-attr]


def test_the_loser_is_told_who_beat_it(tmp_path: Path) -> None:  # spec D4, D5
    run = opened(
        Run(
            tmp_path / "j",
            trigger("a_exit", "volume > 5"),
            trigger("trim", "volume > 5", "risk_reduce", exit_fraction=0.5),
            trigger("off", "volume > 7", "risk_off"),
        )
    )
    run.bars(8)
    assert [(one.trigger_id, one.outcome, one.reason, one.preempted_by) for one in run.told] == [
        ("off", "won", "", None),
        ("trim", "lost", "risk_off_preempts_exit", "off"),
        ("a_exit", "lost", "risk_off_preempts_exit", "off"),
    ]
    assert run.book.target.lots == 0  # type: ignore[union-attr]


def test_a_hold_rule_mutes_its_own_exit_but_no_emergency(tmp_path: Path) -> None:  # spec D2, F12
    run = opened(
        Run(
            tmp_path / "j",
            trigger("trim", "volume > 5", "risk_reduce", exit_fraction=0.5, hold_rule="is_long"),
            trigger("out", "volume > 9", "emergency_exit", hold_rule="is_long"),
        )
    )
    run.bars(6)
    assert run.outcomes() == [("trim", "blocked: hold_rule")]
    run.bars(10)
    assert ("out", "won") in run.outcomes()


def test_min_hold_counts_closed_bars(tmp_path: Path) -> None:  # spec F4
    run = opened(Run(tmp_path / "j", trigger("out", "volume > 5"), limits=Limits(min_hold_bars=3)))
    run.bars(6, 6)
    assert run.outcomes() == [("out", "blocked: min_hold")] * 2
    run.bars(6)
    assert run.outcomes()[-1] == ("out", "won")


def test_a_late_bar_is_stale(tmp_path: Path) -> None:  # spec F5
    run = opened(Run(tmp_path / "j", trigger("out", "volume > 5")))
    run.now = run.time + 5 * BAR
    run.bars(6)
    assert run.outcomes() == [("out", "blocked: stale_data")]


def test_position_features_are_those_of_the_book(tmp_path: Path) -> None:  # spec T5
    rule = (
        "bars_held == 1 and unrealized_r == 0 and entry_price == 1000 and stop_price == 975 and position_fraction == 1"
    )
    run = opened(Run(tmp_path / "j", trigger("out", rule)))
    run.bars(0)
    assert run.outcomes() == [("out", "won")]


def test_what_would_leave_dust_takes_all(tmp_path: Path) -> None:  # spec F19
    run = opened(Run(tmp_path / "j", trigger("trim", "volume > 5", "risk_reduce", exit_fraction=0.5)), lots=1)
    run.bars(6)
    assert run.outcomes() == [("trim", "blocked: min_trade")]
    other = opened(Run(tmp_path / "k", trigger("trim", "volume > 5", "risk_reduce", exit_fraction=0.999)), lots=10)
    other.monitor.recorded.take(e.Managed(key=KEY, instrument=Instrument(symbol=KEY, tick_size=Decimal(1), lot_size=Decimal(1), min_quantity=Decimal(2))), other.now)  # fmt: skip
    other.bars(6)
    assert other.book.target.lots == 0  # type: ignore[union-attr]


def test_what_is_used_up_and_what_latches_survives_a_restart(tmp_path: Path) -> None:  # spec D6, T6
    triggers = (
        trigger("trim", "volume > 5", "risk_reduce", exit_fraction=0.5),
        trigger("off", "volume > 5", "risk_off", latch=True, hold_rule="bars_held < 0"),
    )
    run = opened(Run(tmp_path / "j", *triggers, regime_rule="volume > 50", latch_clear_after=2))
    run.bars(60)
    assert run.monitor.recorded.state.latch == {PORTFOLIO: {"off": 0, "risk_regime_rule": 0}}
    assert run.told[0].latched  # for that decision already (spec F15)
    before = run.recorded.state
    run.journal.close()
    run.start()
    after = run.recorded.state
    assert after.latch == before.latch and after.books[KEY].used == before.books[KEY].used
    assert after.books[KEY].target == before.books[KEY].target


def test_the_latch_is_cleared_by_definite_falses_in_a_row_or_by_the_operator(tmp_path: Path) -> None:  # spec D6, F15
    run = Run(tmp_path / "j", regime_rule="1 / (volume - 5) > 0.5", latch_clear_after=2)
    run.bars(6, 15, 5, 15)  # true, false, unknown, false
    assert run.recorded.state.latch
    run.bars(15)
    assert not run.recorded.state.latch
    run.bars(6)
    run.take(e.LatchAsked(key=PORTFOLIO, cause="operator", on=True))
    run.bars(15, 15)
    assert run.recorded.state.latch == {PORTFOLIO: {"operator": 0}}
    run.take(e.LatchAsked(key=PORTFOLIO, cause="", on=False))
    assert not run.recorded.state.latch


def test_rules_of_a_longer_timeframe_are_asked_at_its_closes(tmp_path: Path) -> None:  # spec F40, F54
    run = opened(Run(tmp_path / "j", trigger("out", "volume > 20", timeframe="5m")))
    run.bars(0, 0, 9)  # 5 minutes hold volumes 0, 0, 0, 0, 9
    run.bars(9, 9, 9, 9)
    assert run.outcomes() == []
    run.bars(9)
    assert run.outcomes() == [("out", "won")]


@pytest.mark.parametrize("mode", [e.Mode.PROTECT_ONLY])
def test_rules_pause_while_only_protection_is_allowed(tmp_path: Path, mode: e.Mode) -> None:
    run = opened(Run(tmp_path / "j", trigger("out", "volume > 5")))
    run.take(e.ModeSet(mode=mode))
    run.bars(6)
    assert run.outcomes() == [] and run.book.target is None

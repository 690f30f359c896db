"""A plan for a position that is open: registry → stop → ladder, by the functions of a backtest's entry.

    planner = LivePlanner(ExitSettings(), ProfileRegistry(), books, markets)
    planner.plan("BTCUSDT", epoch=3, lots=120, entry=Fraction(421050), now=…)    # PlanGiven

What a plan was made of (profile, regime, a given stop) stands in the plan itself. So an add, or a restart, plans anew
as the opening did (spec F20, F35), from the journal alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from exitbrain.core import walk as rules
from exitbrain.core.choosing import SIDE
from exitbrain.core.exit_brain import EMERGENCY_EXIT, PROFIT_LOCK, build_plan
from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.ladder import Ladder, StopRule, compile_ladder, initial_stop, legacy_ladder
from exitbrain.core.live.book import Book
from exitbrain.core.live.events import BarSeen, FlattenAsked, LivePlan, PlanGiven, PlanRung
from exitbrain.core.live.plans import adaptive_of, chandelier_of, distance_of, live_plan, ratio_of
from exitbrain.core.market import Instrument, MarketRegime
from exitbrain.core.numbers import decimal_of, fraction_of, plain
from exitbrain.core.plan_records import LivePlanActive, PlanRecord, PlanWarning
from exitbrain.core.plans import ExitContext, ExitKind, ExitPlan
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.trailing import ADAPTIVE_PERIOD
from exitbrain.errors import InvalidInput
from exitbrain.features.lines import ClosedBar
from exitbrain.live.watching import LiveMarket

LOG = logging.getLogger("exitbrain.exit_brain")
LOCKED_ABOVE = Decimal("0.000000000001")  # prices of an average entry are written with so many decimals


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a strategy says of its entry: its stop, its percent of stop, whose it is."""

    stop_price: Decimal | None = None
    stop_loss_pct: Decimal | None = None
    strategy_id: str | None = None


class LivePlanner:
    """`books` gives what is believed of every position, by key. `leverage` turns a move into percent of margin (spec P5).

    `heed_stops`: a stop of another's that covers the position when it is planned is its stop (spec P4: an explicit stop
    wins). What a strategy says with `expect` goes before that.
    """

    def __init__(
        self,
        settings: ExitSettings,
        registry: ProfileRegistry,
        books: Callable[[], Mapping[str, Book]],
        markets: Mapping[str, LiveMarket] | None = None,
        *,
        leverage: int = 1,
        heed_stops: bool = True,
    ) -> None:
        self.settings, self.registry = settings, registry
        self._books, self._markets = books, {} if markets is None else markets
        self._leverage, self._heeds_stops = leverage, heed_stops
        self._expected: dict[str, Terms] = {}

    def expect(self, key: str, terms: Terms) -> None:
        """Terms of the next plan of this key; an add keeps those of the opening where it says nothing (spec F35)."""
        self._expected[key] = terms

    def plan(self, key: str, epoch: int, lots: int, entry: Fraction, now: int) -> PlanGiven | FlattenAsked | None:
        """None where the position is another one by now. InvalidInput where no plan can be made, and why."""
        book = self._books()[key]
        if book.epoch != epoch or not book.lots:
            return None
        present = book.plan
        terms = self._terms(book, present, entry)
        if present is None:
            special = self._not_a_ladder(book, terms, entry, now)
            if special is not None:
                return special
        plan = self._ladder_plan(book, present, terms, lots, entry)
        if present is None and book.found and _is_passed(book, plan):
            stop = plain(book.instrument.price(plan.stop))
            raise InvalidInput(
                f"{key}: the price is beyond the plan's stop at {stop} already",
                accepted="a position that it would hold",
            )
        self._expected.pop(key, None)
        if present is None:
            self._tell(book, plan)
        return PlanGiven(key=key, epoch=epoch, plan=plan)

    def bar_seen(self, key: str, bar: ClosedBar, timeframe: int) -> BarSeen:
        """A closed bar with what the trail of the plan in force follows from here on."""
        plan, market = self._books()[key].plan, self._markets.get(key)
        distance, ratio = -1, Fraction(1)
        if plan is not None and market is not None:
            instrument = self._books()[key].instrument
            if plan.chandelier is not None:
                distance = distance_of(plan, market.atr(plan.chandelier[0]), instrument)
            ratio = ratio_of(plan, market.atr(ADAPTIVE_PERIOD))
        return BarSeen(key=key, time=bar.time, until=bar.time + timeframe, distance=distance, ratio=ratio)

    # what a plan is made of

    def _terms(self, book: Book, present: LivePlan | None, entry: Fraction) -> Terms:
        said = self._expected.get(book.key, Terms())
        if present is not None:
            return Terms(
                stop_price=present.stop_price if said.stop_price is None else said.stop_price,
                stop_loss_pct=present.stop_loss_pct if said.stop_loss_pct is None else said.stop_loss_pct,
                strategy_id=present.strategy or None,
            )
        if said.stop_price is None and said.stop_loss_pct is None and self._heeds_stops:
            return replace(said, stop_price=_stop_of_others(book, entry))
        return said

    def _regime(self, key: str, present: LivePlan | None) -> MarketRegime:
        if present is not None and present.regime:
            return MarketRegime(present.regime)
        market = self._markets.get(key)
        regime = MarketRegime.NORMAL if market is None else market.regime
        return self.settings.regime_of(regime.value) or regime

    def _profile(self, key: str, side: int, strategy: str, regime: MarketRegime, present: LivePlan | None) -> TPProfile | None:  # fmt: skip
        if present is not None and present.strategy:
            return self.registry.profiles.get(present.profile) if present.profile else None
        if not self.settings.use_profiles:
            return None
        values: dict[str, float | None] = {}
        market = self._markets.get(key)
        if self.registry.policy is not None and market is not None and market.bar is not None:
            for name in self.registry.policy.names:
                value = float(side) if name == SIDE else market.value(name)
                values[name] = value if isinstance(value, float) else None
        selection = self.registry.choose(book_symbol(self._books()[key]), strategy, regime, values)
        LOG.info("%s", selection)
        return selection.profile

    def _ladder_plan(
        self, book: Book, present: LivePlan | None, terms: Terms, lots: int, entry: Fraction
    ) -> LivePlan:  # fmt: skip
        settings, instrument, side, size = self.settings, book.instrument, book.side, abs(lots)
        regime = self._regime(book.key, present)
        strategy = terms.strategy_id or settings.strategy_id
        profile = self._profile(book.key, side, strategy, regime, present)
        market = self._markets.get(book.key)
        atr = None if market is None else market.atr()
        rule = StopRule(
            explicit_price=terms.stop_price,
            stop_loss_pct=terms.stop_loss_pct,
            atr=atr,
            atr_mult=settings.stop_atr_mult,
            base_fraction=fraction_of(settings.default_stop_pct) / 100,
            risk_mode=settings.risk_mode,
            regime=regime,
        )
        stop = initial_stop(entry, side, instrument, rule)
        _refuse_wrong_side(book.key, instrument, side, entry, stop)
        ladder = self._ladder(profile, instrument, side, entry, stop, size, regime)
        plan = live_plan(
            ladder, size, profile, regime=regime.value, strategy=strategy, time_stop_bars=settings.time_stop_bars,
            stop_price=terms.stop_price, stop_loss_pct=terms.stop_loss_pct,
        )  # fmt: skip
        if plan.callbacks:
            base = adaptive_of(profile, atr) if present is None else present.adaptive
            plan = replace(plan, chandelier=chandelier_of(profile), adaptive=base)
            distance = -1
            if plan.chandelier is not None and market is not None:
                distance = distance_of(plan, market.atr(plan.chandelier[0]), instrument)
            plan = replace(plan, distance=distance, ratio=ratio_of(plan, atr))
        return plan

    def _ladder(
        self, profile: TPProfile | None, instrument: Instrument, side: int, entry: Fraction, stop: int, lots: int,
        regime: MarketRegime,
    ) -> Ladder:  # fmt: skip
        if profile is not None:
            return compile_ladder(profile, instrument, side, entry, stop, lots)
        return legacy_ladder(self.settings.partial_template, instrument, side, entry, stop, lots, regime=regime)

    # the other strategies of spec P5

    def _not_a_ladder(self, book: Book, terms: Terms, entry: Fraction, now: int) -> PlanGiven | FlattenAsked | None:
        """In risk mode ESS_ACTIVE the position leaves; one that was found far in profit is locked."""
        price = book.price
        move = Fraction(0) if price is None else book.side * (price - entry) / entry
        percent = round(float(move * 100 * self._leverage), 6) if book.found else 0.0
        instrument = book.instrument
        context = ExitContext(
            book_symbol(book),
            "LONG" if book.side > 0 else "SHORT",
            _written(entry * Fraction(instrument.tick_size)),
            instrument.quantity(book.size),
            self._leverage,
            current_price=None if price is None else instrument.price(price),
            unrealized_pnl_pct=percent,
            stop_price=terms.stop_price,
            instrument=instrument,
        )
        if self.settings.risk_mode != EMERGENCY_MODE and percent <= 0:
            return None
        made = build_plan(context, self.settings, self.registry, now).plan
        if made.strategy_id == EMERGENCY_EXIT:
            return FlattenAsked(key=book.key, decision=f"emergency_exit:{book.epoch}", cause="emergency_exit")
        if made.strategy_id == PROFIT_LOCK:
            return PlanGiven(key=book.key, epoch=book.epoch, plan=self._lock(book, entry, made))
        return None

    def _lock(self, book: Book, entry: Fraction, made: ExitPlan) -> LivePlan:
        tick = Fraction(book.instrument.tick_size)
        levels = {
            leg.kind: int(Fraction(decimal_of(leg.trigger_price)) / tick)
            for leg in made.legs
            if leg.trigger_price is not None
        }
        stop = levels[ExitKind.SL]
        rungs = (PlanRung(index=1, level=levels[ExitKind.TP], lots=book.size),) if ExitKind.TP in levels else ()
        return LivePlan(
            lots=book.size, stop=stop, stop_kind=rules.BY_PROFIT_LOCK, rungs=rungs, entry=entry, risk=abs(entry - stop),
            regime=made.market_regime or "", strategy=PROFIT_LOCK,
        )  # fmt: skip

    def _tell(self, book: Book, plan: LivePlan) -> None:
        records: list[PlanRecord] = [PlanWarning(symbol=book.key, text=note) for note in plan.notes]
        if plan.profile:
            records.append(LivePlanActive(symbol=book_symbol(book)))
        for record in records:
            LOG.info("%s", record)


EMERGENCY_MODE = "ESS_ACTIVE"


def book_symbol(book: Book) -> str:
    return book.instrument.symbol


def _written(price: Fraction) -> Decimal:
    """A price with as many decimals as anybody writes; an average entry may have no end."""
    return (Decimal(price.numerator) / Decimal(price.denominator)).quantize(LOCKED_ABOVE)


def _stop_of_others(book: Book, entry: Fraction) -> Decimal | None:
    """The tightest stop that others placed over all of the position, on the losing side of its entry. A close-position
    stop is taken for a last resort, not for the plan's."""
    levels = [
        one.level
        for one in book.foreign_stops()
        if not one.close_position and one.lots - one.filled >= book.size and book.side * (entry - one.level) > 0
    ]
    if not levels:
        return None
    return book.instrument.price(max(levels) if book.side > 0 else min(levels))


def _is_passed(book: Book, plan: LivePlan) -> bool:
    return book.price is not None and book.side * (book.price - plan.stop) <= 0


def _refuse_wrong_side(key: str, instrument: Instrument, side: int, entry: Fraction, stop: int) -> None:
    """Spec F23: there is no R."""
    if side * (entry - stop) <= 0 or stop <= 0:
        shown = plain(_written(entry * Fraction(instrument.tick_size)))
        raise InvalidInput(
            f"{key}: a stop at {plain(instrument.price(stop))} for a position entered at {shown}",
            accepted=f"a stop {'below' if side > 0 else 'above'} {shown}",
        )

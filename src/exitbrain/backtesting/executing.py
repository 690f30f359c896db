"""From an order to fills: entries sized at their fill, adds, reversals, exits at the market (spec F8, F20, F22, F31)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from exitbrain.backtesting.candidates import DAY
from exitbrain.backtesting.deciding import Order
from exitbrain.backtesting.position import OpenPosition
from exitbrain.backtesting.rests import Leaving, Rest, begin_bar, harden, note_cut
from exitbrain.backtesting.triggers import feature_table
from exitbrain.core.choosing import SIDE, ProfilePolicy
from exitbrain.core.intents import EntryTerms, Intent, Kind
from exitbrain.core.ladder import (
    Ladder,
    StopRule,
    compile_ladder,
    initial_stop,
    legacy_ladder,
)
from exitbrain.core.lifecycle import Books
from exitbrain.core.market import MarketRegime
from exitbrain.core.profiles import TPProfile
from exitbrain.core.sizing import lots_of, lots_under_caps, lots_under_leverage, sizing_of
from exitbrain.core.timeframes import timeframe_word

if TYPE_CHECKING:
    from exitbrain.backtesting.simulation import Line, Simulation

NEVER = 1 << 60
_MICROSECOND = timedelta(microseconds=1)


class Refused(Exception):
    """An entry that its own fill refuses: the guard and why."""

    def __init__(self, guard: str, detail: str) -> None:
        super().__init__(guard)
        self.guard, self.detail = guard, detail


def _by_trigger(intent: Intent) -> Leaving:
    return Leaving(
        reason=f"{intent.trigger_id}_exit",
        category=intent.category,
        trigger_id=intent.trigger_id,
        exit_fraction=intent.exit_fraction,
    )


class Executor:
    def __init__(self, simulation: Simulation) -> None:
        self.run = simulation
        self._selected: dict[tuple[str, str, MarketRegime], TPProfile] = {}

    def execute(self, line: Line, order: Order, bar: int, *, at_open: bool, alone: bool = False) -> None:
        intent = order.intent
        if intent is None:
            position = order.position
            assert position is not None
            if self._is_open(line, position, bar, at_open=at_open):
                leaving = Leaving(reason="time_stop")
                self._take(line, position, position.lots, bar, at_open=at_open, leaving=leaving)
            return
        if intent.entry is None:
            self._exit(line, order, intent, bar, at_open=at_open)
            return
        try:
            self._enter(line, order, intent, intent.entry, bar, at_open=at_open)
        except Refused as refusal:
            self.run.decider.record_block(
                line, bar, intent, refusal.guard, refusal.detail,
                at_open=alone, decided_at=None if alone else order.decided_at,
            )  # fmt: skip

    # prices

    def market_ticks(self, line: Line, bar: int, *, at_open: bool) -> int:
        return int(line.market.open[bar] if at_open else line.market.close[bar])

    def fill_ticks(self, line: Line, bar: int, side: int, *, at_open: bool) -> int:
        """A market order's price: slippage rounded to a tick against it, never outside the bar (spec X3, F53)."""
        num, den = self.run.settings.slippage
        ticks = self.market_ticks(line, bar, at_open=at_open)
        step = line.market.step_of(bar) if at_open else line.market.step_of(bar + 1) - 1
        _, highs, lows, _ = line.market.steps(1)
        if side > 0:
            return max(min(-(-ticks * (den + num) // den), int(highs[step])), min(ticks, int(lows[step])))
        return min(max(ticks * (den - num) // den, int(lows[step])), max(ticks, int(highs[step])))

    # exits

    def _is_open(self, line: Line, position: OpenPosition, bar: int, *, at_open: bool) -> bool:
        """Whether the position is still there at the order's own moment."""
        if position in line.positions:
            self.run.walk_one(line, position, bar if at_open else bar + 1)
        return position.lots > 0

    def _exit(self, line: Line, order: Order, intent: Intent, bar: int, *, at_open: bool) -> None:
        position = order.position
        if position is None or not self._is_open(line, position, bar, at_open=at_open):
            return
        self._take(
            line, position, min(order.lots, position.lots), bar, at_open=at_open, leaving=_by_trigger(intent),
            whole=intent.kind is Kind.EMERGENCY_EXIT,
        )  # fmt: skip

    def leave_at_close(self, line: Line, position: OpenPosition, bar: int, reason: str) -> None:
        self._take(line, position, position.lots, bar, at_open=False, leaving=Leaving(reason=reason), whole=True)

    def _take(
        self, line: Line, position: OpenPosition, lots: int, bar: int, *, at_open: bool, leaving: Leaving,
        whole: bool = False,
    ) -> None:  # fmt: skip
        """A market exit; where the bar is too thin for it and it may wait, a part, and the rest at the next opens."""
        ticks = self.fill_ticks(line, bar, -position.side, at_open=at_open)
        position.see(self.market_ticks(line, bar, at_open=at_open))
        part = lots if whole or position.rests is None else position.part_taken(ticks, lots)
        if position.rests is not None and part < lots:
            note_cut(self.run, line, position, bar, leaving.reason, part, lots)
            position.rests.waiting.append(Rest(leaving, lots - part))
        if part:
            self.sell(line, position, part, ticks, bar, leaving)

    def sell(
        self, line: Line, position: OpenPosition, lots: int, ticks: int, bar: int, leaving: Leaving
    ) -> None:  # fmt: skip
        """`lots` leave at a market order's price."""
        self.run.book(
            line, position, bar=bar, side=-position.side, lots=lots, ticks=ticks, maker=False,
            trigger_id=leaving.trigger_id, category=leaving.category, reason=leaving.reason,
            exit_fraction=leaving.exit_fraction,
        )  # fmt: skip
        if position.rests is not None:
            position.rests.parts.append((leaving, len(position.attached["lifecycle"].rows) - 1))
        noted = len(position.notes)
        if leaving.shrinks:
            position.reduce(lots, bar)
        else:
            position.sell(lots)
        self._note(line, position, bar, position.notes[noted:])
        if not position.lots:
            self.run.gone(line, position, bar)

    # entries

    def _enter(self, line: Line, order: Order, intent: Intent, terms: EntryTerms, bar: int, *, at_open: bool) -> None:
        settings = self.run.settings
        position = line.positions[0] if line.positions and not settings.independent else None
        if position is not None and position.side == terms.side:
            self._add(line, position, order, intent, terms, bar, at_open=at_open)
        elif position is not None and settings.on_opposite == "exit":
            self._take(line, position, position.lots, bar, at_open=at_open, leaving=_by_trigger(intent), whole=True)
        elif settings.on_opposite == "exit" and order.position is not None and order.position.side != terms.side:
            pass  # it could only have closed what the rests have closed at this open
        else:
            self._open(line, position, order, intent, terms, bar, at_open=at_open)

    def _open(
        self, line: Line, reversed_position: OpenPosition | None, order: Order, intent: Intent, terms: EntryTerms,
        bar: int, *, at_open: bool,
    ) -> None:  # fmt: skip
        market, instrument = line.market, line.market.instrument
        regime = self.regime(line, order.decided_at)
        fill = self.fill_ticks(line, bar, terms.side, at_open=at_open)
        rule = self._stop_rule(line, order.decided_at, regime, terms)
        stop = initial_stop(fill, terms.side, instrument, rule)
        lots = self._lots(line, terms, bar, fill, stop, at_open=at_open, kept=0)
        strategy_id = terms.strategy_id or self.run.settings.strategy_id
        profile = self._profile(line, strategy_id, regime, order.decided_at, terms.side)
        ladder = self._ladder(profile, line, terms.side, fill, stop, lots, regime)
        line.opened += 1
        position = OpenPosition(
            market, ladder, profile,
            entry_bar=bar, decided_at=order.decided_at, entry_ticks=fill, market_ticks=self.market_ticks(line, bar, at_open=at_open), lots=lots,
            first_bar=bar if at_open else bar + 1, path=self.run.settings.path, through=self.run.settings.through,
            slip=self.run.settings.slippage, number=line.opened, traced=self.run.traced,
        )  # fmt: skip
        turned = 0 if reversed_position is None else reversed_position.lots
        books = self._books(line)
        position.attached = {
            "books": books, "last_bar": bar, "strategy_id": strategy_id, "regime": regime, "terms": terms,
            "set_id": "", "time_stop_bar": self._time_stop_bar(line, profile, bar), "lifecycle": None, "used": {},
        }  # fmt: skip
        if reversed_position is not None:
            reversed_position.see(self.market_ticks(line, bar, at_open=at_open))
            reversed_position.lots = 0
            self.run.gone(line, reversed_position, bar)
        line.positions.append(position)
        if position.rests is not None:
            line.thin.append(position)
        self.run.book(
            line, position, bar=bar, side=terms.side, lots=lots + turned, ticks=fill, maker=False,
            trigger_id=intent.trigger_id, category=intent.category, reason=intent.trigger_id,
        )  # fmt: skip
        self._remember(position, books, profile, fill, stop, lots)
        day = int(market.time[bar]) // DAY
        self.run.opened_by_day[day] += 1
        if self.run.settings.limits.daily_risk_budget_pct is not None:
            self.run.risk_by_day[day] += Fraction(instrument.money_unit) * lots * abs(fill - stop)
        due = position.attached["time_stop_bar"]
        if due < len(market):
            line.due.setdefault(due, []).append(position)
            self.run.schedule_decision(line, due)
        self._note(line, position, bar, [*position.notes, *position.void_stop_moves()])
        if at_open:
            begin_bar(self.run, line, position, bar)
        self.run.decider.schedule_next(line, bar - 1 if at_open else bar)

    def _remember(
        self, position: OpenPosition, books: Books, profile: TPProfile | None, fill: int, stop: int, lots: int
    ) -> None:
        """What the set is judged by for life: its risk at opening, and who planned it."""
        lifecycle = books.open
        assert lifecycle is not None
        lifecycle.initial_risk = lots * abs(fill - stop)
        lifecycle.profile = profile.name if profile is not None else None
        lifecycle.regime = str(position.attached["regime"])
        lifecycle.strategy_id = position.attached["strategy_id"]
        position.attached["lifecycle"] = lifecycle
        position.attached["set_id"] = lifecycle.set_id

    def _books(self, line: Line) -> Books:
        if self.run.settings.independent or not line.books:
            market = line.market
            line.books.append(
                Books(market.symbol, market.instrument, timeframe_word(market.timeframe), self.run.run_id)
            )
        return line.books[-1]

    def _add(
        self, line: Line, position: OpenPosition, order: Order, intent: Intent, terms: EntryTerms, bar: int,
        *, at_open: bool,
    ) -> None:  # fmt: skip
        instrument, side = line.market.instrument, position.side
        regime: MarketRegime = position.attached["regime"]
        fill = self.fill_ticks(line, bar, side, at_open=at_open)
        own = self._stop_rule(line, order.decided_at, regime, terms)
        opening: EntryTerms = position.attached["terms"]
        merged = replace(
            opening,
            stop_price=terms.stop_price if terms.stop_price is not None else opening.stop_price,
            stop_loss_pct=terms.stop_loss_pct if terms.stop_loss_pct is not None else opening.stop_loss_pct,
        )
        rule = self._stop_rule(line, order.decided_at, regime, merged)
        sizing_stop = initial_stop(Fraction(fill), side, instrument, own)
        lots = self._lots(line, terms, bar, fill, sizing_stop, at_open=at_open, kept=position.lots, adds=True)
        books: Books = position.attached["books"]
        average = abs(Fraction(books.position.cost_basis) + side * lots * fill) / (position.lots + lots)
        planned = initial_stop(average, side, instrument, rule)
        in_force = max(side * planned, side * position.stop_ticks) * side
        if side * (min(side * fill, side * average) * side - planned) <= 0 or side * (fill - in_force) <= 0:
            raise Refused("invalid_stop", f"stop {instrument.price(planned)} at or beyond {instrument.price(fill)}")
        self.run.book(
            line, position, bar=bar, side=side, lots=lots, ticks=fill, maker=False,
            trigger_id=intent.trigger_id, category=intent.category, reason=intent.trigger_id,
        )  # fmt: skip
        position.attached["terms"] = merged
        position.attached["rows_at_plan"] = len(position.attached["lifecycle"].rows)
        ladder = self._ladder(position.profile, line, side, average, planned, position.lots + lots, regime)
        noted = len(position.notes)
        position.replan(ladder, in_force, lots, bar if at_open else bar + 1)
        self._note(line, position, bar, [*position.notes[noted:], *position.void_stop_moves()])
        if at_open:
            harden(self.run, line, position, bar)

    def _note(self, line: Line, position: OpenPosition, bar: int, notes: list[str]) -> None:
        for note in notes:
            self.run.record_plan_note(line, position, bar, note)

    # planning

    def regime(self, line: Line, decided_at: int) -> MarketRegime:
        """The run's fixed regime, else the one confirmed at the close of the decision's bar."""
        if self.run.settings.regime is not None:
            return self.run.settings.regime
        return line.market.regime_at(decided_at, self.run.settings.thresholds)

    def _profile(
        self, line: Line, strategy_id: str, regime: MarketRegime, decided_at: int, side: int
    ) -> TPProfile | None:
        if not self.run.settings.use_profiles:
            return None
        if self.run.registry.policy is not None:
            values = self._features(line, self.run.registry.policy, decided_at, side)
            return self.run.registry.choose(line.symbol, strategy_id, regime, values).profile
        asked = line.symbol, strategy_id, regime
        if asked not in self._selected:
            self._selected[asked] = self.run.registry.select(*asked).profile
        return self._selected[asked]

    def _features(self, line: Line, policy: ProfilePolicy, decided_at: int, side: int) -> dict[str, float | None]:
        """What a policy looks at, at the close of the decision's bar; nothing before the first."""
        values: dict[str, float | None] = {}
        if decided_at >= 0:
            table = feature_table(line.market, self.run.settings)
            for name in policy.names:
                value = float(side) if name == SIDE else table.value(name, decided_at)
                values[name] = value if isinstance(value, float) else None
        return values

    def _stop_rule(self, line: Line, decided_at: int, regime: MarketRegime, terms: EntryTerms) -> StopRule:
        settings = self.run.settings
        atr = None
        if settings.stop_atr_mult is not None and decided_at >= 0:
            atr = float(line.market.atr(14)[decided_at])
        return StopRule(
            explicit_price=terms.stop_price,
            stop_loss_pct=terms.stop_loss_pct,
            atr=atr,
            atr_mult=settings.stop_atr_mult,
            base_fraction=settings.base_stop,
            risk_mode=settings.risk_mode,
            regime=regime,
        )

    def _ladder(
        self, profile: TPProfile | None, line: Line, side: int, entry: Fraction | int, stop: int, lots: int,
        regime: MarketRegime,
    ) -> Ladder:  # fmt: skip
        settings, instrument = self.run.settings, line.market.instrument
        if profile is None:
            return legacy_ladder(settings.partial_template, instrument, side, entry, stop, lots, regime=regime)
        return compile_ladder(profile, instrument, side, entry, stop, lots)

    def _time_stop_bar(self, line: Line, profile: TPProfile | None, bar: int) -> int:
        """The bar at whose close the position has to leave; NEVER without a time stop."""
        due = NEVER
        if self.run.settings.time_stop_bars is not None:
            due = bar + self.run.settings.time_stop_bars
        if profile is not None and profile.time_stop is not None:
            if profile.time_stop.bars is not None:
                due = min(due, bar + profile.time_stop.bars)
            else:
                assert profile.time_stop.duration is not None
                microseconds = profile.time_stop.duration // _MICROSECOND
                due = min(due, line.market.bar_at_or_after(int(line.market.time[bar]) + microseconds))
        return due

    # sizes

    def _lots(
        self, line: Line, terms: EntryTerms, bar: int, fill: int, stop: int, *, at_open: bool, kept: int,
        adds: bool = False,
    ) -> int:  # fmt: skip
        """Lots to open, or Refused. `kept` lots of this symbol stay open beside the order; an add's own stop is
        judged only where its size hangs on it."""
        settings, instrument, limits = self.run.settings, line.market.instrument, self.run.settings.limits
        rule = sizing_of(terms, settings.sizing_by_symbol.get(line.symbol, settings.sizing))
        asks_stop = rule.mode == "risk" or limits.max_position_risk_pct is not None
        if (asks_stop or not adds) and terms.side * (fill - stop) <= 0:
            raise Refused("invalid_stop", f"stop {instrument.price(stop)} at or beyond {instrument.price(fill)}")
        capped = self._has_caps() or settings.max_leverage is not None
        equity = Fraction(0)
        if capped or rule.mode in ("risk", "fraction"):
            equity = self.run.equity(int(line.market.time[bar]), at_open=at_open, symbol=line.symbol)
        lots = lots_of(rule, instrument, fill, stop, equity)
        if instrument.max_order_quantity is not None:
            lots = min(lots, instrument.lots_down(instrument.max_order_quantity))
        if capped:
            lots = self._capped(line, lots, bar, fill, stop, equity, kept, at_open=at_open)
        if lots < 1 or (limits.min_trade and not instrument.meets_minimum(fill, lots)):
            quantity = instrument.quantity(max(lots, 0))
            raise Refused("min_trade", f"{quantity} {line.symbol} at {instrument.price(fill)} is below the minimum")
        return lots

    def _has_caps(self) -> bool:
        limits = self.run.settings.limits
        return any(
            value is not None
            for value in (
                limits.max_position_risk_pct,
                limits.max_symbol_exposure_pct,
                limits.max_portfolio_exposure_pct,
            )
        )

    def _capped(
        self, line: Line, lots: int, bar: int, fill: int, stop: int, equity: Fraction, kept: int, *, at_open: bool
    ) -> int:
        """Leverage cuts first; then the caps cut, and refuse where they leave nothing (spec F22, F39, F50)."""
        settings, instrument = self.run.settings, line.market.instrument
        own = sum(position.lots for position in line.positions) if settings.independent else kept
        symbol_exposure = Fraction(instrument.money_unit) * own * fill
        exposure = symbol_exposure + self._exposure_of_others(line, bar, at_open=at_open)
        if settings.max_leverage is not None:
            lots = min(lots, lots_under_leverage(settings.max_leverage, instrument, fill, equity, exposure))
        most = lots_under_caps(settings.limits, instrument, fill, stop, equity, symbol_exposure, exposure)
        if most is not None and most < 1 <= lots:
            raise Refused("risk_cap", "the caps leave nothing of the order")
        return lots if most is None else min(lots, most)

    def _exposure_of_others(self, line: Line, bar: int, *, at_open: bool) -> Fraction:
        time = int(line.market.time[bar])
        total = Fraction(0)
        for other in self.run.lines.values():
            if other is not line and other.positions:
                at = other.market.bar_at_or_after(time)
                here = at < len(other.market) and other.market.time[at] == time
                total += self.run.exposure(other, self.run.mark(other, at, here, at_open))
        return total

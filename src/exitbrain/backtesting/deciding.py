"""The decision at a bar's close, or alone at an open: who asks, who is refused, who wins (spec D1-D4, F9, F10, F16)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from exitbrain.backtesting.position import OpenPosition
from exitbrain.backtesting.settings import EntryOrder
from exitbrain.core.arbiter import arbitrate, precedence
from exitbrain.core.guardrails import Facts, answers
from exitbrain.core.intents import Intent, Kind, Preempted
from exitbrain.core.numbers import plain

if TYPE_CHECKING:
    from exitbrain.backtesting.simulation import Line, Simulation

DAY = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a decision ordered. `intent` None is a time stop of `position`."""

    decided_at: int  # the bar whose close (or before whose open) it was decided
    intent: Intent | None = None
    position: OpenPosition | None = None


def entry_intent(row: EntryOrder) -> Intent:
    return Intent(kind=Kind.ENTRY, trigger_id=row.tag, category="other", entry=row.terms, order=row.row)


class Decider:
    def __init__(self, simulation: Simulation) -> None:
        self.run = simulation

    def decide(self, line: Line, bar: int) -> None:
        """The decision at the close of `bar`."""
        entries = [] if self.run.settings.fill_at_close else [entry_intent(row) for row in line.rows.get(bar + 1, ())]
        if not self.run.settings.independent:
            entries.sort(key=self._precedence)
        for position in list(line.positions):
            if bar >= position.attached["time_stop_bar"]:
                self._time_stop(line, bar, position, entries)
                if not self.run.settings.independent:
                    return
        if self.run.settings.independent:
            for intent in entries:
                self._compete(line, bar, [intent])
        elif entries:
            self._compete(line, bar, entries)

    def _time_stop(self, line: Line, bar: int, position: OpenPosition, entries: Sequence[Intent]) -> None:
        if not self.run.settings.independent:
            for intent in entries:
                self.record_block(line, bar, intent, "exit_preempts_entry", "a time stop is due", by="time_stop")
        self.place(line, Order(decided_at=bar, position=position), bar)

    def _compete(self, line: Line, bar: int, intents: Sequence[Intent]) -> None:
        standing, given = [], []
        for intent in sorted(intents, key=self._precedence):
            guards, refused = self._ask_guards(line, bar, intent)
            given.append((intent, guards, refused))
            if refused is not None:
                self.record_block(line, bar, intent, *refused)
            else:
                standing.append(intent)
        winner, losers = arbitrate(standing, override_grade=self.run.settings.override_grade)
        for loser in losers:
            self.record_loser(line, bar, loser)
        for intent, guards, refused in given:
            self.record_decision(line, bar, intent, guards, refused, winner)
        if winner is not None:
            self.place(line, Order(decided_at=bar, intent=winner), bar)

    def _ask_guards(
        self, line: Line, bar: int, intent: Intent, *, at_open: bool = False
    ) -> tuple[list[tuple[str, str | None]], tuple[str, str] | None]:
        """Every guard's answer, and the first no."""
        given = answers(intent, self.facts(line, bar, at_open=at_open), self.run.settings.limits)
        return given, next(((guard, detail) for guard, detail in given if detail is not None), None)

    def _precedence(self, intent: Intent) -> tuple[object, ...]:
        return precedence(intent, latched=False, override_grade=self.run.settings.override_grade)

    def place(self, line: Line, order: Order, bar: int) -> None:
        """The order for the next open, or filled at this close."""
        if self.run.settings.fill_at_close:
            self.run.executor.execute(line, order, bar, at_open=False)
        else:
            line.orders.append(order)
            self.run.schedule(int(line.market.time[bar + 1]))

    def decide_alone(self, line: Line, row: EntryOrder, bar: int) -> None:
        """A row that is decided at its own open: guards see the bar before (spec F9, F38)."""
        intent = entry_intent(row)
        guards, refused = self._ask_guards(line, bar - 1, intent, at_open=True)
        self.record_decision(line, bar, intent, guards, refused, intent, at_open=True)
        if refused is not None:
            self.record_block(line, bar, intent, *refused, at_open=True)
            return
        self.run.executor.execute(line, Order(decided_at=bar - 1, intent=intent), bar, at_open=True, alone=True)

    def facts(self, line: Line, bar: int, *, at_open: bool) -> Facts:
        """What the guards may know at the close of `bar`, or at the open after it (spec F38): money and counts are of
        the decision's own time; bar -1 is before the first bar, where nothing that looks back is known."""
        settings, market = self.run.settings, line.market
        position = line.positions[0] if line.positions and not settings.independent else None
        time = int(market.time[bar + 1 if at_open else bar])
        day = time // DAY
        asks_equity = (
            settings.limits.max_daily_loss_pct is not None or settings.limits.daily_risk_budget_pct is not None
        )
        facts = Facts(
            symbol=line.symbol,
            timeframe=market.timeframe,
            position_side=position.side if position else 0,
            adds=position.adds if position else 0,
            max_adds=settings.max_adds,
            on_opposite=settings.on_opposite,
            independent=settings.independent,
            entries_today=self.run.opened_by_day[day],
            day_open_equity=self.run.day_open_equity.get(day),
            equity=self.run.equity(time, at_open=at_open, symbol=line.symbol) if asks_equity else None,
            risk_opened_today=self.run.risk_by_day[day],
        )
        if bar < 0:
            return facts
        volume, close = float(market.volume[bar]), float(market.floats[2][bar])
        return replace(
            facts,
            gap=int(market.time[bar] - market.time[bar - 1]) if bar else 0,
            bars_held=max(0, bar - position.entry_bar) if position else None,
            spread_bps=self._spread(line, bar),
            liquidity=close * volume if volume == volume else None,
            bars_since_close=None if line.last_close_bar is None else max(0, bar - line.last_close_bar),
        )

    def _spread(self, line: Line, bar: int) -> float | None:
        column = line.market.spread_bps
        value = float("nan") if column is None else float(column[bar])
        return self.run.settings.spread_bps if value != value else value

    # records

    def record_block(
        self, line: Line, bar: int, intent: Intent, reason: str, detail: str, *, by: str | None = None,
        at_open: bool = False, decided_at: int | None = None,
    ) -> None:  # fmt: skip
        """A refusal or a loss. The price is the decision's close, or the open where decided there (spec F43)."""
        market = line.market
        priced = bar if decided_at is None else decided_at
        ticks = int(market.open[bar] if at_open else market.close[priced])
        overrides = reason.startswith("entry_overrides_")
        if intent.kind is Kind.EMERGENCY_EXIT and by is None:
            detail += f"; cooldown_recommendation_bars {self.run.settings.limits.cooldown_recommendation_bars}"
        self.run.record(
            "block",
            line,
            bar,
            set_id=self._set_id(line),
            trigger_id=intent.trigger_id,
            category=intent.category,
            reason=reason,
            detail=detail,
            price=market.instrument.price(ticks),
            preempted_by=None if overrides else by,
            overridden_by=by if overrides else None,
        )

    def record_decision(
        self, line: Line, bar: int, intent: Intent, guards: Sequence[tuple[str, str | None]],
        refused: tuple[str, str] | None, winner: Intent | None, *, at_open: bool = False,
    ) -> None:  # fmt: skip
        """One candidate for decisions.parquet: each guard's answer, its rank, what became of it."""
        ticks = int(line.market.open[bar] if at_open else line.market.close[bar])
        outcome = f"blocked: {refused[0]}" if refused else "won" if intent is winner else "lost"
        self.run.decisions.append(
            (
                int(line.market.time[bar]), line.symbol, self._set_id(line), intent.trigger_id, intent.kind.value,
                intent.category, intent.grade, None if intent.exit_fraction is None else float(intent.exit_fraction),
                json.dumps(dict(guards)), None if refused else self._precedence(intent)[0], outcome,
                winner.trigger_id if winner is not None else None, plain(line.market.instrument.price(ticks)),
            )
        )  # fmt: skip

    def record_loser(self, line: Line, bar: int, loser: Preempted) -> None:
        detail = f"lost to {loser.by.trigger_id} ({loser.by.kind.value})"
        self.record_block(line, bar, loser.intent, loser.reason, detail, by=loser.by.trigger_id)

    def _set_id(self, line: Line) -> str | None:
        if self.run.settings.independent or not line.positions:
            return None
        return str(line.positions[0].attached["set_id"])


def share_of(position: OpenPosition, fraction: Fraction | None) -> int:
    """Lots of an exit, sized from the live position and rounded down."""
    if fraction is None:
        return position.lots
    return position.lots * fraction.numerator // fraction.denominator

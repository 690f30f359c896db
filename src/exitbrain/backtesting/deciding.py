"""The decision at a bar's close, or alone at an open: who asks, who is refused, who wins (spec D1-D4, F9, F10, F16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exitbrain.backtesting.asking import bits
from exitbrain.backtesting.latch import RULE, Latch
from exitbrain.backtesting.position import OpenPosition
from exitbrain.backtesting.settings import EntryOrder
from exitbrain.backtesting.triggers import position_view
from exitbrain.core.arbiter import arbitrate, precedence, rank
from exitbrain.core.guardrails import Asked, Facts, answers, closes_a_position, guards_in_force
from exitbrain.core.intents import Intent, Kind, Preempted
from exitbrain.features.binding import FLAT

if TYPE_CHECKING:
    from exitbrain.backtesting.simulation import Line, Simulation
    from exitbrain.core.rules import Value

DAY = 86_400_000_000
TIME_STOP = "time_stop"

Answers = tuple[list[tuple[str, str | None]], tuple[str, str] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a decision ordered. `intent` None is a time stop of `position`; of an entry, `position` is what was open when
    it was decided."""

    decided_at: int  # the bar whose close (or before whose open) it was decided
    intent: Intent | None = None
    position: OpenPosition | None = None
    lots: int = 0  # of an exit


def entry_intent(row: EntryOrder) -> Intent:
    return Intent(kind=Kind.ENTRY, trigger_id=row.tag, category="other", entry=row.terms, order=row.row)


class Decider:
    def __init__(self, simulation: Simulation) -> None:
        self.run = simulation
        settings = simulation.settings
        self.latch = Latch(scope=settings.latch_scope, clear_after=settings.latch_clear_after)
        self._asked: dict[tuple[Kind, bool], Asked] = {}
        in_force = {name for name, guard in guards_in_force(Kind.ENTRY, False, settings.limits) if guard is not None}
        self._only_gap_matters = settings.independent and in_force <= {"stale_data", "allow_list", "min_trade"}
        self._answered: dict[tuple[str, int, int], tuple[list[tuple[str, str | None]], tuple[str, str] | None]] = {}

    # one decision

    def decide(self, line: Line, bar: int) -> None:
        """The decision at the close of `bar`."""
        if self.latch.scope != "portfolio":
            self.ask_regime_rule([(line, bar)])
        if self.run.settings.independent:
            self._decide_independent(line, bar)
        else:
            self._decide_netting(line, bar)
        self.schedule_next(line, bar)

    def _decide_netting(self, line: Line, bar: int) -> None:
        position = line.positions[0] if line.positions else None
        view = self._view(line, position, bar)
        due = position is not None and bar >= position.attached["time_stop_bar"]
        if position is not None and due and not position.still_sells("time_stop"):
            self.record_time_stop(line, bar, position)
            for intent in sorted(self._entries(line, bar, view), key=self._precedence_of(line)):
                why = "exit_preempts_entry", "a time stop is due"
                event = self.record_block(line, bar, intent, *why, by=TIME_STOP)
                self.record_decision(line, bar, intent, (), "lost", TIME_STOP, position, event=event, detail=why[1])
            self.place(line, Order(decided_at=bar, position=position), bar)
            return
        self._ask_latch_triggers(line, bar, view)
        intents = self._entries(line, bar, view)
        if position is not None:
            intents += self._exits(line, bar, position, view)
        self._compete(line, bar, intents, position, view)

    def _decide_independent(self, line: Line, bar: int) -> None:
        """Each position by age, alone; then rows, then entry rules, which compete with nothing (spec F28, F51)."""
        self._ask_latch_triggers(line, bar, FLAT)
        leaving = line.due.get(bar, ())
        for position in leaving:
            if position.lots:
                self.record_time_stop(line, bar, position)
                self.place(line, Order(decided_at=bar, position=position), bar)
        for position in list(line.positions) if line.triggers else ():
            if position not in leaving:
                view = self._view(line, position, bar)
                self._compete(line, bar, self._exits(line, bar, position, view), position, view)
        for intent in self._entries(line, bar, FLAT):
            self._compete(line, bar, [intent], None, FLAT)

    def _view(self, line: Line, position: OpenPosition | None, bar: int) -> Mapping[str, Value]:
        return position_view(position, line.market, bar) if line.reads_position else FLAT

    def schedule_next(self, line: Line, bar: int) -> None:
        """The next bar at which an open position's triggers have to be asked."""
        if not line.triggers:
            return
        for position in line.positions:
            following = line.board.next_visit(position, bar)
            if following is not None:
                self.run.schedule_decision(line, following)

    # who asks

    def _entries(self, line: Line, bar: int, view: Mapping[str, Value]) -> list[Intent]:
        intents = []
        if not self.run.settings.fill_at_close:
            intents = [entry_intent(row) for row in line.rows.get(bar + 1, ())]
        if line.triggers:
            position = line.positions[0] if line.positions and not self.run.settings.independent else None
            fired = line.board.entries_at(bar, position, view)
            intents += [line.triggers[place].entry_intent for place in bits(fired)]
        return intents

    def _exits(self, line: Line, bar: int, position: OpenPosition, view: Mapping[str, Value]) -> list[Intent]:
        """Exit rules that fire; with the minima switched off, one under a lot is no candidate (spec F51)."""
        if not line.triggers:
            return []
        speaking = [line.triggers[place] for place in bits(line.board.exits_at(bar, position, view))]
        if not self.run.settings.limits.min_trade:
            speaking = [trigger for trigger in speaking if share_of(position, trigger.fraction) >= 1]
        return [trigger.exit_intent for trigger in speaking]

    # the latch

    def ask_regime_rule(self, here: Sequence[tuple[Line, int]]) -> None:
        """Any true sets, all false counts (spec D6, F15)."""
        asked = [(line, bar) for line, bar in here if line.regime_rule is not None]
        if not asked:
            return
        if asked[0][0].regime_changes is not None:
            self._apply_regime_change(asked)
            return
        truths = []
        for line, bar in asked:
            position = line.positions[0] if line.positions and not self.run.settings.independent else None
            assert line.regime_rule is not None
            truths.append(line.regime_rule.at(bar, self._view(line, position, bar)))
        truth = True if True in truths else None if None in truths else False
        line, bar = asked[truths.index(True) if truth else 0]
        self._note_latch(line, bar, RULE, self.latch.answer(line.symbol, RULE, truth))

    def _apply_regime_change(self, asked: Sequence[tuple[Line, int]]) -> None:
        """What was counted beforehand, where this is a bar at which it changes the latch."""
        line, bar = asked[0]
        assert line.regime_changes is not None
        stands = line.regime_changes.get(int(line.market.time[bar]))
        if stands is None:
            return
        if stands:
            line, bar = next(
                (line, bar)
                for line, bar in asked
                if line.regime_rule is not None and line.regime_rule.at(bar, FLAT) is True
            )
            changed = self.latch.set(line.symbol, RULE)
        else:
            changed = self.latch.clear(line.symbol, RULE)
        assert changed, (line.symbol, bar)
        self._note_latch(line, bar, RULE, "set" if stands else "cleared")

    def _ask_latch_triggers(self, line: Line, bar: int, view: Mapping[str, Value]) -> None:
        """A latch trigger's own rule clears its cause, asked also when flat (spec F41)."""
        for trigger in line.board.latching if line.triggers else ():
            counted = line.counted.get(trigger.id)
            if counted is not None:
                if counted.clears_here(bar) and self.latch.clear(line.symbol, trigger.id):
                    self._note_latch(line, bar, trigger.id, "cleared")
            elif trigger.exit is not None and trigger.is_asked(bar):
                truth = trigger.exit.at(bar, view)
                # A true answer sets the latch only where its candidate passes the guards.
                change = self.latch.answer(line.symbol, trigger.id, None if truth is True else truth)
                self._note_latch(line, bar, trigger.id, change)

    def _note_latch(self, line: Line, bar: int, cause: str, change: str | None) -> None:
        if change is None:
            return
        trigger_id = None if cause == RULE else cause
        ticks = int(line.market.close[bar])
        detail = f"risk_off latch {change} by {cause}, scope {self.latch.scope}"
        self.run.record(
            "latch", line, bar, trigger_id=trigger_id, category="risk_off", reason=f"latch_{change}",
            detail=detail, ticks=ticks, set_id=self._set_id(line),
        )  # fmt: skip

    # guards and ranks

    def _compete(
        self, line: Line, bar: int, intents: Sequence[Intent], position: OpenPosition | None,
        view: Mapping[str, Value],
    ) -> None:  # fmt: skip
        if not intents:
            return
        if len(intents) == 1:
            self._decide_one(line, bar, intents[0], position, view)
            return
        standing: list[Intent] = []
        answered: list[tuple[Intent, Answers]] = []
        told: dict[int, tuple[int, str]] = {}
        for intent in sorted(intents, key=self._precedence_of(line)):
            guards, refused = self._ask_guards(line, bar, intent, position, view)
            answered.append((intent, (guards, refused)))
            if refused is not None:
                told[id(intent)] = self.record_block(line, bar, intent, *refused, position=position), refused[1]
            else:
                standing.append(intent)
        self._set_latch(line, bar, standing)
        latched = self.latch.is_on(line.symbol)
        winner, losers = arbitrate(standing, latched=latched, override_grade=self.run.settings.override_grade)
        for loser in losers:
            told[id(loser.intent)] = self.record_loser(line, bar, loser, position)
        for intent, (guards, refused) in answered:
            event, detail = told.get(id(intent), (None, None))
            outcome = _outcome(refused, won=intent is winner)
            by = None if winner is None else winner.trigger_id
            self.record_decision(line, bar, intent, guards, outcome, by, position, event=event, detail=detail)
        if winner is not None:
            self._order(line, bar, winner, position)

    def _decide_one(
        self, line: Line, bar: int, intent: Intent, position: OpenPosition | None, view: Mapping[str, Value]
    ) -> None:
        """An intent that nobody competes with."""
        ask = self._ask_guards if intent.from_trigger else self._ask_once
        guards, refused = ask(line, bar, intent, position, view)
        event, detail = None, None
        if refused is not None:
            event, detail = self.record_block(line, bar, intent, *refused, position=position), refused[1]
        else:
            self._set_latch(line, bar, [intent])
        outcome, by = _outcome(refused, won=True), None if refused else intent.trigger_id
        self.record_decision(line, bar, intent, guards, outcome, by, position, event=event, detail=detail)
        if refused is None:
            self._order(line, bar, intent, position)

    def _ask_once(
        self, line: Line, bar: int, intent: Intent, position: OpenPosition | None, view: Mapping[str, Value]
    ) -> tuple[list[tuple[str, str | None]], tuple[str, str] | None]:
        """The guards' answers; asked once for equal facts where all that is asked looks at the gap before the bar."""
        if not self._only_gap_matters or intent.entry is None:
            return self._ask_guards(line, bar, intent, position, view)
        gap = int(line.market.time[bar] - line.market.time[bar - 1]) if bar else 0
        key = line.symbol, gap, intent.entry.side
        if key not in self._answered:
            self._answered[key] = self._ask_guards(line, bar, intent, position, view)
        return self._answered[key]

    def _set_latch(self, line: Line, bar: int, standing: Sequence[Intent]) -> None:
        if not line.triggers or not line.board.latching:
            return
        latching = {trigger.id for trigger in line.board.latching}
        for intent in standing:
            if intent.kind is Kind.RISK_OFF and intent.trigger_id in latching:
                changed = self.latch.set(line.symbol, intent.trigger_id)
                self._note_latch(line, bar, intent.trigger_id, "set" if changed else None)
                clearing = line.counted[intent.trigger_id].next_clearing(bar) if line.counted else None
                if clearing is not None:
                    self.run.schedule_decision(line, clearing)

    def _precedence_of(self, line: Line) -> Callable[[Intent], tuple[object, ...]]:
        latched, grade = self.latch.is_on(line.symbol), self.run.settings.override_grade
        return lambda intent: precedence(intent, latched=latched, override_grade=grade)

    def _order(self, line: Line, bar: int, winner: Intent, position: OpenPosition | None) -> None:
        if winner.entry is not None:
            self.place(line, Order(decided_at=bar, intent=winner, position=position), bar)
            return
        assert position is not None
        position.attached["used"].add(winner.trigger_id)
        position.attached.pop("visit", None)
        lots, note = self._whole_where_little_remains(line, bar, winner, position)
        if note:
            self.run.record_plan_note(line, position, bar, note)
        self.place(line, Order(decided_at=bar, intent=winner, position=position, lots=lots), bar)

    def _whole_where_little_remains(
        self, line: Line, bar: int, winner: Intent, position: OpenPosition
    ) -> tuple[int, str | None]:
        """Lots of an exit; where what would remain is under the minima it takes all (spec F19)."""
        lots = share_of(position, winner.exit_fraction)
        rest = position.lots - lots
        if not rest or not self.run.settings.limits.min_trade:
            return lots, None
        if line.market.instrument.meets_minimum(int(line.market.close[bar]), rest):
            return lots, None
        return position.lots, f"{winner.trigger_id} takes all: what would remain is below the venue's minimum"

    def _ask_guards(
        self,
        line: Line,
        bar: int,
        intent: Intent,
        position: OpenPosition | None,
        view: Mapping[str, Value],
        *,
        at_open: bool = False,
    ) -> tuple[list[tuple[str, str | None]], tuple[str, str] | None]:
        """Every guard's answer, and the first no."""
        facts = self._facts_of(line, bar, intent, position, view, at_open=at_open)
        closing = intent.is_entry and closes_a_position(intent, facts)
        key = intent.kind, closing
        if key not in self._asked:
            self._asked[key] = guards_in_force(*key, self.run.settings.limits)
        given = answers(intent, facts, self.run.settings.limits, self._asked[key])
        return given, next(((guard, detail) for guard, detail in given if detail is not None), None)

    def _precedence(self, intent: Intent) -> tuple[object, ...]:
        return precedence(intent, latched=False, override_grade=self.run.settings.override_grade)

    def _facts_of(
        self, line: Line, bar: int, intent: Intent, position: OpenPosition | None, view: Mapping[str, Value], *,
        at_open: bool,
    ) -> Facts:  # fmt: skip
        """The facts with what hangs on the intent: an expired plan, its own hold rule, the size of an exit."""
        known = self.known(line, bar, position, at_open=at_open)
        if not intent.from_trigger:
            return Facts(**known)
        if intent.is_entry:
            return Facts(**known, plan_expired=self.run.plan_is_expired(int(line.market.time[bar])))
        assert position is not None
        trigger = line.board.trigger(intent.trigger_id)
        lots, close, instrument = (
            share_of(position, trigger.fraction),
            int(line.market.close[bar]),
            line.market.instrument,
        )
        is_held = trigger.hold is not None and trigger.hold.at(bar, view) is True
        if instrument.meets_minimum(close, lots):
            return Facts(**known, hold_rule_true=is_held)
        size = f"{instrument.quantity(lots)} at {instrument.price(close)} is below the venue's minimum"
        return Facts(**known, hold_rule_true=is_held, exit_is_too_small=True, exit_size=size)

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
        position = line.positions[0] if line.positions and not self.run.settings.independent else None
        guards, refused = self._ask_guards(line, bar - 1, intent, position, FLAT, at_open=True)
        event, detail = None, None
        if refused is not None:
            event, detail = self.record_block(line, bar, intent, *refused, at_open=True), refused[1]
        outcome, by = _outcome(refused, won=True), intent.trigger_id
        self.record_decision(
            line, bar, intent, guards, outcome, by, position, event=event, detail=detail, at_open=True
        )  # fmt: skip
        if refused is not None:
            return
        self.run.executor.execute(line, Order(decided_at=bar - 1, intent=intent), bar, at_open=True, alone=True)

    def known(self, line: Line, bar: int, position: OpenPosition | None, *, at_open: bool) -> dict[str, Any]:
        """What the guards may know at the close of `bar`, or at the open after it (spec F38): money and counts are of
        the decision's own time; bar -1 is before the first bar, where nothing that looks back is known."""
        settings, market = self.run.settings, line.market
        time = int(market.time[bar + 1 if at_open else bar])
        day = time // DAY
        asks_equity = (
            settings.limits.max_daily_loss_pct is not None or settings.limits.daily_risk_budget_pct is not None
        )
        if settings.independent and settings.limits.cooldown_bars:
            self.run.walk(line, bar + 1)
        known: dict[str, Any] = {
            "symbol": line.symbol,
            "timeframe": market.timeframe,
            "position_side": position.side if position else 0,
            "adds": position.adds if position else 0,
            "max_adds": settings.max_adds,
            "on_opposite": settings.on_opposite,
            "independent": settings.independent,
            "entries_today": self.run.opened_by_day[day],
            "day_open_equity": self.run.day_open_equity.get(day),
            "equity": self.run.equity(time, at_open=at_open, symbol=line.symbol) if asks_equity else None,
            "risk_opened_today": self.run.risk_by_day[day],
            "bars_since_close": None if line.last_close_bar is None else max(0, bar - line.last_close_bar),
        }
        if bar >= 0:
            volume, close = float(market.volume[bar]), float(market.floats[2][bar])
            known |= {
                "gap": int(market.time[bar] - market.time[bar - 1]) if bar else 0,
                "bars_held": max(0, bar - position.entry_bar) if position else None,
                "spread_bps": self.spread_at(line, bar),
                "liquidity": close * volume if volume == volume else None,
            }
        return known

    def spread_at(self, line: Line, bar: int) -> float | None:
        """The spread known at the close of `bar`; None where it is not, and before the first bar."""
        if bar < 0:
            return None
        column = line.market.spread_bps
        value = float("nan") if column is None else float(column[bar])
        return self.run.settings.spread_bps if value != value else value

    # records

    def record_block(
        self, line: Line, bar: int, intent: Intent, reason: str, detail: str, *, by: str | None = None,
        at_open: bool = False, decided_at: int | None = None, position: OpenPosition | None = None,
    ) -> int:  # fmt: skip
        """A refusal or a loss; its event's number. The price is the decision's close, or the open where decided there (spec F43)."""
        market = line.market
        priced = bar if decided_at is None else decided_at
        ticks = int(market.open[bar] if at_open else market.close[priced])
        overrides = reason.startswith("entry_overrides_")
        vetoed = intent.kind is Kind.EMERGENCY_EXIT and by is None
        return self.run.record(
            "block",
            line,
            bar,
            set_id=self._set_id(line) if position is None else position.attached["set_id"],
            trigger_id=intent.trigger_id,
            category=intent.category,
            reason=reason,
            detail=detail,
            ticks=ticks,
            preempted_by=None if overrides else by,
            overridden_by=by if overrides else None,
            cooldown_recommendation_bars=self.run.settings.limits.cooldown_recommendation_bars if vetoed else None,
        )

    def record_decision(
        self, line: Line, bar: int, intent: Intent, guards: Sequence[tuple[str, str | None]], outcome: str,
        winner: str | None, position: OpenPosition | None, *, event: int | None, detail: str | None,
        at_open: bool = False,
    ) -> None:  # fmt: skip
        """One candidate for decisions.parquet: each guard's answer, its rank, what became of it, and its event."""
        latched, grade = self.latch.is_on(line.symbol), self.run.settings.override_grade
        ranked = winner != TIME_STOP and not outcome.startswith("blocked")
        self.run.decisions.append(
            (
                int(line.market.time[bar]), line.symbol,
                self._set_id(line) if position is None else position.attached["set_id"], intent.trigger_id,
                intent.kind.value, intent.category, intent.grade,
                None if intent.exit_fraction is None else float(intent.exit_fraction),
                self.run.decisions.told(tuple(guards)),
                rank(intent, latched=latched, override_grade=grade) if ranked else None, outcome, winner,
                int(line.market.open[bar] if at_open else line.market.close[bar]),
                "open" if at_open else "close", latched, event, detail,
            )
        )  # fmt: skip

    def record_time_stop(self, line: Line, bar: int, position: OpenPosition) -> None:
        """A time stop decides before the arbiter: it has no guards and no rank (spec F16)."""
        self.run.decisions.append(
            (
                int(line.market.time[bar]), line.symbol, position.attached["set_id"], TIME_STOP, TIME_STOP, "plan",
                None, None, "{}", None, "won", TIME_STOP, int(line.market.close[bar]), "close",
                self.latch.is_on(line.symbol), None, None,
            )
        )  # fmt: skip

    def record_loser(self, line: Line, bar: int, loser: Preempted, position: OpenPosition | None) -> tuple[int, str]:
        detail = f"lost to {loser.by.trigger_id} ({loser.by.kind.value})"
        by = loser.by.trigger_id
        return self.record_block(line, bar, loser.intent, loser.reason, detail, by=by, position=position), detail

    def _set_id(self, line: Line) -> str | None:
        if self.run.settings.independent or not line.positions:
            return None
        return str(line.positions[0].attached["set_id"])


def _outcome(refused: tuple[str, str] | None, *, won: bool) -> str:
    return f"blocked: {refused[0]}" if refused else "won" if won else "lost"


def share_of(position: OpenPosition, fraction: Fraction | None) -> int:
    """Lots of an exit, sized from the live position and rounded down."""
    if fraction is None:
        return position.lots
    return position.lots * fraction.numerator // fraction.denominator

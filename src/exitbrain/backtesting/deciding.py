"""The decision at a bar's close, or alone at an open: who asks, who is refused, who wins (spec D1-D4, F9, F10, F16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitbrain.backtesting.asking import bits
from exitbrain.backtesting.candidates import NOT_ASKED, Answers, Candidate, Judge, Moment
from exitbrain.backtesting.position import OpenPosition
from exitbrain.backtesting.settings import EntryOrder
from exitbrain.backtesting.triggers import position_view
from exitbrain.core.arbiter import first_of
from exitbrain.core.intents import Intent, Kind
from exitbrain.core.latch import RULE, Latch
from exitbrain.core.trigger_intents import share_of
from exitbrain.features.binding import FLAT

if TYPE_CHECKING:
    from exitbrain.backtesting.simulation import Line, Simulation
    from exitbrain.core.rules import Value

TIME_STOP = "time_stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a decision ordered. `intent` None is a time stop of `position`; of an entry, `position` is what was open when
    it was decided."""

    decided_at: int  # the bar whose close (or before whose open) it was decided
    intent: Intent | None = None
    position: OpenPosition | None = None
    lots: int = 0  # of an exit


class Decider:
    def __init__(self, simulation: Simulation) -> None:
        self.run = simulation
        settings = simulation.settings
        self.latch = Latch(scope=settings.latch_scope, clear_after=settings.latch_clear_after)
        self.judge = Judge(simulation)

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
        moment = Moment(self.run, line, bar, position, self._view(line, position, bar))
        due = position is not None and bar >= position.attached["time_stop_bar"]
        if position is not None and due and not position.still_sells("time_stop"):
            self._decide_time_stop(moment, position)
            return
        self._ask_latch_triggers(line, bar, moment.view)
        candidates = self._entries(moment)
        if position is not None:
            candidates += self._exits(moment, position)
        self._compete(moment, candidates)

    def _decide_time_stop(self, moment: Moment, position: OpenPosition) -> None:
        """It leaves whatever the rules say, and entries lose to it (spec F16)."""
        line, bar = moment.line, moment.bar
        self.record_time_stop(line, bar, position)
        latched, detail = self.latch.is_on(line.symbol), "a time stop is due"
        for candidate in self._in_order(self._entries(moment), latched):
            event = self.record_block(line, bar, candidate.intent, "exit_preempts_entry", detail, by=TIME_STOP)
            self._record(moment, candidate, NOT_ASKED, "lost", TIME_STOP, event, detail)
        line.board.pass_over(position, bar)
        self.place(line, Order(decided_at=bar, position=position), bar)

    def _decide_independent(self, line: Line, bar: int) -> None:
        """Each position by age, alone; then rows, then entry rules, which compete with nothing (spec F28, F51)."""
        self._ask_latch_triggers(line, bar, FLAT)
        leaving = line.due.get(bar, ())
        for position in leaving:
            if position.lots:
                self.record_time_stop(line, bar, position)
                line.board.pass_over(position, bar)
                self.place(line, Order(decided_at=bar, position=position), bar)
        for position in list(line.positions) if line.triggers else ():
            if position not in leaving:
                moment = Moment(self.run, line, bar, position, self._view(line, position, bar))
                self._compete(moment, self._exits(moment, position))
        moment = Moment(self.run, line, bar, None, FLAT)
        for candidate in self._entries(moment):
            self._decide_one(moment, candidate)

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

    def _entries(self, moment: Moment) -> list[Candidate]:
        line, bar = moment.line, moment.bar
        found = []
        if line.rows and not self.run.settings.fill_at_close:
            found = [self.judge.row_candidate(line, row) for row in line.rows.get(bar + 1, ())]
        if line.triggers:
            position = None if self.run.settings.independent else moment.position
            fired = line.board.entries_at(bar, position, moment.view)
            found += [line.entering[place] for place in bits(fired)]
        return found

    def _exits(self, moment: Moment, position: OpenPosition) -> list[Candidate]:
        """Exit rules that fire; with the minima switched off, one under a lot is no candidate (spec F51)."""
        line = moment.line
        if not line.triggers:
            return []
        found = [line.leaving[place] for place in bits(line.board.exits_at(moment.bar, position, moment.view))]
        if not self.run.settings.limits.min_trade:
            found = [one for one in found if share_of(position.lots, one.intent.exit_fraction) >= 1]
        return found

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

    def _compete(self, moment: Moment, candidates: Sequence[Candidate]) -> None:
        if len(candidates) < 2:
            for candidate in candidates:
                self._decide_one(moment, candidate)
            return
        line, bar, position = moment.line, moment.bar, moment.position
        latched = self.latch.is_on(line.symbol)
        standing: list[Candidate] = []
        answered: list[tuple[Candidate, Answers]] = []
        told: dict[Candidate, tuple[int, str]] = {}
        for candidate in self._in_order(candidates, latched):
            answers = self.judge.answers(moment, candidate)
            answered.append((candidate, answers))
            if answers.refused is None:
                standing.append(candidate)
            else:
                event = self.record_block(line, bar, candidate.intent, *answers.refused, position=position)
                told[candidate] = event, answers.refused[1]
        self._set_latch(line, bar, standing)
        if self.latch.is_on(line.symbol) != latched:
            standing = self._in_order(standing, not latched)
        winner, losers = first_of([candidate.intent for candidate in standing])
        for candidate, loser in zip(standing[1:], losers):
            by, detail = loser.by.trigger_id, f"lost to {loser.by.trigger_id} ({loser.by.kind.value})"
            event = self.record_block(line, bar, loser.intent, loser.reason, detail, by=by, position=position)
            told[candidate] = event, detail
        by = None if winner is None else winner.trigger_id
        for candidate, answers in answered:
            outcome = _outcome(answers.refused, won=candidate.intent is winner)
            self._record(moment, candidate, answers, outcome, by, *told.get(candidate, (None, None)))
        if winner is not None:
            self._order(line, bar, winner, position)

    def _decide_one(self, moment: Moment, candidate: Candidate) -> None:
        """A candidate that nobody competes with."""
        line, bar, position, intent = moment.line, moment.bar, moment.position, candidate.intent
        answers = self.judge.answers(moment, candidate)
        if answers.refused is not None:
            event = self.record_block(line, bar, intent, *answers.refused, position=position)
            outcome = _outcome(answers.refused, won=False)
            self._record(moment, candidate, answers, outcome, None, event, answers.refused[1])
            return
        self._set_latch(line, bar, (candidate,))
        self._record(moment, candidate, answers, "won", intent.trigger_id, None, None)
        self._order(line, bar, intent, position)

    def _set_latch(self, line: Line, bar: int, standing: Sequence[Candidate]) -> None:
        if not line.triggers or not line.board.latching:
            return
        for candidate in standing:
            trigger = candidate.trigger
            if trigger is not None and trigger.condition.latch and candidate.intent.kind is Kind.RISK_OFF:
                changed = self.latch.set(line.symbol, trigger.id)
                self._note_latch(line, bar, trigger.id, "set" if changed else None)
                clearing = line.counted[trigger.id].next_clearing(bar) if line.counted else None
                if clearing is not None:
                    self.run.schedule_decision(line, clearing)

    @staticmethod
    def _in_order(candidates: Sequence[Candidate], latched: bool) -> list[Candidate]:
        return sorted(candidates, key=lambda candidate: candidate.place(latched))

    def _order(self, line: Line, bar: int, winner: Intent, position: OpenPosition | None) -> None:
        if position is not None:
            line.board.expect_order(position, bar)
        if winner.entry is not None:
            self.place(line, Order(decided_at=bar, intent=winner, position=position), bar)
            return
        assert position is not None
        line.board.use(position, winner.trigger_id, bar)
        lots, note = self._whole_where_little_remains(line, bar, winner, position)
        if note:
            self.run.record_plan_note(line, position, bar, note)
        self.place(line, Order(decided_at=bar, intent=winner, position=position, lots=lots), bar)

    def _whole_where_little_remains(
        self, line: Line, bar: int, winner: Intent, position: OpenPosition
    ) -> tuple[int, str | None]:
        """Lots of an exit; where what would remain is under the minima it takes all (spec F19)."""
        lots = share_of(position.lots, winner.exit_fraction)
        rest = position.lots - lots
        if not rest or not self.run.settings.limits.min_trade:
            return lots, None
        if line.market.instrument.meets_minimum(int(line.market.close[bar]), rest):
            return lots, None
        return position.lots, f"{winner.trigger_id} takes all: what would remain is below the venue's minimum"

    def place(self, line: Line, order: Order, bar: int) -> None:
        """The order for the next open, or filled at this close."""
        if self.run.settings.fill_at_close:
            self.run.executor.execute(line, order, bar, at_open=False)
        else:
            line.orders.append(order)
            self.run.schedule(int(line.market.time[bar + 1]))

    def decide_alone(self, line: Line, row: EntryOrder, bar: int) -> None:
        """A row that is decided at its own open: guards see the bar before (spec F9, F38)."""
        candidate = self.judge.row_candidate(line, row)
        position = line.positions[0] if line.positions and not self.run.settings.independent else None
        moment = Moment(self.run, line, bar - 1, position, FLAT, at_open=True)
        answers = self.judge.answers(moment, candidate)
        if answers.refused is not None:
            event = self.record_block(line, bar, candidate.intent, *answers.refused, at_open=True)
            outcome = _outcome(answers.refused, won=False)
            self._record(moment, candidate, answers, outcome, candidate.intent.trigger_id, event, answers.refused[1])
            return
        self._record(moment, candidate, answers, "won", candidate.intent.trigger_id, None, None)
        order = Order(decided_at=bar - 1, intent=candidate.intent)
        self.run.executor.execute(line, order, bar, at_open=True, alone=True)

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

    def _record(
        self, moment: Moment, candidate: Candidate, answers: Answers, outcome: str, winner: str | None,
        event: int | None, detail: str | None,
    ) -> None:  # fmt: skip
        """One candidate for decisions.parquet: each guard's answer, its rank, what became of it, and its event."""
        line, bar, position, at_open = moment.line, moment.bar, moment.position, moment.at_open
        market, latched = line.market, self.latch.is_on(line.symbol)
        ranked = answers.refused is None and answers is not NOT_ASKED
        self.run.decisions.append(
            (
                moment.time, line.symbol, self._set_id(line) if position is None else position.attached["set_id"],
                *candidate.shown, answers.told, candidate.place(latched)[0] if ranked else None, outcome, winner,
                market.open_ticks[bar + 1] if at_open else market.close_ticks[bar], "open" if at_open else "close",
                latched, event, detail,
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

    def _set_id(self, line: Line) -> str | None:
        if self.run.settings.independent or not line.positions:
            return None
        return str(line.positions[0].attached["set_id"])


def _outcome(refused: tuple[str, str] | None, *, won: bool) -> str:
    return f"blocked: {refused[0]}" if refused else "won" if won else "lost"

"""Who may speak at a decision, and what the guards answer (spec D2, F11).

Most decisions of a run look alike: the gap before the bar is one bar, the position is not of this bar, nothing is too
small. So of all that could be known only the facts that the guards in force read are looked up, and a candidate keeps
its answers by them: equal facts are judged once, by `core.guardrails.answers`, and told once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from exitbrain.core.arbiter import precedence
from exitbrain.core.guardrails import Facts, answers, facts_read, guards_in_force
from exitbrain.core.intents import Intent, Kind
from exitbrain.core.trigger_intents import share_of

if TYPE_CHECKING:
    from exitbrain.backtesting.position import OpenPosition
    from exitbrain.backtesting.settings import EntryOrder
    from exitbrain.backtesting.simulation import Line, Simulation
    from exitbrain.backtesting.triggers import BoundTrigger
    from exitbrain.core.rules import Value

DAY = 86_400_000_000
MOST_KEPT = 1024  # answers of one candidate


class Answers(NamedTuple):
    """Each guard's answer, the first no (guard, detail), and all of them as JSON."""

    given: tuple[tuple[str, str | None], ...]
    refused: tuple[str, str] | None
    told: str


NOT_ASKED = Answers((), None, "{}")
Place = tuple[int, int, Fraction, str, int]


class Candidate:
    """An intent as a decision handles it; a trigger's is made once. `kept` may be shared by intents that every guard
    answers alike."""

    __slots__ = ("_places", "intent", "kept", "override_grade", "shown", "trigger")

    def __init__(
        self, intent: Intent, trigger: BoundTrigger | None, override_grade: str | None,
        kept: dict[tuple[Any, ...], Answers] | None = None,
    ) -> None:  # fmt: skip
        self.intent, self.trigger, self.override_grade = intent, trigger, override_grade
        self.kept = {} if kept is None else kept
        self._places: list[Place | None] = [None, None]
        share = intent.exit_fraction
        self.shown = (
            intent.trigger_id, intent.kind.value, intent.category, intent.grade, None if share is None else float(share)
        )  # fmt: skip

    def place(self, latched: bool) -> Place:
        """Its precedence while the latch is on, or off."""
        found = self._places[latched]
        if found is None:
            found = precedence(self.intent, latched=latched, override_grade=self.override_grade)
            self._places[latched] = found
        return found


def entry_intent(row: EntryOrder) -> Intent:
    return Intent(kind=Kind.ENTRY, trigger_id=row.tag, category="other", entry=row.terms, order=row.row)


@dataclass(slots=True)
class Moment:
    """Where a decision is taken: at the close of `bar`, or at the open after it. `view` is the position as rules see it."""

    run: Simulation
    line: Line
    bar: int
    position: OpenPosition | None
    view: Mapping[str, Value]
    at_open: bool = False

    @property
    def time(self) -> int:
        """Money and counts are of the decision's own time (spec F38)."""
        return self.line.market.times[self.bar + 1 if self.at_open else self.bar]


# what the guards may know; bar -1 is before the first bar, where nothing that looks back is known


def _gap(moment: Moment, candidate: Candidate) -> int:
    times, bar = moment.line.market.times, moment.bar
    return times[bar] - times[bar - 1] if bar > 0 else 0


def _bars_held(moment: Moment, candidate: Candidate) -> int | None:
    if moment.position is None or moment.bar < 0:
        return None
    # From here on one bar more makes no difference to a guard.
    enough = max(1, moment.run.settings.limits.min_hold_bars)
    return min(max(0, moment.bar - moment.position.entry_bar), enough)


def _position_side(moment: Moment, candidate: Candidate) -> int:
    return 0 if moment.position is None else moment.position.side


def _adds(moment: Moment, candidate: Candidate) -> int:
    return 0 if moment.position is None else moment.position.adds


def _plan_expired(moment: Moment, candidate: Candidate) -> bool:
    if candidate.trigger is None:
        return False
    return moment.run.plan_is_expired(moment.line.market.times[moment.bar])


def _hold_rule_true(moment: Moment, candidate: Candidate) -> bool:
    assert candidate.trigger is not None
    rule = candidate.trigger.hold
    return rule is not None and rule.at(moment.bar, moment.view) is True


def _exit_too_small(moment: Moment, candidate: Candidate) -> str:
    """Of an exit that the venue would not take; empty for any other."""
    assert moment.position is not None
    market = moment.line.market
    lots, close = share_of(moment.position.lots, candidate.intent.exit_fraction), market.close_ticks[moment.bar]
    if market.instrument.meets_minimum(close, lots):
        return ""
    return f"{market.instrument.quantity(lots)} at {market.instrument.price(close)} is below the venue's minimum"


def _spread_bps(moment: Moment, candidate: Candidate) -> float | None:
    return moment.run.decider.spread_at(moment.line, moment.bar)


def _liquidity(moment: Moment, candidate: Candidate) -> float | None:
    if moment.bar < 0:
        return None
    market = moment.line.market
    volume, close = float(market.volume[moment.bar]), float(market.floats[2][moment.bar])
    return close * volume if volume == volume else None


def _bars_since_close(moment: Moment, candidate: Candidate) -> int | None:
    if moment.run.settings.independent:
        moment.run.walk(moment.line, moment.bar + 1)
    last = moment.line.last_close_bar
    return None if last is None else min(max(0, moment.bar - last), moment.run.settings.limits.cooldown_bars)


def _entries_today(moment: Moment, candidate: Candidate) -> int:
    return moment.run.opened_by_day[moment.time // DAY]


def _risk_opened_today(moment: Moment, candidate: Candidate) -> Fraction:
    return moment.run.risk_by_day[moment.time // DAY]


def _day_open_equity(moment: Moment, candidate: Candidate) -> Fraction | None:
    return moment.run.day_open_equity.get(moment.time // DAY)


def _equity(moment: Moment, candidate: Candidate) -> Fraction:
    return moment.run.equity(moment.time, at_open=moment.at_open, symbol=moment.line.symbol)


Fact = Callable[[Moment, Candidate], Any]
FACTS: dict[str, Fact] = {
    "gap": _gap,
    "bars_held": _bars_held,
    "position_side": _position_side,
    "adds": _adds,
    "plan_expired": _plan_expired,
    "hold_rule_true": _hold_rule_true,
    "exit_too_small": _exit_too_small,
    "spread_bps": _spread_bps,
    "liquidity": _liquidity,
    "bars_since_close": _bars_since_close,
    "entries_today": _entries_today,
    "risk_opened_today": _risk_opened_today,
    "day_open_equity": _day_open_equity,
    "equity": _equity,
}


class Judge:
    """The guards of a run, asked with no more than they read."""

    def __init__(self, run: Simulation) -> None:
        self._run = run
        self._limits = run.settings.limits
        self._needed: dict[tuple[Kind, bool], tuple[tuple[str, ...], tuple[Fact, ...]]] = {}
        self._of_rows: dict[tuple[str, int], dict[tuple[Any, ...], Answers]] = {}

    def candidate(self, intent: Intent, trigger: BoundTrigger | None = None) -> Candidate:
        return Candidate(intent, trigger, self._run.settings.override_grade)

    def row_candidate(self, line: Line, row: EntryOrder) -> Candidate:
        """Rows of one side are answered alike."""
        kept = self._of_rows.setdefault((line.symbol, row.terms.side), {})
        return Candidate(entry_intent(row), None, self._run.settings.override_grade, kept)

    def answers(self, moment: Moment, candidate: Candidate) -> Answers:
        intent = candidate.intent
        closing = intent.entry is not None and self._closes(moment, intent.entry.side)
        asked = intent.kind, closing
        if asked not in self._needed:
            names = facts_read(*asked, self._limits)
            self._needed[asked] = names, tuple(FACTS[name] for name in names)
        names, facts = self._needed[asked]
        known = tuple([fact(moment, candidate) for fact in facts])
        # The side of the position is among an entry's facts, and with it whether it would close one.
        found = candidate.kept.get(known)
        if found is None:
            found = self._judged(moment, intent, dict(zip(names, known)), closing)
            if len(candidate.kept) >= MOST_KEPT:
                candidate.kept.clear()
            candidate.kept[known] = found
        return found

    def _closes(self, moment: Moment, side: int) -> bool:
        """Whether an entry would close what is open (`core.guardrails.closes_a_position`)."""
        settings = self._run.settings
        if moment.position is None or settings.independent or settings.on_opposite == "ignore":
            return False
        return moment.position.side == -side

    def _judged(self, moment: Moment, intent: Intent, known: dict[str, Any], closing: bool) -> Answers:
        settings, line = self._run.settings, moment.line
        facts = Facts(
            symbol=line.symbol, timeframe=line.market.timeframe, max_adds=settings.max_adds,
            on_opposite=settings.on_opposite, independent=settings.independent, **known,
        )  # fmt: skip
        in_force = guards_in_force(intent.kind, closing, self._limits)
        given = tuple(answers(intent, facts, self._limits, in_force))
        refused = next(((guard, detail) for guard, detail in given if detail is not None), None)
        return Answers(given, refused, json.dumps(dict(given)))

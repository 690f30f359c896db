"""What a strategy says about entering and leaving: trigger conditions, and the plan that holds them (spec T1-T3).

Rules are text here. The rule language reads them when the plan is bound to a run, where the features are known; this
module holds only to the limits on their text, which need no features.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from exitbrain.core.given import PRINTABLE, is_name
from exitbrain.core.limits import EntryLimits, SizingRule
from exitbrain.core.numbers import Number, decimal_of
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.errors import InvalidInput, Problem

RULE_CHARACTERS = 512
MOST_TRIGGERS = 200
TIME = "an ISO 8601 time such as 2024-01-01T00:00:00Z"
RULES = ("entry_rule", "exit_rule", "hold_rule")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TriggerCategory(StrEnum):
    """Five normal categories, and three that manage risk."""

    TREND_CONTINUATION = "trend_continuation"
    REVERSAL = "reversal"
    VOLATILITY_BREAKOUT = "volatility_breakout"
    MEAN_REVERSION = "mean_reversion"
    OTHER = "other"
    RISK_REDUCE = "risk_reduce"
    RISK_OFF = "risk_off"
    EMERGENCY_EXIT = "emergency_exit"

    @property
    def is_normal(self) -> bool:
        return self not in (TriggerCategory.RISK_REDUCE, TriggerCategory.RISK_OFF, TriggerCategory.EMERGENCY_EXIT)


class ConfidenceGrade(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Direction(StrEnum):
    """LONG and SHORT enter; FLAT and EXIT only leave, whatever is open."""

    LONG = "long"
    SHORT = "short"
    FLAT = "flat"
    EXIT = "exit"

    @property
    def enters(self) -> bool:
        return self in (Direction.LONG, Direction.SHORT)


class Rearm(StrEnum):
    """When a partial exit may fire again: after its rule was false, never, or at every bar."""

    EDGE = "edge"
    ONCE = "once"
    EVERY_BAR = "every_bar"


_WHOLE_EXITS = (TriggerCategory.EMERGENCY_EXIT, TriggerCategory.RISK_OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerCondition:
    """Rules with a category and a symbol; an empty rule never fires. `exit_fraction` None is a full exit.

    `timeframe` None is the run's; `stop_loss_pct` is percent (2.5 is 2.5%).
    """

    id: str
    symbol: str
    direction: Direction
    category: TriggerCategory = TriggerCategory.OTHER
    confidence_grade: ConfidenceGrade | None = None
    timeframe: str | None = None
    entry_rule: str = ""
    exit_rule: str = ""
    hold_rule: str = ""
    stop_loss_pct: Number | None = None
    exit_fraction: Number | None = None
    rearm: Rearm = Rearm.EDGE
    latch: bool = False

    def __post_init__(self) -> None:
        problems = [*self._convert(), *self._text_problems()]
        if not problems:
            problems = list(self._problems_between_keys())
        if problems:
            raise InvalidInput(*(_named(problem, f'trigger "{self.id}"') for problem in problems))

    def _convert(self) -> Iterator[Problem]:
        """Words to enum members; null rules to empty ones."""
        for name, kind in (
            ("direction", Direction),
            ("category", TriggerCategory),
            ("confidence_grade", ConfidenceGrade),
            ("rearm", Rearm),
        ):
            given = getattr(self, name)
            if given is None and name == "confidence_grade":
                continue
            try:
                object.__setattr__(self, name, kind(given))
            except ValueError:
                yield Problem(found=f"{name} is {given!r}", accepted=", ".join(kind), at=(name,))
        for name in RULES:
            if getattr(self, name) is None:
                object.__setattr__(self, name, "")

    def _text_problems(self) -> Iterator[Problem]:
        for name in ("id", "symbol"):
            given = getattr(self, name)
            if not is_name(given):
                yield Problem(found=f"{name} is {given!r}", accepted=PRINTABLE, at=(name,))
        if self.timeframe is not None:
            try:
                timeframe_microseconds(self.timeframe)
            except InvalidInput as error:
                yield from error.problems
        for name in RULES:
            yield from rule_text_problems(getattr(self, name), name)
        yield from _bounds("stop_loss_pct", self.stop_loss_pct, 100, inclusive=False)
        yield from _bounds("exit_fraction", self.exit_fraction, 1, inclusive=True)
        if not isinstance(self.latch, bool):
            yield Problem(found=f"latch is {self.latch!r}", accepted="true or false", at=("latch",))

    def _problems_between_keys(self) -> Iterator[Problem]:
        category, fraction = self.category, self.exit_fraction
        if category in _WHOLE_EXITS and fraction is not None and decimal_of(fraction) != 1:
            found, accepted = f"exit_fraction is {fraction}", f"null or 1.0: {category} leaves in full"
            yield Problem(found=found, accepted=accepted, at=("exit_fraction",))
        if category is TriggerCategory.EMERGENCY_EXIT and not self.exit_rule.strip():
            yield Problem(found="exit_rule is blank", accepted="a rule: emergency_exit needs one", at=("exit_rule",))
        if not self.direction.enters and self.entry_rule.strip():
            accepted = f"no entry_rule on direction {self.direction}, or direction long or short"
            yield Problem(found=f"entry_rule is {_short(self.entry_rule)!r}", accepted=accepted, at=("entry_rule",))
        if self.latch and category is not TriggerCategory.RISK_OFF:
            accepted = "latch on category risk_off only"
            yield Problem(found=f"latch is true on category {category}", accepted=accepted, at=("latch",))


def rule_text_problems(text: object, name: str) -> Iterator[Problem]:
    """The limits of spec T4 that need no grammar: length and printable ASCII; newlines and tabs are spaces."""
    if not isinstance(text, str):
        yield Problem(found=f"{name} is {text!r}", accepted="a rule as text", at=(name,))
        return
    if len(text) > RULE_CHARACTERS:
        yield Problem(found=f"{name} has {len(text)} characters", accepted=f"at most {RULE_CHARACTERS}", at=(name,))
    for position, character in enumerate(text):
        if not (" " <= character <= "~" or character in "\n\r\t"):
            found = f"{name} has {character!r} at character {position + 1}"
            yield Problem(found=found, accepted="printable ASCII", at=(name,))
            return


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPlan:
    """Triggers and the plan's own limits. Past `valid_until` (µs UTC) the triggers enter no more, but still exit.

    `origin` says what wrote the plan, its prompts by their hash; it changes nothing.
    """

    plan_id: str
    triggers: tuple[TriggerCondition, ...]
    generated_at: int | None = None
    valid_until: int | None = None
    regime: str | None = None
    global_view: str | None = None
    risk_constraints: EntryLimits = field(default_factory=EntryLimits)
    sizing_rules: tuple[SizingRule, ...] = ()
    risk_regime_rule: str = ""
    limits: EntryLimits = field(default_factory=EntryLimits)
    origin: str | None = field(default=None, repr=False)  # the repr is hashed where a plan has no file

    def __post_init__(self) -> None:
        problems: list[Problem] = []
        for name, convert in _PLAN_CONVERSIONS.items():
            try:
                object.__setattr__(self, name, convert(getattr(self, name), name))
            except InvalidInput as error:
                problems.extend(error.problems)
        problems.extend(rule_text_problems(self.risk_regime_rule, "risk_regime_rule"))
        if not problems:
            problems.extend(self._repeated())
        if problems:
            raise InvalidInput(*problems)

    def _repeated(self) -> Iterator[Problem]:
        if len(self.triggers) > MOST_TRIGGERS:
            found = f"{len(self.triggers)} triggers"
            yield Problem(found=found, accepted=f"at most {MOST_TRIGGERS}", at=("triggers",))
        first: dict[str, int] = {}
        for i, trigger in enumerate(self.triggers):
            if first.setdefault(trigger.id, i) != i:
                found = f'trigger id "{trigger.id}" again (first in triggers[{first[trigger.id]}])'
                yield Problem(found=found, accepted="each id once", at=("triggers", i, "id"))
        sized: set[str] = set()
        for i, rule in enumerate(self.sizing_rules):
            if rule.symbol in sized:
                found = f"sizing_rules has {rule.symbol} again"
                yield Problem(found=found, accepted="each symbol once", at=("sizing_rules", i, "symbol"))
            sized.add(rule.symbol)

    @property
    def entry_limits(self) -> EntryLimits:
        """risk_constraints and limits together: the stricter of each (spec F39)."""
        return self.risk_constraints.stricter(self.limits)

    def is_expired(self, now: int) -> bool:
        return self.valid_until is not None and now > self.valid_until


def utc_microseconds(given: object, name: str) -> int | None:
    """An ISO 8601 text, a datetime (naive: UTC) or µs since the epoch."""
    if given is None or (isinstance(given, int) and not isinstance(given, bool)):
        return given
    accepted = TIME
    moment = given
    if isinstance(given, str):
        try:
            moment = datetime.fromisoformat(given.strip())
        except ValueError:
            raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted=accepted, at=(name,))) from None
    if not isinstance(moment, datetime):
        raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted=accepted, at=(name,)))
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    try:
        return (aware - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted=accepted, at=(name,))) from None


def _plan_id(given: object, name: str) -> str:
    if not is_name(given):
        raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted=PRINTABLE, at=(name,)))
    return str(given)


def _optional_text(given: object, name: str) -> str | None:
    if given is not None and not isinstance(given, str):
        raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted="text", at=(name,)))
    return given


def _rule_text(given: object, name: str) -> object:
    return "" if given is None else given


def _triggers(given: Any, name: str) -> tuple[TriggerCondition, ...]:
    if isinstance(given, list | tuple) and all(isinstance(trigger, TriggerCondition) for trigger in given):
        return tuple(given)
    raise InvalidInput(Problem(found=f"{name} is {_short(repr(given))}", accepted="a list of triggers", at=(name,)))


def _sizing_rules(given: Any, name: str) -> tuple[SizingRule, ...]:
    rules = []
    if not isinstance(given, list | tuple | None):
        found = f"{name} is {_short(repr(given))}"
        raise InvalidInput(Problem(found=found, accepted="a list of symbol, mode and value", at=(name,)))
    for i, row in enumerate(given or ()):
        if isinstance(row, Mapping) and set(row) == {"symbol", "mode", "value"}:
            row = SizingRule(**row)
        if not isinstance(row, SizingRule):
            found = f"{name}[{i}] is {row!r}"
            raise InvalidInput(Problem(found=found, accepted="symbol, mode and value", at=(name, i)))
        rules.append(row)
    return tuple(rules)


_PLAN_CONVERSIONS: dict[str, Any] = {
    "plan_id": _plan_id,
    "triggers": _triggers,
    "generated_at": utc_microseconds,
    "valid_until": utc_microseconds,
    "regime": _optional_text,
    "global_view": _optional_text,
    "origin": _optional_text,
    "risk_constraints": EntryLimits.of,
    "sizing_rules": _sizing_rules,
    "risk_regime_rule": _rule_text,
    "limits": EntryLimits.of,
}


def _bounds(name: str, given: object, high: int, *, inclusive: bool) -> Iterator[Problem]:
    if given is None:
        return
    accepted = f"above 0 and {'at most' if inclusive else 'below'} {high}"
    try:
        number = decimal_of(given, name)
    except InvalidInput:
        number = None
    if isinstance(given, bool) or number is None or not 0 < number <= high or (number == high and not inclusive):
        yield Problem(found=f"{name} is {given}", accepted=accepted, at=(name,))


def _named(problem: Problem, holder: str) -> Problem:
    return Problem(found=f"{problem.found} in {holder}", accepted=problem.accepted, at=problem.at)


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"

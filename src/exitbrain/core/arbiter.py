"""One order of precedence, and a name for every loser (spec D4, D5).

emergency_exit < risk_off while latched < entry graded at or above the override < risk_off < risk_reduce
< normal exit < entry; then grade (A first), larger exit_fraction, trigger id. The first wins. The result does not
depend on the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

from exitbrain.core.intents import Intent, Kind, Preempted

RANKS = (
    "emergency_exit",
    "risk_off while latched",
    "entry at or above the override grade",
    "risk_off",
    "risk_reduce",
    "normal exit",
    "entry",
)
GRADES = ("A", "B", "C")
UNGRADED = len(GRADES)

_PREEMPTS = {
    Kind.EMERGENCY_EXIT: "emergency_exit_preempts",
    Kind.RISK_OFF: "risk_off_preempts",
    Kind.RISK_REDUCE: "risk_reduce_preempts",
    Kind.NORMAL_EXIT: "exit_preempts",
}
_OVERRIDES = {
    Kind.RISK_OFF: "entry_overrides_risk_off",
    Kind.RISK_REDUCE: "entry_overrides_risk_reduce",
    Kind.NORMAL_EXIT: "entry_overrides_exit",
}

PEER = "outranked_by_peer"
# Every name that a loser may get; exits of one kind are peers, so a normal exit preempts entries only.
LOSSES = frozenset(
    {f"{prefix}_{kind}" for prefix in _PREEMPTS.values() for kind in ("entry", "exit")} - {"exit_preempts_exit"}
    | {*_OVERRIDES.values(), PEER}
)


def grade_order(grade: str | None) -> int:
    return GRADES.index(grade) if grade in GRADES else UNGRADED


def rank(intent: Intent, *, latched: bool, override_grade: str | None) -> int:
    """The intent's place in RANKS."""
    match intent.kind:
        case Kind.EMERGENCY_EXIT:
            return 0
        case Kind.RISK_OFF:
            return 1 if latched else 3
        case Kind.RISK_REDUCE:
            return 4
        case Kind.NORMAL_EXIT:
            return 5
        case Kind.ENTRY:
            overrides = override_grade is not None and grade_order(intent.grade) <= grade_order(override_grade)
            return 2 if overrides else 6


def precedence(intent: Intent, *, latched: bool, override_grade: str | None) -> tuple[int, int, Fraction, str, int]:
    share = Fraction(1) if intent.exit_fraction is None else intent.exit_fraction
    # The id comes last so that the order never depends on who was evaluated first.
    return (
        rank(intent, latched=latched, override_grade=override_grade),
        grade_order(intent.grade),
        -share,
        intent.trigger_id,
        intent.order,
    )


def reason_of_loss(winner: Intent, loser: Intent) -> str:
    """The block event's name for a loser."""
    if winner.kind is loser.kind:
        return PEER
    if winner.kind is Kind.ENTRY:
        return _OVERRIDES[loser.kind]
    return f"{_PREEMPTS[winner.kind]}_{'entry' if loser.kind is Kind.ENTRY else 'exit'}"


def arbitrate(
    intents: Iterable[Intent], *, latched: bool = False, override_grade: str | None = "A"
) -> tuple[Intent | None, tuple[Preempted, ...]]:
    """The winner and every loser, in order of precedence."""
    return first_of(sorted(intents, key=lambda one: precedence(one, latched=latched, override_grade=override_grade)))


def first_of(ranked: Sequence[Intent]) -> tuple[Intent | None, tuple[Preempted, ...]]:
    """The same of intents that stand in order of precedence already."""
    if not ranked:
        return None, ()
    winner, *losers = ranked
    return winner, tuple([Preempted(intent=loser, by=winner, reason=reason_of_loss(winner, loser)) for loser in losers])

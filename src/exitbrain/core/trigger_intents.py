"""What a trigger asks for when one of its rules fires, to whom it speaks, and when it may fire again (spec T6, F12, F14)."""

from __future__ import annotations

from fractions import Fraction

from exitbrain.core.intents import EntryTerms, Intent, Kind, exit_kind
from exitbrain.core.numbers import decimal_of, fraction_of
from exitbrain.core.rules.bars import Truth
from exitbrain.core.triggers import Direction, Rearm, TriggerCategory, TriggerCondition

SIDES = {Direction.LONG: 1, Direction.SHORT: -1}


def side_of(condition: TriggerCondition) -> int:
    """+1 or -1 for what it enters, 0 for what only exits."""
    return SIDES.get(condition.direction, 0)


def fraction_left(condition: TriggerCondition) -> Fraction | None:
    """The share of the position that its exit closes, None for all."""
    given = condition.exit_fraction
    return None if given is None else fraction_of(given)


def rearms(condition: TriggerCondition) -> bool:
    """Whether a firing is used up until the rule has been false (spec T6, F14)."""
    fraction = fraction_left(condition)
    if fraction is None:
        return condition.category is TriggerCategory.RISK_REDUCE
    return fraction < 1


def speaks_to(condition: TriggerCondition, side: int) -> bool:
    """An exit rule speaks to any position where the direction is flat or exit, else to its own (spec F12)."""
    return side_of(condition) in (0, side)


def is_armed_again(condition: TriggerCondition, truth: Truth) -> bool:
    """Whether a used firing is armed by this answer: only a definite false does that."""
    return truth is False and condition.rearm is Rearm.EDGE and rearms(condition)


def fires(condition: TriggerCondition, truth: Truth, *, is_used: bool) -> bool:
    if truth is not True:
        return False
    return not rearms(condition) or condition.rearm is Rearm.EVERY_BAR or not is_used


def exit_intent(condition: TriggerCondition) -> Intent:
    return Intent(
        kind=exit_kind(condition.category),
        trigger_id=condition.id,
        category=condition.category.value,
        grade=condition.confidence_grade,
        exit_fraction=fraction_left(condition),
        from_trigger=True,
    )


def entry_intent(condition: TriggerCondition) -> Intent:
    percent = condition.stop_loss_pct
    return Intent(
        kind=Kind.ENTRY,
        trigger_id=condition.id,
        category=condition.category.value,
        grade=condition.confidence_grade,
        entry=EntryTerms(side=side_of(condition), stop_loss_pct=None if percent is None else decimal_of(percent)),
        from_trigger=True,
    )


def share_of(lots: int, fraction: Fraction | None) -> int:
    """Lots of an exit from a position of `lots`, rounded down; None takes all."""
    return lots if fraction is None else lots * fraction.numerator // fraction.denominator

"""What the parts of a rule may be, given what must hold so far: numbers, words, signs of differences, known or not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from exitbrain.core.intervals import EVERYTHING, Interval, absolute, computed, exactly, greatest, least, negative
from exitbrain.core.rules.nodes import Arithmetic, Call, Literal, Missing, Name, Negative, Node

Choices: TypeAlias = frozenset[str] | frozenset[bool]
SIGNS = {
    "<": frozenset({-1}),
    "<=": frozenset({-1, 0}),
    "==": frozenset({0}),
    "!=": frozenset({-1, 1}),
    ">=": frozenset({0, 1}),
    ">": frozenset({1}),
}
ANY_SIGN = frozenset({-1, 0, 1})


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a feature may be where it is known, and whether it may be unknown; `known` False: it never is known."""

    values: Interval | Choices = EVERYTHING
    may_miss: bool = True
    known: bool = True


class Ranges(Protocol):
    """The features of one stance: flat, long or short."""

    def of(self, name: str, *, past: bool) -> Range:
        """`past` is the same feature at an earlier bar."""

    def order(self, left: str, right: str) -> frozenset[int]:
        """The signs that left − right may have at one bar, by what the two features are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What must hold so far: narrowed values of parts, signs of differences, parts that are known or missing."""

    ranges: Ranges
    values: dict[Node, Interval | Choices] = field(default_factory=dict)
    signs: dict[tuple[Node, Node], frozenset[int]] = field(default_factory=dict)
    known: dict[Node, bool] = field(default_factory=dict)


def choices(node: Node, facts: Facts, past: bool = False) -> Choices | None:
    """The words or truths that a part may be; None for a number."""
    if not past and isinstance(held := facts.values.get(node), frozenset):
        return held
    match node:
        case Literal():
            return None if isinstance(node.value, float) else _one(node.value)
        case Name():
            values = facts.ranges.of(node.name, past=past).values
            return None if isinstance(values, Interval) else values
        case Call() if node.function == "prev":
            return choices(node.arguments[0], facts, past or node.bars > 0)
        case Negative() | Arithmetic() | Call():
            return frozenset({True, False}) if isinstance(node, Call) and node.function.startswith("crosses") else None
        case _:
            return frozenset({True, False})


def _one(value: float | str | bool) -> Choices:
    return frozenset({value})  # type: ignore[return-value]


def interval(node: Node, facts: Facts, past: bool = False) -> Interval | None:
    """The numbers that a part may be where it is known; None where it is no number or never known."""
    own = _own_interval(node, facts, past)
    held = None if past else facts.values.get(node)
    if own is None or not isinstance(held, Interval):
        return own
    return own.meet(held)


def _own_interval(node: Node, facts: Facts, past: bool) -> Interval | None:
    match node:
        case Literal():
            return exactly(node.value) if isinstance(node.value, float) else None
        case Name():
            held = facts.ranges.of(node.name, past=past)
            return held.values if held.known and isinstance(held.values, Interval) else None
        case Negative():
            inner = interval(node.operand, facts, past)
            return None if inner is None else negative(inner)
        case Arithmetic():
            left, right = interval(node.left, facts, past), interval(node.right, facts, past)
            return None if left is None or right is None else _computed(node, left, right)
        case Call():
            return _call_interval(node, facts, past)
        case _:
            return None


def _computed(node: Arithmetic, left: Interval, right: Interval) -> Interval:
    if node.left == node.right and node.operator in "-/":
        return exactly(0.0 if node.operator == "-" else 1.0)
    return computed(node.operator, left, right)


def _call_interval(node: Call, facts: Facts, past: bool) -> Interval | None:
    match node.function:
        case "abs" | "min" | "max":
            parts = [interval(argument, facts, past) for argument in node.arguments]
            known = [part for part in parts if part is not None]
            if len(known) < len(parts):
                return None
            combined: Callable[[list[Interval]], Interval] = least if node.function == "min" else greatest
            return absolute(known[0]) if node.function == "abs" else combined(known)
        case "prev":
            return interval(node.arguments[0], facts, past or node.bars > 0)
        case "highest" | "lowest":
            now = interval(node.arguments[0], facts, past)
            if node.bars == 1 or now is None:
                return now
            before = interval(node.arguments[0], facts, True)
            if before is None:
                return None
            return (greatest if node.function == "highest" else least)([now, before])
        case "bars_since":
            return Interval(low=0)
        case _:
            return None


def signs_of(left: Node, right: Node, facts: Facts, past: bool = False) -> frozenset[int]:
    """The signs that left − right may have where both are known."""
    if left == right:
        return frozenset({0})
    signs = facts.signs.get((left, right), ANY_SIGN) if not past else ANY_SIGN
    one, other = interval(left, facts, past), interval(right, facts, past)
    if one is None or other is None:
        return frozenset()
    signs &= one.signs_against(other)
    mirrored = frozenset(-sign for sign in _order(right, left, facts))
    return signs & _order(left, right, facts) & mirrored


def _order(left: Node, right: Node, facts: Facts) -> frozenset[int]:
    """The signs of left − right by what the two are, at whichever bar."""
    at_most, at_least = frozenset({-1, 0}), frozenset({0, 1})
    if isinstance(left, Name) and isinstance(right, Name):
        return facts.ranges.order(left.name, right.name)
    if isinstance(left, Call):
        for argument in left.arguments:
            below = argument == right or _is_below(right, argument, facts)
            above = argument == right or _is_below(argument, right, facts)
            if left.function in ("max", "highest") and below:
                return at_least
            if left.function in ("min", "lowest") and above:
                return at_most
    return ANY_SIGN


def _is_below(left: Node, right: Node, facts: Facts) -> bool:
    """Never above, by what the two features are."""
    named = isinstance(left, Name) and isinstance(right, Name)
    return named and facts.ranges.order(left.name, right.name) <= {-1, 0}  # type: ignore[union-attr]


def can_be_known(node: Node, facts: Facts, past: bool = False) -> bool:
    if not past and node in facts.known:
        return facts.known[node]
    match node:
        case Literal():
            return True
        case Name():
            return facts.ranges.of(node.name, past=past).known
        case Call() if node.function == "prev":
            return can_be_known(node.arguments[0], facts, past or node.bars > 0)
        case Call() if node.function in ("highest", "lowest"):
            pasts = {past} if node.bars == 1 else {past, True}
            return all(can_be_known(node.arguments[0], facts, one) for one in pasts)
        case Negative() | Arithmetic():
            return all(can_be_known(part, facts, past) for part in _operands(node))
        case Call() if node.function in ("abs", "min", "max"):
            return all(can_be_known(part, facts, past) for part in node.arguments)
        case _:
            return True


def can_miss(node: Node, facts: Facts) -> bool:
    if node in facts.known:
        return not facts.known[node]
    match node:
        case Literal() | Missing():
            return False
        case Name():
            held = facts.ranges.of(node.name, past=False)
            return held.may_miss or not held.known
        case _:
            return True


def _operands(node: Negative | Arithmetic) -> Iterator[Node]:
    yield from (node.operand,) if isinstance(node, Negative) else (node.left, node.right)

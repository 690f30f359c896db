"""Can a rule be true? Can it be false? Interval analysis over its tree (spec T2).

`can_be(node, True, facts)` takes every part that must hold and narrows what the features may be until nothing is left
(then the answer is no) or nothing narrows further (then it is perhaps). So a *no* is certain, a *perhaps* is not:

    rsi_14 < 30 and rsi_14 > 70        no: rsi_14 below 30 and above 70
    close > donchian_high_20           no: the channel holds the present bar
    rsi_14 < 30 and rsi_7 > 70         perhaps

Unknown is neither (Kleene): a comparison is true or false only where both sides are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from exitbrain.core.intervals import (
    EVERYTHING,
    Interval,
    absolute,
    computed,
    exactly,
    greatest,
    least,
    negative,
)
from exitbrain.core.rules.nodes import (
    And,
    Arithmetic,
    Between,
    Call,
    Chain,
    Literal,
    Membership,
    Missing,
    Name,
    Negative,
    Node,
    Not,
    Or,
    Rule,
)

Choices: TypeAlias = frozenset[str] | frozenset[bool]
ROUNDS = 3

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


def can_be(rule: Rule, wanted: bool, ranges: Ranges) -> bool:
    """False: certainly never. The blank rule is always false."""
    if rule.root is None:
        return not wanted
    return _holding(rule.root, wanted, Facts(ranges=ranges)) is not None


def both_can_be(rules: Iterable[tuple[Rule, bool]], ranges: Ranges) -> bool:
    """Whether several rules can have their wanted answers at one bar."""
    parts = [(rule.root, wanted) for rule, wanted in rules if rule.root is not None]
    return _all(parts, Facts(ranges=ranges)) is not None


# narrowing: facts in, narrower facts out, None where nothing is left


def _holding(node: Node, wanted: bool, facts: Facts) -> Facts | None:
    match node:
        case Not():
            return _holding(node.operand, not wanted, facts)
        case And() | Or():
            parts = [(operand, wanted) for operand in node.operands]
            return _all(parts, facts) if isinstance(node, And) is wanted else _any(parts, facts)
        case Chain() if len(node.operators) == 1:
            return _compared(node.operands[0], node.operators[0], node.operands[1], wanted, facts)
        case Chain():
            pairs = zip(node.operands, node.operators, node.operands[1:], strict=False)
            links: list[tuple[Node, bool]] = [(_link(*pair), wanted) for pair in pairs]
            return _all(links, facts) if wanted else _any(links, facts)
        case Between():
            bounds: list[tuple[Node, bool]] = [
                (_link(node.low, "<=", node.value), wanted),
                (_link(node.value, "<=", node.high), wanted),
            ]
            return _all(bounds, facts) if wanted else _any(bounds, facts)
        case Membership():
            equal: list[tuple[Node, bool]] = [
                (_link(node.value, "==", choice), wanted is not node.negated) for choice in node.choices
            ]
            return _any(equal, facts) if wanted is not node.negated else _all(equal, facts)
        case Missing():
            return _noted(node.operand, wanted is node.negated, facts)
        case Call() if node.function.startswith("crosses"):
            return _crossing(node, wanted, facts)
        case _:
            return _chosen(node, frozenset({wanted}), facts)


def _link(left: Node, operator: str, right: Node) -> Chain:
    return Chain(operands=(left, right), operators=(operator,))


def _all(parts: list[tuple[Node, bool]], facts: Facts) -> Facts | None:
    """Each part narrows what the others may be; asked again, since an early one may gain from a late one."""
    for _ in range(ROUNDS if len(parts) > 1 else 1):
        for node, wanted in parts:
            narrowed = _holding(node, wanted, facts)
            if narrowed is None:
                return None
            facts = narrowed
    return facts


def _any(parts: list[tuple[Node, bool]], facts: Facts) -> Facts | None:
    ways = [way for node, wanted in parts if (way := _holding(node, wanted, facts)) is not None]
    return _joined(ways) if ways else None


def _joined(ways: list[Facts]) -> Facts:
    """What holds whichever way it came about."""
    first, *others = ways
    for other in others:
        first = Facts(
            ranges=first.ranges,
            values={
                node: _either(value, other.values[node]) for node, value in first.values.items() if node in other.values
            },
            signs={pair: signs | other.signs[pair] for pair, signs in first.signs.items() if pair in other.signs},
            known={node: is_known for node, is_known in first.known.items() if other.known.get(node) is is_known},
        )
    return first


def _either(one: Interval | Choices, other: Interval | Choices) -> Interval | Choices:
    if isinstance(one, Interval):
        return one.join(other) if isinstance(other, Interval) else EVERYTHING
    return one | other  # type: ignore[operator]


def _noted(node: Node, is_known: bool, facts: Facts) -> Facts | None:
    """The part is known, or it is missing."""
    if facts.known.get(node, is_known) is not is_known:
        return None
    if not (_can_be_known(node, facts) if is_known else _can_miss(node, facts)):
        return None
    return replace(facts, known={**facts.known, node: is_known})


def _chosen(node: Node, wanted: Choices, facts: Facts) -> Facts | None:
    """A part whose values are words or truths is one of `wanted`."""
    noted = _noted(node, True, facts)
    if noted is None:
        return None
    held = choices(node, facts)
    left = wanted if held is None else held & wanted
    if not left:
        return None
    return replace(noted, values={**noted.values, node: left})


def _compared(left: Node, operator: str, right: Node, wanted: bool, facts: Facts) -> Facts | None:
    for side in (left, right):
        noted = facts if isinstance(side, Literal) else _noted(side, True, facts)
        if noted is None:
            return None
        facts = noted
    if choices(left, facts) is not None or choices(right, facts) is not None:
        return _equal_choices(left, right, (operator == "==") is wanted, facts)
    signs = SIGNS[operator] if wanted else ANY_SIGN - SIGNS[operator]
    return _with_signs(left, right, signs, facts)


def _equal_choices(left: Node, right: Node, equal: bool, facts: Facts) -> Facts | None:
    held, other = choices(left, facts), choices(right, facts)
    if held is None or other is None:
        return facts
    if left == right:
        return facts if equal else None
    for node, own, against in ((left, held, other), (right, other, held)):
        excluded = against if not equal and len(against) == 1 else frozenset()
        kept = own & against if equal else own - excluded
        if not kept:
            return None
        facts = replace(facts, values={**facts.values, node: kept})
    return facts


def _with_signs(left: Node, right: Node, signs: frozenset[int], facts: Facts) -> Facts | None:
    """left − right has one of these signs."""
    signs = signs & signs_of(left, right, facts)
    if not signs:
        return None
    held = {**facts.signs, (left, right): signs, (right, left): frozenset(-sign for sign in signs)}
    facts = replace(facts, signs=held)
    for node, own, other in ((left, signs, right), (right, held[right, left], left)):
        against = interval(other, facts)
        if isinstance(node, Literal) or against is None:
            continue
        narrowed = (interval(node, facts) or EVERYTHING).meet(_bounded(own, against))
        if narrowed.is_empty:
            return None
        facts = replace(facts, values={**facts.values, node: narrowed})
    return facts


def _bounded(signs: frozenset[int], other: Interval) -> Interval:
    """Where x must lie that x − y has one of these signs for a y of the other interval."""
    low, high = Interval(), Interval()
    if 1 not in signs:
        high = Interval(high=other.high, high_open=other.high_open or 0 not in signs)
    if -1 not in signs:
        low = Interval(low=other.low, low_open=other.low_open or 0 not in signs)
    return low.meet(high)


def _crossing(node: Call, wanted: bool, facts: Facts) -> Facts | None:
    """Now on the one side, and one bar before not; false as soon as one of the two is."""
    left, right = node.arguments
    now, before = (">", "<=") if node.function == "crosses_above" else ("<", ">=")
    if not all(_can_be_known(part, facts, past) for part in (left, right) for past in (False, True)):
        return None
    present = _compared(left, now, right, wanted, facts)
    earlier = SIGNS[before] if wanted else ANY_SIGN - SIGNS[before]
    possible_before = bool(earlier & signs_of(left, right, Facts(ranges=facts.ranges), past=True))
    if wanted:
        return present if possible_before else None
    return facts if possible_before else present


# what parts may be


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


def _can_be_known(node: Node, facts: Facts, past: bool = False) -> bool:
    if not past and node in facts.known:
        return facts.known[node]
    match node:
        case Literal():
            return True
        case Name():
            return facts.ranges.of(node.name, past=past).known
        case Call() if node.function == "prev":
            return _can_be_known(node.arguments[0], facts, past or node.bars > 0)
        case Call() if node.function in ("highest", "lowest"):
            pasts = {past} if node.bars == 1 else {past, True}
            return all(_can_be_known(node.arguments[0], facts, one) for one in pasts)
        case Negative() | Arithmetic():
            return all(_can_be_known(part, facts, past) for part in _operands(node))
        case Call() if node.function in ("abs", "min", "max"):
            return all(_can_be_known(part, facts, past) for part in node.arguments)
        case _:
            return True


def _can_miss(node: Node, facts: Facts) -> bool:
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

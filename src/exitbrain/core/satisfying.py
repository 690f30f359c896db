"""Can a rule be true? Can it be false? Interval analysis over its tree (spec T2).

`can_be(node, True, facts)` takes every part that must hold and narrows what the features may be until nothing is left
(then the answer is no) or nothing narrows further (then it is perhaps). So a *no* is certain, a *perhaps* is not:

    rsi_14 < 30 and rsi_14 > 70        no: rsi_14 below 30 and above 70
    close > donchian_high_20           no: the channel holds the present bar
    rsi_14 < 30 and rsi_7 > 70         perhaps

Unknown is neither (Kleene): a comparison is true or false only where both sides are known.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from exitbrain.core.intervals import EVERYTHING, Interval
from exitbrain.core.possible_values import (
    ANY_SIGN,
    SIGNS,
    Choices,
    Facts,
    Ranges,
    can_be_known,
    can_miss,
    choices,
    interval,
    signs_of,
)
from exitbrain.core.rules.nodes import (
    And,
    Between,
    Call,
    Chain,
    Literal,
    Membership,
    Missing,
    Node,
    Not,
    Or,
    Rule,
)

ROUNDS = 3


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
    if not (can_be_known(node, facts) if is_known else can_miss(node, facts)):
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
    if not all(can_be_known(part, facts, past) for part in (left, right) for past in (False, True)):
        return None
    present = _compared(left, now, right, wanted, facts)
    earlier = SIGNS[before] if wanted else ANY_SIGN - SIGNS[before]
    possible_before = bool(earlier & signs_of(left, right, Facts(ranges=facts.ranges), past=True))
    if wanted:
        return present if possible_before else None
    return facts if possible_before else present

"""Comparisons of ATRs across timeframes that scale alone decides (spec T2).

The range of a bar grows about with the square root of its length: a 4h ATR is about twice a 1h ATR, so
`tf_4h_atr_14 > atr_14` says nothing about the market, and `tf_4h_atr_14 > 2 * atr_14` does. A comparison is read as
one product, coefficient × ATR ÷ ATR × the rest, against 1; the rest must cancel out (prices over prices).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

from exitbrain.core.rules.nodes import Arithmetic, Between, Chain, Literal, Name, Negative, Node, Rule
from exitbrain.core.timeframes import PATTERN, timeframe_microseconds, timeframe_word

MARGIN = 1.5  # how far from the usual ratio a threshold must be to decide nothing
_ATR = re.compile(rf"(?:tf_({PATTERN})_)?atr_[0-9]+")
_PRICE = re.compile(rf"(?:tf_{PATTERN}_)?(?:open|high|low|close|(?:sma|ema|wma|bb_middle)_[0-9]+)")
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
OWN = "the rule's own timeframe"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleComparison:
    """`usual` is the ratio that the two ATRs usually have, None where the rule's own timeframe is not known."""

    text: str
    longer: str
    shorter: str
    holds: bool
    usual: float | None


@dataclass(frozen=True, slots=True)
class _Product:
    coefficient: float
    powers: Counter[str]

    def times(self, other: _Product, sign: int) -> _Product | None:
        if sign < 0 and other.coefficient == 0:
            return None
        powers = Counter(self.powers)
        for name, power in other.powers.items():
            powers[name] += sign * power
        factor = other.coefficient if sign > 0 else 1 / other.coefficient
        return _Product(self.coefficient * factor, powers)


def scale_comparisons(rule: Rule, timeframe: int | None) -> Iterator[ScaleComparison]:
    """`timeframe` is that of the rule's own bars in µs, None where it is the run's and not known."""
    for node in rule.nodes():
        for left, operator, right in _pairs(node):
            found = _compared(left, operator, right, timeframe)
            if found is not None:
                longer, shorter, holds, usual = found
                text = rule.text[left.span[0] : right.span[1]] if left.span[0] < right.span[1] else rule.text
                yield ScaleComparison(text=text.strip(), longer=longer, shorter=shorter, holds=holds, usual=usual)


def _pairs(node: Node) -> Iterator[tuple[Node, str, Node]]:
    if isinstance(node, Chain):
        yield from zip(node.operands, node.operators, node.operands[1:], strict=False)
    elif isinstance(node, Between):
        yield node.value, ">=", node.low
        yield node.value, "<=", node.high


def _compared(left: Node, operator: str, right: Node, own: int | None) -> tuple[str, str, bool, float | None] | None:
    if isinstance(left, Arithmetic) and left.operator == "-" and _is_zero(right):
        one, other = _product(left.left), _product(left.right)
    else:
        one, other = _product(left), _product(right)
    if operator not in _MIRRORED or one is None or other is None:
        return None
    if one.coefficient <= 0 or other.coefficient <= 0:
        return None
    ratio = one.times(other, -1)
    spans = None if ratio is None else _timeframes(ratio.powers)
    if ratio is None or spans is None:
        return None
    above, below = spans
    longer_is_left = _is_longer(above, below, own)
    if longer_is_left is None:
        return None
    if not longer_is_left:
        operator, above, below = _MIRRORED[operator], below, above
    threshold = 1 / ratio.coefficient if longer_is_left else ratio.coefficient
    usual = _usual(above, below, own)
    if threshold > max(1.0, 0.0 if usual is None else usual / MARGIN):
        return None
    return _word(above, own), _word(below, own), operator in (">", ">="), usual


def _is_zero(node: Node) -> bool:
    return isinstance(node, Literal) and node.value == 0.0


def _product(node: Node) -> _Product | None:
    match node:
        case Literal():
            return _Product(node.value, Counter()) if isinstance(node.value, float) else None
        case Name():
            return _Product(1.0, Counter({node.name: 1}))
        case Negative():
            inner = _product(node.operand)
            return None if inner is None else _Product(-inner.coefficient, inner.powers)
        case Arithmetic() if node.operator in "*/":
            left, right = _product(node.left), _product(node.right)
            return None if left is None or right is None else left.times(right, 1 if node.operator == "*" else -1)
        case _:
            return None


def _timeframes(powers: Counter[str]) -> tuple[int | None, int | None] | None:
    """The timeframes of the ATR above and the one below the line; None as a timeframe is the rule's own."""
    found: dict[int, int | None] = {}
    prices = 0
    for name, power in powers.items():
        if power == 0:
            continue
        atr = _ATR.fullmatch(name)
        if atr is not None and power in (1, -1) and power not in found:
            found[power] = None if atr[1] is None else timeframe_microseconds(atr[1])
        elif atr is None and _PRICE.fullmatch(name):
            prices += power
        else:
            return None
    return (found[1], found[-1]) if len(found) == 2 and prices == 0 else None


def _is_longer(above: int | None, below: int | None, own: int | None) -> bool | None:
    """Whether the first timeframe is the longer; None where they are equal. A rule names no shorter than its own."""
    above, below = above or own, below or own
    if above == below:
        return None
    return above is not None and (below is None or above > below)


def _usual(longer: int | None, shorter: int | None, own: int | None) -> float | None:
    longer, shorter = longer or own, shorter or own
    return None if longer is None or shorter is None else sqrt(longer / shorter)


def _word(timeframe: int | None, own: int | None) -> str:
    known = timeframe or own
    return OWN if known is None else timeframe_word(known)

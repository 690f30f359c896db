"""What a rule's values may be: intervals, kept as narrow as the signs and sums of a rule tell.

    rsi_14              0..100
    rsi_14 - 50         -50..50
    abs(rsi_14 - 50)    0..50

Bounds of features are closed (`rsi_14` may be 100) or open (a price is above 0). Arithmetic rounds to the nearest
float, which keeps the order of numbers, so the bounds of a result are the results of the bounds; a strict bound may be
met after rounding, and therefore becomes a closed one, but for the sign of products and quotients.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import inf, isnan


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """All numbers from low to high; `*_open` where that bound itself does not belong to it."""

    low: float = -inf
    high: float = inf
    low_open: bool = False
    high_open: bool = False

    @property
    def is_empty(self) -> bool:
        return self.low > self.high or (self.low == self.high and (self.low_open or self.high_open))

    def meet(self, other: Interval) -> Interval:
        """What lies in both."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low=low, high=high, low_open=low_open, high_open=not closed)

    def join(self, other: Interval) -> Interval:
        """The least interval around both."""
        low, low_open = min((self.low, self.low_open), (other.low, other.low_open))
        high, closed = max((self.high, not self.high_open), (other.high, not other.high_open))
        return Interval(low=low, high=high, low_open=low_open, high_open=not closed)

    @property
    def is_positive(self) -> bool:
        return self.low > 0 or (self.low == 0 and self.low_open)

    def signs_against(self, other: Interval) -> frozenset[int]:
        """The signs that x − y may have, x of this interval and y of the other."""
        signs = set()
        if self.low < other.high:
            signs.add(-1)
        if not self.meet(other).is_empty:
            signs.add(0)
        if self.high > other.low:
            signs.add(1)
        return frozenset(signs)


EVERYTHING = Interval()
POSITIVE = Interval(low=0, low_open=True)
NOT_NEGATIVE = Interval(low=0)


def exactly(value: float) -> Interval:
    return Interval(low=value, high=value)


def negative(x: Interval) -> Interval:
    return Interval(low=-x.high, high=-x.low, low_open=x.high_open, high_open=x.low_open)


def absolute(x: Interval) -> Interval:
    if x.low >= 0:
        return x
    if x.high <= 0:
        return negative(x)
    high, closed = max((-x.low, not x.low_open), (x.high, not x.high_open))
    return Interval(low=0, high=high, high_open=not closed)


def least(parts: list[Interval]) -> Interval:
    """Of the least of them."""
    low, low_open = min((part.low, part.low_open) for part in parts)
    high, closed = min((part.high, not part.high_open) for part in parts)
    return Interval(low=low, high=high, low_open=low_open, high_open=not closed)


def greatest(parts: list[Interval]) -> Interval:
    return negative(least([negative(part) for part in parts]))


def computed(operator: str, left: Interval, right: Interval) -> Interval:
    if left.is_empty or right.is_empty:
        return Interval(low=inf, high=-inf)
    match operator:
        case "+":
            return _hull([left.low + right.low, left.high + right.high])
        case "-":
            return _hull([left.low - right.high, left.high - right.low])
        case "*":
            corners = [_times(a, b) for a, b in product((left.low, left.high), (right.low, right.high))]
            return _signed(_hull(corners), left, right)
        case _:
            if right.low < 0 < right.high:
                return EVERYTHING
            # Division by zero is unknown, so a known quotient has a divisor that is not 0.
            right = right.meet(POSITIVE if right.low >= 0 else negative(POSITIVE))
            if right.is_empty:
                return EVERYTHING
            corners = [_over(a, b) for a, b in product((left.low, left.high), (right.low, right.high))]
            if 0 in (right.low, right.high):
                corners.extend(_near_zero(left, right))
            return _signed(_hull(corners), left, right)


def _hull(corners: list[float]) -> Interval:
    if any(isnan(corner) for corner in corners):
        return EVERYTHING
    return Interval(low=min(corners), high=max(corners))


def _times(a: float, b: float) -> float:
    """A bound of 0 stays 0 however large the other side grows."""
    return 0.0 if a == 0 or b == 0 else a * b


def _over(a: float, b: float) -> float:
    if b == 0 or a == 0:
        return 0.0
    return (inf if (a > 0) == (b > 0) else -inf) if abs(a) == inf and abs(b) == inf else a / b


def _near_zero(left: Interval, right: Interval) -> list[float]:
    """Division by what may come near to 0 has no bound on the sides that the dividend has."""
    side = 1 if right.is_positive else -1
    grown = [inf * side] if left.high > 0 else []
    return grown + ([-inf * side] if left.low < 0 else [])


def _signed(result: Interval, left: Interval, right: Interval) -> Interval:
    """Two numbers of one strict sign have a product and a quotient above 0."""
    if not (left.is_positive and right.is_positive) and not (
        negative(left).is_positive and negative(right).is_positive
    ):
        return result
    return result.meet(POSITIVE)

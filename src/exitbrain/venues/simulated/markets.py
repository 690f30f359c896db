"""A symbol's prices, and the path that one bar takes.

A bar opens with a jump; then price goes to one extreme, the other, and the close, and meets every level in between
(the paths of a backtest, spec X2). `adverse` visits the extreme first that hurts the position that is open; for a
position that is not there, the nearer one.
"""

from __future__ import annotations

from dataclasses import dataclass

from exitbrain.core.walk import ADVERSE, FAVORABLE, NEAREST, low_first

PATHS = {"adverse": ADVERSE, "favorable": FAVORABLE, "ohlc_nearest": NEAREST}


@dataclass(frozen=True, slots=True)
class Bar:
    """Prices in ticks, `at` and `length` in milliseconds, volume in the base asset as the file has it."""

    at: int
    length: int
    open: int
    high: int
    low: int
    close: int
    volume: float = 0.0


@dataclass(slots=True, kw_only=True)
class Market:
    """`low` and `high` bound what a market order may pay within the bar; `step` counts moves of the price."""

    symbol: str
    last: int
    mark: int
    mark_follows: bool = True
    low: int | None = None
    high: int | None = None
    step: int = 0
    updated_at: int = 0


def path_of(bar: Bar, side: int, path: str) -> tuple[int, int, int]:
    """Where price goes after the open: an extreme, the other, the close."""
    rule = PATHS[path]
    if rule != NEAREST and not side:
        rule = NEAREST
    if side < 0:
        first_low = not low_first(rule, -bar.open, -bar.low, -bar.high)
    else:
        first_low = low_first(rule, bar.open, bar.high, bar.low)
    return (bar.low, bar.high, bar.close) if first_low else (bar.high, bar.low, bar.close)


def slipped(market: Market, price: int, side: int, numerator: int, denominator: int) -> int:
    """A market order's price: slippage rounded to a tick against it, never outside the bar (spec X3)."""
    if side > 0:
        worse = -(-price * (denominator + numerator) // denominator)
        return worse if market.high is None else max(price, min(worse, market.high))
    worse = price * (denominator - numerator) // denominator
    return max(1, worse if market.low is None else min(price, max(worse, market.low)))

"""Prices as whole ticks (spec Q1, Q2, Q5), in integers all the way.

A price is n × 10**-scale, a tick is m × 10**-places. With d = places − scale the price is n × 10**d ÷ m ticks;
where d is negative the power goes below the line. Example: 100.5 (1005, scale 1) in ticks of 0.25 (25, places 2)
is 1005 × 10 ÷ 25 = 402.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.candles.numbers import as_decimal, coarsest, narrow, plain, times_power_of_ten
from exitbrain.candles.series import PRICES, Candles
from exitbrain.candles.timestamps import iso
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Tick:
    """`units` × 10**-`places`"""

    units: int
    places: int

    @staticmethod
    def of(size: Decimal) -> Tick:
        if not size.is_finite() or size <= 0:
            raise InvalidInput(Problem(found=f"tick_size {size}", accepted="a decimal above 0"))
        _, digits, exponent = size.as_tuple()
        assert isinstance(exponent, int), size
        return Tick(int("".join(map(str, digits))), -exponent)

    def __str__(self) -> str:
        return plain(as_decimal(self.units, self.places))


def ticks(
    candles: Candles, tick_size: Decimal
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Open, high, low and close in whole ticks; a price between two ticks is bad input (spec Q5)."""
    tick = Tick.of(tick_size)
    columns = {name: whole_ticks(getattr(candles, name), candles.scale, tick) for name in PRICES}
    wrong = np.any([~whole for _, whole in columns.values()], axis=0)
    if wrong.any():
        raise InvalidInput(_no_whole_tick(candles, tick, int(np.argmax(wrong)), int(wrong.sum())))
    counts = [count for count, _ in columns.values()]
    if any(count.dtype == object for count in counts):
        largest = plain(as_decimal(int(candles.high.max()), candles.scale))
        found = f"the price {largest} is too many ticks of {tick} for a 64-bit count"
        raise InvalidInput(Problem(found=found, accepted="a coarser tick_size", file=candles.source))
    opens, highs, lows, closes = counts
    return opens, highs, lows, closes


def inferred_tick(candles: Candles) -> Decimal:
    """The coarsest power of ten that every price is a multiple of (spec Q2)."""
    return Decimal(plain(as_decimal(1, candles.scale)))


def whole_ticks(column: NDArray[Any], scale: int, tick: Tick) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Each price in ticks, rounded down, and whether nothing was lost."""
    numerator, denominator = _ratio(column, scale, tick)
    if denominator == 1:
        return narrow(numerator), np.ones(len(numerator), dtype=np.bool_)
    count = numerator // denominator
    return narrow(count), np.asarray(numerator == count * denominator, dtype=np.bool_)


def rounded(columns: Mapping[str, NDArray[Any]], scale: int, tick: Tick) -> tuple[dict[str, NDArray[Any]], int]:
    """High up, low down, open and close half to even, then widened so that high and low hold the other two."""
    counts = {name: _round_half_even(*_ratio(columns[name], scale, tick)) for name in ("open", "close")}
    numerator, denominator = _ratio(columns["high"], scale, tick)
    counts["high"] = np.maximum(-(-numerator // denominator), np.maximum(counts["open"], counts["close"]))
    numerator, denominator = _ratio(columns["low"], scale, tick)
    counts["low"] = np.minimum(numerator // denominator, np.minimum(counts["open"], counts["close"]))
    whole, new_scale = coarsest([counts[name] * tick.units for name in PRICES], tick.places)
    return dict(zip(PRICES, whole)), new_scale


def _ratio(column: NDArray[Any], scale: int, tick: Tick) -> tuple[NDArray[Any], int]:
    power = tick.places - scale
    numerator = times_power_of_ten(column, max(power, 0))
    denominator = tick.units * 10 ** max(-power, 0)
    return (numerator, denominator) if denominator < 2**62 else (numerator.astype(object), denominator)


def _round_half_even(numerator: NDArray[Any], denominator: int) -> NDArray[Any]:
    down = numerator // denominator
    rest = numerator - down * denominator
    # `rest` against its complement: doubling it could wrap.
    complement = denominator - rest
    up = (rest > complement) | ((rest == complement) & (down % 2 == 1))
    return down + up.astype(down.dtype)


def _no_whole_tick(candles: Candles, tick: Tick, at: int, count: int) -> Problem:
    name = next(name for name in PRICES if not whole_ticks(getattr(candles, name)[at : at + 1], candles.scale, tick)[1])
    price = plain(as_decimal(int(getattr(candles, name)[at]), candles.scale))
    fits = plain(inferred_tick(candles))
    bars = "1 bar" if count == 1 else f"{count:,} bars"
    return Problem(
        found=f"a price of {bars} is no whole tick of {tick}: first bar {at + 1} ({iso(candles.time[at])}), {name} {price}",
        accepted=f"tick_size {fits}, which would fit, or prices rounded to the tick by --repair",
        file=candles.source,
    )

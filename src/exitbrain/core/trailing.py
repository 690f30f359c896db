"""What of a trail follows volatility: the chandelier's distance and the adaptive callback (spec P10).

An ATR is in quote units, of the closed bar before the one in which price moves; None or nan is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from exitbrain.core.market import Instrument
from exitbrain.core.numbers import Number, floor_fraction, fraction_of
from exitbrain.core.walk import FAR

ADAPTIVE_PERIOD = 14
UNKNOWN = -1


def atr_fraction(atr: float | None) -> Fraction:
    """The decimal that is written; 0 where it is unknown."""
    return Fraction(0) if atr is None or atr != atr else fraction_of(atr)


def trail_distance(atr: float | None, mult: Number | Fraction, instrument: Instrument) -> int:
    """Whole ticks that the stop trails the best price by; UNKNOWN without an ATR, and then it sets no stop."""
    if atr is None or atr != atr:
        return UNKNOWN
    factor = mult if isinstance(mult, Fraction) else fraction_of(mult)
    return min(floor_fraction(fraction_of(atr) * factor / Fraction(instrument.tick_size)), FAR)


def adaptive_ratio(least: Fraction, most: Fraction, now: Fraction, base: Fraction) -> Fraction:
    """What a callback is multiplied by: ATR now ÷ ATR at entry, clamped; 1 where one of them is unknown (0)."""
    ratio = now / base if base and now else Fraction(1)
    return min(max(ratio, least), most)


def adapted(callbacks: Sequence[tuple[int, int, int]], side: int, ratio: Fraction) -> list[tuple[int, int]]:
    """Each callback's multiplier of the peak, mirrored for shorts, as (numerator, denominator)."""
    multipliers = [1 - side * Fraction(num, den) * ratio for _, num, den in callbacks]
    return [(one.numerator, one.denominator) for one in multipliers]

"""Whole numbers of a step as exact decimals, tidy: without trailing zeros or exponent, as a person would write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from functools import lru_cache

from exitbrain.core.numbers import power_of_ten_denominator

EXACT = Context(prec=10_000)
TWELVE_DIGITS = Context(prec=12, rounding=ROUND_HALF_EVEN)
ZERO, ONE = Decimal(0), Decimal(1)

Multiples = Callable[[int], Decimal]


@lru_cache(maxsize=256)
def multiples(step: Decimal) -> Multiples:
    """What gives whole × step: with a step of 0.05 it makes 31 into 1.55 and 40 into 2."""
    units, scale = power_of_ten_denominator(step)
    tens, exponent = 10 * scale, Decimal(1 - len(str(scale)))
    normalize, scaleb = EXACT.normalize, EXACT.scaleb

    def multiple(whole: int) -> Decimal:
        exact = whole * units
        # `normalize` would write a whole number that ends in 0 with an exponent.
        return normalize(scaleb(Decimal(exact), exponent)) if exact % tens else Decimal(exact // scale)

    return multiple


@lru_cache(maxsize=256)
def repeated_multiples(step: Decimal) -> Multiples:
    """`multiples` that remembers, for what comes again and again, as quantities do."""
    return lru_cache(maxsize=4096)(multiples(step))


def fraction_of_step(units: int | Fraction, multiple: Multiples) -> Decimal:
    whole = multiple(units.numerator)
    return whole if units.denominator == 1 else twelve_digits(whole, Decimal(units.denominator))


def twelve_digits(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Their ratio, rounded to 12 significant digits, half to even (spec F27)."""
    return tidy(TWELVE_DIGITS.divide(numerator, denominator))


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return tidy(total)


def tidy(value: Decimal) -> Decimal:
    """The same number without trailing zeros or exponent."""
    short = EXACT.normalize(value)
    exponent = short.as_tuple().exponent
    return EXACT.quantize(short, ONE) if isinstance(exponent, int) and exponent > 0 else short

"""Exact numbers: every number is the decimal that was written, and division is rounded once, by name.

A Python float counts as its shortest repr, so 0.29 is 29/100 and `floor(0.29 × 100)` is 29, not the 28 of binary
floats. Inside the rules a ratio is a pair of whole numbers and all division is whole-number division.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from exitbrain.errors import InvalidInput

Number = int | float | str | Decimal

SMALLEST_EXPONENT, LARGEST_EXPONENT = -30, 24
FROM_TO = "1e-30 to 1e24"
RANGE = f"0, or a number from {FROM_TO}"


def decimal_of(value: object, name: str = "number") -> Decimal:
    """The decimal that is written. Raises InvalidInput for what is no finite number."""
    if not isinstance(value, int | float | str | Decimal) or isinstance(value, bool):
        if type(value).__name__ in ("bool", "bool_"):
            raise InvalidInput(f"{name} is {value}", accepted="a number")
        try:
            value = float(value)  # type: ignore[arg-type]  # a numpy scalar
        except (TypeError, ValueError):
            raise InvalidInput(f"{name} is {value!r}", accepted="a number") from None
    try:
        result = value if isinstance(value, Decimal) else Decimal(str(value).strip())
    except InvalidOperation:
        raise InvalidInput(f"{name} is {value!r}", accepted="a number") from None
    if not result.is_finite():
        raise InvalidInput(f"{name} is {value!r}", accepted="a finite number")
    if not is_in_range(result):
        raise InvalidInput(f"{name} is {str(value)[:40]}", accepted=RANGE)
    return result


def is_in_range(value: Decimal) -> bool:
    """Exact arithmetic and statistics in floats both stay possible with numbers of these magnitudes."""
    return not value or SMALLEST_EXPONENT <= value.adjusted() <= LARGEST_EXPONENT


def fraction_of(value: object, name: str = "number") -> Fraction:
    return Fraction(decimal_of(value, name))


def ceil_div(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)


def divide_half_even(numerator: int, denominator: int) -> int:
    """numerator ÷ denominator (> 0) to the nearest whole number, half to even."""
    quotient, remainder = divmod(numerator, denominator)
    double = 2 * remainder
    if double > denominator or (double == denominator and quotient % 2):
        quotient += 1
    return quotient


def floor_fraction(value: Fraction) -> int:
    return value.numerator // value.denominator


def ceil_fraction(value: Fraction) -> int:
    return ceil_div(value.numerator, value.denominator)


def plain(value: Decimal | int) -> str:
    """Plain notation without exponent and trailing zeros: `100`, `0.5`, `-2`."""
    if isinstance(value, int):
        return str(value)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def power_of_ten_denominator(value: Decimal) -> tuple[int, int]:
    """(numerator, 10**k) with the fewest decimals, so that the ratio is the decimal itself."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int), value
    whole = int("".join(map(str, digits)) or "0") * (-1 if sign else 1)
    if exponent >= 0:
        return whole * 10**exponent, 1
    scale = 10**-exponent
    while scale > 1 and whole % 10 == 0:
        whole, scale = whole // 10, scale // 10
    return whole, scale

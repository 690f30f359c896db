"""Exact numbers, times and their text: decimals come in, fractions work, plain decimals go out (spec Q1 Q5)."""

import math
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}


def exact(value):
    """The decimal that is written: a float is its shortest repr (spec Q5)."""
    if isinstance(value, Fraction):
        return value
    return Fraction(repr(value) if isinstance(value, float) else str(value))


def plain(value):
    """A fraction with a finite decimal as text, no exponent, no trailing zeros."""
    value = Fraction(value)
    digits = 0
    scaled = value
    while scaled.denominator != 1:
        digits += 1
        assert digits <= 200, value
        scaled = value * 10**digits
    sign = "-" if value < 0 else ""
    text = str(abs(scaled.numerator)).rjust(digits + 1, "0")
    return sign + (text[:-digits] + "." + text[-digits:] if digits else text)


def significant(value, digits=12):
    """A fraction rounded to significant digits, half to even, as plain text (spec F27)."""
    context = Context(prec=digits, rounding=ROUND_HALF_EVEN)
    return plain(Fraction(context.divide(Decimal(value.numerator), Decimal(value.denominator))))


def to_cent(value):
    """Fees and funding: 8 decimals, half to even (spec Q4)."""
    return Fraction(round(value * 10**8), 10**8)


def microseconds(text):
    """ISO 8601 in UTC to microseconds since the epoch."""
    moment = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=EPOCH.tzinfo)
    return (moment - EPOCH) // timedelta(microseconds=1)


def iso(time):
    """Microseconds since the epoch to ISO 8601 with Z."""
    moment = EPOCH + timedelta(microseconds=time)
    return moment.replace(tzinfo=None).isoformat() + "Z"


def day_of(time):
    return time // UNITS["d"]


def duration_name(span):
    """3_600_000_000 is "1h"."""
    for unit, size in UNITS.items():
        if span % size == 0:
            return f"{span // size}{unit}"
    return f"{span}us"


def duration(text):
    """ "4h" is 14_400_000_000."""
    return int(text[:-1]) * UNITS[text[-1]]


def toward_zero_profit(value, direction):
    """A take-profit rounds toward the entry: down for a long, up for a short (spec Q3)."""
    return math.floor(value) if direction > 0 else math.ceil(value)


def toward_market(value, direction):
    """A stop rounds nearer to the market: up for a long, down for a short (spec Q3)."""
    return math.ceil(value) if direction > 0 else math.floor(value)

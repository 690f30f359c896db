"""Durations as people write them: `90m`, `4h`, `1d12h`, ISO 8601 `PT4H`, or a number of seconds."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from exitbrain.config.written import NUMBER, exact_number
from exitbrain.errors import InvalidInput

ACCEPTED = "a duration such as 90m, 4h, 1d12h, PT4H, or seconds"

_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_SHORT = re.compile(rf"(?:{_NUMBER}w)?(?:{_NUMBER}d)?(?:{_NUMBER}h)?(?:{_NUMBER}m)?(?:{_NUMBER}s)?", re.ASCII)
_ISO = re.compile(
    rf"P(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?", re.ASCII
)
_UNITS = (("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def duration_of(value: object) -> timedelta:
    seconds = _seconds(value)
    if seconds is None or not 0 < seconds <= 10**10:
        raise InvalidInput("no duration", accepted=ACCEPTED)
    microseconds = seconds * 1_000_000
    if microseconds.denominator != 1:
        raise InvalidInput("a duration finer than microseconds", accepted=ACCEPTED)
    return timedelta(microseconds=int(microseconds))


def _seconds(value: object) -> Fraction | None:
    if isinstance(value, timedelta):
        return Fraction(value // timedelta(microseconds=1), 1_000_000)
    if isinstance(value, str):
        word = value.strip()
        if NUMBER.fullmatch(word):
            return Fraction(Decimal(str(exact_number(word))))
        match = _ISO.fullmatch(word.upper()) or _SHORT.fullmatch(word.lower().replace(" ", ""))
        if match is None or not any(match.groups()):
            return None
        return sum((Fraction(count) * unit for count, (_, unit) in zip(match.groups(), _UNITS) if count), Fraction(0))
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return Fraction(Decimal(str(value))) if Decimal(str(value)).is_finite() else None


def duration_word(duration: timedelta) -> str:
    """`1d12h`, `90.5s`: the units from days down, seconds with what is below them."""
    rest, word = duration // timedelta(microseconds=1), ""
    for letter, seconds in _UNITS[1:4]:
        count, rest = divmod(rest, seconds * 1_000_000)
        word += f"{count}{letter}" if count else ""
    if rest:
        word += f"{format(Decimal(rest).scaleb(-6).normalize(), 'f')}s"
    return word

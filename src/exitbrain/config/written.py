"""Scalars as they are written: exact numbers, and unquoted YAML words whose type their reader decides.

YAML guesses a type for `on`, `007`, `1e-4` or `1:30`, each version differently. Here an unquoted word stays text
(`Plain`) until a field asks for it: a number field reads `007` as 7, a text field as "007", a switch `on` as true.
"""

from __future__ import annotations

import re
from decimal import Decimal

from exitbrain.errors import InvalidInput

NUMBER = re.compile(r"[-+]?(?:\d+(?:_\d+)*(?:\.(?:\d+(?:_\d+)*)?)?|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
MOST_DIGITS = 1000
WIDEST_EXPONENT = 400

TRUE_WORDS = ("true", "yes", "on")
FALSE_WORDS = ("false", "no", "off")
NULL_WORDS = ("", "~", "null", "Null", "NULL")


class Plain(str):
    """An unquoted YAML word, or the text of an environment variable."""

    __slots__ = ()


def exact_number(text: str) -> int | float | Decimal:
    """The decimal that is written: an int, a float where its repr is that decimal, else a Decimal (spec Q5)."""
    digits = text.replace("_", "")
    if len(digits) > MOST_DIGITS:
        raise InvalidInput(f"a number of {len(digits)} characters", accepted=f"at most {MOST_DIGITS}")
    mantissa, _, exponent = digits.lower().partition("e")
    if len(exponent.lstrip("+-0")) > 5:
        raise InvalidInput(f"number {shortened(text)}", accepted=f"an exponent within ±{WIDEST_EXPONENT}")
    value = Decimal(digits)
    if value and abs(value.adjusted()) > WIDEST_EXPONENT:
        raise InvalidInput(f"number {shortened(text)}", accepted=f"an exponent within ±{WIDEST_EXPONENT}")
    if not exponent and "." not in mantissa:
        return int(digits)
    if not value:
        return 0.0
    nearest = float(digits)
    return nearest if Decimal(repr(nearest)) == value else value


def exact_decimal(value: int | float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def truth(word: str) -> bool | None:
    """What a switch means by a word, None where it is no such word."""
    folded = word.strip().lower()
    return True if folded in TRUE_WORDS else False if folded in FALSE_WORDS else None


def resolved(content: object) -> object:
    """Plain Python values: each unquoted word as a number, true or false, else text (`on` and `007` stay text)."""
    if isinstance(content, dict):
        return {key: resolved(value) for key, value in content.items()}
    if isinstance(content, list):
        return [resolved(value) for value in content]
    if not isinstance(content, Plain):
        return content
    if content.lower() in ("true", "false"):
        return content.lower() == "true"
    unsigned = content.lstrip("+-")
    if NUMBER.fullmatch(content) and not (len(unsigned) > 1 and unsigned[0] == "0" and unsigned[1].isdigit()):
        return exact_number(content)
    return str(content)


def shortened(text: str, most: int = 60) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def shown(value: object) -> str:
    """A value as a message names it."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case Plain():
            return shortened(value) or "empty"
        case str():
            return f"'{shortened(value)}'"
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case _:
            return shortened(str(value))

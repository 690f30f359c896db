"""Timeframe words: `15m`, `4h`, `1d`, `1w` as microseconds, the unit of all times inside."""

from __future__ import annotations

import re

from exitbrain.errors import InvalidInput, Problem

SECOND = 1_000_000
UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND, "w": 7 * 86_400 * SECOND}
PATTERN = r"[1-9][0-9]{0,3}[smhdw]"
ACCEPTED = "a timeframe such as 1m, 15m, 1h, 4h, 1d or 1w"


def timeframe_microseconds(word: object, name: str = "timeframe") -> int:
    if not isinstance(word, str) or not re.fullmatch(PATTERN, word):
        raise InvalidInput(Problem(found=f"{name} is {word!r}", accepted=ACCEPTED, at=(name,)))
    return int(word[:-1]) * UNITS[word[-1]]


def timeframe_word(microseconds: int) -> str:
    """The shortest word of a span, in microseconds where no unit fits: `4h`, `90m`, `1d`."""
    for unit in ("w", "d", "h", "m", "s"):
        count, rest = divmod(microseconds, UNITS[unit])
        if count and not rest:
            return f"{count}{unit}"
    return f"{microseconds}us"

"""What `json` reads in silence and nobody meant: a key that stands twice, half of a surrogate pair.

json.loads(text, object_pairs_hook=object_of)
"""

from __future__ import annotations

import json
import re
from typing import Any

_HALF = re.compile(r"\\u[dD][89a-fA-F]")


class Repeating(dict[str, Any]):
    """An object with the first key that it repeats."""

    __slots__ = ("key",)
    key: str


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    names = [name for name, _ in pairs]
    repeating = Repeating(made)
    repeating.key = next(name for place, name in enumerate(names) if name in names[:place])
    return repeating


def has_half_a_pair(text: str, content: object) -> bool:
    """Whether a string of this JSON holds half of a surrogate pair, which no file and no terminal can show."""
    if _HALF.search(text) is None:
        return False
    try:
        json.dumps(content, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return True
    return False


def repeated_key(value: object) -> str | None:
    return value.key if isinstance(value, Repeating) else None

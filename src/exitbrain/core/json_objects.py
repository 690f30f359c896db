"""Objects of JSON in which a key stands twice: `json` keeps the last in silence, and nobody meant that.

json.loads(text, object_pairs_hook=object_of)
"""

from __future__ import annotations

from typing import Any


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


def repeated_key(value: object) -> str | None:
    return value.key if isinstance(value, Repeating) else None

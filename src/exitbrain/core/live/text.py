"""States, events and effects as canonical JSON: the same value always gives the same text, so that texts can be hashed.

A dataclass is an object whose key "" names it; fields that hold their default are left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import cache
from typing import Any

from exitbrain.core.live import book, events, orders
from exitbrain.core.market import Instrument
from exitbrain.errors import InvalidInput

_CLASSES: dict[str, type] = {
    name: one
    for module in (book, events, orders)
    for name, one in vars(module).items()
    if isinstance(one, type) and one.__module__ == module.__name__ and (is_dataclass(one) or issubclass(one, Enum))
} | {"Instrument": Instrument}


def canonical(value: object) -> str:
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def read(text: str) -> Any:
    """The value that `canonical` wrote; InvalidInput for what is none."""
    try:
        return _value(json.loads(text))
    except (ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise InvalidInput(f"journal text that cannot be read: {error}", accepted="what this version writes") from None


def _default(one: Field[Any]) -> object:
    if one.default_factory is not MISSING:
        return one.default_factory()
    return one.default


@cache
def _told(one: type) -> tuple[tuple[str, object], ...]:
    """Names and defaults of the fields that are written."""
    assert is_dataclass(one)
    return tuple((part.name, _default(part)) for part in fields(one) if "derived" not in part.metadata)


def _plain(value: object) -> object:
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, Enum):
        return {"": type(value).__name__, "is": value.value}
    if isinstance(value, Fraction):
        return {"": "Fraction", "is": str(value)}
    if isinstance(value, Decimal):
        return {"": "Decimal", "is": str(value)}
    if is_dataclass(value) and not isinstance(value, type):
        made: dict[str, object] = {"": type(value).__name__}
        for name, default in _told(type(value)):
            part = getattr(value, name)
            if part is not default and part != default:
                made[name] = _plain(part)
        return made
    if isinstance(value, Mapping):
        # In the order of its keys: rules go through orders in it, and so it is a part of the state.
        return {"": "dict", "is": [[_plain(key), _plain(part)] for key, part in value.items()]}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, frozenset):
        return {"": "frozenset", "is": sorted((_plain(part) for part in value), key=json.dumps)}
    assert value is None or isinstance(value, str | int | bool), value
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_value(part) for part in plain)
    if not isinstance(plain, dict):
        return plain
    name = plain[""]
    if name == "Fraction":
        return Fraction(plain["is"])
    if name == "Decimal":
        return Decimal(plain["is"])
    if name == "dict":
        return {_value(key): _value(part) for key, part in plain["is"]}
    if name == "frozenset":
        return frozenset(_value(part) for part in plain["is"])
    made = _CLASSES[name]
    if issubclass(made, Enum):
        return made(plain["is"])
    parts = {key: _value(part) for key, part in plain.items() if key}
    if made is book.Book and "walk" in parts:
        parts["walk"] = list(parts["walk"])  # the one list: core.walk writes into it
    return made(**parts)

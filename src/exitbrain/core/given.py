"""What a program hands to a public function: refused in words where it is of another kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from exitbrain.errors import InvalidInput

T = TypeVar("T")
PRINTABLE = "printable text that is not blank"


def of_kind(value: object, kind: type[T], name: str, accepted: str | None = None) -> T:
    if not isinstance(value, kind):
        raise InvalidInput(f"{name} is {described(value)}", accepted=accepted or kind.__name__)
    return value


def several(values: object, kind: type[T], name: str) -> tuple[T, ...]:
    """A list, a generator or the like, all of one kind. Text and mappings are no lists."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise InvalidInput(f"{name} is {described(values)}", accepted=f"a list of {kind.__name__}")
    return tuple(of_kind(value, kind, f"{name}[{number}]") for number, value in enumerate(values))


def is_name(value: object) -> bool:
    """Text to call a thing by: it stands in tables and logs, so it holds no control, format or bidi characters."""
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def word(value: object, name: str) -> str:
    return of_kind(value, str, name, "text")


def described(value: object) -> str:
    """None, a short text as it is, or what kind of thing it is: a repr may be long."""
    if value is None or (isinstance(value, str | int | float) and len(repr(value)) <= 40):
        return repr(value)
    return f"a value of type {type(value).__name__}"

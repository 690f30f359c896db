"""Frozen values made quickly, where a run makes tens of thousands of them.

The `__init__` of a frozen dataclass sets each field through `object.__setattr__`, most of the time that a value takes.
A class with the same slots that is not frozen sets them directly, and then the value is given its own class: what
comes out is the same object in every respect. Checks (`__post_init__`) are not run, and defaults are not filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, make_dataclass
from typing import Any, TypeVar

Value = TypeVar("Value")


def maker(kind: type[Value]) -> Callable[..., Value]:
    """What makes a `kind`, a frozen dataclass with slots, of all its fields by name."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    unfrozen: Any = make_dataclass(kind.__name__, names, slots=True, kw_only=True)

    def make(**values: Any) -> Value:
        value = unfrozen(**values)
        value.__class__ = kind
        return value  # type: ignore[no-any-return]

    return make

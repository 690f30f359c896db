"""What goes over the wire, before it is signed and after it came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    signed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`status` 0: no answer came, so that nothing is known. `body` is parsed JSON, None where it is none."""

    status: int = 0
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


NO_REPLY = Reply()

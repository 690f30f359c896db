"""Texts checked before anything runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exitbrain.api.models.shapes import Answer, Asked

CheckedKind = Literal["plan", "profiles", "config", "entries", "policy"]


class ValidateRequest(Asked):
    kind: CheckedKind
    text: str = Field(max_length=900_000)


class Finding(Answer):
    severity: Literal["error", "warning", "note"]
    code: str | None = Field(description="A word for the kind of finding, where the linter has one.")
    message: str
    accepted: str | None
    line: int | None
    column: int | None


class Validated(Answer):
    valid: bool = Field(description="No finding is an error.")
    problems: list[Finding]


class Health(Answer):
    status: Literal["ok"]
    version: str


class MonitorHealth(Answer):
    mode: str
    heartbeat_age: float
    naked: int | None


class Readiness(Answer):
    status: Literal["ready"]
    version: str
    queued: int
    running: int
    monitor: MonitorHealth | None = Field(None, description="null where none has begun, or the last has ended.")

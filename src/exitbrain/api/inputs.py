"""What a request for a run may name where the server can be reached from other machines: no file of this one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request

from exitbrain.api.problems import Refused

NAMED = ("candles", "detail")
PATHS = ("funding", "quotes")
WRITTEN = ("plan", "profiles", "config", "entries")
BUILT_IN = "emergency-only"
ACCEPTED = "on a server that other machines reach: a name of /api/candles, content or text, no path"


def refuse_paths_from_afar(request: Request, given: Mapping[str, Any]) -> None:
    """A path would let a token that may start runs look into any file of the server's user."""
    if not request.app.state.remote:
        return
    names = {one["name"] for one in request.app.state.workbench.candle_names()}
    errors = [{"field": field, "message": "a path", "accepted": ACCEPTED} for field in _paths(given, names)]
    if errors:
        raise Refused(422, f"{errors[0]['field']} is a path; accepted: {ACCEPTED}", errors)


def _paths(given: Mapping[str, Any], names: set[str]) -> Iterator[str]:
    for field in NAMED:
        held = given.get(field)
        if any(one not in names for one in (held if isinstance(held, list) else [held]) if one is not None):
            yield field
    yield from (field for field in PATHS if given.get(field) is not None)
    yield from (field for field in WRITTEN if _is_path(given.get(field)))
    for number, policy in enumerate(given.get("policies") or ()):
        if isinstance(policy, Mapping):
            yield from (f"policies.{number}.{field}" for field in WRITTEN if _is_path(policy.get(field)))
        elif policy != BUILT_IN and _is_path(policy):
            yield f"policies.{number}"


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and "\n" not in value

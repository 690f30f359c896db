"""schemathesis drives the application by its own OpenAPI: no 5xx, no undocumented answer, no mutation without a token.

EXITBRAIN_SCHEMATHESIS_EXAMPLES sets how many examples an operation gets; the suite takes few.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from exitbrain.api.serving import application

from .worlds import World, copied

schemathesis = pytest.importorskip("schemathesis")

ENDLESS = "/api/stream"  # tests/api/test_live.py follows it over a real server
EXAMPLES = int(os.environ.get("EXITBRAIN_SCHEMATHESIS_EXAMPLES", "2"))
SETTINGS: dict[str, Any] = {
    "seed": 1,
    "continue-on-failure": True,
    "generation": {"max-examples": EXAMPLES, "deterministic": True, "mode": "all"},
    "phases": {"stateful": {"generation": {"max-examples": EXAMPLES}}},
    "checks": {
        # A name that is none, a time that is none: no schema can tell, so valid data may be refused, with 422.
        "positive_data_acceptance": {"enabled": False},
        # Without a token another method is answered 401 before any route is asked which methods it has.
        "unsupported_method": {"enabled": False},
    },
}


def test_the_api_answers_as_it_says(world: World, tmp_path: Path) -> None:
    with copied(world, tmp_path / "home") as own:
        _walk(own)


def _walk(world: World) -> None:
    from schemathesis.config import SchemathesisConfig
    from schemathesis.engine import events, from_schema
    from schemathesis.python import asgi

    token = world.admin["Authorization"].removeprefix("Bearer ")
    config = SchemathesisConfig.from_dict(SETTINGS | {"auth": {"openapi": {"token": {"bearer": token}}}})
    app = application(world.bench, world.access(hosts=frozenset({asgi.HOST})))
    whole = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    schema = whole.exclude(path=ENDLESS)
    failures, phases, operations = set(), set(), set()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            phases.add(event.phase.name)
            operations.add(event.label)
            failures.update(_failures(event))
        elif isinstance(event, events.NonFatalError | events.FatalError):
            failures.add(str(vars(event) if hasattr(event, "__dict__") else event))
    assert not failures, "\n".join(sorted(failures))
    assert phases == {"EXAMPLES", "COVERAGE", "FUZZING", "STATEFUL_TESTING"}
    assert len(operations) >= len(schema.raw_schema["paths"]) - 1


def _failures(event: Any) -> set[str]:
    told = set()
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                made = event.recorder.interactions[case_id].request
                told.add(f"{event.label} {check.name}: {check.failure_info.failure} ({made.method} {made.uri[:300]})")
    return told

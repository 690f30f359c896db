"""Live events and changed positions as server-sent events, as they happen.

Each who looks on asks the store a few times a second. A `live` event of the stream says what changed; those of the
monitor itself come one by one, with their number as id, and go on after Last-Event-ID.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from exitbrain.api.following import HEADERS, MOST_STREAMS, EventStream, counted, streams_open
from exitbrain.api.models.live import LiveChange, LiveEvent
from exitbrain.api.problems import Refused
from exitbrain.errors import ExitBrainError
from exitbrain.store import LiveEventQuery
from exitbrain.wiring.live.operating import Operator

LOOKED_EVERY = 0.5
QUIET_ROUNDS = 20
MOST_EVENTS = 500
EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"enum": ["live", "event"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {
                "anyOf": [
                    {"$ref": "#/components/schemas/LiveChange"},
                    {"$ref": "#/components/schemas/LiveEvent"},
                ]
            },
        },
    },
}
EVENTS = {"content": {"text/event-stream": {"schema": EVENT}}}


def live_state(operator: Operator) -> dict[str, Any]:
    return {"monitor": operator.store.monitor(), "latch": operator.latch(), "kill": operator.killed()}


async def live_stream(operator: Operator, after: int | None) -> Response:
    first = await run_in_threadpool(operator.store.last_live_event) if after is None else after
    if streams_open() >= MOST_STREAMS:
        raise Refused(503, f"{MOST_STREAMS} watch already", headers={"Retry-After": "5"})
    return EventStream(counted(_events(operator, first)), headers=HEADERS)


async def _events(operator: Operator, after: int) -> AsyncIterator[str]:
    seen: dict[str, Any] = {}
    told, quiet = "", 0
    while True:
        try:
            state, positions, events = await run_in_threadpool(_look, operator, after)
        except ExitBrainError:
            return  # the browser asks again, and is then told what is wrong
        changed = [one for key, one in positions.items() if seen.get(key) != one]
        gone = [key for key in seen if key not in positions]
        said = _said(state)
        if changed or gone or said != told:
            shape = LiveChange.model_validate({"state": state, "positions": changed, "gone": gone})
            yield f"event: live\ndata: {shape.model_dump_json()}\n\n"
        for one in events:
            yield f"id: {one['seq']}\nevent: event\ndata: {LiveEvent.model_validate(one).model_dump_json()}\n\n"
            after = one["seq"]
        quiet = 0 if changed or gone or events or said != told else quiet + 1
        seen, told = positions, said
        if quiet >= QUIET_ROUNDS:
            yield ": still here\n\n"
            quiet = 0
        if len(events) < MOST_EVENTS:
            await asyncio.sleep(LOOKED_EVERY)


def _said(state: dict[str, Any]) -> str:
    """Without what changes by itself."""
    monitor = state["monitor"]
    heard = None if monitor is None else {name: monitor[name] for name in monitor if name != "heartbeat_age"}
    return json.dumps([heard, state["latch"], state["kill"]])


def _look(operator: Operator, after: int) -> tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]:
    store = operator.store
    positions = {one["key"]: one for one in store.live_positions()}
    return live_state(operator), positions, store.live_events(LiveEventQuery(after=after, limit=MOST_EVENTS))

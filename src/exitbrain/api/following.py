"""A run's progress as server-sent events, from any event on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from exitbrain.api.models.runs import ProgressEvent
from exitbrain.api.problems import Refused
from exitbrain.errors import InvalidInput

FINAL = ("done", "failed", "cancelled", "interrupted")
WAITED_SECONDS = 0.2
QUIET_ROUNDS = 50
MOST_STREAMS = 100
_open: set[object] = set()  # of this process
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string"},
        "event": {"const": "progress"},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"$ref": "#/components/schemas/ProgressEvent"},
        },
    },
}
EVENTS = {"content": {"text/event-stream": {"schema": EVENT}}}


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


async def progress_stream(bench: Any, run_id: str, after: int) -> Response:
    row = await run_in_threadpool(bench.store.run, run_id)
    missed = await run_in_threadpool(bench.progress_since, run_id, after, 0.0)
    if not missed and row["status"] in FINAL:
        # An EventSource that is told 204 does not ask again.
        return Response(status_code=204)
    if len(_open) >= MOST_STREAMS:
        raise Refused(503, f"{MOST_STREAMS} watch already", headers={"Retry-After": "5"})
    return EventStream(counted(_events(bench, run_id, after, missed)), headers=HEADERS)


def streams_open() -> int:
    return len(_open)


async def counted(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """Counted while it is sent, whether it ends, breaks off or is left."""
    mine = object()
    _open.add(mine)
    try:
        async for event in events:
            yield event
    finally:
        _open.discard(mine)


async def _events(bench: Any, run_id: str, after: int, missed: list[Any]) -> AsyncIterator[str]:
    quiet = 0
    while True:
        for one in missed:
            error = (await run_in_threadpool(bench.store.run, run_id))["error"] if one.status == "failed" else None
            yield _event(one.seq, _shape(run_id, one, error))
            after = one.seq
            if one.status in FINAL:
                return
        # Asked again and again, since a thread that waits for each who looks on would leave none for the others.
        await asyncio.sleep(WAITED_SECONDS)
        try:
            missed = await run_in_threadpool(bench.progress_since, run_id, after, 0.0)
        except InvalidInput:
            return  # the run was deleted
        quiet = 0 if missed else quiet + 1
        if quiet >= QUIET_ROUNDS:
            # Keeps what stands between from closing an idle line, and finds out who has left.
            yield ": still here\n\n"
            quiet = 0


def _shape(run_id: str, one: Any, error: str | None) -> ProgressEvent:
    return ProgressEvent(
        run_id=run_id, status=one.status, stage=one.stage or one.status, share=one.share, overall=one.overall, detail=one.detail,
        error=error,
    )  # fmt: skip


def _event(number: int, one: ProgressEvent) -> str:
    return f"id: {number}\nevent: progress\ndata: {one.model_dump_json()}\n\n"

"""A run's progress as server-sent events, from any event on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from exitbrain.api.models.runs import ProgressEvent

FINAL = ("done", "failed", "cancelled", "interrupted")
WAITED_SECONDS = 1.0
QUIET_ROUNDS = 10
EVENTS = {"content": {"text/event-stream": {"schema": {"type": "string"}}}}


class EventStream(StreamingResponse):
    media_type = "text/event-stream"


async def progress_stream(bench: Any, run_id: str, after: int) -> Response:
    row = await run_in_threadpool(bench.store.run, run_id)
    missed = await run_in_threadpool(bench.progress_since, run_id, after, 0.0)
    if row["status"] in FINAL and not missed:
        if after:
            # An EventSource that is told 204 does not ask again.
            return Response(status_code=204)
        missed = [await run_in_threadpool(bench.progress, run_id)]
        if missed == [None]:
            return EventStream(iter([_event(1, _final(row))]), headers=HEADERS)
    return EventStream(_events(bench, row, after, missed), headers=HEADERS)


HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def _events(bench: Any, row: dict[str, Any], after: int, missed: list[Any]) -> AsyncIterator[str]:
    run_id, quiet = row["run_id"], 0
    while True:
        for one in missed:
            error = (await run_in_threadpool(bench.store.run, run_id))["error"] if one.status == "failed" else None
            yield _event(one.seq, _shape(run_id, one, error))
            after = one.seq
            if one.status in FINAL:
                return
        missed = await run_in_threadpool(bench.progress_since, run_id, after, WAITED_SECONDS)
        quiet = 0 if missed else quiet + 1
        if quiet >= QUIET_ROUNDS:
            # Keeps what stands between from closing an idle line, and finds out who has left.
            yield ": still here\n\n"
            quiet = 0


def _shape(run_id: str, one: Any, error: str | None) -> ProgressEvent:
    return ProgressEvent(
        run_id=run_id, status=one.status, stage=one.stage, share=one.share, overall=one.overall, detail=one.detail,
        error=error,
    )  # fmt: skip


def _final(row: dict[str, Any]) -> ProgressEvent:
    whole = 1.0 if row["status"] == "done" else 0.0
    return ProgressEvent(
        run_id=row["run_id"], status=row["status"], stage=row["status"], share=whole, overall=whole, detail=None,
        error=row["error"],
    )  # fmt: skip


def _event(number: int, one: ProgressEvent) -> str:
    return f"id: {number}\nevent: progress\ndata: {one.model_dump_json()}\n\n"

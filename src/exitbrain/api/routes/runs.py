"""Starting runs, following them, and the list of what the store holds."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from exitbrain.api.answers import keep
from exitbrain.api.asked import Bench, PageNumber, PageSize, RunId, Text
from exitbrain.api.following import EVENTS, EventStream, progress_stream
from exitbrain.api.inputs import refuse_paths_from_afar
from exitbrain.api.models.runs import RunAccepted, RunDetail, RunPage, RunRequest, Status
from exitbrain.api.problems import documented
from exitbrain.api.run_rows import accepted, run_detail, run_page

router = APIRouter(prefix="/api/runs", tags=["runs"])

RunSort = Literal[
    "created_at", "-created_at", "finished_at", "-finished_at", "status", "-status", "timeframe", "-timeframe",
    "num_sets", "-num_sets", "net_pnl", "-net_pnl", "net_r", "-net_r", "win_rate", "-win_rate", "max_drawdown",
    "-max_drawdown", "run_id", "-run_id",
]  # fmt: skip


@router.post("", status_code=202, operation_id="start_run", responses=documented(503))
def start_run(
    asked: RunRequest,
    bench: Bench,
    request: Request,
    response: Response,
    again: Annotated[bool, Query(description="Compute it again, though the same run is done.")] = False,
) -> RunAccepted:
    """Queue a run. The same inputs are the same run: one that is done stays done, unless `again`."""
    given = asked.model_dump(exclude_unset=True)
    refuse_paths_from_afar(request, given)
    submitted = bench.submit(given, again=again)
    response.headers["Location"] = f"/api/runs/{submitted.run_id}"
    return accepted(submitted)


@router.get("", operation_id="list_runs")
def list_runs(
    bench: Bench,
    status: Annotated[list[Status], Query()] = [],  # noqa: B006
    symbol: Text = None,
    q: Text = None,
    kind: Literal["backtest", "compare"] = "backtest",
    sort: RunSort = "-created_at",
    page: PageNumber = 1,
    page_size: PageSize = 50,
) -> RunPage:
    """`q` looks into id, label, symbols and names of inputs."""
    return run_page(bench, status=status, symbol=symbol, q=q, kind=kind, sort=sort, page=page, page_size=page_size)


@router.get("/{run_id}", operation_id="read_run", responses=documented(404))
def read_run(run_id: RunId, bench: Bench, request: Request, response: Response) -> RunDetail:
    row = bench.store.run(run_id)
    keep(request, response, row)
    return run_detail(bench, row)


@router.delete(
    "/{run_id}",
    status_code=204,
    response_class=Response,  # no body, and so no type of one
    operation_id="delete_run",
    responses=documented(404, 409),
)
def delete_run(run_id: RunId, bench: Bench) -> None:
    """Remove a run with its files. One that is queued or running has to be cancelled first."""
    bench.delete(run_id)


@router.post("/{run_id}/cancel", status_code=202, operation_id="cancel_run", responses=documented(404, 409))
def cancel_run(run_id: RunId, bench: Bench) -> RunAccepted:
    """Stop a run; nothing half-written is kept. One that is over stays what it is."""
    return RunAccepted(run_id=run_id, status=bench.cancel(run_id), location=f"/api/runs/{run_id}")


@router.get(
    "/{run_id}/progress",
    operation_id="follow_run",
    response_class=EventStream,
    responses={
        200: {"description": "Events of ProgressEvent, the last with a final status.", **EVENTS},
        204: {"description": "The last event was seen already: there is nothing more."},
        **documented(404),
    },
)
async def follow_run(
    run_id: RunId,
    bench: Bench,
    last_event_id: Annotated[str | None, Header(max_length=40, pattern=r"^[0-9]*$")] = None,
) -> Response:
    """Server-sent events `progress` with ids from 1; resumes after Last-Event-ID."""
    return await progress_stream(bench, run_id, int(last_event_id or 0))

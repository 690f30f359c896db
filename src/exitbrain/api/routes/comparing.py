"""Runs laid beside each other, and policies run on the same entries."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from exitbrain.api.asked import Bench, RunId
from exitbrain.api.comparing import compared_runs, policy_comparison
from exitbrain.api.inputs import refuse_paths_from_afar
from exitbrain.api.models.comparing import ComparedRuns, CompareRequest, PolicyComparison
from exitbrain.api.models.runs import RunAccepted
from exitbrain.api.problems import documented
from exitbrain.api.run_rows import accepted

router = APIRouter(prefix="/api/compare", tags=["compare"])


@router.get("", operation_id="compare_runs", responses=documented(404, 409, 503))
def compare_runs(
    bench: Bench,
    runs: Annotated[str, Query(max_length=900, pattern=r"^[A-Za-z0-9_.,-]+$", description="2 to 10 ids, by comma.")],
    points: Annotated[int, Query(ge=10, le=20_000)] = 2000,
) -> ComparedRuns:
    """Curves on one axis of time, sets paired by entry with intervals, and the settings that differ."""
    return compared_runs(bench, runs, points)


@router.post("", status_code=202, operation_id="start_comparison", responses=documented(503))
def start_comparison(
    asked: CompareRequest,
    bench: Bench,
    request: Request,
    response: Response,
    again: Annotated[bool, Query(description="Compute it again, though the same comparison is done.")] = False,
) -> RunAccepted:
    """Queue a comparison of policies: a job like a run, followed and cancelled like one."""
    given = asked.model_dump(exclude_unset=True)
    refuse_paths_from_afar(request, given)
    submitted = bench.submit({"kind": "compare"} | given, again=again)
    response.headers["Location"] = f"/api/runs/{submitted.run_id}"
    return accepted(submitted)


@router.get("/{run_id}", operation_id="read_comparison", responses=documented(404, 409))
def read_comparison(run_id: RunId, bench: Bench) -> PolicyComparison:
    """A finished comparison of policies."""
    return policy_comparison(bench, run_id)

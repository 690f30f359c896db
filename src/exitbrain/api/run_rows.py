"""Rows of the store as the shapes of runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import FileResponse

from exitbrain.api.models.runs import Progress, RunAccepted, RunDetail, RunPage, RunSummary
from exitbrain.api.problems import Refused
from exitbrain.errors import InvalidInput, Problem

LIVE = ("queued", "running")


def accepted(submitted: Any) -> RunAccepted:
    return RunAccepted(run_id=submitted.run_id, status=submitted.status, location=f"/api/runs/{submitted.run_id}")


def run_page(bench: Any, *, status: list[str], **asked: Any) -> RunPage:
    from exitbrain.store import RunQuery

    page = bench.store.runs(RunQuery(status=tuple(status), **asked))
    return RunPage(
        items=[RunSummary.model_validate(_with_progress(bench, row)) for row in page.rows],
        page=page.page,
        page_size=page.page_size,
        total=page.total,
        facets=page.facets,
    )


def run_detail(bench: Any, row: Mapping[str, Any]) -> RunDetail:
    held = row["has_results"]
    run_id = row["run_id"]
    more = {
        "run": bench.store.description(run_id) if held else None,
        "metrics": bench.store.metrics(run_id) if held else None,
        "files": bench.store.files(run_id) if held else [],
    }
    return RunDetail.model_validate(_with_progress(bench, row) | more)


def _with_progress(bench: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    newest = bench.progress(row["run_id"]) if row["status"] in LIVE else None
    progress = None
    if newest is not None:
        progress = Progress(
            stage=newest.stage or newest.status, share=newest.share, overall=newest.overall, detail=newest.detail
        )
    return dict(row) | {"progress": progress}


def backtest_row(bench: Any, run_id: str) -> dict[str, Any]:
    """A run that has sets, bars and decisions of its own: a comparison holds those of each policy among its files."""
    row: dict[str, Any] = bench.store.run(run_id)
    if row["kind"] != "backtest":
        raise Refused(404, f"run {run_id} is a comparison of policies; its runs are among its files")
    return row


def known_symbol(row: Mapping[str, Any], symbol: str | None) -> str:
    """The one asked for, or the run's only one; InvalidInput where that is none of the run's."""
    symbols = list(row["symbols"])
    if symbol is None and len(symbols) == 1:
        return str(symbols[0])
    if symbol not in symbols:
        found = "no symbol for a run of several" if symbol is None else f"symbol is {symbol!r}"
        raise InvalidInput(Problem(found=found, accepted=f"one of {', '.join(symbols)}", at=("symbol",)))
    return symbol


REPORT = "report.html"
# A page of its own, with its script and data inlined; the sandbox keeps it from the session of this origin.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads allow-popups"
)


def report_page(bench: Any, run_id: str) -> FileResponse:
    if REPORT not in {one["name"] for one in bench.store.files(run_id)}:
        raise Refused(404, "the run has no report")
    headers = {"Content-Security-Policy": REPORT_POLICY}
    return FileResponse(bench.file(run_id, REPORT), media_type="text/html", headers=headers)


def run_file(bench: Any, run_id: str, name: str, headers: Mapping[str, str]) -> FileResponse:
    if name not in {one["name"] for one in bench.store.files(run_id)}:
        raise Refused(404, f"the run has no file {name!r}")
    path = bench.file(run_id, name)
    # Never shown in our own origin: report.html is a whole page with its own script.
    return FileResponse(path, media_type="application/octet-stream", filename=path.name, headers=dict(headers))

"""What a finished run measured: figures, curves, candles and its files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import FileResponse, HTMLResponse

from exitbrain.api.answers import keep
from exitbrain.api.asked import PRINTABLE, Bench, From, RunId, Text, To, instant
from exitbrain.api.charts import candle_columns, equity_points
from exitbrain.api.models.runs import Results
from exitbrain.api.models.series import Candles, Equity
from exitbrain.api.problems import documented
from exitbrain.api.results import run_results
from exitbrain.api.run_rows import backtest_row, report_page, run_file

router = APIRouter(prefix="/api/runs/{run_id}", tags=["results"], responses=documented(404, 409))

MOST_CANDLES = 20_000
FileName = Annotated[str, Path(max_length=200, pattern=PRINTABLE)]


@router.get("/results", operation_id="read_results")
def read_results(run_id: RunId, bench: Bench, request: Request, response: Response) -> Results:
    keep(request, response, backtest_row(bench, run_id))
    return run_results(bench, run_id)


@router.get("/equity", operation_id="read_equity")
def read_equity(
    run_id: RunId,
    bench: Bench,
    request: Request,
    response: Response,
    points: Annotated[int, Query(ge=10, le=20_000, description="At most about so many.")] = 4000,
) -> Equity:
    keep(request, response, backtest_row(bench, run_id))
    return equity_points(bench, run_id, points)


@router.get("/candles", operation_id="read_candles", responses=documented(503))
def read_candles(
    run_id: RunId,
    bench: Bench,
    request: Request,
    response: Response,
    symbol: Text = None,
    from_: From = None,
    to: To = None,
    max_bars: Annotated[int, Query(ge=1, le=MOST_CANDLES, description="Bars are merged until they fit.")] = 5000,
) -> Candles:
    """`symbol` may be left out where the run has only one. 503 where the run's candle file is gone or changed."""
    row = backtest_row(bench, run_id)
    keep(request, response, row)
    return candle_columns(bench, row, symbol, instant(from_, "from"), instant(to, "to"), max_bars)


@router.get(
    "/files/{name:path}",
    operation_id="read_file",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The file as it was written."}},
)
def read_file(run_id: RunId, name: FileName, bench: Bench, request: Request, response: Response) -> FileResponse:
    """One of the files that the run lists."""
    row = bench.store.run(run_id)
    keep(request, response, row)
    return run_file(bench, run_id, name, dict(response.headers))


@router.get(
    "/report",
    operation_id="read_report",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {}}, "description": "report.html, without any right of our own pages."}},
)
def read_report(run_id: RunId, bench: Bench) -> FileResponse:
    """The run's report as a page. It runs in a sandbox: it can ask nothing of this server."""
    bench.store.run(run_id)
    return report_page(bench, run_id)

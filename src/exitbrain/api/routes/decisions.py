"""Events, and the decisions behind them."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from exitbrain.api.answers import TABLE, keep
from exitbrain.api.asked import Bench, Format, From, PageNumber, PageSize, RunId, Text, To, Words, instant
from exitbrain.api.decisions import decision_page, event_page, explanation
from exitbrain.api.models.decisions import DecisionPage, EventPage, Explanation
from exitbrain.api.problems import documented
from exitbrain.api.run_rows import backtest_row

router = APIRouter(prefix="/api/runs/{run_id}", tags=["decisions"], responses=documented(404, 409))
across = APIRouter(prefix="/api/events", tags=["decisions"], responses=documented(404, 409))


@router.get("/events", operation_id="list_events", response_model=EventPage, responses=TABLE)
def list_events(
    run_id: RunId,
    bench: Bench,
    request: Request,
    response: Response,
    reason: Words = [],  # noqa: B006
    kind: Words = [],  # noqa: B006
    category: Words = [],  # noqa: B006
    symbol: Words = [],  # noqa: B006
    trigger: Words = [],  # noqa: B006
    set_id: Text = None,
    from_: From = None,
    to: To = None,
    page: PageNumber = 1,
    page_size: PageSize = 100,
    format: Format = None,
) -> EventPage | Response:
    """Block events, latch changes and plan notes in order of happening."""
    keep(request, response, backtest_row(bench, run_id))
    words = _words(reason, kind, category, symbol, trigger)
    times = {"time_from": instant(from_, "from"), "time_to": instant(to, "to")}
    return event_page(bench, (run_id,), words | times | {"set_id": set_id}, page, page_size, format)


@across.get("", operation_id="list_events_of_runs", response_model=EventPage, responses=TABLE)
def list_events_of_runs(
    bench: Bench,
    run: Words = [],  # noqa: B006
    reason: Words = [],  # noqa: B006
    kind: Words = [],  # noqa: B006
    category: Words = [],  # noqa: B006
    symbol: Words = [],  # noqa: B006
    trigger: Words = [],  # noqa: B006
    set_id: Text = None,
    from_: From = None,
    to: To = None,
    page: PageNumber = 1,
    page_size: PageSize = 100,
    format: Format = None,
) -> EventPage | Response:
    """Events of several runs, or of every finished one where none is named, in order of time."""
    words = _words(reason, kind, category, symbol, trigger)
    times = {"time_from": instant(from_, "from"), "time_to": instant(to, "to")}
    run_ids = tuple(dict.fromkeys(run))
    return event_page(bench, run_ids, words | times | {"set_id": set_id}, page, page_size, format)


def _words(
    reason: list[str], kind: list[str], category: list[str], symbol: list[str], trigger: list[str]
) -> dict[str, tuple[str, ...]]:
    return {
        "reason": tuple(reason),
        "kind": tuple(kind),
        "category": tuple(category),
        "symbol": tuple(symbol),
        "trigger_id": tuple(trigger),
    }


@router.get("/decisions", operation_id="list_decisions", response_model=DecisionPage, responses=TABLE)
def list_decisions(
    run_id: RunId,
    bench: Bench,
    request: Request,
    response: Response,
    set_id: Text = None,
    symbol: Text = None,
    outcome: Annotated[Literal["won", "lost", "blocked"] | None, Query()] = None,
    from_: From = None,
    to: To = None,
    page: PageNumber = 1,
    page_size: PageSize = 100,
    format: Format = None,
) -> DecisionPage | Response:
    """One row a candidate of a decision, in order of time."""
    keep(request, response, backtest_row(bench, run_id))
    asked = {"set_id": set_id, "symbol": symbol, "outcome": outcome}
    window = (instant(from_, "from"), instant(to, "to"))
    return decision_page(bench, run_id, asked, window, page, page_size, format)


@router.get("/decisions/{time}", operation_id="explain_decision")
def explain_decision(
    run_id: RunId,
    time: Annotated[str, Path(max_length=40, description="ISO 8601; the bar that contains it.")],
    bench: Bench,
    request: Request,
    response: Response,
    symbol: Text = None,
) -> Explanation:
    """Who asked, what each guard said, who won and who lost. `symbol` may be left out where the run has only one."""
    keep(request, response, backtest_row(bench, run_id))
    instant(time, "time")
    return explanation(bench, run_id, symbol, time)

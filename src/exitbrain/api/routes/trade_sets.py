"""TradeSets: the table, one set, and the deprecated pairs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from exitbrain.api.answers import TABLE, keep
from exitbrain.api.asked import Bench, Format, From, PageNumber, PageSize, RunId, SetId, Text, To, Words, instant
from exitbrain.api.models.shapes import Side
from exitbrain.api.models.trade_sets import PairedTradePage, TradeSetDetail, TradeSetPage
from exitbrain.api.problems import documented
from exitbrain.api.run_rows import backtest_row
from exitbrain.api.set_rows import paired_page, set_detail, set_page, set_query, sets_file

router = APIRouter(prefix="/api/runs/{run_id}", tags=["trade sets"], responses=documented(404, 409))
SetSort = Annotated[
    str, Query(max_length=60, pattern=r"^-?[a-z_]+$", description="A column; - before it for descending.")
]


@router.get("/trade_sets", operation_id="list_trade_sets", response_model=TradeSetPage, responses=TABLE)
def list_trade_sets(
    run_id: RunId,
    bench: Bench,
    request: Request,
    response: Response,
    page: PageNumber = 1,
    page_size: PageSize = 100,
    sort: SetSort = "opened_at",
    symbol: Words = [],  # noqa: B006
    side: Annotated[list[Side], Query()] = [],  # noqa: B006
    reason: Words = [],  # noqa: B006
    category: Words = [],  # noqa: B006
    regime: Words = [],  # noqa: B006
    profile: Words = [],  # noqa: B006
    from_: From = None,
    to: To = None,
    q: Text = None,
    min_r: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    max_r: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    legs: Annotated[bool, Query(description="With the legs of each set.")] = False,
    format: Format = None,
) -> TradeSetPage | Response:
    """Collapsed rows. Values of one filter are alternatives; filters hold together. `from` and `to` are of opened_at.

    `reason` and `category` ask for any leg of the set.
    """
    row = backtest_row(bench, run_id)
    keep(request, response, row)
    query = set_query(
        symbol=symbol, side=side, reason=reason, category=category, regime=regime, profile=profile, q=q, min_r=min_r,
        max_r=max_r, opened_from=instant(from_, "from"), opened_to=instant(to, "to"), sort=sort, page=page,
        page_size=page_size,
    )  # fmt: skip
    if format is not None:
        return sets_file(bench, run_id, query, format)
    return set_page(bench, run_id, query, legs=legs)


@router.get("/trade_sets/{set_id:path}", operation_id="read_trade_set")
def read_trade_set(run_id: RunId, set_id: SetId, bench: Bench, request: Request, response: Response) -> TradeSetDetail:
    """One set with its legs, its ladder, the path of its stop and the window of candles that shows it."""
    row = backtest_row(bench, run_id)
    keep(request, response, row)
    return set_detail(bench, row, set_id)


@router.get(
    "/paired_trades",
    operation_id="list_paired_trades",
    deprecated=True,
    response_model=PairedTradePage,
    responses=TABLE,
)
def list_paired_trades(
    run_id: RunId,
    bench: Bench,
    request: Request,
    response: Response,
    page: PageNumber = 1,
    page_size: PageSize = 100,
    format: Format = None,
) -> PairedTradePage | Response:
    """Sets with one entry and one exit as the rows of old; every other set has none. Use trade_sets."""
    response.headers["Deprecation"] = "@1735689600"
    response.headers["Link"] = f'</api/runs/{run_id}/trade_sets>; rel="successor-version"'
    keep(request, response, backtest_row(bench, run_id))
    return paired_page(bench, run_id, page, page_size, format, response.headers)

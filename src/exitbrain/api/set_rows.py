"""TradeSets of the store as the shapes of tables and of a set's own page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fastapi import Response

from exitbrain.api.answers import table_file
from exitbrain.api.models.trade_sets import PairedTradePage, TradeSetDetail, TradeSetPage, TradeSetRow
from exitbrain.api.problems import Refused
from exitbrain.core.instants import instant_of, iso, microseconds
from exitbrain.core.paired import paired_trade
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.core.trade_sets import TradeSet

BARS_AROUND = 30
NOT_IN_TABLES = ("legs", "paired")


def set_query(**asked: Any) -> Any:
    from exitbrain.store import SetQuery

    return SetQuery(
        legs=True, **{name: tuple(value) if isinstance(value, list) else value for name, value in asked.items()}
    )


def set_page(bench: Any, run_id: str, query: Any, *, legs: bool) -> TradeSetPage:
    page = bench.store.trade_sets(run_id, query)
    return TradeSetPage.model_validate(
        {
            "items": [_row(row, legs=legs) for row in page.rows],
            "page": page.page,
            "page_size": page.page_size,
            "total": page.total,
            "facets": page.facets,
        }
    )


def sets_file(bench: Any, run_id: str, query: Any, kind: str) -> Response:
    columns = [name for name in TradeSetRow.model_fields if name not in NOT_IN_TABLES]
    rows = bench.store.set_rows(run_id, replace(query, legs=kind == "json"))
    return table_file(rows, columns, kind, f"trade_sets-{run_id}")


def set_detail(bench: Any, run: Mapping[str, Any], set_id: str) -> TradeSetDetail:
    run_id = run["run_id"]
    whole = bench.store.trade_set(run_id, set_id)
    if whole is None:
        raise Refused(404, f"the run has no set {set_id!r}")
    return TradeSetDetail.model_validate(
        {
            "funding": [],
            **whole,
            **_ways_out(whole),
            **bench.store.neighbours(run_id, set_id),
            "paired": pair_of(whole),
            "plan": _ladder(bench.store.plan(run_id, set_id)),
            "window": _window(whole, run),
        }
    )


def _row(row: Mapping[str, Any], *, legs: bool) -> dict[str, Any]:
    return dict(row) | {"paired": pair_of(row), "legs": row["legs"] if legs else None}


def pair_of(whole: Mapping[str, Any]) -> dict[str, Any] | None:
    """The deprecated row of a set, where it has one."""
    if whole.get("closed_at") is None or (whole["num_entries"], whole["num_exits"]) != (1, 1):
        return None
    pair = paired_trade(TradeSet.from_dict(whole))
    return None if pair is None else pair.to_dict()


def _ways_out(whole: Mapping[str, Any]) -> dict[str, Any]:
    exits = [leg["reason"] for leg in whole["legs"] if not leg["is_entry"]]
    reasons = dict.fromkeys(leg["reason"] for leg in whole["legs"] if leg["reason"] is not None)
    return {"reasons": list(reasons), "left_by": exits[-1] if exits else None}


def _ladder(plan: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if plan is None:
        return None
    path = [
        {"time": iso(instant_of(milliseconds * 1000)), "price": price, "kind": kind}
        for milliseconds, price, kind in plan.get("stop_path") or ()
    ]
    return {"strategy_id": None, **plan, "stop_path": path}


def _window(whole: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    around = timedelta(microseconds=BARS_AROUND * timeframe_microseconds(run["timeframe"]))
    opened = instant_of(microseconds(whole["opened_at"]))
    closed = instant_of(microseconds(whole["closed_at"] or run["end"] or whole["opened_at"]))
    return {"start": iso(opened - around), "end": iso(closed + around), "timeframe": run["timeframe"]}


def paired_page(
    bench: Any, run_id: str, page: int, page_size: int, kind: str | None, headers: Mapping[str, str]
) -> PairedTradePage | Response:
    whole, total = bench.store.pairs(run_id, page if kind is None else None, page_size)
    pairs = [pair for pair in map(pair_of, whole) if pair is not None]
    if kind is not None:
        from exitbrain.api.models.trade_sets import PairedTrade

        answer = table_file(pairs, list(PairedTrade.model_fields), kind, f"paired_trades-{run_id}")
        answer.headers.update(headers)
        return answer
    return PairedTradePage.model_validate({"items": pairs, "page": page, "page_size": page_size, "total": total})

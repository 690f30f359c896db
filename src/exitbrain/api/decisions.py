"""Events of the store, and decisions from their file, as the shapes of tables and of one decision."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Response

from exitbrain.api.answers import table_file
from exitbrain.api.models.decisions import Decision, DecisionPage, Event, EventPage, Explanation
from exitbrain.core.arbiter import RANKS
from exitbrain.core.instants import iso

Window = tuple[int | None, int | None]


def event_page(
    bench: Any, run_ids: Sequence[str], asked: Mapping[str, Any], page: int, page_size: int, kind: str | None
) -> EventPage | Response:
    """Of one run, of several, or of all where none is named."""
    from exitbrain.store import EventQuery

    query = EventQuery(**asked, page=page, page_size=page_size)
    if kind is not None:
        rows = bench.store.event_rows_of_runs(run_ids, query)
        name = f"events-{run_ids[0]}" if len(run_ids) == 1 else "events"
        return table_file(rows, list(Event.model_fields), kind, name)
    found = bench.store.events_of_runs(run_ids, query)
    return EventPage.model_validate(
        {
            "items": found.rows,
            "page": found.page,
            "page_size": found.page_size,
            "total": found.total,
            "facets": found.facets,
        }
    )


def decision_page(
    bench: Any, run_id: str, asked: Mapping[str, Any], window: Window, page: int, page_size: int, kind: str | None
) -> DecisionPage | Response:
    frame = _filtered(bench.frame(run_id, "decisions.parquet"), asked, window)
    if kind is not None:
        rows = (_decision(row) for row in frame.iter_rows(named=True))
        return table_file(rows, list(Decision.model_fields), kind, f"decisions-{run_id}")
    rows = frame.slice((page - 1) * page_size, page_size).iter_rows(named=True)
    return DecisionPage.model_validate(
        {"items": [_decision(row) for row in rows], "page": page, "page_size": page_size, "total": len(frame)}
    )


def _filtered(frame: Any, asked: Mapping[str, Any], window: Window) -> Any:
    import polars as pl

    time = pl.col("time").dt.epoch("us")
    start, end = window
    terms = [pl.col(name) == asked[name] for name in ("set_id", "symbol") if asked[name] is not None]
    # A blocked outcome names its guard behind a colon.
    terms += [pl.col("outcome").str.starts_with(asked["outcome"])] if asked["outcome"] is not None else []
    terms += [time >= start] if start is not None else []
    terms += [time < end] if end is not None else []
    return frame.filter(*terms) if terms else frame


def _decision(row: Mapping[str, Any]) -> dict[str, Any]:
    rank = row["rank"]
    return dict(row) | {
        "time": iso(row["time"]),
        "guards": json.loads(row["guards"]),
        "rank_name": None if rank is None else RANKS[rank],
    }


def explanation(bench: Any, run_id: str, symbol: str | None, at: str) -> Explanation:
    from exitbrain.wiring.explained import explanation_json

    told = bench.explain(run_id, symbol=symbol, at=at)
    return Explanation.model_validate(explanation_json(told, run_id))

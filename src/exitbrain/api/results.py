"""What report.html shows, from the rows of the store, without sets and candles."""

from __future__ import annotations

from typing import Any

from exitbrain.api.models.runs import Results
from exitbrain.report import build_payload

KEYS = ("run", "metrics", "exits", "rungs", "months", "years", "r_histogram")


def run_results(bench: Any, run_id: str) -> Results:
    frame = bench.frame(run_id, "equity.parquet")
    payload = build_payload(
        run=bench.store.description(run_id),
        metrics=bench.store.metrics(run_id),
        trade_sets=list(bench.store.all_trade_sets(run_id)),
        plans=bench.store.plans(run_id),
        equity={
            "time": frame["time"].dt.epoch("us").to_numpy(),
            "equity": frame["equity"].to_numpy(),
            "drawdown": frame["drawdown"].to_numpy(),
        },
        candles={},
        windows=0,
    )
    return Results.model_validate({key: payload[key] for key in KEYS})

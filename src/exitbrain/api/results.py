"""What report.html shows, without sets and candles."""

from __future__ import annotations

from typing import Any

from exitbrain.api.models.runs import Results


def run_results(bench: Any, run_id: str) -> Results:
    return Results.model_validate(bench.results(run_id))

"""One bar of a finished run explained: its rows around that bar, its kept bars, and its plan where that can be had.

A plan that was sent as content stands in the run's request; one that was a file counts only while the file holds what
the run read. The candles are the bars that were kept with the run.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.core.instants import microseconds
from exitbrain.core.numbers import plain
from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.store import EventQuery
from exitbrain.wiring.explaining import Explanation, RunRecord, explain

if TYPE_CHECKING:
    import numpy as np

    from exitbrain.wiring.inputs import RunInputs
    from exitbrain.wiring.workbench.bench import Workbench

SPREAD = "spread_bps"
NO_PLAN = "The run has no plan: only entries rows and the ladder acted in it."


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """`inputs` without its plan, where `has_plan` is False though the run had one, can tell prices only."""

    inputs: RunInputs | None
    has_plan: bool
    notes: tuple[str, ...]


def explained(bench: Workbench, run_id: str, symbol: str | None, at: str) -> Explanation:
    import polars as pl

    run = bench.store.description(run_id)
    times = bench.frame(run_id, "equity.parquet", columns=["time"])["time"].dt.epoch("us").to_numpy()
    gathered = bench.inputs_again(run_id)
    time, following = _around(gathered.inputs, symbol, times, at)
    rows = bench.frame(run_id, "decisions.parquet").with_columns(pl.col("time").dt.epoch("us"))
    here = pl.col("time") == time
    # Beside those of the bar one row a trigger, by which it is known to be one.
    of_each = rows.filter(~here).unique(["trigger_id", "kind", pl.col("grade").is_null()], keep="first")
    near = bench.store.sets_around(run_id, time, following)
    events = EventQuery(kind=("latch",), time_to=time + 1), EventQuery(time_from=time, time_to=following + 1)
    record = RunRecord(
        run=run,
        trade_sets=near,
        plans=bench.store.plans_of(run_id, [one["set_id"] for one in near]),
        events=list(_once(event for query in events for event in bench.store.event_rows(run_id, query))),
        decisions=pl.concat([rows.filter(here), of_each]).to_dicts(),
        times=times,
    )
    told = explain(
        record, symbol=symbol, at=at, inputs=gathered.inputs if gathered.has_plan else None, notes=gathered.notes
    )
    if told.price is None and gathered.inputs is not None:
        market = gathered.inputs.markets[told.symbol]
        told = replace(told, price=plain(market.instrument.price(int(market.close[market.bar_at_or_after(told.time)]))))
    return told


def gathered(bench: Workbench, run_id: str) -> Gathered:
    """The run's bars, settings and plan, bound as they were for the run."""
    from exitbrain.wiring.inputs import gather

    run, row = bench.store.description(run_id), bench.store.run(run_id)
    wanted = {one["role"]: one["sha256"] for one in run.get("inputs", ())}
    with tempfile.TemporaryDirectory(prefix=".new-", dir=bench.home.jobs) as folder:
        plan = _plan(row, wanted.get("plan"), Path(folder))
        detail = _still(row, "detail")
        missing = [f"its {name}" for name, own in (("plan", plan), ("detail", detail)) if name in wanted and not own]
        given = {"config": dict(run["config"]), "environment": {}, "to_run": False}
        try:
            frame = _frame(bench, run_id, run["symbols"])
            inputs = gather(frame, plan=plan, detail=detail or None, **given)
        except (InvalidInput, Unavailable):
            return Gathered(inputs=None, has_plan=False, notes=(_lacking(["its candles", *missing]),))
    if missing:
        return Gathered(inputs=inputs, has_plan=False, notes=(_lacking(missing),))
    return Gathered(inputs=inputs, has_plan=True, notes=() if "plan" in wanted else (NO_PLAN,))


def _lacking(missing: list[str]) -> str:
    return f"The terms of rules need the run's inputs; not kept with it, or changed since: {', '.join(missing)}."


def _plan(row: Mapping[str, Any], sha256: str | None, folder: Path) -> Any:
    """The plan as content or path; None where the run had none, or it can no longer be had."""
    from exitbrain.wiring.workbench.requests import is_text, suffix_of

    given = (row["request"] or {}).get("plan")
    if sha256 is None:
        return None
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, str) and is_text(given):
        path = folder / f"plan{suffix_of('plan', given)}"
        path.write_text(given, encoding="utf-8", errors="replace", newline="")
        return str(path) if _sha256(path) == sha256 else None
    still = _still(row, "plan")
    return still[0] if still else None


def _still(row: Mapping[str, Any], role: str) -> list[str]:
    """The files of a role, if each is there and holds what the run read."""
    own = [one for one in row["sources"] or () if one["role"] == role]
    paths = [one["path"] for one in own if one["path"] and _sha256(Path(one["path"])) == one["sha256"]]
    return paths if len(paths) == len(own) else []


def _sha256(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _frame(bench: Workbench, run_id: str, symbols: list[str]) -> Any:
    import polars as pl

    parts = []
    for symbol in symbols:
        bars = bench.bars_of(run_id, symbol, spread=True).collect()
        parts.append(
            bars.select(
                pl.col("time").cast(pl.Datetime("us", "UTC")).alias("timestamp"),
                pl.lit(symbol).alias("symbol"),
                "open", "high", "low", "close",
                pl.col("volume").fill_nan(None),
                *([pl.col(SPREAD).fill_nan(None)] if SPREAD in bars.columns else []),
            )
        )  # fmt: skip
    return pl.concat(parts, how="diagonal")


def _around(inputs: RunInputs | None, symbol: str | None, times: np.ndarray, at: str) -> tuple[int, int]:
    """The bar that holds the instant, and the one after it; the same bar where it is the last."""
    import numpy as np

    if inputs is not None and (symbol in inputs.markets or len(inputs.markets) == 1):
        times = inputs.markets[symbol or next(iter(inputs.markets))].time
    bar = max(int(np.searchsorted(times, microseconds(at), side="right")) - 1, 0)
    return int(times[bar]), int(times[min(bar + 1, len(times) - 1)])


def _once(events: Any) -> Any:
    seen = set()
    for event in events:
        if event["event_id"] not in seen:
            seen.add(event["event_id"])
            yield event

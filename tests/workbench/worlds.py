"""A small request: bars around 100 and two entries; and one that takes a while."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from exitbrain.wiring.workbench import Progress, Workbench

BARS = """timestamp,open,high,low,close,volume
2024-01-01T00:00:00Z,100,101,99.5,100.5,10
2024-01-01T01:00:00Z,100.5,102,100,101.5,10
2024-01-01T02:00:00Z,101.5,104,101,103.5,10
2024-01-01T03:00:00Z,103.5,104.5,99,99.5,10
2024-01-01T04:00:00Z,99.5,100,97,98,10
2024-01-01T05:00:00Z,98,99,97.5,98.5,10
"""
ENTRIES = """timestamp,symbol,side,quantity,stop_price,tag
2024-01-01T01:00:00Z,TST,long,1,98.5,breakout
2024-01-01T03:00:00Z,TST,long,1,98.5,breakout
"""
PLAN = """plan_id: p
generated_at: 2024-01-01T00:00:00Z
triggers:
- {id: up, symbol: TST, direction: long, category: other, entry_rule: close > open}
"""
LAST_SECONDS = 120.0


def request(bench: Workbench, **other: Any) -> dict[str, Any]:
    """A request whose candles are named TST_1h."""
    (bench.home.candles / "TST_1h.csv").write_text(BARS)
    return {"candles": "TST_1h", "entries": ENTRIES, **other}


def long_request(folder: Path, bars: int = 300_000) -> dict[str, Any]:
    """Hundreds of thousands of decisions: seconds of work."""
    dice = np.random.default_rng(1)
    close = np.rint(10_000 * np.exp(np.cumsum(dice.standard_normal(bars) * 0.001))) / 100
    opens = np.concatenate(([100.0], close[:-1]))
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(1_600_000_000_000_000 + np.arange(bars) * 60_000_000).cast(pl.Datetime("us", "UTC")),
            "open": opens,
            "high": np.maximum(opens, close),
            "low": np.minimum(opens, close),
            "close": close,
            "volume": np.ones(bars),
        }
    )
    path = folder / "LONG_1m.parquet"
    frame.write_parquet(path)
    plan = PLAN.replace("TST", "LONG").replace("close > open", "close > open and close > ema_20")
    return {"candles": str(path), "plan": plan, "config": {"account": {"sizing": {"mode": "notional", "value": 100}}}}


def watched(bench: Workbench, run_id: str) -> list[Progress]:
    """Every word of a run's progress, to its end."""
    told: list[Progress] = []
    while not told or not told[-1].is_last:
        new = bench.progress_since(run_id, told[-1].seq if told else 0, LAST_SECONDS)
        assert new, f"nothing was told for {LAST_SECONDS} s"
        told += new
    return told


def wait_for(what: Callable[[], Any], seconds: float = LAST_SECONDS) -> None:
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit, "it did not come"
        time.sleep(0.01)


def child_of(job: Path) -> int | None:
    """The worker of a job, by its command line."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if os.fsencode(job) in words:
            return int(place.name)
    return None

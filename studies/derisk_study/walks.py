"""The control: random walks, on which no exit can be better than another but by its costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from derisk_study.files import Listed

WALKS = 4
HOURS = 5_000
STEPS = 360
HOURLY_DEVIATION = 0.007
HOUR = 3_600_000_000
START = 1_577_836_800_000_000  # 2020-01-01


def write_walks(folder: Path) -> list[Listed]:
    """Hourly candles of driftless walks, a file each; the same in every run."""
    found = []
    for seed in range(WALKS):
        path = folder / f"walk_{seed}.parquet"
        _walk(seed).write_parquet(path)
        found.append(Listed(path=path, name=f"walk/{seed}", symbol=f"WALK{seed}", timeframe="1h"))
    return found


def _walk(seed: int) -> pl.DataFrame:
    steps = np.random.default_rng(seed).standard_normal(HOURS * STEPS) * HOURLY_DEVIATION / np.sqrt(STEPS)
    # Less half the variance, so that the price itself has no drift.
    logs = np.log(1_000) + np.cumsum(steps - HOURLY_DEVIATION**2 / STEPS / 2)
    prices = np.round(np.exp(logs), 2).reshape(HOURS, STEPS)
    opens = np.concatenate(([1_000.0], prices[:-1, -1]))
    times = pl.Series("timestamp", START + np.arange(HOURS) * HOUR).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame([times]).with_columns(
        open=opens,
        high=np.maximum(prices.max(axis=1), opens),
        low=np.minimum(prices.min(axis=1), opens),
        close=prices[:, -1],
        volume=pl.lit(1.0),
    )

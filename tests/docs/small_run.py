"""A run of three bars, for what the pages say of every run."""

from __future__ import annotations

import polars as pl


def metrics_of_a_small_run() -> dict[str, float | int | None]:
    from exitbrain.wiring.backtest import backtest

    times = [f"2024-01-01T0{hour}:00:00Z" for hour in range(3)]
    candles = pl.DataFrame(
        {
            "timestamp": times,
            "symbol": ["X"] * 3,
            "open": [100.0, 100.0, 101.0],
            "high": [100.5, 103.0, 102.0],
            "low": [99.5, 99.5, 97.0],
            "close": [100.0, 101.0, 97.5],
            "volume": [1.0, 1.0, 1.0],
        }
    )
    entries = pl.DataFrame({"timestamp": [times[1]], "side": ["long"], "stop_price": [98.0]})
    return backtest(candles, entries=entries).metrics

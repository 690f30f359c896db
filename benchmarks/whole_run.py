"""One million one-minute bars under the TREND ladder: from a frame to exact TradeSets and metrics.

    python benchmarks/whole_run.py [--bars 1000000] [--every 200] [--rounds 3]

Rows: independent entries (every entry its own position, sized by quantity and by risk) and netting entries. Each round
runs every row once; the table shows the median of the rounds after one warm-up round, split into reading the frame,
running, building TradeSets and computing metrics, and the process's peak memory. Prices are a seeded geometric random
walk with jumps, on a tick of 0.01.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time

import numpy as np
import polars as pl

from exitbrain import backtest

MINUTE = 60_000_000
START = 1_600_000_000_000_000


def candles(bars: int, seed: int = 7) -> pl.DataFrame:
    """A minute is eight steps of a random walk; a jump now and then opens a gap."""
    dice = np.random.default_rng(seed)
    steps = dice.standard_normal((bars, 8)) * 0.0008 / np.sqrt(8)
    jumps = np.where(dice.random(bars) < 1 / 2000, dice.standard_normal(bars) * 0.006, 0.0)
    path = np.cumsum(steps, axis=1)
    opens = np.log(30_000) + np.concatenate(([0.0], np.cumsum(path[:, -1] + jumps)[:-1])) + jumps
    prices = np.exp(np.column_stack([opens, opens[:, None] + path]))
    ticks = np.rint(prices * 100)
    columns = {"open": ticks[:, 0], "high": ticks.max(axis=1), "low": ticks.min(axis=1), "close": ticks[:, -1]}
    times = pl.Series("timestamp", START + np.arange(bars) * MINUTE).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame([times]).with_columns(
        *[pl.Series(name, column / 100) for name, column in columns.items()], volume=pl.lit(1.0)
    )


def entries(frame: pl.DataFrame, every: int, seed: int) -> pl.DataFrame:
    """One long entry in each stretch of `every` bars, at a bar thrown by the dice."""
    dice = np.random.default_rng(seed)
    starts = np.arange(0, len(frame) - every - 2, every)
    rows = starts + dice.integers(1, every, len(starts))
    return frame.select("timestamp")[rows].with_columns(side=pl.lit("long"))


def config(independent: bool, mode: str, value: float) -> dict:
    return {
        "instrument": {"symbol": "BENCH", "tick_size": "0.01", "lot_size": "0.001"},
        "account": {"independent": independent, "sizing": {"mode": mode, "value": value}},
        "exits": {"regime": "TREND"},
    }


ROWS = {
    "independent, quantity": (True, "quantity", 1),
    "independent, risk": (True, "risk", 0.001),
    "netting, quantity": (False, "quantity", 1),
}


def measure(frame: pl.DataFrame, given: pl.DataFrame, row: tuple[bool, str, float]) -> dict[str, float]:
    began = time.perf_counter()
    result = backtest(frame, entries=given, config=config(*row), traced=False)
    ran = time.perf_counter()
    sets = result.trade_sets
    built = time.perf_counter()
    assert result.metrics["num_sets"] == len(sets)
    done = time.perf_counter()
    return {
        "read": result.timings["read_seconds"],
        "run": result.timings["run_seconds"],
        "sets": built - ran,
        "metrics": done - built,
        "total": done - began,
        "positions": len(sets),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--every", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    frame = candles(asked.bars)
    seen: dict[str, list[dict[str, float]]] = {name: [] for name in ROWS}
    for turn in range(asked.rounds + 1):
        given = entries(frame, asked.every, seed=turn)
        for name, row in ROWS.items():
            figures = measure(frame, given, row)
            if turn:
                seen[name].append(figures)
    columns = ("positions", "read", "run", "sets", "metrics", "total")
    print(f"{asked.bars:,} bars, seconds, median of {asked.rounds}")
    print(f"{'row':24}" + "".join(f"{column:>11}" for column in columns))
    for name, rounds in seen.items():
        values = [statistics.median(figures[column] for figures in rounds) for column in columns]
        print(f"{name:24}{values[0]:11,.0f}" + "".join(f"{value:11.3f}" for value in values[1:]))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB, candles included")


if __name__ == "__main__":
    main()

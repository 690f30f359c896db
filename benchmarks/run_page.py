"""Every answer that the pages of a large run ask for: 50,000 TradeSets with 200,000 legs, over HTTP's application.

    python benchmarks/run_page.py [--sets 50000] [--events 100000] [--rounds 5] [--home DIR]

A run of dice (those of benchmarks/store.py) is put into a home as files and rows; then each address is asked for in
process, through the whole application with its door: the first time by the clock, and the fastest of the rounds after
it by the clock and of a processor; they differ where the machine does other things too. kB are those of the answer.
With --home the home is kept, and used again where it is there.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from starlette.testclient import TestClient

import store as dice_of
from exitbrain import backtest
from exitbrain.api.access import Access, loopback_hosts
from exitbrain.api.serving import application
from exitbrain.api.tokens import read_tokens
from exitbrain.core.instants import iso
from exitbrain.store import RUNNING
from exitbrain.wiring.workbench import Workbench

RUN = "r0benchmark0"
URL = "http://127.0.0.1:8321"
MINUTES = 15
REASONS = ("cooldown", "spread", "max_daily_loss", "latched", "duplicate")


def described(sets: int) -> dict[str, Any]:
    """run.json of a real run over some bars, with the benchmark's names."""
    bars = 400
    walk = 100 + np.random.default_rng(1).integers(-3, 4, bars).cumsum() / 10
    opens = np.concatenate(([100.0], walk[:-1]))
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series(1_577_836_800_000_000 + np.arange(bars) * MINUTES * 60_000_000).cast(
                pl.Datetime("us", "UTC")
            ),
            "symbol": ["BTCUSDT"] * bars, "open": opens, "high": np.maximum(opens, walk) + 0.1,
            "low": np.minimum(opens, walk) - 0.1, "close": walk, "volume": np.ones(bars),
        }
    )  # fmt: skip
    entry = pl.DataFrame({"timestamp": frame["timestamp"][20:21], "symbol": ["BTCUSDT"], "side": ["long"]})
    made = backtest(frame, entries=entry, environment={})
    from exitbrain.backtesting.files import run_description

    about = run_description(made) | {"run_id": RUN, "symbols": list(dice_of.SYMBOLS), "timeframe": "15m"}
    end = dice_of.START.timestamp() + sets * MINUTES * 60
    return about | {"start": iso(dice_of.START), "end": f"{np.datetime64(int(end), 's')}Z", "metrics": made.metrics}


def events(count: int, dice: random.Random) -> Any:
    for number in range(count):
        at = f"{np.datetime64(int(dice_of.START.timestamp()) + number * 60, 's')}Z"
        yield {
            "event_id": f"event-{number}", "run_id": RUN, "kind": "block", "time": at, "symbol": dice.choice(dice_of.SYMBOLS),
            "trigger_id": "breakout", "category": "trend_continuation", "reason": dice.choice(REASONS),
            "detail": "refused by dice", "price": "30000.01", "set_id": None, "timeframe": "15m",
            "preempted_by": None, "overridden_by": None,
        }  # fmt: skip


def fill(bench: Workbench, sets: int, count: int) -> None:
    dice = random.Random(7)
    about = described(sets)
    metrics = dict(about.pop("metrics")) | {"num_sets": sets}
    rows = [dice_of.trade_set(number, dice) for number in range(sets)]
    folder = bench.home.runs / RUN
    folder.mkdir()
    bars = sets + 40
    walk = np.random.default_rng(2).normal(0, 30, bars).cumsum()
    time_ = int(dice_of.START.timestamp() * 1_000_000) + np.arange(bars) * MINUTES * 60_000_000
    stamps = pl.Series("time", time_).cast(pl.Datetime("us", "UTC"))
    equity = 1_000_000 + walk
    pl.DataFrame(
        {"time": stamps, "equity": equity, "drawdown": equity / np.maximum.accumulate(equity) - 1, "exposure": walk}
    ).write_parquet(folder / "equity.parquet")
    few = {"time": stamps[:count], "symbol": ["BTCUSDT"] * min(count, bars)}
    decisions(few).write_parquet(folder / "decisions.parquet")
    own = bench.home.bars / RUN
    own.mkdir()
    candles = pl.DataFrame(
        {"time": time_, "open": equity, "high": equity + 9, "low": equity - 9, "close": equity, "volume": np.ones(bars)}
    )
    for number in range(len(dice_of.SYMBOLS)):
        candles.write_parquet(own / f"{number}.parquet")
    store = bench.store
    store.put_run(RUN, status=RUNNING, owner=bench.owner, about=about)
    writer = store.writer(RUN)
    writer.trade_sets(rows)
    writer.plans({one["set_id"]: dice_of.plan(one) for one in rows})
    writer.events(events(count, dice))
    names = ("equity.parquet", "decisions.parquet")
    files = [{"name": name, "sha256": "0" * 64, "size": (folder / name).stat().st_size} for name in names]
    store.done(writer, description=about, metrics=metrics, timings={}, files=files)


def decisions(few: dict[str, Any]) -> pl.DataFrame:
    rows = len(few["symbol"])
    guards = json.dumps({"cooldown": None, "spread": "wide"})
    return pl.DataFrame(
        {
            **few, "decided_at": ["close"] * rows, "price": ["30000.01"] * rows, "trigger_id": ["breakout"] * rows,
            "kind": ["entry"] * rows, "category": ["trend_continuation"] * rows, "grade": ["A"] * rows,
            "exit_fraction": pl.Series([None] * rows, dtype=pl.Float64), "guards": [guards] * rows,
            "rank": pl.Series([None] * rows, dtype=pl.Int64), "outcome": ["blocked:spread"] * rows,
            "winner": pl.Series([None] * rows, dtype=pl.String), "set_id": pl.Series([None] * rows, dtype=pl.String),
            "event_id": [f"event-{number}" for number in range(rows)], "detail": ["refused by dice"] * rows,
        }
    )  # fmt: skip


def addresses(sets: int) -> dict[str, str]:
    run, middle = f"/api/runs/{RUN}", sets // 2
    return {
        "the run": run,
        "results": f"{run}/results",
        "equity, 4000 points": f"{run}/equity",
        "candles, a window": f"{run}/candles?symbol=BTCUSDT&max_bars=500&from=2020-06-01&to=2020-06-06",
        "candles, all, merged": f"{run}/candles?symbol=BTCUSDT",
        "sets, first page of 100": f"{run}/trade_sets",
        "sets, with legs": f"{run}/trade_sets?legs=true",
        "sets, page 400": f"{run}/trade_sets?page=400",
        "sets, largest R first": f"{run}/trade_sets?sort=-r_multiple",
        "sets, one reason": f"{run}/trade_sets?reason=stop_loss",
        "sets, reason and profile": f"{run}/trade_sets?reason=stop_loss&profile=TREND_DEFAULT&sort=pnl_net",
        "sets, words": f"{run}/trade_sets?q=btc+trailing&sort=-hold_seconds",
        "sets, R above 2": f"{run}/trade_sets?min_r=2",
        "one set": f"{run}/trade_sets/set-bench-{middle}",
        "paired, first page": f"{run}/paired_trades",
        "events, first page": f"{run}/events",
        "events, one reason": f"{run}/events?reason=spread",
        "events, page 900": f"{run}/events?page=900",
        "events of all runs": "/api/events",
        "decisions, first page": f"{run}/decisions",
        "decisions of a set": f"{run}/decisions?set_id=set-bench-{middle}",
        "one decision": f"{run}/decisions/2020-01-11T00:00:00Z?symbol=BTCUSDT",
        "profiles, performance": "/api/profiles/performance",
        "the list of runs": "/api/runs",
    }


def measure(home: Path, sets: int, count: int, rounds: int, only: str) -> None:
    with Workbench.open(home=home, environment={}) as bench:
        if bench.store.find_run(RUN) is None:
            fill(bench, sets, count)
        access = Access(tokens=read_tokens(bench.home.token_file), hosts=loopback_hosts(8321))
        client = TestClient(application(bench, access), base_url=URL)
        client.get("/health/ready")
        print(f"{sets:,} sets, {sets * dice_of.LEGS:,} legs, {count:,} events, {bench.store.dialect}")
        print(f"{'ms':28}{'first':>11}{'then':>11}{'processor':>11}{'kB':>11}")
        for name, address in addresses(sets).items():
            if only in name:
                times = []
                for _ in range(rounds):
                    started, used = time.perf_counter(), time.process_time()
                    answer = client.get(address)
                    times.append((time.perf_counter() - started, time.process_time() - used))
                    assert answer.status_code == 200, (name, answer.text[:400])
                clock, used = (sorted(column[1:]) for column in zip(*times))
                figures = (times[0][0] * 1000, clock[0] * 1000, used[0] * 1000, len(answer.content) / 1000)
                print(f"{name:28}{''.join(f'{one:11,.0f}' for one in figures)}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=50_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5, help="2 or more")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--only", default="", help="addresses whose name holds this")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.home or Path(folder), given.sets, given.events, given.rounds, given.only)


if __name__ == "__main__":
    main()

"""What is measured as whole processes: cold starts (W5), memory, growth with the bars, and a real year (W4)."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from matched import ours, workload
from matched.measuring import peak_mib, resident_mib

ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("exitbrain")
YEAR = "5m/binance_spot_BTCUSDT_5m_20240301_20241231.parquet"
LIMIT = 60.0
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
OURS = ("ours, kernel", "ours, sweep of 100", "ours, sweep of 1,000", "ours, backtest()")
OTHERS = ("C", "vectorbt ladder", "vectorbt signals")


# W5


def starts(rounds: int) -> dict[str, Any]:
    market = workload.market_of(10_000)
    openings = workload.openings_of(market, 0)
    with tempfile.TemporaryDirectory() as folder:
        candles, entries, out = Path(folder, "BENCH_1m.parquet"), Path(folder, "entries.csv"), Path(folder, "out")
        frame = ours.frame_of(market)
        frame.write_parquet(candles)
        ours.signals_of(frame, openings).write_csv(entries, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        commands = {
            "--help": [COMMAND, "--help"],
            "backtest of 10,000 bars": [
                COMMAND, "backtest", "--candles", candles, "--entries", entries, "--out", out, "--no-store",
            ],
            "./start to the result": [ROOT / "start", "demo", "--no-serve", "--out", Path(folder, "demo")],
        }  # fmt: skip
        # Warm means that Python's own bytecode is kept from the run before.
        warm = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(rounds + 1):
            for name, command in commands.items():
                began = time.perf_counter()
                subprocess.run([*map(str, command)], cwd=folder, env=warm, check=True, capture_output=True)
                if turn:
                    seconds[name].append(time.perf_counter() - began)
    return {"start": {"seconds": {name: statistics.median(each) for name, each in seconds.items()}}}


# memory and growth


def growth(command: list[str], bars: int) -> dict[str, Any]:
    """Seconds and peak memory of each contender in a process of its own, until one passes the limit."""
    rows: list[dict[str, Any]] = []
    for name in (*OURS, *OTHERS):
        mine = name in OURS
        for size in SIZES:
            if size > bars * (10 if mine else 1) or (name.startswith("ours, sweep") and size > bars):
                continue
            with tempfile.NamedTemporaryFile(suffix=".json") as told:
                asked = [*command, "--one", name, "--bars", str(size), "--into", told.name]
                done = subprocess.run(asked, cwd=ROOT)
                if done.returncode:
                    rows.append({"name": name, "bars": size, "failed": done.returncode})
                    break
                rows.append({"name": name, "bars": size} | json.loads(Path(told.name).read_text()))
            if rows[-1]["seconds"] > LIMIT:
                break
    return {"rows": rows}


def one(name: str, bars: int) -> dict[str, float]:
    """A contender alone: its peak memory, that of candles alone, and the lesser of two runs."""
    market = workload.market_of(bars)
    openings = workload.openings_of(market, 0)
    work = _work(name, market, openings)
    before = resident_mib()
    took = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
        if took[0] > LIMIT:
            break
    return {"seconds": min(took), "peak": peak_mib(), "before": before, "first": took[0]}


def _work(name: str, market: workload.Market, openings: workload.Openings) -> Any:
    entries, recipe = ours.entries_of(openings), ours.recipes([workload.TREND])
    if name == "ours, kernel":
        return lambda: ours.follow(market, entries, recipe, True)
    if name.startswith("ours, sweep"):
        recipes = ours.recipes(workload.ladders(int(name.split()[-1].replace(",", ""))))
        return lambda: ours.sweep(market, entries, recipes, True)
    if name == "ours, backtest()":
        frame = ours.frame_of(market)
        signals = ours.signals_of(frame, openings)
        return lambda: ours.whole(frame, signals, False)
    if name == "C":
        from matched import straightforward

        return lambda: straightforward.follow(market, openings, workload.TREND, True)
    from matched import vectorbt_ladder

    market.floats  # noqa: B018 - made before the clock runs
    if name == "vectorbt ladder":
        return lambda: vectorbt_ladder.follow(market, openings, [workload.TREND])
    return lambda: vectorbt_ladder.stop_and_target(market, openings, "numba")


# W4


def real_year(rounds: int) -> dict[str, Any]:
    """Real candles with triggers: entries, exits in parts, a latch, and the ladder beneath them."""
    import polars as pl

    from exitbrain import backtest

    data = os.environ.get("EXITBRAIN_TEST_DATA")
    path = Path(data, YEAR) if data else None
    if path is None or not path.exists():
        return {"missing": "EXITBRAIN_TEST_DATA names no folder with " + YEAR}
    frame = pl.read_parquet(path)
    config = {"instrument": {"symbol": "BTCUSDT"}}
    took, result = [], None
    for turn in range(rounds + 1):
        began = time.perf_counter()
        result = backtest(frame, plan=plan(), config=config, traced=False)
        assert result.metrics["num_sets"] == len(result.trade_sets)
        if turn:
            took.append(time.perf_counter() - began)
    assert result is not None
    return {
        "bars": len(frame),
        "sets": result.metrics["num_sets"],
        "year": {"seconds": {"backtest() with triggers": statistics.median(took)}},
    }


def plan() -> dict[str, Any]:
    def trigger(name: str, category: str, rule: str, **more: Any) -> dict[str, Any]:
        key = "exit_rule" if "direction" not in more else "entry_rule"
        return {"id": name, "symbol": "BTCUSDT", "category": category, "direction": "exit", key: rule} | more

    return {
        "plan_id": "year",
        "triggers": [
            trigger("dip", "mean_reversion", "rsi_14 < 28 and close > ema_200", direction="long"),
            trigger("break", "trend_continuation", "crosses_above(ema_20, ema_50)", direction="long"),
            trigger("fade", "mean_reversion", "rsi_14 > 78", direction="short", stop_loss_pct=2),
            trigger("trim", "risk_reduce", "unrealized_r > 1 and rsi_14 > 75", exit_fraction=0.5),
            trigger("late", "other", "bars_held >= 288 and unrealized_r < 0"),
            trigger("storm", "risk_off", "realized_vol_20 > 4 * realized_vol_100"),
            trigger("crash", "emergency_exit", "roc_5 < -4"),
        ],
    }

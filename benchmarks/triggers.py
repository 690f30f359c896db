"""One million one-minute bars under triggers: rules as column passes, runs of plans, and rules asked live.

    python benchmarks/triggers.py [--bars 1000000] [--rounds 5] [--only rules,runs,stress,live]

Rows: ten rules as a column pass, with their features there already and from bare candles; a plan of twenty triggers,
each true on at most 1% of the bars, from a frame to TradeSets; five triggers true on every bar; twenty rules asked at
each closed bar with the features streamed. Each round runs every row of a table once, after one warm-up round; the
tables show minimum and median. Runs are measured in a process each, whose peak memory is told.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from whole_run import MINUTE, START, candles

from exitbrain import backtest
from exitbrain.core.rules import LiveRules, check_rule
from exitbrain.features.catalogue import CATALOGUE
from exitbrain.features.columns import evaluate_columns
from exitbrain.features.computing import Bars
from exitbrain.features.streaming import ClosedBar, StreamingFeatures
from exitbrain.features.table import FeatureTable

SYMBOL = "BENCH"
RULES = (
    "rsi_14 < 30",
    "close > ema_50 and adx_14 > 25",
    "crosses_above(ema_20, ema_50)",
    "close > bb_upper_20 or close < bb_lower_20",
    "tf_1h_rsi_14 > 70 and close < open",
    "atr_14 / close > 0.002 and volume > 2 * volume_sma_20",
    "high >= highest(high, 100)",
    "bars_since(rsi_14 < 30) between 1 and 5",
    "regime in ('TREND', 'VOLATILE') and not macd_hist < 0",
    "(close - prev(close, 10)) / prev(close, 10) < -0.01 or realized_vol_20 > 3 * realized_vol_100",
)
LIVE = (
    *RULES,
    "unrealized_r < -0.5 and rsi_14 < 40",
    "bars_held >= 240 and unrealized_r < 0.25",
    "mfe_r > 1 and unrealized_r < 0.4",
    "crosses_below(close, ema_50) and is_long",
    "stoch_k_14 > 80 and stoch_d_14 > 80",
    "tf_4h_close < tf_4h_ema_20",
    "willr_14 < -95",
    "roc_10 < -1.5",
    "close <= lowest(close, 50)",
    "position_fraction < 0.6 and mfi_14 > 85",
)
HELD = {
    "position": "long", "is_flat": False, "is_long": True, "is_short": False, "bars_held": 30.0, "unrealized_r": 0.2,
    "mfe_r": 0.6, "mae_r": -0.3, "entry_price": 30_000.0, "stop_price": 29_400.0, "position_fraction": 0.5,
}  # fmt: skip


def market(bars: int) -> pl.DataFrame:
    """The candles of `whole_run`, with volumes."""
    volume = np.round(np.random.default_rng(11).lognormal(3, 0.7, bars), 3)
    return candles(bars).with_columns(pl.Series("volume", volume))


def table_of(frame: pl.DataFrame) -> FeatureTable:
    columns = {name: frame[name].to_numpy() for name in ("open", "high", "low", "close", "volume")}
    return FeatureTable(bars=Bars(time=START + np.arange(len(frame)) * MINUTE, **columns), timeframe=MINUTE)


# rules as column passes


def rule_rows(frame: pl.DataFrame, rounds: int) -> None:
    kept = table_of(frame)
    seen: dict[str, tuple[list[float], list[float], float]] = {}
    for turn in range(rounds + 1):
        for text in RULES:
            rule = check_rule(text, CATALOGUE, MINUTE)
            bare = table_of(frame)
            whole = timed(evaluate_columns, rule, bare)
            if not turn:
                seen[text] = [], [], float((evaluate_columns(rule, kept) == 1).mean())
                continue
            seen[text][0].append(timed(evaluate_columns, rule, kept))
            seen[text][1].append(whole)
    print(f"\n{len(frame):,} bars, one rule as a column pass, ms, of {rounds}")
    print(f"{'rule':96}{'true':>8}{'min':>8}{'median':>8}{'+ features, min':>18}{'median':>8}")
    for text, (passes, wholes, share) in seen.items():
        figures = [1e3 * f for f in (min(passes), statistics.median(passes), min(wholes), statistics.median(wholes))]
        print(f"{text:96}{share:8.2%}{figures[0]:8.1f}{figures[1]:8.1f}{figures[2]:18.1f}{figures[3]:8.1f}")


def timed(work: Callable[..., Any], *arguments: Any) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


# runs


def rare(table: FeatureTable, feature: str, share: float, *, low: bool) -> str:
    """A comparison that is true on about this share of the bars."""
    level = float(np.nanquantile(table.column(feature), share if low else 1 - share))
    return f"{feature} {'<' if low else '>'} {level:.6g}"


def trigger(name: str, category: str, rule: str, **more: Any) -> dict[str, Any]:
    entering = more.get("direction") in ("long", "short") and more.get("enters", True)
    more.pop("enters", None)
    given = {"entry_rule" if entering else "exit_rule": rule}
    return {"id": name, "symbol": SYMBOL, "category": category, "direction": "exit"} | given | more


def twenty(table: FeatureTable, share: float, *, mixed: bool) -> list[dict[str, Any]]:
    """Four entries and sixteen exits, each market rule true on `share` of the bars.

    `mixed` adds what has to be asked by the position: a latch and a regime rule stand beside, five rules read the
    position (with a market part in three), two are of 1h bars. Else every rule reads the market alone.
    """

    def low(feature: str) -> str:
        return rare(table, feature, share, low=True)

    def high(feature: str) -> str:
        return rare(table, feature, share, low=False)

    part = {"exit_fraction": 0.5}
    rows = [
        trigger("long_dip", "mean_reversion", low("rsi_14"), direction="long", confidence_grade="B"),
        trigger("short_spike", "mean_reversion", high("rsi_14"), direction="short", confidence_grade="C"),
        trigger("long_break", "volatility_breakout", high("roc_10"), direction="long", confidence_grade="A"),
        trigger("short_break", "volatility_breakout", low("roc_10"), direction="short", stop_loss_pct=2),
        trigger("leave_1", "other", high("stoch_k_14")),
        trigger("leave_2", "reversal", low("cci_20")),
        trigger("leave_3", "trend_continuation", low("willr_14"), exit_fraction=0.25),
        trigger("reduce_edge_1", "risk_reduce", high("atr_14"), **part),
        trigger("reduce_edge_2", "risk_reduce", low("mfi_14"), **part),
        trigger("reduce_edge_3", "risk_reduce", high("mfi_14"), exit_fraction=0.3),
        trigger("reduce_once", "risk_reduce", high("bb_width_20"), rearm="once", **part),
        trigger("reduce_every", "risk_reduce", low("mom_20"), rearm="every_bar", exit_fraction=0.2),
        trigger("off_1", "risk_off", low("roc_60")),
        trigger("off_2", "risk_off", high("realized_vol_20"), hold_rule="close > open"),
        trigger("emergency", "emergency_exit", low("roc_5")),
    ]
    if not mixed:
        names = ("roc_30", "roc_45", "mom_10", "cci_40", "stoch_d_14")
        return rows + [trigger(f"more_{n}", "risk_reduce", high(n), exit_fraction=0.3) for n in names]
    rows[12] |= {"latch": True}
    rows[13] |= {"timeframe": "1h", "exit_rule": "roc_3 < -2"}
    return [
        *rows,
        trigger("late", "other", "bars_held >= 600 and unrealized_r < 0"),
        trigger("deep", "risk_off", "unrealized_r < -0.85"),
        trigger("given_back", "risk_reduce", "mfe_r > 1.2 and unrealized_r < 0.6", **part),
        trigger("fading", "risk_reduce", f"unrealized_r > 0.3 and {high('rsi_14')}", **part),
        trigger("coarse", "risk_reduce", "rsi_14 > 80", timeframe="1h", **part),
    ]


def every_bar() -> list[dict[str, Any]]:
    """Five that are always true: an entry, and four exits that outrank one another."""
    rule = "close > 0"
    return [
        trigger("in", "other", rule, direction="long"),
        trigger("reduce", "risk_reduce", rule, exit_fraction=0.01, rearm="every_bar"),
        trigger("reduce_too", "risk_reduce", rule, exit_fraction=0.005, rearm="every_bar"),
        trigger("nudge", "other", rule, exit_fraction=0.01, rearm="every_bar"),
        trigger("nudge_too", "other", rule, exit_fraction=0.02, rearm="every_bar"),
    ]


def always_in() -> list[dict[str, Any]]:
    """Five that are always true, of which one enters and one leaves: a set every other bar."""
    rule = "close > 0"
    return [
        trigger("in", "other", rule, direction="long"),
        trigger("in_too", "other", rule, direction="long"),
        trigger("out", "risk_off", rule),
        trigger("out_too", "other", rule),
        trigger("part", "risk_reduce", rule, exit_fraction=0.5, rearm="every_bar"),
    ]


def plan(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"plan_id": "bench", "triggers": rows} | more


PLANS: dict[str, Callable[[FeatureTable], dict[str, Any]]] = {
    "20 triggers at 0.1%, market only": lambda table: plan(twenty(table, 0.001, mixed=False)),
    "20 triggers at 0.9%, market only": lambda table: plan(twenty(table, 0.009, mixed=False)),
    "20 triggers at 0.9%, mixed": lambda table: plan(twenty(table, 0.009, mixed=True)),
    "20 triggers at 0.9%, mixed, regime rule": lambda table: plan(
        twenty(table, 0.009, mixed=True), risk_regime_rule=rare(table, "roc_60", 0.005, low=True)
    ),
    "5 true on every bar, held": lambda table: plan(every_bar()),
    "5 true on every bar, in and out": lambda table: plan(always_in()),
}


def config() -> dict[str, Any]:
    return {
        "instrument": {"symbol": SYMBOL, "tick_size": "0.01", "lot_size": "0.000001"},
        "account": {"sizing": {"mode": "quantity", "value": 1}},
        "exits": {"regime": "TREND"},
    }


def one_run(frame: pl.DataFrame, given: dict[str, Any], *, folder: bool) -> dict[str, float]:
    began = time.perf_counter()
    result = backtest(frame, plan=given, config=config(), traced=False)
    sets = len(result.trade_sets)
    done = time.perf_counter()
    figures = {"total": done - began, "run": result.timings["run_seconds"], "sets": sets}
    if folder:
        with tempfile.TemporaryDirectory() as place:
            figures["write"] = timed(lambda path: result.to_dir(path, page=""), Path(place) / "out")
            figures["decisions"] = float(
                pl.scan_parquet(Path(place) / "out/decisions.parquet").select(pl.len()).collect().item()
            )
            figures["bytes"] = float((Path(place) / "out/decisions.parquet").stat().st_size)
    return figures


def child(name: str, bars: int, rounds: int, *, folder: bool) -> None:
    frame = market(bars)
    given = PLANS[name](table_of(frame))
    before = peak()
    seen = [one_run(frame, given, folder=folder) for _ in range(rounds + 1)]
    print(json.dumps({"rounds": seen[1:] or seen, "before": before, "peak": peak()}))


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_rows(names: list[str], bars: int, rounds: int, *, folder: bool) -> None:
    print(f"\n{bars:,} bars, seconds from frame to TradeSets, each row a process, of {rounds} after a warm-up")
    columns = ("sets", "min", "median", "of it run", "peak MiB", "before")
    print(f"{'plan':40}" + "".join(f"{column:>12}" for column in columns))
    for name in names:
        asked = [sys.executable, __file__, "--child", name, "--bars", str(bars), "--rounds", str(rounds)]
        told = json.loads(
            subprocess.run(asked + ["--folder"] * folder, capture_output=True, text=True, check=True).stdout
        )
        totals = [one["total"] for one in told["rounds"]]
        run = statistics.median(one["run"] for one in told["rounds"])
        first = told["rounds"][0]
        print(
            f"{name:40}{first['sets']:12,.0f}{min(totals):12.2f}{statistics.median(totals):12.2f}{run:12.2f}"
            f"{told['peak']:12,.0f}{told['before']:12,.0f}"
        )
        if folder:
            per = first["bytes"] / max(first["decisions"], 1)
            print(f"{'':8}written in {first['write']:.1f} s; {first['decisions']:,.0f} decisions, {per:.2f} bytes each")


# live


def live_rows(frame: pl.DataFrame, bars: int) -> None:
    """Twenty rules at each closed bar after 20,000 bars of warm-up: `bars` by each clock."""
    rules = LiveRules([check_rule(text, CATALOGUE, MINUTE) for text in LIVE])
    features = StreamingFeatures(sorted(rules.names), timeframe=MINUTE)
    warm = 20_000
    closed = [
        ClosedBar(time=START + i * MINUTE, open=o, high=h, low=l, close=c, volume=v)
        for i, (o, h, l, c, v) in enumerate(
            frame.head(warm + 2 * bars).select("open", "high", "low", "close", "volume").iter_rows()
        )
    ]
    rules.warm(features.rows(closed[:warm]))
    print(
        f"\n20 rules of {len(rules.names)} features at a closed bar, {bars:,} bars, µs, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':40}{'min':>8}{'p50':>8}{'p99':>8}")
    live_row("processor time", time.process_time_ns, rules, features, closed[warm : warm + bars])
    live_row("time", time.perf_counter_ns, rules, features, closed[warm + bars :])


def live_row(
    said: str, clock: Callable[[], int], rules: LiveRules, features: StreamingFeatures, closed: list[ClosedBar]
) -> None:
    ticks = []
    for bar in closed:
        began = clock()
        features.take(bar)
        between = clock()
        rules.take(features.latest)
        rules.truths(HELD)
        ticks.append((between - began, clock() - between))
    taken, asked = np.array(ticks).T / 1e3
    for name, figures in (("features of the bar", taken), ("20 rules", asked), ("together", taken + asked)):
        p50, p99 = np.quantile(figures, (0.5, 0.99))
        print(f"{f'{said}: {name}':40}{min(figures):8.1f}{p50:8.1f}{p99:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="rules,runs,stress,live")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--folder", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        child(asked.child, asked.bars, asked.rounds, folder=asked.folder)
        return
    parts = asked.only.split(",")
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    frame = market(max(asked.bars, 40_000)) if {"rules", "live"} & set(parts) else pl.DataFrame()
    names = list(PLANS)
    if "rules" in parts:
        rule_rows(frame.head(asked.bars), asked.rounds)
    if "runs" in parts:
        run_rows(names[:4], asked.bars, asked.rounds, folder=False)
    if "stress" in parts:
        run_rows(names[4:], asked.bars, 0, folder=True)
    if "live" in parts:
        live_rows(frame, 10_000)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()

"""The demo's job: real candles as they were found, mended in the open, under the default ladders on both paths."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.candles import demo_candles
from exitbrain.cli.backtest_run import Tell, run_into
from exitbrain.cli.output import checked_folder
from exitbrain.cli.progress import working
from exitbrain.cli.summary import print_places, summary_blocks
from exitbrain.cli.terminal import console, sentences, show
from exitbrain.errors import Unavailable

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.backtesting.result import Result
    from exitbrain.candles import CandleFile, Candles

BARS_BACK = 96
RULE = f"close crosses above the highest close of the {BARS_BACK} bars before (one day): long at the next open"
# The same money each time, so that one set's result does not hang on those before it.
SIZING = {"mode": "notional", "value": 10_000}
SIZE = "10,000 USD a position"
INSTALL = "./start does it; elsewhere: pip install 'exitbrain[demo]'"


def run_demo(out: str, *, serve: bool) -> None:
    folder = checked_folder(out)
    terminal = console()
    try:
        with working("reading candles"):
            file, problems, repairs = demo_candles()
    except Unavailable as missing:
        raise Unavailable(f"{missing} ({INSTALL})") from None
    show(
        terminal,
        _found(file, problems, repairs, terminal.width),
        sentences([f"entries: {RULE}; {SIZE}"], terminal.width),
    )
    terminal.print()
    result, unreported = run_into(folder, lambda tell: _run(file, tell))
    show(terminal, *summary_blocks(result, terminal.width, with_reading=False))
    print_places(terminal, out, unreported)
    if serve:
        terminal.print()
        _serve(result)


def _serve(result: Result) -> None:
    from exitbrain.cli.serving import PORTS_TRIED
    from exitbrain.cli.serving import serve as serve_bench
    from exitbrain.wiring.workbench import Workbench

    with Workbench.open(workers=1) as bench:
        run_id = bench.save(result, label="demo")
        serve_bench(bench, path=f"/runs/{run_id}", ports_tried=PORTS_TRIED)


def breakouts(candles: Candles) -> pl.DataFrame:
    """Entries of the demo's rule, from closed bars alone; the bar after the signal takes them at its open."""
    import polars as pl

    close = candles.close
    highest = np.lib.stride_tricks.sliding_window_view(close, BARS_BACK).max(axis=1)
    # highest[i] is over bars i … i+95; a bar is compared with the 96 before it, and the bar before with its own 96.
    above = close[BARS_BACK:] > highest[:-1]
    crossed = np.flatnonzero(above[1:] & ~above[:-1]) + BARS_BACK + 1
    crossed = crossed[crossed + 1 < len(candles)]
    time = pl.Series("timestamp", candles.time[crossed + 1]).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame({"timestamp": time}).with_columns(
        symbol=pl.lit(candles.symbol), side=pl.lit("long"), tag=pl.lit("breakout")
    )


def _run(file: CandleFile, tell: Tell | None) -> Result:
    from exitbrain.wiring.backtest import backtest

    config = {"account": {"sizing": SIZING}}
    return backtest(file, entries=breakouts(file.candles[0]), config=config, paths="both", progress=tell)


def _found(file: CandleFile, problems: Sequence[str], repairs: Sequence[str], width: int) -> str:
    """What the check found and what was done about it, without the list of rows."""
    (candles,) = file.candles
    lines = [f"candles: {Path(file.source).name}, {candles.symbol}, as installed with its package"]
    lines += [f"found: {_brief(problem)}" for problem in problems]
    lines += [f"repaired: {_unplaced(repair)}" for repair in repairs]
    lines += [f"note: {note}" for note in file.notes]
    return sentences(lines, width)


def _brief(problem: str) -> str:
    """file:line: what in n rows: samples; accepted … → what in n rows, first at line n"""
    where, _, words = problem.partition(": ")
    what = words.partition(": ")[0]
    return f"{what}, the first at line {where.rpartition(':')[2]}"


def _unplaced(repair: str) -> str:
    return repair.rpartition(" (line")[0] or repair

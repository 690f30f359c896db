"""Ours, driven from the same market, openings and ladders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from exitbrain import TPKind, TPProfile, TPProfileLeg, TrailingProfile, backtest
from exitbrain.kernel.candles import Candles
from exitbrain.kernel.fills import Fills, follow_entries
from exitbrain.kernel.recipes import Costs, Entries, Recipes, recipes_of
from exitbrain.kernel.sweep import SweepColumns, evaluate
from matched.workload import LOTS, MINUTE, PARTS, START, Ladder, Market, Openings

if TYPE_CHECKING:
    from collections.abc import Sequence


def profile_of(ladder: Ladder, name: str = "BENCH") -> TPProfile:
    legs = tuple(TPProfileLeg(r / PARTS, share / PARTS, TPKind.HARD) for r, share in ladder.rungs)
    trail = None
    if ladder.callbacks:
        (activation, callback), *curve = ladder.callbacks
        points = tuple((r / PARTS, narrower / PARTS) for r, narrower in curve)
        trail = TrailingProfile(callback / PARTS, activation / PARTS, points)
    return TPProfile(name, legs, trail)


def recipes(ladders: Sequence[Ladder]) -> Recipes:
    return recipes_of([profile_of(ladder, f"BENCH_{i}") for i, ladder in enumerate(ladders)])


def entries_of(openings: Openings) -> Entries:
    side = np.ones(len(openings), dtype=np.int64)
    return Entries(bar=openings.bar, side=side, price=openings.price, stop=openings.stop, lots=openings.lots)


def follow(market: Market, entries: Entries, recipe: Recipes, single: bool, **options: Any) -> Fills:
    """No index and no candles of before: everything that a first run needs is inside."""
    return follow_entries(Candles(*market.columns), entries, recipe, Costs(), single=single, **options)


def rows_of(fills: Fills) -> Any:
    return np.column_stack([fills.position, fills.bar, fills.code, fills.price, fills.lots])


def sweep(market: Market, entries: Entries, recipe: Recipes, single: bool, threads: int = 1) -> SweepColumns:
    """The index and the paths are built inside."""
    return evaluate(Candles(*market.columns), entries, recipe, Costs(), single=single, threads=threads)


def sums_of(columns: SweepColumns) -> Any:
    """As `straightforward.sweep` gives them."""
    held = np.rint(columns.bars_held * columns.positions)
    return np.column_stack([columns.positions, columns.fills, columns.gross, held]).astype(np.int64)


def frame_of(market: Market) -> pl.DataFrame:
    times = pl.Series("timestamp", START + np.arange(len(market)) * MINUTE).cast(pl.Datetime("us", "UTC"))
    names = ("open", "high", "low", "close")
    return pl.DataFrame([times]).with_columns(
        *[pl.Series(name, column / 100) for name, column in zip(names, market.columns)], volume=pl.lit(1.0)
    )


def signals_of(frame: pl.DataFrame, openings: Openings) -> pl.DataFrame:
    """An entry at a time fills at the open of the bar that begins then."""
    return frame.select("timestamp")[openings.bar].with_columns(
        side=pl.lit("long"), stop_price=pl.Series(openings.stop / 100)
    )


def whole(frame: pl.DataFrame, signals: pl.DataFrame, independent: bool, regime: str = "TREND") -> Any:
    """From frames to exact TradeSets and metrics."""
    config = {
        "instrument": {
            "symbol": "BENCH", "tick_size": "0.01", "lot_size": "0.001", "maker_fee": 0, "taker_fee": 0,
        },
        "account": {"independent": independent, "sizing": {"mode": "quantity", "value": LOTS / 1_000}},
        "execution": {"slippage_bps": 0},
        "exits": {"regime": regime},
    }  # fmt: skip
    result = backtest(frame, entries=signals, config=config, traced=False)
    assert result.metrics["num_sets"] == len(result.trade_sets)
    return result

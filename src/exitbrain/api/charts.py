"""Columns for charts: equity thinned, candles cut to a window and merged until they fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from exitbrain.api.models.series import Candles, Equity, RegimeBand
from exitbrain.api.run_rows import known_symbol
from exitbrain.core.instants import instant_of, iso
from exitbrain.features.regime import ORDER, RegimeThresholds, regimes
from exitbrain.report.curves import equity_curve

MICROSECONDS = 1_000_000


def equity_points(bench: Any, run_id: str, points: int) -> Equity:
    frame = bench.frame(run_id, "equity.parquet")
    curve = equity_curve(
        {
            "time": frame["time"].dt.epoch("us").to_numpy(),
            **{name: frame[name].to_numpy() for name in ("equity", "drawdown", "exposure") if name in frame.columns},
        },
        points,
    )
    return Equity(**curve, bars=len(frame))


def candle_columns(
    bench: Any, row: Mapping[str, Any], symbol: str | None, start: int | None, end: int | None, max_bars: int
) -> Candles:
    symbol = known_symbol(row, symbol)
    frame = bench.candles_of(row["run_id"], symbol)
    time = frame["time"].to_numpy()
    first = 0 if start is None else int(np.searchsorted(time, start, side="left"))
    last = len(time) if end is None else max(first, int(np.searchsorted(time, end, side="left")))
    per_candle = max(1, -(-(last - first) // max_bars))
    firsts = np.arange(first, last, per_candle)
    return Candles(
        symbol=symbol,
        timeframe=row["timeframe"],
        bars_per_candle=per_candle,
        start=_iso(time[0]) if len(time) else None,
        end=_iso(time[-1]) if len(time) else None,
        time=(time[firsts] // MICROSECONDS).tolist(),
        **_merged(frame, firsts, last),
        regimes=_bands(frame, time, firsts, last, bench.store.description(row["run_id"])["config"]),
    )


def _bands(frame: Any, time: np.ndarray, firsts: np.ndarray, end: int, config: Mapping[str, Any]) -> list[RegimeBand]:
    """Where the regime changed in the window, by the run's own thresholds, from all bars before it (spec F24)."""
    if not len(firsts):
        return []
    first = int(firsts[0])
    stop = int(time[end - 1]) // MICROSECONDS + 1
    fixed = config["exits"]["regime"]
    if fixed != "auto":
        return [RegimeBand(start=int(time[first]) // MICROSECONDS, end=stop, regime=str(fixed))]
    high, low, close = (frame[name].to_numpy()[:end].astype(np.float64) for name in ("high", "low", "close"))
    codes = regimes(high, low, close, RegimeThresholds(**config["regime"]))[first:]
    starts = np.flatnonzero(np.diff(codes, prepend=np.int8(-1)))
    edges = [*(time[first + starts] // MICROSECONDS).tolist(), stop]
    return [
        RegimeBand(start=start, end=following, regime=ORDER[codes[at]].value)
        for at, start, following in zip(starts, edges, edges[1:], strict=False)
    ]


def _merged(frame: Any, firsts: np.ndarray, end: int) -> dict[str, list[Any]]:
    names = ("open", "high", "low", "close", "volume")
    if not len(firsts):
        return {name: [] for name in names}
    open_, high, low, close, volume = (frame[name].to_numpy() for name in names)
    inside, lasts = firsts - firsts[0], np.append(firsts[1:], end) - 1
    within = slice(firsts[0], end)
    return {
        "open": open_[firsts].tolist(),
        "high": np.maximum.reduceat(high[within], inside).tolist(),
        "low": np.minimum.reduceat(low[within], inside).tolist(),
        "close": close[lasts].tolist(),
        "volume": [None if np.isnan(v) else v for v in np.add.reduceat(volume[within], inside).tolist()],
    }


def _iso(time: Any) -> str:
    return iso(instant_of(int(time)))

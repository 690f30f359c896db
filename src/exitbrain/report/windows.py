"""Candle windows: the bars around one TradeSet, small enough to travel inside a page.

A window runs from some 30 bars before the opening to 30 after the close and holds at most 400 candles; where the set
lasted longer, several bars make one candle. Prices are whole numbers of 10^-digits and stored as differences, because
those are short: open from the close before, close from its open, high and low from the body.

    bars (100, 103, 99, 102), (102, 102, 101, 101)   →   open [100, 0]  close [2, -1]  high [1, 0]  low [1, 0]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from math import ceil
from typing import Any

import numpy as np

from exitbrain.report.curves import epoch_micros

BARS_AROUND = 30
MAX_CANDLES = 400
MAX_DIGITS = 12
COLUMNS = ("open", "high", "low", "close")


def telling_sets(trade_sets: Sequence[Mapping[str, Any]], windows: int) -> list[Mapping[str, Any]]:
    """The first sixth of the windows goes to the first sets, the rest to open ones and to the largest |R|."""
    if len(trade_sets) <= windows:
        return list(trade_sets)
    first = windows // 6
    chosen = set(range(first))
    by_size = sorted(range(first, len(trade_sets)), key=lambda i: (-_size(trade_sets[i]), i))
    chosen.update(by_size[: windows - first])
    return [trade_sets[i] for i in sorted(chosen)]


def candle_window(trade_set: Mapping[str, Any], candles: Mapping[str, Any]) -> dict[str, Any] | None:
    """None where the set lies outside the candles."""
    time = epoch_micros(candles["time"])
    opened = micros_of(trade_set["opened_at"])
    closed = micros_of(trade_set["closed_at"]) if trade_set.get("closed_at") else int(time[-1]) if len(time) else 0
    if not len(time) or opened > time[-1] or closed < time[0]:
        return None
    start = max(0, int(np.searchsorted(time, opened, side="right")) - 1 - BARS_AROUND)
    end = min(len(time), int(np.searchsorted(time, closed, side="right")) + BARS_AROUND)
    per_candle = ceil((end - start) / MAX_CANDLES)
    firsts = np.arange(start, end, per_candle)
    prices = _aggregated(candles, firsts, end)
    return {"bars_per_candle": per_candle, **_steps(time[firsts] // 1_000_000), **_packed(prices)}


def micros_of(iso: str) -> int:
    return int(epoch_micros([datetime.fromisoformat(iso)])[0])


def _size(trade_set: Mapping[str, Any]) -> float:
    r = trade_set.get("r_multiple")
    return float("inf") if r is None else abs(float(r))


def _aggregated(candles: Mapping[str, Any], firsts: np.ndarray, end: int) -> dict[str, np.ndarray]:
    open_, high, low, close = (np.asarray(candles[name], dtype=float) for name in COLUMNS)
    lasts = np.append(firsts[1:], end) - 1
    inside = firsts - firsts[0]
    return {
        "open": open_[firsts],
        "high": np.maximum.reduceat(high[firsts[0] : end], inside),
        "low": np.minimum.reduceat(low[firsts[0] : end], inside),
        "close": close[lasts],
    }


def _steps(seconds: np.ndarray) -> dict[str, Any]:
    """The first time, then runs of [how many, seconds apart]."""
    apart = np.diff(seconds).tolist()
    return {"start": int(seconds[0]), "steps": [[len(list(run)), step] for step, run in groupby(apart)]}


def _packed(prices: Mapping[str, np.ndarray]) -> dict[str, Any]:
    digits = _digits(np.concatenate([prices[name] for name in COLUMNS]))
    open_, high, low, close = (np.rint(prices[name] * 10.0**digits).astype(np.int64) for name in COLUMNS)
    return {
        "digits": digits,
        "open": (open_ - np.append(0, close[:-1])).tolist(),
        "close": (close - open_).tolist(),
        "high": (high - np.maximum(open_, close)).tolist(),
        "low": (np.minimum(open_, close) - low).tolist(),
    }


def _digits(values: np.ndarray) -> int:
    """The fewest decimals that hold every price."""
    for digits in range(MAX_DIGITS):
        scaled = values * 10.0**digits
        if np.allclose(np.rint(scaled), scaled, rtol=1e-11, atol=0):
            return digits
    return MAX_DIGITS

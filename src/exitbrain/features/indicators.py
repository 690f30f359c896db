"""Indicators over closed bars, by TA-Lib: Wilder's ATR and ADX, and Kaufman's efficiency ratio.

All take float64 arrays, one value a bar, and give float64 arrays of the same length with nan in the warm-up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exitbrain.features.ta_lib import ta_lib

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

WORTH_COMPILING = 200_000  # values: under that Polars is done before Numba is loaded


def average_true_range(high: Column, low: Column, close: Column, period: int) -> Column:
    """Wilder (1978), price units."""
    if len(close) <= period:
        return np.full(len(close), np.nan)
    return ta_lib().ATR(high, low, close, timeperiod=period)


def average_directional_index(high: Column, low: Column, close: Column, period: int) -> Column:
    """Wilder (1978), 0 to 100."""
    if len(close) <= 2 * period - 1:
        return np.full(len(close), np.nan)
    return ta_lib().ADX(high, low, close, timeperiod=period)


def efficiency_ratio(close: Column, period: int) -> Column:
    """Kaufman (1995): |change over the period| ÷ sum of absolute changes, 0 to 1; 0 ÷ 0 is 0 (spec F24, F44)."""
    result = np.full(len(close), np.nan)
    if len(close) <= period:
        return result
    steps = np.diff(close)
    np.abs(steps, out=steps)
    travelled = np.convolve(steps, np.ones(period), mode="valid") if period == 1 else _rolling_sum(steps, period)
    ratio = result[period:]
    np.subtract(close[period:], close[:-period], out=ratio)
    np.abs(ratio, out=ratio)
    with np.errstate(invalid="ignore", divide="ignore"):
        np.divide(ratio, travelled, out=ratio)
    np.minimum(ratio, 1.0, out=ratio)
    np.copyto(ratio, 0.0, where=~(travelled > 0))
    return result


def _rolling_sum(values: Column, window: int) -> Column:
    """Each window summed on its own, so that no result depends on bars before it."""
    return np.lib.stride_tricks.sliding_window_view(values, window).sum(axis=1)


def rolling_median(values: Column, window: int) -> Column:
    """Median of the window that ends at each bar; nan where the window has a nan or is short."""
    if len(values) >= WORTH_COMPILING:
        from exitbrain.kernel.compiled import compiled_rolling

        return compiled_rolling().rolling_median(values, window)
    result = np.full(len(values), np.nan)
    if len(values) < window:
        return result
    import polars as pl

    series = pl.Series(values).fill_nan(None)
    result[:] = series.rolling_median(window_size=window, min_samples=window).to_numpy()
    return result

"""The market's regime from closed bars, with confirmation (spec F24, F44).

VOLATILE where atr_14 ÷ close is at least `vol_mult` times its median over `vol_window` bars; else TREND where adx_14
and the efficiency ratio over 20 bars are both high; else CHOP where both are low; else RANGE where adx_14 is low; else
NORMAL. A change counts after `confirm_bars` bars in a row; NORMAL before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.core.market import MarketRegime
from exitbrain.features.indicators import (
    average_directional_index,
    average_true_range,
    efficiency_ratio,
    rolling_median,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

PERIOD, EFFICIENCY_PERIOD = 14, 20
ORDER = (MarketRegime.NORMAL, MarketRegime.TREND, MarketRegime.RANGE, MarketRegime.VOLATILE, MarketRegime.CHOP)
NORMAL, TREND, RANGE, VOLATILE, CHOP = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeThresholds:
    adx_trend: float = 25
    adx_range: float = 20
    er_trend: float = 0.35
    er_chop: float = 0.15
    vol_mult: float = 2.0
    vol_window: int = 200
    confirm_bars: int = 3


def raw_regimes(high: Column, low: Column, close: Column, thresholds: RegimeThresholds) -> NDArray[np.int8]:
    """The regime that each bar speaks for by itself, as an index into ORDER; -1 before warm-up."""
    relative = average_true_range(high, low, close, PERIOD) / close
    median = rolling_median(relative, thresholds.vol_window)
    adx = average_directional_index(high, low, close, PERIOD)
    ratio = efficiency_ratio(close, EFFICIENCY_PERIOD)
    return regimes_of(relative, median, adx, ratio, thresholds)


def regimes_of(
    relative: Column, median: Column, adx: Column, ratio: Column, thresholds: RegimeThresholds
) -> NDArray[np.int8]:
    """The same from the measures themselves: ATR ÷ close, its median, ADX and the efficiency ratio."""
    with np.errstate(invalid="ignore"):
        weak = adx < thresholds.adx_range
        claims = {
            RANGE: weak,
            CHOP: weak & (ratio < thresholds.er_chop),
            TREND: (adx >= thresholds.adx_trend) & (ratio >= thresholds.er_trend),
            VOLATILE: relative >= thresholds.vol_mult * median,
            -1: np.isnan(relative) | np.isnan(median) | np.isnan(adx) | np.isnan(ratio),
        }
    strongest = np.zeros(len(relative), dtype=np.int8)  # the last claim that holds
    for strength, holds in enumerate(claims.values(), start=1):
        np.maximum(strongest, holds * np.int8(strength), out=strongest)
    return np.array([NORMAL, *claims], dtype=np.int8)[strongest]


def confirmed_regimes(raw: NDArray[np.int8], confirm_bars: int) -> NDArray[np.int8]:
    """A regime counts from the bar at which `confirm_bars` bars in a row have spoken for it; NORMAL before."""
    n = len(raw)
    if n == 0:
        return raw.copy()
    starts = np.r_[0, np.flatnonzero(raw[1:] != raw[:-1]) + 1]
    counts = (np.diff(starts, append=n) >= confirm_bars) & (raw[starts] >= 0)
    agreed = starts[counts] + (confirm_bars - 1)
    values = np.r_[np.int8(NORMAL), raw[starts[counts]]]
    return np.repeat(values, np.diff(agreed, prepend=0, append=n))


def regimes(high: Column, low: Column, close: Column, thresholds: RegimeThresholds) -> NDArray[np.int8]:
    """The confirmed regime at each bar's close, as an index into ORDER."""
    return confirmed_regimes(raw_regimes(high, low, close, thresholds), thresholds.confirm_bars)

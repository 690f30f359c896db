"""How each family of the catalogue is computed from bars: TA-Lib where it has it, numpy for the rest.

Every function takes `Bars` and the whole numbers of the name, and gives one float64 a bar, nan where there is no value
yet. No value depends on a later bar. Volume may have holes: what reads it starts again after each, with its warm-up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.features.catalogue import STOCHASTIC_SMOOTHING
from exitbrain.features.columns import rolling_extreme
from exitbrain.features.indicators import average_directional_index, average_true_range, efficiency_ratio
from exitbrain.features.ta_lib import ta_lib

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

HOUR, DAY = 3_600_000_000, 86_400_000_000
BAND_DEVIATIONS = 2.0
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, Monday is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Columns of one timeframe; times are µs at which bars open."""

    time: NDArray[np.int64]
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column

    def __len__(self) -> int:
        return len(self.time)


def family_column(family: str, numbers: tuple[int, ...], bars: Bars) -> Column:
    with np.errstate(all="ignore"):
        return COMPUTED[family](bars, *numbers)


def by_runs(compute: Callable[..., Column], columns: tuple[Column, ...], shortest: int) -> Column:
    """`compute` over each run of bars without a hole; nan in runs that are shorter than its warm-up."""
    known = ~np.isnan(columns[0])
    for column in columns[1:]:
        known &= ~np.isnan(column)
    if known.all():
        return compute(*columns) if len(known) >= shortest else np.full(len(known), np.nan)
    edges = np.flatnonzero(np.diff(np.r_[False, known, False]))
    starts, ends = edges[::2], edges[1::2]
    result = np.full(len(known), np.nan)
    for start, end in zip(starts, ends):
        if end - start >= shortest:
            result[start:end] = compute(*(np.ascontiguousarray(column[start:end]) for column in columns))
    return result


def _talib(name: str, *columns: str, **fixed: Any) -> Callable[..., Column]:
    """A family that is one TA-Lib function with one period."""

    def compute(bars: Bars, period: int) -> Column:
        return getattr(ta_lib(), name)(*(getattr(bars, column) for column in columns), timeperiod=period, **fixed)

    return compute


def _average_true_range(bars: Bars, period: int) -> Column:
    return average_true_range(bars.high, bars.low, bars.close, period)


def _average_directional_index(bars: Bars, period: int) -> Column:
    return average_directional_index(bars.high, bars.low, bars.close, period)


def _efficiency_ratio(bars: Bars, period: int) -> Column:
    return efficiency_ratio(bars.close, period)


def _volume_average(bars: Bars, period: int) -> Column:
    return by_runs(lambda volume: ta_lib().SMA(volume, timeperiod=period), (bars.volume,), period)


def _on_balance_volume(bars: Bars) -> Column:
    return by_runs(ta_lib().OBV, (bars.close, bars.volume), 1)


def _money_flow(bars: Bars, period: int) -> Column:
    columns = (bars.high, bars.low, bars.close, bars.volume)
    return by_runs(lambda h, l, c, v: ta_lib().MFI(h, l, c, v, timeperiod=period), columns, period + 1)


def _macd(part: int) -> Callable[..., Column]:
    def compute(bars: Bars, fast: int, slow: int, signal: int) -> Column:
        return ta_lib().MACD(bars.close, fastperiod=fast, slowperiod=slow, signalperiod=signal)[part]

    return compute


def _stochastic(part: int) -> Callable[..., Column]:
    def compute(bars: Bars, period: int) -> Column:
        smooth = {f"{line}_{key}": value for line in ("slowk", "slowd") for key, value in _SMOOTHING.items()}
        return ta_lib().STOCH(bars.high, bars.low, bars.close, fastk_period=period, **smooth)[part]

    return compute


_SMOOTHING = {"period": STOCHASTIC_SMOOTHING, "matype": 0}  # 0: simple averages


def _bands(bars: Bars, period: int) -> tuple[Column, Column, Column]:
    return ta_lib().BBANDS(bars.close, timeperiod=period, nbdevup=BAND_DEVIATIONS, nbdevdn=BAND_DEVIATIONS)


def _band(part: int) -> Callable[..., Column]:
    return lambda bars, period: _bands(bars, period)[part]


def _band_width(bars: Bars, period: int) -> Column:
    upper, middle, lower = _bands(bars, period)
    return (upper - lower) / middle


def _change_of_close(bars: Bars, period: int) -> Column:
    result = np.full(len(bars), np.nan)
    result[period:] = bars.close[period:] / bars.close[:-period] - 1.0
    return result


def _realized_volatility(bars: Bars, period: int) -> Column:
    result = np.full(len(bars), np.nan)
    if len(bars) > period:
        steps = np.diff(np.log(bars.close))
        # TA-Lib divides by n; a sample's deviation divides by n − 1
        result[1:] = ta_lib().STDDEV(steps, timeperiod=period, nbdev=1.0) * np.sqrt(period / (period - 1))
    return result


def _channel_high(bars: Bars, period: int) -> Column:
    return rolling_extreme(bars.high, period, np.maximum)


def _channel_low(bars: Bars, period: int) -> Column:
    return rolling_extreme(bars.low, period, np.minimum)


def _channel_mid(bars: Bars, period: int) -> Column:
    return (_channel_high(bars, period) + _channel_low(bars, period)) / 2


COMPUTED: dict[str, Callable[..., Column]] = {
    "open": lambda bars: bars.open,
    "high": lambda bars: bars.high,
    "low": lambda bars: bars.low,
    "close": lambda bars: bars.close,
    "volume": lambda bars: bars.volume,
    "liquidity": lambda bars: bars.close * bars.volume,
    "sma": _talib("SMA", "close"),
    "ema": _talib("EMA", "close"),
    "wma": _talib("WMA", "close"),
    "volume_sma": _volume_average,
    "rsi": _talib("RSI", "close"),
    "macd": _macd(0),
    "macd_signal": _macd(1),
    "macd_hist": _macd(2),
    "roc": _talib("ROC", "close"),
    "mom": _talib("MOM", "close"),
    "return": _change_of_close,
    "stoch_k": _stochastic(0),
    "stoch_d": _stochastic(1),
    "cci": _talib("CCI", "high", "low", "close"),
    "mfi": _money_flow,
    "willr": _talib("WILLR", "high", "low", "close"),
    "adx": _average_directional_index,
    "plus_di": _talib("PLUS_DI", "high", "low", "close"),
    "minus_di": _talib("MINUS_DI", "high", "low", "close"),
    "efficiency_ratio": _efficiency_ratio,
    "atr": _average_true_range,
    "bb_upper": _band(0),
    "bb_middle": _band(1),
    "bb_lower": _band(2),
    "bb_width": _band_width,
    "realized_vol": _realized_volatility,
    "donchian_high": _channel_high,
    "donchian_low": _channel_low,
    "donchian_mid": _channel_mid,
    "obv": _on_balance_volume,
    "hour_utc": lambda bars: (bars.time // HOUR % 24).astype(np.float64),
    "weekday_utc": lambda bars: ((bars.time // DAY + EPOCH_WEEKDAY) % 7).astype(np.float64),
}

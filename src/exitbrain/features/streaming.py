"""Features one closed bar at a time, for live: the same values as the columns of `FeatureTable`, to the last bit.

    features = StreamingFeatures(["rsi_14", "tf_4h_close"], timeframe=HOUR)
    features.take(ClosedBar(time=…, open=…, high=…, low=…, close=…, volume=…))
    features.value("rsi_14", 0)     # None in the warm-up

Averages without an end (Wilder's, exponential) remember their first bar, so equal values need the same first bar: after
a restart the stored bars are taken again. TA-Lib's own streams do what it has; what looks at a window only is computed
from that window.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Any, Protocol

import numpy as np

from exitbrain.core.timeframes import timeframe_word
from exitbrain.errors import InvalidInput
from exitbrain.features.catalogue import STOCHASTIC_SMOOTHING, Feature, feature_of
from exitbrain.features.computing import BAND_DEVIATIONS, Bars, family_column
from exitbrain.features.indicators import rolling_median
from exitbrain.features.regime import EFFICIENCY_PERIOD, ORDER, PERIOD, RegimeThresholds, regimes_of
from exitbrain.features.resampling import bucket_of

NAN = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedBar:
    """`time` is the µs at which the bar opened."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    spread_bps: float | None = None


class Line(Protocol):
    """One feature: takes each bar, gives its value there; nan or None where it is missing."""

    def take(self, bar: ClosedBar) -> float | str | None: ...


class StreamingFeatures:
    """The named features after each bar that was taken; it keeps all of them, since a rule may look back."""

    def __init__(
        self,
        names: Iterable[str],
        *,
        timeframe: int,
        default_spread_bps: float | None = None,
        thresholds: RegimeThresholds | None = None,
    ) -> None:
        self.timeframe = timeframe
        self._spread = default_spread_bps
        self._thresholds = thresholds or RegimeThresholds()
        self._features = {name: _market_feature(name) for name in names}
        self._higher = self._higher_streams()
        self._lines = {
            name: self._line(feature) for name, feature in self._features.items() if feature.timeframe is None
        }
        self._values: dict[str, list[float | str | None]] = {name: [] for name in self._features}
        self._taken = 0

    @property
    def history(self) -> int:
        """How many bars were taken before the last one."""
        return self._taken - 1

    def take(self, bar: ClosedBar) -> None:
        for higher in self._higher.values():
            higher.take(bar)
        for name, feature in self._features.items():
            if feature.timeframe is None:
                value = self._lines[name].take(bar)
            else:
                value = self._higher[feature.timeframe].value(feature.on_its_bars)
            # Told once here: rules that look back read each value many times.
            self._values[name].append(_known(value))
        self._taken += 1

    def value(self, name: str, bars_back: int) -> float | str | None:
        return self._values[name][self._taken - 1 - bars_back]

    def why(self, name: str, bars_back: int) -> str:
        """Why a value is missing there (spec F55)."""
        feature = self._features[name]
        if feature.family.name == "spread_bps":
            return "the data has no spread at this bar"
        if feature.timeframe is not None:
            needed = f"{feature.warm_up + 1} closed {timeframe_word(feature.timeframe)} bars"
            return f"warm-up: it needs {needed}"
        there = self.history - bars_back + 1
        if there <= feature.warm_up:
            return f"warm-up: it needs {feature.warm_up + 1} closed bars, and {there} are there"
        return "a hole: the data has no value at this bar"

    def _higher_streams(self) -> dict[int, _HigherStream]:
        wanted: dict[int, set[str]] = {}
        for feature in self._features.values():
            if feature.timeframe is not None:
                wanted.setdefault(feature.timeframe, set()).add(feature.on_its_bars)
        return {
            timeframe: _HigherStream(
                StreamingFeatures(sorted(names), timeframe=timeframe, thresholds=self._thresholds), self.timeframe
            )
            for timeframe, names in wanted.items()
        }

    def _line(self, feature: Feature) -> Line:
        name = feature.family.name
        if name == "regime":
            return _RegimeLine(self._thresholds)
        if name == "spread_bps":
            return _SpreadLine(self._spread)
        if name in _STREAMS:
            return _TalibLine(_STREAMS[name], feature.numbers, feature.warm_up + 1)
        return _WindowLine(feature)


def _known(value: float | str | None) -> float | str | None:
    """None for what is missing: nan and infinity too."""
    if value is None or isinstance(value, str):
        return value
    return float(value) if isfinite(value) else None


def _market_feature(name: str) -> Feature:
    feature = feature_of(name)
    if feature is None or feature.family.group == "position":
        raise InvalidInput(f"feature {name!r}", accepted="a feature of the market: exitbrain features lists them")
    return feature


class _HigherStream:
    """Bars of the run into closed bars of a higher timeframe, and from those into features."""

    def __init__(self, features: StreamingFeatures, timeframe: int) -> None:
        if features.timeframe < timeframe or features.timeframe % timeframe:
            found = f"timeframe {timeframe_word(features.timeframe)} from bars of {timeframe_word(timeframe)}"
            raise InvalidInput(found, accepted="a multiple of the bars' own timeframe")
        self._features, self._timeframe = features, timeframe
        self._open: list[ClosedBar] = []
        self._opened_at = 0

    def take(self, bar: ClosedBar) -> None:
        opened_at = bucket_of(bar.time, self._features.timeframe)
        if self._open and opened_at != self._opened_at:
            self._close()
        self._opened_at = opened_at
        self._open.append(bar)
        if bar.time + self._timeframe >= opened_at + self._features.timeframe:
            self._close()

    def value(self, name: str) -> float | str | None:
        return self._features.value(name, 0) if self._features.history >= 0 else None

    def _close(self) -> None:
        volumes = np.array([bar.volume for bar in self._open])
        self._features.take(
            ClosedBar(
                time=self._opened_at,
                open=self._open[0].open,
                high=max(bar.high for bar in self._open),
                low=min(bar.low for bar in self._open),
                close=self._open[-1].close,
                volume=float(np.add.reduceat(volumes, [0])[0]),  # adds in the order of the columns
            )
        )
        self._open = []


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stream:
    """A TA-Lib function: what it reads of a bar, its arguments from the name's numbers, and its value."""

    function: str
    reads: tuple[str, ...]
    arguments: Callable[..., tuple[Any, ...]] = lambda *numbers: numbers
    value: Callable[[Any], float] = lambda given: given


class _TalibLine:
    """Opens TA-Lib's stream when the warm-up is over. A hole in what it reads starts it again."""

    def __init__(self, stream: _Stream, numbers: tuple[int, ...], needed: int) -> None:
        self._stream, self._arguments, self._needed = stream, stream.arguments(*numbers), needed
        self._early: list[tuple[float, ...]] = []
        self._handle: Any = None

    def take(self, bar: ClosedBar) -> float:
        return self.take_values(tuple(float(getattr(bar, name)) for name in self._stream.reads))

    def take_values(self, values: tuple[float, ...]) -> float:
        if any(value != value for value in values):
            self._early, self._handle = [], None
            return NAN
        if self._handle is not None:
            return self._stream.value(self._handle.update(*values))
        self._early.append(values)
        if len(self._early) < self._needed:
            return NAN
        from talib import stream

        columns = (np.ascontiguousarray(column) for column in np.array(self._early).T)
        self._handle = getattr(stream, self._stream.function)(*columns, *self._arguments)
        self._early = []
        return self._stream.value(self._handle.value)


class _WindowLine:
    """A feature of the last bars alone, computed from them as a column is."""

    def __init__(self, feature: Feature) -> None:
        self._feature = feature
        self._bars: deque[ClosedBar] = deque(maxlen=feature.warm_up + 1)
        self._deviation = None
        if feature.family.name == "realized_vol":
            period = feature.numbers[0]
            self._deviation = _TalibLine(
                _Stream(function="STDDEV", reads=(), arguments=lambda n: (n, 1.0)), (period,), period
            )
            self._sample = np.sqrt(period / (period - 1))

    def take(self, bar: ClosedBar) -> float:
        self._bars.append(bar)
        if self._deviation is not None:
            return self._realized()
        if len(self._bars) <= self._feature.warm_up:
            return NAN
        return float(family_column(self._feature.family.name, self._feature.numbers, _bars(self._bars))[-1])

    def _realized(self) -> float:
        if len(self._bars) < 2:
            return NAN
        before, last = np.log(np.array([self._bars[-2].close, self._bars[-1].close]))
        assert self._deviation is not None
        return float(self._deviation.take_values((float(last - before),)) * self._sample)


class _SpreadLine:
    def __init__(self, default: float | None) -> None:
        self._default = default

    def take(self, bar: ClosedBar) -> float | None:
        missing = bar.spread_bps is None or bar.spread_bps != bar.spread_bps
        return self._default if missing else bar.spread_bps


class _RegimeLine:
    """The confirmed regime (spec F24): NORMAL until enough bars in a row speak for another."""

    def __init__(self, thresholds: RegimeThresholds) -> None:
        self._thresholds = thresholds
        self._range = _TalibLine(_STREAMS["atr"], (PERIOD,), PERIOD + 1)
        self._trend = _TalibLine(_STREAMS["adx"], (PERIOD,), 2 * PERIOD)
        efficiency = feature_of(f"efficiency_ratio_{EFFICIENCY_PERIOD}")
        assert efficiency is not None
        self._efficiency = _WindowLine(efficiency)
        self._relative: deque[float] = deque(maxlen=thresholds.vol_window)
        self._spoken: deque[int] = deque(maxlen=thresholds.confirm_bars)
        self._confirmed = ORDER[0].value

    def take(self, bar: ClosedBar) -> str:
        relative = self._range.take(bar) / bar.close
        self._relative.append(relative)
        median = rolling_median(np.array(self._relative), self._thresholds.vol_window)[-1]
        measures = (relative, median, self._trend.take(bar), self._efficiency.take(bar))
        self._spoken.append(int(regimes_of(*(np.array([x]) for x in measures), self._thresholds)[0]))
        agreed = len(self._spoken) == self._thresholds.confirm_bars and len(set(self._spoken)) == 1
        if agreed and self._spoken[0] >= 0:
            self._confirmed = ORDER[self._spoken[0]].value
        return self._confirmed


def _bars(taken: Iterable[ClosedBar]) -> Bars:
    rows = [(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in taken]
    time, *columns = zip(*rows, strict=True)
    opened, high, low, close, volume = (np.array(column, dtype=np.float64) for column in columns)
    return Bars(time=np.array(time, dtype=np.int64), open=opened, high=high, low=low, close=close, volume=volume)


def _part(index: int) -> Callable[[Any], float]:
    return lambda given: given[index]


def _bands(given: tuple[float, float, float]) -> float:
    upper, middle, lower = given
    return (upper - lower) / middle


def _stochastic(n: int) -> tuple[int, ...]:
    return (n, STOCHASTIC_SMOOTHING, 0, STOCHASTIC_SMOOTHING, 0)  # 0: simple averages


def _deviations(n: int) -> tuple[int | float, ...]:
    return (n, BAND_DEVIATIONS, BAND_DEVIATIONS)


_RANGE = ("high", "low", "close")

_STREAMS: dict[str, _Stream] = {
    "sma": _Stream(function="SMA", reads=("close",)),
    "ema": _Stream(function="EMA", reads=("close",)),
    "wma": _Stream(function="WMA", reads=("close",)),
    "volume_sma": _Stream(function="SMA", reads=("volume",)),
    "rsi": _Stream(function="RSI", reads=("close",)),
    "macd": _Stream(function="MACD", reads=("close",), value=_part(0)),
    "macd_signal": _Stream(function="MACD", reads=("close",), value=_part(1)),
    "macd_hist": _Stream(function="MACD", reads=("close",), value=_part(2)),
    "roc": _Stream(function="ROC", reads=("close",)),
    "mom": _Stream(function="MOM", reads=("close",)),
    "stoch_k": _Stream(function="STOCH", reads=_RANGE, arguments=_stochastic, value=_part(0)),
    "stoch_d": _Stream(function="STOCH", reads=_RANGE, arguments=_stochastic, value=_part(1)),
    "cci": _Stream(function="CCI", reads=_RANGE),
    "mfi": _Stream(function="MFI", reads=(*_RANGE, "volume")),
    "willr": _Stream(function="WILLR", reads=_RANGE),
    "adx": _Stream(function="ADX", reads=_RANGE),
    "plus_di": _Stream(function="PLUS_DI", reads=_RANGE),
    "minus_di": _Stream(function="MINUS_DI", reads=_RANGE),
    "atr": _Stream(function="ATR", reads=_RANGE),
    "bb_upper": _Stream(function="BBANDS", reads=("close",), arguments=_deviations, value=_part(0)),
    "bb_middle": _Stream(function="BBANDS", reads=("close",), arguments=_deviations, value=_part(1)),
    "bb_lower": _Stream(function="BBANDS", reads=("close",), arguments=_deviations, value=_part(2)),
    "bb_width": _Stream(function="BBANDS", reads=("close",), arguments=_deviations, value=_bands),
    "obv": _Stream(function="OBV", reads=("close", "volume")),
}

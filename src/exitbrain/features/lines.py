"""The lines that features are read from, one closed bar at a time: what each keeps does not grow with history.

TA-Lib's own streams do what it has. What looks at a window keeps that window, and is computed by the same operations in
the same order as the column, since sums of floats hang on their order.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Any, Protocol

import numpy as np

from exitbrain.core.rules.steps import RollingExtreme
from exitbrain.features.catalogue import STOCHASTIC_SMOOTHING, Feature
from exitbrain.features.computing import BAND_DEVIATIONS, DAY, EPOCH_WEEKDAY, HOUR
from exitbrain.features.regime import (
    CHOP,
    EFFICIENCY_PERIOD,
    NORMAL,
    ORDER,
    PERIOD,
    RANGE,
    TREND,
    VOLATILE,
    RegimeThresholds,
)
from exitbrain.features.ta_lib import ta_lib

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
    """`value` is what holds after the last bar; nan or None where it is missing."""

    value: Any

    def take(self, bar: ClosedBar) -> None: ...


Part = Callable[[Any], float]


class Lines:
    """The lines of one timeframe: those that several features read are there once."""

    def __init__(self, default_spread_bps: float | None, thresholds: RegimeThresholds) -> None:
        self.thresholds = thresholds
        self._default_spread_bps = default_spread_bps
        self._lines: dict[tuple[Any, ...], Line] = {}
        self._takes: list[Callable[[ClosedBar], None]] = []

    def take(self, bar: ClosedBar) -> None:
        for take in self._takes:
            take(bar)

    def of(self, feature: Feature) -> tuple[Line, Part | None]:
        """The line of a feature of this timeframe, and which part of its value the feature is."""
        family, numbers = feature.family.name, feature.numbers
        if family in _OF_ONE_BAR:
            return self._one(("bar", family), lambda: BarLine(_OF_ONE_BAR[family])), None
        if family in _STREAMS:
            stream, part = _STREAMS[family]
            return self.stream(stream, numbers, feature.warm_up + 1), part
        if family == "spread_bps":
            return self._one((family,), lambda: SpreadLine(self._default_spread_bps)), None
        if family == "regime":
            return self._regime(), None
        return self.window(family, *numbers), None

    def stream(self, stream: Stream, numbers: tuple[int, ...], needed: int) -> Line:
        return self._one((stream, numbers), lambda: TalibLine(stream, numbers, needed))

    def window(self, family: str, *numbers: int) -> Line:
        return self._one((family, numbers), lambda: self._window(family, *numbers))

    def _window(self, family: str, period: int) -> Line:
        if family == "donchian_mid":
            return MiddleLine(self.window("donchian_high", period), self.window("donchian_low", period))
        return _OF_A_WINDOW[family](period)

    def _regime(self) -> Line:
        atr = self.stream(_STREAMS["atr"][0], (PERIOD,), PERIOD + 1)
        adx = self.stream(_STREAMS["adx"][0], (PERIOD,), 2 * PERIOD)
        efficiency = self.window("efficiency_ratio", EFFICIENCY_PERIOD)
        return self._one(("regime",), lambda: RegimeLine(self.thresholds, atr, adx, efficiency))

    def _one(self, key: tuple[Any, ...], make: Callable[[], Line]) -> Line:
        if key not in self._lines:
            line = self._lines[key] = make()
            self._takes.append(line.take)  # after what it reads, which was made before
        return self._lines[key]


class BarLine:
    def __init__(self, read: Callable[[ClosedBar], float]) -> None:
        self.value, self._read = NAN, read

    def take(self, bar: ClosedBar) -> None:
        self.value = self._read(bar)


class SpreadLine:
    def __init__(self, default: float | None) -> None:
        self.value: float | None = None
        self._default = default

    def take(self, bar: ClosedBar) -> None:
        missing = bar.spread_bps is None or bar.spread_bps != bar.spread_bps
        self.value = self._default if missing else bar.spread_bps


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A TA-Lib function: what it reads of a bar, and its arguments from the name's numbers."""

    function: str
    reads: Callable[[ClosedBar], tuple[float, ...]]
    arguments: Callable[..., tuple[Any, ...]] = lambda *numbers: numbers


class TalibLine:
    """Opens TA-Lib's stream when the warm-up is over. A hole in what it reads starts it again."""

    def __init__(self, stream: Stream, numbers: tuple[int, ...], needed: int) -> None:
        self.value: Any = None
        self._function, self._reads = stream.function, stream.reads
        self._arguments, self._needed = stream.arguments(*numbers), needed
        self._early: list[tuple[float, ...]] = []
        self._update: Callable[..., Any] | None = None

    def take(self, bar: ClosedBar) -> None:
        self.take_values(self._reads(bar))

    def take_values(self, values: tuple[float, ...]) -> None:
        for value in values:
            if value != value:
                self._early, self._update, self.value = [], None, None
                return
        if self._update is not None:
            self.value = self._update(*values)
            return
        self._early.append(values)
        if len(self._early) == self._needed:
            self._open()

    def _open(self) -> None:
        columns = (np.ascontiguousarray(column) for column in np.array(self._early, dtype=np.float64).T)
        handle = getattr(ta_lib().stream, self._function)(*columns, *self._arguments)
        self.value, self._update, self._early = handle.value, handle.update, []


class ReturnLine:
    def __init__(self, period: int) -> None:
        self.value = NAN
        self._closes: deque[float] = deque([NAN] * period, maxlen=period)

    def take(self, bar: ClosedBar) -> None:
        before = self._closes[0]
        self._closes.append(bar.close)
        self.value = bar.close / before - 1.0 if before else NAN


class RealizedVolatilityLine:
    """TA-Lib's deviation of log returns, which divides by n; a sample's divides by n − 1."""

    def __init__(self, period: int) -> None:
        self.value = NAN
        self._log = NAN
        stream = Stream(function="STDDEV", reads=lambda bar: (), arguments=lambda n: (n, 1.0))
        self._deviation = TalibLine(stream, (period,), period)
        self._sample = float(np.sqrt(period / (period - 1)))

    def take(self, bar: ClosedBar) -> None:
        # numpy's logarithm, since that of `math` may differ in the last bit
        before, self._log = self._log, float(np.log(bar.close))
        self._deviation.take_values((self._log - before,))
        deviation = self._deviation.value
        self.value = NAN if deviation is None else deviation * self._sample


class EfficiencyLine:
    """|change over the period| ÷ sum of absolute changes. The steps lie in a row, so that numpy adds them as a column's."""

    def __init__(self, period: int) -> None:
        self.value = NAN
        self._period = period
        self._closes: deque[float] = deque(maxlen=period + 1)
        self._steps = np.empty(max(8 * period, 256))
        self._end = 0

    def take(self, bar: ClosedBar) -> None:
        closes, period = self._closes, self._period
        if closes:
            self._keep(abs(bar.close - closes[-1]))
        closes.append(bar.close)
        if len(closes) <= period:
            return
        travelled = float(np.add.reduce(self._steps[self._end - period : self._end]))
        moved = abs(bar.close - closes[0])
        self.value = min(moved / travelled, 1.0) if travelled > 0 else 0.0

    def _keep(self, step: float) -> None:
        if self._end == len(self._steps):
            self._steps[: self._period] = self._steps[-self._period :]
            self._end = self._period
        self._steps[self._end] = step
        self._end += 1


class ChannelLine:
    def __init__(self, period: int, *, highest: bool) -> None:
        self.value: float | None = None
        self._rolling = RollingExtreme(period, highest=highest)
        self._highest = highest

    def take(self, bar: ClosedBar) -> None:
        price = bar.high if self._highest else bar.low
        self.value = self._rolling.take(price if price == price else None)


class MiddleLine:
    def __init__(self, high: Line, low: Line) -> None:
        self.value: float | None = None
        self._high, self._low = high, low

    def take(self, bar: ClosedBar) -> None:
        high, low = self._high.value, self._low.value
        self.value = None if high is None or low is None else (high + low) / 2


class RollingMedian:
    """The median of the last n numbers; nan where one of them is missing or there are fewer."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._numbers: deque[float] = deque()
        self._sorted: list[float] = []

    def take(self, number: float) -> float:
        if number != number:
            self._numbers.clear()
            self._sorted.clear()
            return NAN
        ordered, n = self._sorted, self._n
        if len(ordered) == n:
            del ordered[bisect_left(ordered, self._numbers.popleft())]
        self._numbers.append(number)
        insort(ordered, number)
        if len(ordered) < n:
            return NAN
        if n % 2:
            return ordered[n // 2]
        below = ordered[n // 2 - 1]
        return below + (ordered[n // 2] - below) * 0.5  # as the column has it, to the last bit


class RegimeLine:
    """The confirmed regime (spec F24): NORMAL until enough bars in a row speak for another."""

    def __init__(self, thresholds: RegimeThresholds, atr: Line, adx: Line, efficiency: Line) -> None:
        self.value: str = ORDER[NORMAL].value
        self._thresholds = thresholds
        self._atr, self._adx, self._efficiency = atr, adx, efficiency
        self._median = RollingMedian(thresholds.vol_window)
        self._spoken, self._times = -1, 0

    def take(self, bar: ClosedBar) -> None:
        spoken = self._raw(bar)
        self._times = self._times + 1 if spoken == self._spoken else 1
        self._spoken = spoken
        if self._times >= self._thresholds.confirm_bars and spoken >= 0:
            self.value = ORDER[spoken].value

    def _raw(self, bar: ClosedBar) -> int:
        """As `regime.regimes_of` has it for columns."""
        atr, given = self._atr.value, self._thresholds
        relative = NAN if atr is None or not bar.close else atr / bar.close
        median = self._median.take(relative)
        adx, ratio = self._adx.value, self._efficiency.value
        if adx is None or isnan(median) or isnan(adx) or isnan(ratio):
            return -1
        if relative >= given.vol_mult * median:
            return VOLATILE
        if adx >= given.adx_trend and ratio >= given.er_trend:
            return TREND
        if adx < given.adx_range:
            return CHOP if ratio < given.er_chop else RANGE
        return NORMAL


def _close(bar: ClosedBar) -> tuple[float, ...]:
    return (bar.close,)


def _volume(bar: ClosedBar) -> tuple[float, ...]:
    return (bar.volume,)


def _range(bar: ClosedBar) -> tuple[float, ...]:
    return (bar.high, bar.low, bar.close)


def _flow(bar: ClosedBar) -> tuple[float, ...]:
    return (bar.high, bar.low, bar.close, bar.volume)


def _steps(bar: ClosedBar) -> tuple[float, ...]:
    return (bar.close, bar.volume)


def _bands(given: Any) -> float:
    if given is None:
        return NAN
    upper, middle, lower = given
    return float((upper - lower) / middle) if middle else NAN


def _part(index: int) -> Part:
    return lambda given: NAN if given is None else given[index]


_MACD = Stream(function="MACD", reads=_close)
_STOCHASTIC = Stream(
    function="STOCH",
    reads=_range,
    arguments=lambda n: (n, STOCHASTIC_SMOOTHING, 0, STOCHASTIC_SMOOTHING, 0),  # 0: simple averages
)
_BANDS = Stream(function="BBANDS", reads=_close, arguments=lambda n: (n, BAND_DEVIATIONS, BAND_DEVIATIONS))

_STREAMS: dict[str, tuple[Stream, Part | None]] = {
    "sma": (Stream(function="SMA", reads=_close), None),
    "ema": (Stream(function="EMA", reads=_close), None),
    "wma": (Stream(function="WMA", reads=_close), None),
    "volume_sma": (Stream(function="SMA", reads=_volume), None),
    "rsi": (Stream(function="RSI", reads=_close), None),
    "macd": (_MACD, _part(0)),
    "macd_signal": (_MACD, _part(1)),
    "macd_hist": (_MACD, _part(2)),
    "roc": (Stream(function="ROC", reads=_close), None),
    "mom": (Stream(function="MOM", reads=_close), None),
    "stoch_k": (_STOCHASTIC, _part(0)),
    "stoch_d": (_STOCHASTIC, _part(1)),
    "cci": (Stream(function="CCI", reads=_range), None),
    "mfi": (Stream(function="MFI", reads=_flow), None),
    "willr": (Stream(function="WILLR", reads=_range), None),
    "adx": (Stream(function="ADX", reads=_range), None),
    "plus_di": (Stream(function="PLUS_DI", reads=_range), None),
    "minus_di": (Stream(function="MINUS_DI", reads=_range), None),
    "atr": (Stream(function="ATR", reads=_range), None),
    "bb_upper": (_BANDS, _part(0)),
    "bb_middle": (_BANDS, _part(1)),
    "bb_lower": (_BANDS, _part(2)),
    "bb_width": (_BANDS, _bands),
    "obv": (Stream(function="OBV", reads=_steps), None),
}
_OF_ONE_BAR: dict[str, Callable[[ClosedBar], float]] = {
    "open": lambda bar: bar.open,
    "high": lambda bar: bar.high,
    "low": lambda bar: bar.low,
    "close": lambda bar: bar.close,
    "volume": lambda bar: bar.volume,
    "liquidity": lambda bar: bar.close * bar.volume,
    "hour_utc": lambda bar: float(bar.time // HOUR % 24),
    "weekday_utc": lambda bar: float((bar.time // DAY + EPOCH_WEEKDAY) % 7),
}
_OF_A_WINDOW: dict[str, Callable[[int], Line]] = {
    "return": ReturnLine,
    "realized_vol": RealizedVolatilityLine,
    "efficiency_ratio": EfficiencyLine,
    "donchian_high": lambda period: ChannelLine(period, highest=True),
    "donchian_low": lambda period: ChannelLine(period, highest=False),
}

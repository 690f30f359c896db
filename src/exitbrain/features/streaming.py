"""Features one closed bar at a time, for live: the same values as the columns of `FeatureTable`, to the last bit.

    features = StreamingFeatures(["rsi_14", "tf_4h_close"], timeframe=HOUR)
    features.take(ClosedBar(time=…, open=…, high=…, low=…, close=…, volume=…))
    features.value("rsi_14", 0)     # None in the warm-up
    rules.warm(features.rows(stored_bars))      # after a restart

Averages without an end (Wilder's, exponential) remember their first bar, so equal values need the same first bar: after
a restart the stored bars are taken again. Each line that several features read is taken once a bar, and a higher
timeframe moves only when its bar closes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite

import numpy as np

from exitbrain.core.timeframes import timeframe_word
from exitbrain.errors import InvalidInput
from exitbrain.features.catalogue import Feature, feature_of
from exitbrain.features.lines import ClosedBar, Lines
from exitbrain.features.regime import RegimeThresholds
from exitbrain.features.resampling import bucket_of

Known = float | str | None


class StreamingFeatures:
    """The named features after each bar that was taken; it keeps all of them, since a rule may look back.

    `latest` holds those of the last bar: what `exitbrain.core.rules.LiveRules` takes.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        timeframe: int,
        default_spread_bps: float | None = None,
        thresholds: RegimeThresholds | None = None,
    ) -> None:
        self.timeframe = timeframe
        self.latest: dict[str, Known] = {}
        self._features = {name: _market_feature(name) for name in names}
        self._values: dict[str, list[Known]] = {name: [] for name in self._features}
        self._lines = Lines(default_spread_bps, thresholds or RegimeThresholds())
        self._own = [
            (name, self._values[name].append, *self._lines.of(feature))
            for name, feature in self._features.items()
            if feature.timeframe is None
        ]
        self._higher = self._higher_streams()
        self._taken = 0

    @property
    def history(self) -> int:
        """How many bars were taken before the last one."""
        return self._taken - 1

    def take(self, bar: ClosedBar) -> None:
        latest = self.latest
        self._lines.take(bar)
        for name, keep, line, part in self._own:
            value = line.value if part is None else part(line.value)
            latest[name] = known = _known(value)
            keep(known)
        for higher in self._higher:
            higher.take(bar, latest)
        self._taken += 1

    def rows(self, bars: Iterable[ClosedBar]) -> Iterator[Mapping[str, Known]]:
        """Takes each bar, and gives `latest` after it: stored bars, to warm rules with after a restart."""
        for bar in bars:
            self.take(bar)
            yield self.latest

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

    def _higher_streams(self) -> list[_HigherStream]:
        wanted: dict[int, list[Feature]] = {}
        for feature in self._features.values():
            if feature.timeframe is not None:
                wanted.setdefault(feature.timeframe, []).append(feature)
        return [
            _HigherStream(
                StreamingFeatures(
                    sorted({feature.on_its_bars for feature in features}),
                    timeframe=timeframe,
                    thresholds=self._lines.thresholds,
                ),
                self.timeframe,
                [(feature.name, feature.on_its_bars, self._values[feature.name]) for feature in features],
            )
            for timeframe, features in wanted.items()
        ]


def _known(value: float | str | None) -> Known:
    """None for what is missing: nan and infinity too."""
    if value is None or isinstance(value, str):
        return value
    return float(value) if isfinite(value) else None


def _market_feature(name: str) -> Feature:
    feature = feature_of(name)
    if feature is None or feature.family.group == "position":
        raise InvalidInput(f"feature {name!r}", accepted="a feature of the market: exitbrain features lists them")
    return feature


class Gathered:
    """Bars of the run gathered into closed bars of a higher timeframe: one is closed by the bar that reaches its end, or
    where that is missing by the first bar after it."""

    def __init__(self, timeframe: int, own: int) -> None:
        if timeframe < own or timeframe % own:
            found = f"timeframe {timeframe_word(timeframe)} from bars of {timeframe_word(own)}"
            raise InvalidInput(found, accepted="a multiple of the bars' own timeframe")
        self.timeframe, self._own = timeframe, own
        self._open: list[ClosedBar] = []
        self._opens_at = self._ends_at = 0

    def take(self, bar: ClosedBar) -> list[ClosedBar]:
        """What this bar closes: nothing, one, or two where the end of the one before was missing."""
        closed = []
        if self._open and bar.time >= self._ends_at:
            closed.append(self._closed(bar))
        if not self._open:
            self._opens_at = bucket_of(bar.time, self.timeframe)
            self._ends_at = self._opens_at + self.timeframe
        self._open.append(bar)
        if bar.time + self._own >= self._ends_at:
            closed.append(self._closed(bar))
        return closed

    def _closed(self, by: ClosedBar) -> ClosedBar:
        volumes = np.array([bar.volume for bar in self._open])
        bars, self._open = self._open, []
        return ClosedBar(
            time=self._opens_at,
            open=bars[0].open,
            high=max([bar.high for bar in bars]),
            low=min([bar.low for bar in bars]),
            close=bars[-1].close,
            volume=float(np.add.reduceat(volumes, [0])[0]),  # adds in the order of the columns
            spread_bps=by.spread_bps,
        )


class _HigherStream:
    """Features of the closed bars of a higher timeframe.

    `given` are the names in the run, the names on the higher bars, and where the run keeps each value.
    """

    def __init__(self, features: StreamingFeatures, timeframe: int, given: list[tuple[str, str, list[Known]]]) -> None:
        self._features, self._given = features, given
        self._gathered = Gathered(features.timeframe, timeframe)

    def take(self, bar: ClosedBar, latest: dict[str, Known]) -> None:
        for closed in self._gathered.take(bar):
            self._features.take(closed)
        there = self._features.latest
        for name, on_its_bars, values in self._given:
            latest[name] = value = there.get(on_its_bars)
            values.append(value)

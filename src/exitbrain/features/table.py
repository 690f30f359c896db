"""The columns that rules read, computed when first named and kept (spec T5).

table = FeatureTable(bars=bars, timeframe=HOUR)
table.column("rsi_14")          # float64, nan in the warm-up
table.column("tf_4h_close")     # of the last closed 4h bar at each bar's close
table.at_timeframe(4 * HOUR)    # the table of the 4h bars themselves, for a trigger of that timeframe
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.core.timeframes import timeframe_word
from exitbrain.errors import InvalidInput
from exitbrain.features.catalogue import CATALOGUE, Feature, feature_of
from exitbrain.features.columns import TextColumn
from exitbrain.features.computing import Bars, family_column
from exitbrain.features.regime import ORDER, RegimeThresholds, regimes
from exitbrain.features.resampling import HigherBars, higher_bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

REGIMES = tuple(regime.value for regime in ORDER)


class FeatureTable:
    """Features of one symbol's bars. `default_spread_bps` stands where the data has no spread (spec F26)."""

    def __init__(
        self,
        *,
        bars: Bars,
        timeframe: int,
        spread_bps: Column | None = None,
        default_spread_bps: float | None = None,
        thresholds: RegimeThresholds | None = None,
    ) -> None:
        self.bars, self.timeframe = bars, timeframe
        self.spread_bps, self.default_spread_bps = spread_bps, default_spread_bps
        self.thresholds = thresholds or RegimeThresholds()
        self._columns: dict[str, Column | TextColumn] = {}
        self._higher: dict[int, tuple[FeatureTable, HigherBars]] = {}

    def __len__(self) -> int:
        return len(self.bars)

    def column(self, name: str) -> Column | TextColumn:
        if name not in self._columns:
            self._columns[name] = self._computed(_known(name))
        return self._columns[name]

    def value(self, name: str, bar: int) -> float | str | None:
        """A feature at a bar's close; None where it is missing."""
        column = self.column(name)
        if isinstance(column, TextColumn):
            code = int(column.codes[bar])
            return column.labels[code] if code >= 0 else None
        value = float(column[bar])
        return value if np.isfinite(value) else None

    def at_timeframe(self, timeframe: int) -> FeatureTable:
        """The table of the closed higher-timeframe bars."""
        return self._at(timeframe)[0]

    def higher(self, timeframe: int) -> HigherBars:
        """Which higher bar is the last one closed at each bar, and where one closes."""
        return self._at(timeframe)[1]

    def _at(self, timeframe: int) -> tuple[FeatureTable, HigherBars]:
        if timeframe not in self._higher:
            if timeframe < self.timeframe or timeframe % self.timeframe:
                found = f"timeframe {timeframe_word(timeframe)} from bars of {timeframe_word(self.timeframe)}"
                raise InvalidInput(found, accepted="a multiple of the bars' own timeframe")
            higher = higher_bars(self.bars, self.timeframe, timeframe)
            table = FeatureTable(
                bars=higher.bars,
                timeframe=timeframe,
                spread_bps=None if self.spread_bps is None else self.spread_bps[higher.closed_at],
                default_spread_bps=self.default_spread_bps,
                thresholds=self.thresholds,
            )
            self._higher[timeframe] = table, higher
        return self._higher[timeframe]

    def _computed(self, feature: Feature) -> Column | TextColumn:
        if feature.timeframe is not None:
            return self._of_higher(feature, feature.timeframe)
        name = feature.family.name
        if name == "regime":
            codes = regimes(self.bars.high, self.bars.low, self.bars.close, self.thresholds)
            return TextColumn(codes, REGIMES)
        if name == "spread_bps":
            return self._spread()
        if feature.family.group == "position":
            raise InvalidInput(f"{name} has no column", accepted="a feature of the market")
        if len(self) <= feature.warm_up:
            return np.full(len(self), np.nan)
        column = family_column(name, feature.numbers, self.bars)
        infinite = np.isinf(column)
        return np.where(infinite, np.nan, column) if infinite.any() else column

    def _of_higher(self, feature: Feature, timeframe: int) -> Column | TextColumn:
        table, higher = self._at(timeframe)
        own, last = table.column(feature.on_its_bars), higher.last_closed
        if isinstance(own, TextColumn):
            return TextColumn(np.append(own.codes, -1)[last], own.labels)
        return np.append(own, np.nan)[last]  # −1, none closed yet, is the last place

    def _spread(self) -> Column:
        default = np.nan if self.default_spread_bps is None else self.default_spread_bps
        if self.spread_bps is None:
            return np.full(len(self), float(default))
        return np.where(np.isnan(self.spread_bps), default, self.spread_bps)

    def why(self, name: str, bar: int) -> str:
        """Why a feature is missing at a bar (spec F55)."""
        feature = _known(name)
        if feature.timeframe is None:
            return self._why(feature, bar)
        table, higher = self._at(feature.timeframe)
        return table._why(feature, int(higher.last_closed[bar]))

    def _why(self, feature: Feature, bar: int) -> str:
        name, needed = feature.family.name, feature.warm_up + 1
        if name == "spread_bps" and self.default_spread_bps is None and _is_empty(self.spread_bps):
            return "no such column in this file"
        if name in _READ_VOLUME and _is_empty(self.bars.volume):
            return "no such column in this file: it has no volume"
        if bar + 1 < needed:
            word = timeframe_word(self.timeframe)
            return f"warm-up: it needs {needed} closed {word} bars, and {bar + 1} are there"
        if name in _READ_VOLUME:
            since = np.flatnonzero(np.isnan(self.bars.volume[: bar + 1]))
            if len(since):
                return f"a hole: the data has no volume {bar - int(since[-1])} bars back"
        return "a hole: the data has no value at this bar"


_READ_VOLUME = frozenset({"volume", "volume_sma", "liquidity", "mfi", "obv"})


def _is_empty(column: Any) -> bool:
    return column is None or bool(np.isnan(column).all())


def _known(name: str) -> Feature:
    feature = feature_of(name)
    if feature is None:
        guess = CATALOGUE.correction(name)
        accepted = f"did you mean {guess}?" if guess else CATALOGUE.advice(name) or "exitbrain features lists them"
        raise InvalidInput(f"unknown feature {name!r}", accepted=accepted)
    return feature

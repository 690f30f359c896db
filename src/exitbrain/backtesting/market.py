"""One symbol of a run as the kernel wants it: bars and steps in whole ticks, mirrored for shorts.

A step is what price walks in: a bar, or the bars of the detail file inside it where they cover it in full (spec X2,
F45). `first_step[b]` is where bar b begins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.core.market import Instrument, MarketRegime
from exitbrain.core.numbers import fraction_of
from exitbrain.core.trailing import trail_distance

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.features.regime import RegimeThresholds

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

Columns = tuple["Ints", "Ints", "Ints", "Ints"]


@dataclass(frozen=True, kw_only=True)
class Market:
    """Arrays have one value a bar; `step_*` one a step. Times are µs, prices ticks."""

    symbol: str
    instrument: Instrument
    timeframe: int
    time: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Floats
    spread_bps: Floats | None = None
    step_columns: Columns | None = None
    first_step: Ints | None = None
    uncovered: int = 0
    notes: tuple[str, ...] = field(default=())

    def __len__(self) -> int:
        return len(self.time)

    @property
    def finest(self) -> int:
        """µs of the shortest step."""
        return self.timeframe if self.first_step is None else self.timeframe // int(np.diff(self.first_step).max())

    def step_of(self, bar: int) -> int:
        """The first step of a bar; one past the last step for one past the last bar."""
        return bar if self.first_step is None else int(self.first_step[bar])

    def bar_of(self, step: int) -> int:
        if self.first_step is None:
            return step
        return int(np.searchsorted(self.first_step, step, side="right")) - 1

    @cached_property
    def _long(self) -> Columns:
        columns = self.step_columns or (self.open, self.high, self.low, self.close)
        return tuple(np.ascontiguousarray(column) for column in columns)  # type: ignore[return-value]

    @cached_property
    def _short(self) -> Columns:
        o, h, l, c = self._long
        return -o, -l, -h, -c

    def steps(self, side: int) -> Columns:
        """open, high, low, close by step; for a short every price is negated, so high and low change places."""
        return self._long if side > 0 else self._short

    @cached_property
    def compiled_walk(self) -> Callable[..., int]:
        from exitbrain.kernel.compiled import compiled_rules

        return compiled_rules().walk  # type: ignore[no-any-return]

    @cached_property
    def lists(self) -> dict[int, tuple[list[int], ...]]:
        """The same columns as lists of Python ints, for the rules as plain Python."""
        return {side: tuple(column.tolist() for column in self.steps(side)) for side in (1, -1)}

    @cached_property
    def floats(self) -> tuple[Floats, Floats, Floats]:
        """high, low, close in quote units, for features."""
        return self._quoted(self.high), self._quoted(self.low), self._quoted(self.close)

    @cached_property
    def opens(self) -> Floats:
        return self._quoted(self.open)

    def _quoted(self, column: Ints) -> Floats:
        tick = self.instrument.tick_size
        exponent = tick.as_tuple().exponent
        assert isinstance(exponent, int)
        whole = int(tick.scaleb(-exponent)) if exponent < 0 else int(tick)
        scale = 10.0 ** (-exponent) if exponent < 0 else 1.0
        # One correctly rounded division of whole numbers gives the float that the decimal's text would.
        return column.astype(np.float64) * whole / scale

    def bar_at_or_after(self, time: int) -> int:
        return int(self.time.searchsorted(time, side="left"))

    def bar_at(self, time: int) -> int | None:
        """The bar that opens at this time."""
        times = self.times
        # Without holes it is found by counting.
        guess = (time - times[0]) // self.timeframe
        if 0 <= guess < len(times) and times[guess] == time:
            return guess
        bar = self.bar_at_or_after(time)
        return bar if bar < len(times) and times[bar] == time else None

    # The same columns where one value is wanted, as Python's own int.

    @cached_property
    def times(self) -> Sequence[int]:
        return _view(self.time)

    @cached_property
    def open_ticks(self) -> Sequence[int]:
        return _view(self.open)

    @cached_property
    def close_ticks(self) -> Sequence[int]:
        return _view(self.close)

    @cached_property
    def has_volumes(self) -> bool:
        return bool(np.any(self.volume > 0))

    @property
    def has_spread(self) -> bool:
        return self.spread_bps is not None and not bool(np.isnan(self.spread_bps).all())

    def lots_traded(self, bar: int, share: Fraction) -> int:
        """Whole lots in a share of the bar's volume; 0 where the bar has none."""
        volume = float(self.volume[bar])
        if not volume > 0:
            return 0
        lots = share * fraction_of(volume) / Fraction(self.instrument.lot_size * self.instrument.multiplier)
        return lots.numerator // lots.denominator

    def atr(self, period: int) -> Floats:
        cache = self.__dict__.setdefault("_atr", {})
        if period not in cache:
            from exitbrain.features.indicators import average_true_range

            cache[period] = average_true_range(*self.floats, period)
        return cache[period]

    def distances(self, period: int, mult: object) -> Ints:
        """ATR trail distance by step in ticks, from the ATR of the bar before; -1 where it is unknown."""
        key = (period, Decimal(str(mult)))
        cache = self.__dict__.setdefault("_distances", {})
        if key not in cache:
            by_bar = np.full(len(self), -1, dtype=np.int64)
            factor, values = fraction_of(mult), self.atr(period)
            for bar in np.flatnonzero(~np.isnan(values[:-1])):
                by_bar[bar + 1] = trail_distance(float(values[bar]), factor, self.instrument)
            if self.first_step is not None:
                by_bar = np.repeat(by_bar, np.diff(self.first_step))
            cache[key] = by_bar
        return cache[key]

    def regime_at(self, bar: int, thresholds: RegimeThresholds) -> MarketRegime:
        """The confirmed regime at the close of `bar`; NORMAL before the first."""
        from exitbrain.features.regime import ORDER, regimes

        cache = self.__dict__.setdefault("_regimes", {})
        if thresholds not in cache:
            cache[thresholds] = regimes(*self.floats, thresholds)
        return ORDER[cache[thresholds][bar]] if bar >= 0 else MarketRegime.NORMAL

    @cached_property
    def largest_price(self) -> int:
        return int(max(self.high.max(), max(int(column.max()) for column in self._long)))


def _view(column: Ints) -> Sequence[int]:
    return memoryview(np.ascontiguousarray(column, dtype=np.int64))


def with_detail(market: Market, time: Ints, columns: Columns, timeframe: int) -> Market:
    """The market with its covered bars walked by the finer ones. A bar is covered where every finer bar is there."""
    per_bar = market.timeframe // timeframe
    first = np.searchsorted(time, market.time, side="left")
    after = np.searchsorted(time, market.time + market.timeframe, side="left")
    covered = (after - first == per_bar) if per_bar * timeframe == market.timeframe else np.zeros(len(market), bool)
    counts = np.where(covered, per_bar, 1)
    first_step = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    main = (market.open, market.high, market.low, market.close)
    steps = []
    inside = np.repeat(covered, counts)
    source = np.concatenate([np.arange(a, b) for a, b, yes in zip(first, after, covered) if yes] or [[]]).astype(int)
    for own, finer in zip(main, columns):
        column = np.empty(int(first_step[-1]), dtype=np.int64)
        column[inside] = finer[source]
        column[~inside] = own[~covered]
        steps.append(column)
    fields = {name: getattr(market, name) for name in market.__dataclass_fields__}
    fields |= {
        "step_columns": tuple(steps),
        "first_step": first_step,
        "uncovered": int((~covered).sum()),
    }
    return Market(**fields)

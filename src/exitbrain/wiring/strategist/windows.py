"""Windows of candles: the last N days, and windows of the same length before them that nothing else has looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exitbrain.candles import Candles, candles_from_frame
from exitbrain.candles.frames import is_frame
from exitbrain.config.settings import Settings
from exitbrain.core.instants import instant_of, iso
from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.inputs import read_once

DAY = 86_400_000_000
WARM_UP_BARS = 300
COLUMNS = ("time", "open", "high", "low", "close", "volume", "spread_bps", "bid", "ask")


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """`start` and `end` in µs; bars before the start only warm up features. What opens in it counts."""

    start: int
    end: int

    def to_dict(self) -> dict[str, str]:
        return {"start": iso(instant_of(self.start)), "end": iso(instant_of(self.end))}


def read_series(candles: Any, settings: Settings, *, repair: bool = False) -> list[Candles]:
    """Every symbol's bars, read once."""
    symbol = settings.instrument[0].symbol if len(settings.instrument) == 1 else None
    series: list[Candles] = []
    for one in read_once(candles, settings, repair=repair):
        if is_frame(one):
            one = candles_from_frame(one, symbol=symbol, repair=repair)
        series.extend([one] if isinstance(one, Candles) else one.candles)
    return series


def between(series: Sequence[Candles], window: Window) -> list[Candles]:
    """The bars of the window with those before it that features warm up on; symbols without any are left out."""
    cut = []
    for one in series:
        first = int(np.searchsorted(one.time, window.start))
        end = int(np.searchsorted(one.time, window.end))
        if end > first:
            cut.append(sliced(one, max(first - WARM_UP_BARS, 0), end))
    return cut


def sliced(one: Candles, first: int, end: int) -> Candles:
    columns = {name: getattr(one, name) for name in COLUMNS}
    return replace(one, **{name: None if c is None else c[first:end] for name, c in columns.items()})


def last_days(series: Sequence[Candles], days: int) -> Window:
    """The newest `days` days of the candles, up to the close of the last bar."""
    end = max(int(one.time[-1]) + one.timeframe for one in series)
    return Window(start=end - days * DAY, end=end)


def held_out_windows(series: Sequence[Candles], days: int, count: int) -> list[Window]:
    """Up to `count` windows before the last one, spread evenly over what the candles hold; the latest last."""
    recent = last_days(series, days)
    first = min(int(one.time[0]) for one in series)
    warm = max(one.timeframe for one in series) * WARM_UP_BARS
    room = recent.start - first - warm
    fitting = min(count, room // (days * DAY))
    if fitting < 1:
        return []
    step = (room - days * DAY) // max(fitting - 1, 1) if fitting > 1 else 0
    ends = [recent.start - number * step for number in range(fitting)]
    return [Window(start=end - days * DAY, end=end) for end in sorted(ends)]


def some(series: Sequence[Candles]) -> Sequence[Candles]:
    if not series or min(len(one) for one in series) < 2:
        raise InvalidInput(Problem(found="candles of fewer than 2 bars", accepted="candles"))
    return series

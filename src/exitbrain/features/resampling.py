"""Higher-timeframe bars from the bars of a run, and which of them are closed at each close (spec T5).

Higher bars are aligned to the UTC epoch, weeks to Monday. One is closed at the close of the bar that reaches its end;
where bars are missing there, at the close of the first bar after it, since nothing before that tells that it is over.
A bar with a hole inside is made of what the data has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.core.timeframes import UNITS
from exitbrain.features.computing import Bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEEK = UNITS["w"]
FIRST_MONDAY = 4 * UNITS["d"]  # 1970-01-05


@dataclass(frozen=True, slots=True, kw_only=True)
class HigherBars:
    """`last_closed` gives, for each bar of the run, the place in `bars` of the last one closed; −1 before the first."""

    bars: Bars
    last_closed: NDArray[np.int64]

    @property
    def closed_at(self) -> NDArray[np.int64]:
        """For each higher bar, the bar of the run at whose close it is closed."""
        return np.searchsorted(self.last_closed, np.arange(len(self.bars)))

    @property
    def closes_here(self) -> NDArray[np.bool_]:
        """At which bars of the run a higher bar closes: when a trigger of that timeframe is asked (spec F40)."""
        return np.diff(self.last_closed, prepend=-1) > 0


def bucket_of(time: int, timeframe: int) -> int:
    """The time at which the higher bar that holds this time opens."""
    anchor = _anchor(timeframe)
    return (time - anchor) // timeframe * timeframe + anchor


def _anchor(timeframe: int) -> int:
    return FIRST_MONDAY if timeframe % WEEK == 0 else 0


def higher_bars(bars: Bars, timeframe: int, higher: int) -> HigherBars:
    n = len(bars)
    if n == 0:
        return HigherBars(bars=bars, last_closed=np.empty(0, dtype=np.int64))
    anchor = _anchor(higher)
    bucket = (bars.time - anchor) // higher
    starts = np.flatnonzero(np.r_[True, bucket[1:] != bucket[:-1]])
    ordinal = np.cumsum(np.r_[False, bucket[1:] != bucket[:-1]])
    ends_at = (bucket + 1) * higher + anchor
    last_closed = np.where(bars.time + timeframe >= ends_at, ordinal, ordinal - 1)
    closed = int(last_closed[-1]) + 1
    resampled = Bars(
        time=(bucket[starts] * higher + anchor)[:closed],
        open=bars.open[starts][:closed],
        high=np.maximum.reduceat(bars.high, starts)[:closed],
        low=np.minimum.reduceat(bars.low, starts)[:closed],
        close=bars.close[np.r_[starts[1:], n] - 1][:closed],
        volume=np.add.reduceat(bars.volume, starts)[:closed],
    )
    return HigherBars(bars=resampled, last_closed=last_closed)

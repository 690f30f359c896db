"""`Candles`: the bars of one symbol as columns, and `CandleFile`: what a file held and what was said about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRICES = ("open", "high", "low", "close")
OPTIONAL = ("spread_bps", "bid", "ask")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candles:
    """A price is a whole number of 10**-scale; a time is the bar's open, in microseconds since 1970 UTC."""

    symbol: str
    timeframe: int
    time: NDArray[np.int64]
    open: NDArray[np.int64]
    high: NDArray[np.int64]
    low: NDArray[np.int64]
    close: NDArray[np.int64]
    scale: int
    volume: NDArray[np.float64]
    spread_bps: NDArray[np.float64] | None = None
    bid: NDArray[np.float64] | None = None
    ask: NDArray[np.float64] | None = None
    source: str | None = None

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleFile:
    """`notes` say what was assumed or is missing, `repairs` what was changed, each as a sentence."""

    candles: tuple[Candles, ...]
    notes: tuple[str, ...]
    repairs: tuple[str, ...]
    sha256: str
    source: str
    format: str


def common_spacing(time: NDArray[np.int64]) -> int:
    """The most common distance between neighbors; of equally common ones the smaller (spec F40)."""
    steps = np.diff(time)
    if len(steps) and bool((steps == steps[0]).all()):
        return int(steps[0])
    spacings, counts = np.unique(steps, return_counts=True)
    # `unique` sorts ascending and `argmax` takes the first, so a tie goes to the smaller spacing.
    return int(spacings[np.argmax(counts)])

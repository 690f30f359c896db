"""What the rules of the risk-off latch (`core.latch`) will say over a run, counted beforehand (spec D6, F41)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.backtesting.triggers import BoundTrigger


def false_runs(truths: NDArray[np.int8]) -> NDArray[np.int64]:
    """How many definite falses in a row end at each place of a column of truths (1, 0, -1 unknown)."""
    places = np.arange(len(truths))
    broken = np.maximum.accumulate(np.where(truths != 0, places, -1))
    return places - broken


def changes(truths: NDArray[np.int8], clear_after: int) -> Iterator[tuple[int, bool]]:
    """Where a rule that is asked at every place sets its cause (True) and where its falses clear it, in turn."""
    sets = np.flatnonzero(truths == 1)
    clears = np.flatnonzero(false_runs(truths) == clear_after)
    place, stands = -1, False
    while True:
        coming = clears if stands else sets
        at = int(coming.searchsorted(place, side="right"))
        if at == len(coming):
            return
        place, stands = int(coming[at]), not stands
        yield place, stands


class CountedFalses:
    """The falses of a latch trigger's own rule, which reads no position, counted beforehand (spec F41)."""

    def __init__(self, trigger: BoundTrigger, clear_after: int) -> None:
        assert trigger.exit is not None
        truths, self._after = trigger.exit.truths(), clear_after
        places = np.arange(trigger.bars) if trigger.asked is None else np.flatnonzero(trigger.asked)
        self._runs = np.zeros(trigger.bars, dtype=np.int64)
        self._runs[places] = false_runs(truths[places])
        self._clears = np.flatnonzero(self._runs == clear_after)

    def clears_here(self, bar: int) -> bool:
        return bool(self._runs[bar] >= self._after)

    def next_clearing(self, bar: int) -> int | None:
        """Where a cause that is set at `bar` is cleared."""
        at = int(self._clears.searchsorted(bar, side="right"))
        return int(self._clears[at]) if at < len(self._clears) else None

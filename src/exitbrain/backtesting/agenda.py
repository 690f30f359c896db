"""The times at which something is due, in order: those known beforehand, and those that come up while the run goes."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PIECE = 1 << 14
NEVER = 1 << 63


class Agenda:
    """Each time comes once. What is added at the present time or before it changes nothing: it is being done."""

    def __init__(self, known: NDArray[np.int64]) -> None:
        self._known = known
        self._added: list[int] = []
        self._waiting: set[int] = set()
        self._piece: list[int] = []
        self._next = self._read = 0
        self.now = -NEVER

    def add(self, time: int) -> None:
        if time > self.now and time not in self._waiting:
            self._waiting.add(time)
            heapq.heappush(self._added, time)

    def until(self, end: int) -> Iterator[int]:
        """The times up to `end` that are still to come, in order."""
        while True:
            if self._next == len(self._piece):
                self._piece = self._known[self._read : self._read + PIECE].tolist()
                self._read, self._next = self._read + PIECE, 0
            known = self._piece[self._next] if self._piece else NEVER
            time = min(known, self._added[0]) if self._added else known
            if time > end:
                return
            if time == known:
                self._next += 1
            if self._added and self._added[0] == time:
                self._waiting.discard(heapq.heappop(self._added))
            self.now = time
            yield time

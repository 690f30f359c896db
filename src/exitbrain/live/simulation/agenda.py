"""Virtual time, and the dice of a seed."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random

STRAIGHT = 3  # the adversary's limit: so many faults of one channel in a row


class Agenda:
    """What happens when. Two things of one time happen in the order in which they were put down."""

    def __init__(self) -> None:
        self.now = 0
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def later(self, wait: int, what: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (self.now + wait, self._count, what))

    def next(self, end: int) -> bool:
        """Does the next thing before `end`; False where there is none."""
        if not self._queue or self._queue[0][0] > end:
            self.now = max(self.now, end)
            return False
        self.now, _, what = heapq.heappop(self._queue)
        what()
        return True


class Dice:
    """Each kind of fault has dice of its own, so that a history without one kind keeps most of the others."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.on = True
        self.faults = 0
        self._dice: dict[str, Random] = {}
        self._straight: dict[str, int] = {}

    def of(self, kind: str) -> Random:
        found = self._dice.get(kind)
        if found is None:
            found = self._dice[kind] = Random(f"{self.seed} {kind}")
        return found

    def happens(self, kind: str, chance: float) -> bool:
        if not self.on or chance <= 0 or self.of(kind).random() >= chance:
            return False
        self.faults += 1
        return True

    def one_of(self, channel: str, chances: tuple[tuple[str, float], ...]) -> str:
        """The fault that meets one message of a channel, "" for none; never more than STRAIGHT in a row."""
        straight = self._straight.get(channel, 0)
        if straight < STRAIGHT:
            for kind, chance in chances:
                if self.happens(kind, chance):
                    self._straight[channel] = straight + 1
                    return kind
        if straight:
            self._straight[channel] = 0
        return ""

"""Which of many prices the core needs to see: those that change what it would do, and now and then the last.

A market deals hundreds of times a second; each price that the core sees costs a step and, in time, a row. What matters
at once is a level that price meets or leaves, and a new best price for the trail.
"""

from __future__ import annotations

from exitbrain.core import walk as rules
from exitbrain.core.live.book import SECOND, Book

AT_LEAST_EVERY = SECOND
BEST_EVERY = SECOND // 4


class PriceGate:
    """For one position."""

    def __init__(self) -> None:
        self._passed: int | None = None
        self._at = -AT_LEAST_EVERY
        self._best_at = -BEST_EVERY

    def lets_through(self, book: Book, ticks: int, now: int) -> bool:
        if not self._matters(book, ticks, now) and now < self._at + AT_LEAST_EVERY:
            return False
        self._passed, self._at = ticks, now
        return True

    def _matters(self, book: Book, ticks: int, now: int) -> bool:
        if self._passed is None:
            return True
        if not book.lots or not book.walk:
            return False
        if any((self._passed >= level) != (ticks >= level) or ticks == level for level in _levels(book)):
            return True
        if book.side * ticks > book.walk[rules.PEAK] and now >= self._best_at + BEST_EVERY:
            self._best_at = now
            return True
        return False


def _levels(book: Book) -> list[int]:
    levels = [book.stop_level()]
    trail = book.trail_level()
    if trail is not None:
        levels.append(trail)
    if book.plan is not None:
        levels += [rung.level for rung in book.plan.rungs]
        levels += [peak for peak, _, _ in book.plan.callbacks]
    return levels

"""The risk-off latch of a run: the set of its causes, on while one stands (spec D6, F15, F41).

`risk_regime_rule` and risk_off triggers with `latch: true` set it; each cause is cleared after its rule was definitely
false at `clear_after` decisions in a row. An unknown neither sets nor counts, and breaks the row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.backtesting.triggers import BoundTrigger

RULE = "risk_regime_rule"
PORTFOLIO = "*"


@dataclass(slots=True)
class Latch:
    scope: str = "portfolio"
    clear_after: int = 12
    causes: dict[str, set[str]] = field(default_factory=dict)
    falses: dict[tuple[str, str], int] = field(default_factory=dict)

    def key(self, symbol: str) -> str:
        return PORTFOLIO if self.scope == "portfolio" else symbol

    def is_on(self, symbol: str) -> bool:
        return bool(self.causes.get(self.key(symbol)))

    def set(self, symbol: str, cause: str) -> bool:
        """Whether the cause was added now."""
        causes = self.causes.setdefault(self.key(symbol), set())
        self.falses[self.key(symbol), cause] = 0
        if cause in causes:
            return False
        causes.add(cause)
        return True

    def answer(self, symbol: str, cause: str, truth: bool | None) -> str | None:
        """Count one answer of a cause's rule; `set` or `cleared` where that changed the latch."""
        if truth is True:
            return "set" if self.set(symbol, cause) else None
        place = self.key(symbol), cause
        self.falses[place] = self.falses.get(place, 0) + 1 if truth is False else 0
        causes = self.causes.get(place[0], set())
        if self.falses[place] >= self.clear_after and cause in causes:
            causes.remove(cause)
            return "cleared"
        return None

    def clear(self, symbol: str, cause: str) -> bool:
        """Whether the cause stood until now."""
        causes = self.causes.get(self.key(symbol), set())
        if cause not in causes:
            return False
        causes.remove(cause)
        return True


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

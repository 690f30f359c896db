"""Candles as the kernel wants them: whole ticks, mirrored for shorts, with an index once one pays."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

PADDING = 32
NO_BLOCKS = np.empty(0, dtype=np.int64)
NO_INDEX = (NO_BLOCKS,) * 6


class Side:
    """open, high, low, close seen from one side, and the index over them."""

    def __init__(self, columns: tuple[Ints, Ints, Ints, Ints]) -> None:
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0])

    @cached_property
    def index(self) -> tuple[Ints, ...]:
        """highs and lows of 16, 256 and 4096 bars."""
        from exitbrain.kernel.compiled import compiled_touching

        block_extremes = compiled_touching().block_extremes
        _, high, low, _ = self.columns
        out: list[Ints] = []
        count = len(high)
        for _ in range(3):
            count = -(-count // 16)
            highest = np.empty(count + PADDING, dtype=np.int64)
            lowest = np.empty(count + PADDING, dtype=np.int64)
            block_extremes(high, low, highest, lowest)
            out += [highest, lowest]
            high, low = highest[:count], lowest[:count]
        out[4], out[5] = out[4][:count], out[5][:count]
        return tuple(out)

    @cached_property
    def records(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For each bar the next one with a higher high, and the lowest low of the bars between."""
        from exitbrain.kernel.compiled import compiled_sweeping

        _, high, low, _ = self.columns
        following = np.empty(len(high), dtype=np.int64)
        between = np.empty(len(high), dtype=np.int64)
        compiled_sweeping().next_records(high, low, following, between)
        return following, between

    @property
    def has_index(self) -> bool:
        return "index" in self.__dict__


class Candles:
    """One symbol's bars in whole ticks. Arrays of int64, one value a bar; they must not change afterwards."""

    def __init__(self, open: Ints, high: Ints, low: Ints, close: Ints) -> None:
        columns = (open, high, low, close)
        self.long = Side(tuple(np.ascontiguousarray(column, dtype=np.int64) for column in columns))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.long)

    @cached_property
    def short(self) -> Side:
        """Every price negated, so that high and low change places and one code serves both sides."""
        o, h, l, c = self.long.columns
        return Side((-o, -l, -h, -c))

    def side(self, side: int) -> Side:
        return self.long if side > 0 else self.short

    @cached_property
    def largest_price(self) -> int:
        _, high, low, _ = self.long.columns
        return max(abs(int(high.max())), abs(int(low.min()))) if len(high) else 0

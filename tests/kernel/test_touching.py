"""The first bar that leaves a band, by scan and by index, is the one that a plain loop finds."""

from __future__ import annotations

import numpy as np
import pytest

from exitbrain.kernel.candles import Candles
from exitbrain.kernel.compiled import compiled_touching


@pytest.mark.parametrize("bars", [1, 15, 16, 17, 31, 32, 255, 256, 257, 4_095, 4_096, 4_097, 70_000])
def test_the_first_touch_is_the_first_bar_outside(bars: int) -> None:
    touching = compiled_touching()
    dice = np.random.default_rng(bars)
    mid = np.cumsum(dice.integers(-3, 4, bars))
    high, low = mid + dice.integers(0, 4, bars), mid - dice.integers(0, 4, bars)
    index = Candles(mid, high, low, mid).long.index
    columns = [column.ctypes.data for column in (high, low)]
    blocks = [column.ctypes.data for column in index] + [len(index[4])]
    for _ in range(400):
        first = int(dice.integers(0, bars + 1))
        end = int(dice.integers(first, bars + 1))
        reach = int(dice.choice([1, 10, 100, 1_000]))
        middle = int(mid[min(first, bars - 1)])
        hi, lo = middle + int(dice.integers(0, reach)) + 1, middle - int(dice.integers(0, reach)) - 1
        outside = np.flatnonzero((high[first:end] >= hi) | (low[first:end] <= lo))
        wanted = first + int(outside[0]) if len(outside) else end
        assert touching.scan(*columns, first, end, hi, lo) == wanted
        assert touching.first_touch(*columns, *blocks, first, end, hi, lo) == wanted
        assert touching.first_touch(*columns, *(0,) * 7, first, end, hi, lo) == wanted


def test_a_short_sees_every_price_negated() -> None:
    o, h, l, c = np.array([5]), np.array([9]), np.array([2]), np.array([7])
    assert [column.tolist() for column in Candles(o, h, l, c).short.columns] == [[-5], [-2], [-9], [-7]]

"""Statistics of a window that slides along a column, written for the compiler: loops over arrays and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

COMPILED = ("rolling_median",)
STRIDE = 8


def rolling_median(values: Any, window: int) -> Any:
    """Median of the window that ends at each value; nan where the window has a nan or is short.

    `ordered` holds the window in order. The value that leaves is looked for from the place of the one before, since
    neighbors in time are near in size; then what lies between it and the place of the value that comes moves by one.
    """
    result = np.empty(len(values))
    ordered = np.empty(window)
    there = place = 0
    for i in range(len(values)):
        value = values[i]
        if value != value:
            there = 0
            result[i] = np.nan
            continue
        if there < window:
            place = there
            there += 1
        else:
            leaving = values[i - window]
            while place + STRIDE < there and ordered[place + STRIDE] <= leaving:
                place += STRIDE
            while place >= STRIDE and ordered[place - STRIDE] >= leaving:
                place -= STRIDE
            while ordered[place] < leaving:
                place += 1
            while ordered[place] > leaving:
                place -= 1
        free = place
        while free + STRIDE < there and ordered[free + STRIDE] < value:
            for k in range(STRIDE):
                ordered[free + k] = ordered[free + k + 1]
            free += STRIDE
        while free >= STRIDE and ordered[free - STRIDE] > value:
            for k in range(STRIDE):
                ordered[free - k] = ordered[free - k - 1]
            free -= STRIDE
        while free + 1 < there and ordered[free + 1] < value:
            ordered[free] = ordered[free + 1]
            free += 1
        while free > 0 and ordered[free - 1] > value:
            ordered[free] = ordered[free - 1]
            free -= 1
        ordered[free] = value
        if there < window:
            result[i] = np.nan
        elif window % 2:
            result[i] = ordered[window // 2]
        else:
            below = ordered[window // 2 - 1]
            result[i] = below + (ordered[window // 2] - below) * 0.5  # as Polars has it, to the last bit
    return result

"""Sums, means and ratios that do not hang on the order of their rows and never divide by nothing.

`total` rounds once (Shewchuk's exact sum), so permuting the sets of a run cannot change a digit of its metrics.
What is undefined is None: JSON has no nan, and a reader must not mistake "no losses" for a number.
"""

from __future__ import annotations

import math

import numpy as np

from exitbrain.analysis.columns import Floats


def total(values: Floats) -> float:
    """The exact sum, rounded once; 0 for no values."""
    return math.fsum(values.tolist())


def mean(values: Floats) -> float | None:
    """None for no values."""
    return total(values) / len(values) if len(values) else None


def median(values: Floats) -> float | None:
    """None for no values."""
    return float(np.median(values)) if len(values) else None


def sample_deviation(values: Floats) -> float | None:
    """Standard deviation with ddof 1. None for fewer than two values; exactly 0 where all are equal."""
    if len(values) < 2:
        return None
    if values.min() == values.max():
        return 0.0
    center = total(values) / len(values)
    return math.sqrt(total((values - center) ** 2) / (len(values) - 1))


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """None where a part is undefined or the denominator is 0."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    return numerator / denominator


def known(values: Floats) -> Floats:
    """The values that are not nan."""
    return values[~np.isnan(values)]


def plain(value: float | int | None) -> float | int | None:
    """A number as JSON takes it: a Python int or a finite float without a negative zero, else None."""
    if value is None:
        return None
    if isinstance(value, int | np.integer):
        return int(value)
    number = float(value)
    return number + 0.0 if math.isfinite(number) else None


def plain_list(values: Floats) -> list[float | None]:
    """A column as JSON takes it: None for what is not finite."""
    return [value if math.isfinite(value) else None for value in values.tolist()]

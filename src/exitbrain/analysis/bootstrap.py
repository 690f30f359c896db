"""Intervals of a mean whose values hang together in time.

Sets opened on one day share that day's market: a hundred of them are not a hundred witnesses. So whole clusters are
drawn again, a UTC day of opening each; where there are fewer than 30 such days, a week each. Daily differences of two
equity curves are drawn again in blocks of random length (the stationary bootstrap of Politis and Romano 1994), the
mean length by Politis and White 2004 as the package `arch` computes it.

Percentile intervals of few clusters are too narrow. They are widened as Hesterberg 2015 proposes ("What Teachers
Should Know About the Bootstrap", the expanded percentile interval): the tail is Φ(−√(n ÷ (n − 1)) · t), t being
Student's for n − 1; for days in blocks n is the number of blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from exitbrain.analysis.columns import MICROSECONDS_PER_DAY, Floats, Integers
from exitbrain.analysis.sums import mean
from exitbrain.errors import Unavailable

LEVEL = 0.95
RESAMPLES = 2000
FEWEST_DAYS = 30
FEWEST_CLUSTERS = 10
FEWEST_FOR_A_BLOCK = 20
AT_ONCE = 4_000_000  # drawn numbers held in memory
DAYS_BEFORE_MONDAY = 3  # 1970-01-01 was a Thursday


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A mean with its 95% interval; None where there is nothing to tell them from."""

    mean: float | None
    low: float | None = None
    high: float | None = None

    @property
    def excludes_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """To which day or week each value belongs: numbers from 0 in order of time."""

    unit: str
    index: Integers
    count: int


def clusters_of(opened_at: Integers) -> Clusters:
    """By UTC day of opening; by week (from Monday) where there are fewer than 30 such days."""
    day = opened_at // MICROSECONDS_PER_DAY
    unit = "day"
    if len(np.unique(day)) < FEWEST_DAYS:
        day, unit = (day + DAYS_BEFORE_MONDAY) // 7, "week"
    numbers, index = np.unique(day, return_inverse=True)
    return Clusters(unit=unit, index=index.astype(np.int64), count=len(numbers))


def clustered_mean(values: Floats, clusters: Clusters, seed: int) -> Estimate:
    """The mean of all values; its interval from whole clusters drawn again."""
    if clusters.count < 2:
        return Estimate(mean=mean(values))
    sums = np.bincount(clusters.index, weights=values, minlength=clusters.count)
    sizes = np.bincount(clusters.index, minlength=clusters.count).astype(np.float64)
    dice = np.random.default_rng(seed)
    rows = max(1, AT_ONCE // clusters.count)
    means = []
    for start in range(0, RESAMPLES, rows):
        drawn = dice.integers(0, clusters.count, size=(min(rows, RESAMPLES - start), clusters.count))
        means.append(sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    return _estimate(values, np.concatenate(means), clusters.count)


def stationary_mean(values: Floats, seed: int) -> tuple[Estimate, float | None]:
    """The mean of a series in order of time, its interval from blocks drawn again, and their mean length."""
    if len(values) < 2:
        return Estimate(mean=mean(values)), None
    if values.min() == values.max():
        level = float(values[0])
        return Estimate(mean=level, low=level, high=level), None
    bootstrap = arch_bootstrap()
    length = 1.0
    if len(values) >= FEWEST_FOR_A_BLOCK:
        length = float(bootstrap.optimal_block_length(values)["stationary"].iloc[0])
    length = min(max(length, 1.0), len(values) / 3) if math.isfinite(length) else 1.0
    draws = bootstrap.StationaryBootstrap(length, values, seed=np.random.default_rng(seed))
    means = draws.apply(np.mean, RESAMPLES)[:, 0]
    return _estimate(values, means, max(2, int(len(values) / length))), length


def arch_bootstrap() -> Any:
    """The module with the stationary bootstrap; Unavailable, with what to do, where it is not installed."""
    try:
        from arch import bootstrap
    except ImportError:
        raise Unavailable("arch is not installed: pip install 'exitbrain[stats]'") from None
    return bootstrap


def _estimate(values: Floats, means: Floats, count: int) -> Estimate:
    from scipy.special import ndtr, stdtrit

    tail = float(ndtr(-math.sqrt(count / (count - 1)) * stdtrit(count - 1, 0.5 + LEVEL / 2)))
    low, high = np.quantile(means, (tail, 1 - tail)).tolist()
    # Adding 0 makes a minus zero a zero.
    return Estimate(mean=mean(values), low=low + 0.0, high=high + 0.0)

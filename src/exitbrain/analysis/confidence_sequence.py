"""An interval for a mean that holds however often one looks: a confidence sequence.

A 95% interval is made for one look. Who looks after every set and stops at the first one without zero is fooled far
oftener than one time in twenty. A confidence sequence is wrong at *any* of its looks with at most alpha.

The formula. Values are summed by cluster of time (a UTC day of opening, as sets of one day share that day's market).
For a candidate mean μ each day leaves X = sum of its values − μ · their count, and over all days so far

    S = Σ X        V = Σ X² + 2 · max(0, Σ X · X of the day before)

μ is excluded once (|S| − RESERVE)² > (V' + 1) · ln((V' + 1) ÷ alpha²), where V' = V + RESERVE². That is the boundary
of a normal mixture (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric,
nonasymptotic confidence sequences") over self-normalised sums: exp(λS − λ²ΣX²/2) is a supermartingale whatever the
variance or tails, as long as each day's X is symmetric about zero given the days before (de la Peña 1999). For other
shapes it holds as the sums become normal (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024, "Time-uniform central
limit theory and asymptotic confidence sequences"). Three things pay for the difference, and each can only exclude less:

- the products of neighbouring days, since a set held overnight is in both days' market;
- a reserve of 5 R, as if the largest surprise against the finding were still to come;
- silence before 30 days whose sum differs from zero, and before as many sets as the caller wants.

`benchmarks/null_experiments.py` looks at every set of 10,000 experiments without a difference, for each of several
shapes, and prints how often one was found. What it cannot hold: an outcome that is rarer than what was seen, such as a
loss of 30 R in one set of 500, is in no interval; nor is a dependence that reaches over more than the next day.

Example: one set a day, −1 and +1 by turns: |S| is at most 1, less than the reserve, and zero stays in. With +1 every day
S is n and V' is 3n + 23: zero goes on day 49, where 44² = 1936 is more than 171 · ln(171 ÷ 0.0025) = 1904.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exitbrain.analysis.columns import MICROSECONDS_PER_DAY, Floats, Integers

RESERVE = 5.0  # R
SCALE = 1.0  # R²: the sum of squares at which the boundary is tightest is some five times this
FEWEST_DAYS = 30
WIDEST = 10.0  # R on either side of the mean: a bound farther out is none
GRID = np.concatenate(([0.0], np.geomspace(1e-4, WIDEST, 48)))
HALVINGS = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfidenceSequence:
    """A point a day: `num_sets` until its end, their mean in R and its bounds (nan where there is none yet)."""

    num_sets: Integers
    day: Integers
    mean: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.num_sets)


def confidence_sequence(
    values: Floats, opened_at: Integers, *, alpha: float, fewest_sets: int = 1
) -> ConfidenceSequence:
    """Of values in R, opened at µs since 1970 in order of time. A day speaks once it is over, the last one at the end.

    All its intervals hold together with 1 − alpha. Low and high are nan before it speaks, or where a bound would lie
    farther than 10 R from the mean.
    """
    assert 0 < alpha < 1, alpha
    days, starts, sizes = np.unique(opened_at // MICROSECONDS_PER_DAY, return_index=True, return_counts=True)
    if not len(days):
        none = np.empty(0)
        whole = np.empty(0, dtype=np.int64)
        return ConfidenceSequence(num_sets=whole, day=whole, mean=none, low=none, high=none)
    assert (np.diff(opened_at) >= 0).all(), "values in order of time"
    sums = np.add.reduceat(values, starts)
    so_far = _SoFar(sums, sizes.astype(np.float64), alpha)
    speaks = (np.cumsum(sums != 0) >= FEWEST_DAYS) & (so_far.count >= fewest_sets)
    return ConfidenceSequence(
        num_sets=np.cumsum(sizes),
        day=days,
        mean=so_far.mean,
        low=np.where(speaks, so_far.bound(-1.0), np.nan),
        high=np.where(speaks, so_far.bound(1.0), np.nan),
    )


class _SoFar:
    """After each day: sums from which S and V of any candidate follow, as V is a polynomial of it."""

    def __init__(self, sums: Floats, sizes: Floats, alpha: float) -> None:
        before, size_before = _shifted(sums), _shifted(sizes)
        self.alpha = alpha
        self.total, self.count = np.cumsum(sums), np.cumsum(sizes)
        self.mean = self.total / self.count
        self.squares = [np.cumsum(one) for one in (sums * sums, -2 * sums * sizes, sizes * sizes)]
        self.products = [
            np.cumsum(one) for one in (sums * before, -sums * size_before - sizes * before, sizes * size_before)
        ]

    def excludes(self, candidate: Floats) -> np.ndarray:
        distance = np.maximum(np.abs(self.total - candidate * self.count) - RESERVE, 0.0)
        spread = _at(self.squares, candidate) + 2 * np.maximum(_at(self.products, candidate), 0.0)
        spread = np.maximum(spread, 0.0) + RESERVE**2 + SCALE
        return np.asarray(distance**2 > spread * np.log(spread / (SCALE * self.alpha**2)))

    def bound(self, side: float) -> Floats:
        """The candidate farthest out that is not excluded, to the resolution of the grid and then by halves."""
        kept = np.array([~self.excludes(self.mean + side * step) for step in GRID])
        last = len(GRID) - 1 - np.argmax(kept[::-1], axis=0)  # the mean itself is always kept
        inside, outside = GRID[last], GRID[np.minimum(last + 1, len(GRID) - 1)]
        for _ in range(HALVINGS):
            middle = (inside + outside) / 2
            is_out = self.excludes(self.mean + side * middle)
            inside, outside = np.where(is_out, inside, middle), np.where(is_out, middle, outside)
        return np.where(last == len(GRID) - 1, np.nan, self.mean + side * outside)


def _at(polynomial: list[Floats], candidate: Floats) -> Floats:
    constant, linear, square = polynomial
    return np.asarray(constant + candidate * (linear + candidate * square))


def _shifted(values: Floats) -> Floats:
    return np.concatenate(([0.0], values[:-1]))


def zero_is_excluded(values: Floats, alpha: float, fewest_days: int = FEWEST_DAYS) -> np.ndarray:
    """For rows of experiments with a sum a day in columns: at which days a candidate of zero is out. For simulations.

    The same rule as `confidence_sequence` has, written for many experiments at once.
    """
    total = np.abs(np.cumsum(values, axis=1))
    products = np.zeros_like(values)
    products[:, 1:] = values[:, 1:] * values[:, :-1]
    spread = np.cumsum(values * values, axis=1) + 2 * np.maximum(np.cumsum(products, axis=1), 0.0)
    spread += RESERVE**2 + SCALE
    out = np.maximum(total - RESERVE, 0.0) ** 2 > spread * np.log(spread / (SCALE * alpha**2))
    return np.asarray(out & (np.cumsum(values != 0, axis=1) >= fewest_days))

"""Whether the best of many is more than luck: deflated Sharpe ratio, probability of overfitting, superior ability.

The best of a hundred coin tossers looks skilled. Three questions, each asked of daily results (the net R of the sets
opened on a day, one row a day and one column a configuration):

- **Deflated Sharpe ratio** (Bailey & López de Prado 2014): the probability that the winner's true Sharpe ratio is above
  what the best of as many worthless configurations would show. From the package purgedcv.
- **PBO**, the probability of backtest overfitting (Bailey, Borwein, López de Prado & Zhu 2017): how often the best of
  one half of the days lies below the median in the other half, over all ways to halve them in blocks.
- **SPA**, the test of superior predictive ability (Hansen 2005): the probability of a best difference to the base as
  large as this one if none were better. From the package arch, its consistent p-value, blocks drawn again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from exitbrain.analysis.columns import Floats, Integers
from exitbrain.errors import Unavailable

BLOCKS = 8
SPA_RESAMPLES = 1000
FEWEST_DAYS = 20
SURE = 0.95
OVERFIT = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """None where there are too few days or too few different configurations to ask."""

    deflated_sharpe: float | None
    overfitting: float | None
    superior_p: float | None
    num_trials: int
    num_days: int

    @property
    def is_better(self) -> bool:
        """Whether the winner beats the base by more than luck."""
        if self.superior_p is None or self.superior_p >= 1 - SURE:
            return False
        return self.overfitting is None or self.overfitting < OVERFIT

    @property
    def earns(self) -> bool:
        """Whether its own Sharpe ratio stands the number of trials."""
        return self.deflated_sharpe is not None and self.deflated_sharpe >= SURE


def evidence(daily: Floats, base: Floats, winner: int, seed: int) -> Evidence:
    """`daily` is [days, configurations], `base` [days]; `winner` a column."""
    distinct = np.unique(daily, axis=1).shape[1]
    enough = len(daily) >= FEWEST_DAYS
    return Evidence(
        deflated_sharpe=deflated_sharpe(daily, winner, distinct) if enough else None,
        overfitting=overfitting_probability(daily) if enough and distinct > 1 else None,
        superior_p=superior_ability(daily, base, seed) if enough else None,
        num_trials=distinct,
        num_days=len(daily),
    )


def sharpe_ratios(daily: Floats) -> Floats:
    """Mean ÷ deviation (ddof 1) of each column; 0 where nothing varies."""
    deviation = daily.std(axis=0, ddof=1)
    return np.divide(daily.mean(axis=0), deviation, out=np.zeros(daily.shape[1]), where=deviation > 0)


def deflated_sharpe(daily: Floats, winner: int, trials: int) -> float | None:
    own = daily[:, winner]
    if own.min() == own.max():
        return None
    ratios = np.unique(sharpe_ratios(daily))
    variance = float(ratios.var(ddof=1)) if len(ratios) > 1 else 0.0
    try:
        from purgedcv import deflated_sharpe_ratio
    except ImportError:
        raise Unavailable("purgedcv is not installed: pip install 'exitbrain[stats]'") from None
    return float(deflated_sharpe_ratio(own, trials, variance))


def overfitting_probability(daily: Floats, blocks: int = BLOCKS) -> float:
    """By combinatorially symmetric cross-validation, Sharpe ratio by Sharpe ratio.

    Sums of blocks make every half, so that a thousand configurations take no longer than their table is read; purgedcv,
    which walks each half of each configuration, is what the tests hold this against.
    """
    pieces = np.array_split(daily, blocks)
    counts = np.array([len(piece) for piece in pieces], dtype=np.float64)
    sums = np.stack([piece.sum(axis=0) for piece in pieces])
    squares = np.stack([(piece**2).sum(axis=0) for piece in pieces])
    below = []
    for half in combinations(range(blocks), blocks // 2):
        own = np.zeros(blocks, dtype=bool)
        own[list(half)] = True
        best = int(np.argmax(_ratio(counts[own], sums[own], squares[own])))
        outside = _ratio(counts[~own], sums[~own], squares[~own])
        below.append(_relative_rank(outside, best) <= 0.5)
    return float(np.mean(below))


def _ratio(counts: Floats, sums: Floats, squares: Floats) -> Floats:
    n, total = counts.sum(), sums.sum(axis=0)
    variance = (squares.sum(axis=0) - total**2 / n) / (n - 1)
    deviation = np.sqrt(np.maximum(variance, 0.0))
    return np.divide(total / n, deviation, out=np.zeros(len(total)), where=deviation > 0)


def _relative_rank(values: Floats, own: int) -> float:
    """Of one column among all, in (0, 1); equal ones share the middle of their ranks."""
    rank = (values < values[own]).sum() + ((values == values[own]).sum() + 1) / 2
    return float(rank / (len(values) + 1))


def superior_ability(daily: Floats, base: Floats, seed: int) -> float | None:
    """The p-value that the best is no better than the base; None where none differs from it."""
    differing = [i for i in range(daily.shape[1]) if not np.array_equal(daily[:, i], base)]
    if not differing:
        return None
    try:
        from arch.bootstrap import SPA
    except ImportError:
        raise Unavailable("arch is not installed: pip install 'exitbrain[stats]'") from None
    test = SPA(-base, -daily[:, differing], reps=SPA_RESAMPLES, seed=seed)
    test.compute()
    p = float(test.pvalues["consistent"])
    return p if math.isfinite(p) else None


def daily_sums(days: Integers, day: Integers, r: Floats) -> Floats:
    """The net R of the sets opened on each of `days`; unknown R count as nothing."""
    known = ~np.isnan(r)
    return np.bincount(np.searchsorted(days, day[known]), weights=r[known], minlength=len(days))


def verdict(name: str, base: str, found: Evidence, *, is_base: bool, outside: float | None) -> str:
    """In words; `outside` is what the choice gained over the base a day on days that it was not made on, in R."""
    if is_base:
        return f"nothing tried is better than {base}"
    if found.superior_p is None:
        return f"luck: {found.num_days} days are too few to tell {name} from {base}"
    reasons = list(_doubts(base, found, outside))
    if reasons:
        return f"luck: {name} is not better than {base} by more than the best of {found.num_trials} would be by chance: {'; '.join(reasons)}"
    if not found.earns:
        sharpe = "unknown" if found.deflated_sharpe is None else f"{found.deflated_sharpe:.2f}"
        return f"{name} is better than {base} by more than luck, but what it earns may be luck: deflated Sharpe ratio {sharpe}"
    return f"{name} is better than {base} by more than luck, and its Sharpe ratio stands {found.num_trials} trials"


def _doubts(base: str, found: Evidence, outside: float | None) -> list[str]:
    doubts = []
    if found.superior_p is not None and found.superior_p >= 1 - SURE:
        doubts.append(f"as good a best comes by chance in {found.superior_p:.0%} of cases (SPA)")
    if found.overfitting is not None and found.overfitting >= OVERFIT:
        doubts.append(
            f"the best of one half is below the median of the other in {found.overfitting:.0%} of halvings (PBO)"
        )
    if outside is not None and outside <= 0:
        doubts.append(f"chosen on earlier days, it does not beat {base} on later ones")
    return doubts

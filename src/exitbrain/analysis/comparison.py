"""Two exit policies side by side: set by set on the same entries, and day by day on their equity (spec M4).

The difference is always first − second. A verdict speaks of R a set; it says "not distinguishable from noise" where
the 95% interval holds zero, and also where there are too few clusters for an interval to mean anything.

Example: sets of the first policy made 1.0, −1.0 and 0.5 R, the same entries under the second 0.5, −1.0 and 0.5 R.
Differences are 0.5, 0, 0: the mean is +0.17 R, a third of the sets is better, none worse, two thirds are equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exitbrain.analysis.bootstrap import FEWEST_CLUSTERS, Clusters, Estimate, clustered_mean, clusters_of
from exitbrain.analysis.bootstrap import stationary_mean as blocks_drawn_again
from exitbrain.analysis.columns import EquityColumns, Floats, Integers
from exitbrain.analysis.equity import daily_equity
from exitbrain.analysis.sums import plain, ratio, total

Flat = dict[str, float | int | str | bool | None]
NOISE = "not distinguishable from noise"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOutcome:
    """What one policy made of one entry. `r` None where the initial risk is unknown or the set is still open."""

    symbol: str
    side: int
    opened_at: int
    r: float | None
    pnl: float
    initial_risk: float
    exit_reasons: tuple[str, ...]


Outcomes = Mapping[str, SetOutcome]  # by the key of the entry


def paired_keys(first: Outcomes, second: Outcomes) -> list[str]:
    """Entries that both policies closed, in order of time."""
    keys = [key for key, own in first.items() if own.r is not None and key in second and second[key].r is not None]
    return sorted(keys, key=lambda key: (first[key].opened_at, first[key].symbol, key))


def paired_difference(names: tuple[str, str], first: Outcomes, second: Outcomes, seed: int) -> Flat:
    keys = paired_keys(first, second)
    by_r = np.array([_r(first[key]) - _r(second[key]) for key in keys], dtype=np.float64)
    by_pnl = np.array([first[key].pnl - second[key].pnl for key in keys], dtype=np.float64)
    clusters = clusters_of(np.array([first[key].opened_at for key in keys], dtype=np.int64))
    in_r, in_money = clustered_mean(by_r, clusters, seed), clustered_mean(by_pnl, clusters, seed)
    return {
        "num_pairs": len(keys),
        "num_unpaired_first": len(first) - len(keys),
        "num_unpaired_second": len(second) - len(keys),
        "num_other_risk": sum(first[key].initial_risk != second[key].initial_risk for key in keys),
        "cluster": clusters.unit,
        "num_clusters": clusters.count,
        **flat("difference_r", in_r),
        **flat("difference_pnl", in_money),
        "difference_r_total": plain(total(by_r)),
        "difference_pnl_total": plain(total(by_pnl)),
        "share_better": plain(ratio(int((by_r > 0).sum()), len(keys))),
        "share_worse": plain(ratio(int((by_r < 0).sum()), len(keys))),
        "share_equal": plain(ratio(int((by_r == 0).sum()), len(keys))),
        "distinguishable": is_distinguishable(in_r, clusters.count),
        "verdict": paired_verdict(names, in_r, clusters),
    }


def netting_difference(names: tuple[str, str], first: EquityColumns, second: EquityColumns, seed: int) -> Flat:
    """The difference of two runs' net P&L over all days; its interval from their daily differences."""
    own, other = daily_equity(first), daily_equity(second)
    apart = np.concatenate(([own.initial_cash - other.initial_cash], own.equity - other.equity))
    daily = np.diff(apart)
    a_day, block = blocks_drawn_again(daily, seed)
    days = len(daily)
    summed = Estimate(mean=plain(apart[-1] - apart[0]), low=_times(a_day.low, days), high=_times(a_day.high, days))
    return {
        **flat("netting_difference_pnl", summed),
        "netting_days": days,
        "netting_block_days": plain(block),
        "netting_distinguishable": is_distinguishable(summed, days),
        "netting_verdict": _netting_verdict(names, summed, days),
    }


def expectancy(r_multiple: Floats, opened_at: Integers, seed: int) -> Flat:
    """Mean R of a run's closed sets, with the interval clustered by time."""
    closed = ~np.isnan(r_multiple)
    clusters = clusters_of(opened_at[closed])
    estimate = clustered_mean(r_multiple[closed], clusters, seed)
    return {**flat("expectancy_r", estimate), "cluster": clusters.unit, "num_clusters": clusters.count}


def is_distinguishable(estimate: Estimate, count: int) -> bool:
    return count >= FEWEST_CLUSTERS and estimate.excludes_zero


def paired_verdict(names: Sequence[str], estimate: Estimate, clusters: Clusters) -> str:
    first, second = names
    if estimate.mean is None:
        return f"{NOISE}: {first} and {second} have no set in common"
    amount = f"{_amount(estimate, 'R')} per set"
    if clusters.count < FEWEST_CLUSTERS:
        few = f"{clusters.count} {clusters.unit}{'' if clusters.count == 1 else 's'}"
        return f"{NOISE}: {first} minus {second} is {amount}, from only {few} of entries (at least {FEWEST_CLUSTERS})"
    if not estimate.excludes_zero:
        return f"{NOISE}: {first} minus {second} is {amount}"
    return f"{first} earns {'more' if estimate.mean > 0 else 'less'} than {second} per set: {_amount(estimate, 'R')}"


def _netting_verdict(names: Sequence[str], estimate: Estimate, days: int) -> str:
    first, second = names
    amount = _amount(estimate, "in net P&L")
    if days < FEWEST_CLUSTERS:
        return f"{NOISE}: {first} minus {second} is {amount}, from only {days} day{'' if days == 1 else 's'}"
    if not estimate.excludes_zero:
        return f"{NOISE}: {first} minus {second} is {amount}"
    return f"{first} earns {'more' if (estimate.mean or 0) > 0 else 'less'} than {second}: {amount}"


def flat(name: str, estimate: Estimate) -> Flat:
    return {
        name: plain(estimate.mean),
        f"{name}_low": plain(estimate.low),
        f"{name}_high": plain(estimate.high),
    }


def _amount(estimate: Estimate, unit: str) -> str:
    """+0.12 R [0.03, 0.21]; as many decimals as it takes to see on which side of zero a small bound lies."""
    bounds = [bound for bound in (estimate.low, estimate.high) if bound is not None]
    decimals = 2
    while decimals < 6 and any(bound and not round(bound, decimals) for bound in bounds):
        decimals += 1
    assert estimate.mean is not None
    words = f"{round(estimate.mean, decimals) + 0.0:+,.{decimals}f} {unit}"
    if not bounds:
        return words
    low, high = (f"{round(bound, decimals) + 0.0:,.{decimals}f}" for bound in bounds)
    return f"{words} [{low}, {high}]"


def _r(outcome: SetOutcome) -> float:
    assert outcome.r is not None
    return outcome.r


def _times(value: float | None, factor: int) -> float | None:
    return None if value is None else value * factor

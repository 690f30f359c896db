"""Objectives over some of a configuration's closed sets, by the names of metrics.json.

What hangs on every bar (Sharpe, bar-by-bar drawdown) is not among them: a part of the sets has no equity of its own.
`max_drawdown` is that of the booked equity, set by set in order of closing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from exitbrain.analysis.columns import Flags, Floats, Integers
from exitbrain.analysis.sums import sample_deviation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ClosedSets:
    """One configuration's sets in order of opening; R is nan where the risk is unknown."""

    opened_at: Integers
    closed_at: Integers
    r: Floats
    pnl: Floats

    def __len__(self) -> int:
        return len(self.r)

    def of(self, rows: Flags) -> ClosedSets:
        return ClosedSets(
            opened_at=self.opened_at[rows], closed_at=self.closed_at[rows], r=self.r[rows], pnl=self.pnl[rows]
        )

    @property
    def known_r(self) -> Floats:
        return self.r[~np.isnan(self.r)]


def _mean_r(sets: ClosedSets) -> float:
    r = sets.known_r
    return float(r.mean()) if len(r) else math.nan


def _sqn(sets: ClosedSets) -> float:
    r = sets.known_r
    deviation = sample_deviation(r) if len(r) > 1 else None
    return math.sqrt(len(r)) * float(r.mean()) / deviation if deviation else math.nan


def _quotient(above: float, below: float) -> float:
    return above / below if below else math.nan


def _profit_factor(sets: ClosedSets) -> float:
    return _quotient(float(sets.pnl[sets.pnl > 0].sum()), -float(sets.pnl[sets.pnl < 0].sum()))


def _payoff(sets: ClosedSets) -> float:
    won, lost = sets.pnl[sets.pnl > 0], sets.pnl[sets.pnl < 0]
    return _quotient(float(won.mean()), -float(lost.mean())) if len(won) and len(lost) else math.nan


def _drawdown(sets: ClosedSets, cash: float) -> float:
    order = np.lexsort((sets.opened_at, sets.closed_at))
    equity = np.concatenate(([cash], cash + np.cumsum(sets.pnl[order])))
    return float((equity / np.maximum.accumulate(equity) - 1).min())


SCORES: Mapping[str, Callable[[ClosedSets, float], float]] = {
    "net_r_mean": lambda sets, cash: _mean_r(sets),
    "expectancy_r": lambda sets, cash: _mean_r(sets),
    "net_r": lambda sets, cash: float(sets.known_r.sum()),
    "median_r": lambda sets, cash: float(np.median(sets.known_r)) if len(sets.known_r) else math.nan,
    "sqn": lambda sets, cash: _sqn(sets),
    "win_rate": lambda sets, cash: float((sets.pnl > 0).mean()) if len(sets) else math.nan,
    "profit_factor": lambda sets, cash: _profit_factor(sets),
    "payoff": lambda sets, cash: _payoff(sets),
    "average_pnl": lambda sets, cash: float(sets.pnl.mean()) if len(sets) else math.nan,
    "net_pnl": lambda sets, cash: float(sets.pnl.sum()),
    "max_drawdown": _drawdown,
    "num_closed": lambda sets, cash: float(len(sets)),
    "num_sets": lambda sets, cash: float(len(sets)),
}

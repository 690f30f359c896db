"""Which way a metric is better, and which points no other beats in every objective."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from exitbrain.analysis.columns import Flags, Floats

MINIMIZE, MAXIMIZE = "minimize", "maximize"
# Drawdowns, the worst of something and MAE are negative: of them too, more is better.
LESS_IS_BETTER = frozenset(
    {
        "fees_total", "num_losses", "longest_losing_streak", "max_drawdown_days", "max_drawdown_bars",
        "whipsaw_count", "whipsaw_rate", "whipsaw_cost", "whipsaw_cost_r", "exposure", "average_hold_hours",
        "drawdown_r",
    }
)  # fmt: skip


def direction_of(metric: str) -> str:
    return MINIMIZE if metric in LESS_IS_BETTER else MAXIMIZE


def signed(metric: str, values: Floats) -> Floats:
    """Values of which more is better; what is missing is worst."""
    better = -values if direction_of(metric) == MINIMIZE else values
    return np.where(np.isnan(better), -np.inf, better)


def ranked(objectives: Sequence[str], columns: Sequence[Floats]) -> np.ndarray:
    """Rows from the best on: by the first objective, ties by the next, then by the row."""
    keys = [-signed(name, column) for name, column in zip(objectives, columns, strict=True)]
    return np.lexsort([np.arange(len(keys[0])), *reversed(keys)])


def pareto(objectives: Sequence[str], columns: Sequence[Floats]) -> Flags:
    """Rows that no other row beats in one objective without losing in another; rows without a value never count."""
    values = np.stack([signed(name, column) for name, column in zip(objectives, columns, strict=True)], axis=1)
    front = np.zeros(len(values), dtype=bool)
    kept: list[np.ndarray] = []
    for row in ranked(objectives, columns):
        own = values[row]
        if np.isinf(own).any():
            continue
        # Rows come in order of the first objective, so only kept ones can beat this one.
        if any((other >= own).all() and (other > own).any() for other in kept):
            continue
        front[row] = True
        kept.append(own)
    return front

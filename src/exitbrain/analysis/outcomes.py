"""Win rate, payoff, expectancy and SQN over closed positions: one function for TradeSets and for PairedTrades.

A position counts once, however many legs it took (spec M1: by set, never by fill). The deprecated PairedTrade view
goes through the same function, so that where every set has one entry and one exit both give the same numbers to the
last digit. R and SQN after Van Tharp ("Trade Your Way to Financial Freedom", "Definitive Guide to Position Sizing").

Example: four closed sets with net P&L +300, −100, 0, +100, each risking 100:
R = 3, −1, 0, 1; win rate 2/4; profit factor 400/100 = 4; payoff (400/2) ÷ (100/1) = 2; expectancy 3/4 R.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from exitbrain.analysis.columns import MICROSECONDS_PER_HOUR, Floats, Integers, SetColumns, take
from exitbrain.analysis.sums import known, mean, median, plain, ratio, sample_deviation, total

Number = float | int | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcomes:
    """Closed positions: when, the net money and the R of each (nan where the risk is unknown)."""

    opened_at: Integers
    closed_at: Integers
    pnl_net: Floats
    r_multiple: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairColumns:
    """The deprecated PairedTrade view: one row a set with exactly one entry and one exit (spec L5). `pnl` is net."""

    entry_timestamp: Integers
    exit_timestamp: Integers
    pnl: Floats
    fees: Floats
    risk: Floats
    r_multiple: Floats


def outcomes_of_sets(sets: SetColumns) -> Outcomes:
    closed = sets.is_closed
    return Outcomes(
        opened_at=sets.opened_at[closed],
        closed_at=sets.closed_at[closed],
        pnl_net=sets.pnl_net[closed],
        r_multiple=sets.r_multiple[closed],
    )


def pairs_of_sets(sets: SetColumns) -> PairColumns:
    """The closed sets that the paired view can show; sets with more legs have no row in it."""
    paired = take(sets, sets.is_closed & (sets.num_entries == 1) & (sets.num_exits == 1))
    return PairColumns(
        entry_timestamp=paired.opened_at,
        exit_timestamp=paired.closed_at,
        pnl=paired.pnl_net,
        fees=paired.fees,
        risk=paired.initial_risk,
        r_multiple=paired.r_multiple,
    )


def paired_metrics(pairs: PairColumns) -> dict[str, Number]:
    """`outcome_metrics` of the paired view."""
    return outcome_metrics(
        Outcomes(
            opened_at=pairs.entry_timestamp,
            closed_at=pairs.exit_timestamp,
            pnl_net=pairs.pnl,
            r_multiple=pairs.r_multiple,
        )
    )


def outcome_metrics(outcomes: Outcomes) -> dict[str, Number]:
    """Counts, shares (fractions), money in quote currency, R and hours of closed positions.

    None: win_rate and average_hold_hours with no position; profit_factor with no loss; payoff without both a win and
    a loss; every R metric but net_r (then 0) where no risk is known; sqn with fewer than two R or all R equal.
    """
    pnl, r = outcomes.pnl_net, known(outcomes.r_multiple)
    wins, losses = pnl[pnl > 0], pnl[pnl < 0]
    hold = (outcomes.closed_at - outcomes.opened_at) / MICROSECONDS_PER_HOUR
    r_mean = mean(r)
    metrics: dict[str, Number] = {
        "num_closed": len(pnl),
        "num_wins": len(wins),
        "num_losses": len(losses),
        "win_rate": ratio(len(wins), len(pnl)),
        "profit_factor": ratio(total(wins), -total(losses)),
        "payoff": ratio(mean(wins), _positive(mean(losses))),
        "average_pnl": mean(pnl),
        "best_pnl": pnl.max() if len(pnl) else None,
        "worst_pnl": pnl.min() if len(pnl) else None,
        "num_with_r": len(r),
        "net_r": total(r),
        "net_r_mean": r_mean,
        "expectancy_r": r_mean,
        "median_r": median(r),
        "best_r": r.max() if len(r) else None,
        "worst_r": r.min() if len(r) else None,
        "sqn": system_quality_number(r),
        "average_hold_hours": mean(hold),
        "longest_losing_streak": longest_losing_streak(outcomes),
    }
    return {name: plain(value) for name, value in metrics.items()}


def system_quality_number(r: Floats) -> float | None:
    """√n · mean(R) ÷ sd(R), ddof 1 (Van Tharp). None for fewer than two R or where all are equal."""
    quality = ratio(mean(r), sample_deviation(r))
    return None if quality is None else math.sqrt(len(r)) * quality


def longest_losing_streak(outcomes: Outcomes) -> int:
    """The most positions in a row, by time of closing (then of opening, then row), with a net loss."""
    order = np.lexsort((outcomes.opened_at, outcomes.closed_at))
    lost = outcomes.pnl_net[order] < 0
    edges = np.diff(np.concatenate(([0], lost.astype(np.int8), [0])))
    lengths = np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1)
    return int(lengths.max()) if len(lengths) else 0


def _positive(value: float | None) -> float | None:
    return None if value is None else abs(value)

"""A run's metrics as one flat mapping: what metrics.json holds (spec M1, M2, M3, M5).

Keys are snake_case, with dots before what the run itself names (`exit_reason.stop_loss.pnl`, `rung.1.hit_rate`), in
one order for equal inputs. Values are JSON numbers, or null where a measure is undefined; the functions that compute
them say when. Money is in quote currency; shares, returns and drawdowns are fractions, drawdowns and MAE ≤ 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from exitbrain.analysis.columns import BarColumns, EquityColumns, LegColumns, SetColumns
from exitbrain.analysis.equity import equity_metrics
from exitbrain.analysis.exits import exit_metrics
from exitbrain.analysis.groups import excursion_metrics
from exitbrain.analysis.outcomes import outcome_metrics, outcomes_of_sets
from exitbrain.analysis.sums import plain, total
from exitbrain.analysis.whipsaw import whipsaw_metrics

Metrics = dict[str, float | int | None]


def run_metrics(
    sets: SetColumns,
    legs: LegColumns,
    equity: EquityColumns,
    *,
    bars: Mapping[str, BarColumns] | None = None,
    whipsaw_window_bars: int = 24,
    independent: bool = False,
    exits_at_open: bool = True,
) -> Metrics:
    """Every metric of a run. `bars` by symbol are for whipsaw alone; without them its keys are None.

    `independent`: every entry is its own position. `exits_at_open`: a decision fills at the next open, not at its close.
    """
    return (
        equity_metrics(equity)
        | money_metrics(sets)
        | outcome_metrics(outcomes_of_sets(sets))
        | excursion_metrics(sets)
        | whipsaw_metrics(
            sets,
            legs,
            bars,
            window_bars=whipsaw_window_bars,
            independent=independent,
            exits_at_open=exits_at_open,
        )
        | exit_metrics(sets, legs)
    )


def money_metrics(sets: SetColumns) -> Metrics:
    """Totals over all sets, the booked part of open ones included: net = gross − fees + funding (spec F46)."""
    num_closed = int(sets.is_closed.sum())
    return {
        "net_pnl": plain(total(sets.pnl_net)),
        "gross_pnl": plain(total(sets.pnl_realized)),
        "fees_total": plain(total(sets.fees)),
        "funding_total": plain(total(sets.funding)),
        "num_sets": len(sets),
        "num_open": len(sets) - num_closed,
        "num_legs": int(sets.num_legs.sum()),
    }

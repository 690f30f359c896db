"""From TradeSets to numbers: metrics, exits by reason, rungs, whipsaw, excursions and ambiguity.

Callers fill `SetColumns`, `LegColumns`, `EquityColumns` (and `BarColumns` by symbol for whipsaw) and ask
`run_metrics` for the flat mapping, or one of the tables for a report.
"""

from exitbrain.analysis.ambiguity import ambiguity
from exitbrain.analysis.columns import BarColumns, EquityColumns, LegColumns, SetColumns
from exitbrain.analysis.equity import daily_equity, drawdown_curve, drawdowns, monthly_returns
from exitbrain.analysis.exits import by_category, by_reason, reversing_tags, rungs, with_reversals_gathered
from exitbrain.analysis.groups import (
    by_event,
    by_profile,
    by_regime,
    by_side,
    by_strategy,
    by_symbol,
    excursions,
    r_histogram,
)
from exitbrain.analysis.metrics import run_metrics
from exitbrain.analysis.outcomes import PairColumns, paired_metrics, pairs_of_sets
from exitbrain.analysis.whipsaw import Whipsaws, whipsaws

__all__ = [
    "BarColumns",
    "EquityColumns",
    "LegColumns",
    "PairColumns",
    "SetColumns",
    "Whipsaws",
    "ambiguity",
    "by_category",
    "by_event",
    "by_profile",
    "by_reason",
    "by_regime",
    "by_side",
    "by_strategy",
    "by_symbol",
    "daily_equity",
    "drawdown_curve",
    "drawdowns",
    "excursions",
    "monthly_returns",
    "paired_metrics",
    "pairs_of_sets",
    "r_histogram",
    "reversing_tags",
    "run_metrics",
    "rungs",
    "whipsaws",
    "with_reversals_gathered",
]

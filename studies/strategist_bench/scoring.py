"""What a plan is worth in a situation: whether it is lawful, how it uses the categories, and its whipsaws.

The plan runs over the days after the moment, as it trades; so does the same plan with every risk_reduce and risk_off made
a full emergency exit. Sets that opened after the moment count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exitbrain.analysis.columns import take
from exitbrain.analysis.whipsaw import RISK_CATEGORIES, whipsaws
from exitbrain.backtesting.columns import bar_columns
from exitbrain.backtesting.result import Result
from exitbrain.config.policies import emergency_only
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import Unavailable
from exitbrain.wiring.backtest import one_run
from exitbrain.wiring.inputs import gather
from exitbrain.wiring.strategist.proposing import Asked, Proposal, propose
from strategist_bench.situations import Cut, Situation

MOST_EMERGENCIES = 0.2
NOT_EXITS = ("adjustment",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One writer in one situation. `answers` is how many it took; None for a template."""

    writer: str
    situation: str
    lawful: bool
    answers: int | None = None
    exits: Mapping[str, int] = field(default_factory=dict)
    sets: int = 0
    net_r: float = 0.0
    whipsaw_r: float = 0.0
    whipsaw_r_emergency_only: float = 0.0

    @property
    def num_exits(self) -> int:
        return sum(self.exits.values())

    @property
    def emergency_share(self) -> float | None:
        return self.exits.get("emergency_exit", 0) / self.num_exits if self.num_exits else None

    @property
    def trims(self) -> int:
        return self.exits.get("risk_reduce", 0)


def scored(writer: str, situation: Situation, cut: Cut, recording: Mapping[str, Any] | None = None) -> Score:
    """A template where there is no recording; else the recorded answers, judged as they are judged now."""
    asked = Asked(style=writer if recording is None else "balanced", environment={})
    try:
        made = propose([cut.seen], asked, recording=recording)
    except Unavailable:
        return Score(writer=writer, situation=situation.name, lawful=False)
    return _run(writer, situation, cut, made)


def _run(writer: str, situation: Situation, cut: Cut, made: Proposal) -> Score:
    assert made.plan is not None
    own, flat = (_result(plan, cut) for plan in (made.plan, emergency_only(made.plan)))
    sets = own.set_columns
    inside = sets.opened_at >= cut.at
    r = sets.r_multiple[inside]
    return Score(
        writer=writer,
        situation=situation.name,
        lawful=made.passed,
        answers=None if made.answer is None else len(made.answer.turns),
        exits=_exits(own, inside),
        sets=len(take(sets, inside)),
        net_r=float(np.nansum(r)),
        whipsaw_r=_whipsaw_r(own, inside),
        whipsaw_r_emergency_only=_whipsaw_r(flat, flat.set_columns.opened_at >= cut.at),
    )


def _result(plan: StrategyPlan, cut: Cut) -> Result:
    inputs = gather([cut.whole], plan=plan, environment={})
    return one_run(inputs, None, None, other=None, traced=False)


def _exits(result: Result, inside: Any) -> dict[str, int]:
    legs = result.leg_columns
    counted: dict[str, int] = {}
    for row in np.flatnonzero(~legs.is_entry & inside[legs.set_index]).tolist():
        if legs.category[row] not in NOT_EXITS and legs.reason[row] != "end_of_data":
            counted[legs.category[row]] = counted.get(legs.category[row], 0) + 1
    return dict(sorted(counted.items()))


def _whipsaw_r(result: Result, inside: Any) -> float:
    legs = result.leg_columns
    bars = {symbol: bar_columns(market) for symbol, market in result.markets.items()}
    found = whipsaws(result.set_columns, legs, bars, window_bars=24, independent=False, exits_at_open=True)
    counts = inside[legs.set_index[found.leg]]
    return float(np.nansum(found.cost_r[counts]))


def totals(writer: str, scores: Iterable[Score]) -> dict[str, Any]:
    """A row a writer, over all situations."""
    rows = [one for one in scores if one.writer == writer]
    lawful = [one for one in rows if one.lawful]
    exits = sum(one.num_exits for one in lawful)
    emergencies = sum(one.exits.get("emergency_exit", 0) for one in lawful)
    share = emergencies / exits if exits else None
    sparing = [one for one in lawful if (one.emergency_share or 0) <= MOST_EMERGENCIES]
    return {
        "writer": writer,
        "situations": len(rows),
        "lawful": len(lawful),
        "exits": exits,
        "emergency_share": share,
        "sparing": len(sparing),
        "trimming": sum(one.trims > 0 for one in lawful),
        "risk_exits": sum(count for one in lawful for name, count in one.exits.items() if name in RISK_CATEGORIES),
        "whipsaw_r": sum(one.whipsaw_r for one in lawful),
        "whipsaw_r_emergency_only": sum(one.whipsaw_r_emergency_only for one in lawful),
        "sets": sum(one.sets for one in lawful),
        "net_r": sum(one.net_r for one in lawful),
    }

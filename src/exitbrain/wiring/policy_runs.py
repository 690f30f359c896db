"""One exit policy through both of its runs: netting as it would trade, and independent on the shared entries.

In the independent run every entry is its own position, so that two policies can be paired entry by entry. What would
make one policy refuse an entry that another takes is switched off there: cooldown, daily counts and losses, caps,
leverage, entry rules of the plan. Entries that bring no size are sized from the initial cash, not from equity, which
already differs between policies after the first exit. What is open at the end is closed at the last close.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from exitbrain.analysis.columns import STILL_OPEN
from exitbrain.analysis.comparison import SetOutcome
from exitbrain.backtesting.columns import BookedSet, in_order, set_columns
from exitbrain.backtesting.result import Result
from exitbrain.backtesting.settings import EntryOrder, RunSettings
from exitbrain.backtesting.simulation import Simulation
from exitbrain.config.policies import EMERGENCY, Policy, emergency_only, settings_under
from exitbrain.config.settings import Settings
from exitbrain.core.intents import EntryTerms
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import InvalidInput
from exitbrain.wiring.backtest import one_run
from exitbrain.wiring.inputs import RunInputs, Source, gather
from exitbrain.wiring.settings import run_settings

Orders = Mapping[str, tuple[EntryOrder, ...]]
Told = Callable[[float], None]

ENTRY_LIMITS_OFF: dict[str, Any] = {
    "cooldown_bars": 0,
    "max_daily_loss_pct": None,
    "max_entries_per_day": None,
    "max_position_risk_pct": None,
    "max_symbol_exposure_pct": None,
    "max_portfolio_exposure_pct": None,
    "daily_risk_budget_pct": None,
}
ALLOW_LISTS_OFF: dict[str, Any] = dict.fromkeys(("allowed_symbols", "allowed_directions", "allowed_categories"))


@dataclass(frozen=True, kw_only=True, eq=False)
class PolicyRun:
    """A policy, its netting run, and what it made of the shared entries."""

    policy: Policy
    netting: Result
    outcomes: Mapping[str, SetOutcome]


def inputs_under(policy: Policy, base: Settings, given: Mapping[str, Any]) -> RunInputs:
    """The run's inputs as the policy has them; `given` are the arguments of `gather`."""
    own = dict(given)
    if policy.config is not None:
        own["config"], own["environment"] = settings_under(policy, base).to_dict(), None
    for key in ("profiles", "plan"):
        if getattr(policy, key) is not None:
            own[key] = getattr(policy, key)
    try:
        inputs = gather(**own)
    except InvalidInput as error:
        raise InvalidInput(*(p if p.file else replace(p, file=policy.file) for p in error.problems)) from None
    if policy.rewrite != EMERGENCY or inputs.plan is None:
        return inputs
    plan = emergency_only(inputs.plan)
    if plan == inputs.plan:
        return inputs
    digest = hashlib.sha256(repr(plan).encode()).hexdigest()
    source = Source(role="rewrite", name=policy.rewrite, sha256=digest)
    return replace(inputs, plan=plan, sources=(*inputs.sources, source))


def netting_run(inputs: RunInputs, paths: str | None, told: Told | None = None) -> Result:
    """As `backtest` runs it."""
    started = time.perf_counter()
    first = "adverse" if paths == "both" else paths
    result = one_run(inputs, first, paths, other=None, traced=True, told=told)
    if paths == "both":
        other = one_run(inputs, "favorable", paths, other=None, traced=True)
        result = replace(result, other=other)
    return replace(result, timings={"run_seconds": time.perf_counter() - started})


def independent_run(
    inputs: RunInputs, orders: Orders, path: str | None, *, already_taken: bool, told: Told | None = None
) -> list[BookedSet]:
    """Every order its own position. `already_taken`: the entries passed the allow lists in a netting run before."""
    settings = run_settings(inputs.settings, inputs.plan, path=path)
    off = ENTRY_LIMITS_OFF | (ALLOW_LISTS_OFF if already_taken else {})
    simulation = _Independent(
        inputs.markets,
        orders,
        inputs.registry,
        _alone(settings, off),
        plan=None if inputs.plan is None else exits_of(inputs.plan),
        funding=inputs.funding,
        traced=False,
    )
    simulation.run(told)
    return in_order(simulation.booked)


class _Independent(Simulation):
    def equity(self, time: int, *, at_open: bool, symbol: str) -> Fraction:
        """The initial cash throughout, so that a set's size does not hang on the sets before it."""
        return Fraction(self.settings.initial_cash)


def _alone(settings: RunSettings, off: Mapping[str, Any]) -> RunSettings:
    return replace(
        settings, independent=True, max_leverage=None, close_at_end=True, limits=replace(settings.limits, **off)
    )


def exits_of(plan: StrategyPlan) -> StrategyPlan:
    """The plan without its entry rules."""
    return replace(plan, triggers=tuple(replace(trigger, entry_rule="") for trigger in plan.triggers))


def orders_of_file(rows: Orders) -> Orders:
    """The rows of the entries file; their tag becomes the key by which sets are paired."""
    return {
        symbol: tuple(replace(row, tag=f"{symbol}:{row.row}") for row in own) for symbol, own in sorted(rows.items())
    }


def orders_of_fills(result: Result) -> Orders:
    """Each entry fill of a netting run: its bar, side and quantity, the initial stop and strategy of its set.

    A fill at a close is taken at the next open: an open of its own bar would be one that it could not have known.
    """
    orders: dict[str, list[EntryOrder]] = {}
    at_close = result.simulation.settings.fill_at_close
    for one in result.booked:
        market, position = one.market, one.position
        for row in one.lifecycle.rows:
            if not row.is_entry:
                continue
            bar = market.bar_at_or_after(row.fill.time) + (1 if at_close else 0)
            if bar >= len(market):
                continue
            terms = EntryTerms(
                side=one.lifecycle.side,
                quantity=market.instrument.quantity(row.lots),
                stop_price=market.instrument.price(position.opening_ladder.stop),
                strategy_id=position.attached["strategy_id"],
            )
            own = orders.setdefault(market.symbol, [])
            own.append(EntryOrder(bar=bar, row=len(own) + 1, tag=row.fill.fill_id, terms=terms))
    return {symbol: tuple(own) for symbol, own in sorted(orders.items())}


def outcomes_of(sets: list[BookedSet]) -> dict[str, SetOutcome]:
    """By the key of the entry, which is the reason of its opening fill."""
    columns = set_columns(sets)
    outcomes = {}
    for i, one in enumerate(sets):
        r = float(columns.r_multiple[i])
        closed = int(columns.closed_at[i]) != STILL_OPEN
        outcomes[one.lifecycle.rows[0].fill.reason or ""] = SetOutcome(
            symbol=one.market.symbol,
            side=one.lifecycle.side,
            opened_at=int(columns.opened_at[i]),
            r=r if closed and r == r else None,
            pnl=float(columns.pnl_net[i]),
            initial_risk=float(columns.initial_risk[i]),
            exit_reasons=tuple(row.fill.reason or "" for row in one.lifecycle.rows if row.is_exit),
        )
    return outcomes

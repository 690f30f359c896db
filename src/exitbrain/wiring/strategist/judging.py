"""The gates that run the plan: the last N days, windows before them that nothing has looked at, the plan in force.

    results = judge(text, series, Judging(days=30), caps=caps, settings=settings, current=None)
    [gate.gate for gate in results], results[-1].passed

Each gate is asked only where those before it passed. A window's runs begin before it, so that features are warm; what
opened in it counts. Shadow is the same on bars that came after the plan was judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exitbrain.analysis.bootstrap import clustered_mean, clusters_of
from exitbrain.analysis.comparison import is_distinguishable
from exitbrain.backtesting.result import Result
from exitbrain.candles import Candles
from exitbrain.config.policies import Policy
from exitbrain.config.settings import Settings
from exitbrain.core.caps import PlanCaps
from exitbrain.core.lint import Finding, Severity
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import InvalidInput
from exitbrain.wiring.backtest import one_run
from exitbrain.wiring.compare import compare
from exitbrain.wiring.inputs import gather
from exitbrain.wiring.strategist.gates import (
    BACKTEST,
    COMPARE,
    HELD_OUT,
    LINT,
    SHADOW,
    GateResult,
    text_gates,
)
from exitbrain.wiring.strategist.windows import Window, between, held_out_windows, last_days, some

FEWEST_EXITS = 10  # below it a share of exits says nothing
NOT_EXITS = ("adjustment",)
AT_THE_END = "end_of_data"
IN_FORCE, PROPOSED = "in-force", "proposed"
Told = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """`held_out` windows of `days` days each; `shadow_bars` bars have to follow the last one that was judged."""

    days: int = 30
    held_out: int = 3
    shadow_bars: int = 48

    def __post_init__(self) -> None:
        for name, least, most in (("days", 1, 3660), ("held_out", 1, 24), ("shadow_bars", 1, 1_000_000)):
            value = getattr(self, name)
            if not least <= value <= most:
                raise InvalidInput(f"{name} is {value}", accepted=f"a whole number from {least} to {most:,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a plan did in one window; `r` are the net R of its closed sets, `opened_at` when they opened (µs)."""

    window: Window
    r: np.ndarray[Any, Any]
    opened_at: np.ndarray[Any, Any]
    exits: Mapping[str, int]
    drawdown_pct: float
    run_id: str

    @property
    def num_exits(self) -> int:
        return sum(self.exits.values())

    def to_dict(self) -> dict[str, Any]:
        return {
            **self.window.to_dict(),
            "run_id": self.run_id,
            "num_sets": len(self.r),
            "net_r": _told(float(self.r.sum())),
            "net_r_mean": _told(float(self.r.mean())) if len(self.r) else None,
            "max_drawdown_pct": _told(self.drawdown_pct),
            "exits_by_category": dict(self.exits),
        }


def judge(
    text: str,
    series: Sequence[Candles],
    judging: Judging,
    *,
    caps: PlanCaps,
    settings: Settings,
    config: Any = None,
    environment: Mapping[str, str] | None = None,
    current: StrategyPlan | None = None,
    told: Told = lambda gate: None,
) -> list[GateResult]:
    """Every gate up to the first that refuses. Raises Unavailable where a comparison lacks the package arch."""
    some(series)
    recent = last_days(series, judging.days)
    plan, results = text_gates(
        text, caps=caps, account=settings, candles=between(series, recent), config=config, environment=environment
    )
    if plan is None or not results[-1].passed or results[-1].gate != LINT:
        return results
    bench = _Bench(series, judging, caps, settings, config, environment)
    for gate, asked in (
        (BACKTEST, lambda: bench.backtest(plan, recent)),
        (HELD_OUT, lambda: bench.held_out(plan)),
        (COMPARE, lambda: bench.compare(plan, current)),
    ):
        told(gate)
        results.append(asked())
        if not results[-1].passed:
            break
    return results


def shadow(
    plan: StrategyPlan,
    series: Sequence[Candles],
    judging: Judging,
    *,
    since: int,
    caps: PlanCaps,
    settings: Settings,
    config: Any = None,
    environment: Mapping[str, str] | None = None,
) -> GateResult:
    """On the bars from `since` (µs): as many as were asked for, and the plan within its caps on them."""
    some(series)
    bench = _Bench(series, judging, caps, settings, config, environment)
    end = max(int(one.time[-1]) + one.timeframe for one in series)
    bars = max(int((one.time >= since).sum()) for one in series)
    evidence: dict[str, Any] = {"bars": bars, "wanted_bars": judging.shadow_bars}
    if bars < judging.shadow_bars:
        found = f"{bars} bars have closed since the plan was judged"
        return _gate(SHADOW, [_refusing(SHADOW, found, f"candles with at least {judging.shadow_bars}")], evidence)
    measured = bench.measured(plan, Window(start=since, end=end))
    return _gate(SHADOW, bench.beyond(SHADOW, [measured]), evidence | measured.to_dict())


@dataclass(frozen=True)
class _Bench:
    series: Sequence[Candles]
    judging: Judging
    caps: PlanCaps
    settings: Settings
    config: Any
    environment: Mapping[str, str] | None

    def backtest(self, plan: StrategyPlan, window: Window) -> GateResult:
        measured = self.measured(plan, window)
        findings = list(self.beyond(BACKTEST, [measured]))
        enters = any(trigger.entry_rule.strip() for trigger in plan.triggers)
        if not len(measured.r) and enters:
            found = f"the plan opened and closed nothing in the last {self.judging.days} days"
            findings.append(_refusing(BACKTEST, found, "entry rules that are true at times on these candles"))
        if not enters:
            found = "the plan opens nothing: there is no entry_rule, so that its exits cannot be judged"
            findings.append(_refusing(BACKTEST, found, "at least one trigger of direction long or short"))
        return _gate(BACKTEST, findings, measured.to_dict())

    def held_out(self, plan: StrategyPlan) -> GateResult:
        windows = held_out_windows(self.series, self.judging.days, self.judging.held_out)
        if not windows:
            days = self.judging.days
            found = f"the candles hold no {days} days before the last {days}"
            return _gate(HELD_OUT, [_refusing(HELD_OUT, found, "longer candles, or fewer days")], {"windows": []})
        measured = [self.measured(plan, window) for window in windows]
        r = np.concatenate([one.r for one in measured])
        opened = np.concatenate([one.opened_at for one in measured])
        clusters = clusters_of(opened)
        estimate = clustered_mean(r, clusters, self.settings.seed) if len(r) else None
        findings = list(self.beyond(HELD_OUT, measured))
        evidence: dict[str, Any] = {"windows": [one.to_dict() for one in measured], "num_sets": len(r)}
        if estimate is not None:
            evidence |= {"net_r_mean": estimate.mean, "net_r_low": estimate.low, "net_r_high": estimate.high}
            if is_distinguishable(estimate, clusters.count) and (estimate.high or 0) < 0:
                found = (
                    f"the plan loses {abs(estimate.mean or 0):.2f} R a set on windows that nothing was fitted to, "
                    f"95% interval [{estimate.low:.2f}, {estimate.high:.2f}] over {len(r)} sets"
                )
                findings.append(_refusing(HELD_OUT, found, "a mean that is not distinguishable from a loss"))
        return _gate(HELD_OUT, findings, evidence)

    def compare(self, plan: StrategyPlan, current: StrategyPlan | None) -> GateResult:
        if current is None:
            return _gate(COMPARE, [], {"in_force": None})
        days = (self.judging.held_out + 1) * self.judging.days
        window = last_days(self.series, days)
        first = max(window.start, min(int(one.time[0]) for one in self.series))
        compared = compare(
            between(self.series, Window(start=first, end=window.end)),
            policies=[Policy(name=IN_FORCE, plan=current), Policy(name=PROPOSED, plan=plan)],
            config=self.config,
            environment=self.environment,
        )
        pair = compared.pairs[0]
        evidence = {"in_force": current.plan_id, "days": days, "policies": compared.policies, "pair": pair}
        findings = []
        if pair["distinguishable"] and (pair["difference_r"] or 0) > 0:
            findings.append(_refusing(COMPARE, f"on the same entries {pair['verdict']}", "exits that are no worse"))
        if pair["netting_distinguishable"] and (pair["netting_difference_pnl"] or 0) > 0:
            words = f"as they trade, {pair['netting_verdict']}"
            findings.append(_refusing(COMPARE, words, "a plan that is no worse than the one in force"))
        return _gate(COMPARE, findings, evidence)

    def measured(self, plan: StrategyPlan, window: Window) -> Measured:
        cut = between(self.series, window)
        inputs = gather(cut, plan=plan, config=self.config, environment=self.environment)
        return measured_in(one_run(inputs, None, None, other=None, traced=False), window)

    def beyond(self, gate: str, measured: Sequence[Measured]) -> Iterable[Finding]:
        """The caps on what a plan does, in each window and over all of them."""
        cap = float(self.caps.max_drawdown_pct)
        for one in measured:
            if one.drawdown_pct > cap:
                said = one.window.to_dict()
                found = f"equity fell by {one.drawdown_pct:.1f}% from {said['start']} to {said['end']}"
                yield _refusing(gate, found, f"at most {self.caps.max_drawdown_pct}%")
        exits = sum(one.num_exits for one in measured)
        emergencies = sum(one.exits.get("emergency_exit", 0) for one in measured)
        if exits >= FEWEST_EXITS and emergencies > float(self.caps.max_emergency_share) * exits:
            found = f"{emergencies} of {exits} exits are emergency exits"
            accepted = (
                f"at most {float(self.caps.max_emergency_share):.0%}: raise the thresholds of emergency_exit, "
                "and say risk_reduce or risk_off where conditions weaken"
            )
            yield _refusing(gate, found, accepted)


def measured_in(result: Result, window: Window) -> Measured:
    """Sets that opened in the window and were closed; exits of those sets by category; equity within the window."""
    sets, legs, equity = result.set_columns, result.leg_columns, result.equity_columns
    inside = (sets.opened_at >= window.start) & (sets.opened_at < window.end)
    closed = inside & ~np.isnan(sets.r_multiple)
    exits: dict[str, int] = {}
    for row in np.flatnonzero(~legs.is_entry & inside[legs.set_index]).tolist():
        category = legs.category[row]
        if category not in NOT_EXITS and legs.reason[row] != AT_THE_END:
            exits[category] = exits.get(category, 0) + 1
    within = (equity.time >= window.start) & (equity.time < window.end)
    curve = equity.equity[within]
    deepest = 0.0
    if len(curve):
        peaks = np.maximum.accumulate(curve)
        deepest = float((1 - curve / peaks).max()) * 100
    return Measured(
        window=window,
        r=sets.r_multiple[closed],
        opened_at=sets.opened_at[closed],
        exits=dict(sorted(exits.items())),
        drawdown_pct=deepest,
        run_id=result.run_id,
    )


def _refusing(gate: str, found: str, accepted: str) -> Finding:
    return Finding(code=gate, severity=Severity.ERROR, message=found, advice=f"accepted: {accepted}")


def _gate(gate: str, findings: Iterable[Finding], evidence: Mapping[str, Any]) -> GateResult:
    return GateResult(gate=gate, findings=tuple(findings), evidence=evidence)


def _told(value: float) -> float:
    return round(value, 6) + 0.0

"""A strategy plan on the terminal: what it says of itself, and its triggers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from exitbrain.cli.terminal import table
from exitbrain.core.numbers import decimal_of, fraction_of, plain
from exitbrain.core.triggers import StrategyPlan, TriggerCategory, TriggerCondition
from exitbrain.wiring.ladder_words import share_text

STYLES = {
    TriggerCategory.RISK_REDUCE: "yellow",
    TriggerCategory.RISK_OFF: "red",
    TriggerCategory.EMERGENCY_EXIT: "bold red",
}


def plan_blocks(plan: StrategyPlan) -> list[RenderableType]:
    """The plan's head, its triggers, then their rules in full."""
    return [_head(plan), *([_triggers(plan), _rules(plan)] if plan.triggers else [])]


def _head(plan: StrategyPlan) -> str:
    count = len(plan.triggers)
    parts = [f"plan {plan.plan_id}", f"{count} trigger{'' if count == 1 else 's'}" if count else "the ladder alone"]
    if plan.regime:
        parts.append(f"regime {plan.regime}")
    if plan.valid_until is not None:
        parts.append(f"valid until {iso(plan.valid_until)}")
    lines = [", ".join(parts)]
    if plan.global_view:
        lines.append(plan.global_view)
    if plan.risk_regime_rule.strip():
        lines.append(f"risk-off latch while: {plan.risk_regime_rule.strip()}")
    return "\n".join(lines)


def _triggers(plan: StrategyPlan) -> RenderableType:
    columns = [("trigger", False), ("category", False), ("grade", False), ("symbol", False), ("direction", False)]
    columns += [("timeframe", False), ("exits", True), ("stop", True)]
    return table(columns, ([Text(t.id, style=STYLES.get(t.category, "")), *_cells(t)] for t in plan.triggers))


def _cells(trigger: TriggerCondition) -> list[str]:
    leaves = "" if not trigger.exit_rule.strip() else "all"
    if trigger.exit_rule.strip() and trigger.exit_fraction is not None:
        leaves = share_text(fraction_of(trigger.exit_fraction))
    stop = "" if trigger.stop_loss_pct is None else f"{plain(decimal_of(trigger.stop_loss_pct))}%"
    return [
        trigger.category.value,
        trigger.confidence_grade or "",
        trigger.symbol,
        trigger.direction.value,
        trigger.timeframe or "",
        leaves,
        stop,
    ]


def _rules(plan: StrategyPlan) -> str:
    return "\n".join(line for trigger in plan.triggers for line in _rule_lines(trigger))


def _rule_lines(trigger: TriggerCondition) -> Iterator[str]:
    for verb, rule in (("enters", trigger.entry_rule), ("exits", trigger.exit_rule), ("holds", trigger.hold_rule)):
        if rule.strip():
            yield f"{trigger.id} {verb} when {' '.join(rule.split())}"
    if trigger.latch:
        yield f"{trigger.id} sets the risk-off latch"


def plan_json(plan: StrategyPlan) -> dict[str, Any]:
    return {
        "plan_id": plan.plan_id,
        "regime": plan.regime,
        "valid_until": None if plan.valid_until is None else iso(plan.valid_until),
        "risk_regime_rule": plan.risk_regime_rule,
        "triggers": [_trigger_json(trigger) for trigger in plan.triggers],
    }


def _trigger_json(trigger: TriggerCondition) -> dict[str, Any]:
    def number(value: Any) -> float | None:
        return None if value is None else float(value)

    return {
        "id": trigger.id,
        "symbol": trigger.symbol,
        "category": trigger.category.value,
        "direction": trigger.direction.value,
        "confidence_grade": trigger.confidence_grade,
        "timeframe": trigger.timeframe,
        "entry_rule": trigger.entry_rule,
        "exit_rule": trigger.exit_rule,
        "hold_rule": trigger.hold_rule,
        "stop_loss_pct": number(trigger.stop_loss_pct),
        "exit_fraction": number(trigger.exit_fraction),
        "rearm": trigger.rearm.value,
        "latch": trigger.latch,
    }


def iso(microseconds: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.isoformat().replace("+00:00", "Z")

"""The operator's caps on what a written plan may ask: they lie outside every plan, which can only tighten risk.

caps = PlanCaps(max_stop_loss_pct=Decimal(3))
list(loosenings(plan, caps, SizingRule(symbol="*", mode="risk", value="0.01")))

Limits on entries need no cap here: of plan and config the stricter holds already (spec F39). What a plan says instead of
the config, and so could loosen, are stops and sizes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from exitbrain.core.limits import SizingRule
from exitbrain.core.lint import Finding, Severity
from exitbrain.core.numbers import decimal_of, plain
from exitbrain.core.triggers import ConfidenceGrade, StrategyPlan

GRADES = tuple(ConfidenceGrade)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCaps:
    """`max_stop_loss_pct` is percent of the entry price, `max_drawdown_pct` percent of equity in any judged window;
    `best_entry_grade` is the highest that entries may claim: A outranks risk_off. Shares are fractions.
    """

    max_stop_loss_pct: Decimal = Decimal(5)
    best_entry_grade: ConfidenceGrade = ConfidenceGrade.B
    max_triggers: int = 60
    max_drawdown_pct: Decimal = Decimal(20)
    max_emergency_share: Decimal = Decimal("0.2")


def loosenings(plan: StrategyPlan, caps: PlanCaps, sizing: SizingRule) -> Iterator[Finding]:
    """Everything in the plan that asks for more risk than the caps and the account's own sizing allow."""
    if len(plan.triggers) > caps.max_triggers:
        yield _beyond(f"{len(plan.triggers)} triggers", f"at most {caps.max_triggers}", "triggers")
    for trigger in plan.triggers:
        stop = None if trigger.stop_loss_pct is None else decimal_of(trigger.stop_loss_pct)
        if stop is not None and stop > caps.max_stop_loss_pct:
            accepted = f"at most {plain(caps.max_stop_loss_pct)}, or null for the stop of the profile"
            yield _beyond(f"stop_loss_pct is {plain(stop)}", accepted, "stop_loss_pct", trigger.id)
        grade = trigger.confidence_grade
        if trigger.entry_rule.strip() and grade is not None and grade < caps.best_entry_grade:
            allowed = ", ".join(one for one in GRADES if one >= caps.best_entry_grade)
            yield _beyond(
                f"confidence_grade is {grade}: its entry would outrank risk_off",
                f"{allowed} or null",
                "confidence_grade",
                trigger.id,
            )
    for rule in plan.sizing_rules:
        yield from _larger(rule, sizing)


def _larger(rule: SizingRule, account: SizingRule) -> Iterator[Finding]:
    limit = f"mode {account.mode} and a value of at most {plain(account.value)}, or no sizing rule"
    if rule.mode != account.mode:
        yield _beyond(f"the sizing rule of {rule.symbol} has mode {rule.mode}", limit, "sizing_rules")
    elif rule.value > account.value:
        yield _beyond(f"the sizing rule of {rule.symbol} has value {plain(rule.value)}", limit, "sizing_rules")


def _beyond(message: str, accepted: str, key: str, trigger_id: str | None = None) -> Finding:
    return Finding(
        code="beyond_caps",
        severity=Severity.ERROR,
        trigger_id=trigger_id,
        key=key,
        message=message,
        advice=f"accepted: {accepted}",
    )

"""What a plan's rules read. It loads no features: a start reads its plan's rules before there is anything to compute."""

from __future__ import annotations

from exitbrain.core.rules import LiveRules, Rule, check_rule
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.core.triggers import StrategyPlan, TriggerCondition
from exitbrain.features.catalogue import FeatureCatalogue

NEVER_TRUE = "1 > 2"


def names_for_rules(plan: StrategyPlan | None, symbol: str, timeframe: int) -> set[str]:
    """Features that a `LiveMarket` of this symbol has to bring for the plan's rules."""
    if plan is None:
        return set()
    own = [one for one in plan.triggers if one.symbol == symbol and timeframe_of(one, timeframe) == timeframe]
    texts = [text for one in own for text in (one.exit_rule, one.hold_rule) if text.strip()]
    texts += [plan.risk_regime_rule] if plan.risk_regime_rule.strip() else []
    return set(LiveRules([rule_of(text, timeframe) for text in texts]).names) if texts else set()


def timeframe_of(condition: TriggerCondition, own: int) -> int:
    return own if condition.timeframe is None else timeframe_microseconds(condition.timeframe)


def rule_of(text: str, timeframe: int) -> Rule:
    return check_rule(text if text.strip() else NEVER_TRUE, FeatureCatalogue(), timeframe)

"""A plan against the bars of a run: every rule is known and every timeframe can be had, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping

from exitbrain.backtesting.market import Market
from exitbrain.config.plans import PlanFile
from exitbrain.core.rules import RuleError, check_rule
from exitbrain.core.timeframes import timeframe_microseconds, timeframe_word
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import InvalidInput, Problem
from exitbrain.features.catalogue import FeatureCatalogue


def check_plan(
    plan: StrategyPlan, written: PlanFile | None, markets: Mapping[str, Market], warnings: list[str]
) -> None:
    """Every rule is known and every timeframe can be had, before anything runs (spec T4, F40)."""
    problems: list[Problem] = []
    timeframe = min(market.timeframe for market in markets.values())
    for trigger in plan.triggers:
        if trigger.symbol not in markets:
            warnings.append(f"trigger {trigger.id} is for {trigger.symbol}, which the candles do not hold: ignored")
        own = timeframe if trigger.timeframe is None else timeframe_microseconds(trigger.timeframe)
        if own < timeframe or own % timeframe:
            found = f'timeframe {trigger.timeframe} of trigger "{trigger.id}" from bars of {timeframe_word(timeframe)}'
            problems.append(_in_plan(written, trigger.id, "timeframe", found, "a multiple of the bars' own timeframe"))
            continue
        for key in ("entry_rule", "exit_rule", "hold_rule"):
            problems.extend(_check_rule(written, trigger.id, key, getattr(trigger, key), own))
    problems.extend(_check_rule(written, None, "risk_regime_rule", plan.risk_regime_rule, timeframe))
    if problems:
        raise InvalidInput(*problems)


def _check_rule(written: PlanFile | None, trigger_id: str | None, key: str, text: str, timeframe: int) -> list[Problem]:
    if not text.strip():
        return []
    try:
        check_rule(text, FeatureCatalogue(), timeframe)
    except RuleError as error:
        owner = f' of trigger "{trigger_id}"' if trigger_id else ""
        found = f"{key}{owner}, at character {error.column}: {error.message}"
        return [_in_plan(written, trigger_id, key, found, error.problems[0].accepted)]
    return []


def _in_plan(written: PlanFile | None, trigger_id: str | None, key: str, found: str, accepted: str | None) -> Problem:
    place = None if written is None else written.place(trigger_id, key)
    return Problem(
        found=found,
        accepted=accepted,
        file=None if place is None else place.file,
        line=None if place is None else place.line,
        column=None if place is None else place.column,
    )

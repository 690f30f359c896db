"""From what a user wrote (config, plan) to what the engine takes."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from exitbrain.backtesting.settings import PATHS, RunSettings
from exitbrain.config.settings import Settings
from exitbrain.core.guardrails import Limits
from exitbrain.core.limits import LISTS, EntryLimits
from exitbrain.core.market import known_regime
from exitbrain.core.numbers import decimal_of
from exitbrain.core.sizing import SizingRule
from exitbrain.core.triggers import StrategyPlan
from exitbrain.features.regime import RegimeThresholds


def limits_of(settings: Settings, plan: StrategyPlan | None) -> Limits:
    """The guardrails in force: the stricter of plan and config (spec F39)."""
    guardrails = settings.guardrails
    entry = guardrails.entry_limits
    if plan is not None:
        entry = entry.stricter(plan.entry_limits)
    own: dict[str, Any] = {
        name: getattr(guardrails, name)
        for name in ("same_bar_veto", "min_hold_bars", "max_spread_bps", "min_liquidity", "stale_after_bars")
    }
    for name in EntryLimits.names():
        value = getattr(entry, name)
        if name in LISTS:
            own[name] = None if value is None else frozenset(value)
        elif name == "cooldown_bars":
            own[name] = value or 0
        else:
            own[name] = value if value is None or isinstance(value, int) else decimal_of(value)
    return Limits(min_trade=guardrails.min_trade, **own)


def run_settings(settings: Settings, plan: StrategyPlan | None = None, *, path: str | None = None) -> RunSettings:
    """`path` replaces the config's intrabar path."""
    execution, account, exits = settings.execution, settings.account, settings.exits
    slippage = Fraction(execution.slippage_bps) / 10_000
    return RunSettings(
        path=PATHS[path or execution.path],
        fill_at_close=execution.fill_at == "close",
        slippage=(slippage.numerator, slippage.denominator),
        through=execution.limit_fill == "through",
        spread_bps=None if execution.spread_bps is None else float(execution.spread_bps),
        initial_cash=account.initial_cash,
        max_leverage=account.max_leverage,
        sizing=SizingRule(mode=account.sizing.mode, value=account.sizing.value),
        sizing_by_symbol={
            rule.symbol: SizingRule(mode=str(rule.mode), value=rule.value)
            for rule in (plan.sizing_rules if plan else ())
        },
        max_adds=account.max_adds,
        on_opposite=account.on_opposite,
        independent=account.independent,
        close_at_end=account.close_at_end,
        use_profiles=exits.use_profiles,
        strategy_id=exits.strategy_id,
        risk_mode=exits.risk_mode,
        regime=None if exits.regime == "auto" else known_regime(exits.regime),
        base_stop=Fraction(exits.default_stop_pct) / 100,
        partial_template=exits.partial_template,
        stop_atr_mult=exits.stop_atr_mult,
        time_stop_bars=exits.time_stop_bars,
        limits=limits_of(settings, plan),
        thresholds=RegimeThresholds(
            **{name: getattr(settings.regime, name) for name in RegimeThresholds.__dataclass_fields__}
        ),
        override_grade=settings.arbitration.entry_override_grade,
        latch_scope=settings.latch.scope,
        latch_clear_after=settings.latch.clear_after_bars,
    )

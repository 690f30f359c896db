"""Entries, plan and policies as the protocol declares them. Nothing here looks at results."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import talib

from exitbrain import StrategyPlan, load_plan
from exitbrain.config.policies import emergency_only

RULES = ("donchian", "ema_cross", "rsi_reversal")
LADDER, EMERGENCY_ONLY, NO_DERISK = "ladder", "emergency-only", "no-derisk"
POLICIES = (LADDER, EMERGENCY_ONLY, NO_DERISK)

TRIGGERS = (
    {
        "id": "trend_weakens",
        "category": "risk_reduce",
        "exit_fraction": 0.33,
        "exit_rule": "(is_long and crosses_below(close, ema_50)) or (is_short and crosses_above(close, ema_50))",
    },
    {
        "id": "halfway_to_stop",
        "category": "risk_reduce",
        "exit_fraction": 0.5,
        "exit_rule": "unrealized_r <= -0.5",
    },
    {
        "id": "trend_against",
        "category": "risk_off",
        "latch": True,
        "exit_rule": "adx_14 > 25 and unrealized_r < 0 and "
        "((is_long and minus_di_14 > plus_di_14 and tf_4h_close < tf_4h_ema_20) or "
        "(is_short and plus_di_14 > minus_di_14 and tf_4h_close > tf_4h_ema_20))",
    },
    {
        "id": "crash_bar",
        "category": "emergency_exit",
        "exit_rule": "(is_long and open - close > 4 * prev(atr_14, 1)) or "
        "(is_short and close - open > 4 * prev(atr_14, 1))",
    },
)
CONFIG = {
    "instrument": {"maker_fee": 0.0002, "taker_fee": 0.0005},
    "execution": {"path": "adverse", "fill_at": "next_open", "slippage_bps": 1},
    "account": {"initial_cash": 100_000, "sizing": {"mode": "risk", "value": 0.01}, "on_opposite": "reverse"},
    "whipsaw": {"window_bars": 24},
    "seed": 0,
}


def ladder_plan(symbol: str) -> dict[str, object]:
    triggers = [{"symbol": symbol, "direction": "exit", **trigger} for trigger in TRIGGERS]
    return {"plan_id": "derisk", "triggers": triggers}


def plans(symbol: str) -> dict[str, StrategyPlan]:
    """The plan of each policy."""
    ladder = load_plan(ladder_plan(symbol))
    return {LADDER: ladder, EMERGENCY_ONLY: emergency_only(ladder), NO_DERISK: replace(ladder, triggers=())}


def entries(hours: pl.DataFrame, rule: str, warm_up: int) -> pl.DataFrame:
    """timestamp, side and tag: a signal at the close of a bar is an entry at the open of the next."""
    long, short = _signals(hours, rule)
    found = []
    for side, signal in (("long", long), ("short", short)):
        at = np.flatnonzero(signal) + 1
        at = at[(at >= warm_up) & (at < len(hours) - 1)]
        found.append(hours["timestamp"][at].to_frame().with_columns(side=pl.lit(side), tag=pl.lit(rule)))
    return pl.concat(found).sort("timestamp", "side")


def _signals(hours: pl.DataFrame, rule: str) -> tuple[np.ndarray, np.ndarray]:
    high, low, close = (hours[name].to_numpy().astype(np.float64) for name in ("high", "low", "close"))
    if rule == "donchian":
        before_high, before_low = _earlier(talib.MAX(high, 20)), _earlier(talib.MIN(low, 20))
        return _crosses_above(close, before_high), _crosses_above(-close, -before_low)
    if rule == "ema_cross":
        fast, slow = talib.EMA(close, 12), talib.EMA(close, 26)
        return _crosses_above(fast, slow), _crosses_above(-fast, -slow)
    strength = talib.RSI(close, 14)
    return _crosses_above(strength, np.full(len(close), 30.0)), _crosses_above(-strength, np.full(len(close), -70.0))


def _earlier(values: np.ndarray) -> np.ndarray:
    """As they were one bar before."""
    return np.concatenate(([np.nan], values[:-1]))


def _crosses_above(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """As the rule language has it; what is unknown crosses nothing."""
    with np.errstate(invalid="ignore"):
        return (a > b) & (_earlier(a) <= _earlier(b))

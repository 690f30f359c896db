"""What a model is told of the market and the account: measured values and ids, never the words of a former plan.

Times are ISO 8601; features are those of the last closed bar, None in a warm-up; amounts of the portfolio are decimals
as text. The JSON text is the same for the same values, so that its hash is the key of a cache.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exitbrain.core.caps import PlanCaps
from exitbrain.core.numbers import plain
from exitbrain.core.triggers import StrategyPlan

BRIEFED = (
    "open", "high", "low", "close", "volume", "liquidity", "ema_21", "ema_50", "ema_100", "ema_200", "rsi_14",
    "macd_hist", "roc_10", "return_24", "adx_14", "plus_di_14", "minus_di_14", "efficiency_ratio_20", "atr_14",
    "bb_width_20", "bb_upper_20", "bb_lower_20", "realized_vol_24", "donchian_high_20", "donchian_low_20",
    "donchian_high_55", "donchian_low_55", "volume_sma_20", "spread_bps",
)  # fmt: skip
DIGITS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """An open position; `plan` is the id of the plan that it began under."""

    symbol: str
    side: str
    quantity: str
    entry_price: str
    stop_price: str | None = None
    bars_held: int | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One symbol at its last closed bar. `higher` holds features of the higher timeframe by their names."""

    symbol: str
    closed_at: str
    regime: str | None
    features: Mapping[str, float | None]
    higher: Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """`performance` is by category of exit: count, share of exits, net P&L and mean R under the plan in force."""

    timeframe: str
    assets: Sequence[Asset]
    equity: str
    positions: Sequence[Position] = ()
    previous: StrategyPlan | None = None
    performance: Sequence[Mapping[str, Any]] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    caps: PlanCaps = field(default_factory=PlanCaps)

    def to_dict(self) -> dict[str, Any]:
        return {
            "timeframe": self.timeframe,
            "assets": [_asset(one) for one in self.assets],
            "portfolio": {"equity": self.equity, "positions": [_position(one) for one in self.positions]},
            "previous_triggers": [] if self.previous is None else [_trigger(one) for one in self.previous.triggers],
            "performance_by_category": [dict(row) for row in self.performance],
            "limits_in_force": dict(self.limits),
            "caps": {
                "max_stop_loss_pct": plain(self.caps.max_stop_loss_pct),
                "best_entry_grade": str(self.caps.best_entry_grade),
                "max_triggers": self.caps.max_triggers,
                "max_emergency_share": plain(self.caps.max_emergency_share),
            },
        }

    def text(self) -> str:
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=True, allow_nan=False)


def rounded(value: float | None) -> float | None:
    """To six significant digits: more only makes a prompt long."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def _asset(one: Asset) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "closed_at": one.closed_at,
        "regime": one.regime,
        "features": dict(one.features),
        "higher_timeframe": dict(one.higher),
    }


def _position(one: Position) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Position.__dataclass_fields__}


def _trigger(one: Any) -> dict[str, Any]:
    """Rules are printable ASCII of a closed language; the plan's own sentences are left out."""
    shown = {"id": one.id, "symbol": one.symbol, "direction": str(one.direction), "category": str(one.category)}
    for name in ("entry_rule", "exit_rule", "hold_rule"):
        if getattr(one, name).strip():
            shown[name] = " ".join(getattr(one, name).split())
    if one.exit_fraction is not None:
        shown["exit_fraction"] = str(one.exit_fraction)
    return shown

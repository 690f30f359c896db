"""To and from the execution layers of a bot: plain dicts out, a venue's position row in (spec P12).

`*_percent`, `*_pct` and `size_pct` are fractions, signed toward profit where they are triggers; what is absent is None.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from exitbrain.core.given import of_kind
from exitbrain.core.names import refuse_unknown_keys
from exitbrain.core.numbers import Number, decimal_of, fraction_of
from exitbrain.core.plans import ExitContext, ExitKind, ExitLeg, ExitPlan, number_of
from exitbrain.errors import InvalidInput

# Every key of Binance's positionRisk rows; what is not read here is known and ignored.
_POSITION_V2 = (
    "symbol positionAmt entryPrice breakEvenPrice markPrice unRealizedProfit liquidationPrice leverage maxNotionalValue "
    "marginType isolatedMargin isAutoAddMargin positionSide notional isolatedWallet updateTime isolated adlQuantile"
)
_POSITION_V3 = (
    "symbol positionSide positionAmt entryPrice breakEvenPrice markPrice unRealizedProfit liquidationPrice isolatedMargin "
    "notional marginAsset isolatedWallet initialMargin maintMargin positionInitialMargin openOrderInitialMargin adl "
    "bidNotional askNotional updateTime"
)
POSITION_KEYS = frozenset(_POSITION_V2.split()) | frozenset(_POSITION_V3.split())
HINT_KEYS = frozenset({"tp_pct", "sl_pct", "confidence"})
RISK_KEYS = frozenset({"mode", "max_loss"})
MARKET_KEYS = frozenset({"current_price", "regime", "volatility", "trend"})
LEVERAGE_TOLERANCE = Fraction(1, 1000)  # a v3 row has margin and notional, each rounded, instead of leverage


def to_dynamic_tpsl(plan: ExitPlan, context: ExitContext | None = None) -> dict[str, object]:
    """One target, one stop, one trail: the nearest TP, the stop's distance, the trail's callback."""
    _check(plan, context)
    targets = [pct for pct in (_trigger_pct(leg, context) for leg in plan.legs_of(ExitKind.TP)) if pct is not None]
    stops = [pct for pct in (_trigger_pct(leg, context) for leg in plan.legs_of(ExitKind.SL)) if pct is not None]
    trails = plan.legs_of(ExitKind.TRAIL)
    return {
        "tp_percent": min(targets, default=None),
        "sl_percent": abs(stops[0]) if stops else None,
        "trail_percent": trails[0].trail_callback if trails else None,
        "partial_tp": len(plan.legs_of(ExitKind.TP)) > 1 or bool(trails),
        "rationale": plan.reason,
        "confidence": plan.confidence,
    }


def to_trailing_config(plan: ExitPlan, context: ExitContext | None = None) -> dict[str, object] | None:
    """The trail, active from its own trigger, else from half of the nearest target; None without a TRAIL leg."""
    _check(plan, context)
    trails = plan.legs_of(ExitKind.TRAIL)
    if not trails:
        return None
    activation = _trigger_pct(trails[0], context)
    if activation is None:
        targets = [pct for pct in (_trigger_pct(leg, context) for leg in plan.legs_of(ExitKind.TP)) if pct is not None]
        activation = min(targets) / 2 if targets else None
    return {
        "enabled": True,
        "callback_pct": trails[0].trail_callback,
        "activation_pct": activation,
        "size_pct": trails[0].size_pct,
    }


def to_partial_exit_config(plan: ExitPlan, context: ExitContext | None = None) -> list[dict[str, object]]:
    """TP and TRAIL legs by ascending trigger, legs without one last."""
    _check(plan, context)
    rows = [(_trigger_pct(leg, context), leg) for leg in plan.legs if leg.kind in (ExitKind.TP, ExitKind.TRAIL)]
    rows.sort(key=lambda row: (row[0] is None, Decimal(0) if row[0] is None else decimal_of(row[0])))
    return [
        {
            "trigger_pct": pct,
            "size_pct": leg.size_pct,
            "kind": leg.kind.value,
            "reason": leg.reason,
            "trail_callback": leg.trail_callback,
        }
        for pct, leg in rows
    ]


def _check(plan: ExitPlan, context: ExitContext | None) -> None:
    of_kind(plan, ExitPlan, "plan")
    if context is not None:
        of_kind(context, ExitContext, "context")


def _trigger_pct(leg: ExitLeg, context: ExitContext | None) -> int | float | Decimal | None:
    """The leg's own trigger_pct, else that of its price from the context's entry."""
    if leg.trigger_pct is not None:
        return number_of(leg.trigger_pct, "trigger_pct")
    if leg.trigger_price is None or context is None:
        return None
    entry = fraction_of(context.entry_price)
    return float(context.direction * (fraction_of(leg.trigger_price) - entry) / entry)


def build_context_from_position(
    position: Mapping[str, object],
    rl_hints: Mapping[str, object] | None = None,
    risk_context: Mapping[str, object] | None = None,
    market_data: Mapping[str, object] | None = None,
) -> ExitContext:
    """The context of a Binance positionRisk row (v2 or v3), with hints, risk mode and market where they are known."""
    row = refuse_unknown_keys(position, POSITION_KEYS, "position")
    hints = refuse_unknown_keys(rl_hints or {}, HINT_KEYS, "rl_hints")
    risk = refuse_unknown_keys(risk_context or {}, RISK_KEYS, "risk_context")
    market = refuse_unknown_keys(market_data or {}, MARKET_KEYS, "market_data")
    missing = [name for name in ("symbol", "positionAmt", "entryPrice") if row.get(name) is None]
    if missing:
        raise InvalidInput(f"position without {', '.join(missing)}", accepted="a positionRisk row")
    amount = number_of(row["positionAmt"], "positionAmt")
    side = _side(row, decimal_of(amount))
    leverage = _leverage(row)
    price = market.get("current_price")
    if price is None:
        price = _given(row, "markPrice")
    return ExitContext(
        symbol=row["symbol"],  # type: ignore[arg-type]  # validated by ExitContext, like all that follows
        side=side,
        entry_price=number_of(row["entryPrice"], "entryPrice"),
        size=abs(amount),  # type: ignore[arg-type]
        leverage=leverage,
        current_price=price,  # type: ignore[arg-type]
        unrealized_pnl_pct=_unrealized_pct(row, side, leverage, price),
        market_regime="NORMAL" if market.get("regime") is None else str(market["regime"]),
        risk_mode="NORMAL" if risk.get("mode") is None else str(risk["mode"]),
        rl_tp_hint=hints.get("tp_pct"),  # type: ignore[arg-type]
        rl_sl_hint=hints.get("sl_pct"),  # type: ignore[arg-type]
        rl_confidence=hints.get("confidence"),  # type: ignore[arg-type]
        volatility=market.get("volatility"),  # type: ignore[arg-type]
        trend=market.get("trend"),  # type: ignore[arg-type]
        max_loss=risk.get("max_loss"),  # type: ignore[arg-type]
    )


def _given(row: Mapping[str, object], name: str) -> Number | None:
    """A number above 0, None where the row has none (venues write 0 for absent prices)."""
    if row.get(name) in (None, ""):
        return None
    number = number_of(row[name], name)
    return number if decimal_of(number) > 0 else None


def _side(row: Mapping[str, object], amount: Decimal) -> str:
    """Signed amounts tell the side, in hedge mode too; the row's positionSide must agree."""
    if amount == 0:
        raise InvalidInput(f"positionAmt is {row['positionAmt']}", accepted="an open position")
    side = "LONG" if amount > 0 else "SHORT"
    told = str(row.get("positionSide") or "BOTH").strip().upper()
    if told not in ("LONG", "SHORT", "BOTH"):
        raise InvalidInput(f"positionSide is {row['positionSide']!r}", accepted="LONG, SHORT or BOTH")
    if told not in ("BOTH", side):
        raise InvalidInput(
            f"positionSide {told} with positionAmt {row['positionAmt']}",
            accepted="a positive amount for LONG, a negative one for SHORT",
        )
    return side


def _leverage(row: Mapping[str, object]) -> Number:
    """The row's leverage (v2), else notional ÷ initial margin (v3), else 1."""
    if row.get("leverage") not in (None, ""):
        return number_of(row["leverage"], "leverage")
    margin = _given(row, "positionInitialMargin") or _given(row, "initialMargin")
    if margin is None or row.get("notional") in (None, ""):
        return 1
    ratio = abs(fraction_of(row["notional"], "notional")) / fraction_of(margin)
    whole = max(1, round(ratio))
    return whole if abs(ratio - whole) <= whole * LEVERAGE_TOLERANCE else max(1.0, float(ratio))


def _unrealized_pct(row: Mapping[str, object], side: str, leverage: Number, price: object) -> float:
    """Percent of the margin at the entry price (spec F47): the move × leverage, so that both tell one story."""
    entry = fraction_of(row["entryPrice"], "entryPrice")
    if entry <= 0:
        raise InvalidInput(f"entryPrice is {row['entryPrice']}", accepted="a number above 0")
    times = fraction_of(leverage, "leverage") * 100
    if price is not None:
        direction = 1 if side == "LONG" else -1
        return float(direction * (fraction_of(price, "current_price") - entry) / entry * times)
    if row.get("unRealizedProfit") in (None, ""):
        return 0.0
    notional = entry * abs(fraction_of(row["positionAmt"]))
    return float(fraction_of(row["unRealizedProfit"], "unRealizedProfit") / notional * times)

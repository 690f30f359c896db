"""Plans as the dicts that bots take, and a venue's position rows as contexts (spec P12)."""

from __future__ import annotations

import pytest

from exitbrain.core.bridges import (
    POSITION_KEYS,
    build_context_from_position,
    to_dynamic_tpsl,
    to_partial_exit_config,
    to_trailing_config,
)
from exitbrain.core.plans import ExitContext, ExitLeg, ExitPlan
from exitbrain.core.registry import ProfileRegistry
from exitbrain.errors import InvalidInput
from exitbrain.wiring.exit_brain import ExitBrain


def plan(*legs: ExitLeg) -> ExitPlan:
    return ExitPlan("BTCUSDT", list(legs), "STANDARD", "test", "because", 0.8)


def built(**given) -> ExitPlan:
    context = ExitContext(**{"symbol": "BTCUSDT", "side": "LONG", "entry_price": 50000, "size": 1, **given})
    return ExitBrain(registry=ProfileRegistry()).build_exit_plan(context)


TP1, TP2 = ExitLeg("TP", 0.25, None, 0.015, reason="TP1"), ExitLeg("TP", 0.25, None, 0.03, reason="TP2")
TRAIL = ExitLeg("TRAIL", 0.5, None, None, 0.02, reason="runner")
SL = ExitLeg("SL", 1.0, None, -0.025, reason="SL")

TPSL = [
    ((TP1, TP2, TRAIL, SL), (0.015, 0.025, 0.02, True)),
    ((TP2, TP1, SL), (0.015, 0.025, None, True)),
    ((TP1, SL), (0.015, 0.025, None, False)),
    ((TP1, TRAIL), (0.015, None, 0.02, True)),
    ((TRAIL,), (None, None, 0.02, True)),
    ((SL,), (None, 0.025, None, False)),
    ((ExitLeg("EMERGENCY", 1.0),), (None, None, None, False)),
]


@pytest.mark.parametrize(("legs", "expected"), TPSL)
def test_dynamic_tpsl_is_the_nearest_target_the_stop_and_the_trail(legs, expected) -> None:
    """spec P12: absent is null, sl_percent is positive, a trail is a partial target too"""
    found = to_dynamic_tpsl(plan(*legs), None)
    assert list(found) == ["tp_percent", "sl_percent", "trail_percent", "partial_tp", "rationale", "confidence"]
    assert tuple(found.values()) == (*expected, "because", 0.8)


def test_both_sides_have_the_same_signs() -> None:
    """spec P12: signed toward profit"""
    assert to_partial_exit_config(built()) == to_partial_exit_config(built(side="SHORT"))
    assert to_dynamic_tpsl(built())["sl_percent"] == to_dynamic_tpsl(built(side="SHORT"))["sl_percent"] == 0.025


TRAILING = [
    # the TRAIL leg's own trigger
    ((TP1, ExitLeg("TRAIL", 0.5, None, 0.04, 0.02)), (0.02, 0.04, 0.5)),
    # else half of TP1
    ((TP2, TP1, TRAIL), (0.02, 0.0075, 0.5)),
    ((TRAIL, SL), (0.02, None, 0.5)),
]


@pytest.mark.parametrize(("legs", "expected"), TRAILING)
def test_a_trail_starts_at_its_own_trigger_else_at_half_of_the_nearest_target(legs, expected) -> None:
    """spec P12"""
    callback, activation, size = expected
    assert to_trailing_config(plan(*legs)) == {
        "enabled": True, "callback_pct": callback, "activation_pct": activation, "size_pct": size,
    }  # fmt: skip


def test_a_plan_without_a_trail_has_no_trailing_config() -> None:
    """spec P12"""
    assert to_trailing_config(plan(TP1, SL)) is None


def test_trailing_of_the_defaults() -> None:
    """spec P12: TREND trails 35% from 1.5R = 3%, NORMAL what remains from 1R = 2.5%"""
    assert to_trailing_config(built(market_regime="TREND")) == {
        "enabled": True, "callback_pct": 0.02, "activation_pct": 0.03, "size_pct": 0.35,
    }  # fmt: skip
    assert to_trailing_config(built()) == {
        "enabled": True, "callback_pct": 0.015, "activation_pct": 0.025, "size_pct": 1.0,
    }  # fmt: skip
    assert to_trailing_config(built(market_regime="RANGE")) is None


def test_partial_exits_ascend_and_legs_without_a_trigger_come_last() -> None:
    """spec P12"""
    found = to_partial_exit_config(plan(TRAIL, TP2, SL, TP1))
    assert found == [
        {"trigger_pct": 0.015, "size_pct": 0.25, "kind": "TP", "reason": "TP1", "trail_callback": None},
        {"trigger_pct": 0.03, "size_pct": 0.25, "kind": "TP", "reason": "TP2", "trail_callback": None},
        {"trigger_pct": None, "size_pct": 0.5, "kind": "TRAIL", "reason": "runner", "trail_callback": 0.02},
    ]


def test_a_trail_with_a_trigger_stands_where_it_starts() -> None:
    """spec P12"""
    found = to_partial_exit_config(built(market_regime="TREND"))
    assert [(row["kind"], row["trigger_pct"], row["trail_callback"]) for row in found] == [
        ("TP", 0.01, None), ("TP", 0.02, None), ("TRAIL", 0.03, 0.02), ("TP", 0.04, None),
    ]  # fmt: skip


def test_a_leg_with_only_a_price_is_placed_by_the_contexts_entry() -> None:
    context = ExitContext("BTCUSDT", "SHORT", 50000, 1)
    legs = plan(ExitLeg("TP", 1.0, 49000), ExitLeg("SL", 1.0, 51000))
    found = to_dynamic_tpsl(legs, context)
    assert (found["tp_percent"], found["sl_percent"]) == (0.02, 0.02)


V2 = {
    "entryPrice": "50000.0", "breakEvenPrice": "50020.0", "marginType": "isolated", "isAutoAddMargin": "false",
    "isolatedMargin": "7650.0", "leverage": "10", "liquidationPrice": "45200.1", "markPrice": "51000.0",
    "maxNotionalValue": "20000000", "positionAmt": "1.5", "notional": "76500.0", "isolatedWallet": "6150.0",
    "symbol": "BTCUSDT", "unRealizedProfit": "1500.0", "positionSide": "BOTH", "updateTime": 1700000000000,
}  # fmt: skip
V3 = {
    "symbol": "ADAUSDT", "positionSide": "SHORT", "positionAmt": "-30", "entryPrice": "0.5", "breakEvenPrice": "0.4998",
    "markPrice": "0.49", "unRealizedProfit": "0.3", "liquidationPrice": "0", "isolatedMargin": "0", "notional": "-14.7",
    "marginAsset": "USDT", "isolatedWallet": "0", "initialMargin": "0.98000001", "maintMargin": "0.0735",
    "positionInitialMargin": "0.98", "openOrderInitialMargin": "0", "adl": 2, "bidNotional": "0", "askNotional": "0",
    "updateTime": 1720736417660,
}  # fmt: skip


def test_a_v2_row_with_hints_becomes_a_context() -> None:
    """spec P12 F47: 2% × 10 = 20% of margin"""
    context = build_context_from_position(
        V2,
        {"tp_pct": 0.04, "sl_pct": 0.02, "confidence": 0.75},
        {"mode": "CONSERVATIVE", "max_loss": 0.02},
        {"regime": "TRENDING", "volatility": 0.02, "trend": 0.5},
    )
    assert (context.symbol, context.side, context.entry_price, context.size) == ("BTCUSDT", "LONG", 50000.0, 1.5)
    assert (context.leverage, context.current_price, context.unrealized_pnl_pct) == (10, 51000.0, 20.0)
    assert (context.rl_tp_hint, context.rl_sl_hint, context.rl_confidence) == (0.04, 0.02, 0.75)
    assert (context.risk_mode, context.max_loss) == ("CONSERVATIVE", 0.02)
    assert (context.market_regime, context.volatility, context.trend) == ("TRENDING", 0.02, 0.5)


def test_a_v3_row_tells_its_leverage_by_notional_and_margin() -> None:
    """spec P12: 14.7 ÷ 0.98 = 15; a short's move of 2% × 15 = 30%"""
    context = build_context_from_position(V3)
    assert (context.side, context.size, context.leverage) == ("SHORT", 30.0, 15)
    assert context.unrealized_pnl_pct == 30.0
    assert (context.market_regime, context.risk_mode) == ("NORMAL", "NORMAL")


def test_a_row_of_a_few_keys_is_enough() -> None:
    row = {"symbol": "ETHUSDT", "positionAmt": "-10.0", "entryPrice": "3000.0", "markPrice": "2900.0", "leverage": "5"}
    context = build_context_from_position(row)
    assert (context.side, context.size) == ("SHORT", 10.0)
    assert context.unrealized_pnl_pct == pytest.approx(100 / 3000 * 500)


def test_a_fresh_price_outranks_the_mark_and_profit_is_told_without_a_price() -> None:
    fresh = build_context_from_position(V2, market_data={"current_price": "49500"})
    assert (fresh.current_price, fresh.unrealized_pnl_pct) == (49500.0, -10.0)
    bare = build_context_from_position({key: value for key, value in V2.items() if key != "markPrice"})
    # 1500 ÷ (75000 ÷ 10)
    assert (bare.current_price, bare.unrealized_pnl_pct) == (None, 20.0)


HEDGE = [("LONG", "0.5", "LONG"), ("SHORT", "-0.5", "SHORT"), ("BOTH", "0.5", "LONG"), ("BOTH", "-0.5", "SHORT")]


@pytest.mark.parametrize(("told", "amount", "side"), HEDGE)
def test_signed_amounts_tell_the_side_in_hedge_mode_too(told, amount, side) -> None:
    """spec P12"""
    assert build_context_from_position({**V2, "positionSide": told, "positionAmt": amount}).side == side


@pytest.mark.parametrize("key", sorted(POSITION_KEYS))
def test_every_key_of_both_versions_is_known(key: str) -> None:
    """spec P12"""
    value = {**V3, **V2}.get(key, "0")
    build_context_from_position({**V2, key: value})


BAD_ROWS = [
    ({"positionAmt": "0"}, "open position"),
    ({"positionAmt": "0.000"}, "open position"),
    ({"positionAmt": "much"}, "a number"),
    ({"entryPrice": "0.0"}, "above 0"),
    ({"entryPrice": None}, "without entryPrice"),
    ({"positionSide": "LONG", "positionAmt": "-1"}, "negative one for SHORT"),
    ({"positionSide": "SHORT", "positionAmt": "1"}, "negative one for SHORT"),
    ({"positionSide": "UP"}, "LONG, SHORT or BOTH"),
    ({"leverage": "0"}, "above 0"),
    ({"entryprice": "1"}, "did you mean entryPrice"),
    ({"unrealizedProfit": "1"}, "did you mean unRealizedProfit"),
    ({"colour": "1"}, "unknown"),
]


@pytest.mark.parametrize(("change", "message"), BAD_ROWS, ids=str)
def test_a_faulty_row_is_refused_with_what_would_be_accepted(change, message) -> None:
    """spec P12"""
    with pytest.raises(InvalidInput, match=message):
        build_context_from_position({**V2, **change})


@pytest.mark.parametrize(
    "given",
    [
        {"rl_hints": {"tp": 0.04}},
        {"rl_hints": {"sl_pct": 2.5}},
        {"risk_context": {"mood": "NORMAL"}},
        {"risk_context": {"mode": "CALM"}},
        {"market_data": {"price": 1}},
        {"market_data": [1]},
    ],
    ids=str,
)
def test_faulty_hints_are_refused(given) -> None:
    """spec P12"""
    with pytest.raises(InvalidInput):
        build_context_from_position(V2, **given)


def test_a_row_makes_a_plan() -> None:
    """spec P5 P12: 20% of margin in profit is locked"""
    plan = ExitBrain(registry=ProfileRegistry()).build_exit_plan(build_context_from_position(V2))
    assert plan.strategy_id == "PROFIT_LOCK"
    assert [leg.trigger_price for leg in plan.legs] == [51500.0, 50100.0]

"""A live monitor as a store holds it, without one: two positions, their orders, and what happened."""

from __future__ import annotations

from typing import Any

from exitbrain.core.instants import instant_of, iso
from exitbrain.store import Store

SECOND = 1_000_000
SUMMARY = {
    "mode": "ACTIVE",
    "halted": False,
    "kill": None,
    "latch": [],
    "naked": 0,
    "naked_seconds_total": 1.5,
    "unknown_intents": 1,
    "ghosts": 2,
    "stream_age": 0.25,
    "reconcile_lag": 3.5,
    "journal_commit_ms": 0.4,
    "reduce_only_budget": 0.6,
    "clock_offset": -0.012,
}


def rung(number: int, price: str, state: str, *, soft: bool = False, filled: str = "0") -> dict[str, Any]:
    return {
        "leg": f"tp{number}",
        "reason": f"take_profit_{number}",
        "price": price,
        "quantity": "0.3",
        "soft": soft,
        "r_multiple": number,
        "state": state,
        "filled": filled,
        "order_id": None if state == "pending" else f"xg1abcd{number}",
    }


def positions(now: int) -> list[dict[str, Any]]:
    """A long whose first rung has filled, and a short with no stop at the venue."""
    return [
        {
            "key": "BTCUSDT",
            "symbol": "BTCUSDT",
            "side": "long",
            "quantity": "0.7",
            "entry_price": "50000",
            "mark_price": "51250.5",
            "unrealized_pnl": "875.35",
            "r": 1.25,
            "epoch": 3,
            "opened_at": iso(instant_of(now - 3600 * SECOND)),
            "policy": "adopt",
            "managed": True,
            "mode": "ACTIVE",
            "stop_price": "50000",
            "stop_kind": "breakeven",
            "trail": {"armed": False, "level": None, "callback_pct": 0.02},
            "protection": {
                "state": "protected",
                "covered": "0.7",
                "naked_seconds": 0,
                "disaster_price": "45000",
                "disaster_state": "placed",
            },
            "plan": {
                "name": "trend_plan",
                "profile": "TREND_DEFAULT",
                "source": "regime TREND",
                "rungs": [
                    rung(1, "51000", "filled", filled="0.3"),
                    rung(2, "52000", "placed", soft=True),
                    rung(3, "53500", "pending"),
                ],
                "runner": {"quantity": "0.1", "state": "waits"},
            },
            "target": None,
            "halted": False,
        },
        {
            "key": "ETHUSDT",
            "symbol": "ETHUSDT",
            "side": "short",
            "quantity": "4",
            "entry_price": "2500",
            "mark_price": "2531",
            "unrealized_pnl": "-124",
            "r": -0.62,
            "epoch": 1,
            "opened_at": iso(instant_of(now - 40 * SECOND)),
            "policy": "adopt",
            "managed": True,
            "mode": "ACTIVE",
            "stop_price": "2550",
            "stop_kind": "initial",
            "trail": None,
            "protection": {
                "state": "naked",
                "covered": "0",
                "naked_seconds": 6.2,
                "disaster_price": "2750",
                "disaster_state": "pending",
            },
            "plan": None,
            "target": {"quantity": "2", "cause": "risk_reduce"},
            "halted": False,
        },
    ]


def order(number: int, role: str, kind: str, price: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"xg1abcd{number}",
        "key": "BTCUSDT",
        "role": role,
        "leg": None,
        "kind": kind,
        "side": "sell",
        "price": price,
        "quantity": "0.3",
        "filled": "0",
        "stage": "live",
        "own": True,
        "close_position": False,
        "sent_at": None,
    } | more


def orders() -> list[dict[str, Any]]:
    return [
        order(2, "take", "LIMIT", "52000", leg="tp2"),
        order(3, "take", "TAKE_PROFIT_MARKET", "53500", leg="tp3"),
        order(7, "stop", "STOP_MARKET", "50000", quantity="0.7"),
        order(8, "disaster", "STOP_MARKET", "45000", quantity=None, close_position=True),
        order(9, "other", "LIMIT", "60000", id="web_77", own=False),
    ]


def happened(now: int, count: int = 6) -> list[Any]:
    told = (
        ("position", "BTCUSDT", "long 1 BTCUSDT at 50000 is looked after: trend_plan, TREND_DEFAULT"),
        ("order", "BTCUSDT", "stop 1 at 48500 rests"),
        ("fill", "BTCUSDT", "take_profit_1: 0.3 at 51000"),
        ("decision", "ETHUSDT", "risk_reduce: half of 4, target 2"),
        ("alert", "ETHUSDT", "4 of 4 have no stop at the venue: the venue refused it (-2021)"),
        ("monitor", None, "reconciled: 2 positions, 4 orders"),
    )
    return [
        {"at": now - (count - n) * SECOND, "kind": kind, "key": key, "text": text, "body": {"n": n}}
        for n, (kind, key, text) in enumerate((told * (count // len(told) + 1))[:count])
    ]


def begin(store: Store, *, mode: str = "paper", summary: dict[str, Any] | None = None) -> None:
    """A monitor that has just been heard."""
    now = store.clock()
    config = {"symbols": ["BTCUSDT", "ETHUSDT"], "policy": "adopt"}
    store.begin_monitor("m1", mode=mode, venue="venue-sim", started_at=now, config=config)
    store.put_positions("m1", positions(now))
    store.put_orders("m1", orders())
    store.add_events("m1", happened(now))
    store.heartbeat("m1", now, SUMMARY | (summary or {}))

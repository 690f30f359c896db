"""Rows of a run as its files have them, made by dice."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from exitbrain.core.instants import iso
from exitbrain.store import RUNNING, Store

START = datetime(2024, 1, 1, tzinfo=UTC)
REASONS = ("stop_loss", "take_profit_1", "take_profit_2", "trailing_stop", "trim_exit")
# Names that a careless query would take for something else.
HOSTILE = ("'; DROP TABLE runs; --", "100%", "a_b", "\\", '"', "a\x00b", "\ud800", "☃", "", "%%s", ":name", "?")


def leg(number: int, *, entry: bool, reason: str, at: datetime, dice: random.Random) -> dict[str, Any]:
    return {
        "leg_id": f"leg-{number}",
        "side": "buy" if entry else "sell",
        "qty": str(dice.randint(1, 9)),
        "price": f"{dice.randint(9000, 11000) / 100}",
        "fees": "0.05",
        "timestamp": iso(at),
        "trigger_id": None if not entry else reason,
        "category": "trend_continuation" if entry else "plan",
        "reason": reason,
        "is_entry": entry,
        "exit_fraction": None,
        "wac_at_fill": "100",
        "realized_pnl": "0" if entry else f"{dice.randint(-500, 500) / 100}",
        "position_after": "1",
        "r_multiple": -0.0 if entry else dice.uniform(-1, 3),
    }


def trade_set(number: int, dice: random.Random, *, symbols: tuple[str, ...] = ("AAA", "BBB")) -> dict[str, Any]:
    opened = START + timedelta(minutes=5 * number, microseconds=dice.choice((0, 0, 500_000)))
    reason = dice.choice(("breakout", "pullback"))
    legs = [leg(1, entry=True, reason=reason, at=opened, dice=dice)]
    for i in range(dice.randint(1, 3)):
        at = opened + timedelta(minutes=i + 1)
        legs.append(leg(i + 2, entry=False, reason=dice.choice(REASONS), at=at, dice=dice))
    is_open = dice.random() < 0.05
    symbol = dice.choice(symbols)
    return {
        "set_id": f"set-{number}-{symbol}",
        "symbol": symbol,
        "side": dice.choice(("long", "short")),
        "opened_at": iso(opened),
        "closed_at": None if is_open else legs[-1]["timestamp"],
        "pnl_net": f"{dice.randint(-10_000, 20_000) / 100}",
        "fees_total": "0.10",
        "initial_risk": "100",
        "r_multiple": None if is_open else dice.choice((0.0, -0.0, -1.0, dice.uniform(-2, 5))),
        "mfe_r": dice.uniform(0, 5),
        "mae_r": -0.0,
        "num_legs": len(legs),
        "max_exposure_notional": "1000",
        "hold_duration": None if is_open else dice.choice((60, 90.5)),
        "profile": dice.choice(("TREND_DEFAULT", "RANGE_DEFAULT", None)),
        "regime": dice.choice(("TREND", "RANGE", None)),
        "strategy_id": "default",
        "legs": legs,
    }


def event(number: int, dice: random.Random) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "set_id": dice.choice((None, "set-1-AAA")),
        "kind": dice.choice(("block", "block", "latch")),
        "time": iso(START + timedelta(minutes=number)),
        "symbol": dice.choice(("AAA", "BBB")),
        "trigger_id": "trim",
        "category": dice.choice(("risk_off", "plan")),
        "reason": dice.choice(("cooldown", "latch_set")),
        "detail": "ünd",
    }


def put(store: Store, run_id: str, *, sets: list[dict[str, Any]], seed: int = 0, events: int = 0, **about: Any) -> None:
    """A finished run with these sets."""
    dice = random.Random(seed)
    about = {"run_id": run_id, "symbols": ["AAA", "BBB"], "timeframe": "5m", "bars": 10, **about}
    store.put_run(run_id, status=RUNNING, owner="test", about=about)
    writer = store.writer(run_id)
    writer.trade_sets(sets)
    writer.plans({one["set_id"]: {"legs": [], "stop_path": [[1, "2", "x"]]} for one in sets})
    writer.events(event(number, dice) for number in range(events))
    metrics = {"num_sets": len(sets), "net_pnl": 1.5, "net_r": -0.0, "win_rate": None}
    store.done(
        writer, description=about, metrics=metrics, timings={}, files=[{"name": "run.json", "sha256": "0", "size": 1}]
    )


def file_text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"

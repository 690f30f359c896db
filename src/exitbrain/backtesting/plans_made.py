"""What each position planned and what became of it: ladder, stop path, notes, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from exitbrain.backtesting.columns import BookedSet
from exitbrain.core.ladder import REMAINING, Ladder
from exitbrain.core.lifecycle import Lifecycle
from exitbrain.core.numbers import plain
from exitbrain.core.trade_sets import instant_of, iso

MILLISECOND = 1_000
STOPS = ("stop_loss", "breakeven_stop", "profit_lock")


def plan_made(one: BookedSet) -> dict[str, Any]:
    """The plan of one set as plans.json holds it."""
    position, instrument = one.position, one.market.instrument
    ladder = position.opening_ladder
    return {
        "profile": one.lifecycle.profile,
        "regime": one.lifecycle.regime,
        "strategy": "STANDARD_LADDER" if position.profile is not None else "LEGACY",
        "strategy_id": one.lifecycle.strategy_id,
        "initial_stop": plain(instrument.price(ladder.stop)),
        "risk_per_unit": plain(instrument.tick_size * ladder.risk.numerator / ladder.risk.denominator),
        "entry_price": plain(instrument.price(position.entry_ticks)),
        "legs": _legs(one, position.ladder),
        "stop_path": [
            [int(one.market.time[min(mark.bar, len(one.market) - 1)]) // MILLISECOND, plain(instrument.price(mark.ticks)), mark.how]
            for mark in position.stop_path()
        ],
        "notes": list(dict.fromkeys([*position.notes, *position.void_stop_moves()])),
    }  # fmt: skip


def _legs(one: BookedSet, ladder: Ladder) -> list[dict[str, Any]]:
    instrument, lifecycle = one.market.instrument, one.lifecycle
    in_force = lifecycle.rows[one.position.attached.get("rows_at_plan", 0) :]
    # Of an exit in parts the first one counts: from then on the leg is hit.
    filled = {row.fill.reason: row.fill for row in reversed(in_force) if not row.is_entry}
    stop = next((filled[reason] for reason in STOPS if reason in filled), None)
    legs = [_leg(lifecycle, "SL", "STOP", plain(instrument.price(ladder.stop)), stop)]
    reduced = one.position.reduced
    for rung in ladder.rungs:
        leg = _leg(
            lifecycle,
            "TP",
            "SOFT" if rung.soft else "HARD",
            plain(instrument.price(rung.level)),
            filled.get(f"take_profit_{rung.index}"),
        )
        if leg["status"] != "hit" and reduced is not None and reduced.get(rung.index, 0) < rung.lots:
            leg["status"] = "reduced"
        quantity = plain(instrument.quantity(rung.lots))
        legs.append(leg | {"index": rung.index, "r": float(rung.r_multiple), "qty": quantity})
    if ladder.trail is not None and ladder.runner:
        price = plain(instrument.price(ladder.trail.activation))
        leg = _leg(lifecycle, "TRAIL", "TRAIL", price, filled.get("trailing_stop"))
        quantity = None if ladder.runner == REMAINING else plain(instrument.quantity(ladder.runner))
        legs.append(leg | {"r": float(ladder.trail.activation_r), "qty": quantity})
    return legs


def _leg(lifecycle: Lifecycle, kind: str, order: str, price: str, fill: Any) -> dict[str, Any]:
    status = "hit" if fill is not None else "unhit" if lifecycle.closed_at is None else "cancelled"
    return {
        "kind": kind,
        "order": order,
        "index": None,
        "r": None,
        "price": price,
        "qty": None,
        "status": status,
        "filled_at": None if fill is None else iso(instant_of(fill.time)),
    }


def plans_made(sets: Sequence[BookedSet]) -> dict[str, Any]:
    return {one.lifecycle.set_id: plan_made(one) for one in sets}

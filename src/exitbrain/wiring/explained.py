"""An explanation as JSON: the same facts as the text, by snake_case names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from exitbrain.core.instants import instant_of, iso
from exitbrain.core.numbers import plain
from exitbrain.wiring.explaining import Explanation
from exitbrain.wiring.past_positions import PastPosition
from exitbrain.wiring.silent_rules import SilentRule

LEG = ("set_id", "leg_id", "side", "qty", "price", "fees", "timestamp", "trigger_id", "category", "reason", "is_entry")


def explanation_json(one: Explanation, run_id: str) -> dict[str, Any]:
    winners = [candidate.trigger_id for candidate in one.candidates if candidate.outcome == "won"]
    return {
        "run_id": run_id,
        "symbol": one.symbol,
        "time": iso(instant_of(one.time)),
        "price": one.price,
        "positions": [_position(position, features) for position, features in one.positions],
        "latch": list(one.latch),
        "legs_before": [_leg(leg) for leg in one.legs],
        "candidates": [asdict(candidate) | {"guards": dict(candidate.guards)} for candidate in one.candidates],
        "winners": winners,
        "fills": [_leg(leg) for leg in one.fills],
        "why_no_decision": list(one.silence),
        "silent_rules": [_silent(rule) for rule in one.silent],
        "notes": list(one.notes),
    }


def _position(position: PastPosition, features: Mapping[str, Any]) -> dict[str, Any]:
    quantity = plain(position.quantity * position.side)
    return {"set_id": position.set_id, "quantity": quantity, "features": dict(features)}


def _leg(leg: Mapping[str, Any]) -> dict[str, Any]:
    return {name: leg.get(name) for name in LEG}


def _silent(rule: SilentRule) -> dict[str, Any]:
    return {
        "trigger_id": rule.trigger_id,
        "set_id": rule.set_id,
        "key": rule.key,
        "rule": rule.text,
        "truth": TRUTHS[rule.truth],
        "why": rule.why,
        "terms": [
            {
                "term": term.text,
                "truth": TRUTHS[term.truth],
                "values": {reading.text: reading.value for reading in term.readings},
                "why_unknown": list(term.why),
            }
            for term in rule.terms
        ],
    }


TRUTHS = {True: "true", False: "false", None: "unknown"}

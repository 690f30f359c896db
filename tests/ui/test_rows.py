"""What the server makes of the hand-made run, and what the page shows of it: one file, decoded by both sides' tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from exitbrain.api.models.trade_sets import TradeSetRow
from exitbrain.api.set_rows import pair_of
from exitbrain.core.trade_sets import TradeSet
from report import world

GOLDEN = Path(__file__).parents[1] / "golden" / "trade_set_rows.json"


def served(given: dict[str, Any]) -> dict[str, Any]:
    plan = world.plans()[given["set_id"]]
    told = {"profile": plan["profile"], "regime": plan["regime"], "r_multiple": given["r_multiple"]}
    whole = TradeSet.from_dict(given).to_dict() | told
    exits = [leg for leg in whole["legs"] if not leg["is_entry"]]
    row = whole | {
        "reasons": list(dict.fromkeys(leg["reason"] for leg in whole["legs"])),
        "left_by": exits[-1]["reason"],
        "strategy_id": None,
        "paired": pair_of(whole),
        "legs": None,
    }
    return TradeSetRow.model_validate(row).model_dump(mode="json")


def test_the_golden_rows_are_what_the_server_makes_of_the_hand_made_run() -> None:
    """spec L5: the third set is a pair. Written anew by hand, on purpose."""
    assert [served(one) for one in world.trade_sets()] == json.loads(GOLDEN.read_text(encoding="utf-8"))

"""Answers that the web UI's tests decode too: a set of several legs, a pair, a page of runs, in tests/golden.

Python holds that the API still sends them, TypeScript that it can read them. EXITBRAIN_WRITE_GOLDEN=1 writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from .worlds import World

GOLDEN = Path(__file__).parents[1] / "golden"
MOMENT = "2024-06-01T12:00:00Z"


def told(client: TestClient, world: World, name: str) -> Any:
    base = f"/api/runs/{world.first}"
    if name == "api_run_page":
        page = client.get("/api/runs", params={"sort": "run_id"}).json()
        page["items"].sort(key=lambda row: row["label"])
        for row in page["items"]:
            row |= {"created_at": MOMENT, "started_at": MOMENT, "finished_at": MOMENT}
        return page
    rows = list(world.bench.store.all_trade_sets(world.first))
    wanted = 4 if name == "api_trade_set" else 2
    chosen = next(row for row in rows if len(row["legs"]) == wanted and row["closed_at"])
    return client.get(f"{base}/trade_sets/{chosen['set_id']}").json()


@pytest.mark.parametrize("name", ["api_trade_set", "api_paired_trade", "api_run_page"])
def test_the_golden_answers_are_what_the_api_sends(name: str, client: TestClient, world: World) -> None:
    text = json.dumps(told(client, world, name), indent=1, ensure_ascii=False) + "\n"
    # Ids derive from the version too; the answers are the same under another.
    text = text.replace(world.first, "r000000000001").replace(world.second, "r000000000002")
    path = GOLDEN / f"{name}.json"
    if os.environ.get("EXITBRAIN_WRITE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_golden_pair_is_the_set_it_stands_in() -> None:
    """spec L5"""
    detail = json.loads((GOLDEN / "api_paired_trade.json").read_text(encoding="utf-8"))
    pair, (entry, leave) = detail["paired"], detail["legs"]
    assert (pair["entry_price"], pair["exit_price"], pair["qty"]) == (entry["price"], leave["price"], entry["qty"])
    assert (pair["pnl"], pair["fees"], pair["risk"]) == (
        detail["pnl_net"],
        detail["fees_total"],
        detail["initial_risk"],
    )

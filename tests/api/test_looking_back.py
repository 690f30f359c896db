"""GET decisions/{time}: what `exitbrain explain` tells of the same run, with the rules that kept silent (spec D8)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from exitbrain.cli import app

from .worlds import PLAN, World, candles_csv, copied, finished, request


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "plan.yaml").write_text(PLAN)
    for number, symbol in enumerate(("AAA", "BBB")):
        (folder / f"{symbol}_1h.csv").write_text(candles_csv(symbol, number + 1), encoding="utf-8")
    return folder


def told_by_the_command(world: World, inputs: Path, symbol: str, at: str) -> object:
    run = world.bench.home.runs / world.first
    given = ["explain", str(run), "--symbol", symbol, "--at", at, "--plan", str(inputs / "plan.yaml"), "--json"]
    for name in ("AAA", "BBB"):
        given += ["--candles", str(inputs / f"{name}_1h.csv")]
    answer = CliRunner().invoke(app, given)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_an_explanation_is_that_of_the_command(client: TestClient, world: World, inputs: Path) -> None:
    path = f"/api/runs/{world.first}/decisions"
    rows = client.get(path, params={"page_size": 1000}).json()["items"]
    sets = client.get(f"/api/runs/{world.first}/trade_sets", params={"page_size": 3, "symbol": "AAA"}).json()["items"]
    asked = [(row["symbol"], row["time"]) for row in rows[:: max(len(rows) // 4, 1)]]
    # Bars where nobody asked: while a position is open, at an opening, at the last bar.
    asked += [("AAA", sets[0]["opened_at"]), ("AAA", "2024-01-01T05:00:00Z"), ("BBB", "2024-01-17T15:30:00Z")]
    for symbol, at in asked:
        answer = client.get(f"{path}/{at}", params={"symbol": symbol})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        expected = told_by_the_command(world, inputs, symbol, at)
        assert told == expected, (symbol, at)
        assert told["price"] is not None
    silent = client.get(f"{path}/2024-01-03T00:00:00Z", params={"symbol": "AAA"}).json()["silent_rules"]
    assert {one["trigger_id"] for one in silent} >= {"trim", "fear", "crash"}
    assert any(term["values"] for one in silent for term in one["terms"])


def test_a_plan_that_changed_since_is_not_told_as_the_run_s(world: World, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN)
    at = "2024-01-03T00:00:00Z"
    with copied(world, tmp_path / "home") as own:
        run_id = finished(own.bench, request(plan=str(plan), label="by path", config={"seed": 3}))
        assert own.bench.explain(run_id, symbol="AAA", at=at).silent
        plan.write_text(PLAN + "# a word more\n")
        own.bench._gathered.clear()
        told = own.bench.explain(run_id, symbol="AAA", at=at)
        assert not told.silent and "its plan" in told.notes[0] and told.price is not None


def test_a_run_without_a_plan_says_so_and_still_tells_the_price(world: World, tmp_path: Path) -> None:
    with copied(world, tmp_path / "home") as own:
        asked = request(label="no plan")
        del asked["plan"]
        told = own.bench.explain(finished(own.bench, asked), symbol="BBB", at="2024-01-02T03:00:00Z")
        assert told.price is not None and "no plan" in told.notes[0]

"""Experiments over HTTP: two arms over the same entries, replayed, judged once, and never divided anew."""

from __future__ import annotations

import time
from typing import Any

import pytest
from starlette.testclient import TestClient

from exitbrain.analysis.assignment import assigned_arm
from exitbrain.wiring.workbench import Workbench

from .worlds import World, request

TIGHT = {"name": "tight", "config": {"exits": {"default_stop_pct": 1.0}}}
WIDE = {"name": "wide", "config": {"exits": {"default_stop_pct": 4.0}}}
SECONDS = 120.0


def asked(**more: Any) -> dict[str, Any]:
    inputs = {name: value for name, value in request().items() if name not in ("label", "paths")}
    return {"name": "stops", "arms": [TIGHT, WIDE], "inputs": inputs} | more


def done(client: TestClient, experiment_id: str) -> dict[str, Any]:
    limit = time.monotonic() + SECONDS
    while True:
        read: dict[str, Any] = client.get(f"/api/experiments/{experiment_id}").json()
        if read["state"] != "running":
            return read
        assert time.monotonic() < limit
        time.sleep(0.1)


@pytest.fixture(scope="module")
def made(client: TestClient, world: World) -> dict[str, Any]:
    answer = client.post("/api/experiments", json=asked(), headers=world.admin)
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert answer.headers["location"] == f"/api/experiments/{told['experiment_id']}"
    assert told["state"] in ("running", "exhausted") and told["arms"] == ["tight", "wide"]
    return done(client, told["experiment_id"])


def test_a_finished_experiment_tells_both_views_and_a_verdict(made: dict[str, Any]) -> None:
    """40 entries over 15 days: too few days for an interval, which it says."""
    assert made["state"] == "exhausted" and made["decision"] is None
    assert "an interval needs 30 UTC days" in made["verdict"]
    assert made["num_sets"] > 30 and made["paired"]["num_sets"] == made["num_sets"]
    assert made["paired"]["low"] is None
    assert sum(arm["num_assigned"] for arm in made["results"]) == made["num_sets"]
    assert made["results"][0]["changes"] == {"config": TIGHT["config"]}
    assert made["sequence"][-1]["num_sets"] == made["num_sets"]
    first, second = (arm["net_r_mean"] for arm in made["results"])
    assert made["paired"]["mean"] == pytest.approx(first - second)


def test_every_set_is_told_under_both_arms_and_given_to_the_arm_of_its_hash(
    client: TestClient, made: dict[str, Any]
) -> None:
    path = f"/api/experiments/{made['experiment_id']}/sets"
    page = client.get(path, params={"page_size": 1000}).json()
    rows = page["items"]
    assert page["total"] == len(rows) >= made["num_sets"]
    for row in rows:
        arm = assigned_arm(made["experiment_id"], row["set"], (1, 1))  # type: ignore[arg-type]
        assert row["arm"] == ("tight", "wide")[arm]
        if row["difference_r"] is not None:
            assert row["difference_r"] == pytest.approx(row["first_r"] - row["second_r"])
    known = [row["difference_r"] for row in rows if row["difference_r"] is not None]
    assert sum(known) / len(known) == pytest.approx(made["paired"]["mean"])
    assert client.get(path, params={"page": 2, "page_size": 10}).json()["items"] == rows[10:20]
    text = client.get(path, params={"format": "csv"}).text
    assert text.splitlines()[0].startswith("set,symbol,side,opened_at,arm") and len(text.splitlines()) == len(rows) + 1
    assert client.get(path, params={"format": "json"}).json() == rows


def test_each_set_of_a_replay_is_that_of_the_comparison(client: TestClient, world: World, made: dict[str, Any]) -> None:
    """The replay is `compare` on the same inputs: the paired mean is its difference, to the last digit."""
    pair = client.get(f"/api/compare/{made['run_id']}").json()["pairs"][0]
    assert (pair["num_pairs"], pair["difference_r"]) == (made["num_sets"], pytest.approx(made["paired"]["mean"]))


def test_the_same_request_is_the_same_experiment(client: TestClient, world: World, made: dict[str, Any]) -> None:
    again = client.post("/api/experiments", json=asked(alpha=0.05), headers=world.admin).json()
    assert again == made
    other = client.post("/api/experiments", json=asked(salt="x"), headers=world.admin).json()
    assert other["experiment_id"] != made["experiment_id"] and other["run_id"] == made["run_id"]
    assert other["state"] == "exhausted"  # the replay is there already
    assert other["paired"] == made["paired"]
    listed = client.get("/api/experiments").json()
    assert {made["experiment_id"], other["experiment_id"]} <= {one["experiment_id"] for one in listed["items"]}
    page = client.get("/api/experiments", params={"page": 1, "page_size": 1}).json()
    assert len(page["items"]) == 1 and page["total"] == listed["total"]


def test_entries_of_a_run_are_replayed(client: TestClient, world: World) -> None:
    """The run's own entry fills, at their sizes and stops; an arm without changes is then the run itself."""
    arms = [{"name": "as-it-was"}, {"name": "quick", "profiles": QUICK}]
    answer = client.post(
        "/api/experiments", json={"name": "of a run", "arms": arms, "source_run": world.first}, headers=world.admin
    )
    assert answer.status_code == 202, answer.text
    read = done(client, answer.json()["experiment_id"])
    assert read["state"] == "exhausted" and read["source_run"] == world.first
    rows = client.get(f"/api/experiments/{read['experiment_id']}/sets", params={"page_size": 1000}).json()["items"]
    sets = {(one["symbol"], one["opened_at"]): one for one in world.bench.store.all_trade_sets(world.first)}
    assert len(rows) == sum(one["num_entries"] for one in sets.values())
    alike = [
        row["first_r"] == pytest.approx(sets[row["symbol"], row["opened_at"]]["r_multiple"])
        for row in rows
        if (row["symbol"], row["opened_at"]) in sets and sets[row["symbol"], row["opened_at"]]["num_entries"] == 1
    ]
    assert len(alike) > 10 and sum(alike) > 0.9 * len(alike)


QUICK = "profiles:\n- name: QUICKEST\n  tp_legs: [{r_multiple: 0.5, size_fraction: 1}]\n"
BAD = [
    ({"arms": [TIGHT, {"name": "x", "config": {"exit": 1}}]}, "arms"),
    ({"arms": [TIGHT, {"name": "x", "profiles": "NO_SUCH"}]}, "arms.1.profiles"),
    ({"arms": [TIGHT, {"name": "x", "plan": "/etc/passwd"}]}, "arms.1.plan"),
    ({"arms": [TIGHT, {"name": "Tight"}]}, "arms"),
    ({"arms": [TIGHT]}, "arms"),
    ({"arms": [TIGHT, WIDE | {"weight": 0}]}, "arms.1.weight"),
    ({"alpha": 0.5}, "alpha"),
    ({"name": ""}, "name"),
    ({"inputs": None}, "inputs"),
    ({"source_run": "r000000000000"}, "inputs"),
    ({"inputs": None, "source_run": "r000000000000"}, "source_run"),
    ({"futility_margin": -1}, "futility_margin"),
    ({"speed": 1}, "speed"),
]


@pytest.mark.parametrize(("change", "field"), BAD)
def test_what_is_wrong_stands_beside_its_field(
    change: dict[str, Any], field: str, client: TestClient, world: World
) -> None:
    before = client.get("/api/experiments").json()["total"]
    answer = client.post("/api/experiments", json=asked(**change), headers=world.admin)
    assert answer.status_code == 422, answer.text
    errors = answer.json()["errors"]
    assert any(one["field"].startswith(field) for one in errors), errors
    assert client.get("/api/experiments").json()["total"] == before


def test_wrong_candles_are_named_as_the_experiment_has_them(client: TestClient, world: World) -> None:
    change = asked()
    change["inputs"] = change["inputs"] | {"candles": "none"}
    answer = client.post("/api/experiments", json=change, headers=world.admin)
    assert [one["field"] for one in answer.json()["errors"]] == ["inputs.candles"]


@pytest.mark.parametrize("path", ["/api/experiments/none", "/api/experiments/none/sets"])
def test_what_is_not_there_is_404(path: str, client: TestClient, world: World) -> None:
    assert client.get(path).status_code == 404
    assert client.post("/api/experiments/none/stop", headers=world.admin).status_code == 404


def test_one_that_is_over_stays_what_it_is(client: TestClient, world: World, made: dict[str, Any]) -> None:
    answer = client.post(f"/api/experiments/{made['experiment_id']}/stop", headers=world.admin)
    assert (answer.status_code, answer.json()) == (200, made)


def test_stopping_needs_a_word_and_ends_the_replay(client: TestClient, world: World) -> None:
    told = client.post(
        "/api/experiments", json=asked(inputs=asked()["inputs"] | {"config": {"seed": 9}}), headers=world.admin
    ).json()
    path = f"/api/experiments/{told['experiment_id']}/stop"
    assert client.post(path).status_code == 401
    answer = client.post(path, headers=world.admin)
    assert answer.status_code == 200
    stopped = answer.json()
    assert stopped["state"] in ("stopped", "exhausted")  # it may have been done before it was stopped
    if stopped["state"] == "stopped":
        assert stopped["verdict"] is None and stopped["stopped_at"] is not None
        assert world.bench.store.run(stopped["run_id"])["status"] in ("cancelled", "done")
        assert client.post(path, headers=world.admin).json() == stopped


def test_a_replay_that_was_deleted_says_so_and_the_same_request_starts_it_again(
    client: TestClient, world: World
) -> None:
    bench: Workbench = world.bench
    own = asked(inputs=asked()["inputs"] | {"config": {"seed": 10}})
    told = client.post("/api/experiments", json=own, headers=world.admin).json()
    bench.cancel(told["run_id"])
    read = client.get(f"/api/experiments/{told['experiment_id']}").json()
    if read["state"] != "failed":
        pytest.skip("it was done before it could be cancelled")
    assert "the same request starts it again" in read["error"]
    bench.delete(told["run_id"])
    assert "deleted" in client.get(f"/api/experiments/{told['experiment_id']}").json()["error"]
    again = client.post("/api/experiments", json=own, headers=world.admin).json()
    assert again["experiment_id"] == told["experiment_id"] and again["state"] == "running"
    assert done(client, again["experiment_id"])["state"] == "exhausted"

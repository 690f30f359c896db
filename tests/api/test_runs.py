"""Runs over HTTP: started, listed, read, cancelled, deleted, and never computed twice unless asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from .worlds import World, finished, request


def test_a_run_is_answered_with_its_id_and_where_it_is(client: TestClient, world: World) -> None:
    answer = client.post("/api/runs", json=request(), headers=world.admin)
    assert answer.status_code == 202
    assert answer.json() == {"run_id": world.first, "status": "done", "location": f"/api/runs/{world.first}"}
    assert answer.headers["location"] == f"/api/runs/{world.first}"


def test_a_run_is_computed_and_can_be_deleted(client: TestClient, world: World) -> None:
    asked = request(label="third", config={"seed": 7})
    run_id = client.post("/api/runs", json=asked, headers=world.admin).json()["run_id"]
    assert finished(world.bench, asked) == run_id
    read = client.get(f"/api/runs/{run_id}").json()
    assert (read["status"], read["label"], read["has_results"]) == ("done", "third", True)
    assert read["run"]["run_id"] == run_id and read["metrics"]["num_sets"] == read["num_sets"] > 0
    assert {"fills.csv", "equity.parquet"} <= {one["name"] for one in read["files"]}
    assert client.delete(f"/api/runs/{run_id}", headers=world.admin).status_code == 204
    assert client.get(f"/api/runs/{run_id}").status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"candles": "none"}, "candles"),
        ({"plan": "plan_id: x\n"}, "plan"),
        ({"config": {"exit": {}}}, "config"),
        ({"entries": [{"timestamp": "yesterday", "symbol": "AAA", "side": "long"}]}, "entries"),
        ({"paths": "sideways"}, "paths"),
        ({"speed": 3}, "speed"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    change: dict[str, Any], field: str, client: TestClient, world: World
) -> None:
    answer = client.post("/api/runs", json=request(**change), headers=world.admin)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in {one["field"].split(".")[0] for one in answer.json()["errors"]}


def test_a_fault_of_a_text_has_its_line(client: TestClient, world: World) -> None:
    answer = client.post("/api/runs", json=request(plan="plan_id: x\ntriggers: []\nfoo: 1\n"), headers=world.admin)
    assert [(one["line"], one["column"]) for one in answer.json()["errors"]] == [(3, 1)]


def test_the_list_pages_filters_and_sorts(client: TestClient, world: World) -> None:
    page = client.get("/api/runs", params={"page_size": 1, "sort": "run_id"}).json()
    assert (len(page["items"]), page["total"], page["page_size"]) == (1, 2, 1)
    assert page["items"][0]["run_id"] == min(world.first, world.second)
    assert client.get("/api/runs", params={"q": "second"}).json()["items"][0]["run_id"] == world.second
    assert client.get("/api/runs", params={"status": "failed"}).json()["total"] == 0
    assert client.get("/api/runs", params={"symbol": "AAA"}).json()["total"] == 2
    assert client.get("/api/runs", params={"sort": "size"}).status_code == 422


def test_a_finished_run_is_not_sent_twice(client: TestClient, world: World) -> None:
    for path in ("", "/results", "/equity", "/trade_sets", "/events", "/candles?symbol=AAA"):
        first = client.get(f"/api/runs/{world.first}{path}")
        again = client.get(f"/api/runs/{world.first}{path}", headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b""), path
        assert again.headers["etag"] == first.headers["etag"]


def test_the_same_key_and_body_do_a_thing_once(client: TestClient, world: World) -> None:
    headers = world.admin | {"Idempotency-Key": "one"}
    asked = {"text": "profiles:\n- name: KEYED\n  tp_legs: [{r_multiple: 1, size_fraction: 1}]\n"}
    answers = [client.put("/api/profiles/KEYED", json=asked, headers=headers) for _ in range(2)]
    assert answers[0].status_code == answers[1].status_code == 200
    assert answers[0].content == answers[1].content
    other = client.put("/api/profiles/KEYED", json=asked | {"note": "another"}, headers=headers)
    assert other.status_code == 422 and "Idempotency-Key" in other.text
    bad = client.put("/api/profiles/KEYED", json=asked, headers=world.admin | {"Idempotency-Key": "a b"})
    assert bad.status_code == 422


def test_a_deletion_with_a_key_is_answered_alike_a_second_time(client: TestClient, world: World) -> None:
    asked = request(label="once", config={"seed": 11})
    run_id = finished(world.bench, asked)
    headers = world.admin | {"Idempotency-Key": "two"}
    answers = [client.delete(f"/api/runs/{run_id}", headers=headers) for _ in range(2)]
    assert [(one.status_code, one.content, "content-type" in one.headers) for one in answers] == [(204, b"", False)] * 2
    assert client.delete(f"/api/runs/{run_id}", headers=world.admin).status_code == 404


def test_progress_of_a_finished_run_is_its_last_event(client: TestClient, world: World) -> None:
    answer = client.get(f"/api/runs/{world.first}/progress")
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    events = [json.loads(block[2].removeprefix("data: ")) for block in blocks]
    assert [block[0] for block in blocks] == [f"id: {number}" for number in range(1, len(blocks) + 1)]
    assert events[-1]["status"] == "done" and events[-1]["overall"] == 1
    assert [one["overall"] for one in events] == sorted(one["overall"] for one in events)
    last = {"Last-Event-ID": str(len(blocks))}
    assert client.get(f"/api/runs/{world.first}/progress", headers=last).status_code == 204
    resumed = client.get(f"/api/runs/{world.first}/progress", headers={"Last-Event-ID": str(len(blocks) - 1)})
    assert resumed.text.strip().split("\n\n") == ["\n".join(blocks[-1])]


def test_a_run_that_is_over_cannot_be_stopped_any_more(client: TestClient, world: World) -> None:
    answer = client.post(f"/api/runs/{world.first}/cancel", headers=world.admin)
    assert (answer.status_code, answer.json()["status"]) == (202, "done")


UNKNOWN = [
    "/api/runs/r000000000000",
    "/api/runs/r000000000000/results",
    "/api/runs/r000000000000/equity",
    "/api/runs/r000000000000/candles",
    "/api/runs/r000000000000/trade_sets",
    "/api/runs/r000000000000/trade_sets/x",
    "/api/runs/r000000000000/paired_trades",
    "/api/runs/r000000000000/events",
    "/api/runs/r000000000000/decisions",
    "/api/runs/r000000000000/decisions/2024-01-02",
    "/api/runs/r000000000000/files/fills.csv",
    "/api/runs/r000000000000/report",
    "/api/runs/r000000000000/progress",
    "/api/compare?runs=r000000000000,r000000000001",
    "/api/compare/r000000000000",
    "/api/profiles/NONE",
    "/api/profiles/NONE/versions",
    "/api/profiles/performance?run=r000000000000",
    "/api/nothing",
]


@pytest.mark.parametrize("path", UNKNOWN)
def test_what_is_not_there_is_a_problem_document(path: str, client: TestClient) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["instance"] == path.partition("?")[0]


def test_a_method_that_is_none_is_a_problem_document(client: TestClient, world: World) -> None:
    answer = client.put("/api/runs", json={}, headers=world.admin)
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")

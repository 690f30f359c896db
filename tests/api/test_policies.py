"""Policies compared over HTTP, on the real server: from the request to compare.json; cancelled on the way."""

from __future__ import annotations

import json

import httpx2
import pytest

from .serving import SECONDS, Served, events
from .worlds import request

pytest.importorskip("arch")

POLICIES = ["emergency-only", {"name": "none"}]


def start(served: Served, **more: object) -> dict[str, object]:
    asked = request(policies=POLICIES, paths="adverse") | more
    answer = httpx2.post(f"{served.url}/api/compare", json=asked, headers=served.token, timeout=SECONDS)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == answer.json()["location"]
    return dict(answer.json())


def read(served: Served, path: str) -> httpx2.Response:
    return httpx2.get(f"{served.url}/api/{path}", timeout=SECONDS)


def test_policies_are_compared_from_request_to_answer(served: Served) -> None:
    """spec M4"""
    accepted = start(served)
    run_id = str(accepted["run_id"])
    early = read(served, f"compare/{run_id}")
    assert early.status_code == 409 and early.headers["content-type"] == "application/problem+json"
    told = [one for _, one in events(served, run_id)]
    assert told[-1]["status"] == "done", told[-1]
    assert [one["overall"] for one in told] == sorted(one["overall"] for one in told)
    between = {one["overall"] for one in told if one["stage"] == "running"}
    assert len(between) > 4, "how far it is can be seen while the policies run"

    compared = read(served, f"compare/{run_id}").json()
    written = json.loads((served.home / "runs" / run_id / "compare.json").read_text())
    assert compared == written | {"run_id": run_id} and compared["comparison_id"] == run_id
    assert [one["name"] for one in compared["policies"]] == ["emergency-only", "none"]
    assert compared["num_entries"] > 0 and len(compared["pairs"]) == 1

    row = read(served, f"runs/{run_id}").json()
    assert (row["kind"], row["status"], row["run"]) == ("compare", "done", written)
    names = {one["name"] for one in row["files"]}
    assert {"compare.json", "none/trade_sets.json", "emergency-only/trade_sets.json"} <= names
    file = read(served, f"runs/{run_id}/files/none/trade_sets.json")
    assert file.content == (served.home / "runs" / run_id / "none" / "trade_sets.json").read_bytes()
    listed = read(served, "runs?kind=compare").json()["items"]
    assert [one["run_id"] for one in listed] == [run_id]
    assert start(served) == accepted | {"status": "done"}, "the same comparison is not computed twice"
    # It is no run with sets of its own, and says so.
    assert read(served, f"compare?runs={run_id},{compared['policies'][0]['run_id']}").status_code == 404
    for path in (
        "results",
        "trade_sets",
        "equity",
        "candles",
        "paired_trades",
        "events",
        "decisions",
        "decisions/2024-01-02",
    ):
        answer = read(served, f"runs/{run_id}/{path}")
        assert answer.status_code == 404, (path, answer.text)


def test_a_comparison_can_be_cancelled(served: Served) -> None:
    run_id = str(start(served, config={"seed": 41})["run_id"])
    follow = events(served, run_id)
    next(one for _, one in follow if one["status"] == "running")
    for _ in range(2):
        answer = httpx2.post(f"{served.url}/api/runs/{run_id}/cancel", headers=served.token, timeout=SECONDS)
        assert (answer.status_code, answer.json()["status"]) == (202, "cancelled")
    *_, (_, last) = follow
    assert last["status"] == "cancelled"
    assert read(served, f"compare/{run_id}").status_code == 409
    assert not (served.home / "runs" / run_id).exists()


def test_a_fault_of_a_policy_stands_beside_it(served: Served) -> None:
    asked = request(policies=["emergency-only", {"name": "x", "plan": "plan_id: x\nfoo: 1\n"}])
    answer = httpx2.post(f"{served.url}/api/compare", json=asked, headers=served.token, timeout=SECONDS)
    assert answer.status_code == 422
    assert {one["field"].partition(".")[0] for one in answer.json()["errors"]} == {"policies"}


def test_a_run_is_no_comparison(served: Served) -> None:
    answer = httpx2.post(f"{served.url}/api/runs", json=request(), headers=served.token, timeout=SECONDS)
    run_id = answer.json()["run_id"]
    list(events(served, run_id))
    assert read(served, f"compare/{run_id}").status_code == 404

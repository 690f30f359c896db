"""Written plans over HTTP: who may promote, what a refusal says, and what the page is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from exitbrain.api.access import Access, loopback_hosts, needed_scope
from exitbrain.api.serving import application
from exitbrain.api.tokens import Scope, read_tokens
from exitbrain.api.written_plans import JUDGING, difference
from exitbrain.wiring.workbench import Workbench

from . import worlds
from .worlds import every_eight_hours

URL = "http://127.0.0.1:8321"
PLANS = "/api/strategist/proposals"
REVIEW = {"candles": ["judged"], "days": 12, "shadow_bars": 24}


class Client:
    """Calls with a token of a scope."""

    def __init__(self, home: Path) -> None:
        self.bench = Workbench.open(home=home, environment={})
        whole = worlds.drifting([0.0006] * 77)
        whole.head(75 * 24).write_parquet(self.bench.home.candles / "judged.parquet")
        whole.write_parquet(self.bench.home.candles / "whole.parquet")
        admin = "a" * 40
        words = {"admin": admin, "operate": "o" * 40, "flatten": "f" * 40, "read": "r" * 40}
        self.bench.home.token_file.write_text("".join(f"{scope} {word}\n" for scope, word in words.items()))
        self.bench.home.token_file.chmod(0o600)
        access = Access(tokens=read_tokens(self.bench.home.token_file), hosts=loopback_hosts(8321))
        self.words = words
        self.http = TestClient(application(self.bench, access), base_url=URL, raise_server_exceptions=False)

    def post(self, path: str, body: Any, scope: str = "admin") -> Any:
        return self.http.post(path, json=body, headers={"Authorization": f"Bearer {self.words[scope]}"})

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def made(self, **body: Any) -> Any:
        answer = self.post(PLANS, body, "operate")
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"{PLANS}/{answer.json()['proposal_id']}"
        return answer.json()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    made = Client(tmp_path_factory.mktemp("api") / "home")
    yield made
    made.bench.close()


def test_only_an_admin_may_put_a_plan_into_force_or_out_of_it() -> None:
    for step in ("promote", "withdraw"):
        assert needed_scope("POST", f"{PLANS}/s000000000000/{step}") is Scope.ADMIN
    assert needed_scope("POST", f"{PLANS}/s000000000000/review") is Scope.OPERATE
    assert needed_scope("POST", PLANS) is Scope.OPERATE


def test_a_plan_comes_into_force_by_consent_alone(client: Client) -> None:
    """Issue 6: through the API."""
    held = client.made(text=json.dumps(every_eight_hours()))
    assert held["state"] == "quarantine" and held["consent"] is None and held["by"] == "file"
    at = f"{PLANS}/{held['proposal_id']}"
    early = client.post(f"{at}/promote", {"operator": "anna", "consent": "0" * 12})
    assert early.status_code == 409 and "not every gate before shadow has passed" in early.json()["detail"]

    held = client.post(f"{at}/review", REVIEW, "operate").json()
    assert [gate["passed"] for gate in held["gates"]] == [True] * 7 + [None, None]
    consent = {"operator": "anna", "consent": held["consent"]}
    for scope in ("read", "operate", "flatten"):
        answer = client.post(f"{at}/promote", consent, scope)
        assert answer.status_code == 403 and "needs the scope" in answer.json()["detail"]
    assert client.http.post(f"{at}/promote", json=consent).status_code == 401
    refused = {
        422: [{}, {"operator": "anna"}, {"consent": held["consent"]}, consent | {"operator": " "}, consent | {"x": 1},
              consent | {"consent": ""}],
        409: [consent | {"consent": "yes"}, consent | {"to": "active"}],
    }  # fmt: skip
    for status, bodies in refused.items():
        for body in bodies:
            assert client.post(f"{at}/promote", body).status_code == status, body
    assert client.get(at)["state"] == "quarantine" and client.get(at)["steps"] == []

    held = client.post(f"{at}/promote", consent | {"to": "shadow"}).json()
    assert held["state"] == "shadow" and held["consent"] is None
    again = client.post(f"{at}/promote", consent)
    assert again.status_code == 409, "a word is good for one step"
    held = client.post(f"{at}/review", REVIEW | {"candles": ["whole"]}, "operate").json()
    held = client.post(f"{at}/promote", {"operator": "anna", "consent": held["consent"], "note": "fine"}).json()
    assert held["state"] == "active"
    assert [(step["after"], step["operator"]) for step in held["steps"]] == [("shadow", "anna"), ("active", "anna")]
    assert client.get(PLANS)["in_force"] == held["proposal_id"]

    other = client.made(candles=["judged"], style="trend")
    assert other["compared_with"] == "clock" and {line["kind"] for line in other["diff"]} >= {"added", "removed"}
    assert other["briefing"]["previous_triggers"][0]["id"] == "by_the_clock"
    assert other["briefing"]["performance_by_category"], "what the plan in force did is told"
    out = client.post(f"{at}/withdraw", {"operator": "anna"}).json()
    assert out["state"] == "retired" and client.get(PLANS)["in_force"] is None


def test_a_hostile_plan_is_refused_and_not_kept(client: Client) -> None:
    before = len(client.get(PLANS)["items"])
    for text in (json.dumps(every_eight_hours(global_view="<script>x</script>")), "/etc/passwd", "", "a: [1"):
        answer = client.post(PLANS, {"text": text})
        assert answer.status_code == 422 and answer.headers["content-type"] == "application/problem+json"
    assert len(client.get(PLANS)["items"]) == before


BAD = [
    ({}, "one of the two"),
    ({"candles": ["judged"], "text": "x"}, "one of the two"),
    ({"candles": ["nowhere"]}, "no candles 'nowhere'"),
    ({"candles": ["../store.sqlite3"]}, "no candles"),
    ({"candles": ["judged"], "style": "yolo"}, ""),
]


@pytest.mark.parametrize(("body", "words"), BAD)
def test_what_is_asked_wrongly_is_told(client: Client, body: Any, words: str) -> None:
    answer = client.post(PLANS, body)
    assert answer.status_code == 422 and words in answer.text


def test_without_a_model_the_server_says_so(client: Client) -> None:
    answer = client.post(PLANS, {"candles": ["judged"], "use_model": True})
    assert answer.status_code == 503 and "no model is named" in answer.json()["detail"]
    assert client.get(PLANS)["model"] is None


def test_one_plan_at_a_time_is_judged(client: Client) -> None:
    held = client.made(candles=["judged"], style="scalper")
    with JUDGING:
        answer = client.post(f"{PLANS}/{held['proposal_id']}/review", REVIEW)
    assert answer.status_code == 409 and "another plan is being judged" in answer.json()["detail"]


def test_the_prompts_are_shown_whole(client: Client) -> None:
    told = client.get("/api/strategist/prompts")
    names = {one["name"] for one in told["texts"]}
    assert {"system.md", "categories.md", "catalogue", "templates/trend.yaml"} <= names and len(told["sha256"]) == 64
    assert client.http.get(f"{PLANS}/s000000000000").status_code == 404


def test_a_difference_has_its_lines_told_apart() -> None:
    told = difference("a\nb\nc\n", "a\nx\nc\n")
    assert told == [
        {"kind": "place", "text": "@@ -1,3 +1,3 @@"},
        {"kind": "same", "text": "a"},
        {"kind": "removed", "text": "b"},
        {"kind": "added", "text": "x"},
        {"kind": "same", "text": "c"},
    ]

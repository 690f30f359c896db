"""The live monitor over HTTP: what it shows, and that what closes positions is asked in two steps."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from exitbrain.api.confirming import Confirmations
from exitbrain.api.problems import Refused
from exitbrain.api.serving import application
from exitbrain.store import Store
from exitbrain.wiring.workbench import Workbench

from .seeded import SECOND, SUMMARY, begin, happened, positions
from .serving import Served
from .worlds import URL, World


@pytest.fixture
def unwatched(tmp_path: Path, world: World) -> Iterator[tuple[TestClient, Workbench]]:
    """A home of its own that no monitor was ever heard in, nor a command."""
    with Workbench.open(home=tmp_path / "home", environment={}) as bench:
        own = replace(world, bench=bench)
        yield TestClient(application(bench, own.access()), base_url=URL, headers=world.admin), bench


@pytest.fixture
def live(unwatched: tuple[TestClient, Workbench]) -> tuple[TestClient, Workbench]:
    """One with a monitor that has just been heard."""
    begin(unwatched[1].store)
    return unwatched


def told(client: TestClient, path: str, status: int = 200) -> Any:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return answer.json()


def sent(client: TestClient, path: str, body: dict[str, Any], status: int = 202, **headers: str) -> Any:
    answer = client.post(path, json=body, headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


# what it shows


def test_without_a_monitor_nothing_is_open_and_everything_answers(unwatched: tuple[TestClient, Workbench]) -> None:
    client, _ = unwatched
    assert told(client, "/api/positions") == {"monitor": None, "items": []}
    assert told(client, "/api/orders")["items"] == []
    assert told(client, "/api/live") == {
        "monitor": None,
        "latch": {"is_on": False, "causes": [], "pending": []},
        "kill": {"is_on": False, "at": None, "by": None, "cause": None, "pending": []},
    }
    assert told(client, "/api/live/events") == {"items": [], "kinds": []}
    assert told(client, "/health/ready")["monitor"] is None
    assert "exitbrain_live" not in client.get("/metrics").text


def test_positions_orders_and_events_are_what_the_monitor_put(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    found = told(client, "/api/positions")
    assert found["monitor"]["alive"] and found["monitor"]["summary"] == SUMMARY
    held = bench.store.live_positions()
    assert found["items"] == held and [one["key"] for one in held] == ["BTCUSDT", "ETHUSDT"]
    assert [one["key"] for one in told(client, "/api/positions?symbol=ETHUSDT")["items"]] == ["ETHUSDT"]
    assert {one["id"] for one in told(client, "/api/orders?key=BTCUSDT")["items"]} == {
        "xg1abcd2", "xg1abcd3", "xg1abcd7", "xg1abcd8", "web_77",
    }  # fmt: skip
    events = told(client, "/api/live/events?kind=alert&kind=fill")
    assert [one["kind"] for one in events["items"]] == ["fill", "alert"]
    assert {one["value"] for one in events["kinds"]} == {"position", "order", "fill", "decision", "alert", "monitor"}


def test_a_position_that_tells_little_is_shown_all_the_same(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    bench.store.put_positions("m1", [{"key": "A", "symbol": "A", "side": "long", "quantity": "1", "more": 1}])
    (found,) = told(client, "/api/positions")["items"]
    assert found["key"] == "A" and found["plan"] is None and "more" not in found


def test_tables_are_files_too(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    rows = list(csv.DictReader(io.StringIO(client.get("/api/positions?format=csv").text)))
    assert [(row["key"], row["protection_state"], row["rungs_filled"], row["rungs"]) for row in rows] == [
        ("BTCUSDT", "protected", "1", "3"),
        ("ETHUSDT", "naked", "0", "0"),
    ]
    assert client.get("/api/positions?format=json").json() == bench.store.live_positions()
    for path in ("orders", "live/events", "commands"):
        for kind in ("csv", "json"):
            assert client.get(f"/api/{path}?format={kind}").status_code == 200


def test_readiness_takes_the_monitor_in(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    ready = told(client, "/health/ready")["monitor"]
    assert ready["mode"] == "paper" and ready["naked"] == 0
    now = bench.store.clock()
    for summary, word in (
        ({"naked": 1}, "1 positions have no stop"),
        ({"stream_age": 61}, "stream has said nothing for 61 s"),
        ({"journal": "failed"}, "journal cannot be written"),
    ):
        bench.store.heartbeat("m1", now, SUMMARY | summary)
        assert word in told(client, "/health/ready", 503)["detail"]
    bench.store.heartbeat("m1", now - 20 * SECOND, SUMMARY)
    assert "last heard 2" in told(client, "/health/ready", 503)["detail"]
    bench.store.end_monitor("m1", now, "SIGTERM")
    assert told(client, "/health/ready")["monitor"] is None


def test_metrics_hold_what_the_heartbeat_told(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    lines = client.get("/metrics").text.splitlines()
    found = dict(line.split() for line in lines if line.startswith("exitbrain_live"))
    assert found == {
        "exitbrain_live_up": "1.0",
        "exitbrain_live_heartbeat_age": found["exitbrain_live_heartbeat_age"],
        **{
            f"exitbrain_live_{name}": str(float(value))
            for name, value in SUMMARY.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
    }
    assert "# TYPE exitbrain_live_naked_seconds_total counter" in lines
    bench.store.heartbeat("m1", bench.store.clock(), {"stream_age": None, "ghosts": "many"})
    assert client.get("/metrics").text.count("\nexitbrain_live_") == 2


# latch and kill switch


def test_the_latch_is_asked_for_and_shown_as_the_monitor_tells_it(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    asked = sent(client, "/api/latch", {"action": "set", "by": "ann", "note": "news"}, **{"Idempotency-Key": "k1"})
    assert (asked["kind"], asked["by"], asked["outcome"]) == ("latch_set", "ann", None)
    assert asked["body"] == {"place": "*", "cause": "operator", "note": "news"}
    state = told(client, "/api/latch")
    assert not state["is_on"] and [one["command_id"] for one in state["pending"]] == [asked["command_id"]]
    now = bench.store.clock()
    bench.store.finish_command(asked["command_id"], now, "done", "")
    cause = {"place": "*", "cause": "operator", "at": "2024-01-01T00:00:00Z"}
    bench.store.heartbeat("m1", now, SUMMARY | {"latch": [cause]})
    assert told(client, "/api/latch") == {"is_on": True, "causes": [cause], "pending": []}
    again = sent(client, "/api/latch", {"action": "set", "by": "ann", "note": "news"}, **{"Idempotency-Key": "k1"})
    assert again["command_id"] == asked["command_id"]
    assert len(told(client, "/api/commands")["items"]) == 1
    assert told(client, f"/api/commands/{asked['command_id']}")["outcome"] == "done"
    told(client, "/api/commands/command-77", 404)


def test_the_kill_switch_is_a_file_and_a_command(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    file = bench.home.folder / "KILL"
    sent(client, "/api/kill", {"by": "ann", "cause": "the venue is odd"})
    assert json.loads(file.read_text())["by"] == "ann" and file.stat().st_mode & 0o777 == 0o600
    state = told(client, "/api/kill")
    assert state["is_on"] and (state["by"], state["cause"]) == ("ann", "the venue is odd")
    sent(client, "/api/kill", {"by": "bob"})
    assert told(client, "/api/kill")["by"] == "ann", "who was first stays"
    sent(client, "/api/kill/resume", {"by": "bob"})
    assert not file.exists() and not told(client, "/api/kill")["is_on"]
    kinds = [(one["kind"], one["by"]) for one in told(client, "/api/commands")["items"]]
    assert kinds == [("resume", "bob"), ("kill", "bob"), ("kill", "ann")]


def test_the_kill_switch_needs_no_body(live: tuple[TestClient, Workbench]) -> None:
    """Who is in a hurry has no words."""
    client, bench = live
    for path, is_on in (("/api/kill", True), ("/api/kill/resume", False)):
        assert client.post(path).status_code == 202
        assert told(client, "/api/kill")["is_on"] is is_on
    assert client.post("/api/kill", json={"why": "x"}).status_code == 422
    assert [one["by"] for one in bench.store.commands()] == ["api", "api"]


@pytest.mark.parametrize("text", ["", "stop\n", '["a"]', '{"by": 3}', "\x00\xff"])
def test_a_kill_file_that_somebody_made_by_hand_counts(text: str, live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    (bench.home.folder / "KILL").write_text(text, encoding="utf-8")
    state = told(client, "/api/kill")
    assert state["is_on"] and state["at"] is not None


# flatten


def preview(client: TestClient, position: str = "BTCUSDT") -> Any:
    return sent(client, "/api/flatten/preview", {"position": position}, 200)


def test_a_position_is_flattened_by_the_word_of_its_preview(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    seen = preview(client)
    assert seen["steps"] == [
        "cancel 2 resting takes",
        "sell 0.7 BTCUSDT at market, reduce-only",
        "once the position is seen to be gone, cancel 2 stops",
    ]
    assert seen["seconds"] == 60 and bench.store.commands() == []
    asked = sent(client, "/api/flatten", {"position": "BTCUSDT", "confirm": seen["confirm"], "by": "ann"})
    assert asked["body"] == {"key": "BTCUSDT", "symbol": "BTCUSDT", "side": "long", "quantity": "0.7", "epoch": 3}
    again = sent(client, "/api/flatten", {"position": "BTCUSDT", "confirm": seen["confirm"], "by": "ann"})
    assert again["command_id"] == asked["command_id"] and len(bench.store.commands()) == 1


@pytest.mark.parametrize(
    "change", [{"quantity": "0.6"}, {"side": "short"}, {"epoch": 4}, {"mode": "OBSERVE"}, {"managed": False}]
)
def test_consent_is_to_the_position_as_it_was_shown(change: dict[str, Any], live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    seen = preview(client)
    held = positions(bench.store.clock())
    bench.store.put_positions("m1", [held[0] | change, held[1]])
    refused = sent(client, "/api/flatten", {"position": "BTCUSDT", "confirm": seen["confirm"]}, 409)
    assert "is not what was shown" in refused["detail"] and bench.store.commands() == []


def test_a_price_that_moves_changes_nothing(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    seen = preview(client)
    held = positions(bench.store.clock())
    bench.store.put_positions("m1", [held[0] | {"mark_price": "1", "unrealized_pnl": "-9", "r": -1}, held[1]])
    sent(client, "/api/flatten", {"position": "BTCUSDT", "confirm": seen["confirm"]})


def test_a_word_is_for_one_position(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    seen = preview(client)
    sent(client, "/api/flatten", {"position": "ETHUSDT", "confirm": seen["confirm"]}, 409)
    for word in ("x", "1.2.3", seen["confirm"][:-1], "9" + seen["confirm"], "٣.a.b", "1." * 20, "-1.a.b"):
        sent(client, "/api/flatten", {"position": "BTCUSDT", "confirm": word}, 409)
    sent(client, "/api/flatten", {"position": "BTCUSDT"}, 422)
    assert bench.store.commands() == []


def test_a_word_is_good_for_a_minute() -> None:
    made = Confirmations(b"k" * 32)
    word = made.word("state", now=100)
    assert made.state(word, now=160) == "state"
    with pytest.raises(Refused):
        made.state(word, now=161)
    with pytest.raises(Refused):
        Confirmations(b"j" * 32).state(word, now=100)


def test_flatten_is_refused_where_nobody_would_do_it(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    assert (
        "did you mean BTCUSDT"
        in sent(client, "/api/flatten/preview", {"position": "BTCUSD"}, 404)["errors"][0]["accepted"]
    )
    word = preview(client)["confirm"]
    begin(bench.store, mode="shadow")
    assert "shadow" in sent(client, "/api/flatten/preview", {"position": "BTCUSDT"}, 409)["detail"]
    begin(bench.store)
    bench.store.end_monitor("m1", bench.store.clock(), "SIGTERM")
    refused = sent(client, "/api/flatten", {"position": "BTCUSDT", "confirm": word}, 409)
    assert "no monitor runs" in refused["detail"] and "exitbrain live --mode paper" in refused["detail"]
    assert bench.store.commands() == []


def test_two_positions_of_a_symbol_are_told_by_their_keys(live: tuple[TestClient, Workbench]) -> None:
    client, bench = live
    held = positions(bench.store.clock())[0]
    bench.store.put_positions("m1", [held | {"key": f"BTCUSDT:{side}", "side": side} for side in ("long", "short")])
    refused = sent(client, "/api/flatten/preview", {"position": "BTCUSDT"}, 404)
    assert refused["errors"][0]["accepted"] == "BTCUSDT:long or BTCUSDT:short"
    assert preview(client, "BTCUSDT:short")["position"]["side"] == "short"


# the stream


def test_the_stream_tells_what_changes_and_goes_on_where_it_broke_off(served: Served) -> None:
    store = Store.open(f"sqlite:///{served.home / 'store.sqlite3'}")
    begin(store)
    last = store.last_live_event()
    seen: list[tuple[str, str | None, Any]] = []
    stop = threading.Event()

    def follow(after: int | None, headers: dict[str, str]) -> None:
        url = f"{served.url}/api/stream" + ("" if after is None else f"?after={after}")
        with httpx2.stream("GET", url, headers=headers, timeout=30) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            kind, number = "", None
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "id":
                    number = value
                elif name == "data":
                    seen.append((kind, number, json.loads(value)))
                    number = None
                if stop.is_set():
                    return

    def until(wanted: int, kind: str) -> list[tuple[str, str | None, Any]]:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            found = [one for one in seen if one[0] == kind]
            if len(found) >= wanted:
                return found
            time.sleep(0.05)
        raise AssertionError(seen)

    reader = threading.Thread(target=follow, args=(last - 2, {}))
    reader.start()
    first = until(1, "live")[0][2]
    assert [one["key"] for one in first["positions"]] == ["BTCUSDT", "ETHUSDT"] and first["gone"] == []
    assert first["state"]["monitor"]["alive"] and not first["state"]["kill"]["is_on"]
    assert [one[2]["seq"] for one in until(2, "event")] == [last - 1, last]
    held = positions(store.clock())
    store.put_positions("m1", [held[0] | {"mark_price": "52000"}])
    change = until(2, "live")[1][2]
    assert [one["mark_price"] for one in change["positions"]] == ["52000"] and change["gone"] == ["ETHUSDT"]
    store.add_events("m1", happened(store.clock(), 2))
    assert [one[1] for one in until(4, "event")[2:]] == [str(last + 1), str(last + 2)]
    stop.set()
    store.add_events("m1", happened(store.clock(), 1))
    reader.join(20)
    seen.clear()
    stop.clear()
    again = threading.Thread(target=follow, args=(1, {"Last-Event-ID": str(last + 1)}))
    again.start()
    assert [one[2]["seq"] for one in until(2, "event")] == [last + 2, last + 3]
    stop.set()
    store.add_events("m1", happened(store.clock(), 1))
    again.join(20)
    store.end_monitor("m1", store.clock(), "the test is over")
    store.close()

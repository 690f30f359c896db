"""Alerts reach a receiver over HTTP, tell what an operator needs, and never tell an address."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.wiring.live.alerts import BURST, MOST_WAITING, QUIET_SECONDS, SECONDS_EACH, Alerts, Limits

SECRET = "hunter2-token-that-nobody-may-read"


@dataclass
class Receiver:
    port: int = 0
    status: list[int] = field(default_factory=list)
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def url(self, scheme: str = "json") -> str:
        return f"{scheme}://127.0.0.1:{self.port}/{SECRET}"

    def until(self, count: int) -> list[dict[str, Any]]:
        ends = time.monotonic() + 20
        while time.monotonic() < ends and len(self.heard) < count:
            time.sleep(0.01)
        assert len(self.heard) >= count, self.heard
        return [body for _, body in self.heard]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    pytest.importorskip("apprise")
    made = Receiver()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.heard.append((self.path, body))
            self.send_response(made.status.pop(0) if made.status else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("scheme", ["json", "http"])
def test_an_alert_names_the_symbol_what_happened_and_why(receiver: Receiver, scheme: str) -> None:
    alerts = Alerts.open([receiver.url(scheme)], {}, about="paper at venue-sim")
    assert alerts.send("naked", "BTCUSDT", "4 of 4 lots have no stop at the venue: it refused them (-2021)")
    (body,) = receiver.until(1)
    assert body["title"] == "Exit Brain, paper at venue-sim: BTCUSDT naked"
    first, second = body["message"].splitlines()
    assert first == "BTCUSDT: 4 of 4 lots have no stop at the venue: it refused them (-2021)"
    assert second.endswith(" UTC")
    alerts.close()


def test_an_address_may_stand_in_the_environment(receiver: Receiver) -> None:
    alerts = Alerts.open(["env:WHERE"], {"WHERE": receiver.url()})
    alerts.send("started", "", "the monitor has begun")
    assert receiver.until(1)[0]["title"] == "Exit Brain: monitor started"
    assert receiver.heard[0][0] == f"/{SECRET}"
    alerts.close()


def test_no_address_is_told_anywhere(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    receiver.status = [500] * 20
    with caplog.at_level(logging.DEBUG):
        alerts = Alerts.open([receiver.url(), f"json://127.0.0.1:1/{SECRET}"], {})
        alerts._pauses = (0.01,)
        alerts.send("naked", "BTCUSDT", "no stop")
        ends = time.monotonic() + 20
        while alerts.failed < 2 and time.monotonic() < ends:
            time.sleep(0.01)
        alerts.close()
    assert alerts.failed == 2 and "could not be sent to 1: JSON 127.0.0.1: Exit Brain: BTCUSDT naked" in caplog.text
    told = caplog.text + str(alerts.shown)
    # The HTTP library's own log, which is off unless asked for, is not ours.
    ours = "\n".join(one.getMessage() for one in caplog.records if not one.name.startswith("urllib3"))
    assert SECRET not in ours + str(alerts.shown), told


@pytest.mark.parametrize("url", ["nonsense", f"nothing://{SECRET}", "", "json://", f"tgram://{SECRET}"])
def test_what_is_no_address_is_refused_without_telling_it(url: str) -> None:
    pytest.importorskip("apprise")
    with pytest.raises(InvalidInput, match=r"live\.alerts\[1\] is no address") as told:
        Alerts.open(["json://127.0.0.1:1", url], {})
    assert SECRET not in str(told.value)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(InvalidInput, match="no variable 'WHERE'"):
        Alerts.open(["env:WHERE"], {"WHERE": " "})


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(Unavailable, match=r"exitbrain\[alerts\]"):
        Alerts.open(["json://127.0.0.1:1"], {})
    assert Alerts.open([], {}).send("naked", "A", "") is False


# what is told, and how often


def test_the_same_alert_is_told_once_until_another_of_its_position_comes() -> None:
    limits = Limits()
    assert limits.allows("naked", "A", 0)
    assert not limits.allows("naked", "A", QUIET_SECONDS - 1)
    assert limits.allows("naked", "B", 1), "another position"
    assert limits.allows("covered", "A", 2)
    assert limits.allows("naked", "A", 3), "it was covered in between"
    assert limits.allows("naked", "A", 3 + QUIET_SECONDS), "it is said again after a while"
    assert limits.held_back == 1


def test_a_storm_is_held_back_and_what_was_held_back_is_counted() -> None:
    now = [0.0]
    told: list[str] = []
    alerts = Alerts({"x": lambda title, body: bool(told.append(body)) or True}, clock=lambda: now[0])
    sent = [alerts.send("naked", f"S{number}", "storm") for number in range(BURST + 5)]
    assert sent == [True] * BURST + [False] * 5
    now[0] = SECONDS_EACH
    assert alerts.send("naked", "LATER", "one more") and not alerts.send("naked", "TOO", "soon")
    alerts.close()
    assert len(told) == BURST + 1 and told[-1].endswith("\n5 more held back since the last one.")


def test_it_is_tried_three_times_and_its_faults_stay_inside() -> None:
    tries: list[int] = []

    def post(title: str, body: str) -> bool:
        tries.append(1)
        if len(tries) == 1:
            raise RuntimeError(SECRET)
        return len(tries) == 3

    alerts = Alerts({"x": post}, pauses=(0.001, 0.001))
    alerts.send("naked", "A", "no stop")
    ends = time.monotonic() + 10
    while len(tries) < 3 and time.monotonic() < ends:
        time.sleep(0.005)
    alerts.close()
    assert len(tries) == 3 and alerts.failed == 0


def test_who_alerts_never_waits_for_a_receiver_and_the_oldest_go() -> None:
    gate = threading.Event()
    told: list[str] = []

    def slow(title: str, body: str) -> bool:
        gate.wait(20)
        told.append(title)
        return True

    now = [0.0]
    alerts = Alerts({"x": slow}, clock=lambda: now[0])
    began = time.monotonic()
    for number in range(MOST_WAITING + 50):
        now[0] += SECONDS_EACH
        alerts.send("naked", f"S{number}", "no stop")
    assert time.monotonic() - began < 2
    gate.set()
    alerts.close(20)
    assert told[-1].endswith(f"S{MOST_WAITING + 49} naked") and len(told) <= MOST_WAITING + 1


def test_what_is_told_cannot_forge_a_line() -> None:
    told: list[tuple[str, str]] = []
    alerts = Alerts({"x": lambda title, body: bool(told.append((title, body))) or True})
    alerts.send("naked", "A\nExit Brain: all is well", "x\r\ny" + "z" * 5000)
    alerts.close()
    title, body = told[0]
    assert "\n" not in title and len(body.splitlines()) == 2 and len(body) < 1600

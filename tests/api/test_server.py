"""The real server as a process: progress resumed after a break, a run cancelled, an end on Ctrl-C."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import httpx2
import pytest

from exitbrain.api.serving import listening
from exitbrain.errors import Unavailable

from .serving import SECONDS, Served, events
from .worlds import request


def start(served: Served, asked: dict[str, Any]) -> str:
    answer = httpx2.post(f"{served.url}/api/runs", json=asked, headers=served.token, timeout=SECONDS)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["run_id"])


def test_progress_goes_on_where_a_broken_line_left_it(served: Served) -> None:
    run_id = start(served, request(config=request()["config"] | {"seed": 2}))  # asked for by no other test
    seen = [next(events(served, run_id))]  # the line is broken after the first event
    for _ in range(2):
        follow = events(served, run_id, seen[-1][0])
        seen.append(next(follow))
        follow.close()
    seen += events(served, run_id, seen[-1][0])
    assert [number for number, _ in seen] == list(range(1, len(seen) + 1))
    assert seen[-1][1]["status"] == "done"
    shares = [one["overall"] for _, one in seen]
    assert shares == sorted(shares) and {one["stage"] for _, one in seen} >= {"reading", "running", "saving"}
    assert httpx2.get(f"{served.url}/api/runs/{run_id}", timeout=SECONDS).json()["status"] == "done"


def test_a_run_is_cancelled_and_leaves_nothing(served: Served) -> None:
    run_id = start(served, request(config={"seed": 5}))
    follow = events(served, run_id)
    next(one for _, one in follow if one["status"] == "running")
    answer = httpx2.post(f"{served.url}/api/runs/{run_id}/cancel", headers=served.token, timeout=SECONDS)
    assert answer.status_code == 202
    *_, (_, last) = follow
    assert last["status"] == "cancelled"
    told = httpx2.get(f"{served.url}/api/runs/{run_id}", timeout=SECONDS).json()
    assert (told["status"], told["has_results"], told["run"], told["files"]) == ("cancelled", False, None, [])
    assert httpx2.get(f"{served.url}/api/runs/{run_id}/trade_sets", timeout=SECONDS).status_code == 409
    assert httpx2.get(f"{served.url}/api/runs/{run_id}/trade_sets?format=csv", timeout=SECONDS).status_code == 409
    assert not (served.home / "runs" / run_id).exists() and not list((served.home / "jobs").glob(f"*{run_id}*"))


def test_a_run_over_real_candles_is_started_and_read(served: Served, test_data: Path) -> None:
    name = "binance_perp_BTCUSDT_1h_20200101_20230101"
    shutil.copy(test_data / "1h" / f"{name}.parquet", served.home / "candles")
    plan = Path(__file__).parents[2] / "examples" / "trend" / "plan.yaml"
    config = {"instrument": {"symbol": "BTCUSDT"}}  # a file of one symbol does not say it
    run_id = start(served, {"candles": name, "plan": plan.read_text(encoding="utf-8"), "config": config})
    *_, (_, last) = events(served, run_id)
    assert last["status"] == "done", last
    page = httpx2.get(f"{served.url}/api/runs/{run_id}/trade_sets", params={"page_size": 5}, timeout=SECONDS).json()
    assert page["total"] > 10 and page["items"][0]["symbol"] == "BTCUSDT"
    candles = httpx2.get(f"{served.url}/api/runs/{run_id}/candles", params={"max_bars": 500}, timeout=SECONDS).json()
    assert len(candles["time"]) <= 500 and candles["regimes"]


def test_an_off_list_name_is_refused_on_the_wire(served: Served) -> None:
    port = served.url.rpartition(":")[2]
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    for more in ("", "Accept: text/event-stream\r\n", upgrade):
        for host, origin, status in (
            (f"evil.example:{port}", None, b"421"),
            (f"127.0.0.1:{port}", "http://evil.example", b"403"),
        ):
            head = f"GET /api/runs HTTP/1.1\r\nHost: {host}\r\n" + (f"Origin: {origin}\r\n" if origin else "") + more
            with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as line:
                line.sendall(f"{head}\r\n".encode())
                expected = b"403" if more == upgrade else status
                assert line.recv(4096).split(b" ")[1] == expected, (host, origin, more)


def test_a_port_that_is_taken_gives_way_to_the_next() -> None:
    with listening("127.0.0.1", 18_321, tried=20) as one:
        first = one.getsockname()[1]
        with listening("127.0.0.1", first, tried=20) as other:
            assert other.getsockname()[1] > first
        with pytest.raises(Unavailable, match=f"port {first} of 127.0.0.1"):
            listening("127.0.0.1", first)

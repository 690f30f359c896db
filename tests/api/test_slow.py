"""Those who send slowly, watch for ever, or come in crowds."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.testclient import TestClient

from exitbrain.api import following, punctual
from exitbrain.api.serving import application, listening
from loops import run_in_a_loop

from .worlds import World


@pytest.fixture
def port(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(punctual, "HEAD_SECONDS", 0.5)
    with listening("127.0.0.1", 18_400, tried=50) as listener:
        config = uvicorn.Config(
            application(world.bench, world.access()), http=punctual.Punctual, lifespan="off", log_level="warning"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.mark.parametrize("head", [b"", b"GET / HTTP/1.1\r\nHost: 127", b"GET /health/live HTTP/1.1\r\nX: "])
def test_a_head_that_trickles_in_is_not_waited_for(head: bytes, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(head)
        started = time.monotonic()
        assert line.recv(100) == b"" and time.monotonic() - started < 15


def test_a_second_head_has_to_come_in_time_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall(b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1:8321\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 200")
        line.sendall(b"GET /hea")
        while line.recv(4096):
            pass


def test_no_more_watch_than_can_be_served(client: TestClient, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_STREAMS", 1)
    path = f"/api/runs/{world.first}/progress"
    assert client.get(path).status_code == 200
    assert client.get(path).status_code == 200, "one that ended counts no more"

    async def left() -> int:
        async def endless():  # type: ignore[no-untyped-def]
            while True:
                yield ""

        stream = following.counted(endless())
        await anext(stream)
        held = len(following._open)
        refused = client.get(path)
        assert refused.status_code == 503 and refused.headers["retry-after"] == "5"
        await stream.aclose()
        return held

    assert run_in_a_loop(left()) == 1 and client.get(path).status_code == 200

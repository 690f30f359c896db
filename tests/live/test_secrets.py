"""Keys of a venue are in the environment and nowhere else: not in a file, a log, the journal, or an answer of the API."""

from __future__ import annotations

import base64
import json
import urllib.parse
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.worlds import URL
from exitbrain.api.access import Access, loopback_hosts
from exitbrain.api.serving import application
from exitbrain.api.tokens import read_tokens
from exitbrain.wiring.workbench import Workbench
from live import processes
from live.processes import CONFIG, monitor_process, venue_process, wait_until
from live.test_processes import SLOW

pytest.importorskip("aiohttp")
KEY, SECRET = "canarykeyQ7w", "canarysecretZ+9/x"
OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.json"
CANARIES = [
    spelled.encode()
    for canary in (KEY, SECRET)
    for spelled in (canary, urllib.parse.quote(canary, safe=""), base64.b64encode(canary.encode()).decode())
]


def found_in(content: bytes) -> list[bytes]:
    return [one for one in CANARIES if one in content]


def answers(home: Path) -> dict[str, bytes]:
    """What every GET path without a parameter says, good or bad; streams, which do not end, left out."""
    paths = json.loads(OPENAPI.read_text())["paths"]
    asked = [
        path
        for path, kinds in paths.items()
        if "get" in kinds and "{" not in path and "event-stream" not in json.dumps(kinds["get"]["responses"])
    ]
    bench = Workbench.open(home=home, environment={})
    try:
        tokens = read_tokens(bench.home.token_file)
        access = Access(tokens=tokens, hosts=loopback_hosts(8321))
        admin = {"Authorization": f"Bearer {bench.home.token_file.read_text(encoding='utf-8').split()[-1]}"}
        client = TestClient(application(bench, access), base_url=URL, raise_server_exceptions=False)
        told = {path: client.get(path, headers=admin) for path in asked}
        assert sum(answer.status_code == 200 for answer in told.values()) > 10
        return {path: answer.content for path, answer in told.items()}
    finally:
        bench.close()


def test_a_canary_secret_is_found_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setattr(processes, "KEY", KEY)
    monkeypatch.setattr(processes, "SECRET", SECRET)
    config = CONFIG.replace("watchdog: false", "watchdog: true")
    variables = {"EXITBRAIN_VENUE_API_KEY": KEY, "EXITBRAIN_VENUE_API_SECRET": SECRET, "EXITBRAIN_DEBUG": "1"}
    with venue_process(tmp_path, "--api-key", KEY, "--api-secret", SECRET) as venue:
        venue.enter("BUY", "0.010")
        with monitor_process(home, venue, config=config, **variables) as monitor:
            wait_until(lambda: venue.standing().own_stops == 2, 40 * SLOW, lambda: monitor.log)
            wait_until(lambda: (home / "live" / "watchdog.log").exists(), 20 * SLOW)
            monitor.stop()
        # What the venue refuses is told without the keys, and a crash too.
        wrong = variables | {"EXITBRAIN_VENUE_API_SECRET": f"{SECRET}-wrong"}
        with monitor_process(home, venue, "--for", "3", config=CONFIG, **wrong) as refused:
            wait_until(lambda: refused.process.poll() is not None, 60 * SLOW, lambda: refused.log)
        told = refused.log
    assert "stop" in monitor.log and told
    for name, answer in answers(home).items():
        assert not found_in(answer), name
    files = [file for file in home.rglob("*") if file.is_file()]
    assert {"paper.sqlite3", "heartbeat.json", "watchdog.log"} <= {file.name for file in files}
    for file in files:
        assert not found_in(file.read_bytes()), file


def test_what_the_search_would_find() -> None:
    assert found_in(f"signature of {urllib.parse.quote(SECRET, safe='')}".encode()) and not found_in(b"nothing")

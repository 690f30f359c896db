"""A start: what protects waits for nothing that only plans, shows or serves; and what it started ends with it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest

from exitbrain.config.plans import load_plan
from exitbrain.config.settings import Settings, load_config
from exitbrain.core.live.book import SECOND
from exitbrain.core.live.events import FlattenAsked
from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.store.journal import open_journal, open_rows
from exitbrain.venues.adapter import Kline
from exitbrain.venues.binance.adapter import BinanceAdapter
from exitbrain.venues.binance.asking import EXCHANGE_INFO, TIME
from exitbrain.venues.binance.wire import Reply, Request
from exitbrain.wiring.live import starting
from exitbrain.wiring.live.examining import examine
from exitbrain.wiring.live.minding import WARM_WITHIN, Mind, Patient
from exitbrain.wiring.live.places import KEY, SECRET, Places
from live.processes import CONFIG, free_port, monitor_process, venue_process, wait_until
from loops import run_in_a_loop

pytest.importorskip("aiohttp")
HEAVY = ("numpy", "polars", "pandas", "numba", "talib", "sqlalchemy", "alembic", "fastapi", "ccxt", "websockets")
LOADED = f"""
import json, sys
import exitbrain.cli.live_run, exitbrain.wiring.live.starting, exitbrain.wiring.workbench.home
import exitbrain.store.journal_sqlite, aiohttp
print(json.dumps([one for one in {HEAVY} if one in sys.modules]))
"""
PLAN = """\
plan_id: one
generated_at: 2024-01-01T00:00:00Z
triggers:
  - {{id: out, symbol: BTCUSDT, direction: exit, category: risk_reduce, exit_fraction: 0.5, exit_rule: "{rule}"}}
"""
SLOW = max(1.0, 1.5 * os.getloadavg()[0] / (os.cpu_count() or 1))


def test_what_protects_loads_nothing_that_plans_shows_or_serves() -> None:  # I1: 5 s after a start
    said = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, timeout=120)
    assert json.loads(said.stdout) == []


# the mind


def mind(folder: Path, rule: str | None = None) -> Mind:
    plan = None if rule is None else load_plan(PLAN.format(rule=rule))
    return Mind(open_journal(folder / "journal.sqlite3"), Settings(), install="a7f3", plan=plan)


@pytest.fixture
def minds(tmp_path: Path) -> Iterator[list[Mind]]:
    made: list[Mind] = []
    yield made
    for one in made:
        one.journal.close()


def test_a_key_that_came_before_what_plans_is_planned_for_and_warmed(tmp_path: Path, minds: list[Mind]) -> None:
    one = mind(tmp_path, "close < sma_20")
    minds.append(one)
    one.begin("BTCUSDT")
    before = one.monitor
    one.prepare()
    one.begin("ETHUSDT")
    assert one.monitor is not before and one.monitor.planner is one.planner
    assert set(one.brain.markets) == {"BTCUSDT", "ETHUSDT"}
    one.warm("BTCUSDT", [Kline(60 * SECOND * n, 1.0, 1.0, 1.0, 1.0, 1.0) for n in range(30)], SECOND)
    assert one.brain.markets["BTCUSDT"].value("sma_20") == 1.0  # a feature of the rule


def test_a_rule_that_cannot_be_read_ends_the_start(tmp_path: Path, minds: list[Mind]) -> None:
    one = mind(tmp_path, "no_such_feature > 1")
    minds.append(one)
    with pytest.raises(InvalidInput, match="no_such_feature"):
        one.begin("BTCUSDT")


def test_it_plans_at_once_when_warm_else_after_a_while_in_which_it_could_have_been() -> None:
    asked, planner = FlattenAsked(key="BTCUSDT", decision="x", cause="x"), MagicMock()
    planner.plan.return_value = asked
    have: list[MagicMock] = []
    patient = Patient(lambda: have[0] if have else None)

    def given(now: int) -> object:
        return patient.plan("BTCUSDT", 1, 10, Fraction(100), now)

    assert given(0) is None and given(9 * WARM_WITHIN) is None  # nothing has been loaded that could be warmed
    have.append(planner)
    loaded = 10 * WARM_WITHIN
    assert given(loaded) is None and given(loaded + WARM_WITHIN - 1) is None
    assert given(loaded + WARM_WITHIN) is asked
    patient.warmed.add("ETHUSDT")
    assert patient.plan("ETHUSDT", 1, 10, Fraction(100), 0) is asked


# the first look


class _Slow:
    """A wire whose answers wait for `open`."""

    url = "http://venue"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = asyncio.Event()

    async def ask(self, request: Request, **_: object) -> Reply:
        self.asked.append(request.path)
        await self.open.wait()
        if request.path == TIME:
            return Reply(status=200, body={"serverTime": int(time.time() * 1000)}, headers={})
        if request.path == EXCHANGE_INFO:
            return Reply(status=200, body={"symbols": []}, headers={})
        return Reply(status=200, body={"dualSidePosition": False, "enableWithdrawals": False}, headers={})


def test_a_first_look_takes_two_rounds() -> None:
    async def look() -> None:
        wire = _Slow()
        opening = asyncio.create_task(BinanceAdapter(wire).open())  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        assert sorted(wire.asked) == sorted([TIME, EXCHANGE_INFO])  # what is signed needs the clock
        wire.open.set()
        found = await opening
        assert [one.subject for one in found] == ["clock", "contracts", "account", "key"]
        assert all(one.ok for one in found if one.needed), found

    run_in_a_loop(look())


def test_a_question_that_fails_takes_the_other_back() -> None:
    async def look() -> None:
        adapter = BinanceAdapter(_Slow())  # type: ignore[arg-type]
        adapter._clock_finding = MagicMock(side_effect=_away)  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            await adapter.open()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    run_in_a_loop(look())


async def _away() -> None:
    raise Unavailable("nobody answers")


def _journal_of(folder: Path, journal: str) -> str | Path:
    file = folder / "config.yaml"
    file.write_text(f"live: {{journal: {journal}}}")
    asked = starting.Asked(settings=load_config(str(file)), home=folder, environment={}, base=folder)
    return starting.journal_of(asked, Places.of(folder), "paper")


def test_a_journal_lies_beside_the_config_that_names_it(tmp_path: Path) -> None:
    assert _journal_of(tmp_path, "x.db") == tmp_path / "x.db"
    assert _journal_of(tmp_path, "'sqlite:///x.db'") == tmp_path / "x.db"
    assert _journal_of(tmp_path, "/elsewhere/x.db") == Path("/elsewhere/x.db")
    assert _journal_of(tmp_path, "'postgresql://h/x'") == "postgresql://h/x"
    assert _journal_of(tmp_path, "null") == tmp_path / "live" / "paper.sqlite3"
    assert _journal_of(tmp_path, "'true'") == tmp_path / "true"


@pytest.mark.parametrize("word", ["true", "False", "on"])
@pytest.mark.parametrize("name", ["journal", "plan", "profiles", "url", "stream_url"])
def test_a_place_that_is_a_switch_is_refused(name: str, word: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(f"live: {{{name}: {word}}}")
    with pytest.raises(InvalidInput, match=rf"live.{name} is {word}; accepted: a path or an address"):
        load_config(str(file))


def test_the_doctor_says_that_a_monitor_is_running(tmp_path: Path) -> None:
    asked = starting.Asked(settings=load_config({"live": {"mode": "paper"}}), home=tmp_path, environment={})
    with closing(open_journal(Places.of(tmp_path).journal("playground"))):
        found = {one.subject: one for one in examine(asked)}
    assert found["journal"].ok and found["journal"].detail == "a monitor is running, and writes it"


# where the venue is


NO_ADDRESSES = (
    "http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:abc", "http://127.0.0.1:0", "http://", "127.0.0.1:8322",
    "ftp://127.0.0.1", "http://a b", "http://127.0.0.1:1 2", "http://a%zz", "https:/fapi.binance.com",
)  # fmt: skip
WITH_SECRETS = (
    "http://u:hunter2@127.0.0.1", "https://hunter2@h", "https://h/?key=hunter2", "https://h/#hunter2",
    "u:hunter2@h", "http://u:hunter2@[::1", "http://u:hun/ter2@h:99999", "https://:hunter2@h",
)  # fmt: skip


@pytest.mark.parametrize("url", [*NO_ADDRESSES, *WITH_SECRETS])
@pytest.mark.parametrize("name", ["url", "stream_url"])
def test_what_is_no_address_is_bad_input_and_a_password_in_it_is_not_repeated(
    name: str, url: str, tmp_path: Path
) -> None:
    url = url if name == "url" else url.replace("http", "ws", 1)
    live = {"mode": "paper", "url": "http://127.0.0.1:9", "serve": False} | {name: url}
    asked = starting.Asked(settings=load_config({"live": live}), home=tmp_path, environment={})
    with pytest.raises(InvalidInput, match=f"live.{name}.*accepted: ") as told:
        starting.door_of(asked, None)
    assert "ter2" not in str(told.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8322", "http://[::1]:8322", "http://localhost", "https://h.example"])
def test_an_address_is_taken(url: str, tmp_path: Path) -> None:
    asked = starting.Asked(
        settings=load_config({"live": {"mode": "paper", "url": url}}),
        home=tmp_path,
        environment={KEY: "k", SECRET: "s"},
    )
    assert starting.door_of(asked, None).url == url


# the journal of a demo


def _started(asked: starting.Asked) -> None:
    starting.start(asked, lambda _: None)


def test_a_second_demo_leaves_the_first_ones_journal_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I14: it began anew by deleting what the first one was writing."""
    playground = MagicMock(url="http://127.0.0.1:9", timeframe="15m", symbols=(), notes=())
    monkeypatch.setattr(starting, "_playground", lambda _: playground)
    settings = load_config({"live": {"mode": "paper", "serve": False}})
    first = open_journal(Places.of(tmp_path).journal("playground"))
    first.append(1, "note", "kept")
    with pytest.raises(Unavailable, match="another process writes it"):
        _started(starting.Asked(settings=settings, home=tmp_path, environment={}))
    first.append(2, "note", "kept as well")
    first.close()
    read = open_rows(Places.of(tmp_path).journal("playground"))
    assert [row.body for row in read.after(0)] == ["kept", "kept as well"]
    read.close()
    playground.stop.assert_called_once_with()


# what is started beside it


@pytest.mark.parametrize("is_covered", [True, False])
def test_the_web_ui_is_started_when_all_is_covered_or_after_a_while(
    monkeypatch: pytest.MonkeyPatch, is_covered: bool
) -> None:
    monkeypatch.setattr(starting, "SERVED_WITHIN", 30.0 if is_covered else 0.3)
    running, served = SimpleNamespace(is_protected=False), []

    async def live() -> None:
        task = asyncio.create_task(starting._serving(running, lambda: served.append(1)))  # type: ignore[arg-type]
        await asyncio.sleep(0.1)
        assert not served
        running.is_protected = is_covered
        await asyncio.wait_for(task, 10)

    run_in_a_loop(live())
    assert served == [1]


def test_the_web_ui_of_a_killed_monitor_ends_and_lets_its_port_go(tmp_path: Path) -> None:
    port = free_port()
    config = CONFIG.replace("serve: false", f"serve: true, port: {port}")
    with venue_process(tmp_path) as venue:
        venue.enter("BUY", "0.010")
        with monitor_process(tmp_path / "home", venue, config=config) as monitor:
            wait_until(lambda: _answers(port), 60 * SLOW, lambda: monitor.log)
            assert re.search(rf"Live screen: http://127.0.0.1:{port}/live", monitor.log)
            monitor.kill()
        wait_until(lambda: not _answers(port), 15 * SLOW)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=10):
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False

"""Killed, frozen, cut off: what the venue's log says of it (live.md I1, I3, I4, I6, I9, I14)."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from exitbrain.core.live.client_ids import client_id, parsed_id
from exitbrain.core.live.orders import Role
from live.hole import Line
from live.killing import UP, Campaign, Nursery, campaign, faults_of, open_lanes, own_ids
from live.nursery import LEASE
from live.processes import Venue, venue_process, wait_until
from live.test_processes import SLOW
from store.conftest import SERVER, WITHOUT, fresh_database

pytest.importorskip("aiohttp")
KILLS = 10
FROZEN = 6.0


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campaign]:
    """A venue and a home that the tests of this module share."""
    folder = tmp_path_factory.mktemp("killing")
    nursery = Nursery()
    try:
        with venue_process(folder) as venue:
            yield Campaign(venue, folder / "home", nursery, random.Random(1))
    finally:
        nursery.close()


def flat(venue: Venue) -> None:
    quantity = venue.standing().quantity
    if quantity:
        venue.enter("SELL" if quantity > 0 else "BUY", str(abs(quantity)))


def ids(number: int, role: Role, leg: int) -> str:
    return client_id("0000", 1, number, role, leg)


def test_killed_ten_times_it_stays_covered_never_flips_and_never_exits_twice(tmp_path: Path) -> None:
    said: list[str] = []
    assert campaign(tmp_path, KILLS, seed=1, told=said.append) == 0, said
    assert said[-1].startswith(f"{KILLS} kills") and "0 violations" in said[-1]
    # A second run has nothing left to do.
    assert campaign(tmp_path, KILLS, seed=1, told=said.append) == 0
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 1


def test_frozen_and_woken_it_goes_on_and_no_second_one_starts_meanwhile(one: Campaign) -> None:
    """A laptop that sleeps: price goes through the stop, people trade, another process is started."""
    venue = one.venue
    flat(venue)
    monitor = one.start()
    wait_until(lambda: UP in monitor.said(), 20 * SLOW, monitor.said)
    venue.enter("BUY", "0.020")
    wait_until(lambda: _working(venue) == Decimal("0.020"), 20 * SLOW, monitor.said)
    os.kill(monitor.pid, signal.SIGSTOP)
    venue.enter("BUY", "0.010")
    one.lives += 1
    second = one.start()
    wait_until(lambda: not second.is_alive(), 20 * SLOW, second.said)
    assert "another process writes it" in second.said()
    time.sleep(FROZEN)
    os.kill(monitor.pid, signal.SIGCONT)
    woken = time.monotonic()
    wait_until(lambda: _working(venue) == Decimal("0.030"), 10 * SLOW, monitor.said)
    assert time.monotonic() - woken <= 5 * SLOW
    monitor.kill()
    one.settle()
    assert one.judged() == []


def _working(venue: Venue) -> Decimal:
    open_ = [one for one in venue.log()["algo_orders"] if one["algoStatus"] == "NEW" and not one["closePosition"]]
    return sum((Decimal(one["quantity"]) for one in open_ if one["orderType"] == "STOP_MARKET"), Decimal(0))


@pytest.mark.skipif(SERVER is None, reason=WITHOUT)
def test_one_that_slept_through_its_lease_sends_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I14: another takes the journal over, though the sleeper's session at the database lives, and then it wakes up."""
    assert SERVER is not None
    monkeypatch.setenv(LEASE, "3")
    nursery = Nursery()
    try:
        with venue_process(tmp_path) as venue:
            one = Campaign(venue, tmp_path / "home", nursery, random.Random(1), journal=fresh_database(SERVER))
            sleeper = one.start()
            wait_until(lambda: UP in sleeper.said(), 20 * SLOW, sleeper.said)
            venue.enter("BUY", "0.020")
            wait_until(lambda: _working(venue) == Decimal("0.020"), 20 * SLOW, sleeper.said)
            os.kill(sleeper.pid, signal.SIGSTOP)
            time.sleep(3.5)
            one.lives += 1
            second = one.start()
            wait_until(lambda: UP in second.said(), 20 * SLOW, second.said)
            venue.enter("BUY", "0.010")
            wait_until(lambda: _working(venue) == Decimal("0.030"), 10 * SLOW, second.said)
            before = _fences(venue)
            os.kill(sleeper.pid, signal.SIGCONT)
            venue.enter("SELL", "0.020")
            wait_until(lambda: not sleeper.is_alive(), 20 * SLOW, sleeper.said)
            wait_until(lambda: _working(venue) == Decimal("0.010"), 10 * SLOW, second.said)
            after = _fences(venue)
            assert max(before) > min(before) and after[min(before)] == before[min(before)], (before, after)
            assert "journal" in sleeper.said()[-400:], sleeper.said()
            second.kill()
            one.settle()
            assert one.judged() == []
    finally:
        nursery.close()


def _fences(venue: Venue) -> Counter[int]:
    """How many orders the venue has of each opening of the journal."""
    parsed = (parsed_id(id_) for id_ in own_ids(venue.log()))
    return Counter(one.fence for one in parsed if one is not None)


def test_a_dead_line_is_noticed_and_what_happened_meanwhile_is_covered(one: Campaign) -> None:
    venue = one.venue
    flat(venue)
    line = Line(venue.port)
    one.lives, one.url = one.lives + 1, line.url
    monitor = one.start()
    wait_until(lambda: UP in monitor.said(), 20 * SLOW, monitor.said)
    venue.enter("BUY", "0.010")
    wait_until(lambda: _working(venue) == Decimal("0.010"), 10 * SLOW, monitor.said)
    line.is_dead = True
    venue.enter("SELL", "0.010")
    venue.enter("SELL", "0.020")
    time.sleep(8)
    assert monitor.is_alive(), monitor.said()
    line.is_dead = False
    back = time.monotonic()
    wait_until(lambda: venue.standing().is_covered and venue.standing().quantity < 0, 40 * SLOW, monitor.said)
    assert time.monotonic() - back <= 30 * SLOW
    monitor.kill()
    line.close()
    one.url = ""
    one.settle()
    assert one.judged() == []


# the judge


def log_of(*fills: tuple[str, str], orders: dict[str, str] | None = None) -> dict[str, Any]:
    """Fills as (client id, signed quantity), and the sizes of their orders where they differ."""
    sizes = {id_: quantity.lstrip("-") for id_, quantity in fills} | (orders or {})
    numbers = {id_: number for number, id_ in enumerate(sizes, start=1)}
    return {
        "orders": [
            {"orderId": numbers[id_], "clientOrderId": id_, "origQty": size, "status": "FILLED"}
            for id_, size in sizes.items()
        ],
        "algo_orders": [],
        "fills": [
            {"orderId": numbers[id_], "qty": quantity.lstrip("-"), "side": "SELL" if quantity[0] == "-" else "BUY"}
            for id_, quantity in fills
        ],
    }


@pytest.mark.parametrize(
    ("fills", "orders", "faults"),
    [
        ([("by-hand-1", "10"), (ids(1, Role.CLOSE, 0), "-10")], {}, 0),
        ([("by-hand-1", "10"), (ids(1, Role.CLOSE, 0), "-11")], {}, 1),  # turned round
        ([("by-hand-1", "10"), (ids(1, Role.CLOSE, 0), "1")], {}, 1),  # grown
        ([(ids(1, Role.CLOSE, 0), "1")], {}, 1),  # opened
        ([("by-hand-1", "10"), (ids(1, Role.TAKE, 1), "-3"), (ids(2, Role.TAKE, 1), "-3")], {}, 1),  # a leg twice
        ([("by-hand-1", "10"), (ids(1, Role.TAKE, 1), "-3"), (ids(2, Role.TAKE, 2), "-3")], {}, 0),
        ([("by-hand-1", "10"), (ids(1, Role.TAKE, 1), "-1"), (ids(2, Role.TAKE, 1), "-2")], {ids(1, Role.TAKE, 1): "3"}, 0),
        (
            [("by-hand-1", "3"), (ids(1, Role.TAKE, 1), "-3"), ("by-hand-2", "3"), (ids(2, Role.TAKE, 1), "-3")],
            {},
            0,
        ),  # two lives
    ],
)  # fmt: skip
def test_the_judge_sees_flips_and_double_exits(
    fills: list[tuple[str, str]], orders: dict[str, str], faults: int
) -> None:
    assert len(faults_of(log_of(*fills, orders=orders))) == faults


def test_the_judge_counts_lanes() -> None:
    open_ = {"status": "NEW"}
    log = {"orders": [], "algo_orders": []}
    log["orders"] = [open_ | {"clientOrderId": ids(number, Role.TAKE, 1)} for number in (1, 2)]
    assert open_lanes(log) == {("P", "1"): 2}


def test_the_judge_misses_an_order_that_no_row_sent(one: Campaign, tmp_path: Path) -> None:
    """The rows from the first order on are taken out of the journal: the venue has orders that nothing explains."""
    if not one.venue.standing().quantity:
        one.venue.enter("BUY", "0.010")
    one.settle()
    assert one.judged() == []
    cut = tmp_path / "cut.sqlite3"
    database = sqlite3.connect(one.home / "live" / "paper.sqlite3", isolation_level=None)
    database.execute("VACUUM INTO ?", (str(cut),))
    database.close()
    database = sqlite3.connect(cut, isolation_level=None)
    rows = database.execute("SELECT seq, body FROM journal WHERE kind = 'event' ORDER BY seq").fetchall()
    first = next(seq for seq, body in rows if '"Send"' in json.loads(body)["effects"])
    database.execute("DROP TRIGGER no_delete")
    database.execute("DELETE FROM journal WHERE seq >= ?", (first,))
    database.close()
    assert [words for words in one.unwritten(cut) if "0 intents" in words]

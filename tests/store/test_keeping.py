"""Runs, profiles, experiments and keys: what is shown as kept is kept, whatever else happens meanwhile."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.store import Busy, NotFinished, RunQuery, Store, UnknownExperiment, UnknownRun

from .rows import put, trade_set


def some_sets(count: int, seed: int = 1) -> list[dict]:
    dice = random.Random(seed)
    return [trade_set(number, dice) for number in range(count)]


def queued(store: Store, run_id: str, owner: str = "me", status: str = "queued") -> None:
    store.put_run(run_id, status=status, owner=owner, about={"symbols": ["AAA"], "timeframe": "1h"})


# runs


def test_a_run_is_not_seen_before_its_last_row(store: Store) -> None:
    queued(store, "r1")
    store.started("r1")
    writer = store.writer("r1")
    writer.trade_sets(some_sets(10))
    assert store.run("r1")["status"] == "running"
    with pytest.raises(NotFinished):
        store.trade_sets("r1")
    with pytest.raises(Busy):
        store.delete_run("r1")
    store.done(writer, description={"run_id": "r1"}, metrics={}, timings={}, files=[])
    assert store.run("r1")["status"] == "done"
    assert store.trade_sets("r1").total == 10


def test_a_run_computed_again_keeps_its_rows_until_the_new_ones_are_whole(store: Store) -> None:
    put(store, "r1", sets=some_sets(5))
    queued(store, "r1")
    writer = store.writer("r1")
    writer.trade_sets(some_sets(8, seed=2))
    assert store.trade_sets("r1").total == 5
    assert store.ended("r1", "failed", "it broke") == "done"
    writer.abandon()
    assert store.trade_sets("r1").total == 5
    queued(store, "r1")
    writer = store.writer("r1")
    writer.trade_sets(some_sets(8, seed=2))
    store.done(writer, description={"run_id": "r1"}, metrics={}, timings={}, files=[])
    assert store.trade_sets("r1").total == 8


def test_runs_of_a_process_that_is_gone_are_interrupted_and_leave_nothing_half_made(store: Store) -> None:
    put(store, "done", sets=some_sets(3))
    queued(store, "waiting", owner="gone")
    queued(store, "half", owner="gone", status="running")
    store.writer("half").trade_sets(some_sets(7))
    put(store, "again", sets=some_sets(4))
    queued(store, "again", owner="gone", status="running")
    store.writer("again").trade_sets(some_sets(9))
    queued(store, "alive", owner="here", status="running")
    alive = store.writer("alive")
    alive.trade_sets(some_sets(2))
    assert sorted(store.mark_interrupted(lambda owner: owner == "gone")) == ["again", "half", "waiting"]
    statuses = {row["run_id"]: row["status"] for row in store.runs().rows}
    assert statuses == {
        "done": "done",
        "waiting": "interrupted",
        "half": "interrupted",
        "again": "done",
        "alive": "running",
    }
    assert (store.trade_sets("done").total, store.trade_sets("again").total) == (3, 4)
    store.done(alive, description={}, metrics={}, timings={}, files=[])
    assert store.trade_sets("alive").total == 2
    with store.database.reading() as connection:
        left = connection.exec_driver_sql("SELECT COUNT(*) FROM set_bodies").scalar_one()
    assert left == 3 + 4 + 2


def test_rows_taken_away_by_another_are_not_shown_as_done(store: Store) -> None:
    queued(store, "r1", status="running")
    writer = store.writer("r1")
    store.remove_unfinished("r1")
    with pytest.raises(Unavailable, match="removed by another process"):
        writer.trade_sets(some_sets(1))
    with pytest.raises(Unavailable):
        store.done(writer, description={}, metrics={}, timings={}, files=[])
    assert store.run("r1")["status"] == "running"


def test_a_deleted_run_leaves_no_row(store: Store) -> None:
    put(store, "r1", sets=some_sets(5), events=5)
    put(store, "r2", sets=some_sets(2))
    store.delete_run("r1")
    with pytest.raises(UnknownRun):
        store.run("r1")
    with store.database.reading() as connection:
        for table in ("runs", "results", "run_files", "set_bodies", "events", "legs", "plans", "set_labels"):
            keys = connection.exec_driver_sql(f"SELECT COUNT(*) FROM {table}").scalar_one()
            others = {"runs": 1, "results": 1, "run_files": 1, "set_bodies": 2, "plans": 2, "events": 0}
            assert keys == others.get(table, keys) and (keys > 0 or table == "events")
    assert store.trade_sets("r2").total == 2


def test_runs_are_found_sorted_and_counted(store: Store) -> None:
    for number, symbol in enumerate(("AAA", "BBB", "AAA")):
        put(store, f"r{number}", sets=some_sets(number), symbols=[symbol], timeframe="1h" if number else "5m")
    queued(store, "r9")
    found = store.runs(RunQuery(symbol="AAA", status=("done",), sort="-num_sets"))
    assert [row["run_id"] for row in found.rows] == ["r2", "r0"]
    assert store.runs(RunQuery(q="5M")).rows[0]["run_id"] == "r0"
    assert [row["run_id"] for row in store.runs(RunQuery(sort="num_sets", page=2, page_size=3)).rows] == ["r9"]
    assert store.counts() == {
        "queued": 1,
        "running": 0,
        "done": 3,
        "failed": 0,
        "cancelled": 0,
        "interrupted": 0,
    }
    with pytest.raises(InvalidInput):
        RunQuery(sort="words")


def test_readers_see_whole_runs_while_others_are_written(store: Store) -> None:
    """Every page is of one instant: its rows, its total and its counts agree."""
    put(store, "r1", sets=some_sets(20))
    stop = threading.Event()
    seen: list[tuple[int, int]] = []

    def read() -> None:
        while not stop.is_set():
            page = store.trade_sets("r1")
            counted = sum(one["count"] for one in page.facets["side"])
            assert page.total == len(page.rows) == counted and page.total in (20, 30)
            seen.append((page.total, store.runs().total))

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for number in range(6):
            put(store, "r1", sets=some_sets(30 if number % 2 == 0 else 20))
            put(store, f"x{number}", sets=some_sets(15))
        stop.set()
        for reader in readers:
            reader.result()
    assert seen and store.runs().total == 7


def test_several_may_write_at_once(store: Store) -> None:
    """A writer waits for the others from its first word, also where it reads before it writes."""
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: put(store, f"r{number}", sets=some_sets(3)), range(24)))
    assert store.counts()["done"] == 24


# profiles


def test_every_version_of_a_profile_stays(store: Store) -> None:
    first = store.put_profile("SCALP", "a: 1\n", "the first")
    assert (first["version"], first["is_new"]) == (1, True)
    assert store.put_profile("SCALP", "a: 1\n")["is_new"] is False
    assert store.put_profile("SCALP", "a: 2\n")["version"] == 2
    assert store.put_profile("SCALP", "a: 1\n")["version"] == 3
    history = store.profile_history("SCALP")
    assert [(one["version"], one["content"]) for one in history] == [(3, "a: 1\n"), (2, "a: 2\n"), (1, "a: 1\n")]
    assert store.profile("SCALP", 2)["content"] == "a: 2\n"
    assert store.profile("SCALP")["version"] == 3
    assert store.profile("SCALP", 9) is None and store.profile("NOPE") is None
    assert [(one["name"], one["version"], one["versions"]) for one in store.profiles()] == [("SCALP", 3, 3)]


def test_versions_written_at_once_are_versions_each(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda number: store.put_profile("P", f"a: {number}\n"), range(8)))
    assert sorted(one["version"] for one in made) == list(range(1, 9))


# experiments


def test_an_experiment_keeps_its_arms_and_who_was_given_to_which(store: Store) -> None:
    arms = [{"name": "a", "profile": "X"}, {"name": "b", "profile": "Y"}]
    made = store.create_experiment("e1", "ladder or not", {"alpha": 0.05}, arms)
    assert (made["status"], made["arms"], made["spec"]) == ("running", arms, {"alpha": 0.05})
    rows = [{"unit": f"set-{n}", "arm": "ab"[n % 2], "outcome": {"a": 1.5, "b": -0.0}} for n in range(10)]
    assert store.add_assignments("e1", rows) == 10
    assert store.add_assignments("e1", [{"unit": "set-3", "arm": "a"}, {"unit": "new", "arm": "b"}]) == 1
    assert list(store.assignments("e1"))[:10] == rows
    store.set_experiment_result("e1", {"n": 10})
    stopped = store.stop_experiment("e1", "enough")
    assert (stopped["status"], stopped["stopped_because"], stopped["result"]) == ("stopped", "enough", {"n": 10})
    assert store.stop_experiment("e1", "later")["stopped_because"] == "enough"
    with pytest.raises(InvalidInput, match="already"):
        store.create_experiment("e1", "x", {}, arms)
    with pytest.raises(UnknownExperiment):
        store.experiment("e2")


# keys


def test_a_key_is_claimed_once_and_answers_the_same_afterwards(store: Store) -> None:
    with ThreadPoolExecutor(6) as pool:
        claims = list(pool.map(lambda _: store.claim_key("POST /api/runs", "k", "body").state, range(12)))
    assert sorted(claims) == ["new"] + ["pending"] * 11
    store.answer_key("POST /api/runs", "k", status=202, headers={"Location": "/x"}, body="{}")
    again = store.claim_key("POST /api/runs", "k", "body")
    assert (again.state, again.status, again.headers, again.body) == ("answered", 202, {"Location": "/x"}, "{}")
    assert store.claim_key("POST /api/runs", "k", "other").state == "other_body"
    assert store.claim_key("PUT /api/profiles/x", "k", "body").state == "new"
    store.release_key("PUT /api/profiles/x", "k")
    assert store.claim_key("PUT /api/profiles/x", "k", "other").state == "new"
    assert store.forget_keys(older_than=-1_000_000) == 2

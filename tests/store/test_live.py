"""What a live monitor shows is what it put last; what an operator asked is never lost and never done twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from exitbrain.errors import InvalidInput
from exitbrain.store import LiveEventQuery, Store, UnknownCommand, UsedKey
from exitbrain.store import live as rooms
from exitbrain.store import tables as t

from .rows import HOSTILE

NOW = 1_700_000_000_000_000
SECOND = 1_000_000


def begun(store: Store, monitor_id: str = "m1", at: int = NOW) -> str:
    store.begin_monitor(monitor_id, mode="paper", venue="venue-sim", started_at=at, config={"symbols": ["BTCUSDT"]})
    return monitor_id


def event(text: str, kind: str = "order", key: str | None = "BTCUSDT", at: int = NOW) -> rooms.LiveEvent:
    return {"at": at, "kind": kind, "key": key, "text": text, "body": {"text": text}}


# the monitor


def test_a_monitor_is_alive_while_it_is_heard(store: Store) -> None:
    assert store.monitor() is None
    begun(store)
    store.clock = lambda: NOW + 14 * SECOND
    first = store.monitor()
    assert first is not None and first["alive"] and first["heartbeat_age"] == 14
    store.clock = lambda: NOW + 15 * SECOND
    late = store.monitor()
    assert late is not None and not late["alive"] and late["ended_at"] is None
    assert store.heartbeat("m1", NOW + 15 * SECOND, {"naked": 0, "mode": "ACTIVE"})
    again = store.monitor()
    assert again is not None and again["alive"] and again["summary"] == {"naked": 0, "mode": "ACTIVE"}
    store.end_monitor("m1", NOW + 16 * SECOND, "SIGTERM")
    ended = store.monitor()
    assert ended is not None and not ended["alive"] and ended["ended_because"] == "SIGTERM"


def test_the_last_that_began_is_the_monitor_and_an_earlier_one_shows_nothing_any_more(store: Store) -> None:
    begun(store, "m1")
    store.put_positions("m1", [{"key": "A"}])
    begun(store, "m2", NOW + SECOND)
    assert store.live_positions() == []
    store.put_positions("m2", [{"key": "B"}])
    store.put_positions("m1", [{"key": "A"}])
    assert not store.heartbeat("m1", NOW + 2 * SECOND, {})
    assert [one["key"] for one in store.live_positions()] == ["B"]
    held = store.monitor()
    assert held is not None and held["monitor_id"] == "m2"


def test_what_an_ended_monitor_showed_last_stays(store: Store) -> None:
    begun(store)
    store.put_positions("m1", [{"key": "A"}])
    store.end_monitor("m1", NOW + SECOND, "done")
    assert store.live_positions() == [{"key": "A"}]


def test_one_id_may_begin_again(store: Store) -> None:
    begun(store)
    store.put_orders("m1", [{"id": "o1"}])
    begun(store, "m1", NOW + SECOND)
    held = store.monitor()
    assert held is not None and held["ended_at"] is None
    assert store.live_orders() == []


# positions and orders


@pytest.mark.parametrize("kind", ["positions", "orders"])
def test_what_is_put_replaces_what_was(store: Store, kind: str) -> None:
    name = "key" if kind == "positions" else "id"
    put, read = getattr(store, f"put_{kind}"), getattr(store, f"live_{kind}")
    begun(store)
    put("m1", [{name: "B", "n": 1}, {name: "A", "n": 1}])
    assert read() == [{name: "A", "n": 1}, {name: "B", "n": 1}]
    put("m1", [{name: "B", "n": 2}, {name: "C", "n": 1}])
    assert read() == [{name: "B", "n": 2}, {name: "C", "n": 1}]
    put("m1", [])
    assert read() == []


def test_only_what_changed_is_written(store: Store) -> None:
    begun(store)
    store.clock = lambda: NOW
    store.put_positions("m1", [{"key": "A", "n": 1}, {"key": "B", "n": 1}])
    store.clock = lambda: NOW + SECOND
    store.put_positions("m1", [{"key": "A", "n": 1}, {"key": "B", "n": 2}])
    with store.database.reading() as connection:
        changed = connection.execute(sa.select(t.live_positions.c.id, t.live_positions.c.changed_at))
        assert {row.id: row.changed_at for row in changed} == {"A": NOW, "B": NOW + SECOND}


def test_a_picture_is_read_whole_while_it_is_replaced(store: Store) -> None:
    begun(store)
    keys = [f"K{n:02}" for n in range(30)]
    store.put_positions("m1", [{"key": key, "round": 0} for key in keys])
    ended = threading.Event()

    def write() -> None:
        for number in range(1, 40):
            store.put_positions("m1", [{"key": key, "round": number} for key in keys])
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not ended.is_set():
            read = store.live_positions()
            assert len(read) == 30 and len({one["round"] for one in read}) == 1
    finally:
        writer.join()


def test_hostile_names_are_kept(store: Store) -> None:
    names = [name for name in HOSTILE if name != "\ud800"]  # which no database holds: it is written as "?"
    begun(store)
    store.put_positions("m1", [{"key": name} for name in names])
    assert {one["key"] for one in store.live_positions()} == set(names)
    store.add_events("m1", [event(name, kind=name, key=name) for name in names])
    for name in names:
        found = store.live_events(LiveEventQuery(kind=(name,), key=(name,)))
        assert [one["body"]["text"] for one in found] == [name]
    for name in names:
        store.ask_command("flatten", {"key": name}, name, NOW, name)
    assert [one["body"]["key"] for one in store.pending_commands()] == names


# events


def test_events_are_read_from_where_one_stopped(store: Store) -> None:
    begun(store)
    store.add_events("m1", [event(f"e{n}", kind="fill" if n % 2 else "order") for n in range(10)])
    newest = store.live_events(LiveEventQuery(limit=3))
    assert [one["text"] for one in newest] == ["e7", "e8", "e9"]
    older = store.live_events(LiveEventQuery(limit=3, before=newest[0]["seq"]))
    assert [one["text"] for one in older] == ["e4", "e5", "e6"]
    later = store.live_events(LiveEventQuery(limit=2, after=older[-1]["seq"]))
    assert [one["text"] for one in later] == ["e7", "e8"]
    fills = store.live_events(LiveEventQuery(kind=("fill",)))
    assert [one["text"] for one in fills] == ["e1", "e3", "e5", "e7", "e9"]
    assert store.live_event_kinds() == [{"value": "fill", "count": 5}, {"value": "order", "count": 5}]
    assert store.last_live_event() == newest[-1]["seq"]


def test_who_follows_the_events_of_many_writers_misses_none(store: Store) -> None:
    begun(store)
    writers, each = 4, 25
    seen: list[dict[str, Any]] = []
    done = threading.Event()

    def follow() -> None:
        last = 0
        while True:
            was_done = done.is_set()
            found = store.live_events(LiveEventQuery(after=last, limit=7))
            seen.extend(found)
            last = found[-1]["seq"] if found else last
            if was_done and not found:
                return

    reader = threading.Thread(target=follow)
    reader.start()

    def write(writer: int) -> None:
        for number in range(each):
            store.add_events("m1", [event(f"{writer}.{number}")])

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(write, range(writers)))
    done.set()
    reader.join()
    assert len(seen) == writers * each == len({one["text"] for one in seen})
    assert [one["seq"] for one in seen] == sorted(one["seq"] for one in seen)


def test_old_events_go_a_few_at_a_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "EVENTS_KEPT", 200)
    begun(store)
    store.add_events("m1", [event(f"e{n}") for n in range(200)])
    monkeypatch.setattr(rooms, "EVENTS_KEPT", 20)
    monkeypatch.setattr(rooms, "MOST_FORGOTTEN", 50)

    def held() -> int:
        return len(store.live_events(LiveEventQuery(limit=1000)))

    sizes = []
    for number in range(5):
        store.add_events("m1", [event(f"later {number}")])
        sizes.append(held())
    # Each call takes away what it brought and 50 more, and in the end no more than what is too many.
    assert sizes == [150, 100, 50, 20, 20]
    assert store.live_events()[-1]["text"] == "later 4"
    assert store.live_events()[-1]["seq"] == 205


# commands


def test_a_command_is_pending_until_it_is_finished_and_stays_for_the_audit(store: Store) -> None:
    first = store.ask_command("kill", {}, "ann", NOW, "k1")
    second = store.ask_command("flatten", {"key": "BTCUSDT", "epoch": 3}, "bob", NOW + SECOND, "k2")
    assert [one["command_id"] for one in store.pending_commands()] == [first, second]
    assert store.finish_command(first, NOW + 2 * SECOND, "done", "halted")
    assert [one["command_id"] for one in store.pending_commands()] == [second]
    assert store.command(first) == {
        "command_id": first,
        "kind": "kill",
        "body": {},
        "by": "ann",
        "at": "2023-11-14T22:13:20Z",
        "finished_at": "2023-11-14T22:13:22Z",
        "outcome": "done",
        "detail": "halted",
    }
    assert [one["command_id"] for one in store.commands()] == [second, first]


def test_the_first_word_about_a_command_stays(store: Store) -> None:
    one = store.ask_command("kill", {}, "ann", NOW, "k1")
    assert store.finish_command(one, NOW, "done", "halted")
    assert not store.finish_command(one, NOW + SECOND, "refused", "too late")
    assert (store.command(one)["outcome"], store.command(one)["detail"]) == ("done", "halted")
    with pytest.raises(UnknownCommand, match="no command 'command-9'"):
        store.finish_command("command-9", NOW, "done")


def test_one_key_is_one_command(store: Store) -> None:
    one = store.ask_command("flatten", {"key": "A"}, "ann", NOW, "k1")
    assert store.ask_command("flatten", {"key": "A"}, "ann", NOW + SECOND, "k1") == one
    assert len(store.commands()) == 1
    with pytest.raises(UsedKey, match="another|with the command flatten"):
        store.ask_command("flatten", {"key": "B"}, "ann", NOW, "k1")
    with pytest.raises(UsedKey):
        store.ask_command("kill", {"key": "A"}, "ann", NOW, "k1")
    with pytest.raises(InvalidInput, match="did you mean flatten"):
        store.ask_command("flaten", {}, "ann", NOW, "k2")
    assert len(store.commands()) == 1


def test_commands_of_many_at_once_are_each_there_once(store: Store) -> None:
    def ask(number: int) -> str:
        return store.ask_command("flatten", {"n": number % 20}, "ann", NOW, f"key {number % 20}")

    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(ask, range(60)))
    assert len(set(ids)) == 20
    pending = store.pending_commands()
    assert sorted(one["body"]["n"] for one in pending) == list(range(20))

    with ThreadPoolExecutor(6) as pool:
        ended = list(pool.map(lambda one: store.finish_command(one, NOW, "done"), [*ids, *ids]))
    assert sum(ended) == 20
    assert store.pending_commands() == []


def test_a_command_outlives_the_process_and_every_monitor(store: Store, url: str) -> None:
    begun(store)
    one = store.ask_command("latch_set", {"cause": "operator"}, "ann", NOW, "k1")
    begun(store, "m2", NOW + SECOND)
    again = Store.open(url)
    assert [held["command_id"] for held in again.pending_commands()] == [one]
    again.close()

"""One writer, no hole, nothing sent that is not written: on SQLite and on PostgreSQL (live.md I6, I7, I14)."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from exitbrain.core.live import events as e
from exitbrain.core.live.book import Settings, State
from exitbrain.core.live.text import canonical, digest, read
from exitbrain.errors import Halted, InvalidInput, Unavailable
from exitbrain.live.recording import Recorded, state_of
from exitbrain.live.simulation.playing import History
from exitbrain.live.simulation.swarm import swarm_of
from exitbrain.store import journal_postgres
from exitbrain.store.journal import Journal, Row, checked, open_journal, open_rows
from live.cut import Relay
from live.test_decisions import INSTRUMENT, KEY, PLAN
from store.conftest import SERVER, WITHOUT, fresh_database

needs_postgres = pytest.mark.skipif(SERVER is None, reason=WITHOUT)
PROCESSES = 4


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "j.db") if request.param == "sqlite" else postgres()


def postgres() -> str:
    assert SERVER is not None
    return fresh_database(SERVER)


@pytest.fixture
def quick_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_postgres, "LEASE_SECONDS", 1)


def told(url: str, *statements: str) -> list[Any]:
    """Statements past the journal, as someone with the database at hand would."""
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        done = connection.execute(statements[-1])
        return done.fetchall() if done.description else []


@contextmanager
def process(how: str, target: str) -> Iterator[subprocess.Popen[str]]:
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1]))
    child = subprocess.Popen(
        [sys.executable, "-m", "live.writing", how, target], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


def line(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def rows_of(target: str) -> list[Row]:
    read = open_rows(target)
    rows = list(checked(read))
    read.close()
    return rows


# the rows


@needs_postgres
def test_both_keep_the_same_rows(tmp_path: Path) -> None:
    kept = []
    for target in (str(tmp_path / "j.db"), postgres()):
        journal = open_journal(target)
        for at in range(20):
            journal.append(at, "event" if at % 5 else "note", f"body {at} é", soon=at % 3 != 0)
        journal.close()
        kept.append(rows_of(target))
    assert kept[0] == kept[1] and len(kept[0]) == 20


def played(recorded: Recorded, seed: int) -> None:
    """What a monitor met in a seeded history, behind a journal."""
    history = History(seed, swarm_of(seed))
    history.play()
    for now, event, _ in history.process.rows:
        recorded.take(event, now)


@pytest.mark.parametrize("seed", [6, 14])
def test_a_restart_has_the_state_that_was_left(target: str, seed: int) -> None:
    recorded = Recorded(open_journal(target), History(seed, swarm_of(seed)).process.settings, rows_a_snapshot=30)
    played(recorded, seed)
    recorded.journal.close()
    again = Recorded(open_journal(target), recorded.state.settings)
    assert canonical(again.state) == canonical(recorded.state)
    assert again.journal.fence == recorded.journal.fence + 1
    snapshots = [row.seq for row in again.journal.rows() if row.kind == "snapshot"]
    assert len(snapshots) >= 3 and again.journal.seq - snapshots[-1] < 200
    assert digest(state_of(again.journal.rows())) == digest(again.state)
    again.journal.close()


def test_a_state_that_the_rows_do_not_lead_to_is_told(tmp_path: Path) -> None:
    recorded = Recorded(open_journal(tmp_path / "j.db"), Settings())
    recorded.take(e.Managed(key=KEY, instrument=INSTRUMENT), 1)
    recorded.state = State()
    recorded.snapshot(2)
    recorded.journal.close()
    with pytest.raises(Halted, match="do not lead to it"):
        state_of(rows_of(str(tmp_path / "j.db")))


def test_a_state_read_back_goes_through_its_orders_in_the_same_order(target: str) -> None:
    """Effects come in that order: a start from a snapshot must not turn it round."""
    recorded = with_a_position(target)
    book = recorded.state.books[KEY].copy()
    book.orders = dict(reversed(book.orders.items()))
    again = read(canonical(replace(recorded.state, books=recorded.state.books.put(book))))
    assert isinstance(again, State) and list(again.books[KEY].orders) == list(book.orders)
    assert list(book.orders) != sorted(book.orders) and len(book.orders) > 1
    recorded.journal.close()


def test_settings_that_changed_are_a_row(target: str) -> None:
    first = Recorded(open_journal(target), Settings())
    first.take(e.Managed(key=KEY, instrument=INSTRUMENT), 1)
    first.journal.close()
    changed = Settings(disaster_fraction=Fraction(1, 5))
    for _ in range(2):
        again = Recorded(open_journal(target), changed)
        assert again.state.settings == changed and KEY in again.state.books
        again.journal.close()
    assert [row.kind for row in rows_of(target)] == ["settings", "event", "settings"]


# what may wait


def with_a_position(target: str) -> Recorded:
    recorded = Recorded(open_journal(target), Settings())
    recorded.take(e.Managed(key=KEY, instrument=INSTRUMENT), 1)
    recorded.take(e.Started(fence=1), 2)
    recorded.take(e.PositionSeen(key=KEY, lots=10, entry=Fraction(1000), version=3, asked_at=3), 3)
    for sent in recorded.take(e.OrdersSeen(key=KEY, asked_at=4, orders=()), 4):
        if isinstance(sent, e.Send):
            recorded.take(e.Answered(key=KEY, id=sent.id, cancel=False, outcome=e.Outcome.OK), 5)
    recorded.take(e.PlanGiven(key=KEY, epoch=1, plan=PLAN), 6)
    return recorded


def lost(journal: Journal) -> None:
    """What a kill leaves: all but what waited."""
    journal._waiting.clear()
    journal.close()


def test_what_a_kill_loses_is_sight_and_nothing_else(target: str) -> None:
    recorded = with_a_position(target)
    left = canonical(recorded.state)
    rows = recorded.journal.seq
    for i in range(5):
        assert not recorded.take(e.PriceSeen(key=KEY, ticks=999 - i), 7 + i)
    assert len(rows_of(target)) == rows < recorded.journal.seq
    lost(recorded.journal)
    again = Recorded(open_journal(target), Settings())
    assert canonical(again.state) == left
    again.journal.close()


def test_what_waits_is_on_disk_before_anything_is_sent(target: str) -> None:
    recorded = with_a_position(target)
    recorded.take(e.PriceSeen(key=KEY, ticks=999), 7)
    recorded.take(e.FlattenAsked(key=KEY, decision="d"), 8)
    left = canonical(recorded.state)
    lost(recorded.journal)
    again = Recorded(open_journal(target), Settings())
    assert canonical(again.state) == left
    again.journal.close()


def test_what_waits_is_on_disk_after_a_second(target: str) -> None:
    recorded = with_a_position(target)
    recorded.take(e.PriceSeen(key=KEY, ticks=999), 7)
    waiting = recorded.journal.seq
    recorded.take(e.PriceSeen(key=KEY, ticks=999), 1_000_007)
    assert len(rows_of(target)) >= waiting
    recorded.journal.close()


def test_a_peak_does_not_wait(target: str) -> None:
    """A stop may come to hang on it."""
    recorded = with_a_position(target)
    recorded.take(e.PriceSeen(key=KEY, ticks=1010), 7)
    assert len(rows_of(target)) == recorded.journal.seq
    recorded.journal.close()


# one writer


def test_a_second_writer_is_refused(target: str) -> None:
    first = open_journal(target)
    with pytest.raises(Unavailable, match="another process writes it"):
        open_journal(target)
    first.append(1, "note", "it writes on")
    first.close()
    second = open_journal(target)
    assert second.fence == first.fence + 1
    second.close()


def test_of_processes_that_race_one_writes(target: str) -> None:
    open_journal(target).close()
    children = [process("hold", target) for _ in range(PROCESSES)]
    said = sorted(line(child.__enter__()).split()[0] for child in children)
    for child in children:
        child.__exit__(None, None, None)
    assert said == ["holds"] + ["refused"] * (PROCESSES - 1)


def test_after_a_kill_the_next_writes_at_once(target: str) -> None:
    with process("write", target) as child:
        assert line(child) == "holds 1"
        while line(child) != "wrote 50":
            pass
    begun = time.monotonic()
    journal = None
    while journal is None:
        try:
            journal = open_journal(target)
        except Unavailable:
            assert time.monotonic() < begun + 2
    assert journal.fence == 2 and journal.seq >= 50
    journal.append(1, "note", "after")
    journal.close()
    assert len(rows_of(target)) == journal.seq


def test_the_database_refuses_rows_of_an_older_fence(target: str) -> None:
    journal = open_journal(target)
    journal.append(1, "note", "mine")
    if target.startswith("postgresql"):
        told(target, "UPDATE journal_lease SET epoch = epoch + 1")
    else:
        with sqlite3.connect(target) as other:
            other.execute("UPDATE lease SET epoch = epoch + 1")
        other.close()
    with pytest.raises(Unavailable, match="fenced"):
        journal.append(2, "note", "no more")
    with pytest.raises(Unavailable, match="open it again"):
        journal.append(3, "note", "nor this")
    assert not journal.is_held()
    journal.close()
    assert [row.body for row in rows_of(target)] == ["mine"]


@needs_postgres
def test_a_lease_that_ran_out_is_taken_though_its_session_lives(quick_lease: None) -> None:
    """A machine that sleeps: its server has not noticed, and it may wake up."""
    target = postgres()
    asleep = open_journal(target)
    asleep.append(1, "note", "before")
    with pytest.raises(Unavailable, match="another process writes it"):
        open_journal(target)
    time.sleep(1.2)
    assert not asleep.is_held()
    second = open_journal(target)
    second.append(2, "note", "after")
    with pytest.raises(Unavailable):
        asleep.append(2, "note", "woken")
    asleep.close()
    second.append(3, "note", "still")
    second.close()
    assert [row.body for row in rows_of(target)] == ["before", "after", "still"]


@needs_postgres
def test_a_lease_is_renewed_while_nothing_is_written(quick_lease: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_postgres, "RENEW_SECONDS", 0.2)
    target = postgres()
    journal = open_journal(target)
    for now in range(7):
        time.sleep(0.25)
        journal.keep(now)
        assert journal.is_held()
    with pytest.raises(Unavailable, match="another process writes it"):
        open_journal(target)
    journal.close()


@needs_postgres
def test_accounts_of_one_database_are_strangers() -> None:
    target = postgres()
    first, second = open_journal(target, "a"), open_journal(target, "b")
    first.append(1, "note", "of a")
    second.append(1, "note", "of b")
    assert (first.seq, second.seq) == (1, 1)
    assert [row.body for row in second.rows()] == ["of b"]
    first.close()
    second.close()


# what is done to it


@needs_postgres
@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE journal SET body = 'other' WHERE seq = 7",
        "UPDATE journal SET fence = 2 WHERE seq = 7",
        "DELETE FROM journal WHERE seq = 7",
        "DELETE FROM journal WHERE seq > 15",
        "DELETE FROM journal",
        "TRUNCATE journal",
    ],
)
def test_what_was_changed_or_cut_off_is_told(harm: str) -> None:
    import psycopg

    target = postgres()
    journal = open_journal(target)
    for at in range(20):
        journal.append(at, "event", f"body {at}")
    journal.close()
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        told(target, harm)
    told(target, "ALTER TABLE journal DISABLE TRIGGER ALL", harm)
    with pytest.raises(Halted, match="tail is lost|not what was written"):
        open_journal(target)
    with pytest.raises(Halted, match="tail is lost|not what was written"):
        rows_of(target)


@needs_postgres
@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_line_lost_within_a_row_leaves_it_open_whether_it_was_kept(cut: str, tmp_path: Path) -> None:
    target = postgres()
    folder = tmp_path / "s"
    folder.mkdir()
    relay = Relay(target, folder)
    recorded = with_a_position(relay.url)
    before = recorded.state
    relay.cut = cut
    with pytest.raises(Unavailable):
        recorded.take(e.FlattenAsked(key=KEY, decision="d"), 7)
    assert recorded.state is before  # nothing was sent
    with pytest.raises(Unavailable, match="open it again"):
        recorded.take(e.FlattenAsked(key=KEY, decision="d"), 8)
    recorded.journal.close()
    relay.close()
    again = Recorded(open_journal(target), Settings())
    target_ = again.state.books[KEY].target
    assert (target_ is not None) == (cut == "after")
    assert (canonical(again.state) == canonical(before)) == (cut == "before")
    # Whatever became of the row: the decision is taken once.
    again.take(e.FlattenAsked(key=KEY, decision="d"), 9)
    assert again.state.books[KEY].decided == ("d",)
    again.journal.close()


def test_a_full_disk_stops_the_writer_and_breaks_nothing(tmp_path: Path) -> None:
    target = str(tmp_path / "j.db")
    with process("starve", target) as child:
        said = [line(child)]
        while not said[-1].startswith("failed"):
            said.append(line(child))
        assert child.wait(10) == Unavailable.exit_status
    wrote = int(said[-2].split()[1])
    journal = open_journal(target)
    assert journal.seq in (wrote, wrote + 1)
    journal.append(1, "note", "space again")
    journal.close()


def test_a_locked_database_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exitbrain.store.journal_sqlite.BUSY_SECONDS", 0.1)
    file = tmp_path / "j.db"
    journal = open_journal(file)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"):
        journal.append(1, "note", "no")
    journal.close()
    with pytest.raises(Unavailable, match="locked"):
        open_journal(file)
    other.close()
    journal = open_journal(file)
    journal.append(1, "note", "yes")
    journal.close()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be read as one" * 20])
def test_reading_needs_a_journal(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "j.db"
    with pytest.raises(InvalidInput, match="no such file"):
        open_rows(file)
    file.write_bytes(content)
    with pytest.raises(InvalidInput):
        open_rows(file)
    assert file.read_bytes() == content


@needs_postgres
def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="journal postgresql"):
        open_journal(f"postgresql://nobody:secret@/none?host={tmp_path}")
    with pytest.raises(InvalidInput, match="no journal of account"):
        open_rows(postgres())


def test_a_lock_that_is_about_to_be_let_go_is_waited_for(tmp_path: Path) -> None:
    first = open_journal(tmp_path / "j")
    threading.Timer(0.2, first.close).start()
    second = open_journal(tmp_path / "j")
    assert second.fence > first.fence
    second.close()


@pytest.mark.parametrize("target", ["mysql://me:secret@db/x", "http://me:secret@db/x"])
def test_another_database_is_no_file(target: str) -> None:
    """Neither is a file of that name made, nor its password told."""
    with pytest.raises(InvalidInput) as told:
        open_journal(target)
    assert "secret" not in str(told.value) and "postgresql://USER@HOST/NAME" in str(told.value)


def test_a_journal_begins_anew_only_where_nobody_writes_it(tmp_path: Path) -> None:
    """I14: what another writes is not deleted under it."""
    file = tmp_path / "j.db"
    first = open_journal(file)
    first.append(1, "note", "kept")
    with pytest.raises(Unavailable, match="another process writes it"):
        open_journal(file, afresh=True)
    first.append(2, "note", "kept as well")
    first.close()
    assert [row.body for row in rows_of(str(file))] == ["kept", "kept as well"]
    open_journal(file, afresh=True).close()
    assert rows_of(str(file)) == []


def test_a_folder_is_no_journal_and_gets_no_lock(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    with pytest.raises(InvalidInput, match="a folder"):
        open_journal(folder)
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]

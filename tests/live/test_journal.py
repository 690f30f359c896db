"""The journal is on disk before the wire, and tells what was done to it (live.md I6, I7, I9)."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import pytest

from exitbrain.core.live import events as e
from exitbrain.core.live.book import Settings, State
from exitbrain.core.live.step import step
from exitbrain.core.live.text import canonical, digest, read
from exitbrain.errors import Halted, Unavailable
from exitbrain.live.recording import Recorded, state_of
from exitbrain.live.simulation.playing import History
from exitbrain.live.simulation.swarm import swarm_of
from exitbrain.store.journal import open_journal

KILLS = 6


def written(file: Path, rows: int = 20) -> None:
    journal = open_journal(file)
    for i in range(rows):
        journal.append(i, "event", f"body {i}")
    journal.close()


def test_a_history_reads_back_and_replays_to_the_same_state() -> None:
    history = History(5, swarm_of(5))
    history.play()
    state = State(settings=history.process.settings)
    for now, event, _ in history.process.rows:
        assert read(canonical(event)) == event
        state, _ = step(state, read(canonical(event)), now)
    assert digest(state) == digest(history.process.state)


@pytest.mark.parametrize("seed", [5, 6, 12])
def test_a_history_through_the_journal_decides_and_replays_alike(tmp_path: Path, seed: int) -> None:
    history = History(seed, swarm_of(seed))
    history.play()
    recorded = Recorded(open_journal(tmp_path / "j.db"), history.process.settings)
    for now, event, effects in history.process.rows:
        assert recorded.take(event, now) == effects
    recorded.note("over", "", recorded.at)
    assert recorded.state == history.process.state
    recorded.journal.close()
    again = Recorded(open_journal(tmp_path / "j.db"), history.process.settings)
    assert (again.state, again.at) == (history.process.state, recorded.at)
    assert state_of(again.journal.rows()) == again.state
    again.journal.close()


def test_prices_that_left_no_row_left_no_trace(tmp_path: Path) -> None:
    from live.test_decisions import INSTRUMENT, KEY, PLAN, SECOND

    recorded, now, dice = Recorded(open_journal(tmp_path / "j.db"), Settings()), SECOND, random.Random(7)

    def take(event: e.Event) -> None:
        for effect in recorded.take(event, now):
            if isinstance(effect, e.Send):
                take(e.Answered(key=KEY, id=effect.id, cancel=False, outcome=e.Outcome.OK))

    take(e.Managed(key=KEY, instrument=INSTRUMENT))
    take(e.Started(fence=1))
    for version in range(1, 30):
        now += 5 * SECOND
        take(e.PositionSeen(key=KEY, lots=10, entry=Fraction(1000), version=version, asked_at=now))
        orders = tuple(
            e.Resting(id=o.id, side=-1, kind=o.kind, level=o.level, lots=o.lots, close_position=o.close_position)
            for o in recorded.state.books[KEY].unfinished()
        )
        take(e.OrdersSeen(key=KEY, asked_at=now, orders=orders))
        take(e.PlanGiven(key=KEY, epoch=1, plan=PLAN) if version == 1 else e.Ticked())
        for number in range(20):
            now += SECOND // 5
            ticks = 984 if (version, number) == (15, 3) else dice.randint(990, 1012)
            take(e.PriceSeen(key=KEY, ticks=ticks))
    recorded.note("over", "", now)
    rows = [row for row in recorded.journal.rows() if "PriceSeen" in row.body]
    assert len(rows) < 29 * 20 / 3
    recorded.journal.close()
    again = Recorded(open_journal(tmp_path / "j.db"), Settings())
    assert again.state == recorded.state
    again.journal.close()


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    first = open_journal(tmp_path / "j.db")
    with pytest.raises(Unavailable, match="another process"):
        open_journal(tmp_path / "j.db")
    first.close()
    open_journal(tmp_path / "j.db").close()


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE journal SET body = 'other' WHERE seq = 7",
        "UPDATE journal SET at = at + 1 WHERE seq = 7",
        "DELETE FROM journal WHERE seq = 7",
        "DELETE FROM journal WHERE seq > 15",
        "DELETE FROM journal",
    ],
)
def test_what_was_changed_or_cut_off_is_told(tmp_path: Path, harm: str) -> None:
    written(tmp_path / "j.db")
    database = sqlite3.connect(tmp_path / "j.db", isolation_level=None)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        database.execute(harm)
    database.execute("DROP TRIGGER no_update")
    database.execute("DROP TRIGGER no_delete")
    database.execute(harm)
    database.close()
    with pytest.raises(Halted, match="tail is lost|not what was written"):
        open_journal(tmp_path / "j.db")


def test_a_torn_tail_is_told(tmp_path: Path) -> None:
    """A write-ahead log cut in the middle: SQLite goes on without its tail, in silence."""
    file = tmp_path / "j.db"
    keeps_open = open_journal(file)
    for i in range(20):
        keeps_open.append(i, "event", "x" * 2000)
    torn = tmp_path / "torn.db"
    for end in ("", "-wal", ".head"):
        source = Path(f"{file}{end}").read_bytes()
        Path(f"{torn}{end}").write_bytes(source[: len(source) * 2 // 3] if end == "-wal" else source)
    keeps_open.close()
    with pytest.raises(Halted, match="tail is lost"):
        open_journal(torn)


def test_nothing_is_taken_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded(open_journal(tmp_path / "j.db"), Settings())
    before = recorded.state

    def full(*_: object) -> int:
        raise OSError(28, "No space left")

    monkeypatch.setattr("exitbrain.store.journal_sqlite.os.pwrite", full)
    with pytest.raises(Unavailable, match="No space"):
        recorded.take(e.Started(fence=1), 1)
    assert recorded.state is before


def test_other_rules_than_those_that_wrote_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from live.test_decisions import INSTRUMENT, KEY

    recorded = Recorded(open_journal(tmp_path / "j.db"), Settings())
    recorded.take(e.Managed(key=KEY, instrument=INSTRUMENT), 1)
    recorded.journal.close()
    monkeypatch.setattr("exitbrain.live.recording.step", lambda state, event, now: (state, ()))
    with pytest.raises(Halted, match="decide otherwise"):
        Recorded(open_journal(tmp_path / "j.db"), Settings())


def test_what_was_sent_is_in_the_journal_after_any_kill(tmp_path: Path) -> None:
    dice, wire = random.Random(1), tmp_path / "wire"
    for _ in range(KILLS):
        environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[1]))
        child = subprocess.Popen(
            [sys.executable, "-m", "live.killed", str(tmp_path)], env=environment, stdout=subprocess.PIPE
        )
        assert child.stdout is not None and child.stdout.readline() == b"up\n"
        before = wire.stat().st_size if wire.exists() else 0
        while not wire.exists() or wire.stat().st_size == before:
            time.sleep(0.01)
        time.sleep(dice.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        recorded = Recorded(open_journal(tmp_path / "journal.db"), Settings())
        text = "\n".join(row.body for row in recorded.journal.rows())
        sent = wire.read_text().split()
        assert sent and all(f'\\"id\\":\\"{one}\\"' in text for one in sent)
        recorded.journal.close()

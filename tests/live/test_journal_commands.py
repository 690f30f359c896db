"""`exitbrain journal`: a journal judged, copied, and asked why an order was sent (live.md I9)."""

from __future__ import annotations

import json
import sqlite3
from fractions import Fraction
from pathlib import Path

import pytest

from exitbrain.cli import main
from exitbrain.core.live import events as e
from exitbrain.core.live import text
from exitbrain.core.live.book import Settings
from exitbrain.errors import Halted
from exitbrain.live.auditing import cause_chain
from exitbrain.live.recording import Recorded
from exitbrain.live.simulation.playing import History
from exitbrain.live.simulation.swarm import swarm_of
from exitbrain.store.journal import open_journal, open_rows
from live.test_decisions import KEY
from live.test_journals import needs_postgres, played, postgres, rows_of, with_a_position

SEED = 25
SETTINGS = History(SEED, swarm_of(SEED)).process.settings


@pytest.fixture
def history(tmp_path: Path) -> Path:
    file = tmp_path / "live.journal"
    recorded = Recorded(open_journal(file), SETTINGS, rows_a_snapshot=40)
    played(recorded, SEED)
    recorded.journal.close()
    return file


def test_verify_says_what_it_holds(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(history), "--json"]) == 0
    verdict = json.loads(capsys.readouterr().out)
    rows = rows_of(str(history))
    assert verdict["rows"] == len(rows) and verdict["head"] == rows[-1].hash
    assert verdict["by_kind"]["snapshot"] >= 3 and verdict["orders"] > 10


def test_who_only_reads_leaves_nothing_behind(history: Path) -> None:
    def lying() -> dict[str, tuple[int, int]]:
        return {one.name: (one.stat().st_size, one.stat().st_mtime_ns) for one in history.parent.iterdir()}

    before = lying()
    for words in (["verify"], ["show", "--last", "3"]):
        assert main(["journal", words[0], str(history), *words[1:]]) == 0
    assert lying() == before
    writing = open_journal(history)
    writing.append(1 << 60, "note", "kept")
    assert main(["journal", "verify", str(history)]) == 0
    assert f"{history.name}-wal" in lying(), "what another writes stays"
    writing.append(1 << 60, "note", "kept as well")
    writing.close()
    assert [row.body for row in rows_of(str(history))][-2:] == ["kept", "kept as well"]


@pytest.mark.parametrize("seq", [7, 71, 200])
def test_verify_ends_with_4_where_a_row_was_changed(
    history: Path, seq: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(history) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute("UPDATE journal SET body = replace(body, ':', ' :') WHERE seq = ?", (seq,))
    database.close()
    assert main(["journal", "verify", str(history)]) == 4
    assert f"row {seq} is not what was written" in capsys.readouterr().err


TEXTS_OF_A_ROW = ("kind", "body", "prev_hash", "hash")
DAMAGE = [f"UPDATE journal SET {one} = x'80' WHERE seq = 199" for one in TEXTS_OF_A_ROW]
DAMAGE += [f"UPDATE journal SET {one} = CAST(x'80' AS TEXT) WHERE seq = 199" for one in TEXTS_OF_A_ROW]
DAMAGE += [f"UPDATE journal SET {one} = 10000000000000000000 WHERE seq = 199" for one in ("at", "fence")]
DAMAGE += ["UPDATE journal SET body = '{' WHERE seq = 199", "UPDATE journal SET body = '{}' WHERE seq = 199"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_row_is_told_by_every_command(history: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Flipped bits make rows of other types and text that is none; `show` reads rows that nobody has checked before."""
    read = open_rows(history)
    (row,) = [one for one in read.after(198) if one.seq == 199]
    assert row.kind == "event"
    read.close()
    with sqlite3.connect(history) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute(damage)
    database.close()
    rows = str(read_last(history))
    for command in (["verify"], ["show", "--last", rows], ["show", "--last", rows, "--json"]):
        assert main(["journal", *command, str(history)]) == 4, command
        told = capsys.readouterr()
        assert told.err.startswith(f"journal {history}: ") and told.err.count("\n") == 1


def read_last(history: Path) -> int:
    read = open_rows(history)
    try:
        return read.last_seq()
    finally:
        read.close()


def test_a_chain_is_not_told_from_damaged_rows(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = open_rows(history)
    events = [(row.seq, json.loads(row.body)) for row in read.after(0) if row.kind == "event"]
    sent = {one.id: seq for seq, event in events for one in text.read(event["effects"]) if isinstance(one, e.Send)}
    read.close()
    id_, seq = max(sent.items(), key=lambda item: item[1])
    with sqlite3.connect(history) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute("UPDATE journal SET body = substr(body, 2) WHERE seq = ?", (seq,))
    database.close()
    assert main(["journal", "show", str(history), "--order", id_]) == 4
    assert f"row {seq} is not what was written" in capsys.readouterr().err


def test_a_damaged_lease_is_told(history: Path) -> None:
    with sqlite3.connect(history) as database:
        database.execute("UPDATE lease SET epoch = 'x'")
    database.close()
    with pytest.raises(Halted, match="its lease cannot be read"):
        open_journal(history)


@pytest.mark.parametrize("head", [b"\xff\xfe", b"", b"7", b"x y"])
def test_a_damaged_head_is_told(history: Path, head: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    history.with_name(f"{history.name}.head").write_bytes(head)
    assert main(["journal", "verify", str(history)]) == 4
    assert "its head cannot be read" in capsys.readouterr().err


def test_a_journal_cut_in_half_is_told(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Status 4 as at a start of `live`: it is a journal, and not what was written."""
    history.write_bytes(history.read_bytes()[: history.stat().st_size // 2])
    assert main(["journal", "verify", str(history)]) == 4
    assert main(["journal", "show", str(history)]) == 4
    assert "malformed" in capsys.readouterr().err


def test_a_journal_in_a_folder_that_cannot_be_written_is_read(
    history: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such as one that was put away. Who runs as root may write anywhere, and so the answer is given here."""
    monkeypatch.setattr("exitbrain.store.journal_sqlite.os.access", lambda *_: False)
    before = sorted(one.name for one in history.parent.iterdir())
    assert main(["journal", "verify", str(history)]) == 0
    assert sorted(one.name for one in history.parent.iterdir()) == before
    assert "whole" in capsys.readouterr().out


def test_a_folder_is_no_journal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "verify", str(tmp_path)]) == 2
    assert capsys.readouterr().err == f"{tmp_path}: a folder; accepted: the journal of a live monitor\n"


def test_every_order_has_its_chain(history: Path) -> None:
    """From the database alone: why, the intent, and what was heard of it."""
    read = open_rows(history)
    events = [json.loads(row.body) for row in read.after(0) if row.kind == "event"]
    sent = {one.id for event in events for one in text.read(event["effects"]) if isinstance(one, e.Send)}
    assert len(sent) > 10
    for id_ in sorted(sent):
        chain = cause_chain(read, id_)
        assert chain.order.id == id_ and ", life " in chain.why
        assert [link for link in chain.links if f"Send id={id_}" in link.text]
        assert [link.row.seq for link in chain.links] == sorted({link.row.seq for link in chain.links})
    read.close()


def test_a_decision_is_the_first_link_of_its_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "j.db"
    recorded = with_a_position(str(file))
    for order in list(recorded.state.books[KEY].present()):
        recorded.take(e.Answered(key=KEY, id=order.id, cancel=False, outcome=e.Outcome.OK), 7)
    recorded.note("decision", json.dumps({"decision": "d-1", "rule": "rsi_14 > 80"}), 8)
    effects = recorded.take(e.FlattenAsked(key=KEY, decision="d-1"), 8)
    now = 8
    while not (sent := [one.id for one in effects if isinstance(one, e.Send)]):
        now += 100_000
        effects = recorded.take(e.PositionSeen(key=KEY, lots=10, entry=Fraction(1000), version=now, asked_at=now), now)
    recorded.take(e.Answered(key=KEY, id=sent[0], cancel=False, outcome=e.Outcome.OK), now + 1)
    recorded.journal.close()
    assert main(["journal", "show", str(file), "--order", sent[0], "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [link["what"] for link in told["chain"]][:2] == ["decision", "FlattenAsked"]
    assert told["chain"][-1]["what"] == "Answered" and "because of d-1" in told["why"]
    assert main(["journal", "show", str(file), "--order", sent[0]]) == 0
    assert "rsi_14 > 80" in capsys.readouterr().out
    assert main(["journal", "show", str(file), "--order", "xg1nothing"]) == 2


def test_show_ends_with_the_last_rows(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "show", str(history), "--last", "3", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["rows"]
    assert [row["seq"] for row in shown] == [row.seq for row in rows_of(str(history))[-3:]]


@needs_postgres
def test_a_copy_leads_to_the_same_state_and_is_written_on(history: Path, tmp_path: Path) -> None:
    """SQLite to PostgreSQL and back; the rows keep their hashes."""
    open_journal(history).close()  # an opening without a row
    url, back = postgres(), tmp_path / "back.journal"
    assert main(["journal", "copy", str(history), url]) == 0
    assert main(["journal", "copy", url, str(back)]) == 0
    assert rows_of(str(history)) == rows_of(url) == rows_of(str(back))
    for target in (url, str(back)):
        again = Recorded(open_journal(target), SETTINGS)
        again.take(e.Started(fence=again.journal.fence), 10**9)
        again.journal.close()
        assert rows_of(target)[-1].fence == again.journal.fence > 1
    assert main(["journal", "verify", url]) == 0
    assert main(["journal", "copy", str(history), url]) == 2  # it holds rows now


@pytest.mark.parametrize("target", ["sqlite", pytest.param("postgresql", marks=needs_postgres)])
def test_a_copy_that_fails_leaves_no_rows(target: str, history: Path, tmp_path: Path) -> None:
    with sqlite3.connect(history) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute("UPDATE journal SET body = body || ' ' WHERE seq = 150")
    database.close()
    to = open_journal(postgres() if target == "postgresql" else tmp_path / "to")
    with pytest.raises(Exception, match="row 150"):
        to.adopt(iter(list(open_rows(history).after(0))))
    assert list(to.rows()) == [] and to.read.head()[0] == 0
    to.append(1, "note", "usable")
    to.close()


@pytest.mark.parametrize("command", [["verify"], ["show"], ["show", "--order", "x"], ["copy", "x.journal"]])
def test_bad_input_is_told(command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "notes.txt"
    for content in (None, "", "not a journal" * 200):
        if content is not None:
            file.write_text(content)
        name, *rest = command
        assert main(["journal", name, str(file), *rest]) == 2
        assert "Traceback" not in capsys.readouterr().err
        assert [one.name for one in tmp_path.iterdir()] == ([] if content is None else ["notes.txt"])


def test_a_copy_waits_for_no_writer(history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    writing = open_journal(history)
    assert main(["journal", "copy", str(history), str(tmp_path / "to")]) == 3
    assert "another process writes it" in capsys.readouterr().err
    assert main(["journal", "verify", str(history)]) == 0
    writing.close()
    assert main(["journal", "copy", str(history), str(history)]) == 2


def test_a_broken_journal_is_not_copied(history: Path, tmp_path: Path) -> None:
    with sqlite3.connect(history) as database:
        database.execute("DROP TRIGGER no_update")
        database.execute("UPDATE journal SET body = body || ' ' WHERE seq = 30")
    database.close()
    assert main(["journal", "copy", str(history), str(tmp_path / "to")]) == 4
    assert not (tmp_path / "to").exists()


def test_a_rotated_journal_goes_on_from_its_snapshot(
    history: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = rows_of(str(history))
    assert main(["journal", "rotate", str(history), "--json"]) == 0
    kept = Path(json.loads(capsys.readouterr().out)["kept"])
    after = rows_of(str(history))
    assert after[0].kind == "snapshot" and after == before[after[0].seq - 1 :] and rows_of(str(kept)) == before
    assert sorted(one.name for one in tmp_path.iterdir() if not one.name.endswith((".lock", "-wal", "-shm"))) == sorted(
        [history.name, f"{history.name}.head", kept.name]
    )
    told = []
    for file in (history, kept):
        assert main(["journal", "verify", str(file), "--json"]) == 0
        told.append(json.loads(capsys.readouterr().out))
    assert told[0]["state"] == told[1]["state"] and [one["first"] for one in told] == [after[0].seq, 1]
    again = Recorded(open_journal(history), SETTINGS)
    again.take(e.Started(fence=again.journal.fence), 10**15)
    again.journal.close()
    assert rows_of(str(history))[-1].fence > before[-1].fence
    open_journal(history).close()


def test_what_is_written_or_read_is_not_rotated(history: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = rows_of(str(history))
    writing = open_journal(history)
    assert main(["journal", "rotate", str(history)]) == 3
    writing.close()
    reading = sqlite3.connect(history, isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM journal").fetchone()
    assert main(["journal", "rotate", str(history)]) == 3
    reading.execute("COMMIT")
    reading.close()
    assert rows_of(str(history)) == before and "Traceback" not in capsys.readouterr().err
    Recorded(open_journal(history.with_name("new")), SETTINGS).journal.close()
    assert main(["journal", "rotate", str(history.with_name("new"))]) == 2


def test_settings_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Recorded(open_journal(tmp_path / "j"), Settings()).journal.close()
    assert main(["journal", "show", str(tmp_path / "j")]) == 0
    assert "Settings" in capsys.readouterr().out

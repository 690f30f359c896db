"""The journal as a SQLite file in WAL mode with synchronous=FULL. A lock beside it lets one process write.

A second small file, the head, tells how far the journal had come: SQLite goes on in silence without the end of a torn
log, and a journal that ends before its head has lost its tail.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from exitbrain.errors import Halted, InvalidInput, Problem, Unavailable
from exitbrain.store.journal import LATEST, LOCK_WITHIN, SNAPSHOT, START, Held, Journal, Row, Rows

BUSY_SECONDS = 2
_COLUMNS = "seq, at, kind, body, fence, prev_hash, hash"
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,"
    " body TEXT NOT NULL, fence INTEGER NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS journal_kinds ON journal (kind, seq) WHERE kind <> 'event'",
    "CREATE TABLE IF NOT EXISTS lease (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), epoch INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO lease VALUES (1, 0)",
    "CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS fenced BEFORE INSERT ON journal WHEN NEW.fence <> (SELECT epoch FROM lease)"
    " BEGIN SELECT RAISE(ABORT, 'fenced: another process has taken the journal over'); END",
)


class SqliteRows(Rows):
    def __init__(self, file: Path, db: sqlite3.Connection, *, tidies: bool = False) -> None:
        """`tidies`: the files that SQLite makes beside the journal for whoever reads it are gone when this is closed."""
        self.name = str(file)
        self._db = db
        self._tidied = file if tidies else None
        self._head = _head_of(file)

    def after(self, seq: int) -> Iterator[Row]:
        return self._rows("WHERE seq > ? ORDER BY seq", seq)

    def last(self, kind: str, *, before: int = LATEST) -> Row | None:
        # The second condition lets the partial index be used.
        which = "WHERE kind = ? AND kind <> 'event' AND seq < ? ORDER BY seq DESC LIMIT 1"
        return next(self._rows(which, kind, before), None)

    def last_seq(self) -> int:
        try:
            (seq,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM journal").fetchone()
        except sqlite3.DatabaseError as error:
            raise _told(self.name, error) from error
        return int(seq)

    def naming(self, text: str) -> Iterator[Row]:
        return self._rows("WHERE instr(body, ?) ORDER BY seq", text)

    def head(self) -> tuple[int, str]:
        try:
            seq, hash_ = self._head.read_text().split()
            return int(seq), hash_
        except FileNotFoundError:
            return 0, START
        except OSError as error:
            raise Unavailable(f"journal {self._head}: {error.strerror}") from None
        except ValueError:  # one that is no text, too
            raise Halted(f"journal {self._head}: its head cannot be read") from None

    def close(self) -> None:
        self._db.close()
        if self._tidied is not None:
            _tidy(self._tidied)

    def _rows(self, which: str, *values: object) -> Iterator[Row]:
        try:
            for row in self._db.execute(f"SELECT {_COLUMNS} FROM journal {which}", values):
                yield Row(*row)
        except sqlite3.DatabaseError as error:
            raise _told(self.name, error) from error


def sqlite_rows(file: Path) -> SqliteRows:
    accepted = "the journal of a live monitor"
    if not file.is_file():
        found = "a folder" if file.is_dir() else "not a file" if file.exists() else "no such file"
        raise InvalidInput(Problem(found=found, accepted=accepted, file=str(file)))
    # A reader of a log makes files beside it; in a folder where it may not, and nobody writes, it reads the file alone.
    is_idle = not file.with_name(f"{file.name}-wal").exists()
    kept = is_idle and not os.access(file.parent, os.W_OK)
    asked = f"file:{quote(str(file))}?mode=ro{'&immutable=1' if kept else ''}"
    db = sqlite3.connect(asked, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
    try:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    except sqlite3.DatabaseError as error:
        db.close()
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) != sqlite3.SQLITE_NOTADB:
            raise _told(str(file), error) from None
        raise InvalidInput(Problem(found=str(error), accepted=accepted, file=str(file))) from None
    if "journal" not in names:
        db.close()
        raise InvalidInput(Problem(found="a SQLite file without a journal", accepted=accepted, file=str(file)))
    return SqliteRows(file, db, tidies=is_idle and not kept)


def _tidy(file: Path) -> None:
    """SQLite itself deletes them when the last one closes that may write, and no other has the file open."""
    with suppress(sqlite3.Error):
        db = sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, isolation_level=None, timeout=0)
        try:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        finally:
            db.close()


class SqliteJournal(Journal):
    """Opening it takes the lock. Held where another has it, Halted where it is not what was written."""

    def __init__(self, file: Path, *, afresh: bool = False) -> None:
        if file.is_dir():
            raise InvalidInput(Problem(found="a folder", accepted="a journal's file", file=str(file)))
        self._lock = _locked(file.with_name(file.name + ".lock"), str(file))
        self._head = _head_of(file)
        self._one = threading.Lock()
        try:
            if afresh:  # not before the lock is held: another may be writing what would be deleted
                _remove(file)
            if not file.exists():
                os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS)
        except (OSError, sqlite3.Error) as error:
            os.close(self._lock)
            raise Unavailable(f"journal {file}: {getattr(error, 'strerror', None) or error}") from error
        super().__init__(SqliteRows(file, self._db))
        try:
            self._open()
        except BaseException as error:
            self._close()
            if isinstance(error, sqlite3.DatabaseError):
                raise _told(self.name, error) from error
            raise

    def is_held(self) -> bool:
        """The lock is held as long as the process lives, also while it sleeps."""
        return not self._failed

    def _open(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        for statement in _SCHEMA:
            self._db.execute(statement)
        last = self._check_tail()
        lease = self._db.execute("SELECT epoch FROM lease").fetchone()
        if lease is None or not isinstance(lease[0], int):
            raise Halted(f"journal {self.name}: its lease cannot be read")
        self._take_over(max(lease[0], last) + 1)

    def _take_over(self, fence: int) -> None:
        self._db.execute("UPDATE lease SET epoch = ?", (fence,))
        self.fence = fence

    def _write(self, rows: list[Row]) -> None:
        with self._one, self._transaction():
            self._insert(rows)
        self._write_head(rows[-1])

    def _insert(self, rows: list[Row]) -> None:
        self._db.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    @contextmanager
    def _adopting(self) -> Iterator[None]:
        with self._transaction():
            yield
        last = next(self.read.after(self.read.last_seq() - 1), None)
        if last is not None:
            self._write_head(last)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            with suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.DatabaseError):
                raise Unavailable(f"journal {self.name}: {error}") from error
            raise

    def _close(self) -> None:
        self._db.close()
        os.close(self._lock)

    def _write_head(self, row: Row) -> None:
        """Fixed width and one write: a head is whole or not there. It is not waited for: it comes after its row, so that
        one that is behind says nothing wrong, and a kill takes nothing from it."""
        try:
            head = os.open(self._head, os.O_CREAT | os.O_WRONLY, 0o600)
            try:
                os.pwrite(head, f"{row.seq:020d} {row.hash}\n".encode(), 0)
            finally:
                os.close(head)
        except OSError as error:
            raise Unavailable(f"journal {self.name}: {error.strerror}") from error


def rotate(file: Path) -> Path:
    """The rows before the last snapshot go to a file of their own, whose path it is; the journal begins with the snapshot.

    At any moment the journal is there, the old one or the new. InvalidInput where there is no snapshot yet, Unavailable
    where another writes or reads it.
    """
    sqlite_rows(file).close()
    journal = SqliteJournal(file)
    beside = file.with_name(f"{file.name}.new")
    try:
        snapshot = journal.read.last(SNAPSHOT)
        if snapshot is None or snapshot.seq == next(iter(journal.rows())).seq:
            raise InvalidInput(
                Problem(found="nothing before its last snapshot", accepted="a longer one", file=str(file))
            )
        _remove(beside, lock=True)
        made = SqliteJournal(beside)
        made.adopt(journal.rows(snapshot.seq - 1))
        made._take_over(journal.fence)
        made.close()
        kept = file.with_name(f"{file.stem}.until-{snapshot.seq}{file.suffix}")
        busy, *_ = journal._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        journal._db.close()
        if busy or file.with_name(f"{file.name}-wal").exists():
            raise Unavailable(f"journal {file}: another process reads it")
        os.link(file, kept)
        os.replace(beside, file)
        return kept
    finally:
        _remove(beside, lock=True)
        journal._close()


def _remove(file: Path, *, lock: bool = False) -> None:
    for end in ("", "-wal", "-shm", ".head", *((".lock",) if lock else ())):
        file.with_name(f"{file.name}{end}").unlink(missing_ok=True)


def _head_of(file: Path) -> Path:
    return file.with_name(file.name + ".head")


def _told(name: str, error: sqlite3.DatabaseError) -> Unavailable | Halted:
    """A file that is locked or a disk that is full may be tried again; one that is damaged may not."""
    # Text that is no UTF-8 is told by Python, which gives it no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Halted(f"journal {name}: {error}")
    return Unavailable(f"journal {name}: {error}")


def _locked(file: Path, name: str) -> int:
    try:
        lock = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise Unavailable(f"journal {file}: {error.strerror}") from None
    until = time.monotonic() + LOCK_WITHIN
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() < until:
                time.sleep(0.02)
                continue
            os.close(lock)
            raise Held(f"journal {name}: another process writes it") from None
        return lock

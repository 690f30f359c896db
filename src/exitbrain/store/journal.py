"""The live monitor's journal: append-only, each row bound to the one before by its hash, on disk before anything is sent.

One SQLite file in WAL mode with synchronous=FULL, one writer at a time (a lock beside it). A second small file, the
head, tells how far the journal had come: a journal that ends before its head has lost its tail.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from exitbrain.errors import Halted, Unavailable

START = "0" * 64
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL,"
    " body TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL)",
    "CREATE TRIGGER IF NOT EXISTS no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'append-only'); END",
    "CREATE TRIGGER IF NOT EXISTS no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append-only'); END",
)


class Row(NamedTuple):
    seq: int
    at: int
    kind: str
    body: str
    prev_hash: str
    hash: str


def row_hash(seq: int, at: int, kind: str, body: str, prev_hash: str) -> str:
    return hashlib.sha256("\n".join((str(seq), str(at), kind, prev_hash, body)).encode()).hexdigest()


class Journal:
    """Opening it takes the lock and checks the whole chain. Unavailable where another holds it, Halted where it is not
    what was written."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = self._locked(file.with_name(file.name + ".lock"))
        self._failed = False
        self._head = file.with_name(file.name + ".head")
        try:
            if not file.exists():
                os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            for statement in _SCHEMA:
                self._db.execute(statement)
            self.seq, self.hash = self._checked()
        except BaseException as error:
            os.close(self._lock)
            if isinstance(error, sqlite3.DatabaseError):
                raise Halted(f"journal {file}: {error}") from error
            raise

    @staticmethod
    def _locked(file: Path) -> int:
        try:
            lock = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise Unavailable(f"journal {file}: {error.strerror}") from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise Unavailable(f"journal {file}: another process writes it") from None
        return lock

    def append(self, at: int, kind: str, body: str) -> Row:
        """On disk when this returns. Unavailable where it cannot be written: then nothing may be sent, and the journal
        takes no more until it is opened again, since the row itself may have been kept."""
        if self._failed:
            raise Unavailable(f"journal {self.file}: a row could not be written; open it again")
        seq = self.seq + 1
        row = Row(seq, at, kind, body, self.hash, row_hash(seq, at, kind, body, self.hash))
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)", row)
            self._db.execute("COMMIT")
            self._write_head(row)
        except (sqlite3.Error, OSError) as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            self._failed = True
            raise Unavailable(f"journal {self.file}: {error}") from error
        self.seq, self.hash = row.seq, row.hash
        return row

    def rows(self) -> Iterator[Row]:
        for row in self._db.execute("SELECT seq, at, kind, body, prev_hash, hash FROM journal ORDER BY seq"):
            yield Row(*row)

    def close(self) -> None:
        self._db.close()
        os.close(self._lock)

    def _write_head(self, row: Row) -> None:
        """Fixed width and one write: a head is whole or not there."""
        head = os.open(self._head, os.O_CREAT | os.O_WRONLY, 0o600)
        try:
            os.pwrite(head, f"{row.seq:020d} {row.hash}\n".encode(), 0)
            os.fdatasync(head)
        finally:
            os.close(head)

    def _checked(self) -> tuple[int, str]:
        seq, last = 0, START
        head_seq, head_hash = self._read_head()
        for row in self.rows():
            whole = row.seq == seq + 1 and row.prev_hash == last and row.hash == row_hash(*row[:5])
            if not whole or (row.seq == head_seq and row.hash != head_hash):
                raise Halted(f"journal {self.file}: row {seq + 1} is not what was written after row {seq}")
            seq, last = row.seq, row.hash
        if seq < head_seq:
            raise Halted(
                f"journal {self.file}: ends at row {seq}, yet row {head_seq} had been written: its tail is lost"
            )
        return seq, last

    def _read_head(self) -> tuple[int, str]:
        try:
            text = self._head.read_text()
        except FileNotFoundError:
            return 0, START
        try:
            seq, hash_ = text.split()
            return int(seq), hash_
        except ValueError:
            raise Halted(f"journal {self._head}: its head cannot be read") from None

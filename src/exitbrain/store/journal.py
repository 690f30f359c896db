"""The live monitor's journal: append-only, each row bound to the one before by its hash, on disk before anything is sent.

It is a SQLite file, or an account in a PostgreSQL database; the rows and their hashes are the same. One process writes
it. Opening it takes the journal over and counts its fence up; a row of an older fence is refused by the database itself,
so that a writer that was replaced can write nothing, and what is not written is not sent.

A row may be let wait (`soon`): it goes to disk with the next one that may not, or after a second, whichever comes first.
The rows on disk are always the first ones that were appended, without a hole.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

from exitbrain.errors import Halted, InvalidInput, Unavailable

START = "0" * 64
SNAPSHOT = "snapshot"
LOCK_WITHIN = 1.0  # seconds: of a process that was killed, the last thread may hold it for a moment longer
LATEST = 1 << 62
MOST_WAITING = 256
LONGEST_WAIT = 1_000_000  # microseconds of the rows' own time


class Held(Unavailable):
    """Another process writes it."""


class Row(NamedTuple):
    """`at` is the event's time in microseconds, `fence` the opening that wrote it."""

    seq: int
    at: int
    kind: str
    body: str
    fence: int
    prev_hash: str
    hash: str

    @property
    def is_whole(self) -> bool:
        """A damaged file has rows of other types, too."""
        texts = (self.kind, self.body, self.prev_hash)
        return all(isinstance(one, str) for one in texts) and self.hash == row_hash(*self[:6])


def row_hash(seq: int, at: int, kind: str, body: str, fence: int, prev_hash: str) -> str:
    return hashlib.sha256("\n".join((str(seq), str(at), kind, str(fence), prev_hash, body)).encode()).hexdigest()


def open_journal(target: str | Path, account: str = "main", *, afresh: bool = False) -> Journal:
    """The journal of a file, or of an account where `target` is postgresql://…, for writing. `afresh` begins a file
    anew: what it held is gone.

    Held where another writes it, Unavailable where it cannot be reached, Halted where it is not what was written.
    """
    if is_postgres(target):
        from exitbrain.store.journal_postgres import PostgresJournal

        assert not afresh
        return PostgresJournal(str(target), account)
    from exitbrain.store.journal_sqlite import SqliteJournal

    return SqliteJournal(_file(target), afresh=afresh)


def open_rows(target: str | Path, account: str = "main") -> Rows:
    """The same for reading, beside the process that writes. InvalidInput where there is no journal."""
    if is_postgres(target):
        from exitbrain.store.journal_postgres import postgres_rows

        return postgres_rows(str(target), account)
    from exitbrain.store.journal_sqlite import sqlite_rows

    return sqlite_rows(_file(target))


def is_postgres(target: str | Path) -> bool:
    return str(target).startswith(("postgresql:", "postgres:", "postgresql+psycopg:"))


def _file(target: str | Path) -> Path:
    place, accepted = str(target).removeprefix("sqlite:///"), "a file, or postgresql://USER@HOST/NAME"
    kind, is_url, _ = place.partition("://")
    if is_url:  # without what follows, which may hold a password
        raise InvalidInput(f"a journal at {kind}://", accepted=accepted)
    return Path(place)


class Rows(ABC):
    """For reading: another process may write meanwhile."""

    name: str

    @abstractmethod
    def after(self, seq: int) -> Iterator[Row]:
        """Those on disk, in order, from the one after `seq` on."""

    @abstractmethod
    def last(self, kind: str, *, before: int = LATEST) -> Row | None:
        """The last row of a kind, ahead of the row `before`; events are not looked for."""

    @abstractmethod
    def last_seq(self) -> int:
        """0 where there is none."""

    @abstractmethod
    def naming(self, text: str) -> Iterator[Row]:
        """Rows whose body holds the text, in order."""

    @abstractmethod
    def head(self) -> tuple[int, str]:
        """How far the journal had come: seq and hash."""

    @abstractmethod
    def close(self) -> None: ...


class Journal(ABC):
    """What is common to both: the chain, and the rows that wait. Opening checks the chain from the last snapshot on."""

    def __init__(self, read: Rows) -> None:
        self.name = read.name
        self.read = read
        self.fence = 0
        self.seq, self.hash = 0, START
        self._waiting: list[Row] = []
        self._failed = False

    def append(self, at: int, kind: str, body: str, *, soon: bool = False) -> Row:
        """On disk when this returns, with all that waited; or `soon`, later.

        Unavailable where it cannot be written: then nothing may be sent, and the journal takes no more until it is
        opened again, since the row itself may have been kept.
        """
        self._refuse_if_failed()
        seq = self.seq + 1
        hash_ = row_hash(seq, at, kind, body, self.fence, self.hash)
        row = Row(seq, at, kind, body, self.fence, self.hash, hash_)
        self._waiting.append(row)
        self.seq, self.hash = row.seq, row.hash
        first = self._waiting[0]
        if not soon or len(self._waiting) >= MOST_WAITING or at >= first.at + LONGEST_WAIT:
            self.flush()
        return row

    def flush(self) -> None:
        """All that waits goes to disk."""
        self._refuse_if_failed()
        if not self._waiting:
            return
        try:
            self._write(self._waiting)
        except BaseException:
            self._failed = True
            raise
        self._waiting = []

    def adopt(self, rows: Iterable[Row]) -> None:
        """The rows of another journal as they are, into one that holds none: all of them, or none."""
        if self.seq:
            raise InvalidInput(f"journal {self.name} holds {self.seq} rows", accepted="one that holds none")
        fence = self.fence
        last = None
        with self._adopting():
            for fence, part in groupby(chained(self.name, rows), key=lambda row: row.fence):
                self._take_over(fence)
                while batch := list(islice(part, MOST_WAITING)):
                    self._insert(batch)
                    last = batch[-1]
            self._take_over(fence + 1)
        if last is not None:
            self.seq, self.hash = last.seq, last.hash

    def rows(self, after: int = 0) -> Iterator[Row]:
        """Those on disk, in order, from the one after `after` on."""
        return self.read.after(after)

    def close(self) -> None:
        """What waits is written first, where it can be."""
        try:
            if not self._failed:
                self.flush()
        finally:
            self._close()

    def keep(self, now: int) -> None:
        """To be called now and then while nothing is appended: what waits goes to disk in time, and a lease is renewed.

        Unavailable where either fails.
        """
        if self._waiting and now >= self._waiting[0].at + LONGEST_WAIT:
            self.flush()

    @abstractmethod
    def is_held(self) -> bool:
        """Whether no other can have taken the journal over. To be asked just before the wire: a process may have slept."""

    @abstractmethod
    def _write(self, rows: list[Row]) -> None:
        """All of them or none; Unavailable, with it left open which of the two."""

    @abstractmethod
    def _adopting(self) -> AbstractContextManager[None]:
        """One transaction."""

    @abstractmethod
    def _insert(self, rows: list[Row]) -> None: ...

    @abstractmethod
    def _take_over(self, fence: int) -> None:
        """From here on only rows of this fence go in."""

    @abstractmethod
    def _close(self) -> None: ...

    def _refuse_if_failed(self) -> None:
        if self._failed:
            raise Unavailable(f"journal {self.name}: a row could not be written; open it again")

    def _check_tail(self) -> int:
        """The chain from the last snapshot on; `seq` and `hash` are its end. The last row's fence."""
        snapshot = self.read.last(SNAPSHOT)
        fence = 0
        for row in checked(self.read, snapshot):
            self.seq, self.hash, fence = row.seq, row.hash, row.fence
        return fence


def checked(read: Rows, since: Row | None = None) -> Iterator[Row]:
    """The rows as they come, from a row on or all; Halted at one that is not what was written, or at a lost tail."""
    seq, last = (0, START) if since is None else (since.seq - 1, since.prev_hash)
    head_seq, head_hash = read.head()
    for row in chained(read.name, read.after(seq), seq, last):
        if row.seq == head_seq and row.hash != head_hash:
            raise broken(read.name, row.seq)
        yield row
        seq = row.seq
    if seq < head_seq:
        raise Halted(f"journal {read.name}: ends at row {seq}, yet row {head_seq} had been written: its tail is lost")


def chained(name: str, rows: Iterable[Row], seq: int = 0, last: str = START) -> Iterator[Row]:
    """The rows as they come; Halted at one that does not follow the one before. Rows may begin with a snapshot: those
    before it are kept elsewhere (`rotate`)."""
    for row in rows:
        if seq == 0 and row.seq > 1 and row.kind == SNAPSHOT:
            seq, last = row.seq - 1, row.prev_hash
        if row.seq != seq + 1 or row.prev_hash != last or not row.is_whole:
            raise broken(name, seq + 1)
        yield row
        seq, last = row.seq, row.hash


def whole(name: str, rows: Iterable[Row]) -> Iterator[Row]:
    """Some of the rows, each by itself; Halted at one that is not what was written."""
    for row in rows:
        if not row.is_whole:
            raise broken(name, row.seq)
        yield row


def broken(name: str, seq: int) -> Halted:
    return Halted(f"journal {name}: row {seq} is not what was written after row {seq - 1}")

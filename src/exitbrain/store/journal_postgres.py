"""The journal as an account in a PostgreSQL database, with a lease: one process writes an account, and others wait.

The writer holds an advisory lock of its own session, so that a process that dies lets go at once. The lease names the
fence (`epoch`), who holds it and till when; it also is the head: each row that goes in moves it on, in the same
statement, and only from the row before it and under the lease's epoch. So a second writer, or one that was replaced, is
refused by the database.

A session can outlive its process: the machine is gone, or asleep, and the server has not noticed. Then the lease runs
out, and the next process ends that session and counts the epoch up.
"""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.store.databases import CONNECT_SECONDS, checked_url
from exitbrain.store.journal import LATEST, LOCK_WITHIN, START, Held, Journal, Row, Rows

LEASE_SECONDS = 30
RENEW_SECONDS = 10
STATEMENT_SECONDS = 10
_COLUMNS = "seq, at, kind, body, fence, prev_hash, hash"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal_lease (account text PRIMARY KEY, epoch bigint NOT NULL, holder text NOT NULL,
  expires timestamptz NOT NULL, seq bigint NOT NULL, hash text NOT NULL);
CREATE TABLE IF NOT EXISTS journal (account text NOT NULL, seq bigint NOT NULL, at bigint NOT NULL, kind text NOT NULL,
  body text NOT NULL, fence bigint NOT NULL, prev_hash text NOT NULL, hash text NOT NULL, PRIMARY KEY (account, seq));
CREATE INDEX IF NOT EXISTS journal_kinds ON journal (account, kind, seq) WHERE kind <> 'event';
CREATE OR REPLACE FUNCTION journal_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'append-only'; END $$;
CREATE OR REPLACE FUNCTION journal_fenced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE journal_lease SET seq = NEW.seq, hash = NEW.hash
    WHERE account = NEW.account AND epoch = NEW.fence AND seq = NEW.seq - 1 AND hash = NEW.prev_hash;
  IF NOT FOUND THEN RAISE EXCEPTION 'fenced: another process has taken the journal over' USING ERRCODE = 'EB001'; END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION journal_append_only();
CREATE OR REPLACE TRIGGER fenced BEFORE INSERT ON journal FOR EACH ROW EXECUTE FUNCTION journal_fenced();
"""
_SCHEMA_LOCK = 0x65786974  # taken while the tables are made


class PostgresRows(Rows):
    def __init__(self, name: str, account: str, connection: Any) -> None:
        self.name = name
        self.account = account
        self.connection = connection

    def after(self, seq: int) -> Iterator[Row]:
        while page := self._rows("seq > %s ORDER BY seq LIMIT 5000", seq):
            yield from page
            seq = page[-1].seq

    def last(self, kind: str, *, before: int = LATEST) -> Row | None:
        found = self._rows("kind = %s AND kind <> 'event' AND seq < %s ORDER BY seq DESC LIMIT 1", kind, before)
        return found[0] if found else None

    def last_seq(self) -> int:
        return int(self.execute("SELECT coalesce(max(seq), 0) FROM journal WHERE account = %s", self.account)[0][0])

    def naming(self, text: str) -> Iterator[Row]:
        return iter(self._rows("strpos(body, %s) > 0 ORDER BY seq", text))

    def head(self) -> tuple[int, str]:
        found = self.execute("SELECT seq, hash FROM journal_lease WHERE account = %s", self.account)
        return found[0] if found else (0, START)

    def close(self) -> None:
        self.connection.close()

    def execute(self, statement: str, *values: object) -> list[Any]:
        import psycopg

        try:
            done = self.connection.execute(statement, values or None)
            return done.fetchall() if done.description else []
        except psycopg.Error as error:
            raise Unavailable(f"journal {self.name}: {_first_line(error)}") from error

    def _rows(self, which: str, *values: object) -> list[Row]:
        statement = f"SELECT {_COLUMNS} FROM journal WHERE account = %s AND {which}"
        return [Row(*row) for row in self.execute(statement, self.account, *values)]


def postgres_rows(url: str, account: str) -> PostgresRows:
    read = _connected(url, account)
    if read.execute("SELECT to_regclass('journal_lease')")[0][0] is None or read.head()[0] == 0:
        read.close()
        raise InvalidInput(
            Problem(found=f"no journal of account {account!r}", accepted="one that holds it", file=read.name)
        )
    return read


class PostgresJournal(Journal):
    """Opening it takes the lease. Unavailable where another holds it, Halted where it is not what was written."""

    def __init__(self, url: str, account: str = "main") -> None:
        self._read = _connected(url, account)
        self._account = account
        super().__init__(self._read)
        self._renewed = 0.0
        self._lock_number = int.from_bytes(
            hashlib.sha256(f"journal {account}".encode()).digest()[:8], "big", signed=True
        )
        try:
            self._make_tables()
            self._lock()
            self._take_lease()
            self._check_tail()
        except BaseException:
            self._close()
            raise

    def is_held(self) -> bool:
        """Whether the lease, by this machine's clock since it was last renewed, cannot have run out."""
        return not self._failed and time.monotonic() < self._renewed + LEASE_SECONDS

    def keep(self, now: int) -> None:
        super().keep(now)
        self._renew_if_due()

    def _renew_if_due(self) -> None:
        if time.monotonic() > self._renewed + RENEW_SECONDS:
            self._renew()

    def _renew(self) -> None:
        self._refuse_if_failed()
        before = time.monotonic()
        try:
            kept = self._read.execute(
                "UPDATE journal_lease SET expires = now() + make_interval(secs => %s)"
                " WHERE account = %s AND epoch = %s RETURNING 1", LEASE_SECONDS, self._account, self.fence,
            )  # fmt: skip
        except Unavailable:
            self._failed = True
            raise
        if not kept:
            self._failed = True
            raise Unavailable(f"journal {self.name}: another process has taken it over")
        self._renewed = before

    def _make_tables(self) -> None:
        made = self._read.execute(
            "SELECT 1 FROM pg_trigger WHERE tgname = 'fenced' AND tgrelid = to_regclass('journal')"
        )
        if not made:
            with self._read.connection.transaction():
                self._read.execute("SELECT pg_advisory_xact_lock(%s)", _SCHEMA_LOCK)
                self._read.execute(_SCHEMA)

    def _lock(self) -> None:
        """An account's writer holds its lock as long as its session lives, which is a moment longer than a killed process."""
        until = time.monotonic() + min(LOCK_WITHIN, LEASE_SECONDS / 4)  # not till a lease runs out
        while not self._try_lock():
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        else:
            return
        found = self._read.execute(
            "SELECT holder, expires < now(), to_char(expires AT TIME ZONE 'UTC', 'HH24:MI:SS')"
            " FROM journal_lease WHERE account = %s", self._account,
        )  # fmt: skip
        if not found or not found[0][1]:
            who = f" ({found[0][0]}, till {found[0][2]} UTC)" if found else ""
            raise Held(f"journal {self.name}: another process writes it{who}")
        # Its holder let the lease run out, yet its session lives. From here on its rows are refused.
        self._read.execute(
            "UPDATE journal_lease SET epoch = epoch + 1 WHERE account = %s AND expires < now()", self._account
        )
        self._read.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND (classid::bigint << 32) | objid::bigint = %s", self._lock_number,
        )  # fmt: skip
        if not self._try_lock():
            raise Held(f"journal {self.name}: another process writes it")

    def _try_lock(self) -> bool:
        return bool(self._read.execute("SELECT pg_try_advisory_lock(%s)", self._lock_number)[0][0])

    def _take_lease(self) -> None:
        before = time.monotonic()
        holder = f"{socket.gethostname()} {os.getpid()}"
        taken = self._read.execute(
            "INSERT INTO journal_lease VALUES (%s, 1, %s, now() + make_interval(secs => %s), 0, %s)"
            " ON CONFLICT (account) DO UPDATE SET epoch = journal_lease.epoch + 1, holder = excluded.holder,"
            " expires = excluded.expires RETURNING epoch",
            self._account, holder, LEASE_SECONDS, START,
        )  # fmt: skip
        self.fence = taken[0][0]
        self._renewed = before

    def _write(self, rows: list[Row]) -> None:
        """One statement, and so one round trip that is a transaction of its own."""
        self._insert(rows)
        self._renew_if_due()

    def _insert(self, rows: list[Row]) -> None:
        places = ", ".join(["(%s, %s, %s, %s, %s, %s, %s, %s)"] * len(rows))
        values = [value for row in rows for value in (self._account, *row)]
        self._read.execute(f"INSERT INTO journal (account, {_COLUMNS}) VALUES {places}", *values)

    @contextmanager
    def _adopting(self) -> Iterator[None]:
        with self._read.connection.transaction():
            yield

    def _take_over(self, fence: int) -> None:
        self._read.execute("UPDATE journal_lease SET epoch = %s WHERE account = %s", fence, self._account)
        self.fence = fence

    def _close(self) -> None:
        with suppress(Exception):
            self._read.close()


def _connected(url: str, account: str) -> PostgresRows:
    checked = checked_url(url).set(drivername="postgresql")
    name = f"{checked.render_as_string(hide_password=True)} {account}"
    try:
        import psycopg
    except ImportError:
        raise Unavailable('PostgreSQL needs the package psycopg: pip install "exitbrain[postgres]"') from None
    settings = {"synchronous_commit": "on", "statement_timeout": f"{STATEMENT_SECONDS}s", "lock_timeout": "5s"}
    try:
        connection = psycopg.connect(
            checked.render_as_string(hide_password=False), autocommit=True, connect_timeout=CONNECT_SECONDS,
            keepalives_idle=5, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=10_000,
            options=" ".join(f"-c {key}={value}" for key, value in settings.items()),
        )  # fmt: skip
    except psycopg.Error as error:
        raise Unavailable(f"journal {name}: {_first_line(error)}") from error
    return PostgresRows(name, account, connection)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

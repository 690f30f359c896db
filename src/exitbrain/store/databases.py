"""Connections: a SQLite file in WAL mode, or PostgreSQL. What goes wrong with either is said in our own errors."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection, Engine, make_url

from exitbrain.errors import InvalidInput, Problem, Unavailable

ACCEPTED = "sqlite:///FILE or postgresql://USER@HOST/NAME"
POSTGRESQL = ("postgres", "postgresql", "postgresql+psycopg")
SQLITE = ("sqlite", "sqlite+pysqlite")
BUSY_SECONDS = 30
CONNECT_SECONDS = 10


class Database:
    """One database. Threads may share it: each block has a connection of its own."""

    def __init__(self, url: str) -> None:
        self.url = checked_url(url)
        self.dialect = self.url.get_backend_name()
        self._engine = _engine(self.url)
        readers = {} if self.dialect == "sqlite" else {"isolation_level": "REPEATABLE READ"}
        self._reading = self._engine.execution_options(**readers)
        self._writing = self._engine.execution_options(writes=True)

    @property
    def shown_url(self) -> str:
        plain = self.url.set(drivername=self.dialect)
        return plain.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """All that is read in the block is of one instant."""
        with self._told_errors(), self._reading.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it, or nothing where the block raises."""
        with self._told_errors(), self._writing.begin() as connection:
            yield connection

    def take_turns(self, connection: Connection, what: str) -> None:
        """Until the transaction ends, others that name the same wait here. SQLite has one writer anyway."""
        if self.dialect != "sqlite":
            number = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], "big", signed=True)
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _told_errors(self) -> Iterator[None]:
        try:
            yield
        except exc.IntegrityError:
            raise
        except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
            raise Unavailable(f"store {self.shown_url}: {_first_line(error)}") from error
        except exc.DatabaseError as error:
            if isinstance(error.orig, sqlite3.DatabaseError):  # not a database, or a damaged one
                found = _first_line(error)
                raise InvalidInput(
                    Problem(found=found, accepted="a store of exitbrain", file=self.shown_url)
                ) from error
            raise Unavailable(f"store {self.shown_url}: {_first_line(error)}") from error


def checked_url(text: str) -> URL:
    """InvalidInput for what is no URL of a database that can be used; a password in it is never shown."""
    try:
        url = make_url(text.strip())
        url.port  # noqa: B018  a property that may refuse
    except (exc.ArgumentError, ValueError):
        raise InvalidInput(Problem(found="no URL of a database", accepted=ACCEPTED)) from None
    if url.drivername in POSTGRESQL:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in SQLITE:
        raise InvalidInput(Problem(found=f"a database URL that starts with {url.drivername}", accepted=ACCEPTED))
    if not url.database or url.database == ":memory:" or url.host or url.query:
        found = url.render_as_string(hide_password=True)
        raise InvalidInput(Problem(found=found, accepted="sqlite:///FILE, or sqlite:////FILE for a full path"))
    file = Path(os.path.abspath(url.database))
    if file.is_dir():
        raise InvalidInput(Problem(found="a folder", accepted="a file", file=str(file)))
    if not file.parent.is_dir():
        raise InvalidInput(Problem(found=f"no folder {file.parent}", accepted="a folder that exists", file=str(file)))
    return url.set(drivername="sqlite+pysqlite", database=str(file))


def searchable(text: Any) -> str | None:
    """Text that both databases can hold and compare: without NUL and halves of characters."""
    if text is None:
        return None
    written = str(text)
    if written.isascii() and "\x00" not in written:
        return written
    return written.replace("\x00", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode("utf-8")


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        _make_private(Path(str(url.database)))
        engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": CONNECT_SECONDS})
    except ImportError:
        raise Unavailable('PostgreSQL needs the package psycopg: pip install "exitbrain[postgres]"') from None


def _make_private(file: Path) -> None:
    """What SQLite puts beside the file takes over its rights.

    A file that is there is not opened: closing it would take away the locks that this process holds on it.
    """
    try:
        if not (file.exists() and os.access(file, os.R_OK | os.W_OK)):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        found = f"cannot be written: {error.strerror}"
        raise InvalidInput(Problem(found=found, accepted="a file that can be written", file=str(file))) from None


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, not by the driver's guess
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA cache_size=-65536")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer that began as a reader could not wait for another one.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: exc.SQLAlchemyError) -> str:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

"""Every test of the store runs on SQLite, and on PostgreSQL where EXITBRAIN_TEST_POSTGRES names a server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa

from exitbrain.store import Store

SERVER = os.environ.get("EXITBRAIN_TEST_POSTGRES")
WITHOUT = "EXITBRAIN_TEST_POSTGRES names no server"


@cache
def own_database(server: str) -> sa.URL:
    """A new database of this test process."""
    name = f"exitbrain_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return url.set(database=name)


OTHERS = """SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def fresh_database(server: str) -> str:
    """The database of this test process with nothing in it: it is emptied in a fifth of the time that another takes."""
    url = own_database(server)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(OTHERS)
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    if SERVER is None:
        pytest.skip(WITHOUT)
    return fresh_database(SERVER)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store.open(url)
    yield opened
    opened.close()

"""Every test of the store runs on SQLite, and on PostgreSQL where EXITBRAIN_TEST_POSTGRES names a server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from exitbrain.store import Store

SERVER = os.environ.get("EXITBRAIN_TEST_POSTGRES")
WITHOUT = "EXITBRAIN_TEST_POSTGRES names no server"


def fresh_database(server: str) -> str:
    """A database of this test process, with nothing in it."""
    name = f"exitbrain_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    engine.dispose()
    return url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)


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

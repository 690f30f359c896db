"""Tables come and go step by step, on both databases alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.resources import as_file, files

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from exitbrain.errors import Unavailable
from exitbrain.store import Store
from exitbrain.store.databases import Database
from exitbrain.store.migrating import HEAD, migrate
from exitbrain.store.tables import metadata

from .rows import put


def revisions() -> list[str]:
    """From the first to the last."""
    with as_file(files("exitbrain.store") / "migrations") as folder:
        config = Config()
        config.set_main_option("script_location", str(folder))
        return [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()][::-1]


def names(database: Database) -> set[str]:
    with database.reading() as connection:
        inspector = sa.inspect(connection)
        return {*inspector.get_table_names(), *inspector.get_view_names()} - {"alembic_version"}


def test_the_newest_revision_is_the_one_that_a_store_is_brought_to() -> None:
    assert revisions()[-1] == HEAD


def test_the_steps_make_the_tables_that_the_code_knows(url: str) -> None:
    database = Database(url)
    migrate(database)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    assert names(database) == {*metadata.tables, "latch_changes"}
    database.close()


def test_every_step_goes_up_and_down_again(url: str) -> None:
    database = Database(url)
    steps, seen = revisions(), []
    for revision in steps:
        migrate(database, revision)
        seen.append(names(database))
    assert all(before < after for before, after in zip(seen, seen[1:]))
    for revision, expected in list(zip(steps, seen))[-2::-1]:
        migrate(database, revision)
        assert names(database) == expected
    migrate(database, "base")
    assert names(database) == set()
    migrate(database)
    assert names(database) == seen[-1]
    database.close()


def test_a_store_opened_again_has_what_it_had(url: str) -> None:
    first = Store.open(url)
    put(first, "r1", sets=[])
    first.close()
    second = Store.open(url)
    assert second.run("r1")["status"] == "done"
    second.close()


def test_several_may_open_a_new_store_at_once(url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(lambda _: Store.open(url), range(6)))
    for number, store in enumerate(stores):
        put(store, f"r{number}", sets=[])
    assert stores[0].runs().total == 6
    for store in stores:
        store.close()


def test_a_store_of_a_later_version_is_left_alone(url: str) -> None:
    Store.open(url).close()
    database = Database(url)
    with database.writing() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(Unavailable, match="9999.*later version"):
        Store.open(url)

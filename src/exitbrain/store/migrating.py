"""The tables brought to a revision, up or down, in one transaction that others wait for."""

from __future__ import annotations

from importlib.resources import as_file, files

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from exitbrain.errors import Unavailable
from exitbrain.store.databases import Database

HEAD = "0004"
LOCK = 0x65786974  # any number that is ours: "exit"


def migrate(database: Database, revision: str = HEAD) -> None:
    """Do nothing where the revision is reached. Raises Unavailable for a store that a later version wrote."""
    with database.reading() as connection:
        if _revision(connection) == revision:
            return
    with database.writing() as connection:
        if database.dialect == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        before = _revision(connection)
        if before != revision:  # another process may have been first
            _run(connection, before, revision)


def _run(connection: Connection, before: str | None, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    with as_file(files("exitbrain.store") / "migrations") as folder:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
        if before is not None and before not in known:
            raise Unavailable(
                f"the store is of revision {before}, which a later version of exitbrain made: install that"
            )
        is_up = before is None or (revision in known and known.index(revision) < known.index(before))
        (command.upgrade if is_up else command.downgrade)(config, revision)


def _revision(connection: Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)

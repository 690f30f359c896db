"""Alembic's door: runs the steps on the connection that `exitbrain.store.migrating` gives."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()

"""Profiles that were kept, version by version. A version never changes and none is taken away."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from exitbrain.core.instants import instant_of, iso
from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable


class Profiles:
    database: Database
    clock: Callable[[], int]

    def profiles(self) -> list[dict[str, Any]]:
        """The newest version of each, by name; `versions` counts them."""
        v = t.profile_versions
        newest = sa.select(v.c.name, sa.func.max(v.c.version).label("version"), sa.func.count().label("versions"))
        newest = newest.group_by(v.c.name).subquery()
        rows = (
            sa.select(v, newest.c.versions)
            .join(newest, (v.c.name == newest.c.name) & (v.c.version == newest.c.version))
            .order_by(v.c.name)
        )
        with self.database.reading() as connection:
            found = connection.execute(rows).mappings().all()
        return [_told(row) | {"versions": row["versions"]} for row in found]

    def profile(self, name: str, version: int | None = None) -> dict[str, Any] | None:
        """A version with its `content`, the newest by default."""
        v = t.profile_versions
        wanted = sa.select(v).where(v.c.name == searchable(name))
        if version is not None:
            wanted = wanted.where(v.c.version == min(max(version, 0), 2**31))
        with self.database.reading() as connection:
            row = connection.execute(wanted.order_by(v.c.version.desc()).limit(1)).mappings().first()
        return None if row is None else _told(row) | {"content": row["content"]}

    def profile_history(self, name: str) -> list[dict[str, Any]]:
        """Every version with its content, the newest first."""
        v = t.profile_versions
        wanted = sa.select(v).where(v.c.name == searchable(name)).order_by(v.c.version.desc())
        with self.database.reading() as connection:
            rows = connection.execute(wanted).mappings().all()
        return [_told(row) | {"content": row["content"]} for row in rows]

    def put_profile(self, name: str, content: str, note: str | None = None) -> dict[str, Any]:
        """A version more, unless the newest holds the same; `is_new` tells. Of writers at once, each has its turn."""
        name = str(searchable(name))
        v = t.profile_versions
        newest = sa.select(v).where(v.c.name == name).order_by(v.c.version.desc()).limit(1)
        with self.database.writing() as connection:
            self.database.take_turns(connection, f"profile {name}")
            held = connection.execute(newest).mappings().first()
            if held is not None and held["content"] == content:
                return _told(held) | {"content": content, "is_new": False}
            made = {
                "name": name,
                "version": 1 if held is None else held["version"] + 1,
                "content": content,
                "sha256": hashlib.sha256(content.encode()).hexdigest(),
                "created_at": self.clock(),
                "note": searchable(note),
            }
            connection.execute(sa.insert(v).values(**made))
        return _told(made) | {"content": content, "is_new": True}


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in ("name", "version", "sha256", "note")}
    return shown | {"created_at": iso(instant_of(row["created_at"]))}

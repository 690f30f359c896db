"""Events of a run: what was refused, when the latch changed, and notes about plans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable
from exitbrain.store.queries import EventQuery, Page
from exitbrain.store.runs import result_key

FACETS = ("reason", "kind")


class Events:
    database: Database

    def events(self, run_id: str, query: EventQuery | None = None) -> Page:
        """In order of happening, as events.jsonl has them."""
        query = query or EventQuery()
        events = t.events
        with self.database.reading() as connection:
            wanted = _conditions(result_key(connection, run_id), query)
            total = connection.execute(sa.select(sa.func.count()).select_from(events).where(*wanted)).scalar_one()
            rows = (
                sa.select(events.c.body)
                .where(*wanted)
                .order_by(events.c.seq)
                .limit(query.page_size)
                .offset((query.page - 1) * query.page_size)
            )
            bodies = connection.execute(rows).scalars().all()
            counts = {
                name: connection.execute(
                    sa.select(events.c[name], sa.func.count())
                    .where(*wanted, events.c[name].is_not(None))
                    .group_by(events.c[name])
                ).all()
                for name in FACETS
            }
        facets = {
            name: [{"value": value, "count": count} for value, count in sorted(rows, key=lambda row: (-row[1], row[0]))]
            for name, rows in counts.items()
        }
        made = [json.loads(body) for body in bodies]
        return Page(rows=made, total=total, page=query.page, page_size=query.page_size, facets=facets)

    def event_rows(self, run_id: str, query: EventQuery | None = None) -> Iterator[dict[str, Any]]:
        """All events of a query, whatever its page."""
        with self.database.reading() as connection:
            wanted = _conditions(result_key(connection, run_id), query or EventQuery())
            chosen = sa.select(t.events.c.body).where(*wanted).order_by(t.events.c.seq)
            for body in connection.execute(chosen).scalars():
                yield json.loads(body)

    def latch_changes(self, run_id: str) -> list[dict[str, Any]]:
        return list(self.event_rows(run_id, EventQuery(kind=("latch",))))


def _conditions(key: int, query: EventQuery) -> list[Any]:
    events = t.events
    wanted: list[Any] = [events.c.result_key == key]
    for name in ("reason", "kind", "category", "symbol"):
        if values := getattr(query, name):
            wanted.append(events.c[name].in_([searchable(value) for value in values]))
    if query.set_id is not None:
        wanted.append(events.c.set_id == searchable(query.set_id))
    if query.time_from is not None:
        wanted.append(events.c.time >= query.time_from)
    if query.time_to is not None:
        wanted.append(events.c.time < query.time_to)
    return wanted

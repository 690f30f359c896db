"""Events of a run: what was refused, when the latch changed, and notes about plans."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable
from exitbrain.store.queries import EventQuery, Page
from exitbrain.store.runs import result_key

FACETS = ("reason", "kind", "category", "symbol", "trigger_id")


class Events:
    database: Database

    def events(self, run_id: str, query: EventQuery | None = None) -> Page:
        """In order of happening, as events.jsonl has them."""
        return self._page((run_id,), query or EventQuery())

    def event_rows(self, run_id: str, query: EventQuery | None = None) -> Iterator[dict[str, Any]]:
        """All events of a query, whatever its page."""
        yield from self._rows((run_id,), query or EventQuery())

    def events_of_runs(self, run_ids: Sequence[str] = (), query: EventQuery | None = None) -> Page:
        """Of several runs, or of every finished one where none is named, in order of time."""
        return self._page(run_ids, query or EventQuery())

    def event_rows_of_runs(
        self, run_ids: Sequence[str] = (), query: EventQuery | None = None
    ) -> Iterator[dict[str, Any]]:
        yield from self._rows(run_ids, query or EventQuery())

    def _page(self, run_ids: Sequence[str], query: EventQuery) -> Page:
        events = t.events
        with self.database.reading() as connection:
            wanted = _conditions(connection, run_ids, query)
            total = connection.execute(sa.select(sa.func.count()).select_from(events).where(*wanted)).scalar_one()
            rows = _ordered(run_ids, wanted).limit(query.page_size).offset((query.page - 1) * query.page_size)
            bodies = connection.execute(rows).scalars().all()
            counts = {
                name: connection.execute(
                    sa.select(events.c[name], sa.func.count())
                    # Its own filter left out, so that the other values can still be chosen.
                    .where(*_conditions(connection, run_ids, replace(query, **{name: ()})))
                    .where(events.c[name].is_not(None))
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

    def _rows(self, run_ids: Sequence[str], query: EventQuery) -> Iterator[dict[str, Any]]:
        with self.database.reading() as connection:
            wanted = _conditions(connection, run_ids, query)
            for body in connection.execute(_ordered(run_ids, wanted)).scalars():
                yield json.loads(body)

    def latch_changes(self, run_id: str) -> list[dict[str, Any]]:
        return list(self.event_rows(run_id, EventQuery(kind=("latch",))))


def _ordered(run_ids: Sequence[str], wanted: Sequence[Any]) -> Any:
    """One run's events stand in their own order; those of several are laid together by time."""
    events = t.events
    by = (events.c.seq,) if len(run_ids) == 1 else (events.c.time, events.c.result_key, events.c.seq)
    return sa.select(events.c.body).where(*wanted).order_by(*by)


def _conditions(connection: sa.Connection, run_ids: Sequence[str], query: EventQuery) -> list[Any]:
    events = t.events
    wanted: list[Any] = [_of(connection, run_ids)]
    for name in ("reason", "kind", "category", "symbol", "trigger_id"):
        if values := getattr(query, name):
            wanted.append(events.c[name].in_([searchable(value) for value in values]))
    if query.set_id is not None:
        wanted.append(events.c.set_id == searchable(query.set_id))
    if query.time_from is not None:
        wanted.append(events.c.time >= query.time_from)
    if query.time_to is not None:
        wanted.append(events.c.time < query.time_to)
    return wanted


def _of(connection: sa.Connection, run_ids: Sequence[str]) -> Any:
    if run_ids:
        return t.events.c.result_key.in_([result_key(connection, run_id) for run_id in run_ids])
    return t.events.c.result_key.in_(sa.select(t.runs.c.result_key).where(t.runs.c.result_key.is_not(None)))

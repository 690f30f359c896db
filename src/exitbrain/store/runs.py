"""Runs: what was asked, how far it is, and what it came to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from exitbrain.core.instants import instant_of, iso
from exitbrain.errors import Problem
from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable
from exitbrain.store.queries import Busy, NotFinished, Page, RunQuery, UnknownRun
from exitbrain.store.writing import ResultWriter, compact, delete_result

QUEUED, RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED = (
    "queued", "running", "done", "failed", "cancelled", "interrupted",
)  # fmt: skip
STATUSES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED, INTERRUPTED)
UNDER_WAY = (QUEUED, RUNNING)
TIMES = ("created_at", "started_at", "finished_at")
FIGURES = ("net_pnl", "net_r", "net_r_mean", "win_rate", "max_drawdown")
SHOWN = (
    "run_id", "kind", "status", *TIMES, "error", "label", "timeframe", "start", "end", "bars", "paths", "num_sets",
    *FIGURES,
)  # fmt: skip


class Runs:
    database: Database
    clock: Callable[[], int]

    # asking

    def runs(self, query: RunQuery | None = None) -> Page:
        query = query or RunQuery()
        wanted = _conditions(query)
        name = query.sort.removeprefix("-")
        column = t.runs.c[name]
        order = column.desc() if query.sort.startswith("-") else column.asc()
        rows = (
            sa.select(t.runs)
            .where(*wanted)
            .order_by(order.nulls_last(), t.runs.c.run_id)
            .limit(query.page_size)
            .offset((query.page - 1) * query.page_size)
        )
        with self.database.reading() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(t.runs).where(*wanted)).scalar_one()
            found = connection.execute(rows).mappings().all()
            counts = connection.execute(
                sa.select(t.runs.c.status, sa.func.count()).where(*wanted).group_by(t.runs.c.status)
            ).all()
        facets = {"status": [{"value": status, "count": count} for status, count in sorted(counts)]}
        return Page(
            rows=[_row(one) for one in found], total=total, page=query.page, page_size=query.page_size, facets=facets
        )

    def run(self, run_id: str) -> dict[str, Any]:
        with self.database.reading() as connection:
            row = _run(connection, run_id)
        return _row(row) | {
            "request": None if row["request"] is None else json.loads(row["request"]),
            "sources": None if row["sources"] is None else json.loads(row["sources"]),
            "has_results": row["result_key"] is not None,
        }

    def find_run(self, run_id: str) -> dict[str, Any] | None:
        try:
            return self.run(run_id)
        except UnknownRun:
            return None

    def description(self, run_id: str) -> dict[str, Any]:
        """run.json."""
        return dict(self._result(run_id, "description"))

    def metrics(self, run_id: str) -> dict[str, Any]:
        return dict(self._result(run_id, "metrics"))

    def timings(self, run_id: str) -> dict[str, Any]:
        return dict(self._result(run_id, "timings"))

    def files(self, run_id: str) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            files = t.run_files
            wanted = sa.select(files.c.name, files.c.sha256, files.c.size).where(files.c.result_key == key)
            rows = connection.execute(wanted.order_by(files.c.name)).mappings().all()
        return [dict(row) for row in rows]

    def _result(self, run_id: str, name: str) -> Any:
        with self.database.reading() as connection:
            key = result_key(connection, run_id)
            held = connection.execute(sa.select(t.results.c[name]).where(t.results.c.result_key == key)).scalar_one()
        return json.loads(held)

    # changing

    def put_run(
        self,
        run_id: str,
        *,
        status: str,
        owner: str | None,
        about: Mapping[str, Any],
        kind: str = "backtest",
        request: Mapping[str, Any] | None = None,
        sources: Sequence[Mapping[str, Any]] | None = None,
        paths: str | None = None,
        label: str | None = None,
    ) -> None:
        """A run that is about to be computed, or computed again. `about` is what run.json will say of its inputs.

        Raises Busy where another owner has it under way.
        """
        symbols = [str(symbol) for symbol in about.get("symbols") or ()]
        now = self.clock()
        values: dict[str, Any] = {
            "kind": kind,
            "status": status,
            "started_at": now if status == RUNNING else None,
            "owner": owner,
            "error": None,
            "paths": searchable(paths),
            "symbols": compact(symbols),
            "timeframe": searchable(about.get("timeframe")),
            "start": searchable(about.get("start")),
            "end": searchable(about.get("end")),
            "bars": about.get("bars"),
        }
        for name, given in (("request", request), ("sources", sources)):
            if given is not None:
                values[name] = compact(given)
        if label is not None:
            values["label"] = searchable(label)
        with self.database.writing() as connection:
            mine = t.runs.c.run_id == run_id
            before = connection.execute(sa.select(t.runs).where(mine)).mappings().first()
            if before is not None and before["status"] in UNDER_WAY and before["owner"] != owner:
                found = f"run {run_id} is {before['status']} in another process"
                raise Busy(Problem(found=found, accepted="a run that is not under way"))
            words = [run_id, label or (before or {}).get("label"), about.get("timeframe"), *symbols]
            values["words"] = searchable(" ".join(str(word) for word in words if word).lower())
            if before is None:
                connection.execute(sa.insert(t.runs).values(run_id=run_id, created_at=now, **values))
            else:
                again = {} if before["result_key"] is not None else {"created_at": now, "finished_at": None}
                connection.execute(sa.update(t.runs).where(mine).values(**values, **again))
            connection.execute(sa.delete(t.run_symbols).where(t.run_symbols.c.run_id == run_id))
            if symbols:
                rows = [{"run_id": run_id, "symbol": searchable(symbol)} for symbol in dict.fromkeys(symbols)]
                connection.execute(sa.insert(t.run_symbols), rows)

    def started(self, run_id: str) -> None:
        """A queued run is running. One that is over, or that another has started, stays what it is."""
        with self.database.writing() as connection:
            _run(connection, run_id)
            mine = (t.runs.c.run_id == run_id, t.runs.c.status == QUEUED)
            connection.execute(sa.update(t.runs).where(*mine).values(status=RUNNING, started_at=self.clock()))

    def ended(self, run_id: str, status: str, error: str | None = None) -> str:
        """A run that came to nothing; what it had before counts again. The status that it has now."""
        with self.database.writing() as connection:
            row = _run(connection, run_id)
            status = DONE if row["result_key"] is not None else status
            values = {"status": status, "error": error, "owner": None, "finished_at": self.clock()}
            if row["result_key"] is not None:
                values.pop("finished_at")
            connection.execute(sa.update(t.runs).where(t.runs.c.run_id == run_id).values(**values))
        return status

    def writer(self, run_id: str) -> ResultWriter:
        return ResultWriter(self.database, run_id)

    def done(
        self,
        writer: ResultWriter,
        *,
        description: Mapping[str, Any],
        metrics: Mapping[str, Any],
        timings: Mapping[str, Any],
        files: Sequence[Mapping[str, Any]],
    ) -> None:
        run = {name: _float(metrics.get(name)) for name in FIGURES}
        writer.finish(
            description=description,
            metrics=metrics,
            timings=timings,
            files=files,
            run=run
            | {
                "num_sets": metrics.get("num_sets"),
                "status": DONE,
                "error": None,
                "owner": None,
                "finished_at": self.clock(),
            },
        )

    def delete_run(self, run_id: str) -> None:
        with self.database.writing() as connection:
            row = _run(connection, run_id)
            if row["status"] in UNDER_WAY:
                raise Busy(Problem(found=f"run {run_id} is {row['status']}", accepted="a run that is not under way"))
            for key in connection.execute(_keys_of(run_id)).scalars().all():
                delete_result(connection, key)
            connection.execute(sa.delete(t.run_symbols).where(t.run_symbols.c.run_id == run_id))
            connection.execute(sa.delete(t.runs).where(t.runs.c.run_id == run_id))

    def remove_unfinished(self, run_id: str) -> None:
        """Rows of a run that no result of it counts; its computation must be over."""
        with self.database.writing() as connection:
            counted = connection.execute(sa.select(t.runs.c.result_key).where(t.runs.c.run_id == run_id)).scalar()
            for key in connection.execute(_keys_of(run_id)).scalars().all():
                if key != counted:
                    delete_result(connection, key)

    def counts(self) -> dict[str, int]:
        """How many runs have each status."""
        with self.database.reading() as connection:
            counted = sa.select(t.runs.c.status, sa.func.count()).group_by(t.runs.c.status)
            found = dict(connection.execute(counted).all())
        return {status: found.get(status, 0) for status in STATUSES}

    def owners_under_way(self) -> list[str | None]:
        with self.database.reading() as connection:
            wanted = sa.select(t.runs.c.owner).where(t.runs.c.status.in_(UNDER_WAY))
            return list(connection.execute(wanted).scalars())

    def mark_interrupted(self, is_gone: Callable[[str | None], bool]) -> list[str]:
        """Runs under way whose owner is gone; rows that nobody will finish are removed. The ids of these runs."""
        with self.database.writing() as connection:
            under_way = sa.select(t.runs).where(t.runs.c.status.in_(UNDER_WAY))
            gone = [row for row in connection.execute(under_way).mappings().all() if is_gone(row["owner"])]
            for row in gone:
                status = INTERRUPTED if row["result_key"] is None else DONE
                values = {"status": status, "owner": None, "error": "its process ended before it did"}
                if row["result_key"] is None:
                    values["finished_at"] = self.clock()
                connection.execute(sa.update(t.runs).where(t.runs.c.run_id == row["run_id"]).values(**values))
            for key in connection.execute(_unowned()).scalars().all():
                delete_result(connection, key)
        return [row["run_id"] for row in gone]


def result_key(connection: Connection, run_id: str) -> int:
    row = _run(connection, run_id)
    if row["result_key"] is None:
        raise NotFinished(Problem(found=f"run {run_id} is {row['status']}", accepted="a run that is done"))
    return int(row["result_key"])


def unknown_run(run_id: str) -> UnknownRun:
    return UnknownRun(Problem(found=f"no run {run_id[:80]!r} in the store", accepted="an id that `runs list` shows"))


def _run(connection: Connection, run_id: str) -> Mapping[str, Any]:
    wanted = sa.select(t.runs).where(t.runs.c.run_id == searchable(run_id))
    row = connection.execute(wanted).mappings().first()
    if row is None:
        raise unknown_run(run_id)
    return row


def _conditions(query: RunQuery) -> list[Any]:
    wanted: list[Any] = []
    if query.kind is not None:
        wanted.append(t.runs.c.kind == searchable(query.kind))
    if query.status:
        wanted.append(t.runs.c.status.in_([searchable(status) for status in query.status]))
    if query.symbol is not None:
        symbols = sa.select(t.run_symbols.c.run_id).where(t.run_symbols.c.symbol == searchable(query.symbol))
        wanted.append(t.runs.c.run_id.in_(symbols))
    if query.q:
        wanted.append(t.runs.c.words.contains(searchable(query.q.lower()), autoescape=True))
    return wanted


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: row[name] for name in SHOWN}
    for name in TIMES:
        shown[name] = None if row[name] is None else iso(instant_of(row[name]))
    return shown | {"symbols": json.loads(row["symbols"])}


def _keys_of(run_id: str) -> Any:
    return sa.select(t.results.c.result_key).where(t.results.c.run_id == run_id)


def _unowned() -> Any:
    """Results that no run points at and no running run will: left by processes that ended."""
    counted = sa.select(t.runs.c.result_key).where(t.runs.c.result_key.is_not(None))
    under_way = sa.select(t.runs.c.run_id).where(t.runs.c.status.in_(UNDER_WAY))
    return sa.select(t.results.c.result_key).where(
        t.results.c.result_key.not_in(counted), t.results.c.run_id.not_in(under_way)
    )


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None

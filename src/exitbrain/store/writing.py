"""A run's rows written in bulk: a transaction a chunk, and the run done in the last of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from exitbrain.core.instants import microseconds
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable

CHUNK = 5_000  # sets, plans or events
LABELS = ("reason", "category")
Row = tuple[Any, ...]
_COMPACT = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
Item = TypeVar("Item")


def compact(value: Any) -> str:
    """JSON in ASCII, which no database can spoil."""
    return _COMPACT.encode(value)


class ResultWriter:
    """The rows of one result of a run. Nobody sees them before `finish`."""

    def __init__(self, database: Database, run_id: str) -> None:
        self.database = database
        self.run_id = run_id
        with database.writing() as connection:
            made = connection.execute(sa.insert(t.results).values(run_id=run_id).returning(t.results.c.result_key))
            self.key = int(made.scalar_one())

    def trade_sets(self, rows: Iterable[Mapping[str, Any]], told: Callable[[int], None] = lambda count: None) -> None:
        """Sets as trade_sets.json holds them. `told` hears how many are there."""
        seq = 0
        for chunk in _chunks(rows):
            sets: list[Row] = []
            bodies: list[Row] = []
            labels: list[Row] = []
            legs: list[Row] = []
            for one in chunk:
                seq += 1
                sets.append((self.key, seq, *_set_columns(one)))
                bodies.append((self.key, seq, compact({**one, "legs": []})))
                labels.extend((self.key, field, value, seq) for field, value in _labels(one["legs"]))
                legs.extend(
                    (self.key, seq, number, *_leg_columns(leg), compact(leg))
                    for number, leg in enumerate(one["legs"], 1)
                )
            self._put({t.trade_sets: sets, t.set_bodies: bodies, t.set_labels: labels, t.legs: legs})
            told(seq)

    def plans(self, rows: Mapping[str, Any]) -> None:
        """By set_id, as plans.json holds them."""
        numbered = enumerate(rows.items(), 1)
        for chunk in _chunks(numbered):
            self._put(
                {t.plans: [(self.key, seq, searchable(set_id), _keyed(set_id, body)) for seq, (set_id, body) in chunk]}
            )

    def events(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for chunk in _chunks(enumerate(rows, 1)):
            self._put({t.events: [(self.key, seq, *_event_columns(one), compact(one)) for seq, one in chunk]})

    def finish(
        self,
        *,
        description: Mapping[str, Any],
        metrics: Mapping[str, Any],
        timings: Mapping[str, Any],
        files: Sequence[Mapping[str, Any]],
        run: Mapping[str, Any],
    ) -> None:
        """The last rows, and the run is done: what it had before goes with the same transaction."""
        with self.database.writing() as connection:
            self._hold(connection)
            insert_rows(
                connection, t.run_files, [(self.key, searchable(f["name"]), f["sha256"], f["size"]) for f in files]
            )
            connection.execute(
                sa.update(t.results)
                .where(t.results.c.result_key == self.key)
                .values(description=compact(description), metrics=compact(metrics), timings=compact(timings))
            )
            mine = t.runs.c.run_id == self.run_id
            before = connection.execute(sa.select(t.runs.c.result_key).where(mine)).scalar()
            connection.execute(sa.update(t.runs).where(mine).values(result_key=self.key, **run))
            if before is not None:
                delete_result(connection, before)

    def abandon(self) -> None:
        with self.database.writing() as connection:
            delete_result(connection, self.key)

    def _put(self, rows: Mapping[sa.Table, list[Row]]) -> None:
        with self.database.writing() as connection:
            self._hold(connection)
            for table, own in rows.items():
                insert_rows(connection, table, own)

    def _hold(self, connection: Connection) -> None:
        """Nobody may have taken this result for one that was left behind."""
        mine = sa.select(t.results.c.result_key).where(t.results.c.result_key == self.key)
        if connection.execute(mine.with_for_update()).scalar() is None:
            raise Unavailable(f"run {self.run_id}: its unfinished rows were removed by another process")


def insert_rows(connection: Connection, table: sa.Table, rows: list[Row]) -> None:
    """Rows in the order of the table's columns; COPY where the database has it."""
    if not rows:
        return
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        statement = f'COPY "{table.name}" ({names}) FROM STDIN'
        driver = connection.connection.driver_connection
        assert driver is not None
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" * len(table.columns))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', rows)


def delete_result(connection: Connection, key: int) -> None:
    for table in t.OF_A_RESULT:
        connection.execute(sa.delete(table).where(table.c.result_key == key))
    connection.execute(sa.delete(t.results).where(t.results.c.result_key == key))


def _chunks(rows: Iterable[Item]) -> Iterator[list[Item]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _set_columns(one: Mapping[str, Any]) -> Row:
    legs = one["legs"]
    exits = [leg.get("reason") for leg in legs if not leg["is_entry"]]
    left_by = exits[-1] if exits and one.get("closed_at") else None
    words = [one["set_id"], one["symbol"], one["side"], one.get("profile"), one.get("regime"), one.get("strategy_id")]
    words += dict.fromkeys(leg.get("reason") for leg in legs)
    held = one.get("hold_duration")
    return (
        searchable(one["set_id"]),
        searchable(one["symbol"]),
        searchable(one["side"]),
        microseconds(one["opened_at"]),
        None if one.get("closed_at") is None else microseconds(one["closed_at"]),
        searchable(one.get("profile")),
        searchable(one.get("regime")),
        searchable(one.get("strategy_id")),
        searchable(left_by),
        len(legs),
        None if held is None else float(held),
        *(_float(one.get(name)) for name in ("pnl_net", "fees_total", "r_multiple", "mfe_r", "mae_r", "initial_risk")),
        _float(one.get("max_exposure_notional")),
        searchable(" ".join(str(word) for word in words if word).lower()),
    )


def _labels(legs: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [
        (field, value)
        for field in LABELS
        for value in dict.fromkeys(searchable(leg.get(field)) for leg in legs)
        if value is not None
    ]


def _leg_columns(leg: Mapping[str, Any]) -> Row:
    return (
        searchable(leg["leg_id"]),
        microseconds(leg["timestamp"]),
        searchable(leg["side"]),
        bool(leg["is_entry"]),
        searchable(leg.get("trigger_id")),
        searchable(leg.get("category")),
        searchable(leg.get("reason")),
        _float(leg.get("realized_pnl")),
        _float(leg.get("r_multiple")),
    )


def _event_columns(event: Mapping[str, Any]) -> Row:
    return (
        microseconds(event["time"]),
        searchable(event["kind"]),
        *(searchable(event.get(name)) for name in ("symbol", "set_id", "trigger_id", "category", "reason")),
    )


def _keyed(set_id: str, plan: Any) -> str:
    """A plan with the id that it is found by, which may hold what a column cannot."""
    return compact([set_id, plan])


def _float(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        raise InvalidInput(Problem(found=f"{value!r} where a number stands", accepted="a number")) from None

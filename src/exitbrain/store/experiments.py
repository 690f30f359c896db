"""Experiments: arms, which unit was given to which, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from exitbrain.core.instants import instant_of, iso
from exitbrain.errors import InvalidInput, Problem
from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable
from exitbrain.store.queries import Page, check_page
from exitbrain.store.writing import compact

CHUNK = 5_000
IS_RUNNING, IS_STOPPED = "running", "stopped"


class UnknownExperiment(InvalidInput):
    """The store holds no experiment of this id."""


class Experiments:
    database: Database
    clock: Callable[[], int]

    def create_experiment(
        self, experiment_id: str, name: str, spec: Mapping[str, Any], arms: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """An arm is a mapping with a `name`; what else it holds comes back as it was given."""
        row = {
            "experiment_id": searchable(experiment_id),
            "name": searchable(name),
            "status": IS_RUNNING,
            "created_at": self.clock(),
            "spec": compact(spec),
        }
        own = [
            {
                "experiment_id": searchable(experiment_id),
                "position": number,
                "name": searchable(arm["name"]),
                "spec": compact(arm),
            }
            for number, arm in enumerate(arms)
        ]
        try:
            with self.database.writing() as connection:
                connection.execute(sa.insert(t.experiments).values(**row))
                connection.execute(sa.insert(t.experiment_arms), own)
        except IntegrityError:
            found = f"experiment {experiment_id[:80]!r} is there already"
            raise InvalidInput(Problem(found=found, accepted="an id of its own")) from None
        return self.experiment(experiment_id)

    def experiments(self) -> list[dict[str, Any]]:
        """The newest first."""
        e = t.experiments
        with self.database.reading() as connection:
            ids = connection.execute(
                sa.select(e.c.experiment_id).order_by(e.c.created_at.desc(), e.c.experiment_id)
            ).scalars()
            return [self._read(connection, one) for one in ids.all()]

    def experiment(self, experiment_id: str) -> dict[str, Any]:
        with self.database.reading() as connection:
            return self._read(connection, experiment_id)

    def stop_experiment(self, experiment_id: str, reason: str) -> dict[str, Any]:
        """A stopped one stays as it was stopped first."""
        with self.database.writing() as connection:
            self._read(connection, experiment_id)
            connection.execute(
                sa.update(t.experiments)
                .where(t.experiments.c.experiment_id == searchable(experiment_id), t.experiments.c.status == IS_RUNNING)
                .values(status=IS_STOPPED, stopped_at=self.clock(), stopped_because=searchable(reason))
            )
            return self._read(connection, experiment_id)

    def set_experiment_result(self, experiment_id: str, result: Mapping[str, Any]) -> None:
        with self.database.writing() as connection:
            self._read(connection, experiment_id)
            mine = t.experiments.c.experiment_id == searchable(experiment_id)
            connection.execute(sa.update(t.experiments).where(mine).values(result=compact(result)))

    def add_assignments(self, experiment_id: str, rows: Iterable[Mapping[str, Any]]) -> int:
        """Rows of `unit`, `arm` and `outcome`; a unit that was assigned keeps its arm. How many were added."""
        a = t.experiment_assignments
        mine = a.c.experiment_id == searchable(experiment_id)
        with self.database.writing() as connection:
            self._read(connection, experiment_id)
            known = set(connection.execute(sa.select(a.c.unit).where(mine)).scalars())
            last = connection.execute(sa.select(sa.func.max(a.c.seq)).where(mine)).scalar() or 0
            made = []
            for row in rows:
                unit = searchable(row["unit"])
                if unit in known:
                    continue
                known.add(unit)
                outcome = row.get("outcome")
                made.append(
                    {
                        "experiment_id": searchable(experiment_id),
                        "seq": last + len(made) + 1,
                        "unit": unit,
                        "arm": searchable(row["arm"]),
                        "outcome": None if outcome is None else compact(outcome),
                    }
                )
            for start in range(0, len(made), CHUNK):
                connection.execute(sa.insert(a), made[start : start + CHUNK])
        return len(made)

    def assignments(self, experiment_id: str) -> Iterator[dict[str, Any]]:
        """In the order in which they were added."""
        a = t.experiment_assignments
        with self.database.reading() as connection:
            self._read(connection, experiment_id)
            mine = sa.select(a).where(a.c.experiment_id == searchable(experiment_id)).order_by(a.c.seq)
            for row in connection.execute(mine).mappings():
                yield _assignment(row)

    def assignment_page(self, experiment_id: str, page: int, page_size: int) -> Page:
        """Some of them, in that order."""
        check_page(page, page_size)
        a = t.experiment_assignments
        with self.database.reading() as connection:
            self._read(connection, experiment_id)
            mine = a.c.experiment_id == searchable(experiment_id)
            total = connection.execute(sa.select(sa.func.count()).select_from(a).where(mine)).scalar_one()
            wanted = sa.select(a).where(mine).order_by(a.c.seq).limit(page_size).offset((page - 1) * page_size)
            rows = [_assignment(row) for row in connection.execute(wanted).mappings()]
        return Page(rows=rows, total=total, page=page, page_size=page_size)

    @staticmethod
    def _read(connection: sa.Connection, experiment_id: str) -> dict[str, Any]:
        e, arms = t.experiments, t.experiment_arms
        mine = searchable(experiment_id)
        row = connection.execute(sa.select(e).where(e.c.experiment_id == mine)).mappings().first()
        if row is None:
            found = f"no experiment {experiment_id[:80]!r}"
            raise UnknownExperiment(Problem(found=found, accepted="an id of the list of experiments"))
        own = sa.select(arms.c.spec).where(arms.c.experiment_id == mine).order_by(arms.c.position)
        times = {name: row[name] for name in ("created_at", "stopped_at")}
        return {
            **{name: row[name] for name in ("experiment_id", "name", "status", "stopped_because")},
            **{name: None if value is None else iso(instant_of(value)) for name, value in times.items()},
            "spec": json.loads(row["spec"]),
            "result": None if row["result"] is None else json.loads(row["result"]),
            "arms": [json.loads(spec) for spec in connection.execute(own).scalars()],
        }


def _assignment(row: Mapping[str, Any]) -> dict[str, Any]:
    outcome = None if row["outcome"] is None else json.loads(row["outcome"])
    return {"unit": row["unit"], "arm": row["arm"], "outcome": outcome}

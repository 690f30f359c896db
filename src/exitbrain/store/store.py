"""The store: one database with all of its tables behind one name."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

import sqlalchemy as sa

from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput
from exitbrain.store.databases import Database
from exitbrain.store.events import Events
from exitbrain.store.experiments import Experiments
from exitbrain.store.keys import Keys
from exitbrain.store.live import LiveStore
from exitbrain.store.migrating import migrate
from exitbrain.store.profiles import Profiles
from exitbrain.store.proposals import Proposals
from exitbrain.store.runs import Runs
from exitbrain.store.sets import Sets

TEXTS = ("run.json", "trade_sets.json", "events.jsonl", "metrics.json", "plans.json")


def microseconds_now() -> int:
    return time.time_ns() // 1000


class Store(Runs, Sets, Events, Profiles, Experiments, Proposals, LiveStore, Keys):
    """Threads may share it. What it gives is plain: dicts and lists as JSON has them."""

    def __init__(self, database: Database, clock: Callable[[], int] = microseconds_now) -> None:
        self.database = database
        self.clock = clock
        self.counted = {}

    @classmethod
    def open(cls, url: str, clock: Callable[[], int] = microseconds_now) -> Store:
        """Tables are made, or brought to this version, where needed. Raises InvalidInput and Unavailable."""
        database = Database(url)
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise
        return cls(database, clock)

    @property
    def dialect(self) -> str:
        return self.database.dialect

    @property
    def shown_url(self) -> str:
        return self.database.shown_url

    def ping(self) -> None:
        """Raises Unavailable where the database does not answer."""
        with self.database.reading() as connection:
            connection.execute(sa.select(1)).scalar_one()

    def close(self) -> None:
        self.database.close()

    def text_of(self, run_id: str, name: str) -> str:
        """A file of a run from its rows alone, as `backtest` writes it."""
        match name:
            case "run.json":
                return _file_text(self.description(run_id))
            case "metrics.json":
                return _file_text(self.metrics(run_id))
            case "plans.json":
                return _file_text(self.plans(run_id))
            case "trade_sets.json":
                run = self.description(run_id)["run_id"]
                return _file_text({"run_id": run, "trade_sets": list(self.all_trade_sets(run_id))})
            case "events.jsonl":
                return "".join(self._event_lines(run_id))
        raise InvalidInput(unknown_name(name, TEXTS, "file"))

    def _event_lines(self, run_id: str) -> Iterator[str]:
        return (json.dumps(event) + "\n" for event in self.event_rows(run_id))


def _file_text(value: object) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

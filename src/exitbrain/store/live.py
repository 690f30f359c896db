"""What a live monitor shows, and what operators ask of it, for screens and commands in other processes.

The monitor's truth is its journal and the venue; what stands here is a picture of them. It may be late, and it may be
missing, and the monitor goes on all the same. Commands are the other way round: they are kept for ever, each with who
asked, when, and what became of it, and a command that is asked twice with one key is one command.

    store.begin_monitor("m1", mode="paper", venue="venue-sim", started_at=now, config={})
    store.put_positions("m1", [{"key": "BTCUSDT", ...}])         what is not in the list is gone
    store.heartbeat("m1", now, {"naked": 0, "latch": [], "kill": None, "stream_age": 0.2})
    for command in store.pending_commands():                     in the order in which they were asked
        store.finish_command(command["command_id"], now, "done", "stops stay, ladders pause")

Times come in as whole microseconds since 1970 and go out as ISO 8601. Those of a monitor's begin, heartbeat and end are
of this machine's clock, whatever time the venue keeps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import sqlalchemy as sa

from exitbrain.core.instants import instant_of, iso
from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput, Problem
from exitbrain.store import tables as t
from exitbrain.store.databases import Database, searchable
from exitbrain.store.queries import MOST_ROWS, check_values
from exitbrain.store.writing import compact

SECOND = 1_000_000
STALE_AFTER = 15 * SECOND
EVENTS_KEPT = 100_000
MOST_FORGOTTEN = 5_000
MOST_WORDS = 2_000

KINDS_OF_COMMANDS = ("kill", "resume", "flatten", "latch_set", "latch_clear", "mode")
# Numbers of a heartbeat's summary: durations in seconds, but for the one that says ms; budgets are shares, 0 to 1.
GAUGES = (
    "naked_seconds_total", "naked", "unknown_intents", "ghosts", "stream_age", "reconcile_lag", "journal_commit_ms",
    "reduce_only_budget", "request_budget", "clock_offset",
)  # fmt: skip

EVENT_TURNS, COMMAND_TURNS = "live events", "live commands"


class UnknownCommand(InvalidInput):
    """The store holds no command of this id."""


class UsedKey(InvalidInput):
    """The key was given with another command."""


class LiveEvent(TypedDict):
    """`kind` is what is filtered by, `key` the position's (None: of the monitor), `text` one line for people."""

    at: int
    kind: str
    key: str | None
    text: str
    body: Mapping[str, Any]


class Command(TypedDict):
    command_id: str
    kind: str
    body: dict[str, Any]
    by: str
    at: str
    finished_at: str | None
    outcome: str | None
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEventQuery:
    """`after` for what came later, oldest first; without it the newest `limit`, and `before` for older ones."""

    kind: tuple[str, ...] = ()
    key: tuple[str, ...] = ()
    after: int | None = None
    before: int | None = None
    limit: int = 200

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_ROWS:
            raise InvalidInput(Problem(found=f"limit is {self.limit}", accepted=f"1 to {MOST_ROWS}", at=("limit",)))
        for name in ("after", "before"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < 2**62:
                raise InvalidInput(Problem(found=f"{name} is {value}", accepted="the seq of an event", at=(name,)))
        check_values("kind", self.kind)
        check_values("key", self.key)


class LiveStore:
    database: Database
    clock: Callable[[], int]

    # the monitor

    def begin_monitor(
        self, monitor_id: str, *, mode: str, venue: str, started_at: int, config: Mapping[str, Any]
    ) -> None:
        """The one monitor of this store from now on: an earlier one that did not end is ended, and what it showed goes.

        `config` is shown on the screen: it holds no key and no secret.
        """
        m = t.live_monitors
        row = {
            "monitor_id": searchable(monitor_id),
            "mode": searchable(mode),
            "venue": searchable(venue),
            "started_at": started_at,
            "heartbeat_at": started_at,
            "ended_at": None,
            "ended_because": None,
            "config": compact(config),
            "summary": "{}",
        }
        with self.database.writing() as connection:
            self.database.take_turns(connection, "live monitors")
            for shown in (t.live_positions, t.live_orders):
                connection.execute(sa.delete(shown))
            over = {"ended_at": started_at, "ended_because": "another monitor began"}
            connection.execute(sa.update(m).where(m.c.ended_at.is_(None)).values(**over))
            connection.execute(sa.delete(m).where(m.c.monitor_id == row["monitor_id"]))
            connection.execute(sa.insert(m).values(**row))

    def heartbeat(self, monitor_id: str, at: int, summary: Mapping[str, Any]) -> bool:
        """False where the monitor is not the store's any more.

        `summary` as far as it is known: the GAUGES; `mode` OBSERVE | PROTECT_ONLY | ACTIVE; `halted` whether the kill
        switch is on; `kill` {at, by, cause} or None; `latch` a list of {place: symbol or "*", cause, at}.
        """
        m = t.live_monitors
        mine = (m.c.monitor_id == searchable(monitor_id)) & m.c.ended_at.is_(None)
        with self.database.writing() as connection:
            beat = sa.update(m).where(mine).values(heartbeat_at=at, summary=compact(summary))
            return connection.execute(beat).rowcount > 0

    def end_monitor(self, monitor_id: str, at: int, why: str) -> None:
        """What it showed last stays, until another begins."""
        m = t.live_monitors
        mine = (m.c.monitor_id == searchable(monitor_id)) & m.c.ended_at.is_(None)
        with self.database.writing() as connection:
            connection.execute(sa.update(m).where(mine).values(ended_at=at, ended_because=searchable(why)))

    def monitor(self) -> dict[str, Any] | None:
        """The last that began; `alive` where it has not ended and was heard within 15 s."""
        m = t.live_monitors
        with self.database.reading() as connection:
            newest = sa.select(m).order_by(m.c.ended_at.is_(None).desc(), m.c.started_at.desc(), m.c.monitor_id)
            row = connection.execute(newest.limit(1)).mappings().first()
        if row is None:
            return None
        age = self.clock() - row["heartbeat_at"]
        return {
            "monitor_id": row["monitor_id"],
            "mode": row["mode"],
            "venue": row["venue"],
            **{name: _time(row[name]) for name in ("started_at", "heartbeat_at", "ended_at")},
            "ended_because": row["ended_because"],
            "heartbeat_age": max(0, age) / SECOND,
            "alive": row["ended_at"] is None and age < STALE_AFTER,
            "config": json.loads(row["config"]),
            "summary": json.loads(row["summary"]),
        }

    # what it shows

    def put_positions(self, monitor_id: str, positions: Iterable[Mapping[str, Any]]) -> None:
        """All of them, each with its `key`."""
        self._put(t.live_positions, monitor_id, {str(one["key"]): one for one in positions})

    def put_orders(self, monitor_id: str, orders: Iterable[Mapping[str, Any]]) -> None:
        """All of them, each with its `id`."""
        self._put(t.live_orders, monitor_id, {str(one["id"]): one for one in orders})

    def live_positions(self) -> list[dict[str, Any]]:
        """By key, of the monitor that is running or ran last."""
        return self._shown(t.live_positions)

    def live_orders(self) -> list[dict[str, Any]]:
        return self._shown(t.live_orders)

    def _put(self, table: sa.Table, monitor_id: str, documents: Mapping[str, Mapping[str, Any]]) -> None:
        """Rows that did not change are not written: a picture is put many times a minute."""
        mine, now = searchable(monitor_id), self.clock()
        wanted = {searchable(name): compact(one) for name, one in documents.items()}
        with self.database.writing() as connection:
            m = t.live_monitors
            if (
                connection.execute(sa.select(m.c.mode).where(m.c.monitor_id == mine, m.c.ended_at.is_(None))).first()
                is None
            ):
                return  # another took over: what this one sees is not what is shown
            rows = connection.execute(sa.select(table.c.id, table.c.body).where(table.c.monitor_id == mine))
            held = {row.id: row.body for row in rows}
            gone = [{"b_mine": mine, "b_id": name} for name in held.keys() - wanted.keys()]
            changed = [name for name in wanted if held.get(name) != wanted[name]]
            if gone := gone + [{"b_mine": mine, "b_id": name} for name in changed if name in held]:
                row = (table.c.monitor_id == sa.bindparam("b_mine")) & (table.c.id == sa.bindparam("b_id"))
                connection.execute(sa.delete(table).where(row), gone)
            if changed:
                made = [{"monitor_id": mine, "id": n, "changed_at": now, "body": wanted[n]} for n in changed]
                connection.execute(sa.insert(table), made)

    def _shown(self, table: sa.Table) -> list[dict[str, Any]]:
        with self.database.reading() as connection:
            bodies = connection.execute(sa.select(table.c.body).order_by(table.c.id)).scalars()
            return [json.loads(body) for body in bodies]

    # what happens

    def add_events(self, monitor_id: str, events: Iterable[LiveEvent]) -> None:
        """In their order. The newest 100,000 are kept, and older ones go a few thousand at a time."""
        rows = [
            {
                "monitor_id": searchable(monitor_id),
                "time": one["at"],
                "kind": searchable(one["kind"]),
                "key": searchable(one["key"]),
                "text": (searchable(one["text"]) or "")[:MOST_WORDS],
                "body": compact(one["body"]),
            }
            for one in events
        ]
        if not rows:
            return
        e = t.live_events
        with self.database.writing() as connection:
            # Who reads "what came after n" must not be overtaken: numbers are seen in their order.
            self.database.take_turns(connection, EVENT_TURNS)
            first, last = connection.execute(sa.select(sa.func.min(e.c.seq), sa.func.max(e.c.seq))).one()
            start = (last or 0) + 1
            connection.execute(sa.insert(e), [{"seq": start + place, **row} for place, row in enumerate(rows)])
            too_old = start + len(rows) - 1 - EVENTS_KEPT
            if first is not None and first <= too_old:
                upto = min(too_old, first + len(rows) + MOST_FORGOTTEN - 1)
                connection.execute(sa.delete(e).where(e.c.seq <= upto))

    def live_events(self, query: LiveEventQuery | None = None) -> list[dict[str, Any]]:
        """{seq, at, kind, key, text, body}, oldest first."""
        query, e = query or LiveEventQuery(), t.live_events
        wanted: list[Any] = [e.c[name].in_([searchable(v) for v in values]) for name in ("kind", "key")
                             if (values := getattr(query, name))]  # fmt: skip
        if query.after is not None:
            wanted.append(e.c.seq > query.after)
        if query.before is not None:
            wanted.append(e.c.seq < query.before)
        by = e.c.seq.asc() if query.after is not None else e.c.seq.desc()
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(e).where(*wanted).order_by(by).limit(query.limit)).mappings().all()
        return [
            {
                "seq": row["seq"],
                "at": _time(row["time"]),
                "kind": row["kind"],
                "key": row["key"],
                "text": row["text"],
                "body": json.loads(row["body"]),
            }
            for row in sorted(rows, key=lambda row: row["seq"])
        ]

    def last_live_event(self) -> int:
        """Its number, 0 where there is none."""
        with self.database.reading() as connection:
            return connection.execute(sa.select(sa.func.max(t.live_events.c.seq))).scalar() or 0

    def live_event_kinds(self) -> list[dict[str, Any]]:
        """{value, count}, the most frequent first."""
        e = t.live_events
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(e.c.kind, sa.func.count()).group_by(e.c.kind)).all()
        return [{"value": kind, "count": count} for kind, count in sorted(rows, key=lambda row: (-row[1], row[0]))]

    # what operators ask

    def ask_command(self, kind: str, body: Mapping[str, Any], by: str, at: int, idempotency_key: str) -> str:
        """The id of the command, which is kept when this returns. Raises UsedKey for a key of another command."""
        if kind not in KINDS_OF_COMMANDS:
            raise InvalidInput(unknown_name(kind, KINDS_OF_COMMANDS, "command"))
        c, text = t.live_commands, compact(body)
        with self.database.writing() as connection:
            self.database.take_turns(connection, COMMAND_TURNS)
            mine = c.c.idempotency_key == searchable(idempotency_key)
            held = connection.execute(sa.select(c).where(mine)).mappings().first()
            if held is not None:
                if (held["kind"], held["body"]) != (kind, text):
                    found = f"the key was given with the command {held['kind']}"
                    raise UsedKey(Problem(found=found, accepted="a key of its own for each command"))
                return str(held["command_id"])
            seq = (connection.execute(sa.select(sa.func.max(c.c.seq))).scalar() or 0) + 1
            row = {
                "seq": seq,
                "command_id": f"command-{seq}",
                "idempotency_key": searchable(idempotency_key),
                "kind": kind,
                "body": text,
                "asked_by": searchable(by),
                "asked_at": at,
            }
            connection.execute(sa.insert(c).values(**row))
            return f"command-{seq}"

    def pending_commands(self) -> list[Command]:
        """Those that are not finished, in the order in which they were asked."""
        c = t.live_commands
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(c).where(c.c.finished_at.is_(None)).order_by(c.c.seq))
            return [_command(row) for row in rows.mappings()]

    def finish_command(self, command_id: str, at: int, outcome: str, detail: str = "") -> bool:
        """`outcome` is `done` or `refused`. False where it was finished before: the first word stays."""
        c = t.live_commands
        mine = c.c.command_id == searchable(command_id)
        values = {"finished_at": at, "outcome": searchable(outcome), "detail": searchable(detail)}
        with self.database.writing() as connection:
            if connection.execute(sa.update(c).where(mine, c.c.finished_at.is_(None)).values(**values)).rowcount:
                return True
            if connection.execute(sa.select(c.c.seq).where(mine)).first() is None:
                raise _unknown(command_id)
            return False

    def command(self, command_id: str) -> Command:
        c = t.live_commands
        with self.database.reading() as connection:
            found = sa.select(c).where(c.c.command_id == searchable(command_id))
            row = connection.execute(found).mappings().first()
        if row is None:
            raise _unknown(command_id)
        return _command(row)

    def commands(self, limit: int = 100) -> list[Command]:
        """The newest first, finished and pending ones."""
        c = t.live_commands
        with self.database.reading() as connection:
            rows = connection.execute(sa.select(c).order_by(c.c.seq.desc()).limit(limit))
            return [_command(row) for row in rows.mappings()]


def _unknown(command_id: str) -> UnknownCommand:
    return UnknownCommand(Problem(found=f"no command {command_id[:80]!r}", accepted="an id that asking gave"))


def _command(row: sa.RowMapping) -> Command:
    return {
        "command_id": row["command_id"],
        "kind": row["kind"],
        "body": json.loads(row["body"]),
        "by": row["asked_by"],
        "at": iso(instant_of(row["asked_at"])),
        "finished_at": _time(row["finished_at"]),
        "outcome": row["outcome"],
        "detail": row["detail"],
    }


def _time(microseconds: int | None) -> str | None:
    return None if microseconds is None else iso(instant_of(microseconds))

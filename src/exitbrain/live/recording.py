"""The core behind a journal: an event and what it leads to are written, then the effects may be carried out.

A row holds the event, its effects and, if it is more than sight, a digest of every book that it changed. Replaying the events gives the same state;
a digest that differs means that other rules are running than those that wrote it, and that is told.

What a start would have to replay is bounded by snapshots: now and then a row holds the whole state. `verify` holds each
of them against a replay from the one before.

Rows that only say what the venue or the market was seen to be, and lead to nothing but questions, may wait for the next
row that does not (`Journal.append`, `soon`). If they are lost with the process, it is as if it had not seen them, which
it might as well not have. What is sent, decided or told is on disk first, with all that was seen before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from typing import Protocol

from exitbrain.core import walk as rules
from exitbrain.core.live.book import Book, Settings, State
from exitbrain.core.live.events import Ask, Effect, Event, Question
from exitbrain.core.live.step import step
from exitbrain.core.live.text import canonical, digest, read
from exitbrain.errors import Halted
from exitbrain.store.journal import SNAPSHOT, Journal, Row

ROWS_A_SNAPSHOT = 2000
ROWS_A_BOOK = 10  # a snapshot of many books is long, so that it is taken less often
SETTINGS, EVENT = "settings", "event"


class Beside(Protocol):
    """State beside the core's that the journal's notes make: what a decider holds, for one."""

    def follow(self, kind: str, body: str, at: int) -> None:
        """A note was written, or is replayed."""

    def text(self) -> str:
        """All of it, for a snapshot."""

    def restore(self, text: str) -> None: ...


class Recorded:
    """Opening it replays the journal from its last snapshot. A first row keeps the settings, which a replay needs; where
    they have changed since, another does."""

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        beside: Beside | None = None,
        *,
        rows_a_snapshot: int = ROWS_A_SNAPSHOT,
    ) -> None:
        self.journal = journal
        self.beside = beside
        self.state = State(settings=settings)
        self._rows_a_snapshot = rows_a_snapshot
        self._snapshot_seq = 0
        snapshot = journal.read.last(SNAPSHOT)
        if snapshot is not None:
            self._snapshot_seq = snapshot.seq
            self.state, kept = snapshot_parts(snapshot)
            if beside is not None:
                beside.restore(kept)
        for row in journal.rows(self._snapshot_seq):
            self.state = replayed(self.state, row, beside)
        if journal.seq == 0 or self.state.settings != settings:
            journal.append(0, SETTINGS, canonical(settings))
            self.state = replace(self.state, settings=settings)

    def take(self, event: Event, now: int) -> tuple[Effect, ...]:
        """The effects may be sent once this has returned; Unavailable where the journal cannot be written.

        An event that changes nothing and asks for nothing leaves no row.
        """
        self.journal.keep(now)
        before = self.state
        state, effects = step(before, event, now)
        if not effects and _is_same(before, state):
            return ()
        soon = _may_wait(before, state, effects)
        # The next row that changes a book tells its digest; sight alone is not worth one.
        state_text = "" if soon else digest(_changed(before, state))
        body = {"event": canonical(event), "effects": canonical(effects), "state": state_text}
        self.journal.append(now, EVENT, json.dumps(body, sort_keys=True), soon=soon)
        self.state = state
        self._snapshot_if_due(now)
        return effects

    def note(self, kind: str, body: str, now: int) -> None:
        """A row that the core knows nothing of: a decision and its reasons. On disk when this returns."""
        assert kind not in (EVENT, SETTINGS, SNAPSHOT), kind
        self.journal.append(now, kind, body)
        if self.beside is not None:
            self.beside.follow(kind, body, now)

    def snapshot(self, now: int) -> None:
        """The whole state as a row, where anything came since the last. Good before a stop: other rules may start from it."""
        if self.journal.seq > self._snapshot_seq:
            kept = "" if self.beside is None else self.beside.text()
            body = json.dumps({"state": canonical(self.state), "beside": kept}, sort_keys=True)
            self._snapshot_seq = self.journal.append(now, SNAPSHOT, body).seq

    def _snapshot_if_due(self, now: int) -> None:
        if self.journal.seq - self._snapshot_seq >= self._rows_a_snapshot + ROWS_A_BOOK * len(self.state.books):
            self.snapshot(now)


def snapshot_parts(row: Row) -> tuple[State, str]:
    body = json.loads(row.body)
    state = read(body["state"])
    assert isinstance(state, State), row.seq
    return state, body["beside"]


def replayed(state: State, row: Row, beside: Beside | None = None) -> State:
    """The state after a row; Halted where these rules make another of it."""
    if row.kind == SETTINGS:
        return replace(state, settings=read(row.body))
    if row.kind == SNAPSHOT:
        if canonical(state) != json.loads(row.body)["state"]:
            raise Halted(f"journal row {row.seq}: the rows before this snapshot do not lead to it")
        return state
    if row.kind != EVENT:
        if beside is not None:
            beside.follow(row.kind, row.body, row.at)
        return state
    body = json.loads(row.body)
    after, effects = step(state, read(body["event"]), row.at)
    is_same = body["state"] == "" or digest(_changed(state, after)) == body["state"]
    if canonical(effects) != body["effects"] or not is_same:
        raise Halted(f"journal row {row.seq}: these rules decide otherwise than those that wrote it")
    return after


def state_of(rows: Iterable[Row]) -> State:
    """Replays a whole journal, and every snapshot in it against the rows before; Halted where they differ."""
    state = State()
    for row in rows:
        state = replayed(state, row)
    return state


def _changed(before: State, after: State) -> tuple[object, ...]:
    """What a step made new. A step copies the books that it touches, so that the others are the same objects."""
    return after.mode, after.fence, after.sequence, after.latch, tuple(book for _, book in _pairs(before, after))


def _pairs(before: State, after: State) -> Iterator[tuple[Book | None, Book]]:
    return after.books.unlike(before.books)


def _is_same(before: State, after: State) -> bool:
    return _same_head(before, after) and all(old == book for old, book in _pairs(before, after))


def _may_wait(before: State, after: State, effects: tuple[Effect, ...]) -> bool:
    """Whether all that is new is what was seen, and nothing follows but questions about it."""
    if any(not isinstance(one, Ask) or one.what is Question.PLAN for one in effects):
        return False
    return _same_head(before, after) and all(
        old is not None and _differs_only_in_sight(old, book) for old, book in _pairs(before, after)
    )


def _same_head(before: State, after: State) -> bool:
    return (before.mode, before.fence, before.sequence, before.settings, before.latch) == (
        after.mode, after.fence, after.sequence, after.settings, after.latch,
    )  # fmt: skip


# A price, when something was read, and the worst price so far, which nothing hangs on.
_SIGHT = frozenset({"price", "priced", "asked", "position_at", "orders_at", "agreed_since", "version", "walk"})
_LASTING = tuple(one.name for one in fields(Book) if one.name not in _SIGHT and not one.metadata)


def _differs_only_in_sight(old: Book, new: Book) -> bool:
    if any(getattr(old, name) != getattr(new, name) for name in _LASTING):
        return False
    if old.walk == new.walk:
        return True
    return len(old.walk) == len(new.walk) and all(
        was == now for at, (was, now) in enumerate(zip(old.walk, new.walk)) if at != rules.WORST
    )

"""The core behind a journal: an event and what it leads to are written, then the effects may be carried out.

A row holds the event, its effects and, if it is more than sight, a digest of what it changed. Replaying the events gives
the same state; a digest that differs means that other rules are running than those that wrote it, and that is told.

What a start would have to replay is bounded by snapshots: now and then a row holds the whole state. `verify` holds each
of them against a replay from the one before.

Rows that only say what the venue or the market was seen to be, and lead to nothing but questions, may wait for the next
row that does not (`Journal.append`, `soon`). If they are lost with the process, it is as if it had not seen them, which
it might as well not have. What is sent, decided or told is on disk first, with all that was seen before it.

Of prices that change nothing but the price, between two other rows, the last is written: the ones before it leave no
trace in the state either.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Protocol

from exitbrain.core import walk as rules
from exitbrain.core.live.book import Book, Settings, State
from exitbrain.core.live.events import Ask, Effect, Event, PriceSeen, Question
from exitbrain.core.live.step import step
from exitbrain.core.live.text import canonical, digest, read
from exitbrain.errors import Halted
from exitbrain.store.journal import SNAPSHOT, Journal, Row

ROWS_A_SNAPSHOT = 500
ROWS_A_START = 100  # replayed at a start, above which it leaves a snapshot
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
        self.at = 0 if snapshot is None else snapshot.at  # when the last event was taken
        # The last price of each key that changed nothing else: no rows yet.
        self._prices: dict[str, tuple[int, PriceSeen]] = {}
        for row in journal.rows(self._snapshot_seq):
            self.state = replayed(self.state, row, beside)
            self.at = max(self.at, row.at)
        if journal.seq == 0 or self.state.settings != settings:
            journal.append(self.at, SETTINGS, canonical(settings))
            self.state = replace(self.state, settings=settings)
        if journal.seq - self._snapshot_seq > ROWS_A_START:
            self.snapshot(self.at)  # so that starts that follow each other closely are short

    def take(self, event: Event, now: int) -> tuple[Effect, ...]:
        """The effects may be sent once this has returned; Unavailable where the journal cannot be written.

        An event that changes nothing and asks for nothing leaves no row.
        """
        self.journal.keep(now)
        before = self.state
        state, effects = step(before, event, now)
        change = Change.of(before, state)
        if not effects and not change:
            return ()
        if isinstance(event, PriceSeen) and not effects and change.is_price:
            self._prices.pop(event.key, None)  # in the order of their times
            self._prices[event.key] = now, event
            self.state, self.at = state, now
            return ()
        soon = change.is_sight and all(isinstance(one, Ask) and one.what is not Question.PLAN for one in effects)
        self._write_prices()
        # The next row that changes a book tells its digest; sight alone is not worth one.
        self._append(now, event, effects, "" if soon else change.digest(), soon=soon)
        self.state, self.at = state, now
        self._snapshot_if_due(now)
        return effects

    def _write_prices(self) -> None:
        while self._prices:
            key, (at, event) = next(iter(self._prices.items()))
            self._append(at, event, (), "", soon=True)
            del self._prices[key]

    def _append(self, at: int, event: Event, effects: tuple[Effect, ...], state: str, *, soon: bool) -> None:
        body = {"event": canonical(event), "effects": canonical(effects), "state": state}
        self.journal.append(at, EVENT, json.dumps(body, sort_keys=True), soon=soon)

    def note(self, kind: str, body: str, now: int) -> None:
        """A row that the core knows nothing of: a decision and its reasons. On disk when this returns."""
        assert kind not in (EVENT, SETTINGS, SNAPSHOT), kind
        self._write_prices()
        self.journal.append(now, kind, body)
        if self.beside is not None:
            self.beside.follow(kind, body, now)

    def snapshot(self, now: int) -> None:
        """The whole state as a row, where anything came since the last. Good before a stop: other rules may start from it."""
        self._write_prices()
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
    is_same = body["state"] == "" or Change.of(state, after).digest() == body["state"]
    if canonical(effects) != body["effects"] or not is_same:
        raise Halted(
            f"journal row {row.seq}: these rules decide otherwise than those that wrote it; start and end it once with the "
            "version that wrote it, or move the journal away: positions are then found anew, their orders among others'"
        )
    return after


def state_of(rows: Iterable[Row]) -> State:
    """Replays a whole journal, and every snapshot in it against the rows before; Halted where they differ."""
    state = State()
    for row in rows:
        state = replayed(state, row)
    return state


# A price, when something was read, and the worst price so far, which nothing hangs on.
_SIGHT = frozenset({"price", "priced", "asked", "position_at", "orders_at", "agreed_since", "version", "walk"})
_HEAD = ("mode", "fence", "sequence", "settings", "latch")
_BOOK = tuple(one.name for one in fields(Book) if one.compare)


@dataclass(frozen=True, slots=True)
class Change:
    """What a step made new: parts of the head, and of each book its parts. Whole books where there was none before."""

    head: tuple[tuple[str, object], ...]
    books: tuple[tuple[Book | None, Book, tuple[str, ...]], ...]

    @classmethod
    def of(cls, before: State, after: State) -> Change:
        head = tuple((name, getattr(after, name)) for name in _HEAD if getattr(after, name) != getattr(before, name))
        pairs = () if after.books is before.books else after.books.unlike(before.books)
        books = ((old, new, _names(old, new)) for old, new in pairs)
        return cls(head, tuple(one for one in books if one[0] is None or one[2]))

    def __bool__(self) -> bool:
        return bool(self.head or self.books)

    @property
    def is_sight(self) -> bool:
        return not self.head and all(
            old is not None and _SIGHT.issuperset(names) and _is_same_walk(old, new) for old, new, names in self.books
        )

    @property
    def is_price(self) -> bool:
        return not self.head and all(old is not None and names == ("price",) for old, _, names in self.books)

    def digest(self) -> str:
        return digest((self.head, tuple(_told(old, new, names) for old, new, names in self.books)))


def _names(old: Book | None, new: Book) -> tuple[str, ...]:
    return () if old is None else tuple(name for name in _BOOK if getattr(old, name) != getattr(new, name))


def _told(old: Book | None, new: Book, names: tuple[str, ...]) -> object:
    if old is None:
        return new
    return new.key, tuple((name, _part(getattr(old, name), getattr(new, name))) for name in names)


def _part(old: object, new: object) -> object:
    """Of a dict what came, changed or went."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    gone = tuple(str(key) for key in old if key not in new)
    return gone, {key: part for key, part in new.items() if key not in old or old[key] != part}


def _is_same_walk(old: Book, new: Book) -> bool:
    if old.walk == new.walk:
        return True
    return len(old.walk) == len(new.walk) and all(
        was == now for at, (was, now) in enumerate(zip(old.walk, new.walk)) if at != rules.WORST
    )

"""The core behind a journal: an event and what it leads to are written, then the effects may be carried out.

A row holds the event, its effects and a digest of every book that it changed. Replaying the events gives the same state;
a digest that differs means that other rules are running than those that wrote it, and that is told.
"""

from __future__ import annotations

import json

from exitbrain.core.live.book import Settings, State
from exitbrain.core.live.events import Effect, Event
from exitbrain.core.live.step import step
from exitbrain.core.live.text import canonical, digest, read
from exitbrain.errors import Halted
from exitbrain.store.journal import Journal


class Recorded:
    """Opening it replays the journal. A first row keeps the settings, which a replay needs."""

    def __init__(self, journal: Journal, settings: Settings) -> None:
        self.journal = journal
        self.state = State(settings=settings)
        if journal.seq == 0:
            journal.append(0, "settings", canonical(settings))
        self._replay()

    def take(self, event: Event, now: int) -> tuple[Effect, ...]:
        """The effects may be sent once this has returned; Unavailable where the journal cannot be written."""
        state, effects = step(self.state, event, now)
        body = {"event": canonical(event), "effects": canonical(effects), "state": digest(_changed(self.state, state))}
        self.journal.append(now, "event", json.dumps(body, sort_keys=True))
        self.state = state
        return effects

    def _replay(self) -> None:
        for row in self.journal.rows():
            if row.kind == "settings":
                self.state = State(settings=read(row.body))
                continue
            body = json.loads(row.body)
            before = self.state
            self.state, effects = step(before, read(body["event"]), row.at)
            if canonical(effects) != body["effects"] or digest(_changed(before, self.state)) != body["state"]:
                raise Halted(f"journal row {row.seq}: these rules decide otherwise than those that wrote it")


def _changed(before: State, after: State) -> tuple[object, ...]:
    """What a step made new. A step copies the books that it touches, so that the others are the same objects."""
    books = tuple(book for key, book in after.books.items() if before.books.get(key) is not book)
    return after.mode, after.fence, after.sequence, books

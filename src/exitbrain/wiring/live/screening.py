"""The picture of a monitor goes to the store from a thread of its own: no database holds up a stop.

What is shown is the latest there is; what happened is told in order. A store that fails is told once, and tried again.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from exitbrain.errors import ExitBrainError

if TYPE_CHECKING:
    from exitbrain.store.live import LiveEvent, LiveStore
    from exitbrain.wiring.live.alerts import Alerts

LOG = logging.getLogger("exitbrain.live")
EVERY = 0.25
BEAT_EVERY = 2.0
AGAIN_AFTER = 5.0
MOST_EVENTS = 5_000


class StoreScreen:
    """`live.running.Screen`. `opened` opens the store, in the thread."""

    def __init__(
        self, opened: Callable[[], LiveStore], *, mode: str, venue: str, config: Mapping[str, Any],
        clock: Callable[[], int], alerts: Alerts | None = None,
    ) -> None:  # fmt: skip
        self._opened = opened
        self._mode, self._venue, self._config = mode, venue, config
        self._clock, self._alerts = clock, alerts
        self.monitor_id = f"{mode}-{clock()}-{os.getpid()}"
        self._events: deque[LiveEvent] = deque(maxlen=MOST_EVENTS)
        self._commands: deque[Mapping[str, Any]] = deque()
        self._finished: deque[tuple[str, int, str, str]] = deque()
        self._taken: set[str] = set()
        self._picture: tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any]] | None = None
        self._written: Any = None
        self._store: LiveStore | None = None
        self._beat_at = 0.0
        self._done = threading.Event()
        self._why = "ended"
        self._is_told = False
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)
        self._thread.start()

    # for the monitor

    def show(self, positions: list[dict[str, Any]], orders: list[dict[str, Any]], summary: dict[str, Any]) -> None:
        self._picture = positions, orders, summary

    def tell(self, at: int, kind: str, key: str, text: str, body: Mapping[str, Any]) -> None:
        self._events.append({"at": at, "kind": kind, "key": key or None, "text": text, "body": body})
        if self._alerts is not None and body.get("warn"):
            self._alerts.send(str(body.get("name", kind)), key, text)

    def commands(self) -> list[Mapping[str, Any]]:
        taken = []
        while self._commands:
            taken.append(self._commands.popleft())
        return taken

    def finished(self, command_id: str, at: int, outcome: str, detail: str) -> None:
        self._finished.append((command_id, at, outcome, detail))

    def close(self, why: str) -> None:
        self._why = why
        self._done.set()
        self._thread.join(5)

    # in the thread

    def _run(self) -> None:
        while not self._done.wait(EVERY):
            self._tried(self._once)
        self._tried(self._last)

    def _tried(self, work: Callable[[], None]) -> None:
        try:
            work()
            self._is_told = False
        except Exception as error:  # whatever a database does, the monitor goes on
            if not self._is_told:
                words = str(error) if isinstance(error, ExitBrainError) else f"{type(error).__name__}: {error}"
                LOG.warning("the store cannot be written, so that no screen follows: %s", words.splitlines()[0])
            self._is_told = True
            self._done.wait(AGAIN_AFTER)

    def _once(self) -> None:
        if self._picture is None:
            return  # the store is opened when there is something to show
        store = self._began()
        self._write(store)
        for command in store.pending_commands():
            if command["command_id"] not in self._taken:
                self._taken.add(command["command_id"])
                self._commands.append(command)

    def _began(self) -> LiveStore:
        if self._store is None:
            store = self._opened()
            store.begin_monitor(
                self.monitor_id, mode=self._mode, venue=self._venue, started_at=self._clock(), config=self._config
            )
            self._store = store
        return self._store

    def _write(self, store: LiveStore) -> None:
        # What is finished is told with a picture that has it.
        finished, picture = len(self._finished), self._picture
        if picture is not None:
            positions, orders, summary = picture
            shown = (positions, orders)
            if shown != self._written:
                store.put_positions(self.monitor_id, positions)
                store.put_orders(self.monitor_id, orders)
                self._written = shown
            if finished or time.monotonic() >= self._beat_at:
                self._beat_at = time.monotonic() + BEAT_EVERY
                store.heartbeat(self.monitor_id, self._clock(), summary)
        events = []
        while self._events:
            events.append(self._events.popleft())
        try:
            store.add_events(self.monitor_id, events)
        except BaseException:
            self._events.extendleft(reversed(events))
            raise
        for _ in range(finished):
            store.finish_command(*self._finished[0])
            self._finished.popleft()

    def _last(self) -> None:
        if self._store is not None:
            self._beat_at = 0.0
            self._write(self._store)
            self._store.end_monitor(self.monitor_id, self._clock(), self._why)

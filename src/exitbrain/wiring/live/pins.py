"""Written plans in a running monitor: a position keeps the plan that it began under, whatever comes into force later.

    pins = Pins(store, account="3f1c…", positions=[("BTCUSDT", 3)])   # asks the store once, before the loop
    decider = PinnedDecider(lambda plan: rules_of(plan), pins, lambda: recorded.state)
    pins.began("ETHUSDT", 1)                                          # when a position opens: at once, without the store
    pins.close()

The store is asked by a thread. A decision at a closed bar takes what is known in memory, so that no database holds up
an exit; where the store does not answer, the plan that was in force last stays in force here.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from exitbrain.config.plans import load_plan
from exitbrain.core.live.book import State
from exitbrain.core.live.events import Event
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import ExitBrainError, one_line
from exitbrain.features.lines import ClosedBar
from exitbrain.live.monitor import Decider
from exitbrain.live.watching import LiveMarket

LOG = logging.getLogger("exitbrain.live")
ASKED_EVERY = 2.0
BARS_KEPT = 600

Life = tuple[str, int]  # a position's key, and which of its lives


class Proposals(Protocol):
    """`store.Store`, as far as pins ask it."""

    def pin_plan(self, position_key: str, proposal_id: str | None = None) -> dict[str, Any] | None: ...

    def release_pin(self, position_key: str) -> None: ...

    def active_proposal(self) -> dict[str, Any] | None: ...


@dataclass(frozen=True, slots=True)
class Written:
    """A plan of the store; `proposal_id` tells one from another."""

    proposal_id: str
    plan: StrategyPlan


class Pins:
    """`account` keeps lives of different journals apart: their numbers begin at 1 in each."""

    def __init__(
        self, store: Proposals, account: str, positions: Iterable[Life] = (), *, every: float = ASKED_EVERY
    ) -> None:
        """Raises Unavailable where the store does not answer: a position would have no rules, or others' rules."""
        self._store, self._account, self._every = store, account, every
        self._known: dict[str, Written] = {}
        self._held: dict[Life, Written | None] = {}
        self._waiting: deque[tuple[Life, str]] = deque()
        self._ending: deque[Life] = deque()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._in_force = self._read(store.active_proposal())
        for life in positions:
            self._held[life] = self._read(store.pin_plan(self._key(life)))
        self._thread = threading.Thread(target=self._run, name="pins", daemon=True)
        self._thread.start()

    @property
    def in_force(self) -> Written | None:
        return self._in_force

    def began(self, key: str, epoch: int) -> None:
        """A position has opened. It is under the plan in force from now on."""
        life = key, epoch
        with self._lock:
            if life not in self._held:
                self._held[life] = written = self._in_force
                if written is not None:
                    self._waiting.append((life, written.proposal_id))

    def of(self, key: str, epoch: int) -> Written | None:
        self.began(key, epoch)
        return self._held[key, epoch]

    def keep(self, open_: Iterable[Life]) -> None:
        """Positions that are open; the others' plans are let go."""
        known = set(open_)
        with self._lock:
            for life in [one for one in self._held if one not in known]:
                del self._held[life]
                self._ending.append(life)

    def close(self) -> None:
        self._closing.set()
        self._thread.join(5)

    def _key(self, life: Life) -> str:
        return f"{self._account}:{life[0]}:{life[1]}"

    def _read(self, proposal: Mapping[str, Any] | None) -> Written | None:
        if proposal is None:
            return None
        id_ = str(proposal["proposal_id"])
        if id_ not in self._known:
            text = str(proposal["text"])
            self._known[id_] = Written(id_, load_plan(text if text.endswith("\n") else f"{text}\n"))
        return self._known[id_]

    def _run(self) -> None:
        told = ""
        while not self._closing.wait(self._every):
            try:
                self._ask()
                told = ""
            except ExitBrainError as error:
                if str(error) != told:
                    told = str(error)
                    LOG.warning("written plans stay as they were: %s", one_line(told))
        try:
            self._ask()
        except ExitBrainError:
            LOG.warning("plans of positions were not written down")

    def _ask(self) -> None:
        """What is queued stays queued where the store fails."""
        now = self._read(self._store.active_proposal())
        if now is not self._in_force:
            LOG.info("the plan in force is %s", "none" if now is None else now.plan.plan_id)
            self._in_force = now
        while self._waiting:
            life, proposal_id = self._waiting[0]
            self._store.pin_plan(self._key(life), proposal_id)
            self._waiting.popleft()
        while self._ending:
            self._store.release_pin(self._key(self._ending[0]))
            self._ending.popleft()


@dataclass(slots=True)
class Rules:
    """A plan's own features and rules. `add` makes the market of one more symbol."""

    decider: Decider
    markets: dict[str, LiveMarket]
    add: Callable[[str], object]

    def take(self, key: str, bar: ClosedBar) -> None:
        if key not in self.markets:
            self.add(key)
        if self.markets[key].is_next(bar):
            self.markets[key].take(bar)


@dataclass(slots=True)
class PinnedDecider:
    """`live.monitor.Decider` for as many plans as positions are under; symbols without a position are under the plan in
    force, whose rules may set the latch. A plan that comes into force while this runs sees the bars that were kept."""

    make: Callable[[StrategyPlan], Rules]
    pins: Pins
    state: Callable[[], State]
    rules: dict[str, Rules] = field(default_factory=dict)
    bars: dict[str, deque[ClosedBar]] = field(default_factory=dict)

    def warm(self, key: str, bar: ClosedBar) -> None:
        for one in self.rules.values():
            one.take(key, bar)
            one.decider.warm(key, bar)
        self._keep(key, bar)

    def decide(self, bars: Mapping[str, ClosedBar], now: int) -> Iterator[Event]:
        """Lazily, as `LiveDecider.decide`: each event has to be taken before the next is asked for."""
        groups = self._groups(bars)
        for proposal_id, one in self.rules.items():
            for key, bar in bars.items():
                one.take(key, bar)
                if key not in groups.get(proposal_id, {}):
                    one.decider.warm(key, bar)
        for key, bar in bars.items():
            self._keep(key, bar)
        for proposal_id, own in groups.items():
            yield from self.rules[proposal_id].decider.decide(own, now)
        self._let_go()

    def _groups(self, bars: Mapping[str, ClosedBar]) -> dict[str, dict[str, ClosedBar]]:
        groups: dict[str, dict[str, ClosedBar]] = {}
        for key, bar in sorted(bars.items()):
            book = self.state().books.get(key)
            is_open = book is not None and book.lots != 0
            written = self.pins.of(key, book.epoch) if is_open and book is not None else self.pins.in_force
            if written is not None:
                self._know(written)
                groups.setdefault(written.proposal_id, {})[key] = bar
        return groups

    def _know(self, written: Written) -> None:
        if written.proposal_id in self.rules:
            return
        made = self.make(written.plan)
        for key, past in self.bars.items():
            for bar in past:
                made.take(key, bar)
                made.decider.warm(key, bar)
        self.rules[written.proposal_id] = made

    def _keep(self, key: str, bar: ClosedBar) -> None:
        self.bars.setdefault(key, deque(maxlen=BARS_KEPT)).append(bar)

    def _let_go(self) -> None:
        """Plans that no position is under, and that are not in force, are forgotten."""
        books = self.state().books
        open_ = [(key, book.epoch) for key, book in books.items() if book.lots]
        self.pins.keep(open_)
        used = {one.proposal_id for life in open_ if (one := self.pins.of(*life)) is not None}
        if self.pins.in_force is not None:
            used.add(self.pins.in_force.proposal_id)
        for proposal_id in [one for one in self.rules if one not in used]:
            del self.rules[proposal_id]


def lives_of(state: State) -> Sequence[Life]:
    return [(key, book.epoch) for key, book in state.books.items() if book.lots]

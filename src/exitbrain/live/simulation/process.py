"""The monitor as a process: the core behind a journal in memory. A crash forgets all but the journal.

A boundary is a place at which a process can die: before a row, after it, before and after each request, when the venue
has acted, before an answer is taken. The journal keeps what was written before it.
"""

from __future__ import annotations

from collections.abc import Callable

from exitbrain.core.live import events as e
from exitbrain.core.live import step as stepping
from exitbrain.core.live.book import Book, Settings, State
from exitbrain.live.recording import Change
from exitbrain.live.simulation.agenda import Agenda, Dice
from exitbrain.live.simulation.judging import Judge, law
from exitbrain.live.simulation.swarm import SECOND, Swarm
from exitbrain.live.simulation.venue import KEY, Venue
from exitbrain.live.simulation.wire import Wire

CLOCK_JUMPS = (-3600 * SECOND, -10 * SECOND, 10 * SECOND, 3600 * SECOND)


UNSYNCED = 0.5  # of crashes that find rows on their way to the disk


class Died(Exception):
    """The process is gone: nothing after this line of it happens."""


class Process:
    def __init__(
        self, swarm: Swarm, agenda: Agenda, dice: Dice, venue: Venue, wire: Wire, judge: Judge,
        plans: Callable[[e.Ask], e.LivePlan | None],
    ) -> None:  # fmt: skip
        self.swarm, self.agenda, self.dice, self.venue, self.wire, self.judge = swarm, agenda, dice, venue, wire, judge
        self.plans = plans
        self.settings = Settings(close_position_stops=swarm.close_position_stops)
        self.book: Book | None = None
        self.state = State(settings=self.settings)
        self.rows: list[tuple[int, e.Event, tuple[e.Effect, ...]]] = []
        self.verified = 0  # rows that were replayed, and what they came to
        self.verified_state = self.state
        self.run, self.up, self.crashes = 1, True, 0
        self.started_at = 0
        self.frozen_until = 0
        self.left = self.state  # what a crash destroyed, for the judge only
        self.offset = SECOND  # of the process's clock: a wall's clock may stand anywhere, the core's never goes back
        self.taking: e.Event = e.Ticked()
        self.asked_for: tuple[e.Effect, ...] = ()
        self.crash_at: Callable[[str], bool] = self._crashes

    @property
    def state(self) -> State:
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state, self.book = state, state.books.get(KEY)

    def clock(self) -> int:
        return self.agenda.now + self.offset

    # what comes in

    def start(self) -> None:
        self.take(e.Managed(key=KEY, instrument=self.venue.instrument))
        self.take(e.Started(fence=self.run))

    def arrived(self, event: e.Event, run: int) -> None:
        if not self.up or run != self.run:
            return
        if self.agenda.now < self.frozen_until:
            self.agenda.later(self.frozen_until - self.agenda.now, lambda: self.arrived(event, run))
            return
        self.take(event)

    def take(self, event: e.Event) -> None:
        """The event and what it leads to are a row before anything goes out."""
        if not self.up:
            return
        self.taking, self.asked_for = event, ()
        try:
            self.boundary("before row")
            before, at = self.state, self.clock()
            after, effects = stepping.step(before, event, at)
            if self.dice.happens("full_disk", self.swarm.full_disk):
                self._disk_is_full((at, event, effects))
            self.rows.append((at, event, effects))
            self.state, self.asked_for = after, effects
            self.judge.stepped(before, event, effects, at)
            self.boundary("row")
            for effect in effects:
                if isinstance(effect, e.Send | e.Cancel):
                    self.boundary("before send")
                    self.wire.send(effect)
                    self.boundary("sent")
                elif isinstance(effect, e.Ask):
                    self.wire.ask(effect)
        except Died:
            return

    def plan_asked(self, ask: e.Ask) -> None:
        """The planner answers inside the process; it may have nothing to say yet."""
        if self.dice.happens("late_plans", self.swarm.late_plans):
            return
        plan = self.plans(ask)
        if plan is not None:
            self.wire.deliver(e.PlanGiven(key=KEY, epoch=ask.epoch, plan=plan), 0)

    # dying and coming back

    def boundary(self, name: str) -> None:
        if self.up and self.crash_at(name):
            self.die(self.dice.of("down").randint(1, 30) * SECOND // 10)
            if name != "venue applied":
                raise Died

    def _crashes(self, name: str) -> bool:
        chance = self.swarm.crashes
        if self.crashes and self.agenda.now < self.started_at + 2 * SECOND:
            chance = max(chance, self.swarm.crashes_again)
        return self.crashes < 12 and self.dice.happens("crashes", chance)

    def _disk_is_full(self, row: tuple[int, e.Event, tuple[e.Effect, ...]]) -> None:
        """A row that could not be written, or that was while its success was not told: nothing may be sent."""
        if self.dice.of("disk").random() < 0.5:
            self.rows.append(row)
            self.state = stepping.step(self.state, row[1], row[0])[0]
        self.die(self.dice.of("disk").randint(1, 10) * SECOND)
        raise Died

    def die(self, down: int) -> None:
        self.crashes += 1
        self.left = self.state
        self.up = False
        self.run += 1
        self.judge.excuse("down")
        self.frozen_until = 0
        run = self.run
        self.agenda.later(down, lambda: self._start_again() if run == self.run else None)

    def _start_again(self) -> None:
        self.state = self._read_back()
        self.up, self.started_at = True, self.agenda.now
        self.judge.excuse("started")
        wall = self.agenda.now + SECOND
        if self.swarm.clock_jumps and self.dice.on:
            wall = self.clock() + self.dice.of("clock").choice(CLOCK_JUMPS)
        last = self.rows[-1][0] if self.rows else 0
        self.offset = max(wall, last) - self.agenda.now
        if self.book is None:
            self.take(e.Managed(key=KEY, instrument=self.venue.instrument))
        self.take(e.Started(fence=self.run))

    def replayed(self) -> State:
        """What the journal's rows come to. Rows that were replayed before are not replayed again."""
        return self._replay()[-1]

    def _replay(self) -> list[State]:
        states = [self.verified_state]
        for at, event, effects in self.rows[self.verified :]:
            state, again = stepping.step(states[-1], event, at)
            law(again == effects, "I7", "a replay decides otherwise", event, effects, again)
            states.append(state)
        self.verified, self.verified_state = len(self.rows), states[-1]
        return states

    def _read_back(self) -> State:
        """After a crash: rows that may wait for the next one (live.recording) may be gone with the process."""
        first, states = self.verified, self._replay()
        law(states[-1] == self.left, "I7", "a replay comes to another state")
        waiting = 0
        while waiting < len(states) - 1 and _may_wait(
            states[-waiting - 2], states[-waiting - 1], self.rows[-waiting - 1][2]
        ):
            waiting += 1
        if waiting and self.dice.happens("unsynced", UNSYNCED):
            lost = self.dice.of("unsynced").randint(1, waiting)
            del self.rows[len(self.rows) - lost :], states[len(states) - lost :]
            self.verified, self.verified_state = len(self.rows), states[-1]
            assert self.verified >= first
            book = states[-1].books.get(KEY)
            self.judge.heard_version = -1 if book is None else book.version
        return states[-1]

    # time

    def tick(self) -> None:
        if self.agenda.now >= self.frozen_until:
            self.take(e.Ticked())
        quiet = not self.dice.on and self.agenda.now > self.judge.settled_at + 4 * SECOND
        self.agenda.later(SECOND if quiet else self.swarm.tick_every, self.tick)

    def trouble(self) -> None:
        if not self.dice.on:
            return
        # One that is frozen freezes no more: what waits for its end would else be overtaken by what came later.
        if self.up and self.agenda.now >= self.frozen_until and self.dice.happens("freezes", self.swarm.freezes):
            self.frozen_until = self.agenda.now + self.dice.of("freeze").choice((1, 3, 10, 60)) * SECOND
            self.judge.excuse("down")
            run = self.run
            self.agenda.later(
                self.frozen_until - self.agenda.now, lambda: self.judge.excuse("started") if run == self.run else None
            )
        self.agenda.later(SECOND, self.trouble)

    def settle(self) -> None:
        if self.frozen_until > self.agenda.now:
            self.frozen_until = self.agenda.now
            self.judge.excuse("started")


def _may_wait(before: State, after: State, effects: tuple[e.Effect, ...]) -> bool:
    """As live.recording has it: rows that only say what was seen, and lead to nothing but questions."""
    asks = all(isinstance(one, e.Ask) and one.what is not e.Question.PLAN for one in effects)
    return asks and Change.of(before, after).is_sight

"""One seed: a history in which things go wrong, then a quiet in which all must come right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from exitbrain.core.live.text import canonical, digest
from exitbrain.live.simulation.agenda import Agenda, Dice
from exitbrain.live.simulation.judging import Broken, Judge, law
from exitbrain.live.simulation.people import People
from exitbrain.live.simulation.process import Process
from exitbrain.live.simulation.swarm import SECOND, Swarm, swarm_of
from exitbrain.live.simulation.venue import Venue
from exitbrain.live.simulation.wire import Wire

PROTECTED_WITHIN = 10 * SECOND
QUIET = 22 * SECOND
AT_REST_EARLY = 7 * SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    seed: int
    faults: int
    crashes: int
    sends: int
    fills: int
    lives: int
    naked_most: int
    broken: str = ""
    law: str = ""
    alerts: dict[str, int] = field(default_factory=dict)


class History:
    def __init__(self, seed: int, swarm: Swarm) -> None:
        self.seed, self.swarm = seed, swarm
        self.agenda, self.dice = Agenda(), Dice(seed)
        self.venue = Venue(swarm, self.agenda, self.dice)
        self.wire = Wire(swarm, self.agenda, self.dice, self.venue)
        self.judge = Judge(swarm, self.agenda, self.dice, self.venue)
        self.process = Process(
            swarm, self.agenda, self.dice, self.venue, self.wire, self.judge, lambda ask: self.people.plan(ask)
        )
        self.people = People(swarm, self.agenda, self.dice, self.venue, self.wire, self.process, self.judge)
        self.wire.process = self.judge.process = self.process
        self.wire.judge = self.judge

    def run_until(self, end: int) -> None:
        agenda, look = self.agenda, self.judge.look
        while agenda.next(end):
            look()

    def start(self) -> None:
        self.process.start()
        self.agenda.later(self.wire.delay(), self.process.tick)
        for each_second in (self.wire.trouble, self.process.trouble):
            self.agenda.later(SECOND, each_second)

    def settle(self) -> None:
        """Nothing fails any more, price stands, people leave."""
        self.wire.settle()
        self.process.settle()
        self.people.on = False
        self.judge.settled_at = self.agenda.now

    def play(self) -> None:
        self.start()
        self.people.start()
        self.run_until(self.swarm.length)
        banned = self.wire.banned_until - self.agenda.now  # what the venue has asked for is still waited for
        self.settle()
        down = max(banned, 0 if self.process.up else 10 * SECOND)
        self.come_to_rest(down)
        self.judge.check_audit(self.process.rows)
        if self.process.crashes or self.seed % 4 == 0:
            law(self.process.replayed() == self.process.state, "I7", "a replay comes to another state")

    def come_to_rest(self, down: int) -> None:
        """What is protected and at rest early need not be watched to the end; every eighth is."""
        if self.seed % 8:
            self.run_until(self.agenda.now + down + AT_REST_EARLY)
            if self.judge.is_at_rest():
                return
            self.run_until(self.agenda.now + PROTECTED_WITHIN - AT_REST_EARLY)
        else:
            self.run_until(self.agenda.now + down + PROTECTED_WITHIN)
        self.judge.check_protected()
        self.run_until(self.agenda.now + QUIET - PROTECTED_WITHIN)
        self.judge.check_quiet()

    def trace(self) -> str:
        """A digest of all that came in, when, and of what it led to; and of the state that it came to."""
        rows = hashlib.sha256()
        for row in self.process.rows:
            rows.update(canonical(row).encode())
        return f"{rows.hexdigest()[:16]} {digest(self.process.state)[:16]}"

    def outcome(self, broken: Broken | None = None) -> Outcome:
        judge = self.judge
        return Outcome(
            seed=self.seed, faults=self.dice.faults, crashes=self.process.crashes, sends=judge.sends, fills=judge.fills,
            lives=self.venue.life, naked_most=judge.naked_most, broken=str(broken or ""),
            law=broken.law if broken else "", alerts=judge.alerts,
        )  # fmt: skip


def played(seed: int, swarm: Swarm | None = None) -> Outcome:
    """What became of a seed. An exception of the core is a broken law too: I16."""
    history = History(seed, swarm or swarm_of(seed))
    try:
        history.play()
    except Broken as broken:
        return history.outcome(broken)
    except Exception as error:
        words = " ".join(str(error).split())
        return history.outcome(Broken("I16", f"{type(error).__name__}: {words}"))
    return history.outcome()

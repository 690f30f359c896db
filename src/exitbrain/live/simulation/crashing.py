"""Named scenarios, each with a crash at every boundary of the process: once or twice, and with snapshots after the start
that are complete or of some seconds ago.

A boundary is one of: before a row, after it, before and after a request, when the venue has acted on it. The answer's own
rows are boundaries too. Rows of the clock and of prices that ask the venue for nothing are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

from exitbrain.core.ladder import REMAINING
from exitbrain.core.live import events as e
from exitbrain.core.live.client_ids import parsed_id
from exitbrain.live.simulation.judging import Broken
from exitbrain.live.simulation.mutants import planted
from exitbrain.live.simulation.playing import History
from exitbrain.live.simulation.swarm import SECOND, Swarm
from exitbrain.live.simulation.venue import KEY, START_PRICE
from exitbrain.venues.simulated.orders import AlgoRequest, Kind, OrderRequest

LOTS = 10
AFTER = 2  # boundaries between the first crash and the second
VIEWS = ("complete", "stale")
Act = tuple[str, int]

# What happens, a second and a half apart, after a position of ten was opened at 1000: prices as ticks in its favour.
SCRIPTS: dict[str, tuple[Act, ...]] = {
    "opened": (),
    "rung": (("price", 13),),
    "both rungs": (("price", 13), ("price", 32)),
    "leap over both rungs": (("leap", 40),),
    "trail raised": (("price", 11), ("price", 28), ("price", 29)),
    "trail met": (("price", 28), ("price", 60), ("price", 20)),
    "break-even met": (("price", 13), ("price", -2)),
    "stop met": (("price", -22),),
    "leap through the stop": (("leap", -30),),
    "leap through both stops": (("leap", -130),),
    "reduced": (("reduce", 50),),
    "reduced twice": (("reduce", 50), ("reduce", 50)),
    "reduced at a rung": (("price", 13), ("reduce", 33)),
    "flattened": (("flatten", 0),),
    "flattened at a rung": (("price", 13), ("flatten", 0)),
    "added to": (("hand", 5),),
    "reduced by hand": (("hand", -4),),
    "closed by hand": (("hand", -10),),
    "turned by hand": (("hand", -16),),
    "closed and opened by hand": (("hand", -10), ("hand", 7)),
    "stop taken away": (("away", 0),),
    "last stop taken away": (("away", 1),),
    "stop of others": (("their stop", 4), ("away theirs", 0)),
    "take of others, flattened": (("their take", 6), ("flatten", 0)),
    "deleveraged": (("deleverage", 3),),
}  # fmt: skip
SIDES = {"long": 1, "short": -1}
SCENARIOS = tuple(f"{side}, {name}" for name in SCRIPTS for side in SIDES)


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """Where a run died, and what became of it; `boundary` -1: it did not die."""

    scenario: str
    boundary: int
    name: str
    times: int
    view: str
    said: str = ""


class Scripted(History):
    """A scenario without faults but for the crashes."""

    def __init__(self, scenario: str, *, crash_at: Sequence[int] = (), stale: bool = False) -> None:
        side, _, script = scenario.partition(", ")
        self.side, self.script = SIDES[side], SCRIPTS[script]
        super().__init__(1, Swarm(length=(4 + 2 * len(self.script)) * SECOND))
        self.crashes_at, self.stale = frozenset(crash_at), stale
        self.passed: list[str] = []
        self.process.crash_at = self._crashes
        self.process.plans = self._plan

    def _crashes(self, name: str) -> bool:
        process = self.process
        wire = any(isinstance(one, e.Send | e.Cancel) for one in process.asked_for)
        if isinstance(process.taking, e.Ticked | e.PriceSeen) and not wire and name != "venue applied":
            return False
        self.passed.append(name)
        if len(self.passed) - 1 not in self.crashes_at:
            return False
        if self.stale:
            self.wire.aged_until = self.agenda.now + 5 * SECOND
        return True

    def _plan(self, ask: e.Ask) -> e.LivePlan:
        side, size, entry = self.side if ask.lots * self.side > 0 else -self.side, abs(ask.lots), int(ask.entry)
        rungs = tuple(
            e.PlanRung(index=number, level=entry + side * reward, lots=lots, soft=number == 2, move=2 if number == 1 else 0,
                       move_to=entry)
            for number, reward, lots in ((1, 12, size * 3 // 10), (2, 30, size * 3 // 10))
            if lots
        )  # fmt: skip
        runner = size - sum(rung.lots for rung in rungs) if side > 0 else REMAINING
        callbacks = ((entry + side * 10, 1, 50), (entry + side * 50, 1, 100))
        return e.LivePlan(lots=size, stop=entry - side * 20, rungs=rungs, runner=runner, callbacks=callbacks)

    def play(self) -> None:
        self.people.on = False
        self.start()
        self.agenda.later(SECOND // 10, self.people.trade)
        self.agenda.later(SECOND, lambda: self.people.trade_by_hand(self.side * LOTS))
        for number, (verb, much) in enumerate(self.script):
            self.agenda.later((5 + 3 * number) * SECOND // 2, self._deed(verb, much))
        self.run_until(self.swarm.length)
        self.settle()
        self.come_to_rest(0 if self.process.up else 10 * SECOND)
        self.judge.check_audit(self.process.rows)

    def _deed(self, verb: str, much: int) -> Callable[[], None]:
        return lambda: self._do(verb, much)

    def _do(self, verb: str, much: int) -> None:
        venue, people, side = self.venue, self.people, self.side
        decision = f"d{self.agenda.now}"
        if verb in ("price", "leap"):
            venue.move(START_PRICE + side * much, leaps=verb == "leap")
            self.wire.price()
        elif verb == "hand":
            people.trade_by_hand(side * much)
        elif verb == "reduce" and self.process.book is not None:
            epoch = self.process.book.epoch
            self.process.take(e.ReduceAsked(key=KEY, epoch=epoch, fraction=Fraction(much, 100), decision=decision))
        elif verb == "flatten":
            self.process.take(e.FlattenAsked(key=KEY, decision=decision))
        elif verb.startswith("away"):
            theirs = verb == "away theirs"
            ids = [one.id for one in venue.listing() if (parsed_id(one.id) is None) == theirs]
            stops = [id_ for id_ in ids if venue.is_open_stop(id_)]
            whole = [id_ for id_ in stops if venue.exchange.algos[venue.algos[id_]].request.close_position]
            chosen = whole if much else [id_ for id_ in stops if id_ not in whole]
            if chosen:
                people.take_away(chosen[0])
        elif verb in ("their stop", "their take") and venue.lots:
            self._theirs(verb, much)
        elif verb == "deleverage" and venue.lots:
            self.judge.people_acted()
            venue.deleverage(min(much, abs(venue.lots)))
        self.wire.tell()

    def _theirs(self, verb: str, lots: int) -> None:
        venue, side = self.venue, -self.venue.side
        if verb == "their stop":
            venue.rest(
                AlgoRequest(
                    symbol=KEY, side=side, kind=Kind.STOP_MARKET, lots=lots, trigger=venue.price + side * 8,
                    reduce_only=True, client_id="hand-stop",
                )
            )  # fmt: skip
        else:
            price = venue.price - side * 50
            venue.order(
                OrderRequest(
                    symbol=KEY, side=side, kind=Kind.LIMIT, lots=lots, price=price, reduce_only=True,
                    client_id="hand-take",
                )
            )  # fmt: skip
        venue.gather()
        self.judge.people_acted(on_stops=True)


def crashed(scenario: str, crash_at: Sequence[int], stale: bool) -> tuple[str, list[str]]:
    """What law was broken, "" for none, and the boundaries that were passed."""
    history = Scripted(scenario, crash_at=crash_at, stale=stale)
    try:
        history.play()
    except Broken as broken:
        return str(broken), history.passed
    except Exception as error:
        return f"I16: {type(error).__name__}: {error}", history.passed
    return "", history.passed


def crash_points(scenario: str, mutant: str | None = None, every: int = 1) -> list[CrashPoint]:
    """One for each run; the first is the run without a crash. `every` leaves out boundaries."""
    with planted(mutant):
        said, passed = crashed(scenario, (), False)
        points = [CrashPoint(scenario, -1, "none", 0, "complete", said)]
        for boundary in range(0, len(passed), every):
            for times, crashes in ((1, (boundary,)), (2, (boundary, boundary + 1 + AFTER))):
                for view in VIEWS:
                    said, _ = crashed(scenario, crashes, view == "stale")
                    points.append(CrashPoint(scenario, boundary, passed[boundary], times, view, said))
    return points


def all_crash_points(
    scenarios: Sequence[str] = SCENARIOS, jobs: int = 1, mutant: str | None = None
) -> Iterator[list[CrashPoint]]:
    if jobs == 1:
        yield from (crash_points(scenario, mutant) for scenario in scenarios)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(crash_points, scenarios, [mutant] * len(scenarios))

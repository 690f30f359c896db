"""A monitor that is killed again and again while people and price move; the venue's own log says what came of it.

One life of the monitor: it starts, and what is open must be covered within five seconds. Then something happens (an
entry, a cut, a move of the price, nothing), and shortly after it is killed with SIGKILL: mostly while requests are on
their way. Now and then it is frozen instead, or its line is dead for a while. At the end the venue's log is judged as a
whole (`faults_of`), and the journal is verified and held against it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from exitbrain.core.live import events as e
from exitbrain.core.live import text
from exitbrain.core.live.client_ids import parsed_id
from exitbrain.core.live.orders import Role
from exitbrain.live.auditing import verified
from exitbrain.store.journal import open_rows
from live.processes import CONFIG, SYMBOL, Venue, command, environment, standing_of, venue_process, wait_until

COVERED_WITHIN = 5.0
SETTLED_WITHIN = 20.0
SOON = 0.15  # seconds in which most requests go out after something happened
UP = "stream is open"
WIRE = (" sends ", " cancels ")


# the monitor


@dataclass
class Victim:
    pid: int
    log: Path
    started_at: float

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return f"{self.pid} (" in _stat(self.pid) and ") Z " not in _stat(self.pid)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        limit = time.monotonic() + 10
        while self.is_alive():
            assert time.monotonic() < limit, self.pid
            time.sleep(0.005)

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def _stat(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""


class Nursery:
    """Forks monitors (live.nursery)."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "live.nursery"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, PYTHONPATH=os.pathsep.join((str(Path(__file__).parents[1]), *sys.path))),
        )  # fmt: skip
        assert self._line() == "ready"

    def start(self, words: list[str], variables: Mapping[str, str], log: Path) -> Victim:
        began = time.monotonic()
        assert self.process.stdin is not None
        asked = {"words": words, "environment": dict(variables), "log": str(log)}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        return Victim(int(self._line()), log, began)

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def close(self) -> None:
        self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()


class Executed:
    """Starts monitors as a user would, imports and all."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, words: list[str], variables: Mapping[str, str], log: Path) -> Victim:
        began = time.monotonic()
        for one in self._processes:
            one.poll()
        with log.open("wb") as made:
            process = subprocess.Popen(
                command(*words), env=dict(variables), stdin=subprocess.DEVNULL, stdout=made, stderr=made
            )
        self._processes.append(process)
        return Victim(process.pid, log, began)

    def close(self) -> None:
        for one in self._processes:
            if one.poll() is None:
                one.kill()
            one.wait(10)


# one campaign


@dataclass
class Campaign:
    """`journal` is a PostgreSQL URL, or blank for the home's own file."""

    venue: Venue
    home: Path
    starter: Nursery | Executed
    dice: random.Random
    journal: str = ""
    url: str = ""
    lives: int = 0
    bare: list[float] = field(default_factory=list)  # seconds to cover, where a start found a position bare
    up: list[float] = field(default_factory=list)  # seconds to a running monitor
    faults: list[str] = field(default_factory=list)
    moments: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.home.mkdir(exist_ok=True)
        extra = f", journal: '{self.journal}'" if self.journal else ""
        (self.home / "config.yaml").write_text(CONFIG.replace("serve: false", f"serve: false{extra}"))

    def start(self) -> Victim:
        words = ["live", "--config", str(self.home / "config.yaml"), "--mode", "paper"]
        words += ["--url", self.url or self.venue.url]
        return self.starter.start(words, environment(self.home), self.home / f"log-{self.lives}")

    def life(self, end: Callable[[Victim], None] | None = None) -> None:
        """A start, cover, something that happens, and the end: a kill, where nothing else is asked."""
        self.lives += 1
        monitor = self.start()
        try:
            if self.dice.random() < 0.1:
                self.moments["while it starts"] += 1
                time.sleep(self.dice.uniform(0.0, 0.8))
                return
            self._covered(monitor)
            if not self._is_up(monitor):
                return
            before = monitor.said()
            happened = self.dice.choice(HAPPENINGS)
            happened(self)
            self.moments[happened.__name__.strip("_")] += 1
            if end is not None:
                end(monitor)
                return
            self._wait(monitor, len(before))
            if not monitor.is_alive():
                self._fault(f"it ended by itself: {monitor.said()[-600:]}")
        finally:
            monitor.kill()

    def _wait(self, monitor: Victim, said: int) -> None:
        """Till a moment to die: right after something was sent, soon after something happened, or some time later."""
        kind = self.dice.choices(("sent", "soon", "later"), (5, 3, 2))[0]
        self.moments[kind] += 1
        if kind == "sent":
            limit = time.monotonic() + 1
            while time.monotonic() < limit and not any(word in monitor.said()[said:] for word in WIRE):
                time.sleep(0.002)
            time.sleep(self.dice.uniform(0, 0.03))
        else:
            time.sleep(self.dice.uniform(0, SOON) if kind == "soon" else self.dice.uniform(SOON, 1.2))

    def _covered(self, monitor: Victim) -> None:
        is_bare = not self.venue.standing().is_covered
        while is_bare:
            took = time.monotonic() - monitor.started_at
            if self.venue.standing().is_covered:
                self.bare.append(took)
                if took > COVERED_WITHIN:
                    self._fault(f"covered only after {took:.1f} s")
                return
            if took > 4 * COVERED_WITHIN or not monitor.is_alive():
                self._fault(f"not covered after {took:.1f} s: {self.venue.standing()}; {monitor.said()[-600:]}")
                return
            time.sleep(0.02)

    def _is_up(self, monitor: Victim) -> bool:
        while UP not in monitor.said():
            took = time.monotonic() - monitor.started_at
            if took > 4 * COVERED_WITHIN or not monitor.is_alive():
                self._fault(f"not up after {took:.1f} s: {monitor.said()[-600:]}")
                return False
            time.sleep(0.02)
        self.up.append(time.monotonic() - monitor.started_at)
        return True

    def _fault(self, words: str) -> None:
        self.faults.append(f"life {self.lives}: {words}")

    def settle(self) -> None:
        """Left in peace, everything comes right: covered, one order a lane, nothing in doubt."""
        self.lives += 1
        monitor = self.start()
        try:
            wait_until(lambda: _is_settled(self.venue.log()), SETTLED_WITHIN, lambda: monitor.said()[-2000:])
        except AssertionError as error:
            self._fault(f"not settled: {open_lanes(self.venue.log())} {error}")
        finally:
            os.kill(monitor.pid, signal.SIGINT)
            with contextlib.suppress(AssertionError):
                wait_until(lambda: not monitor.is_alive(), 20)
            monitor.kill()

    def judged(self) -> list[str]:
        return [*self.faults, *faults_of(self.venue.log()), *self.unwritten()]

    def unwritten(self, file: Path | None = None) -> list[str]:
        """I6, I9: each order of ours at the venue was one intent of the journal, which is whole."""
        place = self.journal or str(file or self.home / "live" / "paper.sqlite3")
        read = open_rows(place, account_of_venue() if self.journal else "main")
        try:
            verified(read)
            intents = Counter(
                one.id
                for row in read.after(0)
                if row.kind == "event"
                for one in text.read(json.loads(row.body)["effects"])
                if isinstance(one, e.Send)
            )
        finally:
            read.close()
        at_venue = Counter(own_ids(self.venue.log()))
        return [f"{id_}: {count} at the venue, {intents[id_]} intents" for id_, count in at_venue.items()
                if count != 1 or intents[id_] != 1]  # fmt: skip


def account_of_venue() -> str:
    from exitbrain.wiring.live.places import fingerprint

    return fingerprint("venue-sim")


# what happens


def _nothing(campaign: Campaign) -> None:
    pass


def _entry(campaign: Campaign) -> None:
    """An entry, more of it, or a cut of up to all, by hand."""
    venue, dice = campaign.venue, campaign.dice
    quantity = venue.standing().quantity
    side = dice.choice(("BUY", "SELL"))
    lots = dice.randint(5, 30)
    if quantity and (quantity > 0) == (side == "SELL"):
        lots = min(lots, int(abs(quantity) * 1000))  # a cut by hand does not turn the position round
    venue.enter(side, str(Decimal(lots) / 1000))


def _turn(campaign: Campaign) -> None:
    """Closed by hand, and opened the other way round."""
    quantity = campaign.venue.standing().quantity
    side = "SELL" if quantity > 0 else "BUY"
    if quantity:
        campaign.venue.enter(side, str(abs(quantity)))
        time.sleep(campaign.dice.uniform(0, 0.1))
    campaign.venue.enter(side, str(Decimal(campaign.dice.randint(5, 30)) / 1000))


def _move(campaign: Campaign) -> None:
    """Price jumps: through takes, the trail, or the stop."""
    campaign.venue.post("/sim/price", {"symbol": SYMBOL, "by": campaign.dice.uniform(-0.012, 0.012)})


def _storm(campaign: Campaign) -> None:
    """An entry, and price takes off at once."""
    _entry(campaign)
    time.sleep(campaign.dice.uniform(0.0, 0.4))
    _move(campaign)


HAPPENINGS = (_nothing, _entry, _entry, _turn, _turn, _turn, _turn, _move, _move, _storm, _storm)


# the judge


def own_ids(log: Mapping[str, Any]) -> Iterator[str]:
    """Client ids of ours. What a triggered stop became carries its id too, and is no second order."""
    children = {one["actualOrderId"] for one in log["algo_orders"]}
    for one in log["orders"]:
        if one["clientOrderId"].startswith("xg") and str(one["orderId"]) not in children:
            yield one["clientOrderId"]
    for one in log["algo_orders"]:
        if one["clientAlgoId"].startswith("xg"):
            yield one["clientAlgoId"]


def faults_of(log: Mapping[str, Any]) -> list[str]:
    """I3: no fill of ours turns a position round or opens one. I4: no leg of a plan is taken twice in a life."""
    faults: list[str] = []
    owner = {str(one["orderId"]): one["clientOrderId"] for one in log["orders"]}
    owner |= {one["actualOrderId"]: one["clientAlgoId"] for one in log["algo_orders"] if one["actualOrderId"]}
    largest: dict[str, Decimal] = {}
    for one in log["orders"]:
        largest[one["clientOrderId"]] = Decimal(one["origQty"])
    for one in log["algo_orders"]:
        if not one["closePosition"]:
            largest[one["clientAlgoId"]] = Decimal(one["quantity"])
    held, taken, asked = Decimal(0), defaultdict[int, Decimal](Decimal), defaultdict[int, Decimal](Decimal)
    is_touched = False
    for fill in log["fills"]:
        change = Decimal(fill["qty"]) * (1 if fill["side"] == "BUY" else -1)
        id_ = owner[str(fill["orderId"])]
        if id_.startswith("xg"):
            if held * change >= 0 or abs(change) > abs(held):
                faults.append(f"{id_} filled {change} on a position of {held}")
            parsed = parsed_id(id_)
            assert parsed is not None, id_
            if parsed.role is Role.TAKE:
                taken[parsed.leg] += abs(change)
                asked[parsed.leg] = max(asked[parsed.leg], largest[id_])
                if taken[parsed.leg] > asked[parsed.leg] and not is_touched:
                    faults.append(f"{id_}: leg {parsed.leg} took {taken[parsed.leg]} of {asked[parsed.leg]}")
        elif held:
            is_touched = True  # by hand: what a leg should come to is planned anew
        held += change
        if not held:
            taken.clear()
            asked.clear()
            is_touched = False
    return faults


def open_lanes(log: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    open_ = [one["clientOrderId"] for one in log["orders"] if one["status"] in ("NEW", "PARTIALLY_FILLED")]
    open_ += [one["clientAlgoId"] for one in log["algo_orders"] if one["algoStatus"] == "NEW"]
    parsed = (parsed_id(one) for one in open_)
    return Counter((one.role.value, str(one.leg)) for one in parsed if one is not None)


def _is_settled(log: Mapping[str, Any]) -> bool:
    standing, lanes = standing_of(log), open_lanes(log)
    if not standing.quantity:
        return not lanes
    return standing.is_covered and all(count == 1 for count in lanes.values()) and ("S", "0") in lanes


# long runs


def campaign(
    folder: Path, kills: int, *, seed: int = 0, journal: Callable[[int], str] = lambda _: "", executed: bool = False,
    told: Callable[[str], None] = print, kills_a_venue: int = 50,
) -> int:  # fmt: skip
    """On from what the folder says was done; each batch has a venue and a journal of its own. How many faults there were."""
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "results.jsonl"
    done = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    while sum(one["kills"] for one in done) < kills:
        number = seed + len(done)
        asked = min(kills_a_venue, kills - sum(one["kills"] for one in done))
        one = batch(folder / f"batch-{number}", number, asked, journal(number), executed=executed)
        done.append(one)
        with results.open("a") as kept:
            kept.write(json.dumps(one) + "\n")
        for fault in one["faults"]:
            told(f"batch {number}: {fault}")
        told(summary(done))
    return sum(len(one["faults"]) for one in done)


def own_databases(folder: str) -> Callable[[int], str]:
    """A new database for each batch, on the server of EXITBRAIN_TEST_POSTGRES."""
    server = sa.make_url(os.environ["EXITBRAIN_TEST_POSTGRES"]).set(drivername="postgresql+psycopg")
    mark = hashlib.sha256(os.path.abspath(folder).encode()).hexdigest()[:8]

    def made(number: int) -> str:
        name = f"exitbrain_killed_{mark}_{number}"
        engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        engine.dispose()
        url = server.set(database=name, drivername="postgresql")
        return url.render_as_string(hide_password=False)

    return made


def summary(done: list[dict[str, Any]]) -> str:
    total = {name: sum(one[name] for one in done) for name in ("kills", "orders", "fills")}
    faults = sum(len(one["faults"]) for one in done)
    bare, up = (sorted(second for one in done for second in one[name]) for name in ("bare", "up"))
    return (
        f"{total['kills']} kills, {total['orders']} orders, {total['fills']} fills, {faults} violations;"
        f" bare at {len(bare)} starts, covered after {_quantiles(bare)}; up after {_quantiles(up)}"
    )


def _quantiles(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    middle, late, last = (seconds[min(len(seconds) - 1, len(seconds) * part // 100)] for part in (50, 99, 100))
    return f"{middle:.2f} s p50, {late:.2f} s p99, {last:.2f} s at most"


def batch(folder: Path, seed: int, kills: int, journal: str, *, executed: bool = False) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    starter = Executed() if executed else Nursery()
    began = time.monotonic()
    try:
        with venue_process(folder) as venue:
            one = Campaign(venue, folder / "home", starter, random.Random(seed), journal=journal)
            for _ in range(kills):
                one.life()
            one.settle()
            log = venue.log()
            return {
                "seed": seed, "kills": kills, "bare": [round(second, 3) for second in one.bare],
                "up": [round(second, 3) for second in one.up], "faults": one.judged(), "moments": dict(one.moments), "orders": len(list(own_ids(log))),
                "fills": len(log["fills"]), "seconds": round(time.monotonic() - began, 1),
            }  # fmt: skip
    finally:
        starter.close()

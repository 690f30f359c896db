"""What the live core and its journal cost, and whether a monitor grows.

    python benchmarks/live.py tick [--positions 10000]
    python benchmarks/live.py journal [--rows 3000] [--postgres URL]
    python benchmarks/live.py latency [--postgres URL]
    python benchmarks/live.py start [--starts 10]
    python benchmarks/live.py soak [--hours 24] [--speed 288]

`tick` holds every position with a plan, its stops and takes at the venue; a tick is a price for each of them, between its
levels or through its take. `latency` is from an event to effects that may be sent, with its row on disk: events that a
monitor met in seeded histories. `start` is from the process's start to the position's stops in the venue's log. `soak`
runs a monitor and a venue as two processes, the venue's time so many times as fast, with a person who trades.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from exitbrain.core.live import events as e
from exitbrain.core.live.book import SECOND, Settings, State
from exitbrain.core.live.step import step
from exitbrain.core.market import Instrument
from exitbrain.live.recording import Recorded
from exitbrain.store.journal import open_journal

if TYPE_CHECKING:
    from live.processes import Venue

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
PLAN = e.LivePlan(
    lots=10,
    stop=9800,
    rungs=(
        e.PlanRung(index=0, level=10200, lots=3, move=1, move_to=10000),
        e.PlanRung(index=1, level=10400, lots=3, soft=True),
    ),
    runner=4,
    callbacks=((10300, 98, 100),),
)
Take = Callable[[e.Event, int], tuple[e.Effect, ...]]


def main() -> None:
    asked = argparse.ArgumentParser(description="Measures the live core and its journal.")
    asked.add_argument("what", choices=("tick", "journal", "latency", "start", "soak"))
    asked.add_argument("--positions", type=int, default=10_000)
    asked.add_argument("--rows", type=int, default=3_000)
    asked.add_argument("--starts", type=int, default=10)
    asked.add_argument("--hours", type=float, default=24)
    asked.add_argument("--speed", type=float, default=288)
    asked.add_argument("--postgres", metavar="URL", help="an empty database, for journal and latency")
    given = asked.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        journals = [str(place / "journal.sqlite3")] + ([given.postgres] if given.postgres else [])
        match given.what:
            case "tick":
                tick(given.positions, journals[0])
            case "journal":
                for one in journals:
                    journal(one, given.rows)
            case "latency":
                for one in journals:
                    latency(one)
            case "start":
                start(place, given.starts)
            case "soak":
                soak(place, given.hours, given.speed)


# a price for every position


class Bare:
    def __init__(self) -> None:
        self.state = State()

    def take(self, event: e.Event, now: int) -> tuple[e.Effect, ...]:
        self.state, effects = step(self.state, event, now)
        return effects


def opened(take: Take, keys: Iterable[str], now: int) -> None:
    """Positions of 10 at 10000 ticks, with a plan, and all that it wants at the venue."""
    for key in keys:
        instrument = Instrument(symbol=key, tick_size=Decimal(1), lot_size=Decimal(1))
        take(e.Managed(key=key, instrument=instrument), now)
        sent = [*take(e.PositionSeen(key=key, lots=10, entry=Fraction(10000), version=now, asked_at=now), now)]
        sent += take(e.OrdersSeen(key=key, asked_at=now, orders=()), now)
        sent += take(e.PlanGiven(key=key, epoch=1, plan=PLAN), now)
        while sent:
            one = sent.pop(0)
            if isinstance(one, e.Send):
                sent += take(e.Answered(key=key, id=one.id, cancel=False, outcome=e.Outcome.OK), now)
        take(e.PositionSeen(key=key, lots=10, entry=Fraction(10000), version=now + 1, asked_at=now + 1), now + 1)


def tick(positions: int, file: str) -> None:
    keys = [f"S{number}" for number in range(positions)]
    bare, recorded = Bare(), Recorded(open_journal(file), Settings())
    opened(bare.take, keys, SECOND)
    recorded.state = bare.state
    began = time.perf_counter()
    recorded.snapshot(SECOND)
    print(f"a snapshot of {positions:,} positions {time.perf_counter() - began:.2f} s")
    for name, take in (("core alone", bare.take), ("with the journal on disk", recorded.take)):
        now = 3 * SECOND
        _priced(take, keys, 9990, now)  # a first price makes each book calm
        calm = min(_priced(take, keys, 9989 - number, now + number * SECOND // 100) for number in range(5))
        first = _priced(take, keys[:500], 10200, now + SECOND) / 500
        print(
            f"{name}: a price for {positions:,} positions between their levels {calm * 1000:,.0f} ms"
            f" ({calm / positions * 1e6:.0f} us each); one through a take {first * 1e6:,.0f} us"
        )
    recorded.journal.close()


def _priced(take: Take, keys: list[str], ticks: int, now: int) -> float:
    began = time.perf_counter()
    for key in keys:
        take(e.PriceSeen(key=key, ticks=ticks), now)
    return time.perf_counter() - began


# the journal


def journal(target: str, rows: int) -> None:
    name = target.split(":")[0] if "://" in target else "sqlite"
    kept = open_journal(target)
    took = []
    for number in range(rows):
        began = time.perf_counter()
        kept.append(number, "event", "x" * 600)
        took.append(time.perf_counter() - began)
    print(f"{name}: a row of 600 bytes on disk {quantiles(took)}, {rows / sum(took):,.0f} rows/s")
    began = time.perf_counter()
    for _ in range(20_000):
        kept.append(rows, "event", "x" * 600, soon=True)
    kept.flush()
    print(f"{name}: rows that wait for one another {20_000 / (time.perf_counter() - began):,.0f} rows/s")
    kept.close()
    began = time.perf_counter()
    kept = open_journal(target)
    print(f"{name}: opened, with its chain of {kept.seq:,} rows checked, in {time.perf_counter() - began:.2f} s")
    kept.close()


def latency(target: str) -> None:
    from exitbrain.live.simulation.playing import History
    from exitbrain.live.simulation.swarm import swarm_of

    name = target.split(":")[0] if "://" in target else "sqlite"
    took: dict[bool, list[float]] = {True: [], False: []}
    for seed in range(20):
        history = History(seed, swarm_of(seed))
        history.play()
        recorded = Recorded(open_journal(target, f"seed {seed}"), history.process.settings)
        for now, event, _ in history.process.rows:
            began = time.perf_counter()
            effects = recorded.take(event, now)
            passed = time.perf_counter() - began
            took[any(isinstance(one, e.Send | e.Cancel) for one in effects)].append(passed)
        recorded.journal.close()
        if "://" not in target:
            for end in ("", "-wal", "-shm", ".head", ".lock"):
                Path(target + end).unlink(missing_ok=True)
    print(f"{name}: from an event to orders that may be sent {quantiles(took[True])} (n = {len(took[True]):,})")
    print(f"{name}: an event that sends nothing {quantiles(took[False])} (n = {len(took[False]):,})")


def quantiles(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    middle, late = (ordered[len(ordered) * part // 100] * 1000 for part in (50, 99))
    return f"p50 {middle:.2f} ms, p99 {late:.2f} ms"


# processes


def start(folder: Path, starts: int) -> None:
    """A position that is bare; a fresh home each time, and the home of a monitor that was killed."""
    from live.processes import venue_process

    with venue_process(folder) as venue:
        for name, homes in (
            ("a fresh home", [folder / f"home-{number}" for number in range(starts)]),
            ("the home of one that was killed", [folder / "home-0"] * starts),
        ):
            took, worked = zip(*sorted(_covered(venue, home) for home in homes), strict=True)
            print(
                f"start to cover, {name}: {took[0]:.2f} s at best, {took[starts // 2]:.2f} s p50, {took[-1]:.2f} s at most,"
                f" n = {starts}; {sorted(worked)[starts // 2]:.2f} s of a processor p50"
            )


def _covered(venue: Venue, home: Path) -> tuple[float, float]:
    """Seconds from a monitor's start to the position's stops, and those that it worked; then it is killed."""
    from live.processes import monitor_process, wait_until

    venue.enter("BUY", "0.010")
    with monitor_process(home, venue) as monitor:
        wait_until(lambda: venue.standing().is_covered, 60)
        took, worked = time.monotonic() - monitor.started_at, _worked(monitor.process.pid)
        monitor.kill()
    venue.enter("SELL", "0.010")
    venue.signed("DELETE", "/fapi/v1/algoOpenOrders", symbol="BTCUSDT")
    venue.signed("DELETE", "/fapi/v1/allOpenOrders", symbol="BTCUSDT")
    return took, worked


def _worked(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def soak(folder: Path, hours: float, speed: float) -> None:
    from live.killing import own_ids
    from live.processes import monitor_process, venue_process, wait_until, write_candles

    dice = random.Random(1)
    candles = write_candles(folder / "BTCUSDT_1m.csv", bars=int(hours * 60) + 400, reach=60)
    seconds = hours * 3600 / speed
    memory: list[float] = []
    with (
        venue_process(folder, speed=speed, candles=candles) as venue,
        monitor_process(folder / "home", venue) as monitor,
    ):
        wait_until(lambda: "stream is open" in monitor.log, 60)
        began = time.monotonic()
        while time.monotonic() < began + seconds and monitor.process.poll() is None:
            quantity = venue.standing().quantity
            if not quantity:
                venue.enter(dice.choice(("BUY", "SELL")), str(Decimal(dice.randint(5, 30)) / 1000))
            elif dice.random() < 0.3:
                venue.enter("SELL" if quantity > 0 else "BUY", str(abs(quantity)))
            time.sleep(1)
            memory.append(_resident(monitor.process.pid))
        log, alive = venue.log(), monitor.process.poll() is None
        status = monitor.stop() if alive else monitor.process.returncode
    tenth = max(1, len(memory) // 10)
    rows = sum(1 for _ in open_journal(folder / "home" / "live" / "paper.sqlite3").rows())
    print(
        f"{hours:g} h of venue time in {seconds:.0f} s: {len(list(own_ids(log)))} orders of ours, {len(log['fills'])} fills,"
        f" {rows:,} rows; ended with {status}"
    )
    points = [max(memory[at : at + tenth]) for at in (tenth, len(memory) // 2, len(memory) - tenth)]
    print("resident MiB after a tenth, at half, at the end: " + ", ".join(f"{point:.1f}" for point in points))


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()

"""W3: one price over 10,000 open positions, against positions as Python objects that are asked one by one.

Positions of the TREND ladder stand within half a stop's distance of the price, which then walks at random, a tick to
100 at a time (0.003%). Both books begin anew in each round; a position that left stays away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from exitbrain.kernel.live import LevelIndex
from matched import ours
from matched.measuring import quantile
from matched.workload import LOTS, PARTS, TREND, Ladder

POSITIONS, TICKS = 10_000, 2_000
FAR = 1 << 62
BY_TRAIL, TARGET = 3, 100
START = 3_000_000


class Held:
    """One long, as a program without arrays would hold it."""

    __slots__ = (
        "ladder",
        "levels",
        "lots",
        "parts",
        "peak",
        "quantity",
        "rung",
        "runner",
        "stage",
        "stages",
        "stop",
        "trail",
    )

    def __init__(self, ladder: Ladder, entry: int, stop: int, lots: int, peak: int) -> None:
        risk = entry - stop
        self.ladder = ladder
        self.levels = [max((entry * PARTS + r * risk) // PARTS, entry + 1) for r, _ in ladder.rungs]
        self.parts = [share * lots // PARTS for _, share in ladder.rungs]
        self.stages = [-(-(entry * PARTS + r * risk) // PARTS) for r, _ in ladder.callbacks]
        self.quantity, self.stop, self.peak, self.trail, self.stage, self.rung = lots, stop, peak, -FAR, -1, 0
        self.runner = lots - sum(self.parts)
        self.follow_peak(peak)

    def follow_peak(self, price: int) -> None:
        self.peak = price
        while self.stage + 1 < len(self.stages) and price >= self.stages[self.stage + 1]:
            self.stage += 1
        if self.stage >= 0:
            callback = self.ladder.callbacks[self.stage][1]
            self.trail = max(self.trail, -(-price * (PARTS - callback) // PARTS))

    def update(self, price: int) -> list[tuple[int, int, int]]:
        """code, price, lots of what fills."""
        fills: list[tuple[int, int, int]] = []
        if price > self.peak:
            self.follow_peak(price)
        if price <= self.stop:
            fills.append((0, price, self.quantity))
            self.quantity = 0
            return fills
        if self.runner and price <= self.trail:
            part = min(self.runner, self.quantity)
            self.runner = 0
            self.quantity -= part
            fills.append((BY_TRAIL, price, part))
        while self.quantity and self.rung < len(self.levels) and price >= self.levels[self.rung]:
            part = min(self.parts[self.rung], self.quantity)
            self.rung += 1
            self.quantity -= part
            fills.append((TARGET + self.rung, price, part))
        return fills


class Objects:
    """A list of positions, every one of them asked at every price."""

    def __init__(self, positions: list[tuple[int, int]], peak: int) -> None:
        self.open = [(place, Held(TREND, entry, stop, LOTS, peak)) for place, (entry, stop) in enumerate(positions)]

    def update(self, price: int) -> list[tuple[int, int, int, int]]:
        fills = []
        left = False
        for place, held in self.open:
            for fill in held.update(price):
                fills.append((place, *fill))
                left = left or held.quantity == 0
        if left:
            self.open = [pair for pair in self.open if pair[1].quantity]
        return fills


class Levels:
    """The same of ours."""

    def __init__(self, positions: list[tuple[int, int]], peak: int) -> None:
        row = ours.recipes([TREND]).rows[0]
        self.index = LevelIndex(len(positions))
        places = [
            self.index.open(row, side=1, entry=entry, stop=stop, lots=LOTS, peak=peak) for entry, stop in positions
        ]
        self.place_of = {place: i for i, place in enumerate(places)}
        self.update = self.index.update


def book(count: int, seed: int) -> list[tuple[int, int]]:
    dice = np.random.default_rng(seed)
    entries = START + dice.integers(-START // 100, START // 100, count)
    return [(entry, -(-entry * 9_800 // PARTS)) for entry in entries.tolist()]


def prices(count: int, seed: int) -> Iterator[int]:
    dice = np.random.default_rng(seed + 1)
    steps = dice.integers(1, 101, count) * dice.choice([-1, 1], count)
    yield from (START + np.cumsum(steps)).tolist()


def told(crossed: Any, levels: Levels) -> list[tuple[int, int, int, int]]:
    return sorted((levels.place_of[f.place], f.code, f.price, f.lots) for f in crossed.fills)


def check_equal(count: int, ticks: int, jump: int = 1) -> int:
    """Every fill at every price. `jump` makes steps larger, so that more is crossed."""
    positions = book(count, 0)
    levels, objects = Levels(positions, START), Objects(positions, START)
    compared = 0
    for price in prices(ticks, 0):
        price = START + (price - START) * jump
        mine, theirs = told(levels.update(price), levels), sorted(objects.update(price))
        assert mine == theirs, (price, mine[:3], theirs[:3])
        compared += len(mine)
    return compared


def run(rounds: int, count: int = POSITIONS, ticks: int = TICKS) -> dict[str, Any]:
    facts = {"fills": {"Python objects": check_equal(count, ticks // 4, jump=10)}}
    mine: list[float] = []
    theirs: list[float] = []
    ratios: dict[str, list[float]] = {"p50": [], "p99": []}
    for turn in range(rounds):
        positions = book(count, turn)
        levels, objects = Levels(positions, START), Objects(positions, START)
        walk = list(prices(ticks, turn))
        for price in walk[:100]:
            levels.update(price)
        # Objects are a thousand times slower: a tenth of the prices is enough of them.
        one = sorted(_each(levels.update, walk[100:]))
        other = sorted(_each(objects.update, walk[100 : 100 + ticks // 10]))
        for name, share in (("p50", 0.5), ("p99", 0.99)):
            ratios[name].append(quantile(other, share) / quantile(one, share))
        mine += one
        theirs += other
    mine.sort()
    theirs.sort()
    return facts | {
        "tick": {
            "seconds": {
                f"{who} {name}": quantile(each, share)
                for who, each in (("ours", mine), ("Python objects", theirs))
                for name, share in (("p50", 0.5), ("p99", 0.99))
            },
            "ratios": {
                f"objects / ours {name}": {
                    "ratio": quantile(sorted(each), 0.5),
                    "low": quantile(sorted(each), 0.25),
                    "high": quantile(sorted(each), 0.75),
                }
                for name, each in ratios.items()
            },
        }
    }


def _each(update: Any, walk: list[int]) -> list[float]:
    clock = time.perf_counter
    out = []
    for price in walk:
        began = clock()
        update(price)
        out.append(clock() - began)
    return out

"""What every contender is given: candles in whole ticks, entry sets, and ladders in ten-thousandths.

Prices are a seeded random walk of one-minute bars, eight steps a bar, with jumps that open gaps, on a tick of 0.01. An
entry is a long at the open of one bar in each stretch of 200, thrown by the dice: 1,000 lots, stop 2% below.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Ints = np.ndarray[Any, np.dtype[np.int64]]

PARTS = 10_000
BLOCK = 200_000
TICK = 0.01
LOTS = 1_000
MINUTE = 60_000_000
START = 1_600_000_000_000_000


@dataclass(frozen=True, eq=False)
class Market:
    """open, high, low, close: int64 ticks [bars]."""

    open: Ints
    high: Ints
    low: Ints
    close: Ints

    def __len__(self) -> int:
        return len(self.open)

    @property
    def columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        return self.open, self.high, self.low, self.close

    @cached_property
    def floats(self) -> tuple[Any, ...]:
        """The same ticks as float64, for peers that know nothing else."""
        return tuple(column.astype(np.float64) for column in self.columns)

    def first(self, bars: int) -> Market:
        return Market(*(column[:bars].copy() for column in self.columns))


@dataclass(frozen=True, eq=False)
class Openings:
    """N longs: bar, price and stop (ticks), lots; int64 [N], ascending by bar."""

    bar: Ints
    price: Ints
    stop: Ints
    lots: Ints

    def __len__(self) -> int:
        return len(self.bar)

    def numbers(self, at: int) -> tuple[int, int, int]:
        return int(self.price[at]), int(self.stop[at]), int(self.lots[at])

    def only(self, which: Any) -> Openings:
        return Openings(self.bar[which], self.price[which], self.stop[which], self.lots[which])


@dataclass(frozen=True, slots=True)
class Ladder:
    """rungs: (R, share), callbacks: (R of the peak from which it holds, callback); all in ten-thousandths."""

    rungs: tuple[tuple[int, int], ...]
    callbacks: tuple[tuple[int, int], ...]


TREND = Ladder(((5_000, 1_500), (10_000, 2_000), (20_000, 3_000)), ((15_000, 200), (30_000, 150), (50_000, 100)))
# Rungs and activation far away and a wide callback: positions live for about 10,000 bars.
LONG_HOLD = Ladder(((20_000, 1_500), (30_000, 2_000), (40_000, 3_000)), ((35_000, 800), (60_000, 700)))
STOP_AND_TARGET = Ladder(((20_000, 10_000),), ())


def market_of(bars: int, seed: int = 7) -> Market:
    dice = np.random.default_rng(seed)
    out = [np.empty(bars, dtype=np.int64) for _ in range(4)]
    level = np.log(30_000)
    for start in range(0, bars, BLOCK):
        end = min(start + BLOCK, bars)
        path = np.cumsum(dice.standard_normal((end - start, 8)) * (0.0008 / np.sqrt(8)), axis=1)
        jumps = np.where(dice.random(end - start) < 1 / 2000, dice.standard_normal(end - start) * 0.006, 0.0)
        jumps += dice.standard_normal(end - start) * 0.00004
        moved = np.cumsum(path[:, -1] + jumps)
        opens = level + np.concatenate(([0.0], moved[:-1])) + jumps
        ticks = np.rint(np.exp(np.column_stack([opens, opens[:, None] + path])) / TICK).astype(np.int64)
        for column, values in zip(out, (ticks[:, 0], ticks.max(axis=1), ticks.min(axis=1), ticks[:, -1])):
            column[start:end] = values
        level += moved[-1]
    return Market(*out)


def openings_of(market: Market, seed: int, every: int = 200, stop: int = 200) -> Openings:
    """`stop` is its distance in ten-thousandths of the price; the stop is rounded toward the market."""
    starts = np.arange(0, max(len(market) - every - 2, 1), every)
    dice = np.random.default_rng(1_000 + seed)
    bar = starts + dice.integers(1, min(every, len(market)), len(starts))
    return opened(bar, market.open[bar], stop)


def opened(bar: Ints, price: Ints, stop: int = 200) -> Openings:
    return Openings(bar, price, -(-price * (PARTS - stop) // PARTS), np.full(len(bar), LOTS, dtype=np.int64))


def ladders(count: int, seed: int = 3) -> list[Ladder]:
    """Random relatives of TREND; the callback never grows with the peak."""
    dice = np.random.default_rng(seed)
    out = []
    for _ in range(count):
        multiples = np.cumsum(dice.integers(30, 130, 3)) * 100
        shares = dice.integers(10, 30, 3) * 100
        stages = np.cumsum(dice.integers(75, 200, 3)) * 100
        callbacks = np.sort(dice.integers(60, 300, 3))[::-1]
        out.append(
            Ladder(
                tuple(zip(multiples.tolist(), shares.tolist())),
                tuple(zip(stages.tolist(), callbacks.tolist())),
            )
        )
    return out


def rows_of(given: Sequence[Ladder]) -> Ints:
    """A row a ladder: rungs, stages, then R and share of 8 rungs, R and callback of 8 stages. int64 [P, 34]."""
    rows = np.zeros((len(given), 34), dtype=np.int64)
    for row, ladder in zip(rows, given):
        row[0], row[1] = len(ladder.rungs), len(ladder.callbacks)
        for k, (r, share) in enumerate(ladder.rungs):
            row[2 + k], row[10 + k] = r, share
        for s, (r, callback) in enumerate(ladder.callbacks):
            row[18 + s], row[26 + s] = r, callback
    return rows

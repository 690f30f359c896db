"""Open positions of one symbol, and what a price does to them.

    index = LevelIndex(10_000, slippage=(1, 10_000))
    place = index.open(recipes.rows[0], side=1, entry=30_000, stop=29_400, lots=100, peak=30_000)
    crossed = index.update(30_310)      # NOTHING, or what filled and which positions moved

One update touches the positions whose stop, rung, activation or trail the price meets, and no other. It gives what
`core.walk` gives for a bar whose four prices are one. Prices are ticks, quantities lots.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exitbrain.core import walk as rules
from exitbrain.kernel.compiled import compiled_following, compiled_rules, compiled_ticking
from exitbrain.kernel.recipes import LOT_BITS, PRICE_BITS, RUNGS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


class LevelFill(NamedTuple):
    """place of the position, code (as of `fills.reason_of`), price in ticks, lots, whether as maker."""

    place: int
    code: int
    price: int
    lots: int
    maker: bool


@dataclass(frozen=True, slots=True)
class Crossed:
    """Fills in order of places; places of all positions that changed, also by a raised trail."""

    fills: tuple[LevelFill, ...]
    changed: tuple[int, ...]


NOTHING = Crossed((), ())


class LevelIndex:
    """Mutable: it holds up to `capacity` positions. `path` plays no part, for a price is a point."""

    def __init__(
        self, capacity: int, *, slippage: tuple[int, int] = (0, 1), through: bool = False, min_lots: int = 1,
        min_worth: int = 0,
    ) -> None:  # fmt: skip
        from exitbrain.kernel import following, ticking

        self._at = ticking
        self._plan = compiled_following().plan
        self._arm = compiled_following().arm
        self._walk = compiled_rules().walk
        compiled = compiled_ticking()
        self._pass_price, self._settle = compiled.pass_price, compiled.settle
        blocks = -(-capacity // ticking.BLOCK)
        padded = -(-blocks // 32) * 32
        room = padded * ticking.BLOCK
        self._lows, self._highs = np.full(room, -rules.FAR), np.full(room, rules.FAR)
        self._block_lows, self._block_highs = np.full(padded, -rules.FAR), np.full(padded, rules.FAR)
        self._states = np.zeros((capacity, rules.STATE_SIZE), dtype=np.int64)
        self._ladders = np.zeros((capacity, following.LADDER_ROWS, following.STAGES), dtype=np.int64)
        self._counts = np.zeros((capacity, ticking.COUNT_COLUMNS), dtype=np.int64)
        self._rows = np.zeros((capacity * (RUNGS + 3), following.FILL_ROW), dtype=np.int64)
        self._told = np.zeros(following.TOLD_SIZE, dtype=np.int64)
        self._cell = np.zeros(1, dtype=np.int64)
        self._touched = np.zeros(2 * capacity, dtype=np.int64)
        self._scratch = np.zeros((RUNGS + 3) * rules.FILL_SIZE, dtype=np.int64)
        self._slippage, self._through, self._minima = slippage, int(through), (min_lots, min_worth)
        self._free = list(range(capacity - 1, -1, -1))
        self._book = self._addresses(padded)

    def _addresses(self, blocks: int) -> Ints:
        at = self._at
        book = np.zeros(at.BOOK_SIZE, dtype=np.int64)
        for place, array in (
            (at.LOWS, self._lows), (at.HIGHS, self._highs), (at.BLOCK_LOWS, self._block_lows),
            (at.BLOCK_HIGHS, self._block_highs), (at.STATES, self._states), (at.LADDERS, self._ladders),
            (at.COUNTS, self._counts), (at.FILLS, self._rows), (at.TOLD, self._told), (at.CELL, self._cell),
            (at.TOUCHED, self._touched),
        ):  # fmt: skip
            book[place] = array.ctypes.data
        book[at.BLOCKS] = blocks
        book[at.SLIP_NUM], book[at.SLIP_DEN] = self._slippage
        return book

    def __len__(self) -> int:
        return len(self._states) - len(self._free)

    def open(self, recipe: Ints, *, side: int, entry: int, stop: int, lots: int, peak: int) -> int:
        """Plan a position and let it rest; its place. `peak`: the market's price at the entry.

        Raises ValueError where nothing is free or machine words cannot hold it.
        """
        if not self._free:
            raise ValueError(f"{len(self._states)} positions are open, and no more have room")
        if max(entry, stop, peak) >= 1 << PRICE_BITS or not 0 < lots < 1 << LOT_BITS:
            raise ValueError(f"prices below {1 << PRICE_BITS} ticks and lots from 1 to {(1 << LOT_BITS) - 1} fit")
        i = self._free.pop()
        state, ladder = self._states[i], self._ladders[i]
        self._plan(
            recipe, ladder, state, side, side * entry, side * stop, lots, side * peak, 0, self._through, *self._minima
        )
        rungs, stages = int(state[rules.TRACES]), int(state[rules.FILLS])
        state[rules.TRACES] = state[rules.FILLS] = 0
        self._arm(ladder, state, stages)
        self._counts[i] = rungs, stages, side
        self._settle(self._book, i)
        return i

    def close(self, place: int) -> None:
        """The position is gone for a reason of its own; its place is free again."""
        if not self._states[place, rules.QTY]:
            raise ValueError(f"no position at place {place}")
        self._states[place, rules.QTY] = 0
        self._settle(self._book, place)
        self._free.append(place)

    def lots(self, place: int) -> int:
        return int(self._states[place, rules.QTY])

    def stop(self, place: int) -> int:
        """The tighter of stop and live trail, in ticks."""
        state, side = self._states[place], int(self._counts[place, 2])
        live = state[rules.ARMED] and state[rules.RUNNER]
        return side * int(max(state[rules.STOP], state[rules.TRAIL]) if live else state[rules.STOP])

    def update(self, price: int) -> Crossed:
        """Take a price in. Positions that are flat afterwards free their places."""
        waiting = self._pass_price(self._book, price, 1)
        if waiting < 0 and not self._book[self._at.TOUCHES]:
            return NOTHING
        while waiting >= 0:
            self._walk_one(waiting, price)
            waiting = self._pass_price(self._book, price, 0)
        return self._crossed()

    def _walk_one(self, i: int, price: int) -> None:
        """A price at which the order of legs matters."""
        at, state, ladder = self._at, self._states[i], self._ladders[i]
        rungs, stages, side = self._counts[i].tolist()
        cell = np.array([side * price])
        num, den = self._slippage
        state[rules.STEP] = state[rules.PHASE] = state[rules.FILLS] = 0
        self._walk(
            cell, cell, cell, cell, np.array([-1]), 1, 0, side, rules.ADVERSE, den - side * num, den, state, self._scratch,
            np.zeros(0, dtype=np.int64), *(ladder[row, :rungs] for row in range(7)),
            *(ladder[row, :stages] for row in range(7, 10)),
        )  # fmt: skip
        first = int(self._told[0])
        for k in range(int(state[rules.FILLS])):
            _, how, at_price, lots, maker, _ = self._scratch[k * rules.FILL_SIZE : (k + 1) * rules.FILL_SIZE].tolist()
            self._rows[first + k] = i, 0, how, side * at_price, lots, maker
        self._told[0] += int(state[rules.FILLS])
        state[rules.FILLS] = 0
        self._settle(self._book, i)
        assert at.AT == 0

    def _crossed(self) -> Crossed:
        rows = self._rows[: int(self._told[0])].tolist()
        changed = self._touched[: int(self._book[self._at.TOUCHES])].tolist()
        for place in changed:
            if not self._states[place, rules.QTY]:
                self._free.append(place)
        fills = tuple(LevelFill(place, code, price, lots, bool(maker)) for place, _, code, price, lots, maker in rows)
        return Crossed(fills, tuple(changed))

"""Open positions of one symbol, and what a price does to them.

    index = LevelIndex(10_000, slippage=(1, 10_000))
    place = index.open(recipes.rows[0], side=1, entry=30_000, stop=29_400, lots=100, peak=30_000)
    crossed = index.update(30_310)      # NOTHING, or what filled and which positions moved

One update touches the positions whose stop, rung, activation or trail the price meets, and no other. It gives what
`core.walk` gives for a bar whose four prices are one. Prices are ticks, quantities lots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exitbrain.core import walk as rules
from exitbrain.kernel.compiled import compiled_following, compiled_ticking
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


class Crossed:
    """What a price did, in columns; fills and places are spelled out when they are asked for.

    rows: int64 [fills, 6], in order of places: place, -, code, price, lots, whether as maker.
    """

    __slots__ = ("_raised", "_touched", "rows")

    def __init__(self, rows: Ints, touched: Ints, raised: Ints) -> None:
        self.rows, self._touched, self._raised = rows, touched, raised

    @property
    def fills(self) -> tuple[LevelFill, ...]:
        return tuple(
            LevelFill(place, code, price, lots, maker != 0) for place, _, code, price, lots, maker in self.rows.tolist()
        )

    @property
    def changed(self) -> tuple[int, ...]:
        """Places of all positions that changed, also by a raised trail."""
        places = set(self._touched.tolist())
        for block, bits in self._raised.tolist():
            places.update(block * BLOCK + i for i in range(BLOCK) if bits >> i & 1)
        return tuple(sorted(places))


_NONE = np.zeros((0, 6), dtype=np.int64)
NOTHING = Crossed(_NONE, _NONE[:, 0], _NONE[:, :2])
BLOCK = 64
MOST = 1 << PRICE_BITS


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
        compiled = compiled_ticking()
        self._pass_price, self._settle, self._walk_on = compiled.pass_price, compiled.settle, compiled.walk_on
        self._freshen, self._freed = compiled.freshen, compiled.free
        blocks = -(-max(capacity, 1) // BLOCK)
        padded = -(-blocks // 32) * 32
        room = blocks * BLOCK
        short, far = np.int32, ticking.FARTHEST
        self._floors, self._ceilings = np.full(room, -far, dtype=short), np.full(room, far, dtype=short)
        self._hards = np.full(room, far, dtype=short)
        self._slopes = np.zeros(room)
        self._numerators, self._denominators = np.zeros(room, dtype=np.float32), np.ones(room, dtype=np.float32)
        self._block_lows, self._block_highs = np.full(padded, -far, dtype=short), np.full(padded, far, dtype=short)
        self._states = np.zeros((capacity, rules.STATE_SIZE), dtype=np.int64)
        self._ladders = np.zeros((capacity, following.LADDER_ROWS, following.STAGES), dtype=np.int64)
        self._counts = np.zeros((capacity, ticking.COUNT_COLUMNS), dtype=np.int64)
        self._rows = np.zeros((capacity * (RUNGS + 3), following.FILL_ROW), dtype=np.int64)
        self._told = np.zeros(following.TOLD_SIZE, dtype=np.int64)
        self._cell, self._found = np.zeros(1, dtype=np.int64), np.zeros(4, dtype=np.int64)
        self._touched, self._raised = np.zeros(capacity, dtype=np.int64), np.zeros((blocks, 2), dtype=np.int64)
        scratch = np.zeros((RUNGS + 3) * rules.FILL_SIZE, dtype=np.int64)
        nothing, no_distance = np.zeros(0, dtype=np.int64), np.full(1, -1, dtype=np.int64)
        self._walked = (
            rules.ADVERSE, self._states, self._ladders, self._counts, self._cell, scratch, nothing, no_distance, self._rows,
            self._told,
        )  # fmt: skip
        self._slippage, self._through, self._minima = slippage, int(through), (min_lots, min_worth)
        self._free = np.arange(capacity - 1, -1, -1, dtype=np.int64)
        self._book = self._addresses(padded)
        self._changes = self._book[ticking.TOUCHES : ticking.RAISES + 1]

    def _addresses(self, blocks: int) -> Ints:
        at = self._at
        book = np.zeros(at.BOOK_SIZE, dtype=np.int64)
        for place, array in (
            (at.FLOORS, self._floors), (at.CEILINGS, self._ceilings), (at.HARDS, self._hards), (at.SLOPES, self._slopes),
            (at.NUMERATORS, self._numerators), (at.DENOMINATORS, self._denominators), (at.BLOCK_LOWS, self._block_lows),
            (at.BLOCK_HIGHS, self._block_highs), (at.STATES, self._states), (at.LADDERS, self._ladders),
            (at.COUNTS, self._counts), (at.FILLS, self._rows), (at.TOLD, self._told), (at.CELL, self._cell),
            (at.TOUCHED, self._touched), (at.RAISED, self._raised), (at.FOUND, self._found),
            (at.FREE, self._free),
        ):  # fmt: skip
            book[place] = array.ctypes.data
        book[at.BLOCKS], book[at.FREED] = blocks, len(self._free)
        book[at.SLIP_NUM], book[at.SLIP_DEN] = self._slippage
        return book

    def __len__(self) -> int:
        return len(self._states) - int(self._book[self._at.FREED])

    def open(self, recipe: Ints, *, side: int, entry: int, stop: int, lots: int, peak: int) -> int:
        """Plan a position and let it rest; its place. `peak`: the market's price at the entry.

        Raises ValueError where nothing is free or machine words cannot hold it.
        """
        if not self._book[self._at.FREED]:
            raise ValueError(f"{len(self._states)} positions are open, and no more have room")
        if max(abs(entry), abs(stop), abs(peak)) >= MOST or not 0 < lots < 1 << LOT_BITS:
            raise ValueError(f"prices below {MOST} ticks and lots from 1 to {(1 << LOT_BITS) - 1} fit")
        self._book[self._at.FREED] -= 1
        i = int(self._free[self._book[self._at.FREED]])
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
        self._freed(self._book, place)

    def lots(self, place: int) -> int:
        return int(self._states[place, rules.QTY])

    def stop(self, place: int) -> int:
        """The tighter of stop and live trail, in ticks."""
        self._freshen(self._book, place)
        state, side = self._states[place], int(self._counts[place, 2])
        live = state[rules.ARMED] and state[rules.RUNNER]
        return side * int(max(state[rules.STOP], state[rules.TRAIL]) if live else state[rules.STOP])

    def update(self, price: int) -> Crossed:
        """Take a price in. Positions that are flat afterwards free their places."""
        if not -MOST < price < MOST:
            raise ValueError(f"a price of {price} ticks, and prices below {MOST} ticks fit")
        book = self._book
        waiting = self._pass_price(book, price, 1)
        if waiting >= 0:
            self._walk_on(book, price, waiting, *self._walked)
        touches, raises = self._changes.tolist()
        if not touches and not raises:
            return NOTHING
        return Crossed(self._rows[: self._told[0]].copy(), self._touched[:touches].copy(), self._raised[:raises].copy())

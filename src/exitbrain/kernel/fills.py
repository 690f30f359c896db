"""From entries and candles to fills as columns: the ladder of each entry, followed to its end.

    fills = follow_entries(candles, entries, recipes_of([profile]), Costs())
    fills.position, fills.bar, fills.code, fills.price, fills.lots, fills.pnl

Searching begins as a scan. Once scans have read more bars than there are, the index of `touching` is made, so that no
run pays for an index that it does not need, and none reads the candles much more than twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.core import walk as rules
from exitbrain.kernel.candles import NO_INDEX, Candles
from exitbrain.kernel.recipes import Costs, Entries, Recipes, out_of_reach

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

BY_TIME, BY_END = 4, 5
REASONS = {
    rules.BY_STOP: "stop_loss",
    rules.BY_BREAKEVEN: "breakeven_stop",
    rules.BY_PROFIT_LOCK: "profit_lock",
    rules.BY_TRAIL: "trailing_stop",
    BY_TIME: "time_stop",
    BY_END: "end_of_data",
}
CHUNK = 512  # entries that one thread follows at a time
BOUNDLESS = 1 << 62
NOTHING = np.empty(0, dtype=np.int64)


def reason_of(code: int) -> str:
    return REASONS.get(code) or f"take_profit_{code - rules.TARGET}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Fills:
    """Exit fills in order of entries, and of happening within each. Columns of F values:

    position (the entry's place), bar, code (`reason_of` gives the word), price (ticks), lots, maker (0 or 1); and of N
    values: closed_bar (-1 where no position was opened, the number of bars where it is open at the end). With `exact`
    also best and worst (ticks of the best and worst price lived through) and noted (1 where `core.ladder` has a note).
    """

    entries: Entries
    position: Ints
    bar: Ints
    code: Ints
    price: Ints
    lots: Ints
    maker: Ints
    closed_bar: Ints
    best: Ints
    worst: Ints
    noted: Ints

    def __len__(self) -> int:
        return len(self.position)

    @cached_property
    def pnl(self) -> NDArray[np.float64]:
        """Ticks × lots against the entry, before costs: exact up to 2^53."""
        moved = (self.price - self.entries.price[self.position]) * self.entries.side[self.position]
        return moved.astype(np.float64) * self.lots.astype(np.float64)

    @property
    def opened(self) -> Ints:
        """The places of the entries that became positions."""
        return np.flatnonzero(self.closed_bar >= 0)


def follow_entries(
    candles: Candles,
    entries: Entries,
    recipes: Recipes,
    costs: Costs,
    *,
    which: Sequence[int] | Ints | None = None,
    single: bool = False,
    threads: int = 1,
    exact: bool = False,
    index: bool | None = None,
) -> Fills:
    """Every entry under its recipe: `which` gives the row of each entry, None the first of all.

    `single` drops an entry while the position before is open. `index` forces or forbids the index; None lets the work
    decide. The result does not depend on `threads`. Raises ValueError for what machine words cannot hold.
    """
    problem = out_of_reach(candles.largest_price, entries, recipes, costs)
    if problem is not None:
        raise ValueError(problem)
    work = _Work(candles, entries, recipes, costs, which, single=single, exact=exact, index=index)
    if single or threads == 1 or len(entries) <= CHUNK:
        parts = [work.follow(0, len(entries))]
    else:
        work.follow(0, 1)  # compiled and, where it is asked for, indexed before threads begin
        bounds = range(0, len(entries), CHUNK)
        with ThreadPoolExecutor(threads) as pool:
            parts = list(pool.map(lambda first: work.follow(first, min(first + CHUNK, len(entries))), bounds))
    columns = parts[0] if len(parts) == 1 else np.concatenate(parts)
    names = ("position", "bar", "code", "price", "lots", "maker")
    return Fills(
        entries=entries, closed_bar=work.closed, best=work.best, worst=work.worst, noted=work.noted,
        **dict(zip(names, np.ascontiguousarray(columns.T))),
    )  # fmt: skip


class _Work:
    def __init__(
        self, candles: Candles, entries: Entries, recipes: Recipes, costs: Costs, which: Sequence[int] | Ints | None,
        *, single: bool, exact: bool, index: bool | None,
    ) -> None:  # fmt: skip
        from exitbrain.kernel.compiled import compiled_following

        following = compiled_following()
        self.follow_all, self.rooms = following.follow_all, following.rooms
        self.candles, self.entries, self.recipes, self.costs = candles, entries, recipes, costs
        count = len(entries)
        self.which = np.zeros(count, dtype=np.int64) if which is None else np.ascontiguousarray(which, dtype=np.int64)
        self.single, self.exact = single, exact
        self.closed = np.empty(count, dtype=np.int64)
        extra = count if exact else 0
        self.best, self.worst, self.noted = (np.zeros(extra, dtype=np.int64) for _ in range(3))
        both = bool((entries.side < 0).any()), bool((entries.side > 0).any())
        self.has_short, self.has_long = both
        self.indexed = index is True or (index is None and candles.long.has_index)
        self.budget = BOUNDLESS if index is not None else len(candles)
        if len(recipes) == 1 or not len(entries.stop) > 1:
            self.stops, self.lots = entries.stop[0], entries.lots[0]
            if len(recipes):
                row = int(recipes.stop_rule[0])
                self.stops, self.lots = entries.stop[row], entries.lots[row]
        else:
            rows = recipes.stop_rule[self.which]
            self.stops, self.lots = (
                np.ascontiguousarray(table[rows, np.arange(count)]) for table in (entries.stop, entries.lots)
            )

    def sides(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        long = self.candles.long if self.has_long or not self.has_short else self.candles.short
        short = self.candles.short if self.has_short else long
        return tuple(side.columns + (side.index if self.indexed else NO_INDEX) for side in (long, short))  # type: ignore[return-value]

    def follow(self, first: int, end: int) -> NDArray[np.int64]:
        """The fills of these entries, a row each."""
        costs, entries = self.costs, self.entries
        out = np.empty(((end - first) * (self.recipes.rungs + 3), 6), dtype=np.int64)
        stay = np.array([first, -1, 0], dtype=np.int64)
        rooms = self.rooms()
        at = 0
        while stay[0] < end:
            budget = BOUNDLESS if self.indexed else self.budget
            at = self.follow_all(
                *self.sides(), entries.bar, entries.side, entries.price, self.stops, self.lots, self.recipes.rows,
                self.which, int(stay[0]), end, int(self.single), int(stay[1]), budget, costs.path, *costs.slippage,
                int(costs.through), int(costs.close_at_end), costs.min_lots, costs.min_worth, costs.time_stop_bars or 0,
                int(self.exact), out, at, self.closed, self.best, self.worst, self.noted, stay,
                *rooms,
            )  # fmt: skip
            if stay[0] < end:
                self.indexed = True
        return out[:at]

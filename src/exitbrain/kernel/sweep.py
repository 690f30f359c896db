"""N profiles on the same entries and candles: one call, results as columns.

    out = evaluate(candles, entries, recipes_of(profiles), Costs(...))
    out.r_mean, out.win_rate, out.exits, out.rung_hits

Positions are exactly those of `fills.follow_entries`; money and R are statistics in floats. Sums are taken over fixed
chunks of entries, so that neither threads nor the way profiles are cut into blocks change a bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.core import walk as rules
from exitbrain.kernel.candles import Candles
from exitbrain.kernel.recipes import Costs, Entries, Recipes, out_of_reach, recipes_of, unsupported

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Candles", "Costs", "Entries", "Recipes", "SweepColumns", "evaluate", "recipes_of", "unsupported"]

assert rules.BY_TRAIL == 3
REASONS = ("stop_loss", "breakeven_stop", "profit_lock", "trailing_stop", "time_stop", "end_of_data")
CHUNK = 512  # entries whose sums are taken together
BLOCK = 64  # profiles that one thread takes at a time where positions follow each other
ROOM = 1 << 14  # records of a path, made longer where one needs more


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepColumns:
    """One value a profile, in the order given. Money is quote money, R the initial risk of each position.

    exits, exits_r: [P, reasons], exit fills by reason and the gross R that they made. rung_hits, rungs_planned: [P, K].
    net_r, exit_bar: [P, N] with `per_set`, else None; nan and -1 where an entry was not taken or is still open.
    drawdown_r: the deepest fall of the running sum of net R, positions in the order of entries.
    """

    names: tuple[str, ...]
    reasons: tuple[str, ...]
    positions: Ints
    open_at_end: Ints
    fills: Ints
    wins: Ints
    losses: Ints
    net: Floats
    gross: Floats
    fees: Floats
    r_sum: Floats
    r_mean: Floats
    r_sd: Floats
    sqn: Floats
    r_min: Floats
    r_max: Floats
    win_rate: Floats
    profit_factor: Floats
    payoff: Floats
    drawdown_r: Floats
    bars_held: Floats
    exits: Ints
    exits_r: Floats
    rung_hits: Ints
    rungs_planned: Ints
    net_r: Floats | None = None
    exit_bar: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.positions)

    def metrics(self) -> dict[str, NDArray[Any]]:
        """By the names of metrics.json where the meaning is the same, one value a profile."""
        with np.errstate(divide="ignore", invalid="ignore"):
            rates = self.rung_hits / self.rungs_planned
        columns: dict[str, NDArray[Any]] = {
            "num_sets": self.positions, "net_pnl": self.net, "fees_total": self.fees, "win_rate": self.win_rate,
            "profit_factor": self.profit_factor, "payoff": self.payoff, "expectancy_r": self.r_mean, "r_sd": self.r_sd,
            "sqn": self.sqn, "r_sum": self.r_sum, "r_min": self.r_min, "r_max": self.r_max,
            "drawdown_r": self.drawdown_r, "bars_held": self.bars_held,
        }  # fmt: skip
        columns |= {f"exits_{reason}": self.exits[:, i] for i, reason in enumerate(self.reasons)}
        columns |= {f"exits_r_{reason}": self.exits_r[:, i] for i, reason in enumerate(self.reasons)}
        return columns | {f"rung_rate_{k + 1}": rates[:, k] for k in range(rates.shape[1])}


def evaluate(
    candles: Candles,
    entries: Entries,
    recipes: Recipes,
    costs: Costs,
    *,
    single: bool = False,
    threads: int = 1,
    per_set: bool = False,
) -> SweepColumns:
    """Every entry under every profile. `single` drops an entry while the profile's position before is open.

    Raises ValueError for what machine words cannot hold. Memory is that of the columns; with `per_set` 12 bytes more
    for each profile and entry, so hand in profiles in blocks.
    """
    problem = out_of_reach(candles.largest_price, entries, recipes, costs)
    if problem is not None:
        raise ValueError(problem)
    work = _Work(candles, entries, recipes, costs, single=single, per_set=per_set)
    return _columns(work.sums(threads), recipes, work.net_r, work.exit_bar)


class _Work:
    def __init__(
        self, candles: Candles, entries: Entries, recipes: Recipes, costs: Costs, *, single: bool, per_set: bool
    ) -> None:  # fmt: skip
        from exitbrain.kernel import following, sweeping
        from exitbrain.kernel.compiled import compiled_sweeping

        self.evaluate_range = compiled_sweeping().evaluate_range
        self.layout, self.rooms = sweeping, following.rooms
        self.entries, self.recipes, self.costs, self.single = entries, recipes, costs, single
        shape = (len(recipes), len(entries)) if per_set else (0, 0)
        self.net_r = np.full(shape, np.nan)
        self.exit_bar = np.full(shape, -1, dtype=np.int32)
        has_long, has_short = bool((entries.side > 0).any()), bool((entries.side < 0).any())
        long = candles.long if has_long or not has_short else candles.short
        short = candles.short if has_short else long
        self.sides = tuple((*side.columns, *side.index, *side.records) for side in (long, short))

    def sums(self, threads: int) -> Floats:
        count = len(self.entries)
        everyone = slice(0, len(self.recipes))
        if self.single:
            blocks = [slice(at, min(at + BLOCK, len(self.recipes))) for at in range(0, len(self.recipes), BLOCK)]
            return np.concatenate([self._fresh(0), *self._each(threads, [(0, count, block) for block in blocks])])
        chunks = [(at, min(at + CHUNK, count), everyone) for at in range(0, count, CHUNK)]
        total = self._fresh(len(self.recipes))
        for part in self._each(threads, chunks):
            self._add(total, part)
        return total

    def _each(self, threads: int, parts: list[tuple[int, int, slice]]) -> Iterable[Floats]:
        if threads == 1 or len(parts) < 2:
            yield from (self._part(*part) for part in parts)
            return
        with ThreadPoolExecutor(threads) as pool:
            # A few at a time, so that finished parts do not pile up.
            for at in range(0, len(parts), 4 * threads):
                yield from pool.map(lambda part: self._part(*part), parts[at : at + 4 * threads])

    def _part(self, first: int, end: int, block: slice) -> Floats:
        entries, costs, recipes = self.entries, self.costs, self.recipes[block]
        path_rooms, rooms = self.layout.path_rooms, self.rooms
        room = ROOM
        while True:
            sums = self._fresh(len(recipes))
            per_set = self.net_r.size > 0
            reached = self.evaluate_range(
                *self.sides, entries.bar, entries.side, entries.price, entries.stop, entries.lots, recipes.rows,
                recipes.stop_rule, first, end, int(self.single), costs.path, *costs.slippage, int(costs.through),
                int(costs.close_at_end), costs.min_lots, costs.min_worth, costs.time_stop_bars or 0, costs.taker,
                costs.maker, costs.money_unit, sums, self.net_r[block] if per_set else self.net_r,
                self.exit_bar[block] if per_set else self.exit_bar, *path_rooms(len(recipes), room), *rooms(),
            )  # fmt: skip
            if reached == end:
                return sums
            room *= 8

    def _fresh(self, profiles: int) -> Floats:
        sums = np.zeros((profiles, self.layout.SUMS_SIZE))
        sums[:, self.layout.R_LEAST], sums[:, self.layout.R_MOST] = np.inf, -np.inf
        return sums

    def _add(self, total: Floats, part: Floats) -> None:
        """What follows is added to what came before, the fall of the running sum included."""
        at = self.layout
        before = total.copy()
        total += part
        total[:, at.R_LEAST] = np.minimum(before[:, at.R_LEAST], part[:, at.R_LEAST])
        total[:, at.R_MOST] = np.maximum(before[:, at.R_MOST], part[:, at.R_MOST])
        total[:, at.RUN_TOP] = np.maximum(before[:, at.RUN_TOP], before[:, at.RUN] + part[:, at.RUN_TOP])
        total[:, at.RUN_LEAST] = np.minimum(before[:, at.RUN_LEAST], before[:, at.RUN] + part[:, at.RUN_LEAST])
        across = before[:, at.RUN_TOP] - (before[:, at.RUN] + part[:, at.RUN_LEAST])
        total[:, at.FALL] = np.maximum(np.maximum(before[:, at.FALL], part[:, at.FALL]), across)


def _columns(sums: Floats, recipes: Recipes, net_r: Floats, exit_bar: NDArray[np.int32]) -> SweepColumns:
    from exitbrain.kernel import sweeping as at

    def whole(column: Floats) -> Ints:
        return column.astype(np.int64)

    rungs = recipes.rungs
    closed = sums[:, at.POSITIONS] - sums[:, at.OPEN]
    by_reason = slice(at.BY_REASON, at.BY_REASON + at.REASONS + rungs)
    r_by_reason = slice(at.R_BY_REASON, at.R_BY_REASON + at.REASONS + rungs)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = sums[:, at.R_SUM] / closed
        variance = np.maximum(0.0, sums[:, at.R_SQUARES] - closed * mean * mean) / (closed - 1)
        deviation = np.where(closed > 1, np.sqrt(variance), np.nan)
        return SweepColumns(
            names=recipes.names,
            reasons=(*REASONS, *(f"take_profit_{k + 1}" for k in range(rungs))),
            positions=whole(sums[:, at.POSITIONS]),
            open_at_end=whole(sums[:, at.OPEN]),
            fills=whole(sums[:, at.EXITS]),
            wins=whole(sums[:, at.WINS]),
            losses=whole(sums[:, at.LOSSES]),
            net=sums[:, at.NET].copy(),
            gross=sums[:, at.GROSS].copy(),
            fees=sums[:, at.FEES].copy(),
            r_sum=sums[:, at.R_SUM].copy(),
            r_mean=mean,
            r_sd=deviation,
            sqn=np.sqrt(closed) * mean / deviation,
            r_min=np.where(closed > 0, sums[:, at.R_LEAST], np.nan),
            r_max=np.where(closed > 0, sums[:, at.R_MOST], np.nan),
            win_rate=sums[:, at.WINS] / closed,
            profit_factor=sums[:, at.PROFIT] / sums[:, at.LOSS],
            payoff=(sums[:, at.PROFIT] / sums[:, at.WINS]) / (sums[:, at.LOSS] / sums[:, at.LOSSES]),
            drawdown_r=sums[:, at.FALL].copy(),
            bars_held=sums[:, at.BARS] / closed,
            exits=whole(sums[:, by_reason]),
            exits_r=sums[:, r_by_reason].copy(),
            rung_hits=whole(sums[:, at.HITS : at.HITS + rungs]),
            rungs_planned=whole(sums[:, at.PLANNED_RUNGS : at.PLANNED_RUNGS + rungs]),
            net_r=net_r if net_r.size else None,
            exit_bar=exit_bar if exit_bar.size else None,
        )

"""Whipsaw: what it cost to be shaken out (spec M3).

An exit by a risk category (risk_reduce, risk_off, emergency_exit), full or partial, was a whipsaw where within W
bars either the same symbol was entered again in the same direction at a price no better than the exit's, or price ran
1 R beyond the exit. Cost in money: d × (reference − exit price) × quantity closed + fees of the exit and of the
re-entry; d is +1 for a long, the reference is the re-entry's price, else the exit price + d·1R.
In R: ÷ the set's initial risk.

Example, long 2 from 100 with the stop at 98 (R = 2, initial risk 4): a risk_off exit of 2 at 99 with a fee of 0.1, a
re-entry at 101 with a fee of 0.1 five bars later: 1 × (101 − 99) × 2 + 0.2 = 4.2, or 1.05 R.
Without the re-entry, price touching 99 + 2 = 101 within W bars: 1 × 2 × 2 + 0.1 = 4.1, or 1.025 R.

An exit that a thin market cuts into parts (spec P14) is one exit: of the parts' quantity and fees, at their average
price, complete with the last part, from whose bar the window runs.

A scale-in after a partial exit is a re-entry too. Where several re-entries qualify, the first counts. A fill at a bar's
open has that whole bar ahead of it, so the exit's own bar counts for the recovery; a fill at the close has not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from exitbrain.analysis.columns import BarColumns, Flags, Floats, Integers, LegColumns, SetColumns, codes_of
from exitbrain.analysis.sums import known, plain, ratio, total

RISK_CATEGORIES = frozenset({"risk_reduce", "risk_off", "emergency_exit"})
NONE = -1
SLACK = 1e-12  # share of a price: far under any tick, far over the rounding of a sum of floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Whipsaws:
    """One row an exit by a risk category. Legs are rows of LegColumns."""

    leg: Integers  # the exit's leg, the last one of an exit in parts
    reentry: Integers  # leg of the first re-entry that is no better; −1 where there is none
    recovered: Flags  # price ran 1 R beyond the exit
    cost: Floats  # money; 0 where it was no whipsaw
    cost_r: Floats  # nan where the initial risk is unknown

    @property
    def is_whipsaw(self) -> Flags:
        return (self.reentry != NONE) | self.recovered


def whipsaw_metrics(
    sets: SetColumns,
    legs: LegColumns,
    bars: Mapping[str, BarColumns] | None,
    *,
    window_bars: int = 24,
    independent: bool = False,
    exits_at_open: bool = True,
) -> dict[str, float | int | None]:
    """Count, rate (share of risk exits), cost in money and in R.

    None: everything where bars are not given; the rate where no risk category made an exit.
    """
    if bars is None:
        return dict.fromkeys(("num_risk_exits", "whipsaw_count", "whipsaw_rate", "whipsaw_cost", "whipsaw_cost_r"))
    found = whipsaws(sets, legs, bars, window_bars=window_bars, independent=independent, exits_at_open=exits_at_open)
    count = int(found.is_whipsaw.sum())
    return {
        "num_risk_exits": len(found.leg),
        "whipsaw_count": count,
        "whipsaw_rate": plain(ratio(count, len(found.leg))),
        "whipsaw_cost": plain(total(found.cost)),
        "whipsaw_cost_r": plain(total(known(found.cost_r))),
    }


def whipsaws(
    sets: SetColumns,
    legs: LegColumns,
    bars: Mapping[str, BarColumns],
    *,
    window_bars: int = 24,
    independent: bool = False,
    exits_at_open: bool = True,
) -> Whipsaws:
    """Every risk exit with what followed it within `window_bars` bars of its symbol.

    An independent run (every entry its own position) counts only the recovery. `bars` must name each symbol with sets.
    """
    is_risk = np.fromiter((category in RISK_CATEGORIES for category in legs.category), np.bool_, len(legs))
    left = _exits(legs, np.flatnonzero(is_risk & ~legs.is_entry))
    exits = left.leg
    owner = legs.set_index[exits]
    direction = sets.side[owner].astype(np.float64)
    symbol, symbols = codes_of(sets.symbol)
    bar = _bar_of_legs(symbol[legs.set_index], symbols, legs, bars) if len(exits) else np.empty(0, np.int64)
    risk = _risk_per_unit(sets, legs)[owner]
    target = left.price + direction * risk
    first_bar = bar[exits] + (0 if exits_at_open else 1)
    recovered = _recovered(symbol[owner], symbols, bars, direction, target, first_bar, bar[exits] + window_bars)
    if independent:
        reentry = np.full(len(exits), NONE)
    else:
        reentry = _reentries(sets, legs, symbol, left, bar, window_bars)
    return _with_costs(sets, legs, left, reentry, recovered, np.where(recovered, target, left.price))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Exits:
    """One row an exit, in order of its last leg."""

    leg: Integers
    price: Floats  # average of the parts
    quantity: Floats
    fees: Floats


def _exits(legs: LegColumns, rows: Integers) -> _Exits:
    if legs.first_part is None:
        return _Exits(leg=rows, price=legs.price[rows], quantity=legs.quantity[rows], fees=legs.fees[rows])
    _, part_of, parts = np.unique(legs.first_part[rows], return_inverse=True, return_counts=True)
    last = np.zeros(len(parts), np.int64)
    np.maximum.at(last, part_of, rows)
    quantity = np.bincount(part_of, legs.quantity[rows], len(parts))
    moved = np.bincount(part_of, legs.quantity[rows] * legs.price[rows], len(parts))
    # The price of an exit in one part is not multiplied and divided, which would cost it its last digit.
    price = np.where(parts == 1, legs.price[last], moved / quantity)
    fees = np.bincount(part_of, legs.fees[rows], len(parts))
    order = np.argsort(last)
    return _Exits(leg=last[order], price=price[order], quantity=quantity[order], fees=fees[order])


def _with_costs(
    sets: SetColumns, legs: LegColumns, left: _Exits, reentry: Integers, recovered: Flags, target: Floats
) -> Whipsaws:
    exits = left.leg
    owner = legs.set_index[exits]
    has_reentry = reentry != NONE
    reference = np.where(has_reentry, legs.price[reentry] if len(exits) else 0.0, target)
    fees = left.fees + np.where(has_reentry, legs.fees[reentry] if len(exits) else 0.0, 0.0)
    moved = sets.side[owner] * (reference - left.price) * left.quantity * _multiplier(sets)[owner]
    cost = np.where(has_reentry | recovered, moved + fees, 0.0)
    initial_risk = sets.initial_risk[owner]
    cost_r = np.divide(cost, initial_risk, out=np.full(len(exits), np.nan), where=initial_risk > 0)
    return Whipsaws(leg=exits, reentry=reentry, recovered=recovered, cost=cost, cost_r=cost_r)


def _recovered(
    symbol: Integers,
    symbols: list[str | None],
    bars: Mapping[str, BarColumns],
    direction: Floats,
    target: Floats,
    first_bar: Integers,
    last_bar: Integers,
) -> Flags:
    """Whether a bar in first..last of the exit's symbol touches the target; never where the target is nan."""
    recovered = np.zeros(len(symbol), np.bool_)
    for code in np.unique(symbol).tolist():
        rows = np.flatnonzero(symbol == code)
        column = bars[str(symbols[code])]
        last = np.minimum(last_bar[rows], len(column.time) - 1)
        # A column per side, the low turned over, so that one comparison serves longs and shorts.
        best = np.where(direction[rows] > 0, 0, 1)
        reach = np.stack((column.high, -column.low))
        goal = direction[rows] * target[rows]
        goal -= SLACK * np.abs(goal)
        for step in range(int((last - first_bar[rows]).max(initial=-1)) + 1):
            at = first_bar[rows] + step
            inside = at <= last
            recovered[rows] |= inside & (reach[best, np.minimum(at, last)] >= goal)
    return recovered


def _reentries(
    sets: SetColumns, legs: LegColumns, symbol: Integers, left: _Exits, bar: Integers, window_bars: int
) -> Integers:
    """For each exit the first later entry leg of its symbol and direction within the window, at a price no better."""
    exits = left.leg
    found = np.full(len(exits), NONE)
    if not len(exits):
        return found
    position = np.arange(len(legs))
    chronological = np.lexsort((position, legs.set_index, sets.opened_at[legs.set_index], legs.time))
    rank = np.empty(len(legs), np.int64)
    rank[chronological] = position
    stream = symbol * 2 + (sets.side > 0)
    entries = chronological[legs.is_entry[chronological]]
    for code in np.unique(stream[legs.set_index[exits]]).tolist():
        rows = np.flatnonzero(stream[legs.set_index[exits]] == code)
        candidates = entries[stream[legs.set_index[entries]] == code]
        if not len(candidates):
            continue
        mine = exits[rows]
        start = np.searchsorted(rank[candidates], rank[mine], side="right")
        stop = np.searchsorted(bar[candidates], bar[mine] + window_bars, side="right")
        worst_price = sets.side[legs.set_index[mine]] * left.price[rows]
        for step in range(int((stop - start).max(initial=0))):
            at = start + step
            candidate = candidates[np.minimum(at, len(candidates) - 1)]
            no_better = sets.side[legs.set_index[mine]] * legs.price[candidate] >= worst_price
            hit = (at < stop) & no_better & (found[rows] == NONE)
            found[rows[hit]] = candidate[hit]
    return found


def _bar_of_legs(
    symbol: Integers, symbols: list[str | None], legs: LegColumns, bars: Mapping[str, BarColumns]
) -> Integers:
    """The bar, by index within its symbol's bars, in which each leg was filled."""
    bar = np.empty(len(legs), np.int64)
    for code in np.unique(symbol).tolist():
        rows = np.flatnonzero(symbol == code)
        bar[rows] = np.searchsorted(bars[str(symbols[code])].time, legs.time[rows], side="right") - 1
    return bar


def _risk_per_unit(sets: SetColumns, legs: LegColumns) -> Floats:
    """Price units; nan where the initial risk is unknown."""
    if sets.risk_per_unit is not None:
        return sets.risk_per_unit
    entries = np.flatnonzero(legs.is_entry)
    opening = np.full(len(sets), np.nan)
    # Backwards, so that the first entry of a set is the one that stays.
    opening[legs.set_index[entries][::-1]] = legs.quantity[entries][::-1]
    units = opening * _multiplier(sets)
    return np.divide(sets.initial_risk, units, out=np.full(len(sets), np.nan), where=units > 0)


def _multiplier(sets: SetColumns) -> Floats:
    return sets.multiplier if sets.multiplier is not None else np.ones(len(sets))

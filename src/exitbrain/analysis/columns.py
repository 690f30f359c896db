"""The columns that all measures read: one row a TradeSet, one row a trade leg, one row a bar.

A run may have 100,000 sets, so measures work on columns and not on objects. Times are epoch microseconds UTC.
Money is in quote currency and R is the money risked at opening. Money columns are the nearest floats to exact
decimals; every sum over them is rounded once (`sums.total`), so that no total hangs on the order of its rows.

Signs: `mfe_r` is ≥ 0 and `mae_r` is ≤ 0, both seen from the position. An initial stop lies at −1 R.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MICROSECONDS_PER_HOUR = 3_600_000_000
MICROSECONDS_PER_DAY = 24 * MICROSECONDS_PER_HOUR
STILL_OPEN = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SetColumns:
    """One row a TradeSet, sorted by opened_at, symbol and order of opening (spec F46)."""

    set_id: Sequence[str]
    symbol: Sequence[str]
    side: npt.NDArray[np.int8]  # +1 long, −1 short
    opened_at: Integers
    closed_at: Integers  # −1 while open
    bars_held: Integers
    pnl_realized: Floats  # gross
    fees: Floats
    funding: Floats
    pnl_net: Floats  # realized − fees + funding
    initial_risk: Floats  # money; nan where unknown
    r_multiple: Floats  # net ÷ initial risk; nan while open or where the risk is unknown
    num_legs: Integers
    num_entries: Integers
    num_exits: Integers
    mfe_r: Floats
    mae_r: Floats
    max_exposure_notional: Floats
    profile: Sequence[str | None]
    regime: Sequence[str | None]
    strategy: Sequence[str | None]
    entry_reason: Sequence[str | None]
    exit_reason: Sequence[str | None]  # of the last exit
    best_exit_r: Floats  # the best exit in hindsight, an upper bound: the whole position out at its best price
    available_r: Floats  # what the exit could have captured; equals best_exit_r unless the caller knows better
    risk_per_unit: Floats | None = None  # price; None: initial risk ÷ (opening quantity × multiplier)
    multiplier: Floats | None = None  # contract multiplier; None: 1
    tp1_r: Floats | None = None  # R of the first planned take-profit; nan where there is none
    planned_rungs: Integers | None = None  # bit n − 1 is set where take-profit n was planned

    def __post_init__(self) -> None:
        _assert_equal_lengths(self)

    def __len__(self) -> int:
        return len(self.set_id)

    @property
    def is_closed(self) -> Flags:
        return self.closed_at != STILL_OPEN


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LegColumns:
    """One row a trade leg, the legs of a set in order of happening."""

    set_index: Integers  # row of SetColumns
    time: Integers  # open time of the bar of the fill
    is_entry: Flags
    side: npt.NDArray[np.int8]  # +1 buy, −1 sell
    quantity: Floats
    price: Floats
    fees: Floats
    realized_pnl: Floats  # gross; 0 for an entry
    reason: Sequence[str]
    category: Sequence[str]
    trigger_id: Sequence[str | None]
    exit_fraction: Floats  # nan where the trigger has none
    r: Floats  # realized ÷ the set's initial risk; nan where that is unknown
    first_part: Integers | None = None  # row of the first leg of the same exit (spec P14 cuts one); None: all are whole

    def __post_init__(self) -> None:
        _assert_equal_lengths(self)

    def __len__(self) -> int:
        return len(self.set_index)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EquityColumns:
    """One row a bar of the run: equity at its close."""

    time: Integers  # bar open time, ascending
    timeframe: int
    equity: Floats
    exposed: npt.NDArray[np.bool_] | Floats  # position or none, or |notional| ÷ equity
    initial_cash: float

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BarColumns:
    """The bars of one symbol, for measures that ask what price did after an exit."""

    time: Integers  # bar open time, ascending
    high: Floats
    low: Floats


def codes_of(values: Sequence[str | None]) -> tuple[Integers, list[str | None]]:
    """Each value as a number, and the values in order of first appearance."""
    number_of = {value: number for number, value in enumerate(dict.fromkeys(values))}
    codes = np.fromiter(map(number_of.__getitem__, values), dtype=np.int64, count=len(values))
    return codes, list(number_of)


def take(sets: SetColumns, rows: Integers | Flags) -> SetColumns:
    """The given rows of a table of sets, in the given order."""
    index = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    return SetColumns(**{field.name: _taken(getattr(sets, field.name), index) for field in fields(sets)})


def _taken(column: object, index: Integers) -> object:
    if column is None:
        return None
    if isinstance(column, np.ndarray):
        return column[index]
    assert isinstance(column, Sequence)
    return [column[i] for i in index.tolist()]


def _assert_equal_lengths(columns: SetColumns | LegColumns) -> None:
    present = {f.name: getattr(columns, f.name) for f in fields(columns)}
    lengths = {name: len(column) for name, column in present.items() if column is not None}
    assert len(set(lengths.values())) == 1, lengths

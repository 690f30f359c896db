"""Funding of perpetuals: what a position pays or gets at each settlement (spec X6)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.candles.columns import TIMESTAMP, cell_text, find_columns, number_column, symbol_column, time_column
from exitbrain.candles.faults import Fault, fault
from exitbrain.candles.frames import is_frame, table_of_frame
from exitbrain.candles.numbers import numbers
from exitbrain.candles.tables import Table, load_table
from exitbrain.candles.timeline import order_faults, refuse
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_TIME = (*TIMESTAMP, "calc_time", "fundingtime")
_RATE = ("rate", "funding_rate", "fundingrate", "last_funding_rate")
_MARK = ("mark_price", "markprice")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Funding:
    """Sorted by time, then symbol. `rate` is a fraction; `symbol` is None where the file has no such column."""

    time: NDArray[np.int64]
    symbol: tuple[str, ...] | None
    rate: tuple[Decimal, ...]
    mark_price: tuple[Decimal | None, ...]
    source: str
    sha256: str
    notes: tuple[str, ...] = ()


def read_funding(path: str | Path | Any) -> Funding:
    """A file or a data frame."""
    table = table_of_frame(path) if is_frame(path) else load_table(path)
    columns = find_columns(table, [_TIME, _RATE], [("symbol",), _MARK]).found
    if not len(table.frame):
        raise InvalidInput(Problem(found="no rows, only columns", accepted="a row a settlement", file=table.source))
    times, faults = time_column(table, columns["timestamp"])
    rates, more = number_column(table, columns["rate"], accepted="a fraction such as 0.0001")
    faults += more
    large = rates.finite & (np.abs(np.nan_to_num(rates.values)) >= 1)
    if large.any():
        samples = (f"{value:g}" for value in rates.values[large])
        what = f"{columns['rate'].name} is no fraction"
        accepted = "a fraction between -1 and 1: 0.0001 is 0.01 percent"
        faults.append(fault(what, table.rows[large], samples, accepted=accepted, mend=None))
    marks, more = _mark_prices(table, columns.get("mark_price"))
    faults += more
    symbols = None
    groups = np.zeros(len(table.rows), dtype=object)
    if "symbol" in columns:
        texts, more = symbol_column(table, columns["symbol"])
        groups = texts.to_numpy().astype(object)
        faults += more
        symbols = tuple(groups.tolist())
    if not faults:
        for name in sorted(set(groups.tolist())):
            faults += order_faults(table.rows[groups == name], times.time[groups == name])
    refuse(table, faults)
    order = sorted(range(len(times.time)), key=lambda at: (int(times.time[at]), groups[at]))
    decimals = rates.decimals().tolist()
    return Funding(
        time=np.ascontiguousarray(times.time[order]),
        symbol=None if symbols is None else tuple(symbols[at] for at in order),
        rate=tuple(decimals[at] for at in order),
        mark_price=tuple(marks[at] for at in order),
        source=table.source,
        sha256=table.sha256,
        notes=times.notes,
    )


def _mark_prices(table: Table, column: pl.Series | None) -> tuple[list[Decimal | None], list[Fault]]:
    if column is None:
        return [None] * len(table.rows), []
    parsed = numbers(column)
    absent = _absent(column)
    wrong = ~absent & ~(parsed.finite & (np.nan_to_num(parsed.values) > 0))
    decimals = parsed.decimals().tolist()
    marks = [None if gone else mark for mark, gone in zip(decimals, absent.tolist())]
    if not wrong.any():
        return marks, []
    samples = (cell_text(value) for value in column.gather(np.flatnonzero(wrong)[:8].tolist()).to_list())
    what = f"{column.name} is no price"
    return marks, [fault(what, table.rows[wrong], samples, accepted="above 0, or nothing", mend=None)]


def _absent(column: pl.Series) -> NDArray[np.bool_]:
    import polars as pl

    gone = column.is_null().to_numpy()
    if column.dtype.is_float():
        return gone | column.is_nan().fill_null(False).to_numpy()
    return gone | (column.str.strip_chars() == "").fill_null(True).to_numpy() if column.dtype == pl.String else gone

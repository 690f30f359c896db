"""Best bid and ask over time, for the spread guard and the spread features (spec X6).

A row is known at its time. Quote *bars* (bid_close, ask_close) are stamped with their open, but their closing
quote is known only when they close: their time is moved by one bar, or a decision would look ahead.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.candles.columns import TIMESTAMP, cell_text, find_columns, time_column
from exitbrain.candles.faults import Fault, counted, fault
from exitbrain.candles.frames import is_frame, table_of_frame
from exitbrain.candles.numbers import numbers
from exitbrain.candles.series import common_spacing
from exitbrain.candles.tables import Table, load_table
from exitbrain.candles.timeline import order_faults, refuse
from exitbrain.candles.timestamps import duration
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quotes:
    """Only rows with both a bid and an ask; `time` is when the quote was known."""

    time: NDArray[np.int64]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    source: str
    sha256: str
    notes: tuple[str, ...] = ()


def read_quotes(path: str | Path | Any) -> Quotes:
    """A file or a data frame of one symbol."""
    table = table_of_frame(path) if is_frame(path) else load_table(path)
    columns = find_columns(table, [TIMESTAMP, ("bid", "bid_close"), ("ask", "ask_close")]).found
    times, faults = time_column(table, columns["timestamp"])
    bid, more = _side(table, columns["bid"])
    faults += more
    ask, more = _side(table, columns["ask"])
    faults += more
    refuse(table, faults or order_faults(table.rows, times.time))
    both = np.isfinite(bid) & np.isfinite(ask)
    if not both.any():
        found = "no row has both a bid and an ask"
        raise InvalidInput(Problem(found=found, accepted="a bid and an ask above 0", file=table.source))
    notes = list(times.notes)
    time = times.time
    if columns["bid"].name.strip().casefold() == "bid_close" and len(time) > 1:
        spacing = common_spacing(time)
        time = time + spacing
        notes.append(f"quote bars of {duration(spacing)}: each closing quote counts from its bar's close")
    if not both.all():
        notes.append(f"{counted(int((~both).sum()), 'row')} without a bid or an ask left out")
    crossed = int((bid[both] > ask[both]).sum())
    if crossed:
        notes.append(f"{counted(crossed, 'row')} with the bid above the ask")
    return Quotes(
        time=np.ascontiguousarray(time[both]),
        bid=bid[both],
        ask=ask[both],
        source=table.source,
        sha256=table.sha256,
        notes=tuple(notes),
    )


def _side(table: Table, column: pl.Series) -> tuple[NDArray[np.float64], list[Fault]]:
    import polars as pl

    values = numbers(column, exact=False).values
    absent = column.is_null().to_numpy()
    if column.dtype.is_float():
        absent = absent | column.is_nan().fill_null(False).to_numpy()
    elif column.dtype == pl.String:
        words = column.str.strip_chars().str.to_lowercase()
        absent = absent | words.is_in(["", "nan", "null", "none"]).fill_null(True).to_numpy()
    wrong = ~absent & ~(np.isfinite(values) & (np.nan_to_num(values) > 0))
    if not wrong.any():
        return values, []
    samples = (cell_text(value) for value in column.gather(np.flatnonzero(wrong)[:8].tolist()).to_list())
    what = f"{column.name} is no price"
    return values, [fault(what, table.rows[wrong], samples, accepted="above 0, or nothing", mend=None)]

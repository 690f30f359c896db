"""From a table to bars: the cells that can be read become numbers, and each that cannot is told.

Rows with a cell that cannot be read are left out of what follows; `--repair` drops exactly those.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.candles.columns import TIMESTAMP, Columns, find_columns, number_column, symbol_column, time_column
from exitbrain.candles.faults import Fault, fault
from exitbrain.candles.numbers import Numbers, numbers, whole_numbers
from exitbrain.candles.series import OPTIONAL, PRICES
from exitbrain.candles.tables import Table, symbol_of_stem
from exitbrain.core.given import word
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bars:
    """Bars of one symbol on their way to `Candles`: order and prices are not yet checked.

    Prices are int64, or Python integers where they are too wide for that.
    """

    symbol: str
    scale: int
    rows: NDArray[np.int64]
    time: NDArray[np.int64]
    open: NDArray[Any]
    high: NDArray[Any]
    low: NDArray[Any]
    close: NDArray[Any]
    volume: NDArray[np.float64]
    spread_bps: NDArray[np.float64] | None = None
    bid: NDArray[np.float64] | None = None
    ask: NDArray[np.float64] | None = None

    def take(self, which: NDArray[Any]) -> Bars:
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: value[which] for name, value in columns.items() if isinstance(value, np.ndarray)})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    bars: tuple[Bars, ...]
    faults: tuple[Fault, ...]
    notes: tuple[str, ...]


def read_bars(table: Table, symbol: str | None) -> Reading:
    """`symbol` names the bars of a table that has no symbol column (spec F3)."""
    required = [TIMESTAMP, *((name,) for name in (*PRICES, "volume"))]
    columns = find_columns(table, required, [("symbol",), *((name,) for name in OPTIONAL)])
    if not len(table.frame):
        raise InvalidInput(Problem(found="no rows, only columns", accepted="two bars or more", file=table.source))
    times, faults = time_column(table, columns.found["timestamp"])
    usable = times.known
    prices: dict[str, Numbers] = {}
    for name in PRICES:
        prices[name], more = number_column(table, columns.found[name])
        faults += more
        usable = usable & prices[name].finite
    volume, more = _volume(table, columns)
    faults += more
    optional, more = _optional(table, columns)
    faults += more
    rows_of, more = _symbols(table, columns, symbol)
    faults += more
    chosen = {name: usable & rows for name, rows in rows_of.items()}
    bars = tuple(
        _bars_of(name, which, table, times.time, prices, volume, optional)
        for name, which in chosen.items()
        if which.any()
    )
    return Reading(bars=bars, faults=tuple(faults), notes=(*table.notes, *times.notes, *_unused(columns)))


def _bars_of(
    symbol: str,
    usable: NDArray[np.bool_],
    table: Table,
    time: NDArray[np.int64],
    prices: dict[str, Numbers],
    volume: NDArray[np.float64],
    optional: dict[str, NDArray[np.float64]],
) -> Bars:
    # Where every row counts, a slice spares the copies.
    which = slice(None) if usable.all() else np.flatnonzero(usable)
    chosen = [
        Numbers(values=column.values[which], exact=None if column.exact is None else column.exact[which])
        for column in prices.values()
    ]
    whole, scale = whole_numbers(chosen)
    return Bars(
        symbol=symbol,
        scale=scale,
        rows=table.rows[which],
        time=time[which],
        volume=volume[which],
        **dict(zip(PRICES, whole)),
        **{name: column[which] for name, column in optional.items()},
    )


def _volume(table: Table, columns: Columns) -> tuple[NDArray[np.float64], list[Fault]]:
    mend = "sets them to 0"
    parsed, faults = number_column(table, columns.found["volume"], mend=mend, exact=False)
    faults = [replace(one, mended="set the volume to 0 in") for one in faults]
    finite = parsed.finite
    values = parsed.values if finite.all() else np.where(finite, parsed.values, 0.0)
    negative = values < 0
    if not negative.any():
        return values, faults
    samples = (f"{value:g}" for value in values[negative])
    faults.append(
        fault(
            "volume is negative",
            table.rows[negative],
            samples,
            accepted="0 or more",
            mend=mend,
            mended="set the volume to 0 in",
        )
    )
    return np.where(negative, 0.0, values), faults


def _optional(table: Table, columns: Columns) -> tuple[dict[str, NDArray[np.float64]], list[Fault]]:
    """Spread and quotes may be absent in a row (NaN), but not be words or below their range."""
    found: dict[str, NDArray[np.float64]] = {}
    faults: list[Fault] = []
    for name in OPTIONAL:
        if name not in columns.found:
            continue
        column = columns.found[name]
        parsed = numbers(column, exact=False)
        words = (~parsed.finite) & column.is_not_null().to_numpy() & ~_is_nan(column)
        below = parsed.finite & (parsed.values < 0 if name == "spread_bps" else parsed.values <= 0)
        wrong = words | below
        if wrong.any():
            accepted = "0 or more, or nothing" if name == "spread_bps" else "above 0, or nothing"
            samples = (str(value) for value in column.gather(np.flatnonzero(wrong)[:8].tolist()).to_list())
            mended = f"left {name} out in"
            faults.append(
                fault(
                    f"{name} is not usable",
                    table.rows[wrong],
                    samples,
                    accepted=accepted,
                    mend="leaves them out",
                    mended=mended,
                )  # fmt: skip
            )
        found[name] = np.where(wrong | ~parsed.finite, np.nan, parsed.values)
    return found, faults


def _is_nan(column: Any) -> NDArray[np.bool_]:
    import polars as pl

    if column.dtype.is_float():
        return column.is_nan().fill_null(True).to_numpy()
    if column.dtype == pl.String:
        return column.str.strip_chars().str.to_lowercase().is_in(["", "nan", "none", "null"]).fill_null(True).to_numpy()
    return np.zeros(len(column), dtype=np.bool_)


def _symbols(table: Table, columns: Columns, symbol: str | None) -> tuple[dict[str, NDArray[np.bool_]], list[Fault]]:
    """Which rows are each symbol's, in the order of the symbols."""
    if symbol is not None and not word(symbol, "symbol").strip():
        raise InvalidInput("the symbol is blank", accepted="its name, or none where the file tells it")
    if "symbol" in columns.found:
        texts, faults = symbol_column(table, columns.found["symbol"])
        names = sorted(name for name in texts.unique().to_list() if name)
        return {name: (texts == name).to_numpy() for name in names}, faults
    name = symbol or symbol_of_stem(table.source)
    if not name:
        raise InvalidInput(
            Problem(
                found="no symbol column, and the file's name tells no symbol",
                accepted="instrument.symbol in the config, a column symbol, or a name such as BTCUSDT-5m.parquet",
                file=table.source,
            )
        )
    return {name: np.ones(len(table.frame), dtype=np.bool_)}, []


def _unused(columns: Columns) -> tuple[str, ...]:
    return (f"columns not used: {', '.join(columns.unused)}",) if columns.unused else ()

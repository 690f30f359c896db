"""Columns found by name: without case, under any of their names, and every missing one told at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.candles.faults import Fault, fault
from exitbrain.candles.numbers import Numbers, numbers
from exitbrain.candles.tables import Table
from exitbrain.candles.timestamps import ACCEPTED as ACCEPTED_TIMES
from exitbrain.candles.timestamps import Times, times
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

TIMESTAMP = ("timestamp", "datetime", "open_time", "date", "time")
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Columns:
    """`unused` are the names that nobody asked for."""

    found: dict[str, pl.Series]
    unused: tuple[str, ...]


def find_columns(table: Table, required: Sequence[Names], optional: Sequence[Names] = ()) -> Columns:
    """Each asked column is a tuple of names that mean it; the first one is the key of the answer."""
    by_name: dict[str, list[str]] = {}
    for name in table.frame.columns:
        by_name.setdefault(name.strip().casefold(), []).append(name)
    problems = [
        *(_missing(table, names, by_name) for names in required if not any(name in by_name for name in names)),
        *(_ambiguous(table, names, by_name) for names in (*required, *optional)),
    ]
    if told := [one for one in problems if one is not None]:
        raise InvalidInput(*told)
    taken = {names[0]: by_name[name][0] for names in (*required, *optional) for name in names[::-1] if name in by_name}
    unused = tuple(name for name in table.frame.columns if name.strip() and name not in taken.values())
    return Columns(found={key: table.frame[name] for key, name in taken.items()}, unused=unused)


def time_column(table: Table, column: pl.Series) -> tuple[Times, list[Fault]]:
    parsed = times(column)
    bad = ~parsed.known
    if not bad.any():
        return parsed, []
    samples = (cell_text(value) for value in _cells(column, bad))
    what = f"{column.name} is no timestamp"
    return parsed, [fault(what, table.rows[bad], samples, accepted=ACCEPTED_TIMES, mend="drops them")]


def number_column(
    table: Table,
    column: pl.Series,
    *,
    accepted: str = "a finite number",
    mend: str | None = "drops them",
    exact: bool = True,
) -> tuple[Numbers, list[Fault]]:
    parsed = numbers(column, exact=exact)
    bad = ~parsed.finite
    if not bad.any():
        return parsed, []
    samples = (cell_text(value) for value in _cells(column, bad))
    return parsed, [fault(f"{column.name} is no number", table.rows[bad], samples, accepted=accepted, mend=mend)]


def symbol_column(table: Table, column: pl.Series) -> tuple[pl.Series, list[Fault]]:
    """The symbols as texts, empty where there is none."""
    import polars as pl

    symbols = column.cast(pl.String, strict=False).fill_null("").str.strip_chars()
    empty = (symbols == "").to_numpy()
    if not empty.any():
        return symbols, []
    samples = ("empty" for _ in range(int(empty.sum())))
    return symbols, [fault("symbol is empty", table.rows[empty], samples, accepted="a symbol", mend="drops them")]


def cell_text(value: object) -> str:
    if value is None or value == "":
        return "empty"
    return f"{value}" if isinstance(value, (int, float)) else repr(str(value)[:40])


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a misspelled name: `, nearest is "close"`, or nothing."""
    close = difflib.get_close_matches(name.casefold(), list(known), n=1, cutoff=0.5)
    return f', nearest is "{close[0]}"' if close else ""


def _cells(column: pl.Series, bad: NDArray[np.bool_]) -> list[object]:
    return column.gather(np.flatnonzero(bad)[:8].tolist()).to_list()


def _missing(table: Table, names: Names, by_name: dict[str, list[str]]) -> Problem:
    others = [name for name in by_name if name]
    hint = nearest(names[0], [name for name in others if name not in names])
    have = ", ".join(others[:12]) or "none"
    accepted = names[0] if len(names) == 1 else f"{names[0]} (or {', '.join(names[1:])})"
    return Problem(
        found=f"no column {names[0]}{hint} (columns: {have})",
        accepted=f"a column {accepted}",
        file=table.source,
        line=1 if table.unit == "line" else None,
    )


def _ambiguous(table: Table, names: Names, by_name: dict[str, list[str]]) -> Problem | None:
    twice = [raw for name in names for raw in by_name.get(name, []) if len(by_name[name]) > 1]
    if names is TIMESTAMP and not twice and not any(name in by_name for name in TIMESTAMP[:3]):
        # A day in one column and the clock in another: either alone would be a wrong timestamp.
        twice = [raw for name in ("date", "time") for raw in by_name.get(name, [])]
        twice = twice if len(twice) > 1 else []
    if not twice:
        return None
    return Problem(
        found=f"columns {', '.join(twice)} could each be {names[0]}",
        accepted=f"one column {names[0]}",
        file=table.source,
    )

"""Entries of the user's own, one row each: when, which side, and optionally how much and with which stop.

Strict, because a misread column would change what is traded: an unknown column is refused, not skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from exitbrain.candles.columns import TIMESTAMP, cell_text, find_columns, nearest
from exitbrain.candles.frames import is_frame, table_of_frame
from exitbrain.candles.tables import Table, load_table
from exitbrain.candles.timestamps import ACCEPTED as ACCEPTED_TIMES
from exitbrain.candles.timestamps import times
from exitbrain.core.given import PRINTABLE, is_name
from exitbrain.core.numbers import FROM_TO, is_in_range
from exitbrain.errors import InvalidInput, Problem

SIDES = {"long": "long", "short": "short", "buy": "long", "sell": "short"}
SIZES = ("quantity", "notional", "risk")
TEXTS = ("symbol", "strategy_id", "tag")
# What each number must be, and up to where.
NUMBERS: dict[str, tuple[str, Decimal | None]] = {
    "quantity": ("above 0", None),
    "notional": ("above 0", None),
    "risk": ("a share of equity, above 0 and at most 1", Decimal(1)),
    "stop_price": ("above 0", None),
    "stop_loss_pct": ("percent, above 0 and at most 100", Decimal(100)),
}
COLUMNS = ("timestamp", "side", *TEXTS, *NUMBERS)
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRow:
    """`row` is the line of a text file, else the row from 1; `symbol` is None where the run's one symbol is meant."""

    row: int
    time: int
    side: str
    symbol: str | None = None
    quantity: Decimal | None = None
    notional: Decimal | None = None
    risk: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss_pct: Decimal | None = None
    strategy_id: str | None = None
    tag: str | None = None


def read_entries(source: str | Path | Any) -> tuple[EntryRow, ...]:
    """A file (CSV, Parquet, Feather, JSON) or a polars or pandas frame, in the order of its rows."""
    table = table_of_frame(source) if is_frame(source) else load_table(source)
    columns = find_columns(
        table, [TIMESTAMP, ("side",)], [(name,) for name in COLUMNS if name not in ("timestamp", "side")]
    )
    if columns.unused:
        raise InvalidInput(*(_unknown(table, name) for name in columns.unused))
    if not len(table.frame):
        raise InvalidInput(Problem(found="no entries, only columns", accepted="one row or more", file=table.source))
    parsed = times(columns.found["timestamp"])
    cells = {name: column.to_list() for name, column in columns.found.items()}
    entries: list[EntryRow] = []
    problems: list[Problem] = []
    for at, row in enumerate(table.rows.tolist()):
        values = {name: column[at] for name, column in cells.items()}
        time = int(parsed.time[at]) if parsed.known[at] else None
        entry, faults = _entry(row, time, values)
        problems += [_at(table, row, found, accepted) for found, accepted in faults]
        entries += [entry] if entry is not None else []
    if problems:
        raise InvalidInput(*_shortened(table, problems))
    return tuple(entries)


def _entry(row: int, time: int | None, values: dict[str, Any]) -> tuple[EntryRow | None, list[tuple[str, str]]]:
    faults = [] if time is not None else [(f"timestamp {cell_text(values['timestamp'])}", ACCEPTED_TIMES)]
    side = SIDES.get(str(values["side"]).strip().lower())
    if side is None:
        faults.append((f"side {cell_text(values['side'])}", "long or short (buy or sell)"))
    numbers: dict[str, Decimal | None] = {}
    for name, (accepted, highest) in NUMBERS.items():
        value = values.get(name)
        if value is None or _is_absent(value):
            numbers[name] = None
            continue
        numbers[name] = number = _decimal(value)
        if number is None or number <= 0 or (highest is not None and number > highest):
            faults.append((f"{name} {cell_text(value)[:40]}", f"{accepted}, from {FROM_TO}, or nothing"))
    sizes = [name for name in SIZES if numbers[name] is not None]
    if len(sizes) > 1:
        faults.append((f"{' and '.join(sizes)} together", f"at most one of {', '.join(SIZES)}"))
    texts = {name: None if _is_absent(values.get(name)) else str(values[name]).strip() for name in TEXTS}
    faults += [(f"{name} {text[:40]!r}", PRINTABLE) for name, text in texts.items() if text and not is_name(text)]
    if faults or time is None or side is None:
        return None, faults
    return EntryRow(row=row, time=time, side=side, **texts, **numbers), []


def _decimal(value: Any) -> Decimal | None:
    """The decimal that is written; of a float its shortest one (spec Q5)."""
    if isinstance(value, bool):
        return None
    text = repr(value) if isinstance(value, float) else str(value).strip()
    number = Decimal(text) if _DECIMAL.fullmatch(text) else None
    return number if number is not None and is_in_range(number) else None


def _is_absent(value: Any) -> bool:
    # NaN, the missing value of frames, is the only thing that differs from itself.
    return value is None or value != value or (isinstance(value, str) and not value.strip())


def _unknown(table: Table, name: str) -> Problem:
    return Problem(
        found=f'unknown column "{name}"{nearest(name, COLUMNS)}',
        accepted=", ".join(COLUMNS),
        file=table.source,
        line=1 if table.unit == "line" else None,
    )


def _at(table: Table, row: int, found: str, accepted: str) -> Problem:
    if table.unit == "line":
        return Problem(found=found, accepted=accepted, file=table.source, line=row)
    return Problem(found=f"row {row}: {found}", accepted=accepted, file=table.source)


def _shortened(table: Table, problems: list[Problem]) -> list[Problem]:
    if len(problems) <= _TOLD:
        return problems
    return [*problems[:_TOLD], Problem(found=f"{len(problems) - _TOLD:,} more of this kind", file=table.source)]

"""An account's history of fills: CSV, JSON, JSON lines or Parquet, told apart by content, into TradeSets.

`read_fills` gives rows in our columns, oldest first. Nothing is guessed about money: a fee in a third asset needs a
price from the caller, and what was read, turned round, numbered or left out is said in notes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from exitbrain.core.account_fills import Instruments, lifecycles_of_fills
from exitbrain.core.assets import fee_currency
from exitbrain.core.instants import microseconds
from exitbrain.core.json_objects import has_half_a_pair, object_of, repeated_key
from exitbrain.core.lifecycle import Lifecycle
from exitbrain.core.numbers import Number, decimal_of, plain
from exitbrain.core.trade_sets import TradeSet, trade_set
from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.fill_formats import FillFormat, format_of

ACCEPTED = "CSV, JSON, JSON lines or Parquet"
_TOLD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFile:
    """Rows in our columns, oldest first, each with its number in the file (`unit`: line or row)."""

    source: str
    rows: tuple[dict[str, Any], ...]
    numbers: tuple[int, ...]
    unit: str
    notes: tuple[str, ...]

    def problem(self, row: int, found: str, accepted: str | None = None) -> Problem:
        return _problem(self.source, self.unit, self.numbers[row], found, accepted)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    rows: Sequence[Mapping[str, Any]]
    numbers: Sequence[int]
    unit: str


def fills_to_trade_sets(
    path: str | Path,
    instruments: Instruments = None,
    *,
    fee_prices: Mapping[str, Number] | None = None,
) -> tuple[list[TradeSet], tuple[str, ...]]:
    """The TradeSets of a history, and notes on how it was read.

    `fee_prices` prices fees in a third asset: {"BNB": "600"} in the quote currency of each symbol.
    """
    file = load_fills(path)
    prices = {asset.upper(): decimal_of(price, f"price of {asset}") for asset, price in (fee_prices or {}).items()}
    rows, used = _with_priced_fees(file.rows, prices)
    lifecycles = lifecycles_of_fills(rows, instruments, file.problem)
    notes = [*file.notes, *(f"fees in {asset} priced at {plain(prices[asset])}" for asset in sorted(used))]
    notes += _step_notes(lifecycles, instruments)
    notes += _doubts(rows)
    still_open = sum(1 for one in lifecycles if one.closed_at is None)
    if still_open:
        notes.append(f"{_counted(still_open, 'set')} still open")
    return [trade_set(one) for one in lifecycles], tuple(notes)


def read_fills(path: str | Path) -> list[dict[str, Any]]:
    """Rows for `TradeSet.from_fills`, oldest first."""
    return [dict(row) for row in load_fills(path).rows]


def load_fills(path: str | Path) -> FillFile:
    source = str(path)
    table = _table(_content(Path(path), source), source)
    if not table.rows:
        raise InvalidInput(Problem(found="no rows", accepted="at least one fill", file=source))
    lowered = [{str(name).strip().lower(): value for name, value in row.items()} for row in table.rows]
    try:
        form = format_of(list(dict.fromkeys(name for row in lowered for name in row)))
    except InvalidInput as refusal:
        raise _placed(refusal, source) from None
    rows = _converted(lowered, form, table, source)
    order, notes = _oldest_first(rows, table, source)
    rows, numbers = [rows[i] for i in order], [table.numbers[i] for i in order]
    notes.insert(0, f"read as {form.name}: {_counted(len(rows), 'fill')} of {_counted(_symbols(rows), 'symbol')}")
    if not form.has_ids:
        # The oldest is 1, so that a later export with more rows gives the same fills the same ids.
        rows = [{"id": str(number), **row} for number, row in enumerate(rows, 1)]
        notes.append("the fills carry no ids: numbered from the oldest")
    rows, numbers, dropped = _without_repeats(rows, numbers)
    if dropped:
        notes.append(f"{_counted(dropped, 'fill')} given more than once, alike in every column: taken once")
    return FillFile(source=source, rows=tuple(rows), numbers=tuple(numbers), unit=table.unit, notes=tuple(notes))


def _converted(rows: list[dict[str, Any]], form: FillFormat, table: _Table, source: str) -> list[dict[str, Any]]:
    converted, problems = [], []
    for row, number in zip(rows, table.numbers):
        try:
            converted.append(form.read(row))
        except InvalidInput as refusal:
            problems += [_problem(source, table.unit, number, p.found, p.accepted) for p in refusal.problems]
        except KeyError as missing:
            problems.append(_problem(source, table.unit, number, f"{missing.args[0]} missing", form.name))
    if problems:
        raise InvalidInput(*problems[:_TOLD])
    return converted


def _oldest_first(rows: list[dict[str, Any]], table: _Table, source: str) -> tuple[list[int], list[str]]:
    """Exports that begin with the newest are turned round whole, so that fills of one second keep their order."""
    times, problems = [], []
    for row, number in zip(rows, table.numbers):
        try:
            times.append(microseconds(row.get("timestamp")))
        except InvalidInput as refusal:
            problems += [_problem(source, table.unit, number, p.found, p.accepted) for p in refusal.problems]
    if problems:
        raise InvalidInput(*problems[:_TOLD])
    order = list(range(len(rows)))
    if times[0] > times[-1] and all(a >= b for a, b in zip(times, times[1:])):
        return order[::-1], ["the newest fill came first: turned round"]
    return sorted(order, key=times.__getitem__), []


def _without_repeats(rows: list[dict[str, Any]], numbers: list[int]) -> tuple[list[dict[str, Any]], list[int], int]:
    """Exports overlap: a fill that is alike in every column is the same fill. One that differs stays, and is refused."""
    seen: dict[tuple[str, str], dict[str, Any]] = {}
    kept = []
    for place, row in enumerate(rows):
        key = (str(row.get("symbol")), str(row.get("id")))
        if row.get("id") is None or seen.setdefault(key, row) is row or seen[key] != row:
            kept.append(place)
    return [rows[i] for i in kept], [numbers[i] for i in kept], len(rows) - len(kept)


def _with_priced_fees(
    rows: Iterable[dict[str, Any]], prices: Mapping[str, Decimal]
) -> tuple[list[dict[str, Any]], set[str]]:
    priced, used = [], set()
    for row in rows:
        asset = str(row.get("fee_asset") or "").strip().upper()
        if asset in prices and row.get("fee_quote") is None and fee_currency(str(row.get("symbol")), asset) is None:
            used.add(asset)
            row = {**row, "fee_quote": _worth(row.get("fee"), prices[asset])}
        priced.append(row)
    return priced, used


def _worth(fee: Any, price: Decimal) -> Decimal | None:
    """None for what is no number: the ledger names it with its line."""
    try:
        return decimal_of(fee, "fee") * price
    except InvalidInput:
        return None


def _doubts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a venue may have meant otherwise than it was taken."""
    notes = []
    fees = [decimal_of(row.get("fee"), "fee") for row in rows]
    if any(fees) and max(fees) <= 0:
        notes.append("every fee is negative: taken as rebates")
    contracts = sorted({str(row["symbol"]) for row in rows if ":" in str(row["symbol"])})
    if contracts:
        notes.append(f"quantities of {', '.join(contracts)} are taken as base, not contracts: else give a multiplier")
    return notes


def _step_notes(lifecycles: Iterable[Lifecycle], instruments: Instruments) -> list[str]:
    if instruments is not None:
        return []
    steps = {one.symbol: one.instrument for one in lifecycles}
    return [
        f"{symbol}: tick {plain(one.tick_size)} and lot {plain(one.lot_size)} are the finest steps seen"
        for symbol, one in steps.items()
    ]


# reading files


def _content(path: Path, source: str) -> bytes:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise InvalidInput(Problem(found="no such file", accepted="a file that exists", file=source)) from None
    except OSError as error:
        found = f"cannot be read: {error.strerror or error}"
        raise InvalidInput(Problem(found=found, accepted=f"a readable file: {ACCEPTED}", file=source)) from None
    except ValueError:
        raise InvalidInput(Problem(found="a path with a null character", accepted="a file", file=source)) from None
    if not content.strip():
        raise InvalidInput(Problem(found="the file is empty", accepted=ACCEPTED, file=source))
    return content


def _table(content: bytes, source: str) -> _Table:
    if content.startswith(b"PAR1"):
        return _parquet(content, source)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(Problem(found="this is no text in UTF-8", accepted=ACCEPTED, file=source)) from None
    if "\0" in text:
        raise InvalidInput(Problem(found="this is a binary file", accepted=ACCEPTED, file=source))
    if text.lstrip()[:1] not in ("[", "{"):
        return _csv(text, source)
    table = _json(text, source)
    if has_half_a_pair(text, table.rows):
        found = "half of a surrogate pair in a string"
        raise InvalidInput(Problem(found=found, accepted="whole characters", file=source))
    problems = [
        _problem(source, table.unit, number, f"key {key!a} twice", "each key once")
        for row, number in zip(table.rows, table.numbers)
        if (key := repeated_key(row)) is not None
    ]
    if problems:
        raise InvalidInput(*problems[:_TOLD])
    return table


def _parquet(content: bytes, source: str) -> _Table:
    import polars as pl

    try:
        if not content.endswith(b"PAR1"):
            raise ValueError("cut short")
        rows = pl.read_parquet(io.BytesIO(content)).to_dicts()
    except (pl.exceptions.PolarsError, ValueError, OSError) as error:
        found = f"the Parquet file cannot be read: {str(error).splitlines()[0]}"
        raise InvalidInput(Problem(found=found, accepted="a complete Parquet file", file=source)) from None
    return _Table(rows=rows, numbers=range(1, len(rows) + 1), unit="row")


def _json(text: str, source: str) -> _Table:
    try:
        document = json.loads(text, parse_float=Decimal, object_pairs_hook=object_of)
    except (ValueError, RecursionError) as error:
        if text.lstrip().startswith("{") and "\n" in text.strip():
            return _json_lines(text, source)
        raise _broken_json(source, error, getattr(error, "lineno", 1)) from None
    if isinstance(document, dict):
        lists = [document[key] for key in ("fills", "trades", "data") if isinstance(document.get(key), list)]
        document = lists[0] if lists else [document]
    problems = [
        _problem(source, "row", number, f"a fill is {str(row)[:60]}", "an object with named fields")
        for number, row in enumerate(document, 1)
        if not isinstance(row, dict)
    ]
    if problems:
        raise InvalidInput(*problems[:_TOLD])
    return _Table(rows=document, numbers=range(1, len(document) + 1), unit="row")


def _json_lines(text: str, source: str) -> _Table:
    rows, numbers = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_float=Decimal, object_pairs_hook=object_of)
        except (ValueError, RecursionError) as error:
            raise _broken_json(source, error, number) from None
        if not isinstance(row, dict):
            raise InvalidInput(
                _problem(source, "line", number, f"a fill is {line[:60]}", "an object with named fields")
            )
        rows.append(row)
        numbers.append(number)
    return _Table(rows=rows, numbers=numbers, unit="line")


def _csv(text: str, source: str) -> _Table:
    header = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, skipinitialspace=True)
    names: list[str] | None = None
    rows, numbers, problems = [], [], []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if names is None:
                names = [cell.strip() for cell in cells]
                twice = next((name for place, name in enumerate(names) if name and name in names[:place]), None)
                if twice is not None:
                    raise InvalidInput(
                        _problem(source, "line", reader.line_num, f"column {twice!a} twice", "each column once")
                    )
            elif len(cells) != len(names):
                found = f"{_counted(len(cells), 'cell')} under {_counted(len(names), 'column')}"
                problems.append(_problem(source, "line", reader.line_num, found, "one cell a column"))
            else:
                rows.append(dict(zip(names, cells)))
                numbers.append(reader.line_num)
    except csv.Error as error:
        raise InvalidInput(_problem(source, "line", reader.line_num, f"broken CSV: {error}", ACCEPTED)) from None
    if problems:
        raise InvalidInput(*problems[:_TOLD])
    return _Table(rows=rows, numbers=numbers, unit="line")


def _broken_json(source: str, error: Exception, line: int) -> InvalidInput:
    words = error.msg if isinstance(error, json.JSONDecodeError) else "a number too long, or nesting too deep"
    return InvalidInput(Problem(found=f"broken JSON: {words}", accepted="a list of fills", file=source, line=line))


def _problem(source: str, unit: str, number: int, found: str, accepted: str | None) -> Problem:
    if unit == "line":
        return Problem(found=found, accepted=accepted, file=source, line=number)
    return Problem(found=f"row {number}: {found}", accepted=accepted, file=source)


def _placed(refusal: InvalidInput, source: str) -> InvalidInput:
    return InvalidInput(*(Problem(found=p.found, accepted=p.accepted, file=source) for p in refusal.problems))


def _symbols(rows: Iterable[Mapping[str, Any]]) -> int:
    return len({str(row.get("symbol")) for row in rows})


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"

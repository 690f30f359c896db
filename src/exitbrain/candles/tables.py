"""Files as tables: told apart by their first bytes, not by their names.

Text stays text here (a price must not lose digits before anybody has looked at it); binary columns keep their type.
A row knows its number as a reader would count it: the line of a text file, else its place from 1.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.candles.faults import counted
from exitbrain.core.given import described
from exitbrain.core.json_objects import has_half_a_pair, object_of, repeated_key
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

ACCEPTED = (
    "Parquet, Feather (Arrow), CSV, JSON rows [[ms, open, high, low, close, volume], …], or one of them in .gz or .zip"
)
KLINES = (
    "open_time", "open", "high", "low", "close", "volume", "close_time",
    "quote_volume", "count", "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip
MOST_UNPACKED = 1 << 30
MOST_HEADER = 100_000
MOST_TOLD = 20
_TIMEFRAME = r"\d{1,3}(?:s|sec|m|min|h|hr|hour|d|day|w|week|mo|month)s?"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """`unit` is `line` or `row`; `source` is the file's name as given."""

    frame: pl.DataFrame
    rows: NDArray[np.int64]
    unit: str
    source: str
    sha256: str
    format: str
    notes: tuple[str, ...] = ()


def load_table(path: str | Path, source: str | None = None) -> Table:
    """`source` is the name to tell the file by, where that is not its path."""
    if not isinstance(path, str | os.PathLike):
        raise InvalidInput(f"a file is {described(path)}", accepted="a path, or a polars or pandas frame")
    source = str(path) if source is None else source
    content = _content(Path(path), source)
    if not content or content.isspace():
        raise _unreadable(source, "the file is empty")
    table = _parsed(content, source)
    return replace(table, sha256=hashlib.sha256(content).hexdigest())


def symbol_of_stem(source: str) -> str | None:
    """BTC_USDT-5m-futures.feather is BTC_USDT: what stands before the first - or _ that a timeframe follows (spec F3)."""
    stem = re.sub(r"\.[A-Za-z]+(\.gz)?$", "", Path(source).name)
    found = re.match(rf"(.+?)[-_]{_TIMEFRAME}(?=[-_.]|$)", stem, re.IGNORECASE)
    return found.group(1) if found else None


def row_numbers(count: int, first: int = 1) -> NDArray[np.int64]:
    return np.arange(first, first + count, dtype=np.int64)


def is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def is_endless(path: Path) -> bool:
    """A device or a named pipe may never end; what a shell substitutes for a command (/dev/fd/63) does."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False  # no path: reading it tells
    pipe_of_a_shell = stat.S_ISFIFO(mode) and path.parts[:2] in (("/", "dev"), ("/", "proc"))
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or pipe_of_a_shell)


def _content(path: Path, source: str) -> bytes:
    if is_folder(path):
        raise _unreadable(source, "this is a folder", accepted=f"one file: {ACCEPTED}")
    if is_endless(path):
        raise _unreadable(source, "this is a pipe or a device", accepted=f"one file: {ACCEPTED}")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise _unreadable(source, "no such file", accepted="the path of a file that exists") from None
    except OSError as error:
        raise _unreadable(source, f"cannot be read: {error.strerror}", accepted="a readable file") from None
    except ValueError:
        raise _unreadable(source, "a path with a null character", accepted="the path of a file") from None


def _parsed(content: bytes, source: str) -> Table:
    for signature, parse in _SIGNATURES.items():
        if content.startswith(signature):
            return parse(content, source)
    text = _decoded(content, source)
    if not text.strip():
        raise _unreadable(source, "the file is empty")
    if text.lstrip()[:1] in ("[", "{"):
        return _json_table(text, source)
    return _csv_table(text, source)


def _parquet_table(content: bytes, source: str) -> Table:
    import polars as pl

    _require_end(content, b"PAR1", "parquet", source)
    return _binary_table(lambda: pl.read_parquet(io.BytesIO(content)), source, "parquet")


def _feather_table(content: bytes, source: str) -> Table:
    import polars as pl

    _require_end(content, b"ARROW1", "feather", source)
    table = _binary_table(lambda: pl.read_ipc(io.BytesIO(content)), source, "feather")
    return replace(table, format="freqtrade feather") if "date" in table.frame.columns else table


def _require_end(content: bytes, mark: bytes, name: str, source: str) -> None:
    # Both formats end as they begin; asking first spares the reader, which can panic over half a file.
    if len(content) < 2 * len(mark) or not content.endswith(mark):
        raise _unreadable(source, f"{name} file cut short at {len(content):,} bytes", accepted="a complete file")


def _arrow_stream_table(content: bytes, source: str) -> Table:
    import polars as pl

    return _binary_table(lambda: pl.read_ipc_stream(io.BytesIO(content)), source, "arrow stream")


def _old_feather(content: bytes, source: str) -> Table:
    raise _unreadable(source, "Feather version 1", accepted="Feather version 2 (write it again), Parquet or CSV")


def _binary_table(read: Callable[[], pl.DataFrame], source: str, name: str) -> Table:
    import polars as pl

    try:
        frame = read()
    # A damaged file can make the reader panic, which is no `Exception`.
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        words = (str(error).strip().splitlines() or ["unreadable"])[0]
        raise _unreadable(source, f"damaged {name} file ({words})", accepted="a complete file") from None
    return Table(frame=frame, rows=row_numbers(len(frame)), unit="row", source=source, sha256="", format=name)


def _gzip_table(content: bytes, source: str) -> Table:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            inner = packed.read(MOST_UNPACKED + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(source, f"damaged or cut short gzip file ({error})", accepted="a complete file") from None
    table = _parsed(_bounded(inner, source), source)
    return replace(table, format=f"{table.format} gz")


def _bounded(inner: bytes, source: str) -> bytes:
    if len(inner) > MOST_UNPACKED:
        raise _unreadable(source, f"more than {MOST_UNPACKED >> 20:,} MiB when unpacked", accepted="a smaller file")
    return inner


def _zip_table(content: bytes, source: str) -> Table:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX")]
            if len(names) != 1:
                raise _unreadable(source, f"a zip of {len(names)} files", accepted="a zip that holds one file")
            with archive.open(names[0]) as packed:
                inner = packed.read(MOST_UNPACKED + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise _unreadable(source, f"damaged zip file ({error})", accepted="a complete zip without password") from None
    table = _parsed(_bounded(inner, source), source)
    return replace(table, format=f"{table.format} zip")


_SIGNATURES: dict[bytes, Callable[[bytes, str], Table]] = {
    b"PAR1": _parquet_table,
    b"ARROW1": _feather_table,
    b"\xff\xff\xff\xff": _arrow_stream_table,
    b"FEA1": _old_feather,
    b"PK\x03\x04": _zip_table,
    b"PK\x05\x06": _zip_table,
    b"\x1f\x8b": _gzip_table,
}


def _decoded(content: bytes, source: str) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unreadable(source, "neither a known binary format nor UTF-8 text", line=line) from None
    if "\0" in text:
        raise _unreadable(source, "binary content of no known format", line=text[: text.index("\0")].count("\n") + 1)
    return text


def _json_table(text: str, source: str) -> Table:
    import polars as pl

    try:
        # Numbers stay as they are written: a float would lose digits.
        content = json.loads(text, parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=object_of)
    except RecursionError:
        raise _unreadable(source, "JSON nested too deeply") from None
    except json.JSONDecodeError as error:
        found = f"no JSON: {error.msg}"
        raise InvalidInput(
            Problem(found=found, accepted=ACCEPTED, file=source, line=error.lineno, column=error.colno)
        ) from None
    if has_half_a_pair(text, content):
        raise _unreadable(source, "half of a surrogate pair in a string", accepted="whole characters")
    _require_single_keys(content, source)
    names, rows = _json_rows(content, source)
    series = [pl.Series(name, [_cell(row.get(name)) for row in rows], dtype=pl.String) for name in names]
    return Table(
        frame=pl.DataFrame(series),
        rows=row_numbers(len(rows)),
        unit="row",
        source=source,
        sha256="",
        format="ccxt json" if names[:1] == ["open_time"] else "json",
    )


def _require_single_keys(content: Any, source: str) -> None:
    rows = content if isinstance(content, list) else []
    found = [(f"row {number}: ", repeated_key(row)) for number, row in enumerate(rows, 1)]
    repeated = [(where, key) for where, key in [("", repeated_key(content)), *found] if key is not None]
    if repeated:
        problems = [Problem(found=f"{where}key {key!a} twice", accepted="each key once") for where, key in repeated]
        raise InvalidInput(*(replace(problem, file=source) for problem in problems[:MOST_TOLD]))


def _json_rows(content: Any, source: str) -> tuple[list[str], list[dict[str, Any]]]:
    if isinstance(content, dict) and content and all(isinstance(column, list) for column in content.values()):
        lengths = {len(column) for column in content.values()}
        if len(lengths) == 1:
            return list(content), [dict(zip(content, row)) for row in zip(*content.values())]
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return list(dict.fromkeys(name for row in content for name in row)), content
    if isinstance(content, list) and content and all(isinstance(row, list) for row in content):
        return _array_rows(content, source)
    accepted = "[[ms, open, high, low, close, volume], …] or [{column: value, …}, …]"
    raise _unreadable(source, "JSON of another shape, or without rows", accepted=accepted)


def _array_rows(content: list[list[Any]], source: str) -> tuple[list[str], list[dict[str, Any]]]:
    width = len(content[0])
    odd = next((number for number, row in enumerate(content, 1) if len(row) != width), None)
    if odd is not None or not 6 <= width <= len(KLINES):
        found = f"row {odd or 1} has {len(content[(odd or 1) - 1])} values"
        raise _unreadable(source, found, accepted="rows [ms, open, high, low, close, volume], all of one length")
    names = list(KLINES[:width])
    return names, [dict(zip(names, row)) for row in content]


def _cell(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _csv_table(text: str, source: str) -> Table:
    import polars as pl

    # One newline for all kinds of line ends keeps the line numbers true.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next(number for number, line in enumerate(lines) if line.strip())
    separator = max(",;\t", key=lines[first].count)
    if len(lines[first]) > MOST_HEADER:
        found = f"a first line of {len(lines[first]):,} characters"
        raise _unreadable(
            source, found, accepted=f"names or numbers in at most {MOST_HEADER:,} characters", line=first + 1
        )
    names = [name.strip() for name in next(csv.reader([lines[first]], delimiter=separator))]
    has_header = not re.match(r"[-+]?[\d.]", names[0])
    if not has_header:
        names = _klines_names(len(names), source, first + 1)
    _require_distinct(names, source, first + 1)
    start = first + 1 if has_header else first
    body = lines[start:]
    while body and not body[-1].strip():
        body.pop()
    try:
        frame = pl.read_csv(_with_plain_header(body, len(names), separator), infer_schema=False, separator=separator)
    except pl.exceptions.PolarsError:
        raise InvalidInput(*_ragged(body, start + 1, len(names), separator, source)) from None
    frame.columns = names
    rows = row_numbers(len(frame), start + 1)
    frame, rows = _without_blank_lines(frame, rows, body)
    return Table(
        frame=frame,
        rows=rows,
        unit="line",
        source=source,
        sha256="",
        format="csv" if has_header and names[0].casefold() != "open_time" else "binance csv",
    )


def _without_blank_lines(
    frame: pl.DataFrame, rows: NDArray[np.int64], body: list[str]
) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    import polars as pl

    blank = [place for place, line in enumerate(body) if not line or line.isspace()]
    if not blank or len(body) != len(frame):
        return frame, rows
    kept = np.ones(len(frame), dtype=np.bool_)
    kept[blank] = False
    return frame.filter(pl.Series(kept)), rows[kept]


def _with_plain_header(body: list[str], width: int, separator: str) -> io.BytesIO:
    """A header of our own makes every row, the first one too, answer to the same width."""
    header = separator.join(f"c{place}" for place in range(width))
    return io.BytesIO("\n".join([header, *body]).encode())


def _klines_names(width: int, source: str, line: int) -> list[str]:
    if 6 <= width <= len(KLINES):
        return list(KLINES[:width])
    accepted = "a header line, or Binance klines (open time, open, high, low, close, volume, …)"
    raise _unreadable(source, f"no header and {width} columns", accepted=accepted, line=line)


def _require_distinct(names: list[str], source: str, line: int) -> None:
    twice = sorted(
        {name for name in names if name and [other.casefold() for other in names].count(name.casefold()) > 1}
    )
    if names.count("") > 1:
        found = f"{names.count('')} columns without a name"
        raise _unreadable(source, found, accepted="a name for each column", line=line)
    if twice:
        found = f"more than one column is called {', '.join(twice)}"
        raise _unreadable(source, found, accepted="one column of each name (upper and lower case are one)", line=line)


def _ragged(body: list[str], first: int, width: int, separator: str, source: str) -> list[Problem]:
    odd = [
        (number, len(fields))
        for number, line in enumerate(body, first)
        if line.strip()
        for fields in csv.reader([line], delimiter=separator)
        if len(fields) > width
    ]
    if not odd:
        return [Problem(found="not readable as CSV (a quote that never closes?)", accepted=ACCEPTED, file=source)]
    line, fields = odd[0]
    found = f"{counted(len(odd), 'line')} with more than {width} fields: line {line} has {fields}"
    return [Problem(found=found, accepted=f"{width} fields in every line", file=source, line=line)]


def _unreadable(source: str, found: str, *, accepted: str = ACCEPTED, line: int | None = None) -> InvalidInput:
    return InvalidInput(Problem(found=found, accepted=accepted, file=source, line=line))

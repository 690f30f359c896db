"""What a data frame holds, as one hash: the same on every machine and with every version of the library.

A column is its name, its kind, which rows are empty, and its values: numbers and instants as little-endian bytes,
everything else as UTF-8 texts. Each part follows its length, so that no two frames share one stream of bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


def frame_sha256(frame: pl.DataFrame) -> str:
    digest = hashlib.sha256()
    for column in frame:
        for part in _parts(column):
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
    return digest.hexdigest()


def _parts(column: pl.Series) -> Iterator[bytes | memoryview]:
    empty = np.packbits(column.is_null().to_numpy()).tobytes() if column.null_count() else b""
    yield from (column.name.encode(), len(column).to_bytes(8, "little"), empty)
    whole, kind = _plain_numbers(column)
    if whole is not None:
        values = _little_endian(whole)
        yield f"{kind} {values.dtype.str}".encode()
        yield memoryview(values).cast("B") if len(values) else b""
        return
    text = _texts(column).fill_null("")
    yield b"text"
    yield _little_endian(text.str.len_bytes().to_numpy().astype(np.uint64)).tobytes()
    yield (text.str.join("").item() or "").encode()


def _plain_numbers(column: pl.Series) -> tuple[NDArray[np.generic] | None, str]:
    """The column as numbers of at most 8 bytes and what they count; None where it holds something else."""
    import polars as pl

    dtype, kind = column.dtype, "number"
    if isinstance(dtype, pl.Datetime):
        column, kind = column.to_physical(), f"datetime {dtype.time_unit} {dtype.time_zone or ''}"
    elif dtype == pl.Date:
        column, kind = column.to_physical(), "date"
    elif dtype == pl.Boolean:
        column, kind = column.cast(pl.UInt8), "boolean"
    elif not (dtype.is_integer() or dtype.is_float()) or str(dtype).endswith("128"):
        return None, ""
    values = (column.fill_null(0) if column.null_count() else column).to_numpy()
    return values, kind


def _little_endian(values: NDArray[np.generic]) -> NDArray[np.generic]:
    values = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    # A nan has many spellings in bits, and machines differ in which one they compute.
    unknown = np.isnan(values) if values.dtype.kind == "f" else np.False_
    return np.where(unknown, values.dtype.type(np.nan), values) if unknown.any() else values


def _texts(column: pl.Series) -> pl.Series:
    import polars as pl

    dtype = column.dtype
    if dtype in (pl.String, pl.Categorical, pl.Enum) or dtype.is_decimal():
        return column.cast(pl.String)
    return pl.Series([None if value is None else str(value) for value in column.to_list()], dtype=pl.String)

"""Rows of a run that may be many, kept small while they grow: decisions and events.

Rows are collected as tuples, and every `ROWS` of them become a compressed column table of some bytes a row. Tables stay
in memory up to `KEPT` bytes and go to an unnamed temporary file beyond, so a run of any length needs a bounded memory,
and whatever ends the process leaves nothing behind.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from exitbrain.errors import Unavailable

if TYPE_CHECKING:
    import polars as pl

ROWS = 1 << 15
KEPT = 1 << 26


class Spool:
    """Rows in order; `schema` names the columns with their polars types by name (`Int64`, `String` …)."""

    def __init__(self, schema: Mapping[str, str]) -> None:
        self._schema = dict(schema)
        self._rows: list[tuple[Any, ...]] = []
        self._file: tempfile.SpooledTemporaryFile[bytes] | None = None
        self._places: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._places) * ROWS + len(self._rows)

    def append(self, row: tuple[Any, ...]) -> None:
        self._rows.append(row)
        if len(self._rows) == ROWS:
            self._put_away()

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows as tables of up to `ROWS` rows; one empty table where there are none."""
        import polars as pl

        for start, size in self._places:
            assert self._file is not None
            self._file.seek(start)
            yield pl.read_parquet(io.BytesIO(self._file.read(size)))
        if self._rows or not self._places:
            yield self._table()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        # Rows that were not put away yet are as they came, so a small run needs no table at all.
        for frame in self.frames() if self._places else ():
            yield from frame.iter_rows()
        if not self._places:
            yield from self._rows

    def _table(self) -> pl.DataFrame:
        import polars as pl

        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(self._schema)
        return pl.DataFrame(
            [
                pl.Series(name, column, dtype=getattr(pl, kind))
                for (name, kind), column in zip(self._schema.items(), columns, strict=True)
            ]
        )

    def _put_away(self) -> None:
        if self._file is None:
            self._file = tempfile.SpooledTemporaryFile(max_size=KEPT)  # noqa: SIM115 - lives as long as the spool
        packed = io.BytesIO()
        self._table().write_parquet(packed, compression="zstd", compression_level=1, statistics=False)
        try:
            start = self._file.seek(0, io.SEEK_END)
            self._file.write(packed.getvalue())
            self._file.flush()
        except OSError as error:
            found = f"temporary files in {tempfile.gettempdir()}: {error.strerror}"
            raise Unavailable(f"{found}; TMPDIR names another folder") from None
        self._places.append((start, packed.tell()))
        self._rows.clear()

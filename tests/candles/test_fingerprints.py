"""The hash of a data frame stands for what it holds, and for nothing else."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import numpy as np
import polars as pl
import pytest

from exitbrain.candles.fingerprints import frame_sha256

FRAME = pl.DataFrame({"a": [1.5, None], "b": ["x", "yz"]})
OTHERS = {
    "another name": FRAME.rename({"a": "A"}),
    "another order of columns": FRAME.select("b", "a"),
    "another order of rows": FRAME.reverse(),
    "another type": FRAME.with_columns(pl.col("a").cast(pl.Float32)),
    "another number": FRAME.with_columns(a=pl.Series([1.25, None])),
    "a 0 for nothing": FRAME.with_columns(pl.col("a").fill_null(0)),
    "texts divided elsewhere": FRAME.with_columns(b=pl.Series(["xy", "z"])),
    "nothing for a text": FRAME.with_columns(b=pl.Series(["xyz", None])),
    "an empty text for nothing": FRAME.with_columns(b=pl.Series(["xyz", ""])),
    "a row less": FRAME.head(1),
    "a column less": FRAME.drop("b"),
}


def test_the_bytes_that_are_hashed_are_the_same_on_every_machine() -> None:
    parts = [b"a", struct.pack("<Q", 2), b"\x40", b"number <f8", struct.pack("<2d", 1.5, 0)]
    parts += [b"b", struct.pack("<Q", 2), b"", b"text", struct.pack("<2Q", 1, 2), b"xyz"]
    stream = b"".join(struct.pack("<Q", len(part)) + part for part in parts)
    assert frame_sha256(FRAME) == sha256(stream).hexdigest()


def test_frames_that_differ_in_anything_have_hashes_of_their_own() -> None:
    hashes = [frame_sha256(frame) for frame in (FRAME, *OTHERS.values())]
    assert len(set(hashes)) == 1 + len(OTHERS)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (pl.Series(["x", "y"]), pl.Series(["x", "y"], dtype=pl.Categorical)),
        (pl.Series([np.nan]), pl.Series([-np.float64(np.nan)])),
        (pl.Series([1, 2, 3, 4]).gather([1, 2]), pl.Series([2, 3])),
        (pl.concat([pl.Series([1]), pl.Series([2])], rechunk=False), pl.Series([1, 2])),
    ],
)
def test_equal_values_have_one_hash(one: pl.Series, other: pl.Series) -> None:
    assert frame_sha256(pl.DataFrame({"c": one})) == frame_sha256(pl.DataFrame({"c": other}))


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([True, None]),
        pl.Series([Decimal("1.10"), None]),
        pl.Series([datetime(2024, 1, 1, tzinfo=UTC), None]),
        pl.Series([datetime(2024, 1, 1).date(), None]),
        pl.Series([datetime(2024, 1, 1).time(), None]),
        pl.Series([[1, 2], None]),
        pl.Series([{"a": 1}, None]),
        pl.Series([b"\xff", None]),
        pl.Series([2**100, None], dtype=pl.Int128),
        pl.Series([None, None]),
        pl.Series([], dtype=pl.Float64),
        pl.Series([], dtype=pl.String),
    ],
    ids=lambda column: str(column.dtype),
)
def test_every_kind_of_column_has_a_hash(column: pl.Series) -> None:
    frame = pl.DataFrame({"c": column})
    assert frame_sha256(frame) == frame_sha256(frame.clone())
    assert frame_sha256(frame) != frame_sha256(frame.rename({"c": "d"}))

"""polars and pandas frames give the candles that a file of theirs would give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from exitbrain.candles import candles_from_frame, read_candles, to_frame
from exitbrain.errors import InvalidInput

from .worlds import csv, written

pandas = pytest.importorskip("pandas", reason="pandas is not installed")

INDEX = pandas.date_range("2024-01-01", periods=4, freq="1h", tz="Asia/Tokyo")
PRICES = {"Open": [1.1] * 4, "High": [2.0] * 4, "Low": [1.0] * 4, "Close": [1.5] * 4, "Volume": [1, 2, 3, 4]}
BY_INDEX = pandas.DataFrame(PRICES, index=INDEX)
FRAMES = {
    "a pandas index": BY_INDEX,
    "a pandas column": BY_INDEX.reset_index(names="date"),
    "pandas texts": BY_INDEX.assign(timestamp=[stamp.isoformat() for stamp in INDEX]),
    "pandas objects": BY_INDEX.assign(timestamp=pandas.Series(list(INDEX.to_pydatetime()), dtype=object, index=INDEX)),
    "pandas nullable floats": BY_INDEX.astype({"Open": "Float64", "Volume": "Int64"}),
    "pandas prices as texts": BY_INDEX.astype({"Open": str, "Close": object}),
    "polars": pl.DataFrame(PRICES).with_columns(timestamp=pl.Series(INDEX.as_unit("ms").asi8)),
    "polars lazy": pl.LazyFrame(PRICES).with_columns(time=pl.Series([stamp.isoformat() for stamp in INDEX])),
    "polars objects": pl.DataFrame(PRICES).with_columns(
        time=pl.Series(INDEX.to_pydatetime().tolist(), dtype=pl.Object)
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_frame_gives_the_same_candles(kind: str) -> None:
    file = candles_from_frame(FRAMES[kind], symbol="X")
    (candles,) = file.candles
    assert candles.time.tolist() == [1_704_034_800_000_000 + hour * 3_600_000_000 for hour in range(4)]
    assert (candles.scale, candles.open.tolist(), candles.high.tolist()) == (1, [11] * 4, [20] * 4)
    assert candles.volume.tolist() == [1, 2, 3, 4]
    assert candles_from_frame(FRAMES[kind], symbol="X").sha256 == file.sha256


def test_a_naive_index_is_utc_and_said(tmp_path: Path) -> None:
    file = candles_from_frame(BY_INDEX.tz_localize(None), symbol="X")
    assert file.notes == ("timestamps carry no zone: taken as UTC",)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (BY_INDEX.reset_index(drop=True), "no column timestamp"),
        (BY_INDEX.assign(Open=[1.1, None, 1.2, 1.3]), r"Open is no number in 1 row: row 2 \(nan\)"),
        (BY_INDEX.assign(Open=["1.1", None, "x", "1"]), r"Open is no number in 2 rows: row 2 \(empty\), row 3 \('x'\)"),
        (BY_INDEX.assign(timestamp=[pandas.NaT, *INDEX[1:]]), r"timestamp is no timestamp in 1 row: row 1 \(empty\)"),
        (BY_INDEX.assign(open=1.0), "each name once"),
        (pandas.concat({"X": BY_INDEX}, axis=1), "columns of several levels"),
        ({"open": [1]}, "a builtins.dict; accepted: a polars or pandas data frame"),
    ],
)
def test_a_broken_frame_is_refused(frame, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        candles_from_frame(frame, symbol="X")


def test_a_frame_of_candles_reads_back_equal(tmp_path: Path) -> None:
    (candles,) = read_candles(written(tmp_path, csv())).candles
    frame = to_frame(candles)
    assert frame.schema["timestamp"] == pl.Datetime("us", "UTC")
    (again,) = candles_from_frame(frame).candles
    assert again.symbol == candles.symbol
    for name in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(again, name), getattr(candles, name))


def test_importing_the_room_imports_no_data_frame_library() -> None:
    code = "import sys, exitbrain.candles; print([m for m in ('polars', 'pandas', 'pyarrow') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"

"""The same candles in every format, and times of every dress."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from exitbrain.candles import CandleFile, read_candles
from exitbrain.candles.tables import symbol_of_stem

from .worlds import HEADER, ROWS, csv, written

START = 1_704_067_200_000_000
HOUR = 3_600_000_000
FRAME = pl.DataFrame(
    {
        "timestamp": pl.Series([START + hour * HOUR for hour in range(5)]).cast(pl.Datetime("us", "UTC")),
        "open": [100.0] * 5,
        "high": [101.5] * 5,
        "low": [99.0] * 5,
        "close": [100.5] * 5,
        "volume": [10.0] * 5,
    }
)
MILLISECONDS = [[(START + hour * HOUR) // 1000, 100, 101.5, "99.0", 100.5, 10] for hour in range(5)]
KLINES = [
    f"{(START + hour * HOUR) // 1000},100.00000000,101.50000000,99.00000000,100.50000000,10,1,1,1,1,1,0"
    for hour in range(5)
]
KLINES_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def assert_the_five_bars(file: CandleFile, symbol: str = "BTCUSDT") -> None:
    (candles,) = file.candles
    assert candles.symbol == symbol
    assert candles.timeframe == HOUR
    assert candles.scale == 1
    assert candles.time.tolist() == [START + hour * HOUR for hour in range(5)]
    assert {name: getattr(candles, name).tolist() for name in ("open", "high", "low", "close", "volume")} == {
        "open": [1000] * 5,
        "high": [1015] * 5,
        "low": [990] * 5,
        "close": [1005] * 5,
        "volume": [10.0] * 5,
    }
    assert candles.time.dtype == candles.open.dtype == np.int64
    assert file.repairs == ()


def _bytes(write, **options) -> bytes:
    buffer = io.BytesIO()
    write(buffer, **options)
    return buffer.getvalue()


def _zip(content: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("BTCUSDT-1h-2024-01.csv", content)
    return buffer.getvalue()


def _freqtrade(unit: str) -> bytes:
    frame = FRAME.rename({"timestamp": "date"}).with_columns(pl.col("date").dt.cast_time_unit(unit))
    return _bytes(frame.write_ipc, compression="lz4")


FORMATS = [
    ("csv", csv(), "csv"),
    ("csv", csv().replace("\n", "\r\n"), "csv"),
    ("csv", "\ufeff" + csv(), "csv"),
    ("csv", csv().replace(",", ";"), "csv"),
    ("csv", csv().replace(",", "\t"), "csv"),
    ("csv", csv(*(f"7,{row}" for row in ROWS), header="," + HEADER), "csv"),
    ("csv.gz", gzip.compress(csv().encode(), mtime=0), "csv gz"),
    ("csv", "\n".join(KLINES), "binance csv"),
    ("csv", "\n".join([KLINES_HEADER, *KLINES]), "binance csv"),
    ("zip", _zip("\n".join(KLINES)), "binance csv zip"),
    ("zip", _zip("\n".join([KLINES_HEADER, *KLINES])), "binance csv zip"),
    ("json", json.dumps(MILLISECONDS), "ccxt json"),
    ("json.gz", gzip.compress(json.dumps(MILLISECONDS).encode(), mtime=0), "ccxt json gz"),
    ("json", FRAME.write_json(), "json"),
    ("json", json.dumps({name: [str(v) for v in FRAME[name].to_list()] for name in FRAME.columns}), "json"),
    ("parquet", _bytes(FRAME.write_parquet), "parquet"),
    ("feather", _bytes(FRAME.write_ipc), "feather"),
    ("arrow", _bytes(FRAME.write_ipc_stream), "arrow stream"),
    ("feather", _freqtrade("ns"), "freqtrade feather"),
    ("feather", _freqtrade("us"), "freqtrade feather"),
]


@pytest.mark.parametrize(("suffix", "content", "name"), FORMATS)
def test_every_format_gives_the_same_candles_whatever_its_name(tmp_path: Path, suffix, content, name) -> None:
    file = read_candles(written(tmp_path, content, f"BTCUSDT-1h.{suffix}"))
    assert_the_five_bars(file)
    assert file.format == name
    misnamed = read_candles(written(tmp_path, content, "BTCUSDT-1h.dat"))
    assert_the_five_bars(misnamed)
    assert misnamed.sha256 == file.sha256


UTC = "timestamps carry no zone: taken as UTC"
STAMPS = [
    ("2024-01-01T0{h}:00:00Z", ()),
    ("2024-01-01 0{h}:00:00Z", ()),
    ("2024-01-01T0{h}:00:00.000000+00:00", ()),
    ("2024-01-01 0{h}:00:00", (UTC,)),
    ("2024-01-01 0{h}:00", (UTC,)),
    ("2024-01-01T1{h}:00:00+10:00", ("timestamps carry offsets (+10:00 first): converted to UTC",)),
    ("2023-12-31 1{h}:00:00-1000", ("timestamps carry offsets (-1000 first): converted to UTC",)),
]


@pytest.mark.parametrize(("stamp", "notes"), STAMPS)
def test_times_in_text_become_utc(tmp_path: Path, stamp: str, notes) -> None:
    moved = stamp.replace("2023-12-31 1{h}", "2023-12-31 {t}")
    rows = [row.replace(f"2024-01-01T0{h}:00:00Z", moved.format(h=h, t=14 + h)) for h, row in enumerate(ROWS)]
    file = read_candles(written(tmp_path, csv(*rows)))
    assert_the_five_bars(file)
    assert file.notes == notes


@pytest.mark.parametrize("per_second", [1, 10**3, 10**6, 10**9])
@pytest.mark.parametrize("kind", [str, pl.Int64, pl.UInt64, pl.Float64])
def test_epochs_are_told_apart_by_magnitude(tmp_path: Path, per_second: int, kind) -> None:
    stamps = [START // 10**6 * per_second + hour * 3600 * per_second for hour in range(5)]
    path = tmp_path / "BTCUSDT_1h"
    column = pl.Series("timestamp", stamps)
    frame = FRAME.with_columns(column if kind is str else column.cast(kind))
    frame.write_csv(path) if kind is str else frame.write_parquet(path)
    assert_the_five_bars(read_candles(path))


def test_a_unit_that_changes_inside_a_file_is_told_row_by_row(tmp_path: Path) -> None:
    rows = [row.replace(f"{START // 1000 + 3_600_000 * h},", f"{START + HOUR * h},") for h, row in enumerate(KLINES)]
    file = read_candles(written(tmp_path, "\n".join([*KLINES[:2], *rows[2:]])))
    assert_the_five_bars(file)
    assert "timestamps mix epoch units: each told apart by its magnitude" in file.notes


@pytest.mark.parametrize("name", ["timestamp", "Datetime", "DATE", "time", "open_time", " Timestamp "])
def test_columns_are_matched_without_case_and_under_their_other_names(tmp_path: Path, name: str) -> None:
    header = HEADER.replace("timestamp", name).replace("close", "Close")
    assert_the_five_bars(read_candles(written(tmp_path, csv(header=header))))


def test_a_zone_is_converted_and_said(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_1h.parquet"
    FRAME.with_columns(pl.col("timestamp").dt.convert_time_zone("Asia/Tokyo")).write_parquet(path)
    file = read_candles(path)
    assert_the_five_bars(file)
    assert file.notes == ("timestamps are in Asia/Tokyo: converted to UTC",)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("BTCUSDT-5m-2024-01.csv", "BTCUSDT"),
        ("BTC_USDT_1h.feather", "BTC_USDT"),
        ("BTC_USDT_USDT-1m-futures.feather", "BTC_USDT_USDT"),
        ("folder/binance_spot_ETHUSDT_15m_20240101.parquet", "binance_spot_ETHUSDT"),
        ("1000PEPEUSDT-1d.csv.gz", "1000PEPEUSDT"),
        ("BTC-USD.csv", None),
        ("candles.csv", None),
        ("BTCUSDT_20240101.csv", None),
        ("5m.csv", None),
    ],
)
def test_the_symbol_is_what_stands_before_the_timeframe(name: str, symbol: str | None) -> None:  # spec F3
    assert symbol_of_stem(name) == symbol


def test_the_argument_comes_before_the_name_and_a_column_before_both(tmp_path: Path) -> None:  # spec F3
    assert read_candles(written(tmp_path, csv()), symbol="TST").candles[0].symbol == "TST"
    rows = [f"{row},{symbol}" for row in ROWS for symbol in ("B", "A")]
    file = read_candles(written(tmp_path, csv(*rows, header=HEADER + ",Symbol")), symbol="TST")
    assert [candles.symbol for candles in file.candles] == ["A", "B"]
    assert [len(candles) for candles in file.candles] == [5, 5]


@pytest.mark.parametrize(
    ("minutes", "timeframe"),
    [([0, 1, 2, 7], 1), ([0, 5, 10, 11], 5), ([0, 1, 6], 1), ([0, 5, 6], 1), ([0, 60], 60)],
)
def test_the_timeframe_is_the_most_common_spacing_and_of_ties_the_smaller(  # spec F40
    tmp_path: Path, minutes: list[int], timeframe: int
) -> None:
    rows = [f"{START // 10**6 + 60 * minute},100,101,99,100,1" for minute in minutes]
    assert read_candles(written(tmp_path, csv(*rows))).candles[0].timeframe == timeframe * 60_000_000


def test_a_hole_is_a_note_and_is_not_filled(tmp_path: Path) -> None:
    file = read_candles(written(tmp_path, csv(ROWS[0], ROWS[1], ROWS[4])))
    assert len(file.candles[0]) == 3
    (note,) = file.notes
    assert note.startswith("1 gap, 2 bars of 1h missing, the longest from 2024-01-01T01:00:00Z to 2024-01-01T04:00:00Z")


def test_optional_columns_may_have_holes(tmp_path: Path) -> None:
    rows = [ROWS[0] + ",2.5,100,", ROWS[1] + ",,nan,101"]
    (candles,) = read_candles(written(tmp_path, csv(*rows, header=HEADER + ",spread_bps,bid,ask"))).candles
    np.testing.assert_array_equal(candles.spread_bps, [2.5, np.nan])
    np.testing.assert_array_equal(candles.bid, [100, np.nan])
    np.testing.assert_array_equal(candles.ask, [np.nan, 101])


def test_thirty_two_bit_prices_are_said_to_be_such(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT_1h.parquet"
    FRAME.with_columns((pl.col("open") + 0.1).cast(pl.Float32)).write_parquet(path)
    file = read_candles(path)
    assert file.candles[0].scale == 13
    assert any("32-bit floats" in note for note in file.notes)

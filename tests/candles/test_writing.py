"""What is written reads back equal, and is there whole or not at all."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.candles import Candles, convert, read_candles, write_candles
from exitbrain.errors import InvalidInput

from .worlds import csv, written

SUFFIXES = ["parquet", "feather", "csv", "csv.gz"]


def assert_equal(one: Candles, other: Candles) -> None:
    assert (one.symbol, one.timeframe, one.scale) == (other.symbol, other.timeframe, other.scale)
    for name in ("time", "open", "high", "low", "close", "volume", "spread_bps", "bid", "ask"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@st.composite
def candle_files(draw) -> str:
    places = draw(st.integers(-3, 17))
    whole = st.integers(1, 10 ** min(18, 6 + places) - 1)
    bars = []
    for at in range(draw(st.integers(2, 6))):
        low, one, other, high = sorted(Decimal(draw(whole)).scaleb(-places) for _ in range(4))
        volume = draw(st.floats(0, 1e12))
        bars.append(f"{1_704_067_200_000_000 + at * 60_000_250},{one:f},{high:f},{low:f},{other:f},{volume!r}")
    return csv(*bars)


@settings(deadline=None)
@given(content=candle_files(), suffix=st.sampled_from(SUFFIXES))
def test_candles_survive_every_format_to_the_last_digit(tmp_path_factory, content: str, suffix: str) -> None:
    folder = tmp_path_factory.mktemp("written")
    (candles,) = read_candles(written(folder, content)).candles
    write_candles(candles, folder / f"out.{suffix}")
    assert_equal(read_candles(folder / f"out.{suffix}").candles[0], candles)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_candles_are_equal_files(tmp_path: Path, suffix: str) -> None:
    (candles,) = read_candles(written(tmp_path, csv())).candles
    files = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for file in files:
        write_candles(candles, file)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_prices_in_csv_are_plain_decimals(tmp_path: Path) -> None:
    (candles,) = read_candles(
        written(tmp_path, csv("1704067200,0.00001,0.00003,1e-5,2e-5,1", "1704070800,1,1,1,1,1"))
    ).candles
    write_candles(candles, tmp_path / "out.csv")
    line = (tmp_path / "out.csv").read_text().splitlines()[1]
    assert line == "2024-01-01T00:00:00Z,BTCUSDT,0.00001,0.00003,0.00001,0.00002,1.0"


@pytest.mark.parametrize("name", ["out.xlsx", "no/such/folder/out.csv", "taken/x.parquet"])
def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path, name: str) -> None:
    (candles,) = read_candles(written(tmp_path, csv())).candles
    (tmp_path / "taken").write_text("a file where a folder should be")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidInput):
        write_candles(candles, tmp_path / name)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_refused_import_writes_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    out.write_text("as it was")
    with pytest.raises(InvalidInput, match="close is no number"):
        convert("csv", written(tmp_path, csv().replace("100.5", "x")), out)
    assert out.read_text() == "as it was"


def test_files_of_others_become_ours(tmp_path: Path) -> None:
    rows = [[1_704_067_200_000 + hour * 3_600_000, 100, 101, 99, 100.5, 1] for hour in range(3)]
    source = written(tmp_path, json.dumps(rows), "BTC_USDT-1h.json")
    for kind in ("freqtrade", "ccxt"):
        file = convert(kind, source, tmp_path / "out.parquet")
        assert_equal(read_candles(tmp_path / "out.parquet").candles[0], file.candles[0])
        assert file.candles[0].symbol == "BTC_USDT"
    with pytest.raises(InvalidInput, match="this is ccxt json, not from binance; accepted: import freqtrade or ccxt"):
        convert("binance", source, tmp_path / "out.parquet")
    with pytest.raises(InvalidInput, match="accepted: one of freqtrade, binance, ccxt, csv"):
        convert("mt5", source, tmp_path / "out.parquet")

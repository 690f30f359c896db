"""Real files of many venues, where EXITBRAIN_TEST_DATA names a folder of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from exitbrain.candles import read_candles, read_funding, read_quotes, to_frame
from exitbrain.errors import InvalidInput

DATA = os.environ.get("EXITBRAIN_TEST_DATA")
FOLDER = Path(DATA) if DATA else Path("unset")
pytestmark = pytest.mark.skipif(not DATA, reason="EXITBRAIN_TEST_DATA is not set")

CANDLES = sorted(path for name in ("1m", "5m", "15m", "1h") for path in (FOLDER / name).glob("*.parquet"))
# Real repeated rows, one each, as the exchange's outages left them.
REPEATED = ("ALGOBTC_1m_2020", "XTZBTC_1m_2020", "BTCUSDT_5m_20191115")


@pytest.mark.parametrize("path", CANDLES, ids=lambda path: path.stem)
def test_every_price_of_a_real_file_is_kept_exactly(path: Path) -> None:  # spec Q2 Q5
    repeated = any(name in path.stem for name in REPEATED)
    if repeated:
        with pytest.raises(InvalidInput, match="an earlier bar is repeated in 1 row"):
            read_candles(path)
    file = read_candles(path, repair=repeated)
    assert len(file.repairs) == repeated
    (candles,) = file.candles
    assert candles.timeframe == {"1m": 60, "5m": 300, "15m": 900, "1h": 3600}[path.parent.name] * 1_000_000
    found = pl.read_parquet(path).unique("timestamp", keep="first", maintain_order=True)
    back = to_frame(candles)
    for name in ("open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(back[name].to_numpy(), found[name].to_numpy())
    np.testing.assert_array_equal(candles.time, found["timestamp"].dt.timestamp("us").to_numpy())


def test_the_defective_file_is_refused_and_its_repair_makes_sense_of_it() -> None:
    (path,) = (FOLDER / "dirty").glob("*.parquet")
    with pytest.raises(InvalidInput) as refusal:
        read_candles(path)
    told = [str(problem) for problem in refusal.value.problems]
    assert len(told) == 2
    assert "rows stand newest first in 48,059 rows" in told[0]
    assert "hold low, high, open, close" in told[1]
    file = read_candles(path, repair=True)
    (candles,) = file.candles
    found = pl.read_parquet(path).reverse()
    np.testing.assert_array_equal(to_frame(candles)["open"].to_numpy(), found["low"].to_numpy())
    np.testing.assert_array_equal(to_frame(candles)["low"].to_numpy(), found["open"].to_numpy())
    assert len(candles) == len(found)
    assert len(file.repairs) == 2


def test_real_funding_is_read() -> None:
    for path in sorted((FOLDER / "funding").glob("*funding_rate*.parquet")):
        funding = read_funding(path)
        assert [float(rate) for rate in funding.rate] == pl.read_parquet(path)["funding_rate"].to_list()


def test_real_quotes_are_read_and_never_counted_before_their_bars_close() -> None:
    for path in sorted((FOLDER / "quotes").glob("*.parquet")):
        quotes = read_quotes(path)
        known = pl.read_parquet(path).drop_nans(["bid_close", "ask_close"]).drop_nulls(["bid_close", "ask_close"])
        np.testing.assert_array_equal(quotes.bid, known["bid_close"].to_numpy())
        np.testing.assert_array_equal(quotes.time - 60_000_000, known["timestamp"].dt.timestamp("us").to_numpy())

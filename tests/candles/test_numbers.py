"""Prices are the decimals that are written, in the coarsest power of ten that holds them all."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.candles import inferred_tick, read_candles, ticks
from exitbrain.candles.numbers import Numbers, as_decimal, numbers, whole_numbers
from exitbrain.candles.ticks import Tick, rounded
from exitbrain.errors import InvalidInput

from .worlds import ROWS, csv, replaced, written

prices = st.decimals(min_value=Decimal("1e-8"), max_value=Decimal("1e6"), places=8)
floats = st.floats(min_value=1e-9, max_value=1e12, allow_nan=False)


@given(st.lists(floats, min_size=1, max_size=20))
def test_a_float_counts_as_its_shortest_decimal(values: list[float]) -> None:  # spec Q5
    (whole,), scale = whole_numbers([Numbers(values=np.array(values))])
    assert [as_decimal(int(n), scale) for n in whole] == [Decimal(repr(value)) for value in values]


@given(st.lists(st.decimals(min_value=Decimal("0"), max_value=10**30, places=20), min_size=1, max_size=8))
def test_a_text_keeps_every_digit(values: list[Decimal]) -> None:
    (whole,), scale = whole_numbers([numbers(pl.Series([format(value, "f") for value in values]))])
    assert [as_decimal(int(n), scale) for n in whole] == values


@given(st.lists(floats, min_size=1, max_size=20))
def test_the_scale_is_the_coarsest_that_holds_every_price(values: list[float]) -> None:  # spec Q2
    (whole,), scale = whole_numbers([Numbers(values=np.array(values))])
    assert any(int(n) % 10 for n in whole)
    assert scale == max(-Decimal(repr(value)).normalize().as_tuple().exponent for value in values)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([100.0, 200.0], -2),
        ([100.0, 250.0], -1),
        ([100.0, 100.5], 1),
        ([0.00001234], 8),
        ([43547.55859375], 8),
        ([7.0], 0),
    ],
)
def test_the_inferred_tick_may_be_coarser_than_one(values: list[float], scale: int) -> None:  # spec Q2
    assert whole_numbers([Numbers(values=np.array(values))])[1] == scale


def test_a_price_of_eighteen_digits_survives_a_file(tmp_path: Path) -> None:
    file = read_candles(written(tmp_path, replaced(1, "100.5", "100.123456789012345")))
    candles = file.candles[0]
    assert candles.scale == 15
    assert candles.close.tolist()[:2] == [100_500000000000000, 100_123456789012345]


sizes = st.sampled_from([Decimal(size) for size in ("1", "0.5", "0.25", "0.01", "0.0001", "3", "100", "0.05", "2.5")])


@settings(deadline=None)
@given(values=st.lists(prices, min_size=4, max_size=4), size=sizes)
def test_rounding_to_a_tick_never_shrinks_a_bar_and_moves_a_price_by_less_than_a_tick(values, size) -> None:
    low, one, other, high = sorted(values)
    bar = {"open": one, "high": high, "low": low, "close": other}
    columns = {name: np.array([int(price * 10**8)], dtype=np.int64) for name, price in bar.items()}
    whole, scale = rounded(columns, 8, Tick.of(size))
    after = {name: as_decimal(int(column[0]), scale) for name, column in whole.items()}
    assert all(price % size == 0 for price in after.values())
    assert after["low"] <= min(after["open"], after["close"]) <= max(after["open"], after["close"]) <= after["high"]
    assert low - size < after["low"] <= low
    assert high <= after["high"] < high + size
    for name in ("open", "close"):
        halves = bar[name] / size
        assert after[name] == halves.quantize(Decimal(1), rounding="ROUND_HALF_EVEN") * size


@pytest.mark.parametrize(
    ("size", "opens"), [("0.5", 200), ("0.1", 1000), ("0.01", 10_000), ("1e-12", 10**14), ("0.25", 400)]
)
def test_ticks_are_whole_counts_of_the_tick(tmp_path: Path, size: str, opens: int) -> None:  # spec Q1 Q5
    candles = read_candles(written(tmp_path, csv())).candles[0]
    counted = ticks(candles, Decimal(size))
    assert counted[0].tolist() == [opens] * 5
    assert all(column.dtype == np.int64 for column in counted)
    # 101.5 ÷ 0.25 = 406
    assert counted[1][0] * Decimal(size) == Decimal("101.5")


def test_a_price_between_ticks_is_refused_with_the_tick_that_would_fit(tmp_path: Path) -> None:  # spec Q5
    candles = read_candles(written(tmp_path, csv(ROWS[0].replace("100.5", "101"), *ROWS[1:]))).candles[0]
    assert inferred_tick(candles) == Decimal("0.1")
    with pytest.raises(InvalidInput) as refusal:
        ticks(candles, Decimal(1))
    assert "first bar 1 (2024-01-01T00:00:00Z), high 101.5; accepted: tick_size 0.1" in str(refusal.value)


@pytest.mark.parametrize("size", ["0", "-1", "NaN", "Infinity"])
def test_a_tick_is_above_zero(tmp_path: Path, size: str) -> None:
    candles = read_candles(written(tmp_path, csv())).candles[0]
    with pytest.raises(InvalidInput, match="tick_size"):
        ticks(candles, Decimal(size))


def test_a_tick_too_fine_to_count_is_refused(tmp_path: Path) -> None:  # spec Q1
    candles = read_candles(written(tmp_path, csv())).candles[0]
    with pytest.raises(InvalidInput, match=r"too many ticks of 0\.0{18}1 .*a coarser tick_size"):
        ticks(candles, Decimal("1e-19"))

"""Numbers on which floats fail: shares of lots, tiny prices, wide quantities and wide prices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from engine.worlds import FLAT, at, fills, profile, run, trailing
from exitbrain.core.trade_sets import TradeSet
from exitbrain.errors import InvalidInput
from exitbrain.wiring.backtest import backtest

UP = [FLAT, "100 102 99.5 101"]


@pytest.mark.parametrize("share", [0.29, 0.57, 0.58, 0.07, 0.56])
def test_a_share_of_a_hundred_lots_is_the_decimal_that_is_written(share: float) -> None:
    """spec Q5: in floats floor(0.29 × 100) is 28."""
    result = run(UP, ["0 long 100 98 e"], f"1/{share}/HARD", instrument={"lot_size": "1"})
    assert result.legs[1].qty == round(share * 100)


@pytest.mark.parametrize(("quantity", "lots"), [("0.29", 29), ("0.57", 57), ("1.1", 110), ("0.2999", 29)])
def test_a_quantity_is_its_whole_lots(quantity: str, lots: int) -> None:
    """spec Q5."""
    result = run(UP, [f"0 long {quantity} 98 e"], instrument={"lot_size": "0.01"})
    assert result.legs[0].qty == Decimal(lots).scaleb(-2)


def test_three_odd_shares_sum_to_the_whole() -> None:
    """spec P1 F17: 0.33 + 0.56 + 0.11 of 1001 lots: 330, 560, and the last takes 111."""
    result = run(
        [FLAT, "100 110 99.5 101"],
        ["0 long 1001 98 e"],
        "1/0.33/HARD 2/0.56/HARD 3/0.11/HARD",
        instrument={"lot_size": "1"},
    )
    assert [int(leg.qty) for leg in result.legs] == [1001, 330, 560, 111]


@pytest.mark.parametrize(("lot", "compiled"), [("1e-17", True), ("1e-18", True), ("1e-19", False), ("1e-25", False)])
def test_wide_quantities_stay_exact(lot: str, compiled: bool) -> None:
    """spec Q1: above a machine word the same rules run as plain Python; money has no rounding at all."""
    quantity = "1.2345678901234567890123456"
    row = f"1 long {quantity} 98.07 e"
    bars = [FLAT, "100.01 103 99.5 102.77", "102 102 97 97.53"]
    recipe = {"trailing": trailing(0.01, 1.25)}
    result = run(bars, [row], "1/0.3333/HARD", recipe=recipe, fees=("0.0002", "0.00057"), instrument={"lot_size": lot})
    assert result.simulation.booked[0].position.compiled is compiled
    (one,) = result.trade_sets
    assert_exact(one)
    # The same walk by compiled rules on a lot that fits.
    coarse = run(bars, ["1 long 1.2345678 98.07 e"], "1/0.3333/HARD", recipe=recipe, instrument={"lot_size": "1e-7"})
    assert [(leg.reason, leg.price) for leg in one.legs] == [
        (leg.reason, leg.price) for leg in coarse.trade_sets[0].legs
    ]
    lots = Fraction(quantity) / Fraction(lot)
    assert Fraction(one.legs[0].qty) == (lots.numerator // lots.denominator) * Fraction(lot)


def assert_exact(one: TradeSet) -> None:
    """Money by fractions, from the legs alone."""
    cash = sum(Fraction(leg.qty) * Fraction(leg.price) * (1 if leg.side == "sell" else -1) for leg in one.legs)
    fees = sum(Fraction(leg.fees) for leg in one.legs)
    assert Fraction(one.pnl_realized_total) == cash
    assert Fraction(one.pnl_net) == cash - fees + Fraction(one.funding_total)
    assert sum(Fraction(leg.realized_pnl) for leg in one.legs) == cash
    notional = max(abs(Fraction(leg.position_after)) * Fraction(leg.price) for leg in one.legs)
    assert Fraction(one.max_exposure_notional) == notional


def test_wide_prices_stay_exact() -> None:
    """spec Q1: 100,000,000.00000001 is 10,000,000,000,000,001 ticks of 1e-8, more than a float holds.

    Slippage 1 bps: 100010000.00000001000…1 up to 100010000.00000002; the stop of 98,000,000 sells at 97,990,200.
    """
    bars = pl.DataFrame(
        {
            "timestamp": [at(0), at(1)],
            "symbol": ["TST"] * 2,
            "open": ["100000000.00000001"] * 2,
            "high": ["103000000.00000001"] * 2,
            "low": ["97000000"] * 2,
            "close": ["100000000.5"] * 2,
            "volume": [1.0] * 2,
        }
    )
    result = run(bars, ["0 long 1 98000000 e"], slippage_bps=1, instrument={"tick_size": "0.00000001"})
    assert fills(result) == "e 1@100010000.00000002 stop_loss 1@97990200"
    assert result.trade_sets[0].pnl_realized_total == Decimal("-2019800.00000002")
    assert_exact(result.trade_sets[0])


def test_a_price_of_too_many_ticks_is_refused_with_what_would_fit() -> None:
    """spec Q1: 10^12 at a tick of 1e-8 is 10^20 ticks."""
    bars = pl.DataFrame(
        {
            "timestamp": [at(0), at(1)],
            "symbol": ["TST"] * 2,
            **{name: ["1000000000000"] * 2 for name in ("open", "high", "low", "close")},
            "volume": [1.0] * 2,
        }
    )
    with pytest.raises(InvalidInput, match="too many ticks.*accepted: a coarser tick_size"):
        run(bars, ["0 long 1 - e"], instrument={"tick_size": "0.00000001"})


def test_a_price_between_two_ticks_is_refused_with_the_tick_that_would_fit() -> None:
    """spec Q5."""
    with pytest.raises(InvalidInput, match=r"no whole tick of 0.1.*tick_size 0.01, which would fit"):
        run([FLAT, "100 100.55 99.5 100"], ["0 long 1 98 e"], instrument={"tick_size": "0.1"})


@pytest.mark.parametrize(
    ("file", "rows", "tick"),
    [
        ("5m/binance_spot_BONKUSDT_5m_20240101_20240907.parquet", (0, 20_000), Decimal("0.00000001")),
        ("1h/binance_spot_LUNAUSDT_1h_20200821_20220711.parquet", (14_900, 15_400), Decimal("0.00001")),
    ],
)
def test_tiny_prices_of_real_files_come_out_as_they_stand_there(
    test_data: Path, file: str, rows: tuple[int, int], tick: Decimal
) -> None:
    """spec Q1 Q5: without slippage an entry costs the file's open, to the last digit."""
    start, end = rows
    bars = pl.read_parquet(test_data / file).slice(start, end - start)
    opens = {time: Decimal(repr(price)) for time, price in zip(bars["timestamp"], bars["open"])}
    times = bars["timestamp"].gather_every(max(1, len(bars) // 150), 20)
    rows_in = pl.DataFrame({"timestamp": times, "side": ["long" if i % 2 else "short" for i in range(len(times))]})
    result = backtest(
        bars,
        entries=rows_in,
        profiles=profile("0.5/0.15/SOFT 1/0.2/HARD 2/0.3/HARD", symbol="*", trailing=trailing(0.02, 1.5)),
        config={
            "instrument": {"symbol": "COIN", "lot_size": "0.1"},
            "execution": {"slippage_bps": 0},
            "exits": {"regime": "NORMAL"},
            "account": {"independent": True},
        },
        environment={},
    )
    assert result.markets["COIN"].instrument.tick_size == tick
    assert len(result.trade_sets) > 100
    for one in result.trade_sets:
        assert one.legs[0].price == opens[one.opened_at]
        assert all(leg.price % tick == 0 for leg in one.legs)
        assert_exact(one)

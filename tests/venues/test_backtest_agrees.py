"""A bracket on the venue fills as the backtest says: same bars, same prices, same lots (spec X2-X4, F8)."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from exitbrain import ProfileRegistry, TPKind, TPProfile, TPProfileLeg, TrailingProfile, backtest
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.orders import AlgoRequest, Kind, OrderRequest
from venues.worlds import bars, exchange

LOTS, AT = 50, 2
Fills = list[tuple[int, Decimal, Decimal, Decimal]]  # ms of the bar, price, signed quantity, fee


def backtest_fills(made: list[Bar], side: int, stop: int, profile: TPProfile, path: str, slippage: int) -> Fills:
    tick = Decimal("0.1")
    candles = pl.DataFrame(
        {
            "timestamp": [datetime.fromtimestamp(bar.at / 1000, UTC) for bar in made],
            "symbol": ["BTCUSDT"] * len(made),
            **{name: [float(getattr(bar, name) * tick) for bar in made] for name in ("open", "high", "low", "close")},
            "volume": [10.0] * len(made),
        }
    )
    entries = pl.DataFrame(
        {
            "timestamp": [datetime.fromtimestamp(made[AT].at / 1000, UTC)],
            "side": ["long" if side > 0 else "short"],
            "quantity": ["0.05"],
            "stop_price": [str(stop * tick)],
        }
    )
    registry = ProfileRegistry()
    registry.register(profile, regime="NORMAL")
    config = {
        "instrument": {"symbol": "BTCUSDT", "tick_size": "0.1", "lot_size": "0.001"},
        "execution": {"path": path, "slippage_bps": slippage},
        "exits": {"regime": "NORMAL"},
        "account": {"close_at_end": False},
    }
    result = backtest(candles, entries=entries, profiles=registry, config=config, environment={})
    return [
        (int(leg.timestamp.timestamp() * 1000), leg.price, leg.qty if leg.side == "buy" else -leg.qty, leg.fees)
        for one in result.trade_sets
        for leg in one.legs
    ]


def venue_fills(venue: Exchange, made: list[Bar], requests: list[AlgoRequest | OrderRequest], side: int) -> Fills:
    bar_of: list[int] = []
    for number, bar in enumerate(made):
        venue.begin_bar("BTCUSDT", bar)
        if number == AT:
            venue.place(OrderRequest(symbol="BTCUSDT", side=side, kind=Kind.MARKET, lots=LOTS))
            for request in requests:
                if isinstance(request, OrderRequest):
                    venue.place(request)
                else:
                    venue.place_algo(request)
        venue.finish_bar("BTCUSDT")
        bar_of += [bar.at] * (len(venue.fills) - len(bar_of))
    instrument = venue.contracts["BTCUSDT"].instrument
    return [
        (at, instrument.price(one.price), instrument.quantity(one.side * one.lots), one.fee)
        for at, one in zip(bar_of, venue.fills)
    ]


def entry_ticks(made: list[Bar], side: int, slippage: int, path: str) -> int:
    venue = exchange(path=path, slippage_bps=Decimal(slippage))
    return int(venue_fills(venue, made[: AT + 1], [], side)[0][1] * 10)


@pytest.mark.parametrize("path", ["adverse", "favorable", "ohlc_nearest"])
@pytest.mark.parametrize("seed", range(12))
def test_a_bracket_fills_as_in_a_backtest(seed: int, path: str) -> None:
    dice = random.Random(seed * 7919 + 1)
    made = bars(dice, 40, reach=12)
    side, soft, slippage = dice.choice((1, -1)), dice.random() < 0.5, dice.choice((0, 0, 10))
    entry = entry_ticks(made, side, slippage, path)
    stop = made[AT].open - side * dice.randint(15, 25)
    target = entry + side * abs(entry - stop)
    profile = TPProfile("ONE", (TPProfileLeg(1.0, 1.0, TPKind.SOFT if soft else TPKind.HARD),), None, "all at 1R")
    told = backtest_fills(made, side, stop, profile, path, slippage)
    protects = AlgoRequest(
        symbol="BTCUSDT", side=-side, kind=Kind.STOP_MARKET, lots=0, trigger=stop, close_position=True
    )
    takes: AlgoRequest | OrderRequest = AlgoRequest(
        symbol="BTCUSDT", side=-side, kind=Kind.TAKE_PROFIT_MARKET, lots=LOTS, trigger=target, reduce_only=True
    )
    if soft:
        takes = OrderRequest(symbol="BTCUSDT", side=-side, kind=Kind.LIMIT, lots=LOTS, price=target, reduce_only=True)
    venue = exchange(path=path, slippage_bps=Decimal(slippage))
    assert venue_fills(venue, made, [protects, takes], side) == told
    assert len(told) >= 1


@pytest.mark.parametrize("seed", range(12))
def test_a_native_trailing_stop_fills_as_the_backtest_trails(seed: int) -> None:
    dice = random.Random(seed * 104_729 + 3)
    made = bars(dice, 60, reach=12)
    side = dice.choice((1, -1))
    stop = made[AT].open - side * dice.randint(25, 35)
    # Armed at 0.2R, 2% behind the best price.
    risk = abs(made[AT].open - stop)
    activate = made[AT].open + side * (risk // 5 if risk % 5 == 0 else risk // 5 + 1)
    profile = TPProfile("TRAIL", (TPProfileLeg(50.0, 0.01, TPKind.HARD),), TrailingProfile(0.02, 0.2), "trails")
    told = backtest_fills(made, side, stop, profile, "adverse", 0)
    requests: list[AlgoRequest | OrderRequest] = [
        AlgoRequest(symbol="BTCUSDT", side=-side, kind=Kind.STOP_MARKET, lots=0, trigger=stop, close_position=True),
        AlgoRequest(
            symbol="BTCUSDT", side=-side, kind=Kind.TRAILING_STOP_MARKET, lots=LOTS, activate=activate,
            callback=Decimal(2), reduce_only=True,
        ),
    ]  # fmt: skip
    done = venue_fills(exchange(), made, requests, side)
    first = [(at, price) for at, price, *_ in told][:2]
    assert [(at, price) for at, price, *_ in done][:2] == first

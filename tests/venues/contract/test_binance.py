"""Binance's adapter over HTTP and WebSocket of the simulated venue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from exitbrain.venues.binance.adapter import BinanceAdapter
from exitbrain.venues.binance.http import HttpWire
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.orders import Kind, OrderRequest
from loops import run_in_a_loop
from venues.contract.suite import INSTALL, AdapterContract, World
from venues.serving import Served, served, simulated
from venues.worlds import MINUTE, START

OPENED = 500_000


class Simulated(World):
    symbol, price = "BTCUSDT", OPENED

    def __init__(self, one: Served) -> None:
        self.one = one

    def adapter(self) -> BinanceAdapter:
        wire = HttpWire(self.one.url, "venue-sim", "venue-sim")
        stream = self.one.url.replace("http", "ws")
        return BinanceAdapter(wire, stream_url=stream, timeframe="1m", install=INSTALL, simulated=True)

    def enter(self, side: int, lots: int) -> None:
        self.one.venue.exchange.place(OrderRequest(symbol=self.symbol, side=side, kind=Kind.MARKET, lots=lots))

    def move(self, ticks: int) -> None:
        self.one.venue.exchange.move(self.symbol, ticks)

    def vanish(self) -> None:
        self.one.venue.faults.rates = type(self.one.venue.faults.rates)(lost_ack=1.0)


def venue() -> AbstractContextManager[Served]:
    bars = [Bar(START + n * MINUTE, MINUTE, OPENED, OPENED, OPENED, OPENED, 1.0) for n in range(10)]
    return served(simulated(bars))


class TestBinance(AdapterContract):
    @pytest.fixture
    def world(self) -> Iterator[World]:
        with venue() as one:
            yield Simulated(one)


@pytest.mark.parametrize(("told", "subject"), [("says_hedge_mode", "account"), ("says_withdrawals", "key")])
def test_an_account_in_hedge_mode_and_a_key_that_withdraws_are_found(told: str, subject: str) -> None:
    with venue() as one:
        setattr(one.venue, told, True)

        async def look() -> list[str]:
            adapter = Simulated(one).adapter()
            try:
                return [finding.subject for finding in await adapter.open() if not finding.ok and finding.needed]
            finally:
                await adapter.close()

        assert run_in_a_loop(look()) == [subject]


def test_bars_that_were_missed_are_read_in_their_order() -> None:
    with venue() as one:
        one.advance(3)

        async def read() -> list[int]:
            adapter = Simulated(one).adapter()
            try:
                await adapter.open()
                return [bar.time for bar in await adapter.bars("BTCUSDT", 10)]
            finally:
                await adapter.close()

        assert run_in_a_loop(read()) == [(START + n * MINUTE) * 1_000 for n in range(3)]

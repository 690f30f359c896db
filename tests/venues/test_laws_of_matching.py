"""Laws of the matching model, over random lives of random traders."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.orders import Kind, Order
from venues.worlds import ask, bars, exchange, lived, random_request

SEEDS = range(25)


def equity(venue: Exchange) -> Decimal:
    account = venue.account
    return account.wallet + sum(
        (account.unrealized(symbol, venue.markets[symbol].mark) for symbol in account.open_symbols()), Decimal(0)
    )


def cash_of_fills(venue: Exchange) -> Decimal:
    unit = venue.contracts["BTCUSDT"].instrument.money_unit
    return sum((-one.side * one.price * one.lots * unit - one.fee for one in venue.fills), Decimal(0))


@pytest.mark.parametrize("seed", SEEDS)
def test_money_is_conserved_to_the_last_digit(seed: int) -> None:
    """wallet + unrealized = deposit + funding + the cash of every fill + what the position is worth now."""
    for venue in lived(seed):
        position = venue.account.position("BTCUSDT")
        instrument = venue.contracts["BTCUSDT"].instrument
        worth = instrument.money(position.lots * venue.markets["BTCUSDT"].mark)
        outside = sum(
            (one.amount for one in venue.account.incomes if one.kind in ("TRANSFER", "FUNDING_FEE")), Decimal(0)
        )
        assert equity(venue) == outside + cash_of_fills(venue) + worth
        assert position.lots == sum(one.side * one.lots for one in venue.fills)
        assert (position.cost == 0) == (position.lots == 0)


def only_reduces(order: Order) -> bool:
    return order.reduce_only or order.close_position


@pytest.mark.parametrize("seed", SEEDS)
def test_a_reduce_only_fill_never_increases_or_flips(seed: int) -> None:
    *_, venue = lived(seed)
    lots = 0
    for fill in venue.fills:
        after = lots + fill.side * fill.lots
        if only_reduces(venue.orders[fill.order_id]):
            assert lots and fill.side * lots < 0 and after * lots >= 0, fill
        lots = after


@pytest.mark.parametrize("seed", SEEDS[:15])
def test_the_same_seed_tells_the_same_bytes(seed: int) -> None:
    told = []
    for _ in range(2):
        *_, venue = lived(seed)
        told.append(repr(venue.take_events()).encode())
    assert told[0] == told[1]
    assert len(told[0]) > 1_000


@pytest.mark.parametrize("seed", SEEDS[:15])
def test_a_refusal_changes_nothing(seed: int) -> None:
    dice = random.Random(seed)
    venue = exchange(dice)
    refused = 0
    for bar in bars(dice, 30):
        venue.begin_bar("BTCUSDT", bar)
        for _ in range(4):
            request = random_request(dice, venue)
            before = held(venue)
            if not ask(venue, request):
                refused += 1
                assert held(venue) == before
        venue.finish_bar("BTCUSDT")
    assert refused > 5


def held(venue: Exchange) -> str:
    account = venue.account
    counts = (len(venue.orders), len(venue.algos), len(venue.fills), len(venue._events), len(account.incomes))
    return repr((venue.open_orders(), venue.open_algos(), account.positions, account.wallet, counts))


@pytest.mark.parametrize("seed", SEEDS)
def test_fills_keep_to_their_limits_and_to_the_bar(seed: int) -> None:
    dice = random.Random(seed)
    venue = exchange(dice)
    for bar in bars(dice, 40):
        venue.begin_bar("BTCUSDT", bar)
        done = len(venue.fills)
        for _ in range(3):
            ask(venue, random_request(dice, venue))
        venue.finish_bar("BTCUSDT")
        for fill in venue.fills[done:]:
            order = venue.orders[fill.order_id]
            assert bar.low <= fill.price <= bar.high
            if order.kind is Kind.LIMIT:
                assert order.price is not None
                assert fill.side * (order.price - fill.price) >= 0


@pytest.mark.parametrize("seed", SEEDS)
def test_no_order_is_ever_filled_beyond_its_quantity(seed: int) -> None:
    *_, venue = lived(seed)
    done: dict[int, int] = {}
    for fill in venue.fills:
        done[fill.order_id] = done.get(fill.order_id, 0) + fill.lots
    for number, lots in done.items():
        assert lots == venue.orders[number].filled <= venue.orders[number].lots
    for algo in venue.algos.values():
        if algo.order_id is not None:
            assert algo.filled == venue.orders[algo.order_id].filled

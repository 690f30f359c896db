"""Random bars and random traders for the simulated venue; everything from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal

from exitbrain.core.market import Instrument
from exitbrain.venues.simulated.contracts import Contract
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.orders import AlgoRequest, Kind, OrderRequest
from exitbrain.venues.simulated.refusals import Refusal

MINUTE = 60_000
START = 1_704_067_200_000  # 2024-01-01


def contract(symbol: str = "BTCUSDT", **changes: object) -> Contract:
    """Ticks of 0.1, lots of 0.001: 1,000 ticks are 100 USDT."""
    terms: dict[str, object] = {
        "symbol": symbol,
        "tick_size": Decimal("0.1"),
        "lot_size": Decimal("0.001"),
        "min_quantity": Decimal("0.001"),
        "min_notional": Decimal(1),
    }
    instrument = Instrument(**(terms | changes))  # type: ignore[arg-type]
    return Contract(instrument=instrument, base=symbol.removesuffix("USDT"), quote="USDT")


def bars(dice: random.Random, count: int, *, price: int = 1_000, reach: int = 30) -> list[Bar]:
    made = []
    close = price
    for number in range(count):
        opened = max(60, close + dice.choice((0, 0, 0, dice.randint(-reach, reach))))
        close = max(60, opened + dice.randint(-reach, reach))
        high = max(opened, close) + dice.randint(0, reach // 2)
        low = max(50, min(opened, close) - dice.randint(0, reach // 2))
        made.append(Bar(START + number * MINUTE, MINUTE, opened, high, low, close, 10.0))
    return made


def exchange(dice: random.Random | None = None, **changes: object) -> Exchange:
    terms: dict[str, object] = {"wallet": Decimal(1_000), "now": START}
    if dice is not None:
        terms |= {
            "path": dice.choice(("adverse", "favorable", "ohlc_nearest")),
            "slippage_bps": Decimal(dice.choice((0, 1, 25))),
            "depth": dice.choice((None, None, 7)),
        }
    return Exchange([contract()], **(terms | changes))  # type: ignore[arg-type]


def random_request(dice: random.Random, venue: Exchange) -> OrderRequest | AlgoRequest:
    last, side = venue.markets["BTCUSDT"].last, dice.choice((1, -1))
    lots = dice.randint(1, 400)
    if dice.random() < 0.5:
        limit = dice.random() < 0.6
        return OrderRequest(
            symbol="BTCUSDT", side=side, kind=Kind.LIMIT if limit else Kind.MARKET, lots=lots,
            price=last + dice.randint(-40, 40) if limit else None,
            time_in_force=dice.choice(("GTC", "GTC", "IOC", "FOK", "GTX")) if limit else "GTC",
            reduce_only=dice.random() < 0.5,
        )  # fmt: skip
    kind = dice.choice(
        (Kind.STOP_MARKET, Kind.TAKE_PROFIT_MARKET, Kind.TRAILING_STOP_MARKET, Kind.STOP, Kind.TAKE_PROFIT)
    )
    closes = dice.random() < 0.3
    trailing = kind is Kind.TRAILING_STOP_MARKET
    level = last + dice.randint(-40, 40)
    return AlgoRequest(
        symbol="BTCUSDT", side=side, kind=kind, lots=0 if closes else lots,
        trigger=None if trailing else level,
        price=level + dice.randint(-5, 5) if kind in (Kind.STOP, Kind.TAKE_PROFIT) else None,
        activate=level if trailing and dice.random() < 0.5 else None,
        callback=Decimal(dice.randint(1, 30)) / 10 if trailing else None,
        working_type=dice.choice(("CONTRACT_PRICE", "MARK_PRICE")),
        reduce_only=not closes and dice.random() < 0.7, close_position=closes,
    )  # fmt: skip


def ask(venue: Exchange, request: OrderRequest | AlgoRequest) -> bool:
    """Whether it was taken."""
    try:
        if isinstance(request, OrderRequest):
            venue.place(request)
        else:
            venue.place_algo(request)
    except Refusal:
        return False
    return True


def lived(seed: int, *, count: int = 60) -> Iterator[Exchange]:
    """A venue after each step of a random trader's life on it."""
    dice = random.Random(seed)
    venue = exchange(dice)
    for number, bar in enumerate(bars(dice, count)):
        venue.begin_bar("BTCUSDT", bar)
        yield venue
        for _ in range(dice.randint(0, 3)):
            if dice.random() < 0.2 and (orders := venue.open_orders()):
                venue.cancel(dice.choice(orders).order_id)
            elif dice.random() < 0.2 and (algos := venue.open_algos()):
                venue.cancel_algo(dice.choice(algos).algo_id)
            else:
                ask(venue, random_request(dice, venue))
            yield venue
        if number % 8 == 7:
            venue.pay_funding("BTCUSDT", Decimal("0.0001"))
        if dice.random() < 0.1:
            venue.set_leverage("BTCUSDT", dice.choice((2, 20, 125)))
        venue.finish_bar("BTCUSDT")
        yield venue

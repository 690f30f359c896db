"""ccxt's binanceusdm, which nobody here wrote, trades on the venue over REST and WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from loops import run_in_a_loop
from venues.serving import CCXT_OPTIONS, Served, point_ccxt, served, simulated

ccxt = pytest.importorskip("ccxt")
SYMBOL = "BTC/USDT:USDT"


@pytest.fixture(scope="module")
def venue() -> Iterator[Served]:
    with served(simulated()) as one:
        yield one


@pytest.fixture(scope="module")
def client(venue: Served) -> Any:
    exchange = point_ccxt(ccxt.binanceusdm(CCXT_OPTIONS), venue.port)
    exchange.load_markets()
    return exchange


@pytest.fixture(autouse=True)
def _flat(venue: Served) -> None:
    """Each test begins flat, with no order anywhere."""
    exchange = venue.venue.exchange
    for order in exchange.open_orders():
        exchange.cancel(order.order_id)
    for algo in exchange.open_algos():
        exchange.cancel_algo(algo.algo_id)
    lots = exchange.account.position("BTCUSDT").lots
    if lots:
        from exitbrain.venues.simulated.orders import Kind, OrderRequest

        side = -1 if lots > 0 else 1
        exchange.place(OrderRequest(symbol="BTCUSDT", side=side, kind=Kind.MARKET, lots=abs(lots), reduce_only=True))


def last(client: Any) -> float:
    return float(client.fetch_ticker(SYMBOL)["last"])


def test_markets_carry_the_filters(client: Any) -> None:
    market = client.market(SYMBOL)
    assert market["precision"] == {"amount": 0.001, "price": 0.1, "base": 1e-8, "quote": 1e-8}
    assert market["limits"]["cost"]["min"] == 100
    assert market["contract"] and market["linear"] and market["active"]


def test_prices_and_candles(client: Any, venue: Served) -> None:
    price = last(client)
    book = client.fetch_order_book(SYMBOL)
    assert book["bids"][0][0] < price < book["asks"][0][0]
    venue.advance(3)
    candles = client.fetch_ohlcv(SYMBOL, "1m")
    assert len(candles) >= 3
    assert all(low <= min(o, c) and high >= max(o, c) for _, o, high, low, c, _ in candles)
    assert client.fetch_ohlcv(SYMBOL, "5m")[0][0] % 300_000 == 0
    assert client.fetch_funding_rate(SYMBOL)["markPrice"] == last(client)
    assert client.fetch_time() == venue.venue.exchange.now


def test_a_limit_order_is_placed_fetched_and_cancelled(client: Any) -> None:
    price = round(last(client) * 0.97, 1)
    order = client.create_order(SYMBOL, "limit", "buy", 0.01, price, {"clientOrderId": "mine-1"})
    assert (order["status"], order["price"], order["amount"], order["clientOrderId"]) == ("open", price, 0.01, "mine-1")
    assert client.fetch_order(order["id"], SYMBOL)["status"] == "open"
    assert [one["id"] for one in client.fetch_open_orders(SYMBOL)] == [order["id"]]
    assert client.cancel_order(order["id"], SYMBOL)["status"] == "canceled"
    assert client.fetch_open_orders(SYMBOL) == []
    with pytest.raises(ccxt.OrderNotFound):
        client.cancel_order(order["id"], SYMBOL)


def test_a_market_order_opens_a_position_and_moves_the_wallet_by_its_fee(client: Any) -> None:
    before = client.fetch_balance()["USDT"]["total"]
    order = client.create_order(SYMBOL, "market", "buy", 0.05)
    assert (order["status"], order["filled"]) == ("closed", 0.05)
    (position,) = client.fetch_positions([SYMBOL])
    assert (position["side"], position["contracts"]) == ("long", 0.05)
    assert position["entryPrice"] == order["average"]
    fee = order["average"] * 0.05 * 0.0005
    assert client.fetch_balance()["USDT"]["total"] == pytest.approx(before - fee, abs=1e-6)
    (fill,) = client.fetch_my_trades(SYMBOL, params={"orderId": order["id"]})
    assert fill["fee"]["cost"] == pytest.approx(fee, abs=1e-8)
    closed = client.create_order(SYMBOL, "market", "sell", 0.05, None, {"reduceOnly": True})
    assert closed["status"] == "closed"
    assert client.fetch_positions([SYMBOL]) == []


def test_stops_are_algo_orders(client: Any, venue: Served) -> None:
    client.create_order(SYMBOL, "market", "buy", 0.05)
    price = last(client)
    stop = client.create_order(
        SYMBOL, "market", "sell", 0.05, None, {"stopLossPrice": round(price * 0.9, 1), "reduceOnly": True}
    )
    target = client.create_order(
        SYMBOL, "market", "sell", 0.05, None, {"takeProfitPrice": round(price * 1.1, 1), "reduceOnly": True}
    )
    trail = client.create_order(
        SYMBOL, "market", "sell", 0.05, None,
        {"trailingPercent": 5, "trailingTriggerPrice": round(price * 1.2, 1), "reduceOnly": True},
    )  # fmt: skip
    whole = client.create_order(
        SYMBOL, "market", "sell", None, None, {"stopLossPrice": round(price * 0.85, 1), "closePosition": True}
    )
    assert client.fetch_open_orders(SYMBOL) == []  # what ccxt does not show by default
    found = {one["id"]: one for one in client.fetch_open_orders(SYMBOL, params={"trigger": True})}
    assert set(found) == {stop["id"], target["id"], trail["id"], whole["id"]}
    assert found[stop["id"]]["triggerPrice"] == round(price * 0.9, 1)
    assert client.fetch_order(stop["id"], SYMBOL, {"trigger": True})["status"] == "open"
    client.cancel_order(stop["id"], SYMBOL, {"trigger": True})
    assert client.fetch_order(stop["id"], SYMBOL, {"trigger": True})["status"] == "canceled"
    client.cancel_all_orders(SYMBOL, {"trigger": True})
    assert client.fetch_open_orders(SYMBOL, params={"trigger": True}) == []


def test_a_stop_that_price_reaches_closes_the_position(client: Any, venue: Served) -> None:
    client.create_order(SYMBOL, "market", "buy", 0.05)
    stop = client.create_order(
        SYMBOL, "market", "sell", 0.05, None, {"stopLossPrice": last(client) - 0.2, "reduceOnly": True}
    )
    for _ in range(20):
        venue.advance()
        if not client.fetch_positions([SYMBOL]):
            break
    assert client.fetch_positions([SYMBOL]) == []
    info = client.fetch_order(stop["id"], SYMBOL, {"trigger": True})["info"]
    assert (info["algoStatus"], info["actualQty"]) == ("FINISHED", "0.05")
    assert client.fetch_order(info["actualOrderId"], SYMBOL)["status"] == "closed"


REFUSALS: list[tuple[int, str, str, float | None, float | None, dict[str, Any]]] = [
    (-4164, "limit", "buy", 0.001, 48_000.0, {}),
    (-2022, "market", "sell", 0.01, None, {"reduceOnly": True}),
    (-2021, "market", "sell", 0.01, None, {"stopLossPrice": 90_000, "reduceOnly": True}),
    (-2019, "market", "buy", 900.0, None, {}),
    (-4016, "limit", "buy", 0.01, 90_000.0, {}),
    (-5022, "limit", "buy", 0.01, 52_000.0, {"timeInForce": "GTX"}),
    (-4061, "market", "buy", 0.01, None, {"positionSide": "LONG"}),
    (-4509, "market", "sell", None, None, {"stopLossPrice": 30_000, "closePosition": True}),
    (-4015, "market", "buy", 0.01, None, {"clientOrderId": "x" * 37}),
    (-1100, "market", "buy", 0.01, None, {"clientOrderId": "a b"}),
]


@pytest.mark.parametrize("row", REFUSALS, ids=[str(row[0]) for row in REFUSALS])
def test_refusals_carry_the_codes_of_the_venue(client: Any, row: Any) -> None:
    code, kind, side, amount, price, params = row
    with pytest.raises(ccxt.BaseError) as refused:
        client.create_order(SYMBOL, kind, side, amount, price, params)
    assert f'"code":{code}' in str(refused.value)
    assert client.fetch_positions([SYMBOL]) == []


def test_settings_of_the_account(client: Any) -> None:
    assert int(client.set_leverage(5, SYMBOL)["leverage"]) == 5
    client.set_margin_mode("isolated", SYMBOL)
    client.create_order(SYMBOL, "market", "sell", 0.05)
    (position,) = client.fetch_positions([SYMBOL])
    assert (position["side"], position["leverage"], position["marginMode"]) == ("short", 5, "isolated")
    client.create_order(SYMBOL, "market", "buy", 0.05, None, {"reduceOnly": True})
    client.set_margin_mode("cross", SYMBOL)
    client.set_leverage(20, SYMBOL)
    assert client.fetch_position_mode(SYMBOL)["hedged"] is False
    assert client.fetch_trading_fee(SYMBOL)["taker"] == 0.0005


def test_a_wrong_secret_is_refused(venue: Served) -> None:
    wrong = point_ccxt(ccxt.binanceusdm(CCXT_OPTIONS | {"secret": "other"}), venue.port)
    with pytest.raises(ccxt.BaseError, match="-1022"):
        wrong.fetch_balance()


def test_the_user_stream_over_websocket(venue: Served) -> None:
    pro = pytest.importorskip("ccxt.pro")

    async def live() -> tuple[list[Any], list[Any], Any]:
        exchange = point_ccxt(pro.binanceusdm(CCXT_OPTIONS), venue.port)
        try:
            await exchange.load_markets()
            orders = asyncio.create_task(exchange.watch_orders(SYMBOL))
            fills = asyncio.create_task(exchange.watch_my_trades(SYMBOL))
            ticker = asyncio.create_task(exchange.watch_ticker(SYMBOL))
            await asyncio.sleep(0.5)
            await exchange.create_order(SYMBOL, "market", "buy", 0.01)
            return (
                await asyncio.wait_for(orders, 10),
                await asyncio.wait_for(fills, 10),
                await asyncio.wait_for(ticker, 10),
            )
        finally:
            await exchange.close()

    orders, fills, ticker = run_in_a_loop(live())
    assert orders[-1]["symbol"] == SYMBOL
    assert (fills[-1]["amount"], fills[-1]["takerOrMaker"]) == (0.01, "taker")
    assert ticker["last"] > 0

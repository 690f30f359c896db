"""python-binance and the official SDK's typed models read the venue's answers; skipped where they are not installed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from venues.serving import Served, served, simulated


@pytest.fixture(scope="module")
def venue() -> Iterator[Served]:
    with served(simulated()) as one:
        yield one


def test_python_binance_trades(venue: Served) -> None:
    binance = pytest.importorskip("binance.client")
    client = binance.Client("venue-sim", "venue-sim", ping=False)
    client.FUTURES_URL = f"{venue.url}/fapi"
    assert client.futures_exchange_info()["symbols"][0]["symbol"] == "BTCUSDT"
    bought = client.futures_create_order(
        symbol="BTCUSDT", side="BUY", type="MARKET", quantity="0.02", newOrderRespType="RESULT"
    )
    assert bought["status"] == "FILLED"
    stop = client.futures_create_algo_order(
        symbol="BTCUSDT", side="SELL", type="STOP_MARKET", triggerPrice="40000", closePosition="true"
    )
    assert stop["algoStatus"] == "NEW"
    (position,) = client.futures_position_information(symbol="BTCUSDT")
    assert position["positionAmt"] == "0.02"
    assert len(client.futures_klines(symbol="BTCUSDT", interval="1m")) >= 1
    client.futures_create_order(symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.02", reduceOnly="true")


def test_the_official_sdk_reads_every_answer_as_its_type(venue: Served) -> None:
    sdk: Any = pytest.importorskip("binance_sdk_derivatives_trading_usds_futures.derivatives_trading_usds_futures")
    common: Any = pytest.importorskip("binance_common.configuration")
    configuration = common.ConfigurationRestAPI(api_key="venue-sim", api_secret="venue-sim", base_path=venue.url)
    rest = sdk.DerivativesTradingUsdsFutures(config_rest_api=configuration).rest_api
    assert rest.exchange_information().data().symbols[0].symbol == "BTCUSDT"
    order = rest.new_order(symbol="BTCUSDT", side="BUY", type="MARKET", quantity=0.02).data()
    assert order.status == "NEW"
    assert rest.query_order(symbol="BTCUSDT", order_id=order.order_id).data().status == "FILLED"
    algo = rest.new_algo_order(
        algo_type="CONDITIONAL", symbol="BTCUSDT", side="SELL", type="STOP_MARKET", trigger_price=40000,
        close_position="true",
    ).data()  # fmt: skip
    assert algo.algo_status == "NEW"
    assert rest.current_all_algo_open_orders(symbol="BTCUSDT").data()[0].algo_id == algo.algo_id
    assert rest.cancel_algo_order(algo_id=algo.algo_id).data().algo_id == algo.algo_id
    assert rest.position_information_v3(symbol="BTCUSDT").data()[0].position_amt == "0.02"
    assert float(rest.account_information_v3().data().total_wallet_balance) > 0
    assert rest.futures_account_balance_v3().data()[0].asset == "USDT"
    assert rest.start_user_data_stream().data().listen_key
    assert rest.account_trade_list(symbol="BTCUSDT").data()[0].qty == "0.02"

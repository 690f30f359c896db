"""Faults between a bot and its venue: drawn from a seed, and never more than they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from exitbrain.errors import InvalidInput
from exitbrain.venues.simulated.dialect.venue import Reply
from exitbrain.venues.simulated.faults import fault_rates
from venues.serving import simulated

BUY = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.01"}
STOP = {
    "symbol": "BTCUSDT", "side": "SELL", "algoType": "CONDITIONAL", "type": "STOP_MARKET", "closePosition": "true"
}  # fmt: skip


def life(seed: int, **rates: float) -> tuple[list[Reply], list[Any], int]:
    """Replies, stream payloads and the lots held after thirty buys over thirty bars."""
    venue = simulated(rates=rates, seed=seed)
    replies, said = [], []
    start = venue.exchange.now
    for minute in range(30):
        now = start + minute * 60_000
        replies.append(venue.request("POST", "/fapi/v1/order", BUY | {"newOrderRespType": "RESULT"}, now))
        said += venue.said(now)
    return replies, said, venue.exchange.account.position("BTCUSDT").lots


ALL = {
    "rate_limit": 0.1, "reject": 0.1, "lost_request": 0.1, "lost_ack": 0.1, "unknown": 0.2, "duplicate": 0.3, "delay": 0.3
}  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    one, other = (repr(life(seed, **ALL)).encode() for _ in range(2))
    assert one == other
    assert one != repr(life(seed + 1, **ALL)).encode()


def test_no_faults_no_difference() -> None:
    replies, said, lots = life(0)
    assert {reply.status for reply in replies} == {200}
    assert lots == 300
    assert sum(one["e"] == "ORDER_TRADE_UPDATE" and one["o"]["x"] == "TRADE" for one in said) == 30


@pytest.mark.parametrize(
    ("fault", "status", "code", "done"),
    [("rate_limit", 429, -1003, False), ("reject", None, None, False), ("lost_request", None, None, False),
     ("lost_ack", None, None, True)],
)  # fmt: skip
def test_a_fault_that_always_happens(fault: str, status: int | None, code: int | None, done: bool) -> None:
    replies, _, lots = life(1, **{fault: 1.0})
    assert lots == (300 if done else 0)
    assert all(reply.dropped or reply.status != 200 for reply in replies)
    if code is not None:
        assert {(reply.status, reply.body["code"]) for reply in replies} == {(status, code)}


def test_minus_1007_is_done_or_not_and_does_not_say_which() -> None:
    replies, _, lots = life(3, unknown=1.0)
    assert {(reply.status, reply.body["code"]) for reply in replies} == {(408, -1007)}
    assert 0 < lots < 300


def test_duplicates_say_the_same_twice() -> None:
    _, clean, _ = life(2)
    _, said, _ = life(2, duplicate=1.0)
    assert [json.dumps(one) for one in said[::2]] == [json.dumps(one) for one in said[1::2]]
    assert said[::2] == clean


def test_what_is_late_comes_later_and_is_not_lost() -> None:
    venue = simulated(rates={"delay": 1.0, "delay_ms": 5_000}, seed=4)
    now = venue.exchange.now
    venue.request("POST", "/fapi/v1/order", BUY, now)
    first = venue.said(now)
    rest = venue.said(now + 5_000)
    assert not first
    assert sorted(one["e"] for one in rest) == ["ACCOUNT_UPDATE", "ORDER_TRADE_UPDATE", "ORDER_TRADE_UPDATE"]


def test_an_order_that_exists_may_be_denied() -> None:
    venue = simulated(rates={"absent": 1.0})
    rest = BUY | {"type": "LIMIT", "price": "49000", "timeInForce": "GTC"}
    number = venue.request("POST", "/fapi/v1/order", rest).body["orderId"]
    asked = venue.request("GET", "/fapi/v1/order", {"symbol": "BTCUSDT", "orderId": str(number)})
    assert (asked.status, asked.body["code"]) == (400, -2013)
    assert venue.request("GET", "/fapi/v1/openOrders", {}).body == []
    assert [order.order_id for order in venue.exchange.open_orders()] == [number]


@pytest.mark.parametrize(
    ("fault", "status"),
    [("trigger_rejected", "REJECTED"), ("trigger_unfilled", "FINISHED"), ("trigger_stuck", "TRIGGERING")],
)
def test_a_stop_may_trigger_and_not_protect(fault: str, status: str) -> None:
    venue = simulated(rates={fault: 1.0})
    venue.request("POST", "/fapi/v1/order", BUY)
    last = venue.exchange.markets["BTCUSDT"].last
    stop = STOP | {"triggerPrice": str(venue.exchange.contracts["BTCUSDT"].instrument.price(last - 1))}
    number = venue.request("POST", "/fapi/v1/algoOrder", stop).body["algoId"]
    venue.exchange.move("BTCUSDT", last - 50)
    assert venue.exchange.algos[number].status.value == status
    assert venue.exchange.account.position("BTCUSDT").lots == 10


def test_a_stop_that_does_not_fill_became_an_order_that_expired() -> None:
    venue = simulated(rates={"trigger_unfilled": 1.0})
    venue.request("POST", "/fapi/v1/order", BUY)
    last = venue.exchange.markets["BTCUSDT"].last
    stop = STOP | {"triggerPrice": str(venue.exchange.contracts["BTCUSDT"].instrument.price(last - 1))}
    number = venue.request("POST", "/fapi/v1/algoOrder", stop).body["algoId"]
    venue.exchange.move("BTCUSDT", last - 50)
    shown = venue.request("GET", "/fapi/v1/algoOrder", {"symbol": "BTCUSDT", "algoId": str(number)}).body
    order = {"symbol": "BTCUSDT", "orderId": shown["actualOrderId"]}
    child = venue.request("GET", "/fapi/v1/order", order).body
    assert (shown["algoStatus"], shown["actualQty"]) == ("FINISHED", "0")
    assert (child["status"], child["executedQty"]) == ("EXPIRED", "0")


def test_a_fault_may_be_for_one_kind_of_request_and_one_refusal() -> None:
    venue = simulated(rates={"reject": 1.0, "on": "POST /fapi/v1/algoOrder", "code": -4120})  # type: ignore[dict-item]
    assert venue.request("POST", "/fapi/v1/order", BUY).status == 200
    stop = STOP | {"triggerPrice": "40000"}
    assert [venue.request("POST", "/fapi/v1/algoOrder", stop).body["code"] for _ in range(3)] == [-4120] * 3
    assert venue.request("GET", "/fapi/v1/openAlgoOrders", {}).body == []


@pytest.mark.parametrize(
    "given",
    [{"on": 3}, {"code": -1}, {"code": True}, {"lost_ack": 1.5}, {"lost_ack": -0.1}, {"lost_ack": "x"}, {"lost": 0.1}],
)
def test_what_is_no_fault_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="fault"):
        fault_rates(given)

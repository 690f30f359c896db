"""The translation against the simulated venue, both ways: effects as requests, replies and streams as events."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.core.live.events import (
    Answered,
    Ask,
    Cancel,
    OrderAbsent,
    OrderSeen,
    OrdersSeen,
    Outcome,
    PositionSeen,
    PriceSeen,
    Question,
    Send,
)
from exitbrain.core.live.orders import OrderKind, Role, Status
from exitbrain.errors import InvalidInput
from exitbrain.venues.binance.answers import answer_events, differences, outcome_of
from exitbrain.venues.binance.asking import request_of
from exitbrain.venues.binance.contracts import instruments_of
from exitbrain.venues.binance.streams import is_stream_over, stream_events, told_of
from exitbrain.venues.simulated.orders import Fate
from venues.binance.rooms import ASKED_AT, INSTALL, KEY, NO_REPLY, OPENED, Reply, Room, room, send

ORDERS = [
    (Role.DISASTER, send("", OrderKind.STOP_MARKET, 450_000, close_position=True)),
    (Role.STOP, send("", OrderKind.STOP_MARKET, 490_000)),
    (Role.TRAIL, send("", OrderKind.STOP_MARKET, 495_000, 4)),
    (Role.TAKE, send("", OrderKind.TAKE_PROFIT_MARKET, 510_000, 3)),
    (Role.TAKE, send("", OrderKind.LIMIT, 510_000, 3)),
]


def ok(id_: str, *, cancel: bool = False) -> Answered:
    return Answered(key=KEY, id=id_, cancel=cancel, outcome=Outcome.OK)


def listed(one: Room) -> dict[str, Any]:
    (seen,) = one.question(Question.ORDERS)
    assert isinstance(seen, OrdersSeen) and seen.asked_at == ASKED_AT
    return {resting.id: resting for resting in seen.orders}


@pytest.mark.parametrize(("role", "wanted"), ORDERS, ids=lambda v: str(getattr(v, "kind", v)))
def test_an_order_that_rests_is_read_back_as_it_was_sent_until_it_is_cancelled(role: Role, wanted: Send) -> None:
    one = room()
    one.enter()
    wanted = replace(wanted, id=one.id(role, 2))
    (reply,) = one.replies(wanted)
    assert answer_events(wanted, (reply,), ASKED_AT, one.instrument) == (ok(wanted.id),)
    assert differences(wanted, reply, one.instrument) == ()
    resting = listed(one)[wanted.id]
    assert (resting.side, resting.kind, resting.level, resting.lots) == (-1, wanted.kind, wanted.level, wanted.lots)
    assert (resting.close_position, resting.own, resting.reduce_only) == (wanted.close_position, True, True)
    open_ = OrderSeen(key=KEY, id=wanted.id, status=Status.OPEN)
    assert one.question(Question.ORDER, wanted.id) == (open_,)
    assert open_ in one.said()
    assert one.ask(Cancel(key=KEY, id=wanted.id)) == (ok(wanted.id, cancel=True),)
    assert wanted.id not in listed(one)
    gone = replace(open_, status=Status.CANCELED)
    assert one.question(Question.ORDER, wanted.id) == (gone,)
    assert gone in one.said()


@pytest.mark.parametrize("kind", [OrderKind.MARKET, OrderKind.LIMIT_IOC])
@pytest.mark.parametrize("side", [1, -1])
def test_what_is_dealt_at_once_is_told_with_its_answer(kind: OrderKind, side: int) -> None:
    one = room()
    one.enter("BUY" if side < 0 else "SELL")
    wanted = send(one.id(Role.CLOSE), kind, OPENED + side * 1_000, 4, side=side)
    filled = OrderSeen(key=KEY, id=wanted.id, status=Status.FILLED, filled=4, average=Fraction(OPENED))
    assert one.ask(wanted) == (ok(wanted.id), filled)
    assert filled in one.said()
    (seen,) = one.question(Question.POSITION)
    assert isinstance(seen, PositionSeen) and seen.lots == -side * 6 and seen.entry == OPENED


def test_what_a_limit_does_not_get_at_once_is_cancelled() -> None:
    one = room()
    one.enter()
    wanted = send(one.id(Role.CLOSE), OrderKind.LIMIT_IOC, OPENED + 1_000)
    assert one.ask(wanted) == (ok(wanted.id), OrderSeen(key=KEY, id=wanted.id, status=Status.CANCELED))


@pytest.mark.parametrize(
    ("fate", "status", "filled"),
    [
        (Fate.FILL, Status.FILLED, 10),
        (Fate.UNFILLED, Status.CANCELED, 0),
        (Fate.REJECT, Status.REJECTED, 0),
        (Fate.STUCK, Status.TRIGGERED, 0),
    ],
)
@pytest.mark.parametrize("close_position", [False, True])
def test_a_triggered_stop_is_what_its_quantity_says_not_its_status(
    fate: Fate, status: Status, filled: int, close_position: bool
) -> None:
    """FINISHED with nothing done is no fill (F8)."""
    one = room()
    one.venue.exchange.fates = lambda _: fate
    one.enter()
    stop = send(one.id(Role.STOP), OrderKind.STOP_MARKET, 490_000, close_position=close_position)
    one.ask(stop)
    one.price(489_000)
    average = Fraction(490_000 if filled else 0)
    seen = OrderSeen(key=KEY, id=stop.id, status=status, filled=filled, average=average)
    assert one.question(Question.ORDER, stop.id) == (seen,)
    told = [event for event in one.said() if isinstance(event, OrderSeen) and event.id == stop.id]
    assert told[-1] == seen
    assert all(event.status is not Status.FILLED for event in told) or filled
    assert stop.id not in listed(one)


def test_positions_come_with_the_venues_update_time_on_both_ways() -> None:
    one = room()
    one.enter("SELL", "0.004")
    (asked,) = one.question(Question.POSITION)
    assert isinstance(asked, PositionSeen) and asked.asked_at == ASKED_AT
    (told,) = [event for event in one.said() if isinstance(event, PositionSeen)]
    assert told == replace(asked, asked_at=None)
    assert (told.lots, told.entry) == (-4, Fraction(OPENED))
    one.enter("BUY", "0.004")
    (flat,) = one.question(Question.POSITION)
    assert isinstance(flat, PositionSeen) and flat.lots == 0 and flat.version >= asked.version


def test_orders_of_others_are_told_apart() -> None:
    one = room()
    one.enter()
    common = {"symbol": KEY, "side": "SELL", "quantity": "0.005", "reduceOnly": "true"}
    one.raw("POST", "/fapi/v1/order", **common, type="LIMIT", price="51000", timeInForce="GTC", newClientOrderId="m")
    algo = {**common, "algoType": "CONDITIONAL"}
    one.raw("POST", "/fapi/v1/algoOrder", **algo, type="STOP_MARKET", triggerPrice="48000", clientAlgoId="s")
    one.raw("POST", "/fapi/v1/algoOrder", **algo, type="STOP", price="47", triggerPrice="48000", clientAlgoId="l")
    one.raw("POST", "/fapi/v1/algoOrder", **algo, type="TRAILING_STOP_MARKET", callbackRate="1", clientAlgoId="t")
    mine = send(one.id(Role.STOP), OrderKind.STOP_MARKET, 490_000)
    one.ask(mine)
    found = listed(one)
    assert {id_: row.own for id_, row in found.items()} == {"m": False, "s": False, mine.id: True}
    (other,) = answer_events(
        Ask(key=KEY, what=Question.ORDERS), one.replies(Ask(key=KEY, what=Question.ORDERS)), 0, one.instrument,
        install="b000",
    )  # fmt: skip
    assert isinstance(other, OrdersSeen) and not any(row.own for row in other.orders)


def test_an_order_that_nobody_knows_is_absent_and_its_cancel_refused() -> None:
    one = room()
    for role in Role:
        id_ = one.id(role)
        assert one.question(Question.ORDER, id_) == (OrderAbsent(key=KEY, id=id_, asked_at=ASKED_AT),)
        (answered,) = one.ask(Cancel(key=KEY, id=id_))
        assert answered == Answered(key=KEY, id=id_, cancel=True, outcome=Outcome.REFUSED, code=-2011)


REFUSED = [
    (send("", OrderKind.STOP_MARKET, 510_000), -2021),
    (send("", OrderKind.STOP_MARKET, 490_000, side=1, close_position=True), -4509),
    (send("", OrderKind.MARKET, side=1), -2022),
    (send("", OrderKind.LIMIT, 400_000), -4024),
    (send("", OrderKind.MARKET, lots=0), -4003),
]


@pytest.mark.parametrize(("wanted", "code"), REFUSED)
def test_a_refusal_comes_with_the_venues_own_code(wanted: Send, code: int) -> None:
    one = room()
    one.enter()
    wanted = replace(wanted, id=one.id(Role.STOP))
    refused = Answered(key=KEY, id=wanted.id, cancel=False, outcome=Outcome.REFUSED, code=code)
    assert one.ask(wanted) == (refused,)


def test_the_same_id_twice_and_a_second_close_position_stop_are_refused() -> None:
    one = room()
    one.enter()
    first = send(one.id(Role.DISASTER), OrderKind.STOP_MARKET, 450_000, close_position=True)
    one.ask(first)
    codes = [one.ask(first)[0].code, one.ask(replace(first, id=one.id(Role.DISASTER)))[0].code]  # type: ignore[union-attr]
    assert codes == [-4130, -4130]
    sized = send(one.id(Role.STOP), OrderKind.STOP_MARKET, 490_000)
    one.ask(sized)
    assert one.ask(sized)[0].code == -4116  # type: ignore[union-attr]


OUTCOMES = [
    (NO_REPLY, Outcome.UNKNOWN, 0),
    (Reply(status=408, body={"code": -1007, "msg": ""}), Outcome.UNKNOWN, -1007),
    (Reply(status=400, body={"code": -1000, "msg": ""}), Outcome.UNKNOWN, -1000),
    (Reply(status=400, body={"code": -1001, "msg": ""}), Outcome.UNKNOWN, -1001),
    (Reply(status=400, body={"code": -1006, "msg": ""}), Outcome.UNKNOWN, -1006),
    (Reply(status=503, body={"code": -1008, "msg": ""}), Outcome.REFUSED, -1008),
    (Reply(status=503, body=None), Outcome.UNKNOWN, 503),
    (Reply(status=502, body="<html>"), Outcome.UNKNOWN, 502),
    (Reply(status=500, body={}), Outcome.UNKNOWN, 500),
    (Reply(status=429, body={"code": -1003}, headers={"Retry-After": "3"}), Outcome.REFUSED, 429),
    (Reply(status=418, body=None), Outcome.REFUSED, 418),
    (Reply(status=403, body="<html>"), Outcome.REFUSED, 403),
    (Reply(status=200, body={"code": -2021, "msg": ""}), Outcome.REFUSED, -2021),
    (Reply(status=200, body={"code": "200", "msg": "success"}), Outcome.OK, 0),
]


@pytest.mark.parametrize(("reply", "outcome", "code"), OUTCOMES)
def test_the_raw_code_decides_what_became_of_a_request(reply: Reply, outcome: Outcome, code: int) -> None:
    """Table of F6: what leaves it open is unknown, not refused."""
    assert outcome_of(reply) == (outcome, code)


def test_a_rate_limit_says_how_long_to_wait() -> None:
    wanted = send("x", OrderKind.MARKET)
    reply = Reply(status=429, body={"code": -1003}, headers={"retry-after": "3"})
    (answered,) = answer_events(wanted, (reply,), 0, room().instrument)
    assert isinstance(answered, Answered) and answered.retry_after == 3_000_000


@pytest.mark.parametrize(
    "body", [None, [], {}, "x", {"clientAlgoId": 3}, {"clientAlgoId": "other", "algoStatus": "NEW"}]
)
def test_an_answer_that_does_not_name_our_order_leaves_it_open(body: Any) -> None:
    wanted = send("mine", OrderKind.STOP_MARKET, 490_000)
    (answered,) = answer_events(wanted, (Reply(status=200, body=body),), 0, room().instrument)
    assert isinstance(answered, Answered) and answered.outcome is Outcome.UNKNOWN


CHANGED = [
    ({"reduceOnly": False}, "reduceOnly"),
    ({"closePosition": True}, "closePosition"),
    ({"side": "BUY"}, "side"),
    ({"triggerPrice": "49000.1"}, "triggerPrice"),
    ({"quantity": "0.011"}, "quantity"),
    ({"workingType": "MARK_PRICE"}, "workingType"),
]


@pytest.mark.parametrize(("change", "name"), CHANGED)
def test_an_order_that_is_not_what_was_asked_for_is_told(change: dict[str, Any], name: str) -> None:
    """F19: a client or a venue that drops reduceOnly makes an exit that can open a position."""
    one = room()
    one.enter()
    wanted = send(one.id(Role.STOP), OrderKind.STOP_MARKET, 490_000)
    (reply,) = one.replies(wanted)
    (line,) = differences(wanted, replace(reply, body=reply.body | change), one.instrument)
    assert line.startswith(name)


def test_half_an_answer_about_open_orders_is_none() -> None:
    one = room()
    ask = Ask(key=KEY, what=Question.ORDERS)
    first, second = one.replies(ask)
    for replies in ((first, NO_REPLY), (NO_REPLY, second), (first, Reply(status=500))):
        assert answer_events(ask, replies, 0, one.instrument) == ()
    cancel = Cancel(key=KEY, id=one.id(Role.TAKE))
    missing = Reply(status=400, body={"code": -2011})
    (answered,) = answer_events(cancel, (missing, NO_REPLY), 0, one.instrument)
    assert isinstance(answered, Answered) and answered.outcome is Outcome.UNKNOWN


def test_prices_are_those_that_are_dealt_at() -> None:
    one = room()
    told = {KEY: one.instrument}
    assert stream_events({"e": "aggTrade", "s": KEY, "p": "50000.1"}, told, 0) == (PriceSeen(key=KEY, ticks=500_001),)
    wrapped = {"stream": "x", "data": {"e": "kline", "s": KEY, "k": {"s": KEY, "c": "49999.9"}}}
    assert stream_events(wrapped, told, 0) == (PriceSeen(key=KEY, ticks=499_999),)
    assert stream_events({"e": "markPriceUpdate", "s": KEY, "p": "1"}, told, 0) == ()
    assert stream_events({"e": "aggTrade", "s": "ETHUSDT", "p": "1"}, told, 0) == ()


def test_what_the_venue_does_by_itself_is_told() -> None:
    liquidated = {"c": "autoclose-17", "s": KEY, "x": "CALCULATED", "l": "1", "L": "2", "X": "FILLED"}
    assert told_of({"e": "ORDER_TRADE_UPDATE", "o": liquidated}) == (KEY, "1 at 2 liquidated by the venue")
    rejected = {"caid": "a", "s": KEY, "X": "REJECTED", "rm": "Margin is insufficient."}
    assert told_of({"e": "ALGO_UPDATE", "o": rejected}) == (
        KEY,
        "a was triggered and rejected: Margin is insufficient.",
    )
    assert told_of({"e": "listenKeyExpired"}) is None and is_stream_over({"e": "listenKeyExpired"})


def test_filters_become_an_instrument() -> None:
    one = room()
    info = one.raw("GET", "/fapi/v1/exchangeInfo").body
    assert str(one.instrument.tick_size) == "0.1" and str(one.instrument.min_notional) == "100"
    info["symbols"][0]["filters"] = []
    with pytest.raises(InvalidInput, match="BTCUSDT has no filter PRICE_FILTER"):
        instruments_of(info)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["NEW", "1", KEY]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
SAID = [
    {"e": "ORDER_TRADE_UPDATE", "o": {"s": KEY, "c": "a", "X": "NEW", "z": "0", "ot": "LIMIT"}},
    {"e": "ALGO_UPDATE", "o": {"s": KEY, "caid": "a", "X": "NEW", "q": "1", "aq": "0", "cp": False}},
    {"e": "ACCOUNT_UPDATE", "T": 1, "a": {"P": [{"s": KEY, "pa": "1", "ep": "2", "ps": "BOTH"}]}},
    {"e": "kline", "k": {"s": KEY, "c": "1"}},
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SAID), st.data())
def test_whatever_a_stream_says_is_events_or_a_refusal(said: dict[str, Any], data: st.DataObject) -> None:
    """F-class parser law: a typed error, never another exception."""
    payload = _spoilt(said, data)
    for read in (lambda: stream_events(payload, {KEY: BARE}, 0), lambda: told_of(payload)):
        with contextlib.suppress(InvalidInput):
            read()


@settings(max_examples=300, deadline=None)
@given(JSON, st.integers(0, 599), st.sampled_from(list(Question)))
def test_whatever_a_reply_holds_is_events(body: Any, status: int, what: Question) -> None:
    reply = Reply(status=status, body=body)
    ask = Ask(key=KEY, what=what, id="a")
    answer_events(ask, tuple(reply for _ in request_of(ask, BARE)), 0, BARE)
    answer_events(send("a", OrderKind.STOP_MARKET, 1), (reply,), 0, BARE)
    answer_events(Cancel(key=KEY, id="a"), (reply, reply), 0, BARE)
    differences(send("a", OrderKind.LIMIT, 1), reply, BARE)


BARE = room().instrument


def _spoilt(value: Any, data: st.DataObject) -> Any:
    """One part of it replaced by anything."""
    if isinstance(value, dict) and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(value)))
        return value | {name: _spoilt(value[name], data)}
    if isinstance(value, list) and value and data.draw(st.booleans()):
        return [_spoilt(value[0], data), *value[1:]]
    return data.draw(JSON)


def test_installations_are_told_apart_by_their_ids() -> None:
    assert INSTALL in room().id(Role.STOP)

"""An effect as the requests that carry it out."""

from __future__ import annotations

from exitbrain.core.live.client_ids import parsed_id
from exitbrain.core.live.events import Ask, Cancel, Question, Send
from exitbrain.core.live.orders import OrderKind, Role
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import plain
from exitbrain.venues.binance.reading import SIDE_WORDS
from exitbrain.venues.binance.wire import Request

ORDER, ALGO = "/fapi/v1/order", "/fapi/v1/algoOrder"
# Version 3 leaves out a symbol without position and orders, and with it the update time that tells old from new.
POSITIONS, OPEN_POSITIONS = "/fapi/v2/positionRisk", "/fapi/v3/positionRisk"
OPEN_ORDERS, OPEN_ALGOS = "/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders"
EXCHANGE_INFO, TIME = "/fapi/v1/exchangeInfo", "/fapi/v1/time"
ON_ALGO = frozenset({OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET})

DISASTER_PRICE, WORKING_PRICE = "MARK_PRICE", "CONTRACT_PRICE"
"""The disaster stop heeds the mark, which one wick does not move; the working stop the price that is dealt at."""


def request_of(effect: Send | Cancel | Ask, instrument: Instrument) -> tuple[Request, ...]:
    """A take may be on either endpoint: its id does not tell, so that both are asked. Nothing for a plan."""
    if isinstance(effect, Send):
        return (_placed(effect, instrument),)
    if isinstance(effect, Cancel):
        return _by_id("DELETE", effect.id, instrument)
    symbol = {"symbol": instrument.symbol}
    match effect.what:
        case Question.POSITION:
            return (Request(method="GET", path=POSITIONS, params=symbol),)
        case Question.ORDERS:
            return tuple(Request(method="GET", path=path, params=symbol) for path in (OPEN_ORDERS, OPEN_ALGOS))
        case Question.ORDER:
            return _by_id("GET", effect.id, instrument)
        case Question.FILTERS:
            return (Request(method="GET", path=EXCHANGE_INFO, signed=False),)
        case Question.CLOCK:
            return (Request(method="GET", path=TIME, signed=False),)
        case Question.PLAN:
            return ()


def _by_id(method: str, id_: str, instrument: Instrument) -> tuple[Request, ...]:
    plain_one = Request(method=method, path=ORDER, params={"symbol": instrument.symbol, "origClientOrderId": id_})
    algo = Request(method=method, path=ALGO, params={"clientAlgoId": id_})
    parsed = parsed_id(id_)
    match None if parsed is None else parsed.role:
        case Role.DISASTER | Role.STOP | Role.TRAIL:
            return (algo,)
        case Role.CLOSE:
            return (plain_one,)
    return algo, plain_one


def _placed(send: Send, instrument: Instrument) -> Request:
    params = {"symbol": instrument.symbol, "side": SIDE_WORDS[send.side]}
    price, quantity = plain(instrument.price(send.level)), plain(instrument.quantity(send.lots))
    if send.kind in ON_ALGO:
        params |= {"algoType": "CONDITIONAL", "type": send.kind.value, "triggerPrice": price, "clientAlgoId": send.id}
        if send.close_position:
            params |= {"closePosition": "true", "workingType": DISASTER_PRICE}
        else:
            params |= {"quantity": quantity, "reduceOnly": "true", "workingType": WORKING_PRICE}
        return Request(method="POST", path=ALGO, params=params)
    assert not send.close_position, send
    params |= {"quantity": quantity, "reduceOnly": "true", "newClientOrderId": send.id, "newOrderRespType": "RESULT"}
    if send.kind is OrderKind.MARKET:
        return Request(method="POST", path=ORDER, params=params | {"type": "MARKET"})
    lasts = "IOC" if send.kind is OrderKind.LIMIT_IOC else "GTC"
    return Request(method="POST", path=ORDER, params=params | {"type": "LIMIT", "price": price, "timeInForce": lasts})

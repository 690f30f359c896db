"""Parameters as the venue reads them: all are text, each refusal is the venue's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from exitbrain.venues.simulated.contracts import Contract
from exitbrain.venues.simulated.orders import BUY, CONDITIONAL, PLAIN, SELL, AlgoRequest, Kind, OrderRequest
from exitbrain.venues.simulated.refusals import Refusal

Params = Mapping[str, str]
SIDES = {"BUY": BUY, "SELL": SELL}
TIMES_IN_FORCE = ("GTC", "IOC", "FOK", "GTX", "GTE_GTC", "GTD")
CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")


def wanted(params: Params, name: str) -> str:
    if not params.get(name):
        raise Refusal(-1102, name=name)
    return params[name]


def number(params: Params, name: str) -> Decimal | None:
    text = params.get(name)
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Refusal(-1102, name=name) from None
    if not value.is_finite() or abs(value) > Decimal("1e15"):
        raise Refusal(-1102, name=name)
    return value


def whole(params: Params, name: str) -> int | None:
    value = number(params, name)
    if value is not None and value != int(value):
        raise Refusal(-1102, name=name)
    return None if value is None else int(value)


def flag(params: Params, name: str) -> bool:
    text = params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise Refusal(-1102, name=name)
    return text == "true"


def client_id(params: Params, name: str) -> str:
    text = params.get(name, "")
    if len(text) > 36:
        raise Refusal(-4015)
    if text and not CLIENT_ID.fullmatch(text):
        raise Refusal(-1100, name=name)
    return text


def order_request(params: Params, contract: Contract) -> OrderRequest:
    kind = _kind(params)
    if kind in CONDITIONAL:
        raise Refusal(-4120)
    if kind not in PLAIN:
        raise Refusal(-1116)
    _one_way(params)
    price = ticks(params, "price", contract) if kind is Kind.LIMIT else None
    if kind is Kind.LIMIT and price is None:
        raise Refusal(-1102, name="price")
    if kind is Kind.LIMIT:
        wanted(params, "timeInForce")
    return OrderRequest(
        symbol=contract.symbol,
        side=_side(params),
        kind=kind,
        lots=_lots(params, contract),
        price=price,
        time_in_force=_time_in_force(params),
        reduce_only=flag(params, "reduceOnly"),
        client_id=client_id(params, "newClientOrderId"),
    )


def algo_request(params: Params, contract: Contract) -> AlgoRequest:
    if wanted(params, "algoType") != "CONDITIONAL":
        raise Refusal(-1102, name="algoType")
    kind = _kind(params)
    if kind not in CONDITIONAL:
        raise Refusal(-1116)
    _one_way(params)
    closes = flag(params, "closePosition")
    if closes and "reduceOnly" in params:
        if not flag(params, "reduceOnly"):
            raise Refusal(-4138)
        raise Refusal(-1106, name="reduceonly")
    if kind is not Kind.TRAILING_STOP_MARKET:
        wanted(params, "triggerPrice")
    return AlgoRequest(
        symbol=contract.symbol,
        side=_side(params),
        kind=kind,
        lots=_lots(params, contract) if not closes or params.get("quantity") else 0,
        trigger=None if kind is Kind.TRAILING_STOP_MARKET else ticks(params, "triggerPrice", contract),
        price=ticks(params, "price", contract) if kind in (Kind.STOP, Kind.TAKE_PROFIT) else None,
        activate=ticks(params, "activatePrice", contract),
        callback=number(params, "callbackRate"),
        working_type=_working_type(params),
        time_in_force="GTE_GTC" if closes else _time_in_force(params),
        reduce_only=flag(params, "reduceOnly"),
        close_position=closes,
        price_protect=flag(params, "priceProtect"),
        client_id=client_id(params, "clientAlgoId"),
    )


def ticks(params: Params, name: str, contract: Contract) -> int | None:
    value = number(params, name)
    return None if value is None else steps(value, contract.instrument.tick_size, -4014)


def _lots(params: Params, contract: Contract) -> int:
    value = number(params, "quantity")
    if value is None:
        raise Refusal(-1102, name="quantity")
    return steps(value, contract.instrument.lot_size, -4023)


def steps(value: Decimal, step: Decimal, between: int) -> int:
    """Whole steps; too many decimals are -1111, and a value between two steps is refused as `between`."""
    if decimals(value) > decimals(step):
        raise Refusal(-1111)
    count = value / step
    if count != int(count):
        raise Refusal(between)
    return int(count)


def decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int), value
    return max(0, -exponent)


def _kind(params: Params) -> Kind:
    text = wanted(params, "type")
    if text not in Kind.__members__:
        raise Refusal(-1116)
    return Kind(text)


def _side(params: Params) -> int:
    text = wanted(params, "side")
    if text not in SIDES:
        raise Refusal(-1117)
    return SIDES[text]


def _time_in_force(params: Params) -> str:
    text = params.get("timeInForce") or "GTC"
    if text not in TIMES_IN_FORCE:
        raise Refusal(-1115)
    return text


def _working_type(params: Params) -> str:
    text = params.get("workingType") or "CONTRACT_PRICE"
    if text not in ("CONTRACT_PRICE", "MARK_PRICE"):
        raise Refusal(-1102, name="workingType")
    return text


def _one_way(params: Params) -> None:
    if params.get("positionSide", "BOTH") != "BOTH":
        raise Refusal(-4061)

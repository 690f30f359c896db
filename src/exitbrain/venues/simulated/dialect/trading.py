"""Answers about orders, conditional orders and fills."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from exitbrain.venues.simulated.dialect import shapes
from exitbrain.venues.simulated.dialect.asked import Params, algo_request, client_id, order_request, whole
from exitbrain.venues.simulated.orders import AlgoOrder, Order, Status
from exitbrain.venues.simulated.refusals import Refusal

if TYPE_CHECKING:
    from exitbrain.venues.simulated.dialect.venue import SimulatedVenue

CANCELED_ALGO = {"code": "200", "msg": "success"}
LARGEST_BATCH = 5


def place_order(venue: SimulatedVenue, params: Params) -> Any:
    contract = venue.exchange.contracts[venue.symbol(params)]
    order = venue.exchange.place(order_request(params, contract))
    shown = shapes.order(contract, order)
    if params.get("newOrderRespType", "ACK") == "ACK":
        # An acknowledgement is given before the order is matched.
        shown |= {"status": Status.NEW.value, "executedQty": "0", "cumQty": "0", "cumQuote": "0", "avgPrice": "0.00"}
    return shown


def place_batch(venue: SimulatedVenue, params: Params) -> Any:
    rows = _listed(params, "batchOrders")
    return [_attempt(lambda row=row: place_order(venue, _texts(row))) for row in rows]  # type: ignore[misc]


def cancel_batch(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params)
    by_id = [{"symbol": symbol, "orderId": str(one)} for one in _listed(params, "orderIdList", needed=False)]
    names = _listed(params, "origClientOrderIdList", needed=False)
    by_name = [{"symbol": symbol, "origClientOrderId": str(one)} for one in names]
    return [_attempt(lambda row=row: cancel_order(venue, row)) for row in by_id + by_name]  # type: ignore[misc]


def _attempt(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Refusal as refusal:
        return {"code": refusal.code, "msg": refusal.message}


def _listed(params: Params, name: str, *, needed: bool = True) -> list[Any]:
    try:
        rows = json.loads(params.get(name) or ("" if needed else "[]"))
    except ValueError:
        raise Refusal(-1102, name=name) from None
    if not isinstance(rows, list) or len(rows) > 2 * LARGEST_BATCH or (needed and not rows):
        raise Refusal(-1102, name=name)
    return rows


def _texts(row: Any) -> Params:
    if not isinstance(row, dict):
        raise Refusal(-1102, name="batchOrders")
    return {str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in row.items()}


def found_order(venue: SimulatedVenue, params: Params) -> Order:
    """By id, else by client id, of which the latest counts. Raises -2013."""
    symbol, number = venue.symbol(params), whole(params, "orderId")
    name = client_id(params, "origClientOrderId")
    if number is None and not name:
        raise Refusal(-1102, name="orderId")
    orders = venue.exchange.orders
    if number is not None:
        order = orders.get(number)
        if order is not None and order.symbol == symbol:
            return order
        raise Refusal(-2013)
    for order in reversed(orders.values()):
        if order.client_id == name and order.symbol == symbol:
            return order
    raise Refusal(-2013)


def found_algo(venue: SimulatedVenue, params: Params) -> AlgoOrder:
    number, name = whole(params, "algoId"), client_id(params, "clientAlgoId")
    if number is None and not name:
        raise Refusal(-1102, name="algoId")
    algos = venue.exchange.algos
    if number is not None and number in algos:
        return algos[number]
    for algo in reversed(algos.values()):
        if number is None and algo.request.client_id == name:
            return algo
    raise Refusal(-2013)


def query_order(venue: SimulatedVenue, params: Params) -> Any:
    order = found_order(venue, params)
    if venue.faults.denies():
        raise Refusal(-2013)
    return shapes.order(venue.exchange.contracts[order.symbol], order)


def query_open_order(venue: SimulatedVenue, params: Params) -> Any:
    order = found_order(venue, params)
    if not order.status.is_open:
        raise Refusal(-2013)
    return query_order(venue, params)


def cancel_order(venue: SimulatedVenue, params: Params) -> Any:
    try:
        order = found_order(venue, params)
    except Refusal as refusal:
        raise Refusal(-2011) if refusal.code == -2013 else refusal from None
    return shapes.order(venue.exchange.contracts[order.symbol], venue.exchange.cancel(order.order_id))


def cancel_all(venue: SimulatedVenue, params: Params) -> Any:
    for order in venue.exchange.open_orders(venue.symbol(params)):
        venue.exchange.cancel(order.order_id)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_orders(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params) if params.get("symbol") else None
    orders = [one for one in venue.exchange.open_orders(symbol) if not venue.faults.denies()]
    return [shapes.order(venue.exchange.contracts[one.symbol], one) for one in orders]


def all_orders(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params)
    orders = [one for one in venue.exchange.orders.values() if one.symbol == symbol]
    contract = venue.exchange.contracts[symbol]
    chosen = _chosen(orders, params, [one.created_at for one in orders], [one.order_id for one in orders], "orderId")
    return [shapes.order(contract, one) for one in chosen]


def user_fills(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params) if params.get("symbol") else None
    number = whole(params, "orderId")
    fills = [one for one in venue.exchange.fills if symbol in (None, one.symbol) and number in (None, one.order_id)]
    chosen = _chosen(fills, params, [one.at for one in fills], [one.trade_id for one in fills], "fromId")
    return [shapes.fill(venue.exchange.contracts[one.symbol], one) for one in chosen]


def _chosen(rows: Sequence[Any], params: Params, times: list[int], ids: list[int], first: str) -> list[Any]:
    start, end, least = whole(params, "startTime"), whole(params, "endTime"), whole(params, first)
    limit = min(whole(params, "limit") or 500, 1000)
    kept = [
        row
        for row, at, number in zip(rows, times, ids)
        if (start is None or at >= start) and (end is None or at <= end) and (least is None or number >= least)
    ]
    return kept[:limit] if start is not None or least is not None else kept[-limit:]


def place_algo(venue: SimulatedVenue, params: Params) -> Any:
    contract = venue.exchange.contracts[venue.symbol(params)]
    return shapes.algo(contract, venue.exchange.place_algo(algo_request(params, contract)))


def query_algo(venue: SimulatedVenue, params: Params) -> Any:
    algo = found_algo(venue, params)
    if venue.faults.denies():
        raise Refusal(-2013)
    return shapes.algo(venue.exchange.contracts[algo.request.symbol], algo)


def cancel_algo(venue: SimulatedVenue, params: Params) -> Any:
    try:
        algo = found_algo(venue, params)
    except Refusal as refusal:
        raise Refusal(-2011) if refusal.code == -2013 else refusal from None
    venue.exchange.cancel_algo(algo.algo_id)
    return {"algoId": algo.algo_id, "clientAlgoId": algo.request.client_id, **CANCELED_ALGO}


def cancel_all_algos(venue: SimulatedVenue, params: Params) -> Any:
    for algo in venue.exchange.open_algos(venue.symbol(params)):
        venue.exchange.cancel_algo(algo.algo_id)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_algos(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params) if params.get("symbol") else None
    algos = [one for one in venue.exchange.open_algos(symbol) if not venue.faults.denies()]
    return [shapes.algo(venue.exchange.contracts[one.request.symbol], one) for one in algos]


def all_algos(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params)
    algos = [one for one in venue.exchange.algos.values() if one.request.symbol == symbol]
    contract = venue.exchange.contracts[symbol]
    chosen = _chosen(algos, params, [one.created_at for one in algos], [one.algo_id for one in algos], "algoId")
    return [shapes.algo(contract, one) for one in chosen]

"""Conditional (algo) orders: they rest beside the book, trigger on price, and become plain orders.

NEW → TRIGGERING → TRIGGERED (it has an order now) → FINISHED; or CANCELED, EXPIRED (closePosition without a position
any more), REJECTED (at its trigger). A trailing order without activation price is armed when it is placed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exitbrain.venues.simulated.orders import (
    SELL,
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
    Fate,
    Kind,
    Order,
    OrderRequest,
    Status,
)
from exitbrain.venues.simulated.refusals import Refusal

if TYPE_CHECKING:
    from exitbrain.venues.simulated.exchange import Exchange


def rest(venue: Exchange, request: AlgoRequest) -> AlgoOrder:
    market = venue.markets[request.symbol]
    price = market.mark if request.working_type == "MARK_PRICE" else market.last
    number = venue.number()
    peak = None
    if request.kind is Kind.TRAILING_STOP_MARKET:
        waits = request.activate is not None and (
            price < request.activate if request.side == SELL else price > request.activate
        )
        peak = None if waits else price
    algo = AlgoOrder(
        algo_id=number,
        request=replace(request, client_id=request.client_id or f"venue-{number}"),
        created_at=venue.now,
        updated_at=venue.now,
        peak=peak,
    )
    venue.tell_algo(algo)
    return algo


def cancel(venue: Exchange, algo_id: int) -> AlgoOrder:
    algo = venue.algos.get(algo_id)
    if algo is not None and algo.status is AlgoStatus.TRIGGERING:
        raise Refusal(-4117)
    if algo is None or not algo.is_open:
        raise Refusal(-2011)
    return _to(venue, algo, AlgoStatus.CANCELED)


def expire(venue: Exchange, algo: AlgoOrder) -> AlgoOrder:
    return _to(venue, algo, AlgoStatus.EXPIRED)


def reach(venue: Exchange, algo: AlgoOrder, price: int) -> None:
    """Price has come to the order's level: a waiting trailing order is armed, any other triggers."""
    if algo.request.kind is Kind.TRAILING_STOP_MARKET and algo.peak is None:
        venue.tell_algo(replace(algo, peak=price, updated_at=venue.now))
    else:
        trigger(venue, algo, price)


def trigger(venue: Exchange, algo: AlgoOrder, price: int) -> None:
    algo = replace(_to(venue, algo, AlgoStatus.TRIGGERING), triggered_at=venue.now)
    venue.algos[algo.algo_id] = algo
    fate = venue.fates(algo)
    if fate is Fate.STUCK:
        return
    if fate is Fate.REJECT:
        _to(venue, algo, AlgoStatus.REJECTED, "Margin is insufficient.")
        return
    execute(venue, algo, filled=fate is not Fate.UNFILLED)


def execute(venue: Exchange, algo: AlgoOrder, *, filled: bool = True) -> None:
    """What a triggering order comes to; one that was stuck comes to it late."""
    lots, refused = _closing(venue, algo)
    if refused:
        _to(venue, algo, AlgoStatus.EXPIRED if algo.request.close_position else AlgoStatus.REJECTED, refused)
        return
    _send(venue, algo, lots, fills=filled)


def _closing(venue: Exchange, algo: AlgoOrder) -> tuple[int, str]:
    """How many lots the triggered order takes, and why none."""
    request = algo.request
    position = venue.account.position(request.symbol)
    if not (request.reduce_only or request.close_position):
        contract = venue.contracts[request.symbol]
        opening = request.lots if position.side != -request.side else max(0, request.lots - 2 * abs(position.lots))
        needed = contract.notional(venue.markets[request.symbol].last, opening) / position.leverage
        return request.lots, "Margin is insufficient." if needed > venue.available() else ""
    if position.side != -request.side:
        return 0, "ReduceOnly Order is rejected."
    return (abs(position.lots) if request.close_position else min(request.lots, abs(position.lots))), ""


def _send(venue: Exchange, algo: AlgoOrder, lots: int, *, fills: bool) -> None:
    """The order that it becomes; one that does not fill expires in the book, which finishes the conditional order."""
    request = algo.request
    limit = request.kind in (Kind.STOP, Kind.TAKE_PROFIT)
    child = OrderRequest(
        symbol=request.symbol,
        side=request.side,
        kind=Kind.LIMIT if limit else Kind.MARKET,
        lots=lots,
        price=request.price if limit else None,
        time_in_force=request.time_in_force,
        reduce_only=request.reduce_only or request.close_position,
        client_id=request.client_id,
    )
    order = venue.accept(child, lots, algo)
    _to(venue, replace(algo, order_id=order.order_id), AlgoStatus.TRIGGERED)
    if fills:
        venue.match(order)
    else:
        venue.close_order(order, Status.EXPIRED)


def note_child(venue: Exchange, order: Order) -> None:
    """The conditional order follows what its order did; it is finished with it, filled or not."""
    if order.algo_id is None:
        return
    algo = replace(venue.algos[order.algo_id], filled=order.filled, cost=order.cost)
    venue.algos[algo.algo_id] = algo
    if not order.status.is_open:
        _to(venue, algo, AlgoStatus.FINISHED)


def _to(venue: Exchange, algo: AlgoOrder, status: AlgoStatus, reason: str = "") -> AlgoOrder:
    algo = replace(algo, status=status, reason=reason, updated_at=venue.now)
    venue.tell_algo(algo)
    return algo

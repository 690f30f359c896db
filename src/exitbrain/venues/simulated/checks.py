"""What the venue refuses before anything changes, as one function per question."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from exitbrain.venues.simulated.orders import AlgoRequest, Kind, OrderRequest
from exitbrain.venues.simulated.refusals import Refusal
from exitbrain.venues.simulated.touching import crosses

if TYPE_CHECKING:
    from exitbrain.venues.simulated.exchange import Exchange

MAX_ORDERS, MAX_ALGO_ORDERS = 200, 200
LEAST_CALLBACK, LARGEST_CALLBACK = Decimal("0.1"), Decimal(20)


def check_order(venue: Exchange, request: OrderRequest) -> None:
    check_symbol(venue, request.symbol)
    _check_quantity(venue, request.symbol, request.lots, market=request.kind is Kind.MARKET)
    if request.kind is Kind.LIMIT:
        _check_price(venue, request.symbol, request.side, request.price)
    if any(order.client_id == request.client_id for order in venue.open_orders()):
        raise Refusal(-4116)
    if len(venue.open_orders(request.symbol)) >= MAX_ORDERS and request.kind is Kind.LIMIT:
        raise Refusal(-2025)
    if request.reduce_only:
        _check_reduces(venue, request)
    else:
        _check_notional(venue, request)
        _check_margin(venue, request)
    _check_maker(venue, request)


def check_algo(venue: Exchange, request: AlgoRequest) -> None:
    check_symbol(venue, request.symbol)
    if request.close_position:
        _check_closes(venue, request)
    else:
        _check_quantity(venue, request.symbol, request.lots, market=request.price is None)
    if request.kind in (Kind.STOP, Kind.TAKE_PROFIT):
        _check_price(venue, request.symbol, request.side, request.price, banded=False)
    if any(algo.request.client_id == request.client_id for algo in venue.open_algos()):
        raise Refusal(-4116)
    if len(venue.open_algos()) >= MAX_ALGO_ORDERS:
        raise Refusal(-4045)
    if request.kind is Kind.TRAILING_STOP_MARKET:
        if request.callback is None or not LEAST_CALLBACK <= request.callback <= LARGEST_CALLBACK:
            raise Refusal(-1102, name="callbackRate")
    elif request.trigger is None or request.trigger < 1:
        raise Refusal(-1102, name="triggerPrice")
    if venue.would_trigger(request):
        raise Refusal(-2021)


def check_symbol(venue: Exchange, symbol: str) -> None:
    """It must be listed, and have a price already."""
    if symbol not in venue.markets:
        raise Refusal(-1121)


def _check_quantity(venue: Exchange, symbol: str, lots: int, *, market: bool) -> None:
    contract = venue.contracts[symbol]
    if lots <= 0:
        raise Refusal(-4003)
    if lots < contract.min_lots:
        raise Refusal(-4004)
    if lots > (contract.market_max_lots if market else contract.max_lots):
        raise Refusal(-4005)


def _check_price(venue: Exchange, symbol: str, side: int, price: int | None, *, banded: bool = True) -> None:
    contract, mark = venue.contracts[symbol], venue.markets[symbol].mark
    if price is None:
        raise Refusal(-1102, name="price")
    if price < 1:
        raise Refusal(-4013)
    if not banded:
        return
    if side > 0 and price > mark * (1 + contract.band):
        raise Refusal(-4016, limit=contract.instrument.price(int(mark * (1 + contract.band))))
    if side < 0 and price < mark * (1 - contract.band):
        raise Refusal(-4024, limit=contract.instrument.price(int(mark * (1 - contract.band))))


def _check_reduces(venue: Exchange, request: OrderRequest) -> None:
    """Only against a position, and never for more than it, with what already rests to reduce it."""
    position = venue.account.position(request.symbol)
    if position.side != -request.side:
        raise Refusal(-2022)
    resting = venue.resting_reductions(request.symbol)
    if resting and resting + request.lots > abs(position.lots):
        raise Refusal(-4118)


def _check_closes(venue: Exchange, request: AlgoRequest) -> None:
    if request.kind not in (Kind.STOP_MARKET, Kind.TAKE_PROFIT_MARKET):
        raise Refusal(-4136, kind=request.kind.value)
    if request.lots:
        raise Refusal(-4137)
    if venue.account.position(request.symbol).side != -request.side:
        raise Refusal(-4509)
    for algo in venue.open_algos(request.symbol):
        other = algo.request
        if other.close_position and other.side == request.side and other.kind is request.kind:
            raise Refusal(-4130)


def _check_notional(venue: Exchange, request: OrderRequest) -> None:
    contract, market = venue.contracts[request.symbol], venue.markets[request.symbol]
    price = market.mark if request.price is None else request.price
    if contract.notional(price, request.lots) < contract.min_notional:
        raise Refusal(-4164, notional=contract.min_notional)


def _check_margin(venue: Exchange, request: OrderRequest) -> None:
    """What the order adds to the position must find its initial margin, and the fee, in what is available."""
    contract, market = venue.contracts[request.symbol], venue.markets[request.symbol]
    position = venue.account.position(request.symbol)
    adding = request.lots
    if position.side == -request.side:
        adding = max(0, request.lots - 2 * abs(position.lots))
    if not adding:
        return
    price = market.last if request.price is None else request.price
    needed = contract.notional(price, adding) / position.leverage
    needed += contract.instrument.fee(price, adding, maker=False)
    if needed > venue.available():
        raise Refusal(-2019)


def _check_maker(venue: Exchange, request: OrderRequest) -> None:
    if request.kind is not Kind.LIMIT or request.price is None:
        return
    taking = crosses(request.side, request.price, venue.markets[request.symbol].last)
    if request.time_in_force == "GTX" and taking:
        raise Refusal(-5022)
    if request.time_in_force == "FOK" and not taking:
        raise Refusal(-5021)

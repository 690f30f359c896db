"""What the user stream says: one payload for each event of the exchange."""

from __future__ import annotations

from decimal import Decimal

from exitbrain.core.numbers import plain
from exitbrain.venues.simulated.contracts import Contract
from exitbrain.venues.simulated.dialect.shapes import SIDE, Json, average, break_even, money, price, quantity
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.orders import (
    AccountEvent,
    AlgoEvent,
    Event,
    Kind,
    LeverageEvent,
    OrderEvent,
    Position,
)


def payload(venue: Exchange, event: Event) -> Json:
    match event:
        case OrderEvent():
            return _order(venue.contracts[event.order.symbol], event)
        case AlgoEvent():
            return _algo(venue.contracts[event.algo.request.symbol], event)
        case AccountEvent():
            return _account(venue, event)
        case LeverageEvent():
            ac = {"s": event.symbol, "l": event.leverage}
            return {"e": "ACCOUNT_CONFIG_UPDATE", "E": event.at, "T": event.at, "ac": ac}


def _order(contract: Contract, event: OrderEvent) -> Json:
    one, fill = event.order, event.fill
    order: Json = {
        "s": one.symbol,
        "c": one.client_id,
        "S": SIDE[one.side],
        "o": one.kind.value,
        "f": one.time_in_force,
        "q": quantity(contract, one.lots),
        "p": price(contract, one.price),
        "ap": average(contract, one.cost, one.filled),
        "sp": price(contract, one.trigger),
        "x": event.execution,
        "X": one.status.value,
        "i": one.order_id,
        "l": quantity(contract, fill.lots if fill else 0),
        "z": quantity(contract, one.filled),
        "L": price(contract, fill.price if fill else 0),
        "n": money(fill.fee) if fill else "0",
        "N": contract.quote,
        "T": event.at,
        "t": fill.trade_id if fill else 0,
        "b": "0",
        "a": "0",
        "m": bool(fill and fill.maker),
        # The venue's own orders close a position without being marked so.
        "R": one.reduce_only and one.kind is not Kind.LIQUIDATION,
        "wt": "CONTRACT_PRICE",
        "ot": (one.original or one.kind).value,
        "ps": "BOTH",
        "cp": one.close_position,
        "rp": money(fill.realized) if fill else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    return {"e": "ORDER_TRADE_UPDATE", "E": event.at, "T": event.at, "o": order}


def _algo(contract: Contract, event: AlgoEvent) -> Json:
    one = event.algo
    request = one.request
    order: Json = {
        "caid": request.client_id,
        "aid": one.algo_id,
        "at": "CONDITIONAL",
        "o": request.kind.value,
        "s": request.symbol,
        "S": SIDE[request.side],
        "ps": "BOTH",
        "f": request.time_in_force,
        "q": quantity(contract, request.lots),
        "X": one.status.value,
        "ai": "" if one.order_id is None else str(one.order_id),
        "ap": average(contract, one.cost, one.filled),
        "aq": quantity(contract, one.filled),
        "act": "" if one.order_id is None else ("LIMIT" if request.price is not None else "MARKET"),
        "tp": price(contract, request.trigger),
        "p": price(contract, request.price),
        "V": "EXPIRE_MAKER",
        "wt": request.working_type,
        "pm": "NONE",
        "cp": request.close_position,
        "pP": request.price_protect,
        "R": request.reduce_only or request.close_position,
        "tt": one.triggered_at,
        "gtd": 0,
        "rm": one.reason,
    }
    if request.kind is Kind.TRAILING_STOP_MARKET:
        order |= {
            "AP": price(contract, request.activate),
            "cr": plain(request.callback or Decimal(0)),
            "ia": one.peak is not None,
        }
    return {"e": "ALGO_UPDATE", "E": event.at, "T": event.at, "o": order}


def _account(venue: Exchange, event: AccountEvent) -> Json:
    asset = next(iter(venue.contracts.values())).quote
    balance = {"a": asset, "wb": money(event.wallet), "cw": money(event.cross_wallet), "bc": money(event.change)}
    positions = [_position(venue, one) for one in event.positions]
    return {
        "e": "ACCOUNT_UPDATE",
        "E": event.at,
        "T": event.at,
        "a": {"m": event.reason, "B": [balance], "P": positions},
    }


def _position(venue: Exchange, one: Position) -> Json:
    contract = venue.contracts[one.symbol]
    mark = venue.markets[one.symbol].mark
    return {
        "s": one.symbol,
        "pa": quantity(contract, one.lots),
        "ep": average(contract, one.cost, one.lots),
        "bep": break_even(contract, one),
        "cr": money(one.realized),
        "up": money(contract.instrument.money(one.lots * mark - one.cost)),
        "mt": "isolated" if one.isolated else "cross",
        "iw": money(one.isolated_wallet),
        "ps": "BOTH",
    }

"""Orders, positions and contracts as the venue's JSON. Numbers are text, instants milliseconds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from exitbrain.core.numbers import plain
from exitbrain.venues.simulated.contracts import Contract
from exitbrain.venues.simulated.dialect.asked import decimals
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.orders import AlgoOrder, Fill, Kind, Order, Position

Json = dict[str, Any]
SIDE = {1: "BUY", -1: "SELL"}
CENT_OF_TICK = Decimal("1e-8")


def price(contract: Contract, ticks: int | None) -> str:
    return "0" if ticks is None else plain(contract.instrument.price(ticks))


def quantity(contract: Contract, lots: int) -> str:
    return plain(contract.instrument.quantity(lots))


def money(amount: Decimal) -> str:
    return plain(amount.quantize(CENT_OF_TICK))


def average(contract: Contract, cost: int, lots: int) -> str:
    """Σ price × lots ÷ lots; 0 for nothing."""
    return money(contract.instrument.tick_size * cost / lots) if lots else "0.00"


def order(contract: Contract, one: Order) -> Json:
    kind = one.original or one.kind
    return {
        "orderId": one.order_id,
        "symbol": one.symbol,
        "status": one.status.value,
        "clientOrderId": one.client_id,
        "price": price(contract, one.price),
        "avgPrice": average(contract, one.cost, one.filled),
        "origQty": quantity(contract, one.lots),
        "executedQty": quantity(contract, one.filled),
        "cumQty": quantity(contract, one.filled),
        "cumQuote": money(contract.instrument.money(one.cost)),
        "timeInForce": one.time_in_force,
        "type": one.kind.value,
        "reduceOnly": one.reduce_only,
        "closePosition": one.close_position,
        "side": SIDE[one.side],
        "positionSide": "BOTH",
        "stopPrice": price(contract, one.trigger),
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": kind.value,
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "time": one.created_at,
        "updateTime": one.updated_at,
    }


def algo(contract: Contract, one: AlgoOrder) -> Json:
    request = one.request
    shown: Json = {
        "algoId": one.algo_id,
        "clientAlgoId": request.client_id,
        "algoType": "CONDITIONAL",
        "orderType": request.kind.value,
        "symbol": request.symbol,
        "side": SIDE[request.side],
        "positionSide": "BOTH",
        "timeInForce": request.time_in_force,
        "quantity": quantity(contract, request.lots),
        "algoStatus": one.status.value,
        "actualOrderId": "" if one.order_id is None else str(one.order_id),
        "actualPrice": average(contract, one.cost, one.filled),
        "actualQty": quantity(contract, one.filled),
        "triggerPrice": price(contract, request.trigger),
        "price": price(contract, request.price),
        "icebergQuantity": None,
        "tpTriggerPrice": "0",
        "tpPrice": "0",
        "slTriggerPrice": "0",
        "slPrice": "0",
        "tpOrderType": "",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": request.working_type,
        "priceMatch": "NONE",
        "closePosition": request.close_position,
        "priceProtect": request.price_protect,
        "reduceOnly": request.reduce_only or request.close_position,
        "createTime": one.created_at,
        "updateTime": one.updated_at,
        "triggerTime": one.triggered_at,
        "goodTillDate": 0,
    }
    if request.kind is Kind.TRAILING_STOP_MARKET:
        shown |= {
            "callbackRate": plain(request.callback or Decimal(0)),
            "activatePrice": price(contract, request.activate),
        }
    return shown


def fill(contract: Contract, one: Fill) -> Json:
    return {
        "symbol": one.symbol,
        "id": one.trade_id,
        "orderId": one.order_id,
        "side": SIDE[one.side],
        "price": price(contract, one.price),
        "qty": quantity(contract, one.lots),
        "realizedPnl": money(one.realized),
        "quoteQty": money(contract.instrument.money(one.price * one.lots)),
        "commission": money(one.fee),
        "commissionAsset": contract.quote,
        "time": one.at,
        "positionSide": "BOTH",
        "buyer": one.side > 0,
        "maker": one.maker,
    }


def position(venue: Exchange, symbol: str) -> Json:
    """A row of positionRisk: the keys of version 2 and of version 3 together."""
    contract, one = venue.contracts[symbol], venue.account.position(symbol)
    mark = venue.markets[symbol].mark if symbol in venue.markets else 0
    marks = {name: market.mark for name, market in venue.markets.items()}
    ruin = venue.account.liquidation_ticks(symbol, marks)
    initial = venue.account.initial_margin(symbol, mark)
    held = venue.order_margin(symbol)
    unrealized = venue.account.unrealized(symbol, mark)
    notional = money(contract.instrument.money(one.lots * mark))
    return {
        "symbol": symbol,
        "positionSide": "BOTH",
        "positionAmt": quantity(contract, one.lots),
        "entryPrice": average(contract, one.cost, one.lots),
        "breakEvenPrice": break_even(contract, one),
        "markPrice": price(contract, mark),
        "unRealizedProfit": money(unrealized),
        "liquidationPrice": price(contract, ruin),
        "isolatedMargin": money(one.isolated_wallet + unrealized) if one.isolated else "0",
        "notional": notional,
        "marginAsset": contract.quote,
        "isolatedWallet": money(one.isolated_wallet),
        "initialMargin": money(initial + held),
        "maintMargin": money(venue.account.maintenance(symbol, mark)),
        "positionInitialMargin": money(initial),
        "openOrderInitialMargin": money(held),
        "adl": 0 if not one.lots else 1,
        "bidNotional": "0",
        "askNotional": "0",
        "leverage": str(one.leverage),
        "maxNotionalValue": "100000000",
        "marginType": "isolated" if one.isolated else "cross",
        "isolated": one.isolated,
        "isAutoAddMargin": "false",
        "updateTime": one.updated_at,
    }


def break_even(contract: Contract, one: Position) -> str:
    """The entry price moved by two taker fees."""
    if not one.lots:
        return "0.0"
    fees = 2 * contract.instrument.taker_fee * one.side
    return money(contract.instrument.tick_size * one.cost / one.lots * (1 + fees))


def balances(venue: Exchange) -> Json:
    """The margin of the account as the venue sums it."""
    account = venue.account
    unrealized = initial = maintenance = cross_unrealized = Decimal(0)
    for symbol in account.open_symbols():
        mark = venue.markets[symbol].mark
        result = account.unrealized(symbol, mark)
        unrealized += result
        initial += account.initial_margin(symbol, mark)
        maintenance += account.maintenance(symbol, mark)
        cross_unrealized += Decimal(0) if account.position(symbol).isolated else result
    held = venue.order_margin()
    return {
        "initialMargin": initial + held,
        "maintMargin": maintenance,
        "walletBalance": account.wallet,
        "unrealizedProfit": unrealized,
        "marginBalance": account.wallet + unrealized,
        "positionInitialMargin": initial,
        "openOrderInitialMargin": held,
        "crossWalletBalance": account.cross_wallet,
        "crossUnPnl": cross_unrealized,
        "availableBalance": venue.available(),
        "maxWithdrawAmount": venue.available(),
    }


def contract(one: Contract, listed_at: int) -> Json:
    """A symbol of exchangeInfo, with its filters."""
    instrument = one.instrument
    least, lot = quantity(one, one.min_lots), plain(instrument.lot_size)
    tick = plain(instrument.tick_size)
    return {
        "symbol": one.symbol,
        "pair": one.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": listed_at,
        "status": "TRADING",
        "maintMarginPercent": plain(one.maintenance * 100),
        "requiredMarginPercent": "5.0000",
        "baseAsset": one.base,
        "quoteAsset": one.quote,
        "marginAsset": one.quote,
        "pricePrecision": decimals(instrument.tick_size),
        "quantityPrecision": decimals(instrument.lot_size),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": plain(one.liquidation_fee),
        "marketTakeBound": plain(one.band),
        "maxMoveOrderLimit": 10000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000000", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": least, "maxQty": quantity(one, one.max_lots), "stepSize": lot},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": least,
                "maxQty": quantity(one, one.market_max_lots),
                "stepSize": lot,
            },
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": plain(one.min_notional)},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": plain(1 + one.band),
                "multiplierDown": plain(1 - one.band),
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": [one.value for one in Kind if one is not Kind.LIQUIDATION],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }

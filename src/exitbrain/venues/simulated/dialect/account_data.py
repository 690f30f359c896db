"""Answers about the account: balances, positions, settings, incomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exitbrain.core.numbers import plain
from exitbrain.venues.simulated.dialect import shapes
from exitbrain.venues.simulated.dialect.asked import Params, flag, wanted, whole
from exitbrain.venues.simulated.dialect.shapes import Json, money
from exitbrain.venues.simulated.refusals import Refusal

if TYPE_CHECKING:
    from exitbrain.venues.simulated.dialect.venue import SimulatedVenue

MARGIN_TYPES = {"ISOLATED": True, "CROSSED": False, "CROSS": False}


def account(venue: SimulatedVenue, _: Params) -> Any:
    """The keys of versions 2 and 3 together."""
    exchange = venue.exchange
    sums = {name: money(amount) for name, amount in shapes.balances(exchange).items()}
    totals = {
        "totalInitialMargin": sums["initialMargin"],
        "totalMaintMargin": sums["maintMargin"],
        "totalWalletBalance": sums["walletBalance"],
        "totalUnrealizedProfit": sums["unrealizedProfit"],
        "totalMarginBalance": sums["marginBalance"],
        "totalPositionInitialMargin": sums["positionInitialMargin"],
        "totalOpenOrderInitialMargin": sums["openOrderInitialMargin"],
        "totalCrossWalletBalance": sums["crossWalletBalance"],
        "totalCrossUnPnl": sums["crossUnPnl"],
        "availableBalance": sums["availableBalance"],
        "maxWithdrawAmount": sums["maxWithdrawAmount"],
    }
    asset = {"asset": venue.quote, **sums, "marginAvailable": True, "updateTime": exchange.now}
    return {
        "feeTier": 0,
        "feeBurn": False,
        "canTrade": True,
        "canDeposit": False,
        "canWithdraw": False,
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
        **totals,
        "assets": [asset],
        "positions": [_account_position(venue, symbol) for symbol in exchange.markets],
    }


def _account_position(venue: SimulatedVenue, symbol: str) -> Json:
    row = shapes.position(venue.exchange, symbol)
    return row | {"unrealizedProfit": row["unRealizedProfit"], "maxNotional": row["maxNotionalValue"]}


def balance(venue: SimulatedVenue, _: Params) -> Any:
    sums = shapes.balances(venue.exchange)
    return [
        {
            "accountAlias": "sim",
            "asset": venue.quote,
            "balance": money(sums["walletBalance"]),
            "crossWalletBalance": money(sums["crossWalletBalance"]),
            "crossUnPnl": money(sums["crossUnPnl"]),
            "availableBalance": money(sums["availableBalance"]),
            "maxWithdrawAmount": money(sums["maxWithdrawAmount"]),
            "marginAvailable": True,
            "updateTime": venue.exchange.now,
        }
    ]


def position_risk(venue: SimulatedVenue, params: Params) -> Any:
    """Version 2: a row for every symbol."""
    symbols = [venue.symbol(params)] if params.get("symbol") else list(venue.exchange.markets)
    return [shapes.position(venue.exchange, symbol) for symbol in symbols]


def held_positions(venue: SimulatedVenue, params: Params) -> Any:
    """Version 3: a row for every symbol with a position or an order."""
    return [
        row
        for row in position_risk(venue, params)
        if venue.exchange.account.position(row["symbol"]).lots or venue.exchange.open_orders(row["symbol"])
    ]


def symbol_config(venue: SimulatedVenue, params: Params) -> Any:
    return [
        {
            "symbol": row["symbol"],
            "marginType": "ISOLATED" if row["isolated"] else "CROSSED",
            "isAutoAddMargin": False,
            "leverage": int(row["leverage"]),
            "maxNotionalValue": row["maxNotionalValue"],
        }
        for row in position_risk(venue, params)
    ]


def account_config(venue: SimulatedVenue, _: Params) -> Any:
    return {
        "feeTier": 0, "canTrade": True, "canDeposit": False, "canWithdraw": False, "dualSidePosition": False,
        "updateTime": 0, "multiAssetsMargin": False, "tradeGroupId": -1,
    }  # fmt: skip


def position_mode(venue: SimulatedVenue, _: Params) -> Any:
    return {"dualSidePosition": venue.says_hedge_mode}


def set_position_mode(venue: SimulatedVenue, params: Params) -> Any:
    """One-way is the only mode."""
    wanted(params, "dualSidePosition")
    raise Refusal(-4084 if flag(params, "dualSidePosition") else -4059)


def assets_mode(venue: SimulatedVenue, _: Params) -> Any:
    return {"multiAssetsMargin": False}


def set_leverage(venue: SimulatedVenue, params: Params) -> Any:
    symbol = venue.symbol(params)
    leverage = whole(params, "leverage")
    if leverage is None:
        raise Refusal(-1102, name="leverage")
    position = venue.exchange.set_leverage(symbol, leverage)
    return {"leverage": position.leverage, "maxNotionalValue": "100000000", "symbol": symbol}


def set_margin_type(venue: SimulatedVenue, params: Params) -> Any:
    text = wanted(params, "marginType").upper()
    if text not in MARGIN_TYPES:
        raise Refusal(-1102, name="marginType")
    venue.exchange.set_isolated(venue.symbol(params), MARGIN_TYPES[text])
    return {"code": 200, "msg": "success"}


def leverage_brackets(venue: SimulatedVenue, params: Params) -> Any:
    symbols = [venue.symbol(params)] if params.get("symbol") else list(venue.exchange.contracts)
    return [{"symbol": symbol, "brackets": [_bracket(venue, symbol)]} for symbol in symbols]


def _bracket(venue: SimulatedVenue, symbol: str) -> Json:
    contract = venue.exchange.contracts[symbol]
    return {
        "bracket": 1,
        "initialLeverage": contract.max_leverage,
        "notionalCap": 100_000_000,
        "notionalFloor": 0,
        "maintMarginRatio": float(contract.maintenance),
        "cum": 0.0,
    }


def commission_rate(venue: SimulatedVenue, params: Params) -> Any:
    instrument = venue.exchange.contracts[venue.symbol(params)].instrument
    return {
        "symbol": instrument.symbol,
        "makerCommissionRate": plain(instrument.maker_fee),
        "takerCommissionRate": plain(instrument.taker_fee),
    }


def income(venue: SimulatedVenue, params: Params) -> Any:
    kind, symbol = params.get("incomeType"), params.get("symbol")
    start, end = whole(params, "startTime"), whole(params, "endTime")
    limit = min(whole(params, "limit") or 100, 1000)
    rows = [
        {
            "symbol": one.symbol,
            "incomeType": one.kind,
            "income": money(one.amount),
            "asset": venue.quote,
            "info": one.kind,
            "time": one.at,
            "tranId": one.transaction_id,
            "tradeId": "" if one.trade_id is None else str(one.trade_id),
        }
        for one in venue.exchange.account.incomes
        if (not kind or one.kind == kind)
        and (not symbol or one.symbol == symbol)
        and (start is None or one.at >= start)
        and (end is None or one.at <= end)
    ]
    return rows[:limit] if start is not None else rows[-limit:]


def key_restrictions(venue: SimulatedVenue, _: Params) -> Any:
    """What the key may do: trade, and withdraw only where the venue was told to say so."""
    return {
        "ipRestrict": False, "createTime": venue.started_at, "enableReading": True, "enableFutures": True,
        "enableWithdrawals": venue.says_withdrawals, "enableInternalTransfer": False, "permitsUniversalTransfer": False,
        "enableMargin": False, "enableSpotAndMarginTrading": False, "enableVanillaOptions": False,
    }  # fmt: skip

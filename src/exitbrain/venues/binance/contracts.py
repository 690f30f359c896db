"""The venue's contracts and their filters as instruments."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from exitbrain.core.market import Instrument
from exitbrain.errors import InvalidInput
from exitbrain.venues.binance import reading


def instruments_of(
    exchange_info: Any, *, maker_fee: Decimal = Decimal("0.0002"), taker_fee: Decimal = Decimal("0.0005")
) -> dict[str, Instrument]:
    """Perpetuals that are traded now, by symbol. The largest order is the least of the venue's two limits."""
    rows = reading.mapping(exchange_info, "exchangeInfo").get("symbols")
    if not isinstance(rows, list):
        raise InvalidInput("exchangeInfo has no symbols", accepted="a list of contracts")
    found = {}
    for one in rows:
        row = reading.mapping(one, "a symbol")
        if row.get("contractType") == "PERPETUAL" and row.get("status") == "TRADING":
            instrument = _instrument(row, maker_fee, taker_fee)
            found[instrument.symbol] = instrument
    return found


def _instrument(row: Mapping[str, Any], maker_fee: Decimal, taker_fee: Decimal) -> Instrument:
    symbol = reading.text(row, "symbol")
    filters = {one.get("filterType"): one for one in row.get("filters") or () if isinstance(one, dict)}
    missing = [name for name in ("PRICE_FILTER", "LOT_SIZE") if name not in filters]
    if missing:
        raise InvalidInput(f"{symbol} has no filter {missing[0]}", accepted="PRICE_FILTER and LOT_SIZE")
    lot, market = filters["LOT_SIZE"], filters.get("MARKET_LOT_SIZE", filters["LOT_SIZE"])
    notional = filters.get("MIN_NOTIONAL")
    least = None if notional is None else reading.number(notional, "notional")
    return Instrument(
        symbol=symbol,
        tick_size=reading.number(filters["PRICE_FILTER"], "tickSize"),
        lot_size=max(reading.number(lot, "stepSize"), reading.number(market, "stepSize")),
        min_quantity=max(reading.number(lot, "minQty"), reading.number(market, "minQty")) or None,
        min_notional=least or None,
        max_order_quantity=min(reading.number(lot, "maxQty"), reading.number(market, "maxQty")) or None,
        maker_fee=maker_fee,
        taker_fee=taker_fee,
    )

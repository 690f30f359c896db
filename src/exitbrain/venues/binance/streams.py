"""What the streams say, as events: orders, conditional orders, positions, prices."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from exitbrain.core.live.events import Event, OrderSeen, PositionSeen, PriceSeen
from exitbrain.core.market import Instrument
from exitbrain.venues.binance import reading

VENUE_ORDERS = {
    "autoclose-": "liquidated by the venue",
    "adl_autoclose": "reduced by the venue's auto-deleveraging",
    "settlement_autoclose-": "closed by the venue at settlement",
}


def stream_events(payload: Any, instruments: Mapping[str, Instrument], now: int) -> tuple[Event, ...]:
    """`instruments` by symbol; what concerns others is passed over, as are kinds of payload that are not known.

    Prices are those that are dealt at: aggTrade and kline give them, the mark gives none. InvalidInput for what cannot
    be read: belief may then be behind, and is to be read anew.
    """
    said = _data(payload)
    match said.get("e"):
        case "ORDER_TRADE_UPDATE":
            return _order(reading.mapping(said.get("o"), "o"), instruments)
        case "ALGO_UPDATE":
            return _algo(reading.mapping(said.get("o"), "o"), instruments)
        case "ACCOUNT_UPDATE":
            return _account(said, instruments)
        case "aggTrade" | "trade":
            return _price(said, "p", instruments)
        case "kline":
            row = reading.mapping(said.get("k"), "k")
            return _price(row, "c", instruments)
    return ()


def is_stream_over(payload: Any) -> bool:
    """The user stream's key has expired: nothing more comes, and what came meanwhile was not told."""
    return _data(payload).get("e") == "listenKeyExpired"


def told_of(payload: Any) -> tuple[str, str] | None:
    """A symbol and what a person should hear of it: the venue closed, or could not carry out, what was there."""
    said = _data(payload)
    row = said.get("o")
    if not isinstance(row, dict):
        return None
    if said.get("e") == "ALGO_UPDATE" and row.get("X") == "REJECTED":
        return str(row.get("s")), f"{row.get('caid')} was triggered and rejected: {row.get('rm') or 'no reason'}"
    if said.get("e") == "ORDER_TRADE_UPDATE":
        for prefix, words in VENUE_ORDERS.items():
            if str(row.get("c", "")).startswith(prefix) and row.get("x") in ("TRADE", "CALCULATED"):
                return str(row.get("s")), f"{row.get('l')} at {row.get('L')} {words}"
    return None


def _data(payload: Any) -> Mapping[str, Any]:
    """Combined streams wrap what they say."""
    said = reading.mapping(payload, "what the stream says")
    return reading.mapping(said["data"], "data") if "stream" in said and "data" in said else said


def _order(row: Mapping[str, Any], instruments: Mapping[str, Instrument]) -> tuple[Event, ...]:
    instrument = instruments.get(reading.text(row, "s"))
    if instrument is None:
        return ()
    of_conditional = row.get("ot") in reading.CONDITIONAL
    status = reading.plain_status(reading.text(row, "X"), of_conditional=of_conditional)
    filled = reading.lots(row, "z", instrument)
    average = reading.average(row, "ap", instrument)
    id_ = reading.text(row, "c")
    return (OrderSeen(key=instrument.symbol, id=id_, status=status, filled=filled, average=average),)


def _algo(row: Mapping[str, Any], instruments: Mapping[str, Instrument]) -> tuple[Event, ...]:
    instrument = instruments.get(reading.text(row, "s"))
    if instrument is None:
        return ()
    filled = reading.lots(row, "aq", instrument) if row.get("aq") else 0
    quantity = 0 if reading.flag(row, "cp") else reading.lots(row, "q", instrument)
    status = reading.algo_status(reading.text(row, "X"), quantity, filled)
    average = reading.average(row, "ap", instrument)
    id_ = reading.text(row, "caid")
    return (OrderSeen(key=instrument.symbol, id=id_, status=status, filled=filled, average=average),)


def _account(said: Mapping[str, Any], instruments: Mapping[str, Instrument]) -> tuple[Event, ...]:
    version = reading.whole(said, "T")
    rows = reading.mapping(said.get("a"), "a").get("P") or []
    seen = []
    for one in rows if isinstance(rows, list) else []:
        row = reading.mapping(one, "a position")
        instrument = instruments.get(reading.text(row, "s"))
        if instrument is None or row.get("ps", "BOTH") != "BOTH":
            continue
        lots = reading.lots(row, "pa", instrument)
        entry = reading.exact_ticks(row, "ep", instrument) if lots else Fraction(0)
        seen.append(PositionSeen(key=instrument.symbol, lots=lots, entry=entry, version=version))
    return tuple(seen)


def _price(row: Mapping[str, Any], name: str, instruments: Mapping[str, Instrument]) -> tuple[Event, ...]:
    instrument = instruments.get(reading.text(row, "s"))
    if instrument is None:
        return ()
    at = reading.ticks(row, name, instrument)
    return (PriceSeen(key=instrument.symbol, ticks=at),) if at > 0 else ()

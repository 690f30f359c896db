"""The venue's JSON as the core's numbers and words. What cannot be read is InvalidInput, whatever it is."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from exitbrain.core.live.client_ids import parsed_id
from exitbrain.core.live.events import Resting
from exitbrain.core.live.orders import OrderKind, Status
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import decimal_of
from exitbrain.errors import InvalidInput

SIDES = {"BUY": 1, "SELL": -1}
SIDE_WORDS = {side: word for word, side in SIDES.items()}

# Triggered by price, kept on the algo endpoint; a triggered one is no protection any more (nor a fill yet).
# A tuple: what is looked for in it comes from outside, and may be anything.
CONDITIONAL = ("STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET")
KINDS = {
    "STOP_MARKET": OrderKind.STOP_MARKET,
    "TAKE_PROFIT_MARKET": OrderKind.TAKE_PROFIT_MARKET,
    "TAKE_PROFIT": OrderKind.TAKE_PROFIT_MARKET,
    "LIMIT": OrderKind.LIMIT,
}
"""Others' stop-limits and trailing stops are left out: neither covers a position for certain, nor takes room."""

PLAIN_STATUS = {
    "NEW": Status.OPEN,
    "PARTIALLY_FILLED": Status.OPEN,
    "FILLED": Status.FILLED,
    "CANCELED": Status.CANCELED,
    "EXPIRED": Status.CANCELED,
    "EXPIRED_IN_MATCH": Status.CANCELED,
    "REJECTED": Status.REJECTED,
}
ALGO_STATUS = {
    "NEW": Status.OPEN,
    "TRIGGERING": Status.TRIGGERED,
    "TRIGGERED": Status.TRIGGERED,
    "CANCELED": Status.CANCELED,
    "EXPIRED": Status.CANCELED,
    "REJECTED": Status.REJECTED,
}


def mapping(value: object, what: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{what} is a {type(value).__name__}", accepted="a JSON object")
    return value


def text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise InvalidInput(f"{name} is {str(value)[:40]!r}", accepted="text")
    return value


def number(row: Mapping[str, Any], name: str) -> Decimal:
    """A number as text or as JSON number; empty text is 0, as the venue writes it."""
    value = row.get(name)
    return Decimal(0) if value == "" else decimal_of(value, name)


def whole(row: Mapping[str, Any], name: str) -> int:
    return int(number(row, name))


def flag(row: Mapping[str, Any], name: str) -> bool:
    value = row.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"{name} is {str(value)[:40]!r}", accepted="true or false")
    return value


def side(row: Mapping[str, Any], name: str) -> int:
    word = text(row, name)
    if word not in SIDES:
        raise InvalidInput(f"{name} is {word!r}", accepted="BUY or SELL")
    return SIDES[word]


def lots(row: Mapping[str, Any], name: str, instrument: Instrument) -> int:
    """Whole lots, cut toward zero: what is less than a lot no order can close."""
    exact = Fraction(number(row, name)) / Fraction(instrument.lot_size)
    return int(exact)


def average(row: Mapping[str, Any], name: str, instrument: Instrument) -> Fraction:
    """The price of all fills so far in ticks; 0 where nothing is said of it, since little hangs on it."""
    said = row.get(name)
    return exact_ticks(row, name, instrument) if said else Fraction(0)


def exact_ticks(row: Mapping[str, Any], name: str, instrument: Instrument) -> Fraction:
    return Fraction(number(row, name)) / Fraction(instrument.tick_size)


def ticks(row: Mapping[str, Any], name: str, instrument: Instrument) -> int:
    """The nearest tick."""
    return round(exact_ticks(row, name, instrument))


def algo_status(word: str, quantity: int, filled: int) -> Status:
    """FINISHED says only that nothing more comes. A word that is not known is doubt, never protection."""
    if word == "FINISHED":
        return Status.FILLED if filled and filled >= quantity else Status.CANCELED
    return ALGO_STATUS.get(word, Status.TRIGGERED)


def plain_status(word: str, *, of_conditional: bool) -> Status:
    status = PLAIN_STATUS.get(word, Status.TRIGGERED)
    return Status.TRIGGERED if of_conditional and status is Status.OPEN else status


def is_own(client_id: str, install: str | None) -> bool:
    """By its id; of this installation where one is given."""
    parsed = parsed_id(client_id)
    return parsed is not None and (install is None or parsed.install == install)


def resting_plain(row: Mapping[str, Any], instrument: Instrument, install: str | None) -> Resting | None:
    """A row of openOrders. A conditional order's child is listed here too, once it was triggered."""
    kind, original = text(row, "type"), row.get("origType")
    triggered = original in CONDITIONAL
    known = KINDS.get(str(original) if triggered else kind)
    if known is None:
        return None
    id_ = text(row, "clientOrderId")
    return Resting(
        id=id_,
        side=side(row, "side"),
        kind=known,
        level=ticks(row, "stopPrice" if triggered else "price", instrument),
        lots=lots(row, "origQty", instrument),
        filled=lots(row, "executedQty", instrument),
        close_position=flag(row, "closePosition"),
        reduce_only=flag(row, "reduceOnly"),
        own=is_own(id_, install),
        triggered=triggered,
    )


def resting_algo(row: Mapping[str, Any], instrument: Instrument, install: str | None) -> Resting | None:
    """A row of openAlgoOrders."""
    known = KINDS.get(text(row, "orderType"))
    if known is None:
        return None
    id_ = text(row, "clientAlgoId")
    closes = flag(row, "closePosition")
    return Resting(
        id=id_,
        side=side(row, "side"),
        kind=known,
        level=ticks(row, "triggerPrice", instrument),
        lots=0 if closes else lots(row, "quantity", instrument),
        filled=lots(row, "actualQty", instrument) if row.get("actualQty") else 0,
        close_position=closes,
        reduce_only=flag(row, "reduceOnly"),
        own=is_own(id_, install),
        triggered=text(row, "algoStatus") != "NEW",
    )

"""An account's fills become lifecycles (spec L7): rows are read and checked, steps found, fees told apart.

Where no instrument is given, tick and lot are the finest decimal steps seen. A given instrument's steps are refined
where a fill proves that they are too coarse, and the ledger's lot also where a base fee is finer than a venue lot.
Fees in a third asset need `fee_quote`, their worth in quote currency: a rate that nobody gave would be a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any, NamedTuple

from exitbrain.core.adjustments import AccountBooks
from exitbrain.core.assets import base_and_quote, fee_currency, is_inverse
from exitbrain.core.given import described, of_kind, several
from exitbrain.core.instants import microseconds
from exitbrain.core.lifecycle import Books, Fill, Lifecycle, fee_units, in_order
from exitbrain.core.market import Instrument
from exitbrain.core.names import unknown_name
from exitbrain.core.numbers import decimal_of, power_of_ten_denominator
from exitbrain.errors import InvalidInput, Problem

Instruments = Instrument | Mapping[str, Instrument] | Iterable[Instrument] | None

SIDES = {"buy": 1, "sell": -1}
REQUIRED = ("id", "symbol", "side", "qty", "price", "fee", "timestamp")
OPTIONAL = ("fee_asset", "fee_quote", "trigger_id", "category", "reason", "exit_fraction", "maker", "position_side")
KEYS = (*REQUIRED, *OPTIONAL)
_WIDEST = 40  # decimal places on either side of the point: more is no price of anything
_PROBLEMS_SHOWN = 20


class AccountFill(NamedTuple):
    """A checked row. Of `fee` (quote) and `base_fee` one is 0."""

    symbol: str
    fill_id: str
    time: int
    side: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    base_fee: Decimal
    trigger_id: str | None
    category: str | None
    reason: str | None
    exit_fraction: Decimal | None
    maker: bool
    position_side: str | None


def row_problem(row: int, found: str, accepted: str | None) -> Problem:
    return Problem(found=f"row {row + 1}: {found}", accepted=accepted)


def lifecycles_of_fills(
    rows: Iterable[Mapping[str, Any]],
    instruments: Instruments = None,
    problem_of: Callable[[int, str, str | None], Problem] = row_problem,
) -> list[Lifecycle]:
    """The lifecycles of all symbols, by opened_at, then symbol. Raises InvalidInput with one problem per bad row."""
    known = _instruments_by_symbol(instruments)
    by_position: dict[tuple[str, str | None], list[AccountFill]] = {}
    for fill in _checked(rows, problem_of):
        by_position.setdefault((fill.symbol, fill.position_side), []).append(fill)
    found: list[Lifecycle] = []
    for (symbol, _), fills in by_position.items():
        fills.sort(key=lambda fill: fill.time)
        found += _lifecycles_of_position(symbol, fills, known.get(symbol))
    return in_order(found)


def _lifecycles_of_position(symbol: str, fills: list[AccountFill], given: Instrument | None) -> list[Lifecycle]:
    instrument, venue_lots = ledger_instrument(symbol, fills, given)
    # Venues number the fills of each symbol from 1, so the symbol is part of what made the id.
    books = Books(symbol, instrument, run_id=re.sub(r"[^A-Za-z0-9._]+", "-", symbol))
    account = AccountBooks(books, venue_lots)
    tick, lot = Fraction(instrument.tick_size), Fraction(instrument.lot_size)
    for row in fills:
        fill = Fill(
            row.fill_id, row.time, row.side, int(Fraction(row.quantity) / lot), int(Fraction(row.price) / tick),
            fee_units(row.fee), row.trigger_id, row.category, row.reason, row.exit_fraction, row.maker,
        )  # fmt: skip
        account.take(fill, int(Fraction(row.base_fee) / lot))
    account.finish(is_lot_known=given is not None)
    return books.lifecycles


def ledger_instrument(symbol: str, fills: list[AccountFill], given: Instrument | None) -> tuple[Instrument, int]:
    """An instrument whose steps hold every number of these fills, and its lots in one venue lot."""
    base = given or Instrument(symbol=symbol, tick_size=Decimal(1), lot_size=Decimal(1))
    tick = _refined(base.tick_size, (fill.price for fill in fills))
    venue_lot = _refined(base.lot_size, (fill.quantity for fill in fills))
    lot = _refined(venue_lot, (fill.base_fee for fill in fills))
    return replace(base, symbol=symbol, tick_size=tick, lot_size=lot), int(Fraction(venue_lot) / Fraction(lot))


def _refined(step: Decimal, values: Iterable[Decimal]) -> Decimal:
    """The step itself where every value is a whole number of it, else the largest that also holds their decimals."""
    coarse = Fraction(step)
    ratios = [power_of_ten_denominator(value) for value in set(values)]
    if all((Fraction(*ratio) / coarse).denominator == 1 for ratio in ratios):
        return step
    seen = max(denominator for _, denominator in ratios)
    common = Fraction(gcd(coarse.numerator * seen, coarse.denominator), coarse.denominator * seen)
    return _exact_decimal(common)


def _exact_decimal(step: Fraction) -> Decimal:
    """A fraction whose denominator has only the factors 2 and 5, as its decimal."""
    places = 0
    while 10**places % step.denominator:
        places += 1
    return Decimal(step.numerator * 10**places // step.denominator).scaleb(-places)


def _instruments_by_symbol(instruments: Instruments) -> dict[str, Instrument]:
    if instruments is None:
        return {}
    if isinstance(instruments, Instrument):
        return {instruments.symbol: instruments}
    if isinstance(instruments, Mapping):
        return {symbol: of_kind(one, Instrument, f"instruments[{symbol!r}]") for symbol, one in instruments.items()}
    return {instrument.symbol: instrument for instrument in several(instruments, Instrument, "instruments")}


def _checked(
    rows: Iterable[Mapping[str, Any]], problem_of: Callable[[int, str, str | None], Problem]
) -> list[AccountFill]:
    fills: list[AccountFill] = []
    problems: list[Problem] = []
    rows_of_ids: dict[tuple[str, str], int] = {}
    if isinstance(rows, Mapping) or not isinstance(rows, Iterable):
        raise InvalidInput(f"fills are {described(rows)}", accepted="a list of mappings")
    for number, row in enumerate(rows):
        try:
            fill = read_row(row)
        except InvalidInput as refusal:
            problems += [problem_of(number, one.found, one.accepted) for one in refusal.problems]
            continue
        first = rows_of_ids.setdefault((fill.symbol, fill.fill_id), number)
        if first != number:
            found = f"id {fill.fill_id!r} of {fill.symbol} was given before"
            problems.append(problem_of(number, found, "each fill once, with an id of its own"))
        fills.append(fill)
    if problems:
        more = len(problems) - _PROBLEMS_SHOWN
        shown: list[Problem | str] = [*problems[:_PROBLEMS_SHOWN]]
        raise InvalidInput(*shown, *([f"and {more} more such rows"] if more > 0 else []))
    return fills


def read_row(row: Mapping[str, Any]) -> AccountFill:
    """One row, checked: a fee in base, quote or a third asset is told by the symbol."""
    if not isinstance(row, Mapping):
        raise InvalidInput(f"a fill is {described(row)}", accepted=f"a mapping with {', '.join(REQUIRED)}")
    unknown = [unknown_name(key, KEYS, "key") for key in row if key not in KEYS]
    if unknown:
        raise InvalidInput(*unknown)
    missing = [key for key in REQUIRED if _absent(row.get(key))]
    if missing:
        raise InvalidInput(f"{', '.join(missing)} missing", accepted=f"each of {', '.join(REQUIRED)}")
    symbol = str(row["symbol"]).strip()
    if is_inverse(symbol):
        raise InvalidInput(
            f"{symbol} is an inverse contract", accepted="symbols whose profit is in their quote currency"
        )
    side = SIDES.get(str(row["side"]).strip().lower())
    if side is None:
        raise InvalidInput(f"side is {row['side']!r}", accepted="buy or sell")
    quantity, price = _positive(row["qty"], "qty"), _positive(row["price"], "price")
    fee, base_fee = _fees(row, symbol)
    exit_fraction = row.get("exit_fraction")
    return AccountFill(
        symbol=symbol,
        fill_id=_identifier(row["id"]),
        time=microseconds(row["timestamp"]),
        side=side,
        quantity=quantity,
        price=price,
        fee=fee,
        base_fee=base_fee,
        trigger_id=_text(row.get("trigger_id")),
        category=_text(row.get("category")),
        reason=_text(row.get("reason")),
        exit_fraction=None if _absent(exit_fraction) else decimal_of(exit_fraction, "exit_fraction"),
        maker=row.get("maker") is True,
        position_side=_position_side(row.get("position_side")),
    )


def _fees(row: Mapping[str, Any], symbol: str) -> tuple[Decimal, Decimal]:
    """(quote fee, base fee) of a row."""
    fee, asset = _number(row["fee"], "fee"), _text(row.get("fee_asset"))
    currency = "quote" if asset is None else fee_currency(symbol, asset)
    if currency == "base":
        return Decimal(0), fee
    if currency == "quote" or fee == 0:
        return fee, Decimal(0)
    if not _absent(row.get("fee_quote")):
        return _number(row["fee_quote"], "fee_quote"), Decimal(0)
    base, quote = base_and_quote(symbol)
    raise InvalidInput(
        f"fee_asset {asset!r} is neither {base} nor {quote} of {symbol}",
        accepted=f"{base}, {quote}, or fee_quote: what the fee was worth in {quote}",
    )


def _number(value: object, name: str) -> Decimal:
    number = decimal_of(value, name)
    if number and not -_WIDEST <= number.adjusted() <= _WIDEST or int(number.as_tuple().exponent) < -_WIDEST:
        raise InvalidInput(f"{name} is {value!r}", accepted=f"at most {_WIDEST} digits on either side of the point")
    return number


def _positive(value: object, name: str) -> Decimal:
    number = _number(value, name)
    if number <= 0:
        raise InvalidInput(f"{name} is {value!r}", accepted="a number above 0")
    return number


def _absent(value: object) -> bool:
    """None, blank text, or the NaN that frames put where nothing is."""
    return (
        value is None or (isinstance(value, float) and value != value) or (isinstance(value, str) and not value.strip())
    )


def _text(value: object) -> str | None:
    return None if _absent(value) else str(value).strip()


def _position_side(value: object) -> str | None:
    """A hedged account holds a long and a short of one symbol at once: two positions, each with its own sets."""
    word = (_text(value) or "both").lower()
    if word not in ("long", "short", "both", "net"):
        raise InvalidInput(f"position_side is {value!r}", accepted="long, short or both")
    return word if word in ("long", "short") else None


def _identifier(value: object) -> str:
    """A whole float is what a frame makes of a whole number beside a gap."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()

"""Rows of an account's history as venues write them, into our fill columns.

Told apart by their columns alone: our own, Binance's exports (spot, older spot, futures), rows of Binance's API
(myTrades, userTrades) and trades of ccxt. Numbers stay the text that was written.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from exitbrain.core.account_fills import KEYS, REQUIRED
from exitbrain.core.assets import base_and_quote
from exitbrain.core.names import nearest
from exitbrain.errors import InvalidInput

Row = Mapping[str, Any]

_OWN_NAMES = {
    "fill_id": "id",
    "trade_id": "id",
    "time": "timestamp",
    "date": "timestamp",
    "quantity": "qty",
    "fees": "fee",
}
_BINANCE_TIMES = ("date(utc)", "time(utc)", "date (utc)", "time (utc)", "time", "date")
_TRUE = ("true", "1", "yes")


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFormat:
    """`columns` tell the format; `read` makes one of our rows, without an id where the venue gives none."""

    name: str
    columns: frozenset[str]
    read: Callable[[Row], dict[str, Any]]
    has_ids: bool = True


def format_of(columns: list[str]) -> FillFormat:
    """The format that these columns (in lower case) are of."""
    present = set(columns)
    for one in FORMATS:
        if one.columns <= present:
            return one
    renamed = {_OWN_NAMES.get(name, name) for name in present}
    missing = [name for name in REQUIRED if name not in renamed and name != "id"]
    if not missing:
        return OWN if "id" in renamed else OWN_WITHOUT_IDS
    guesses = [
        f"{missing_name} (is it {guess}?)" for missing_name in missing if (guess := nearest(missing_name, present))
    ]
    raise InvalidInput(
        f"columns {', '.join(columns) or 'none'} are of no known history of fills: no {', '.join(guesses or missing)}",
        accepted=f"our columns ({', '.join(REQUIRED)}), a Binance trade export or API rows, or ccxt trades",
    )


def _own(row: Row) -> dict[str, Any]:
    renamed = {_OWN_NAMES.get(name, name): value for name, value in row.items()}
    fill = {name: renamed[name] for name in KEYS if name in renamed}
    if "maker" in fill:
        fill["maker"] = str(fill["maker"]).strip().lower() in _TRUE
    return fill


def _binance_spot(row: Row) -> dict[str, Any]:
    """2024-03-15 14:23:47,BTCUSDT,BUY,68500.5,0.02351BTC,1610.458425USDT,0.00002351BTC: units are glued to numbers."""
    symbol = _word(row["pair"])
    fee, asset = _glued(row["fee"], symbol)
    return {
        "symbol": symbol,
        "side": row["side"],
        "qty": _glued(row["executed"], symbol)[0],
        "price": _glued(row["price"], symbol)[0],
        "fee": fee,
        "fee_asset": row.get("fee coin") or asset,
        "timestamp": _binance_time(row),
    }


def _binance_spot_before_2021(row: Row) -> dict[str, Any]:
    return {
        "symbol": _word(row["market"]),
        "side": row["type"],
        "qty": _plain_number(row["amount"]),
        "price": _plain_number(row["price"]),
        "fee": _plain_number(row["fee"]),
        "fee_asset": row["fee coin"],
        "timestamp": _binance_time(row),
    }


def _binance_futures(row: Row) -> dict[str, Any]:
    symbol = _word(row["symbol"])
    return {
        "symbol": symbol,
        "side": row["side"],
        "qty": _glued(row["quantity"], symbol)[0],
        "price": _glued(row["price"], symbol)[0],
        "fee": _glued(row["fee"], symbol)[0],
        "fee_asset": row["fee coin"],
        "timestamp": _binance_time(row),
        "position_side": row.get("position side"),
    }


def _binance_api(row: Row) -> dict[str, Any]:
    buyer = row.get("isbuyer", row.get("buyer"))
    maker = row.get("ismaker", row.get("maker"))
    side = row.get("side") or (None if buyer is None else "buy" if _is_true(buyer) else "sell")
    return {
        "id": row.get("id"),
        "symbol": row.get("symbol"),
        "side": side,
        "qty": row["qty"],
        "price": row.get("price"),
        "fee": row["commission"],
        "fee_asset": row["commissionasset"],
        "timestamp": row.get("time"),
        "maker": _is_true(maker),
        "position_side": row.get("positionside"),
    }


def _ccxt(row: Row) -> dict[str, Any]:
    fee, asset = _ccxt_fee(row)
    details = _mapping(row.get("info"))
    return {
        "id": row.get("id"),
        "symbol": row["symbol"],
        "side": row["side"],
        "qty": row["amount"],
        "price": row["price"],
        "fee": fee,
        "fee_asset": asset,
        "timestamp": row.get("timestamp") or row.get("datetime"),
        "maker": row.get("takerormaker") == "maker",
        "position_side": details.get("positionSide"),
    }


def _ccxt_fee(row: Row) -> tuple[Any, Any]:
    """ccxt gives `fee`, or several `fees`; flattened tables have fee.cost or fee_cost. No fee at all is 0."""
    fee = _mapping(row.get("fee"))
    several = [_mapping(one) for one in _sequence(row.get("fees"))]
    if not fee and several:
        currencies = {one.get("currency") for one in several}
        if len(currencies) > 1:
            raise InvalidInput(f"fees are in {', '.join(sorted(map(str, currencies)))}", accepted="fees of one asset")
        return sum((Decimal(str(one.get("cost") or 0)) for one in several), Decimal(0)), several[0].get("currency")
    cost = next((row[key] for key in ("fee.cost", "fee_cost") if not _blank(row.get(key))), fee.get("cost"))
    currency = next((row[key] for key in ("fee.currency", "fee_currency") if not _blank(row.get(key))), None)
    if _blank(cost):
        whole = row.get("fee")
        cost = 0 if _blank(whole) or isinstance(whole, Mapping | str) else whole
    return cost, currency or fee.get("currency")


def _mapping(value: Any) -> dict[str, Any]:
    parsed = _literal(value) if isinstance(value, str) else value
    return dict(parsed) if isinstance(parsed, Mapping) else {}


def _sequence(value: Any) -> list[Any]:
    parsed = _literal(value) if isinstance(value, str) else value
    return list(parsed) if isinstance(parsed, list | tuple) else []


def _literal(text: str) -> Any:
    """A cell that holds JSON, or the repr that pandas writes of a dict."""
    try:
        return json.loads(text, parse_float=Decimal)
    except ValueError:
        pass
    try:
        return ast.literal_eval(text) if len(text) < 20_000 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _binance_time(row: Row) -> str | None:
    text = next((row[name] for name in _BINANCE_TIMES if not _blank(row.get(name))), None)
    # Some exports write the year with two digits: 23-09-20 18:20:55.
    return f"20{text}" if text is not None and re.match(r"\d\d-\d\d-\d\d\b", str(text)) else text


def _glued(cell: Any, symbol: str) -> tuple[str, str | None]:
    """0.5BTC is 0.5 and BTC. The pair's own assets first: 0.51INCH of 1INCHUSDT is 0.5 1INCH, not 0.51 INCH."""
    text = _plain_number(cell)
    for asset in base_and_quote(symbol):
        number = text[: -len(asset)].strip()
        if text.upper().endswith(asset) and _is_number(number):
            return number, asset
    found = re.fullmatch(r"([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*([A-Za-z][\w.\-]*)?", text)
    return (found.group(1), found.group(2)) if found else (text, None)


def _plain_number(cell: Any) -> str:
    """Without the commas between thousands."""
    text = str(cell).strip()
    return text.replace(",", "") if re.match(r"[+-]?\d{1,3}(,\d{3})+(\D|$)", text) else text


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text) is not None


def _word(cell: Any) -> str:
    return "" if _blank(cell) else str(cell).strip()


def _is_true(value: Any) -> bool:
    return value is True or str(value).strip().lower() in _TRUE


def _blank(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and not value.strip())


OWN = FillFormat(name="our columns", columns=frozenset(REQUIRED), read=_own)
OWN_WITHOUT_IDS = FillFormat(name="our columns", columns=frozenset(REQUIRED), read=_own, has_ids=False)
FORMATS = (
    FillFormat(name="Binance API rows", columns=frozenset({"qty", "commission", "commissionasset"}), read=_binance_api),
    FillFormat(
        name="a Binance spot export", columns=frozenset({"pair", "executed", "fee"}), read=_binance_spot, has_ids=False
    ),
    FillFormat(
        name="an older Binance spot export",
        columns=frozenset({"market", "type", "amount", "total", "fee coin"}),
        read=_binance_spot_before_2021,
        has_ids=False,
    ),
    FillFormat(
        name="a Binance futures export",
        columns=frozenset({"symbol", "quantity", "fee", "fee coin"}),
        read=_binance_futures,
        has_ids=False,
    ),
    OWN,
    FillFormat(name="ccxt trades", columns=frozenset({"symbol", "side", "price", "amount", "cost"}), read=_ccxt),
)

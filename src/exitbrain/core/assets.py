"""Base and quote of a symbol as venues write it: BTCUSDT, BTC/USDT, BTC-USD, BTC/USDT:USDT, BTC-USDT-SWAP."""

from __future__ import annotations

import re
from typing import Literal

# Longest first, so that USDT is not read as a base ending and USD.
_QUOTES = (
    "BFUSD", "FDUSD", "BUSD", "DOGE", "EURI", "TUSD", "USD1", "USDC", "USDD", "USDE", "USDP",
    "USDT", "XUSD", "ARS", "AUD", "BNB", "BRL", "BTC", "CAD", "CHF", "COP", "CZK",
    "DAI", "DOT", "ETH", "EUR", "GBP", "IDR", "INR", "JPY", "KRW", "MXN", "NGN",
    "PLN", "RON", "RUB", "SOL", "TRX", "TRY", "UAH", "USD", "XRP", "ZAR",
)  # fmt: skip


def base_and_quote(symbol: str) -> tuple[str, str]:
    """Where no quote is known at its end, the whole symbol is the base and the quote is called quote."""
    pair = symbol.upper().partition(":")[0]
    parts = [part for part in re.split(r"[/\-_ ]", pair) if part]
    if len(parts) > 1:
        return parts[0], parts[1]
    name = parts[0] if parts else pair
    quote = next((quote for quote in _QUOTES if name.endswith(quote) and len(name) > len(quote)), None)
    return (name.removesuffix(quote), quote) if quote else (name, "quote")


def fee_currency(symbol: str, asset: str) -> Literal["base", "quote"] | None:
    """Whether a fee's asset is the base or the quote of a symbol; None for any other."""
    name, pair = asset.upper(), base_and_quote(symbol)
    if name in pair:
        return "base" if name == pair[0] else "quote"
    # A quote that is not in the table above still ends the symbol, and then the rest is the base.
    undivided = symbol.upper().isalnum() and len(symbol) > len(name) and pair[1] == "quote"
    if undivided and symbol.upper().startswith(name):
        return "base"
    return "quote" if undivided and symbol.upper().endswith(name) else None


def is_inverse(symbol: str) -> bool:
    """Quoted in one currency and paid in the base: BTCUSD_PERP, BTCUSD_240628, BTC/USD:BTC."""
    pair, _, settlement = symbol.upper().partition(":")
    if settlement:
        return settlement.partition("-")[0] == base_and_quote(pair)[0]
    return re.fullmatch(r"[A-Z0-9]+USD_(PERP|\d{6})", pair) is not None

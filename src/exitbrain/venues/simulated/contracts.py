"""A perpetual contract and the venue's filters for it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from exitbrain.core.market import Instrument

QUOTES = ("USDT", "USDC", "BUSD", "USD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """`band` is how far a limit price may lie beyond the mark, `maintenance` and `liquidation_fee` are fractions of
    the notional; `funding_rate` is paid by longs every eight hours."""

    instrument: Instrument
    base: str
    quote: str
    max_lots: int = 10**9
    market_max_lots: int = 10**8
    band: Decimal = Decimal("0.05")
    max_leverage: int = 125
    maintenance: Decimal = Decimal("0.004")
    liquidation_fee: Decimal = Decimal("0.0125")
    funding_rate: Decimal = Decimal(0)

    @property
    def symbol(self) -> str:
        return self.instrument.symbol

    @property
    def min_lots(self) -> int:
        least = self.instrument.min_quantity
        return 1 if least is None else max(1, -int(-least // self.instrument.lot_size))

    @property
    def min_notional(self) -> Decimal:
        return self.instrument.min_notional or Decimal(0)

    def notional(self, ticks: int, lots: int) -> Decimal:
        return self.instrument.money(ticks * abs(lots))


def assets_of(symbol: str) -> tuple[str, str]:
    """Base and quote of a symbol such as BTCUSDT; USDT where no known quote ends it."""
    for quote in QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol[: -len(quote)], quote
    return symbol, "USDT"

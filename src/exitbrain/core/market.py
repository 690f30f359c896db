"""What is traded, and the mode the market is in.

An `Instrument` turns decimals at the door into whole ticks and lots, and back. The smallest money is one tick × one
lot × the multiplier: a fill's price in ticks times its quantity in lots is money in that unit, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from fractions import Fraction

from exitbrain.core.numbers import Number, decimal_of
from exitbrain.errors import InvalidInput

FEE_STEP = Decimal("1e-8")


class MarketRegime(StrEnum):
    TREND = "TREND"
    RANGE = "RANGE"
    VOLATILE = "VOLATILE"
    CHOP = "CHOP"
    NORMAL = "NORMAL"


REGIME_ALIASES = {"TRENDING": MarketRegime.TREND, "RANGE_BOUND": MarketRegime.RANGE}


def known_regime(name: str) -> MarketRegime | None:
    """The canonical regime of a name or alias, None when it is unknown."""
    word = str(name).strip().upper()
    return REGIME_ALIASES.get(word) or (MarketRegime(word) if word in MarketRegime.__members__ else None)


_POSITIVE = ("tick_size", "lot_size", "min_quantity", "min_notional", "multiplier", "max_order_quantity")
_OPTIONAL = ("min_quantity", "min_notional", "max_order_quantity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Tick and lot are quote price and base quantity steps; fees are fractions of the notional."""

    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    min_quantity: Decimal | None = None
    min_notional: Decimal | None = None
    closing_exempt: bool = True
    multiplier: Decimal = Decimal(1)
    maker_fee: Decimal = Decimal("0.0002")
    taker_fee: Decimal = Decimal("0.0005")
    max_order_quantity: Decimal | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name in ("symbol", "closing_exempt"):
                continue
            given = getattr(self, field.name)
            if given is None and field.name in _OPTIONAL:
                continue
            value = decimal_of(given, f"instrument.{field.name}")
            if field.name in _POSITIVE and value <= 0:
                raise InvalidInput(f"instrument.{field.name} is {given}", accepted="a number above 0")
            if field.name in ("maker_fee", "taker_fee") and not -1 < value < 1:
                raise InvalidInput(f"instrument.{field.name} is {given}", accepted="a fraction such as 0.0005")
            object.__setattr__(self, field.name, value)

    @property
    def money_unit(self) -> Decimal:
        return self.tick_size * self.lot_size * self.multiplier

    def price(self, ticks: int) -> Decimal:
        return self.tick_size * ticks

    def quantity(self, lots: int) -> Decimal:
        return self.lot_size * lots

    def money(self, units: int) -> Decimal:
        return self.money_unit * units

    def lots_down(self, quantity: Number | Fraction) -> int:
        """Whole lots in a quantity, rounded down (spec Q3, Q5)."""
        exact = quantity if isinstance(quantity, Fraction) else decimal_of(quantity, "quantity")
        above, below = exact.as_integer_ratio()
        lot_above, lot_below = self.lot_size.as_integer_ratio()
        return above * lot_below // (below * lot_above)

    def stop_ticks(self, price: Number | Fraction, side: int) -> int:
        """A stop price in ticks, rounded toward the market: up for a long (+1), down for a short (-1)."""
        exact = price if isinstance(price, Fraction) else decimal_of(price, "price")
        above, below = exact.as_integer_ratio()
        tick_above, tick_below = self.tick_size.as_integer_ratio()
        return side * -((side * -above * tick_below) // (below * tick_above))

    def fee(self, ticks: int, lots: int, *, maker: bool) -> Decimal:
        """Fee of a fill, rounded to 1e-8, half to even (spec Q4)."""
        rate = self.maker_fee if maker else self.taker_fee
        return (self.money_unit * (ticks * abs(lots)) * rate).quantize(FEE_STEP, rounding=ROUND_HALF_EVEN)

    def meets_minimum(self, ticks: Fraction | int, lots: int) -> bool:
        """Whether an order of `lots` at `ticks` is one the venue takes: a price above 0, a lot, min_quantity,
        min_notional."""
        if lots < 1 or ticks <= 0:
            return False
        if self.min_quantity is None and self.min_notional is None:
            return True
        if self.min_quantity is not None and self.quantity(lots) < self.min_quantity:
            return False
        return self.min_notional is None or Fraction(self.money_unit) * ticks * lots >= Fraction(self.min_notional)

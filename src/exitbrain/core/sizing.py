"""How large an order is: computed at the fill, rounded down to a lot (spec F22, F34, F39, F50)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from exitbrain.core.guardrails import Limits
from exitbrain.core.intents import EntryTerms
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import floor_fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingRule:
    """risk: share of equity lost at the stop; fraction: of equity; notional: quote; quantity: base."""

    mode: str = "risk"
    value: Decimal = Decimal("0.01")


def sizing_of(terms: EntryTerms, rule: SizingRule) -> SizingRule:
    """The entry's own size, else the rule of the run."""
    for mode, value in (("quantity", terms.quantity), ("notional", terms.notional), ("risk", terms.risk)):
        if value is not None:
            return SizingRule(mode=mode, value=value)
    return rule


def lots_of(rule: SizingRule, instrument: Instrument, fill: int, stop: int, equity: Fraction) -> int:
    """Whole lots for a fill and a stop in ticks. Equity is quote money; no equity, no lots."""
    if rule.mode == "quantity":
        return _whole_lots(rule.value, instrument.lot_size)
    value = Fraction(rule.value)
    unit = Fraction(instrument.money_unit)
    if rule.mode == "notional":
        return floor_fraction(value / (unit * fill))
    if rule.mode == "fraction":
        return max(0, floor_fraction(equity * value / (unit * fill)))
    return max(0, floor_fraction(equity * value / (unit * abs(fill - stop))))


@lru_cache(maxsize=4096)
def _whole_lots(quantity: Decimal, lot_size: Decimal) -> int:
    return floor_fraction(Fraction(quantity) / Fraction(lot_size))


def lots_under_caps(
    limits: Limits,
    instrument: Instrument,
    fill: int,
    stop: int,
    equity: Fraction,
    symbol_exposure: Fraction,
    portfolio_exposure: Fraction,
) -> int | None:
    """The most lots that the caps of F39 allow, None without a cap. Exposures are quote money that stays open."""
    unit = Fraction(instrument.money_unit)
    caps = []
    if limits.max_position_risk_pct is not None:
        caps.append(equity * Fraction(limits.max_position_risk_pct) / 100 / (unit * abs(fill - stop)))
    for percent, open_exposure in (
        (limits.max_symbol_exposure_pct, symbol_exposure),
        (limits.max_portfolio_exposure_pct, portfolio_exposure),
    ):
        if percent is not None:
            caps.append((equity * Fraction(percent) / 100 - open_exposure) / (unit * fill))
    return max(0, min(map(floor_fraction, caps))) if caps else None


def lots_under_leverage(
    max_leverage: Decimal, instrument: Instrument, fill: int, equity: Fraction, portfolio_exposure: Fraction
) -> int:
    """The most lots that keep all open notional within leverage × equity."""
    room = Fraction(max_leverage) * equity - portfolio_exposure
    return max(0, floor_fraction(room / (Fraction(instrument.money_unit) * fill)))

"""What a plan may say about size: limits on entries (spec F39) and sizing rules by symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import StrEnum
from typing import Any

from exitbrain.core.numbers import Number, decimal_of
from exitbrain.errors import InvalidInput, Problem

DIRECTIONS = ("long", "short")
COUNTS = ("cooldown_bars", "max_entries_per_day")
LISTS = ("allowed_symbols", "allowed_directions", "allowed_categories")


class SizingMode(StrEnum):
    """RISK: share of equity lost at the stop. FRACTION: of equity. NOTIONAL: in quote. QUANTITY: in base."""

    RISK = "risk"
    FRACTION = "fraction"
    NOTIONAL = "notional"
    QUANTITY = "quantity"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLimits:
    """Guards that only entries meet; None is no limit. Percent: 2.5 is 2.5% of equity."""

    cooldown_bars: int | None = None
    max_daily_loss_pct: Number | None = None
    max_entries_per_day: int | None = None
    max_position_risk_pct: Number | None = None
    max_symbol_exposure_pct: Number | None = None
    max_portfolio_exposure_pct: Number | None = None
    daily_risk_budget_pct: Number | None = None
    allowed_symbols: tuple[str, ...] | None = None
    allowed_directions: tuple[str, ...] | None = None
    allowed_categories: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for name in self.names():
            given = getattr(self, name)
            if given is None:
                continue
            if name in LISTS:
                if isinstance(given, str) or not all(isinstance(word, str) for word in given):
                    raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted="a list of words", at=(name,)))
                object.__setattr__(self, name, tuple(str(word) for word in given))
                if name == "allowed_directions" and not set(given) <= set(DIRECTIONS):
                    raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted="long or short", at=(name,)))
            elif name in COUNTS:
                if isinstance(given, bool) or not isinstance(given, int) or given < 0:
                    accepted = "a whole number from 0"
                    raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted=accepted, at=(name,)))
            elif decimal_of(given, name) <= 0:
                raise InvalidInput(Problem(found=f"{name} is {given}", accepted="a number above 0", at=(name,)))

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))

    @classmethod
    def of(cls, given: Mapping[str, Any] | EntryLimits | None, name: str) -> EntryLimits:
        """Limits of a mapping; `name` is the key that it stands under."""
        if isinstance(given, EntryLimits):
            return given
        if given is not None and not isinstance(given, Mapping):
            raise InvalidInput(Problem(found=f"{name} is {given!r}", accepted="a mapping of limits", at=(name,)))
        unknown = [key for key in given or {} if key not in cls.names()]
        if unknown:
            found = f"unknown key {unknown[0]!r} in {name}"
            raise InvalidInput(Problem(found=found, accepted=", ".join(cls.names()), at=(name, str(unknown[0]))))
        return cls(**(given or {}))

    def stricter(self, other: EntryLimits) -> EntryLimits:
        """Both at once: the smaller cap, the longer cooldown, what both lists allow."""
        return EntryLimits(
            **{name: _stricter(name, getattr(self, name), getattr(other, name)) for name in self.names()}
        )


def _stricter(name: str, first: Any, second: Any) -> Any:
    if first is None or second is None:
        return second if first is None else first
    if name in LISTS:
        return tuple(word for word in first if word in second)
    pick = max if name == "cooldown_bars" else min
    return pick(first, second, key=decimal_of)


@dataclass(frozen=True, slots=True, kw_only=True)
class SizingRule:
    """Replaces the account's sizing for one symbol."""

    symbol: str
    mode: SizingMode
    value: Decimal

    def __post_init__(self) -> None:
        if not isinstance(self.symbol, str) or not self.symbol.strip():
            raise InvalidInput(Problem(found=f"symbol is {self.symbol!r}", accepted="a symbol", at=("symbol",)))
        try:
            object.__setattr__(self, "mode", SizingMode(self.mode))
        except ValueError:
            modes = ", ".join(SizingMode)
            raise InvalidInput(Problem(found=f"mode is {self.mode!r}", accepted=modes, at=("mode",))) from None
        value = decimal_of(self.value, "value")
        if value <= 0 or (self.mode is SizingMode.RISK and value > 1):
            accepted = "above 0 and at most 1 (a share of equity)" if self.mode is SizingMode.RISK else "above 0"
            raise InvalidInput(Problem(found=f"value is {self.value}", accepted=accepted, at=("value",)))
        object.__setattr__(self, "value", value)

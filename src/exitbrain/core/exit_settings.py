"""The `exits` section of a config: how plans are built where a position does not say it itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction

from exitbrain.core.market import MarketRegime, known_regime
from exitbrain.core.names import refuse_unknown_keys, unknown_name
from exitbrain.core.numbers import Number, decimal_of, fraction_of
from exitbrain.core.plans import number_of, risk_mode_of, word_of
from exitbrain.core.profiles import SUM_TOLERANCE
from exitbrain.errors import InvalidInput

AUTO = "auto"
DEFAULT_TEMPLATE: tuple[tuple[Number, Number], ...] = ((0.25, 0.5), (0.25, 1.0), (0.5, 2.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitSettings:
    """`default_stop_pct` is percent. `partial_template` holds [fraction, multiple of the legacy target]. A `regime`
    other than auto holds for every position."""

    use_profiles: bool = True
    strategy_id: str = "default"
    risk_mode: str = "NORMAL"
    regime: str = AUTO
    default_stop_pct: Number = 2.5
    partial_template: tuple[tuple[Number, Number], ...] = DEFAULT_TEMPLATE
    stop_atr_mult: Number | None = None
    time_stop_bars: int | None = None

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        if not isinstance(self.use_profiles, bool):
            raise InvalidInput(f"use_profiles is {self.use_profiles!r}", accepted="true or false")
        set_(self, "strategy_id", word_of(self.strategy_id, "strategy_id"))
        set_(self, "risk_mode", risk_mode_of(self.risk_mode))
        set_(self, "regime", _regime_word(self.regime))
        set_(self, "default_stop_pct", number_of(self.default_stop_pct, "default_stop_pct"))
        if not 0 < decimal_of(self.default_stop_pct) < 100:
            raise InvalidInput(f"default_stop_pct is {self.default_stop_pct}", accepted="percent, such as 2.5")
        set_(self, "partial_template", _template(self.partial_template))
        if self.stop_atr_mult is not None and decimal_of(self.stop_atr_mult, "stop_atr_mult") <= 0:
            raise InvalidInput(f"stop_atr_mult is {self.stop_atr_mult}", accepted="a number above 0")
        bars = self.time_stop_bars
        if bars is not None and (isinstance(bars, bool) or not isinstance(bars, int) or bars < 1):
            raise InvalidInput(f"time_stop_bars is {bars!r}", accepted="a whole number from 1")

    @classmethod
    def from_mapping(cls, config: Mapping[str, object] | None) -> ExitSettings:
        """Settings from a flat mapping; unknown keys are errors."""
        names = {item.name for item in fields(cls)}
        return cls(**refuse_unknown_keys(config or {}, names, "exits"))  # type: ignore[arg-type]  # checked above

    def regime_of(self, market_regime: str) -> MarketRegime | None:
        """The fixed regime, else the position's; None where that is unknown."""
        return known_regime(market_regime if self.regime == AUTO else self.regime)


def _regime_word(regime: object) -> str:
    if str(regime).strip().lower() == AUTO:
        return AUTO
    known = known_regime(str(regime))
    if known is None:
        raise InvalidInput(unknown_name(regime, [AUTO, *MarketRegime.__members__], "regime"))
    return known.value


def _template(rows: object) -> tuple[tuple[Number, Number], ...]:
    if not isinstance(rows, list | tuple) or not rows:
        raise InvalidInput(f"partial_template is {rows!r}", accepted="rows of [fraction, multiple of the target]")
    total = Fraction(0)
    previous = Fraction(0)
    for row in rows:
        if not isinstance(row, list | tuple) or len(row) != 2:
            raise InvalidInput(f"partial_template has {row!r}", accepted="rows of [fraction, multiple of the target]")
        fraction = fraction_of(row[0], "partial_template fraction")
        multiple = fraction_of(row[1], "partial_template multiple")
        if not 0 < fraction <= 1:
            raise InvalidInput(f"partial_template fraction is {row[0]}", accepted="above 0 and at most 1")
        if multiple <= previous:
            raise InvalidInput(f"partial_template multiple is {row[1]}", accepted="above 0 and rising from row to row")
        total += fraction
        previous = multiple
    if total > 1 + SUM_TOLERANCE:
        raise InvalidInput(f"partial_template sums to {float(total):.12g}", accepted="at most 1 for all rows together")
    return tuple((row[0], row[1]) for row in rows)

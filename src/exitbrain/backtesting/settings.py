"""What a run needs to know, in core's values; `wiring` makes it out of a config file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from exitbrain.core import walk as rules
from exitbrain.core.guardrails import Limits
from exitbrain.core.intents import EntryTerms
from exitbrain.core.market import MarketRegime
from exitbrain.core.numbers import Number
from exitbrain.core.sizing import SizingRule
from exitbrain.features.regime import RegimeThresholds

PATHS = {"adverse": rules.ADVERSE, "favorable": rules.FAVORABLE, "ohlc_nearest": rules.NEAREST}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """slippage is the fraction of the price as (numerator, denominator); regime None is read from the bars."""

    path: int = rules.ADVERSE
    fill_at_close: bool = False
    slippage: tuple[int, int] = (1, 10_000)
    through: bool = False
    spread_bps: float | None = None
    initial_cash: Decimal = Decimal(100_000)
    max_leverage: Decimal | None = None
    sizing: SizingRule = field(default_factory=SizingRule)
    sizing_by_symbol: Mapping[str, SizingRule] = field(default_factory=dict)
    max_adds: int = 0
    on_opposite: str = "reverse"
    independent: bool = False
    close_at_end: bool = True
    use_profiles: bool = True
    strategy_id: str = "default"
    risk_mode: str = "NORMAL"
    regime: MarketRegime | None = None
    base_stop: Fraction = Fraction(25, 1000)
    partial_template: tuple[tuple[Number, Number], ...] = ((0.25, 0.5), (0.25, 1.0), (0.5, 2.0))
    stop_atr_mult: Number | None = None
    time_stop_bars: int | None = None
    limits: Limits = field(default_factory=Limits)
    thresholds: RegimeThresholds = field(default_factory=RegimeThresholds)
    override_grade: str | None = "A"
    latch_scope: str = "portfolio"
    latch_clear_after: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryOrder:
    """A row of an entries file, bound to the bar at whose open it is taken."""

    bar: int
    row: int
    tag: str
    terms: EntryTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPayment:
    """A settlement inside bar `bar`; mark_price None: the bar's open."""

    bar: int
    rate: Decimal
    mark_price: Decimal | None = None

"""Every setting of a run with its default, from a file, a mapping and the environment.

    load_config("config.yaml", {"EXITBRAIN_EXITS__USE_PROFILES": "false"}).exits.use_profiles   # False

Numbers are exact decimals; only the thresholds of the regime, which meet float features, are floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from os import PathLike
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, GetJsonSchemaHandler, model_validator

from exitbrain.config.documents import Document, load_document
from exitbrain.config.environment import override
from exitbrain.config.faults import raise_problems, validated
from exitbrain.config.fields import (
    AS_TUPLE,
    OR_EMPTY,
    ChoiceField,
    Count,
    CountFromOne,
    Fraction,
    NotNegative,
    NumberField,
    Percent,
    Place,
    Positive,
    Section,
    Switch,
    Text,
    refuse,
)
from exitbrain.config.written import exact_number
from exitbrain.core.limits import DIRECTIONS, EntryLimits, SizingMode
from exitbrain.core.market import REGIME_ALIASES, MarketRegime
from exitbrain.core.profiles import SUM_TOLERANCE
from exitbrain.core.triggers import ConfidenceGrade, TriggerCategory

Fee = Annotated[Decimal, NumberField(above=-1, below=1)]
Threshold = Annotated[float, NumberField(at_least=0, convert=float)]
Share = Annotated[float, NumberField(at_least=0, at_most=1, convert=float)]
RegimeWord = Annotated[
    str,
    ChoiceField(
        ("auto", *MarketRegime),
        lambda word: "auto" if word.strip().lower() == "auto" else word.strip().upper(),
        tuple((alias, regime.value) for alias, regime in REGIME_ALIASES.items()),
    ),
]
RiskMode = Annotated[str, ChoiceField(("NORMAL", "CONSERVATIVE", "CRITICAL", "ESS_ACTIVE"), str.upper)]


class InstrumentSettings(Section):
    """What is traded; a tick or lot that is null is inferred from the candles."""

    symbol: Text | None = None
    """Symbol these values are for; null: any."""
    tick_size: Positive | None = None
    """Price step; null: inferred from the candle file."""
    lot_size: Positive | None = None
    """Quantity step; null: inferred from cash and price."""
    min_quantity: Positive | None = None
    """Smallest order quantity of the venue."""
    min_notional: Positive | None = None
    """Smallest order value of the venue, in quote currency."""
    max_order_quantity: Positive | None = None
    """Largest order quantity of the venue; a larger entry is cut to it."""
    closing_exempt: Switch = True
    """Whether closing what is left is exempt from the venue's minima."""
    multiplier: Positive = Decimal(1)
    """Contract multiplier."""
    maker_fee: Fee = Decimal("0.0002")
    """Fraction of the notional paid by resting orders."""
    taker_fee: Fee = Decimal("0.0005")
    """Fraction of the notional paid by market orders."""


class ExecutionSettings(Section):
    """How orders fill in a backtest."""

    path: Annotated[str, ChoiceField(("adverse", "favorable", "ohlc_nearest"))] = "adverse"
    """Which extreme of a bar comes first."""
    fill_at: Annotated[str, ChoiceField(("next_open", "close"))] = "next_open"
    """Where a decision made at a close fills."""
    slippage_bps: Annotated[Decimal, NumberField(at_least=0, below=10_000)] = Decimal(1)
    """Basis points that a market fill loses."""
    limit_fill: Annotated[str, ChoiceField(("touch", "through"))] = "touch"
    """Whether a limit fills when touched or only when passed by a tick."""
    spread_bps: NotNegative | None = None
    """Spread for guards and features where the candles have none."""


class SizingSettings(Section):
    """How large an entry is that brings no size of its own."""

    mode: Annotated[str, ChoiceField(tuple(SizingMode))] = "risk"
    """risk: share of equity lost at the stop; fraction: of equity; notional: in quote; quantity: in base."""
    value: Positive = Decimal("0.01")
    """What the mode asks for."""

    @model_validator(mode="after")
    def value_fits_mode(self) -> SizingSettings:
        if self.mode == "risk" and self.value > 1:
            found = f"value {self.value} with mode risk"
            raise refuse("at most 1: a share of equity", found, "value")
        return self


class AccountSettings(Section):
    """Cash, sizing, and what an entry does to an open position."""

    initial_cash: Positive = Decimal(100000)
    """Equity at the start, in quote currency."""
    max_leverage: Positive | None = None
    """Largest exposure as a multiple of equity; null: no limit."""
    sizing: Annotated[SizingSettings, OR_EMPTY] = SizingSettings()
    max_adds: Count = 0
    """How often a position may be scaled in."""
    on_opposite: Annotated[str, ChoiceField(("reverse", "exit", "ignore"))] = "reverse"
    """What an entry against an open position does."""
    independent: Switch = False
    """Every entry gets its own position."""
    close_at_end: Switch = True
    """Close what is open at the last close."""


def _template(value: Any) -> Any:
    """Rows of [fraction, multiple] whose fractions are at most the whole and whose multiples rise."""
    accepted = "a list of [fraction, multiple of the target], multiples ascending, fractions at most 1 in all"
    if not value or not isinstance(value, list | tuple):
        raise refuse(accepted)
    fraction, multiple = NumberField(above=0, at_most=1), NumberField(above=0)
    rows = []
    for row in value:
        if not isinstance(row, list | tuple) or len(row) != 2:
            raise refuse(accepted)
        rows.append((fraction.check(row[0]), multiple.check(row[1])))
    if sum(row[0] for row in rows) > 1 + Decimal(SUM_TOLERANCE.numerator) / SUM_TOLERANCE.denominator:
        raise refuse(accepted)
    if any(first[1] >= second[1] for first, second in zip(rows, rows[1:], strict=False)):
        raise refuse(accepted)
    return tuple(rows)


class ExitsSettings(Section):
    """How a position is left."""

    use_profiles: Switch = True
    """false: the legacy ladder."""
    strategy_id: Text = "default"
    """Strategy that profiles are selected for."""
    risk_mode: RiskMode = "NORMAL"
    """How much the stop distance is narrowed."""
    regime: RegimeWord = "auto"
    """auto: told from closed bars; else one fixed regime."""
    default_stop_pct: Percent = Decimal("2.5")
    """Stop distance in percent where nothing else gives one."""
    partial_template: Annotated[tuple[tuple[Fraction, Positive], ...], BeforeValidator(_template)] = (
        (Decimal("0.25"), Decimal("0.5")),
        (Decimal("0.25"), Decimal("1")),
        (Decimal("0.5"), Decimal("2")),
    )
    """Legacy ladder: [fraction, multiple of the take-profit target]."""
    stop_atr_mult: Positive | None = None
    """Stop distance in average true ranges."""
    time_stop_bars: CountFromOne | None = None
    """Leave after this many bars."""


class GuardrailsSettings(Section):
    """What must hold before an order is sent; null switches a guard off. Percent: 2.5 is 2.5%."""

    same_bar_veto: Switch = True
    min_hold_bars: Count = 0
    max_spread_bps: NotNegative | None = None
    min_liquidity: NotNegative | None = None
    """Smallest quote volume of the decision bar."""
    stale_after_bars: CountFromOne | None = 3
    min_trade: Switch = True
    cooldown_bars: Count = 0
    max_daily_loss_pct: Positive | None = None
    max_entries_per_day: Count | None = None
    max_position_risk_pct: Positive | None = None
    max_symbol_exposure_pct: Positive | None = None
    max_portfolio_exposure_pct: Positive | None = None
    daily_risk_budget_pct: Positive | None = None
    allowed_symbols: Annotated[tuple[Text, ...], AS_TUPLE] | None = None
    allowed_directions: Annotated[tuple[Annotated[str, ChoiceField(DIRECTIONS)], ...], AS_TUPLE] | None = None
    allowed_categories: Annotated[tuple[Annotated[str, ChoiceField(tuple(TriggerCategory))], ...], AS_TUPLE] | None = (
        None
    )

    @property
    def entry_limits(self) -> EntryLimits:
        """The part that a plan may tighten (spec F39)."""
        return EntryLimits(**{name: getattr(self, name) for name in EntryLimits.names()})


class RegimeSettings(Section):
    """Thresholds that tell the regime."""

    adx_trend: Threshold = 25.0
    adx_range: Threshold = 20.0
    er_trend: Share = 0.35
    er_chop: Share = 0.15
    vol_mult: Annotated[float, NumberField(above=0, convert=float)] = 2.0
    vol_window: CountFromOne = 200
    confirm_bars: CountFromOne = 3


class ArbitrationSettings(Section):
    entry_override_grade: Annotated[str, ChoiceField(tuple(ConfidenceGrade), str.upper)] | None = "A"
    """Entries of this grade or better outrank risk_off and below; null: never."""


class LatchSettings(Section):
    scope: Annotated[str, ChoiceField(("symbol", "portfolio"))] = "portfolio"
    clear_after_bars: CountFromOne = 12
    """Definite falses in a row that clear the latch."""


class WhipsawSettings(Section):
    window_bars: CountFromOne = 24
    """Bars after an exit in which a re-entry or recovery makes it a whipsaw."""


TIMEFRAMES = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")


class LiveSettings(Section):
    """How open positions are looked after (`exitbrain live`). A backtest passes this section over."""

    mode: Annotated[str, ChoiceField(("shadow", "paper", "live"), str.lower)] = "shadow"
    """shadow: says what it would send; paper: a simulated venue; live: real orders, after a consent."""
    venue: Annotated[str, ChoiceField(("binanceusdm",), str.lower)] = "binanceusdm"
    """Whose words the venue speaks."""
    symbols: Annotated[tuple[Text, ...], AS_TUPLE] | None = None
    """Which are looked after; null: all that have a position."""
    timeframe: Annotated[str, ChoiceField(TIMEFRAMES)] = "5m"
    """Of the bars that regime, trails and rules see."""
    plan: Place | None = None
    """A plan file whose exit rules run."""
    profiles: Place | None = None
    """A file of profiles on top of the defaults."""
    policy: Annotated[str, ChoiceField(("adopt", "alert", "ignore"), str.lower)] = "adopt"
    """What becomes of a position that is found: a stop and a plan; a word; nothing."""
    rollout_pct: Annotated[int, NumberField(whole=True, at_least=0, at_most=100)] = 100
    """How many of a hundred symbols are looked after; which ones is told by their names."""
    candles: Annotated[tuple[Place, ...], AS_TUPLE] | None = None
    """Candle files of the simulated venue in paper mode; null: the demo's."""
    url: Place | None = None
    """Where the venue answers; null: Binance itself, and in paper mode a simulated venue in this process."""
    stream_url: Place | None = None
    """Where its streams are; null: beside url."""
    speed: Annotated[Decimal, NumberField(above=0, at_most=100_000)] | None = None
    """How fast the simulated venue's time runs; null: four bars a second for the demo's candles, else as the clock."""
    disaster_pct: Percent = Decimal(10)
    """How far from the entry the last stop stands, in percent."""
    flatten_when_naked_s: Positive | None = None
    """Close a position that had no stop at the venue for so many seconds; null: never."""
    close_position_stops: Switch = True
    """Whether the last stop is one that closes whatever is open."""
    alerts: Annotated[tuple[Text, ...], AS_TUPLE] = ()
    """Where alerts go beside the log: Apprise URLs."""
    journal: Place | None = None
    """The journal: a file, beside the config where its path is relative, or a PostgreSQL URL; null: a file in the home
    folder."""
    watchdog: Switch = True
    """Whether a second process stands by that places the last stop where this one does not."""
    serve: Switch = True
    """Whether the API and the web UI are served beside it."""
    port: Annotated[int, NumberField(whole=True, at_least=1, at_most=65535)] = 8321
    """Their port."""


def _one_or_many(value: Any) -> Any:
    if value is None:
        return ({},)
    if isinstance(value, list | tuple):
        return tuple(value)
    return (value,)


class _OneOrMany:
    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


class Settings(Section):
    """Configuration of Exit Brain. Any subset of the keys may be given."""

    instrument: Annotated[tuple[InstrumentSettings, ...], BeforeValidator(_one_or_many), _OneOrMany()] = (
        InstrumentSettings(),
    )
    """One instrument, or a list with one per symbol."""
    execution: Annotated[ExecutionSettings, OR_EMPTY] = ExecutionSettings()
    account: Annotated[AccountSettings, OR_EMPTY] = AccountSettings()
    exits: Annotated[ExitsSettings, OR_EMPTY] = ExitsSettings()
    guardrails: Annotated[GuardrailsSettings, OR_EMPTY] = GuardrailsSettings()
    regime: Annotated[RegimeSettings, OR_EMPTY] = RegimeSettings()
    arbitration: Annotated[ArbitrationSettings, OR_EMPTY] = ArbitrationSettings()
    latch: Annotated[LatchSettings, OR_EMPTY] = LatchSettings()
    whipsaw: Annotated[WhipsawSettings, OR_EMPTY] = WhipsawSettings()
    live: Annotated[LiveSettings, OR_EMPTY] = LiveSettings()
    seed: Annotated[int, NumberField(whole=True, at_least=0)] = Field(0, description="Seed of all dice.")

    @model_validator(mode="after")
    def symbols_differ(self) -> Settings:
        symbols = [row.symbol for row in self.instrument]
        if len(symbols) != 1 and (None in symbols or len(set(symbols)) != len(symbols) or not symbols):
            raise refuse("a different symbol in each entry", "instrument lists a symbol twice, or none", "instrument")
        return self

    def instrument_for(self, symbol: str) -> InstrumentSettings:
        """The entry of this symbol, else the one for any, else the defaults."""
        for row in self.instrument:
            if row.symbol == symbol:
                return row
        return next((row for row in self.instrument if row.symbol is None), InstrumentSettings())

    def to_dict(self, *, live: bool = False) -> dict[str, Any]:
        """Every key in the order of the models; numbers plain, as text where no float is that decimal.

        The section `live` is left out unless asked for: a run does not depend on it, and neither does its id.
        """
        names = [name for name in type(self).model_fields if live or name != "live"]
        rows: dict[str, Any] = {name: _plain(getattr(self, name)) for name in names}
        if len(self.instrument) == 1:
            rows["instrument"] = rows["instrument"][0]
        return rows


def _plain(value: Any) -> Any:
    match value:
        case BaseModel():
            return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        case tuple():
            return [_plain(inner) for inner in value]
        case Decimal():
            number = exact_number(format(value, "f"))
            if isinstance(number, float) and number.is_integer() and abs(number) < 2**53:
                return int(number)
            return format(number, "f") if isinstance(number, Decimal) else number
        case _:
            return value


def load_config(
    source: str | PathLike[str] | Mapping[str, Any] | Settings | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from a file or mapping, with what the environment overrides (spec F47)."""
    if isinstance(source, Settings):
        if not environment:
            return source
        source = source.to_dict(live=True)
    document = Document(content={}) if source is None else load_document(source, wanted="a config")
    if environment:
        override(document, environment, Settings)
    settings = validated(Settings, document)
    raise_problems(document)
    assert settings is not None
    return settings

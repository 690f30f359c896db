"""A profile applied to one position: what is asked (`ExitContext`) and what comes out (`ExitPlan` of `ExitLeg`s).

Fractions of the entry price are signed toward profit on both sides: a target's `trigger_pct` is positive, a stop's
negative, for longs and shorts alike. Prices are floats to look at: each is the float nearest to the exact level, so
with an instrument `decimal_of(leg.trigger_price)` is the rounded price itself (spec Q5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from exitbrain.core.ladder import RISK_MODE_FACTOR
from exitbrain.core.market import Instrument, MarketRegime, known_regime
from exitbrain.core.names import unknown_name
from exitbrain.core.numbers import Number, decimal_of
from exitbrain.errors import InvalidInput

PLAN_LIFE = timedelta(hours=24)
_SIDES = {"LONG": "LONG", "BUY": "LONG", "SHORT": "SHORT", "SELL": "SHORT"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ExitKind(StrEnum):
    TP = "TP"
    SL = "SL"
    TRAIL = "TRAIL"
    EMERGENCY = "EMERGENCY"


def number_of(value: object, name: str) -> int | float | Decimal:
    """A finite number as it was given; a string becomes the float that is written the same, else a Decimal."""
    if isinstance(value, bool):
        raise InvalidInput(f"{name} is {value}", accepted="a number")
    exact = decimal_of(value, name)
    if isinstance(value, int | float | Decimal):
        return value
    nearby = float(exact)
    return nearby if decimal_of(nearby) == exact else exact


def _positive(value: object, name: str) -> Number:
    number = number_of(value, name)
    if decimal_of(number) <= 0:
        raise InvalidInput(f"{name} is {value}", accepted="a number above 0")
    return number


def _unit(value: object, name: str, *, zero: bool = False, one: bool = False, example: str) -> Number:
    number = number_of(value, name)
    exact = decimal_of(number)
    if exact < 0 or exact > 1 or (exact == 0 and not zero) or (exact == 1 and not one):
        raise InvalidInput(f"{name} is {value}", accepted=f"a fraction such as {example}")
    return number


def word_of(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(f"{name} is {value!r}", accepted="a word")
    return value.strip()


def side_of(value: object) -> str:
    """LONG or SHORT, from long, buy, short or sell in any case."""
    side = _SIDES.get(str(value).strip().upper())
    if side is None:
        raise InvalidInput(f"side is {value!r}", accepted="LONG or SHORT")
    return side


def risk_mode_of(value: object) -> str:
    mode = str(value).strip().upper()
    if mode not in RISK_MODE_FACTOR:
        raise InvalidInput(unknown_name(value, RISK_MODE_FACTOR, "risk_mode"))
    return mode


def instant_of(value: object, name: str = "now") -> datetime:
    """An aware UTC instant, from one or from epoch microseconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidInput(f"{name} is {value.isoformat()} without a time zone", accepted="an aware datetime")
        return value.astimezone(UTC)
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return _EPOCH + timedelta(microseconds=value)
        except OverflowError:
            raise InvalidInput(f"{name} is {value}", accepted="epoch microseconds") from None
    raise InvalidInput(f"{name} is {value!r}", accepted="an aware datetime or epoch microseconds")


@dataclass(frozen=True, slots=True)
class ExitContext:
    """One open position and what is known around it. `unrealized_pnl_pct` and `stop_loss_pct` are percent, the hints
    and `max_loss` fractions (spec F1). With an `instrument` levels and quantities are what its venue takes."""

    symbol: str
    side: str
    entry_price: Number
    size: Number
    leverage: Number = 1
    current_price: Number | None = None
    unrealized_pnl_pct: Number = 0
    market_regime: str = "NORMAL"
    risk_mode: str = "NORMAL"
    rl_tp_hint: Number | None = None
    rl_sl_hint: Number | None = None
    rl_confidence: Number | None = None
    stop_price: Number | None = None
    stop_loss_pct: Number | None = None
    strategy_id: str | None = None
    volatility: Number | None = None
    trend: Number | None = None
    max_loss: Number | None = None
    atr: Number | None = None
    instrument: Instrument | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "symbol", word_of(self.symbol, "symbol"))
        set_(self, "side", side_of(self.side))
        set_(self, "risk_mode", risk_mode_of(self.risk_mode))
        set_(self, "market_regime", str(self.market_regime))
        for name in ("entry_price", "size", "leverage"):
            set_(self, name, _positive(getattr(self, name), name))
        for name in ("current_price", "stop_price", "stop_loss_pct", "atr"):
            if getattr(self, name) is not None:
                set_(self, name, _positive(getattr(self, name), name))
        set_(self, "unrealized_pnl_pct", number_of(self.unrealized_pnl_pct, "unrealized_pnl_pct"))
        for name, zero, one, example in (
            ("rl_tp_hint", False, False, "0.03 for 3%"),
            ("rl_sl_hint", False, False, "0.025 for 2.5%"),
            ("rl_confidence", True, True, "0.75"),
            ("max_loss", False, True, "0.025 for 2.5%"),
        ):
            if getattr(self, name) is not None:
                set_(self, name, _unit(getattr(self, name), name, zero=zero, one=one, example=example))
        for name in ("volatility", "trend"):
            if getattr(self, name) is not None:
                set_(self, name, number_of(getattr(self, name), name))
        if self.strategy_id is not None:
            set_(self, "strategy_id", word_of(self.strategy_id, "strategy_id"))
        if self.instrument is not None and not isinstance(self.instrument, Instrument):
            raise InvalidInput(f"instrument is {self.instrument!r}", accepted="an Instrument")
        if self.instrument is not None and self.instrument.symbol != self.symbol:
            raise InvalidInput(f"instrument of {self.instrument.symbol}", accepted=f"the instrument of {self.symbol}")

    @property
    def direction(self) -> int:
        """+1 for a long, -1 for a short."""
        return 1 if self.side == "LONG" else -1


@dataclass(frozen=True, slots=True)
class ExitLeg:
    """`size_pct` is a fraction of the quantity at opening; `profile_leg_index` counts a profile's targets from 0."""

    kind: ExitKind
    size_pct: Number
    trigger_price: Number | None = None
    trigger_pct: Number | None = None
    trail_callback: Number | None = None
    priority: int = 0
    reason: str = ""
    r_multiple: Number | None = None
    profile_leg_index: int | None = None
    metadata: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        try:
            set_(self, "kind", ExitKind(str(self.kind).strip().upper()))
        except ValueError:
            raise InvalidInput(unknown_name(self.kind, ExitKind.__members__, "leg kind")) from None
        set_(self, "size_pct", _unit(self.size_pct, "size_pct", one=True, example="0.25"))
        if self.trigger_price is not None:
            set_(self, "trigger_price", _positive(self.trigger_price, "trigger_price"))
        for name in ("trigger_pct", "r_multiple"):
            if getattr(self, name) is not None:
                set_(self, name, number_of(getattr(self, name), name))
        if self.trail_callback is not None:
            set_(self, "trail_callback", _unit(self.trail_callback, "trail_callback", example="0.015"))
        elif self.kind is ExitKind.TRAIL:
            raise InvalidInput("a TRAIL leg without trail_callback", accepted="trail_callback, such as 0.015")
        for name, least in (("priority", None), ("profile_leg_index", 0)):
            value = getattr(self, name)
            if value is None and name != "priority":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
                raise InvalidInput(
                    f"{name} is {value!r}", accepted="a whole number" + (" from 0" if least == 0 else "")
                )
        if not isinstance(self.reason, str):
            raise InvalidInput(f"reason is {self.reason!r}", accepted="text")
        if not isinstance(self.metadata, dict):
            raise InvalidInput(f"metadata is {self.metadata!r}", accepted="a mapping of names to values")
        set_(self, "metadata", dict(self.metadata))

    @property
    def covers_remaining(self) -> bool:
        """Whether the leg follows the position: it closes what is left, whatever has filled before."""
        return self.metadata.get("covers") == "remaining"


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """`notes` say what was compiled differently from the profile, `warnings` what was doubtful in the input."""

    symbol: str
    legs: tuple[ExitLeg, ...]
    strategy_id: str
    source: str
    reason: str
    confidence: Number = 1.0
    profile_name: str | None = None
    market_regime: str | None = None
    expires_at: datetime | None = None
    time_stop_bars: int | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "symbol", word_of(self.symbol, "symbol"))
        if not isinstance(self.legs, Sequence) or not all(isinstance(leg, ExitLeg) for leg in self.legs):
            raise InvalidInput(f"legs is {self.legs!r}", accepted="a list of ExitLeg")
        set_(self, "legs", tuple(self.legs))
        closed = sum((decimal_of(leg.size_pct) for leg in self.legs_of(ExitKind.TP)), Decimal(0))
        if closed > 1 + Decimal("1e-9"):
            raise InvalidInput(f"the TP legs close {closed} of the position", accepted="at most 1 for all together")
        for name in ("strategy_id", "source"):
            set_(self, name, word_of(getattr(self, name), name))
        set_(self, "confidence", _unit(self.confidence, "confidence", zero=True, one=True, example="0.75"))
        if self.market_regime is not None:
            regime = known_regime(str(self.market_regime))
            if regime is None:
                raise InvalidInput(unknown_name(self.market_regime, MarketRegime.__members__, "market_regime"))
            set_(self, "market_regime", regime.value)
        if self.expires_at is not None:
            set_(self, "expires_at", instant_of(self.expires_at, "expires_at"))
        set_(self, "notes", tuple(self.notes))
        set_(self, "warnings", tuple(self.warnings))

    def legs_of(self, kind: ExitKind | str) -> tuple[ExitLeg, ...]:
        return tuple(leg for leg in self.legs if leg.kind == kind)

    @property
    def has_trailing(self) -> bool:
        return bool(self.legs_of(ExitKind.TRAIL))

    @property
    def has_emergency(self) -> bool:
        return bool(self.legs_of(ExitKind.EMERGENCY))

    def is_expired(self, now: datetime | int) -> bool:
        """Whether the plan must be rebuilt before it is placed; the instant of expiry counts as past."""
        return self.expires_at is not None and instant_of(now) >= self.expires_at

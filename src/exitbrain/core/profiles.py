"""Reusable exit recipes in R: take-profit legs, a trailing stop, and the options of spec P10 and P14.

R is the risk per unit at opening: the distance from the entry to the initial stop. A profile says how much of the
quantity at opening leaves at which multiple of it, and how the rest is followed. Numbers are kept as they were
given (a float stays a float to look at) and are computed with as the decimal that was written (spec Q5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction

from exitbrain.core.given import PRINTABLE, described, is_name, of_kind, several
from exitbrain.core.numbers import Number, decimal_of, fraction_of
from exitbrain.errors import InvalidInput, Problem

SUM_TOLERANCE = Fraction(1, 10**9)


class TPKind(StrEnum):
    """HARD: a market order triggered at the level. SOFT: a limit resting at the level."""

    HARD = "HARD"
    SOFT = "SOFT"


def _above(name: str, value: object, low: int, *, inclusive: bool = False) -> None:
    number = decimal_of(value, name)
    if number < low or (number == low and not inclusive):
        raise InvalidInput(f"{name} is {value}", accepted=f"{'at least' if inclusive else 'above'} {low}")


def _inside_unit(name: str, value: object, *, one: bool) -> None:
    number = decimal_of(value, name)
    if number <= 0 or number > 1 or (number == 1 and not one):
        raise InvalidInput(f"{name} is {value}", accepted=f"above 0 and {'at most' if one else 'below'} 1")


@dataclass(frozen=True, slots=True)
class TPProfileLeg:
    r_multiple: Number
    size_fraction: Number
    kind: TPKind = TPKind.HARD

    def __post_init__(self) -> None:
        _above("r_multiple", self.r_multiple, 0)
        _inside_unit("size_fraction", self.size_fraction, one=True)
        try:
            object.__setattr__(self, "kind", TPKind(str(self.kind).upper()))
        except ValueError:
            raise InvalidInput(f"kind is {self.kind!r}", accepted="HARD or SOFT") from None


@dataclass(frozen=True, slots=True)
class TrailingProfile:
    """callback_pct is a fraction of the peak price; the curve is [(R, callback from that R on), …]."""

    callback_pct: Number
    activation_r: Number
    tightening_curve: tuple[tuple[Number, Number], ...] = ()

    def __post_init__(self) -> None:
        _inside_unit("callback_pct", self.callback_pct, one=False)
        _above("activation_r", self.activation_r, 0, inclusive=True)
        points = []
        if not isinstance(self.tightening_curve, Sequence | None):
            found = f"tightening_curve is {described(self.tightening_curve)}"
            raise InvalidInput(found, accepted="pairs of [r, callback_pct]")
        for point in self.tightening_curve or ():
            if not isinstance(point, list | tuple) or len(point) != 2:
                raise InvalidInput(f"tightening_curve has {point!r}", accepted="pairs of [r, callback_pct]")
            _above("tightening_curve r", point[0], 0, inclusive=True)
            _inside_unit("tightening_curve callback_pct", point[1], one=False)
            points.append((point[0], point[1]))
        points.sort(key=lambda point: decimal_of(point[0]))
        widest = decimal_of(self.callback_pct)
        for i, (r, callback) in enumerate(points):
            if i and decimal_of(r) == decimal_of(points[i - 1][0]):
                raise InvalidInput(f"tightening_curve has {r}R twice", accepted="each R once")
            if decimal_of(callback) > widest:
                raise InvalidInput(
                    f"tightening_curve widens to {callback} at {r}R", accepted=f"callbacks of at most {widest} there"
                )
            widest = decimal_of(callback)
        object.__setattr__(self, "tightening_curve", tuple(points))

    def callback_at(self, r: Number) -> Number:
        """The callback at a peak of `r` R; thresholds are inclusive."""
        reached = fraction_of(r, "r")
        callback = self.callback_pct
        for threshold, tighter in self.tightening_curve:
            if reached >= fraction_of(threshold):
                callback = tighter
        return callback


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMove:
    """After take-profit leg `after_leg` (1-based) the stop moves: breakeven, previous_target, or an R value."""

    after_leg: int
    to: Number
    fees: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.after_leg, bool) or not isinstance(self.after_leg, int) or self.after_leg < 1:
            raise InvalidInput(f"after_leg is {self.after_leg!r}", accepted="a leg number from 1")
        if self.to not in ("breakeven", "previous_target"):
            try:
                decimal_of(self.to, "to")
            except InvalidInput:
                raise InvalidInput(
                    f"stop move to {self.to!r}", accepted="breakeven, previous_target or an R value"
                ) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStop:
    """Leave at the close where this many bars, or this duration, have passed since the opening bar."""

    bars: int | None = None
    duration: timedelta | None = None

    def __post_init__(self) -> None:
        if (self.bars is None) == (self.duration is None):
            raise InvalidInput("time_stop has neither or both of bars and duration", accepted="one of them")
        if self.bars is not None and (isinstance(self.bars, bool) or not isinstance(self.bars, int) or self.bars < 1):
            raise InvalidInput(f"time_stop bars is {self.bars!r}", accepted="a whole number from 1")
        if self.duration is not None and self.duration <= timedelta(0):
            raise InvalidInput(f"time_stop duration is {self.duration}", accepted="a duration above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class AtrTrail:
    """Chandelier exit (Le Beau): the stop trails `mult` average true ranges below the best price."""

    period: int = 14
    mult: Number = 3

    def __post_init__(self) -> None:
        if isinstance(self.period, bool) or not isinstance(self.period, int) or not 2 <= self.period <= 500:
            raise InvalidInput(f"atr_trail period is {self.period!r}", accepted="a whole number from 2 to 500")
        _above("atr_trail mult", self.mult, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """The callback is multiplied by ATR now ÷ ATR at entry, clamped to [min, max]."""

    min: Number = 0.5
    max: Number = 2

    def __post_init__(self) -> None:
        _above("adaptive min", self.min, 0)
        if decimal_of(self.max, "adaptive max") < decimal_of(self.min):
            raise InvalidInput(f"adaptive max is {self.max}", accepted=f"at least min ({self.min})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquidity:
    """Spec P14: market exits are cut to a share of the bar's volume; SOFT turns HARD where the spread is wide."""

    max_spread_bps: Number | None = None
    max_volume_share: Number | None = None

    def __post_init__(self) -> None:
        if self.max_spread_bps is not None:
            _above("liquidity max_spread_bps", self.max_spread_bps, 0)
        if self.max_volume_share is not None:
            _inside_unit("liquidity max_volume_share", self.max_volume_share, one=True)


_PARTS: dict[str, type] = {
    "trailing": TrailingProfile,
    "time_stop": TimeStop,
    "atr_trail": AtrTrail,
    "adaptive": Adaptive,
    "liquidity": Liquidity,
}


@dataclass(frozen=True, slots=True)
class TPProfile:
    name: str
    tp_legs: tuple[TPProfileLeg, ...]
    trailing: TrailingProfile | None = None
    description: str = ""
    stop_moves: tuple[StopMove, ...] = ()
    time_stop: TimeStop | None = None
    atr_trail: AtrTrail | None = None
    adaptive: Adaptive | None = None
    liquidity: Liquidity | None = None

    def __post_init__(self) -> None:
        where = f"profile {self.name!r}"
        if not is_name(self.name):
            raise InvalidInput(f"profile name is {self.name!r}", accepted=PRINTABLE)
        legs = several(self.tp_legs or (), TPProfileLeg, f"{where}: tp_legs")
        if not legs:
            raise InvalidInput(
                Problem(found=f"{where} has no take-profit leg", accepted="at least one", at=("tp_legs",))
            )
        legs = tuple(sorted(legs, key=lambda leg: decimal_of(leg.r_multiple)))
        for first, second in zip(legs, legs[1:], strict=False):
            if decimal_of(first.r_multiple) == decimal_of(second.r_multiple):
                found = f"{where} has two legs at {first.r_multiple}R"
                raise InvalidInput(Problem(found=found, accepted="each R once", at=("tp_legs",)))
        total = sum((fraction_of(leg.size_fraction) for leg in legs), Fraction(0))
        if total > 1 + SUM_TOLERANCE:
            found = f"{where}: size_fractions sum to {float(total):.12g}"
            raise InvalidInput(Problem(found=found, accepted="at most 1 for all legs together", at=("tp_legs",)))
        moves = several(self.stop_moves or (), StopMove, f"{where}: stop_moves")
        for move in moves:
            if move.after_leg > len(legs):
                found = f"{where}: stop move after leg {move.after_leg}"
                raise InvalidInput(Problem(found=found, accepted=f"a leg from 1 to {len(legs)}", at=("stop_moves",)))
        for name, kind in _PARTS.items():
            if getattr(self, name) is not None:
                of_kind(getattr(self, name), kind, f"{where}: {name}")
        if (self.atr_trail or self.adaptive) and self.trailing is None:
            raise InvalidInput(f"{where}: atr_trail or adaptive without trailing", accepted="a trailing section")
        object.__setattr__(self, "tp_legs", legs)
        object.__setattr__(self, "stop_moves", moves)

    @property
    def runner_fraction(self) -> Fraction:
        """What the take-profit legs leave, exactly; 0 where they take all (within 1e-9)."""
        rest = 1 - sum((fraction_of(leg.size_fraction) for leg in self.tp_legs), Fraction(0))
        return Fraction(0) if rest <= SUM_TOLERANCE else rest


def _legs(*rows: tuple[float, float, str]) -> tuple[TPProfileLeg, ...]:
    return tuple(TPProfileLeg(r, fraction, TPKind(kind)) for r, fraction, kind in rows)


DEFAULT_TREND_PROFILE = TPProfile(
    "TREND_DEFAULT",
    _legs((0.5, 0.15, "SOFT"), (1.0, 0.20, "HARD"), (2.0, 0.30, "HARD")),
    TrailingProfile(0.020, 1.5, ((3.0, 0.015), (5.0, 0.010))),
    "Trend-following",
)
DEFAULT_RANGE_PROFILE = TPProfile(
    "RANGE_DEFAULT", _legs((0.3, 0.30, "SOFT"), (0.6, 0.40, "HARD"), (1.0, 0.30, "HARD")), None, "Scalp mode"
)
DEFAULT_VOLATILE_PROFILE = TPProfile(
    "VOLATILE_DEFAULT",
    _legs((0.4, 0.25, "SOFT"), (0.8, 0.35, "HARD"), (1.5, 0.40, "HARD")),
    TrailingProfile(0.025, 1.0),
    "Wider stops",
)
DEFAULT_CHOP_PROFILE = TPProfile(
    "CHOP_DEFAULT", _legs((0.25, 0.40, "SOFT"), (0.5, 0.40, "HARD"), (0.75, 0.20, "HARD")), None, "Exit fast"
)
DEFAULT_NORMAL_PROFILE = TPProfile(
    "NORMAL_DEFAULT",
    _legs((0.5, 0.25, "SOFT"), (1.0, 0.25, "HARD"), (2.0, 0.50, "HARD")),
    TrailingProfile(0.015, 1.0, ((3.0, 0.010),)),
    "Default",
)

"""What features may be, by what they are: their ranges, and which of two can never be above the other.

Ranges hold for real prices, which are above 0. Where a position is open or not makes a difference to its features, so
ranges are those of a stance: flat, long or short.
"""

from __future__ import annotations

from dataclasses import dataclass

from exitbrain.core.intervals import NOT_NEGATIVE, POSITIVE, Interval
from exitbrain.core.market import MarketRegime
from exitbrain.core.possible_values import ANY_SIGN, Range
from exitbrain.core.rules import POSITION_FEATURES
from exitbrain.features.catalogue import Feature, feature_of

STANCES = ("flat", "long", "short")
_HUNDRED = Interval(low=0, high=100)
_FRACTION = Interval(low=0, high=1)

_INTERVALS: dict[str, Interval] = {
    **dict.fromkeys(("open", "high", "low", "close", "sma", "ema", "wma", "bb_upper", "bb_middle"), POSITIVE),
    **dict.fromkeys(("donchian_high", "donchian_low", "donchian_mid", "entry_price", "stop_price"), POSITIVE),
    **dict.fromkeys(("volume", "liquidity", "volume_sma", "atr", "bb_width", "realized_vol"), NOT_NEGATIVE),
    **dict.fromkeys(("rsi", "stoch_k", "stoch_d", "mfi", "adx", "plus_di", "minus_di"), _HUNDRED),
    "willr": Interval(low=-100, high=0),
    "roc": Interval(low=-100, low_open=True),
    "return": Interval(low=-1, low_open=True),
    "efficiency_ratio": _FRACTION,
    "hour_utc": Interval(low=0, high=23),
    "weekday_utc": Interval(low=0, high=6),
    "bars_held": NOT_NEGATIVE,
    "mfe_r": NOT_NEGATIVE,
    "mae_r": Interval(high=0),
    "position_fraction": Interval(low=0, high=1, low_open=True),
}
_NEVER_MISSING = frozenset({"open", "high", "low", "close", "regime", "hour_utc", "weekday_utc"})

# Each is never above those that follow it, at any bar; `n` stands for one number in both.
_ASCENDING = (
    ("donchian_low_n", "low", "open", "high", "donchian_high_n"),
    ("donchian_low_n", "low", "close", "high", "donchian_high_n"),
    ("donchian_low_n", "donchian_mid_n", "donchian_high_n"),
    ("bb_lower_n", "bb_middle_n", "bb_upper_n"),
)
_CHANNELS = {"donchian_high": 1, "donchian_low": -1}


@dataclass(frozen=True, slots=True)
class StanceRanges:
    """Ranges of all features where the position is flat, long or short (`exitbrain.core.possible_values.Ranges`)."""

    stance: str

    def of(self, name: str, *, past: bool) -> Range:
        if name in POSITION_FEATURES:
            # Rules know the position at the present bar only.
            return Range(values=_position(name, self.stance), may_miss=False, known=not past and self._supplies(name))
        feature = feature_of(name)
        if feature is None:
            return Range()
        if feature.family.name == "regime":
            return Range(values=frozenset(regime.value for regime in MarketRegime), may_miss=_may_miss(feature))
        return Range(values=_INTERVALS.get(feature.family.name, Interval()), may_miss=_may_miss(feature))

    def _supplies(self, name: str) -> bool:
        return self.stance != "flat" or name in ("position", "is_flat", "is_long", "is_short")

    def order(self, left: str, right: str) -> frozenset[int]:
        one, other = feature_of(left), feature_of(right)
        if one is None or other is None or one.timeframe != other.timeframe:
            return ANY_SIGN
        if _is_at_most(one, other):
            return frozenset({-1, 0})
        return frozenset({0, 1}) if _is_at_most(other, one) else ANY_SIGN


def _may_miss(feature: Feature) -> bool:
    return feature.family.name not in _NEVER_MISSING or feature.timeframe is not None


def _position(name: str, stance: str) -> Interval | frozenset[str] | frozenset[bool]:
    if name == "position":
        return frozenset({stance})
    if name.startswith("is_"):
        return frozenset({name == f"is_{stance}"})
    return _INTERVALS.get(name, Interval())


def _is_at_most(one: Feature, other: Feature) -> bool:
    names, others = _as_ordered(one), _as_ordered(other)
    for ladder in _ASCENDING:
        if names in ladder and others in ladder and ladder.index(names) < ladder.index(others):
            return not (one.numbers and other.numbers) or one.numbers == other.numbers
    if one.family.name == other.family.name in _CHANNELS:
        wider, narrower = max(one.numbers, other.numbers), min(one.numbers, other.numbers)
        # The highest of more bars is never below the highest of fewer.
        is_wider_above = _CHANNELS[one.family.name] > 0
        return (one.numbers, other.numbers) == ((narrower, wider) if is_wider_above else (wider, narrower))
    return False


def _as_ordered(feature: Feature) -> str:
    return f"{feature.family.name}_n" if feature.numbers else feature.family.name

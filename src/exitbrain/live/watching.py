"""One symbol's closed bars, as planner and decider see them: features bar by bar, equal to a backtest's columns."""

from __future__ import annotations

from collections.abc import Iterable

from exitbrain.core.market import MarketRegime, known_regime
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ProfileRegistry
from exitbrain.features.catalogue import feature_of
from exitbrain.features.lines import ClosedBar
from exitbrain.features.regime import RegimeThresholds
from exitbrain.features.streaming import StreamingFeatures

ALWAYS = ("atr_14", "regime")


def names_for_plans(registry: ProfileRegistry) -> set[str]:
    """What planning and trailing read: the regime, ATRs, and what a policy looks at."""
    periods = {_period(profile) for profile in registry.profiles.values()}
    asked = () if registry.policy is None else registry.policy.names
    return {*ALWAYS, *(f"atr_{period}" for period in periods if period), *(name for name in asked if feature_of(name))}


def _period(profile: TPProfile) -> int:
    return 0 if profile.atr_trail is None else profile.atr_trail.period


class LiveMarket:
    """`timeframe` in µs. Bars come in order; one that is not after the last is refused by `is_next`."""

    def __init__(
        self,
        timeframe: int,
        names: Iterable[str] = ALWAYS,
        *,
        default_spread_bps: float | None = None,
        thresholds: RegimeThresholds | None = None,
    ) -> None:
        self.timeframe = timeframe
        self.features = StreamingFeatures(
            sorted({*ALWAYS, *names}),
            timeframe=timeframe,
            default_spread_bps=default_spread_bps,
            thresholds=thresholds,
        )
        self.default_spread_bps = default_spread_bps
        self.thresholds = thresholds
        self.bar: ClosedBar | None = None
        self.before: ClosedBar | None = None

    def is_next(self, bar: ClosedBar) -> bool:
        return self.bar is None or bar.time > self.bar.time

    def take(self, bar: ClosedBar) -> None:
        assert self.is_next(bar), bar
        self.before, self.bar = self.bar, bar
        self.features.take(bar)

    def value(self, name: str) -> float | str | None:
        return self.features.latest.get(name)

    def atr(self, period: int = 14) -> float | None:
        value = self.value(f"atr_{period}")
        return value if isinstance(value, float) else None

    @property
    def regime(self) -> MarketRegime:
        """As at the last close; NORMAL before the first."""
        return known_regime(str(self.value("regime"))) or MarketRegime.NORMAL

    def spread_bps(self) -> float | None:
        known = None if self.bar is None else self.bar.spread_bps
        return self.default_spread_bps if known is None or known != known else known

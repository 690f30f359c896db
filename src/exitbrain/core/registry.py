"""Which profile manages a position: the most specific mapping for (symbol, strategy, regime) wins.

`"*"` is its own wildcard for each of the three. Score = 100·symbol + 10·strategy + 1·regime, so the eight patterns
rank 111 > 110 > 101 > 100 > 11 > 10 > 1 > 0; then the global default (*, *, NORMAL). Ties go to the last registered.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Values
from dataclasses import dataclass

from exitbrain.core.choosing import ProfilePolicy
from exitbrain.core.given import of_kind, word
from exitbrain.core.market import MarketRegime, known_regime
from exitbrain.core.profiles import (
    DEFAULT_CHOP_PROFILE,
    DEFAULT_NORMAL_PROFILE,
    DEFAULT_RANGE_PROFILE,
    DEFAULT_TREND_PROFILE,
    DEFAULT_VOLATILE_PROFILE,
    TPProfile,
)
from exitbrain.errors import InvalidInput

ANY = "*"
POLICY_SCORE = 1000  # above every mapping

DEFAULTS = (
    (DEFAULT_TREND_PROFILE, MarketRegime.TREND),
    (DEFAULT_RANGE_PROFILE, MarketRegime.RANGE),
    (DEFAULT_VOLATILE_PROFILE, MarketRegime.VOLATILE),
    (DEFAULT_CHOP_PROFILE, MarketRegime.CHOP),
    (DEFAULT_NORMAL_PROFILE, MarketRegime.NORMAL),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """One registration: these positions are managed by this profile."""

    profile: TPProfile
    symbol: str = ANY
    strategy_id: str = ANY
    regime: str = ANY

    def score(self, symbol: str, strategy_id: str, regime: str) -> int | None:
        """100·symbol + 10·strategy + 1·regime, None where the mapping does not fit."""
        total = 0
        for weight, own, asked in (
            (100, self.symbol, symbol),
            (10, self.strategy_id, strategy_id),
            (1, self.regime, regime),
        ):
            if own == ANY:
                continue
            if own != asked:
                return None
            total += weight
        return total


@dataclass(frozen=True, slots=True)
class Selection:
    """The chosen profile, for whom it was asked, and how specific the mapping was."""

    profile: TPProfile
    score: int
    symbol: str = ANY
    strategy_id: str = ANY
    regime: str = ANY

    def __str__(self) -> str:
        return (
            f"[TP PROFILES] Selected '{self.profile.name}' for {self.symbol}/{self.strategy_id}/{self.regime} "
            f"(specificity={self.score})"
        )


def _regime_word(regime: MarketRegime | str) -> str:
    if str(regime) == ANY:
        return ANY
    known = known_regime(str(regime))
    if known is None:
        raise InvalidInput(f"regime is {str(regime)!r}", accepted=f"one of {', '.join(MarketRegime)} or *")
    return known.value


class ProfileRegistry:
    """Mappings in the order of registration, on top of the five defaults unless `defaults=False`."""

    def __init__(self, *, defaults: bool = True) -> None:
        self._mappings: list[Mapping] = []
        self.policy: ProfilePolicy | None = None
        if defaults:
            self._mappings = [Mapping(profile=profile, regime=regime.value) for profile, regime in DEFAULTS]

    def __iter__(self) -> Iterator[Mapping]:
        return iter(self._mappings)

    def copy(self) -> ProfileRegistry:
        other = ProfileRegistry(defaults=False)
        other._mappings = list(self._mappings)
        other.policy = self.policy
        return other

    @property
    def profiles(self) -> dict[str, TPProfile]:
        return {mapping.profile.name: mapping.profile for mapping in self._mappings}

    def register(
        self,
        profile: TPProfile,
        symbol: str = ANY,
        strategy_id: str = ANY,
        regime: MarketRegime | str = ANY,
        replace: bool = False,
    ) -> None:
        """Add a mapping. A known name with other content is an error unless `replace`, which renews all of its
        mappings and counts them as registered last (spec P3, F48)."""
        profile = of_kind(profile, TPProfile, "profile")
        added = Mapping(
            profile=profile,
            symbol=word(symbol, "symbol"),
            strategy_id=word(strategy_id, "strategy_id"),
            regime=_regime_word(regime),
        )
        known = self.profiles.get(profile.name)
        if known is not None and known != profile:
            if not replace:
                raise InvalidInput(
                    f"two profiles named {profile.name!r} with different content",
                    accepted="another name, or replace=True",
                )
            renewed = [
                Mapping(profile=profile, symbol=m.symbol, strategy_id=m.strategy_id, regime=m.regime)
                for m in self._mappings
                if m.profile.name == profile.name
            ]
            self._mappings = [m for m in self._mappings if m.profile.name != profile.name] + renewed
        self._mappings = [m for m in self._mappings if m != added] + [added]

    def candidates(self, symbol: str, strategy_id: str, regime: MarketRegime | str) -> list[tuple[int, Mapping]]:
        """Every mapping that fits, best first, with its score."""
        word = _regime_word(regime)
        scored = [
            (score, order, mapping)
            for order, mapping in enumerate(self._mappings)
            if (score := mapping.score(symbol, strategy_id, word)) is not None
        ]
        scored.sort(key=lambda row: (-row[0], -row[1]))
        return [(score, mapping) for score, _, mapping in scored]

    def select(
        self, symbol: str, strategy_id: str = ANY, regime: MarketRegime | str = MarketRegime.NORMAL
    ) -> Selection:
        word = _regime_word(regime)
        ranked = self.candidates(symbol, strategy_id, word)
        if ranked:
            score, mapping = ranked[0]
            return Selection(mapping.profile, score, symbol, strategy_id, word)
        for mapping in reversed(self._mappings):
            if (mapping.symbol, mapping.strategy_id, mapping.regime) == (ANY, ANY, MarketRegime.NORMAL.value):
                return Selection(mapping.profile, 0, symbol, strategy_id, word)
        raise InvalidInput(
            f"no profile fits {symbol}/{strategy_id}/{word}", accepted="a registry with a (*, *, NORMAL) mapping"
        )

    def choose(
        self, symbol: str, strategy_id: str, regime: MarketRegime | str, values: Values[str, float | None]
    ) -> Selection:
        """What the policy chooses from `values`, features at the close before the opening; without one, `select`."""
        if self.policy is None:
            return self.select(symbol, strategy_id, regime)
        return Selection(self.policy.choose(values), POLICY_SCORE, symbol, strategy_id, _regime_word(regime))

"""What the rule language must know about features: their types, and the words that a text feature may hold."""

from __future__ import annotations

from typing import Protocol

from exitbrain.core.names import nearest
from exitbrain.core.rules.nodes import RuleType

# Supplied by the run at each decision. All but the first four are missing when flat (spec T4).
POSITION_FEATURES: dict[str, RuleType] = {
    "position": RuleType.TEXT,
    "is_flat": RuleType.BOOLEAN,
    "is_long": RuleType.BOOLEAN,
    "is_short": RuleType.BOOLEAN,
    "bars_held": RuleType.NUMBER,
    "unrealized_r": RuleType.NUMBER,
    "mfe_r": RuleType.NUMBER,
    "mae_r": RuleType.NUMBER,
    "entry_price": RuleType.NUMBER,
    "stop_price": RuleType.NUMBER,
    "position_fraction": RuleType.NUMBER,
}
KNOWN_WHEN_FLAT = frozenset({"position", "is_flat", "is_long", "is_short"})

POSITION_WORDS = ("flat", "long", "short")


class Catalogue(Protocol):
    """A closed set of feature names. A timeframe is that of the rule's bars, in microseconds."""

    def feature_type(self, name: str) -> RuleType | None:
        """None where the name is unknown."""

    def correction(self, name: str) -> str | None:
        """The known name that an unknown one was probably meant to be."""

    def words(self, name: str) -> tuple[str, ...] | None:
        """What a text feature may hold; None where that is open."""

    def advice(self, name: str) -> str | None:
        """What would be accepted in place of an unknown name, where that says more than a correction."""

    def problem_at(self, name: str, timeframe: int) -> str | None:
        """What would be accepted in place of a known feature that bars of this timeframe cannot give; None: they can."""


class FeatureNames:
    """A catalogue that is a table: names to types."""

    def __init__(self, types: dict[str, RuleType], words: dict[str, tuple[str, ...]] | None = None) -> None:
        self._types = types
        self._words = words or {}

    def feature_type(self, name: str) -> RuleType | None:
        return self._types.get(name)

    def correction(self, name: str) -> str | None:
        return nearest(name, self._types)

    def words(self, name: str) -> tuple[str, ...] | None:
        return self._words.get(name)

    def advice(self, name: str) -> str | None:
        return None

    def problem_at(self, name: str, timeframe: int) -> str | None:
        return None

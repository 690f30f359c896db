"""The risk-off latch: the set of its causes, on while one stands (spec D6, F15, F41).

`risk_regime_rule` and risk_off triggers with `latch: true` set it; each cause is cleared after its rule was definitely
false at `clear_after` decisions in a row. An unknown neither sets nor counts, and breaks the row. An operator sets and
clears it as well.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RULE = "risk_regime_rule"
OPERATOR = "operator"
PORTFOLIO = "*"
SET, CLEARED = "set", "cleared"


@dataclass(slots=True)
class Latch:
    """`standing` has, by symbol (PORTFOLIO where the scope is that), each cause with its definite falses in a row."""

    scope: str = "portfolio"
    clear_after: int = 12
    standing: dict[str, dict[str, int]] = field(default_factory=dict)

    def key(self, symbol: str) -> str:
        return PORTFOLIO if self.scope == "portfolio" else symbol

    def causes(self, symbol: str) -> frozenset[str]:
        return frozenset(self.standing.get(self.key(symbol), ()))

    def is_on(self, symbol: str) -> bool:
        return bool(self.standing.get(self.key(symbol)))

    def set(self, symbol: str, cause: str) -> bool:
        """Whether the cause was added now."""
        causes = self.standing.setdefault(self.key(symbol), {})
        added = cause not in causes
        causes[cause] = 0
        return added

    def answer(self, symbol: str, cause: str, truth: bool | None) -> str | None:
        """Count one answer of a cause's rule; `set` or `cleared` where that changed the latch."""
        if truth is True:
            return SET if self.set(symbol, cause) else None
        causes = self.standing.get(self.key(symbol), {})
        if cause not in causes:
            return None
        causes[cause] = causes[cause] + 1 if truth is False else 0
        if causes[cause] < self.clear_after:
            return None
        del causes[cause]
        return CLEARED

    def clear(self, symbol: str, cause: str) -> bool:
        """Whether the cause stood until now."""
        return self.standing.get(self.key(symbol), {}).pop(cause, None) is not None

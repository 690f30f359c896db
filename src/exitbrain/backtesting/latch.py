"""The risk-off latch of a run: the set of its causes, on while one stands (spec D6, F15, F41).

`risk_regime_rule` and risk_off triggers with `latch: true` set it; each cause is cleared after its rule was definitely
false at `clear_after` decisions in a row. An unknown neither sets nor counts, and breaks the row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

RULE = "risk_regime_rule"
PORTFOLIO = "*"


@dataclass(slots=True)
class Latch:
    scope: str = "portfolio"
    clear_after: int = 12
    causes: dict[str, set[str]] = field(default_factory=dict)
    falses: dict[tuple[str, str], int] = field(default_factory=dict)

    def key(self, symbol: str) -> str:
        return PORTFOLIO if self.scope == "portfolio" else symbol

    def is_on(self, symbol: str) -> bool:
        return bool(self.causes.get(self.key(symbol)))

    def set(self, symbol: str, cause: str) -> bool:
        """Whether the cause was added now."""
        causes = self.causes.setdefault(self.key(symbol), set())
        self.falses[self.key(symbol), cause] = 0
        if cause in causes:
            return False
        causes.add(cause)
        return True

    def answer(self, symbol: str, cause: str, truth: bool | None) -> str | None:
        """Count one answer of a cause's rule; `set` or `cleared` where that changed the latch."""
        if truth is True:
            return "set" if self.set(symbol, cause) else None
        place = self.key(symbol), cause
        self.falses[place] = self.falses.get(place, 0) + 1 if truth is False else 0
        causes = self.causes.get(place[0], set())
        if self.falses[place] >= self.clear_after and cause in causes:
            causes.remove(cause)
            return "cleared"
        return None

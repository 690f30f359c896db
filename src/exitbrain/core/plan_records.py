"""What is written down about a plan: the profile chosen, the profile used, the plan made, what was doubtful.

Core returns these values; a shell logs their text. The wording is a contract with those who search their logs.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from exitbrain.core.registry import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileUsed:
    profile_name: str
    symbol: str
    regime: str
    stop_fraction: Fraction

    def __str__(self) -> str:
        return (
            f"[EXIT BRAIN] Using profile '{self.profile_name}' for {self.symbol} "
            f"(regime={self.regime}, SL={percent(self.stop_fraction)})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCreated:
    legs: int
    strategy_id: str
    profile_name: str | None

    def __str__(self) -> str:
        return (
            f"[EXIT BRAIN] Plan created: {self.legs} legs, Strategy={self.strategy_id}, "
            f"Profile={self.profile_name or 'none'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlanActive:
    """A live position is planned from a profile."""

    symbol: str

    def __str__(self) -> str:
        return f"[EXIT BRAIN V3] {self.symbol}: Profile-based TP active"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanWarning:
    """The input was doubtful; the text says what was done instead."""

    symbol: str
    text: str

    def __str__(self) -> str:
        return f"[EXIT BRAIN] {self.symbol}: {self.text}"


PlanRecord = Selection | ProfileUsed | PlanCreated | LivePlanActive | PlanWarning


def percent(fraction: Fraction) -> str:
    """2.0%, 1.75%: at least one decimal, at most four."""
    text = f"{float(fraction * 100):.4f}".rstrip("0")
    return f"{text}0%" if text.endswith(".") else f"{text}%"

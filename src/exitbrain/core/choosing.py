"""A policy that chooses the profile of a position from what is known at the close before its opening.

Each arm is a profile with a linear expectation of its R: intercept + Σ weight · (feature − center) ÷ scale. The highest
expectation wins, of equal ones the first. Where a feature is missing the base manages the position. A feature counts at
most four scales from its center, so that a market never seen before cannot make an expectation run away.

A policy chooses once, at the opening. The initial stop comes from the stop rules and not from a profile, and whatever
profile is chosen can only tighten it: no choice loosens a stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exitbrain.core.profiles import TPProfile
from exitbrain.errors import InvalidInput

SIDE = "side"  # +1 for a long, −1 for a short; all other features are those of a bar
FARTHEST = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFeature:
    name: str
    center: float
    scale: float

    def standard(self, value: float) -> float:
        return min(max((value - self.center) / self.scale, -FARTHEST), FARTHEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyArm:
    """Weights in the order of the policy's features."""

    profile: TPProfile
    intercept: float
    weights: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfilePolicy:
    base: TPProfile
    features: tuple[PolicyFeature, ...]
    arms: tuple[PolicyArm, ...]

    def __post_init__(self) -> None:
        if not self.arms:
            raise InvalidInput("policy has no arm", accepted="at least one")
        for arm in self.arms:
            if len(arm.weights) != len(self.features):
                found = f"arm {arm.profile.name} has {len(arm.weights)} weights"
                raise InvalidInput(found, accepted=f"one for each of the {len(self.features)} features")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    def expectations(self, values: Mapping[str, float | None]) -> tuple[float, ...] | None:
        """Of each arm, in R; None where a feature is missing."""
        standard = []
        for feature in self.features:
            value = values.get(feature.name)
            if value is None or value != value:
                return None
            standard.append(feature.standard(value))
        return tuple(
            arm.intercept + sum(weight * value for weight, value in zip(arm.weights, standard, strict=True))
            for arm in self.arms
        )

    def choose(self, values: Mapping[str, float | None]) -> TPProfile:
        expected = self.expectations(values)
        if expected is None:
            return self.base
        return self.arms[max(range(len(expected)), key=lambda arm: (expected[arm], -arm))].profile

"""The `policy` of a profiles file: which features decide which of its profiles manages a position.

policy:
  base: NORMAL_DEFAULT
  features:
  - {name: adx_14, center: 22.5, scale: 8.1}
  arms:
  - {profile: TIGHT, intercept: 0.02, weights: [0.11]}
  - {profile: NORMAL_DEFAULT, intercept: 0.05, weights: [-0.03]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from exitbrain.config.documents import Document
from exitbrain.config.faults import suggestion
from exitbrain.config.fields import AS_TUPLE, NumberField, Section, Text
from exitbrain.core.choosing import SIDE, PolicyArm, PolicyFeature, ProfilePolicy
from exitbrain.core.profiles import TPProfile
from exitbrain.errors import InvalidInput, Problem

Weight = Annotated[float, NumberField(convert=float)]


class PolicyFeatureModel(Section):
    """A number known at the close before an opening, and how it is made comparable."""

    name: Text
    """A feature of the market, or side: 1 for a long, -1 for a short."""
    center: Weight
    """What is taken off it."""
    scale: Annotated[float, NumberField(above=0, convert=float)]
    """What it is then divided by."""


class PolicyArmModel(Section):
    """What a profile is expected to make, in R."""

    profile: Text
    """Name of a profile of this file or of the defaults."""
    intercept: Weight
    """Expected R where every feature is at its center."""
    weights: Annotated[tuple[Weight, ...], AS_TUPLE]
    """R for one scale of each feature, in their order."""


class ProfilePolicyModel(Section):
    """Chooses the profile of every position at its opening; it never moves a stop."""

    base: Text
    """The profile where a feature is missing."""
    features: Annotated[tuple[PolicyFeatureModel, ...], AS_TUPLE]
    """What it looks at."""
    arms: Annotated[tuple[PolicyArmModel, ...], AS_TUPLE, Field(min_length=1, json_schema_extra={"minItems": 1})]
    """The profiles it chooses from; the highest expectation wins."""


def policy_from(
    model: ProfilePolicyModel, profiles: Mapping[str, TPProfile], document: Document
) -> ProfilePolicy | None:
    """None where it has faults, which the document then holds."""
    faults = [*_unknown_features(model, document), *_unknown_profiles(model, profiles, document)]
    document.problems.extend(faults)
    if faults:
        return None
    try:
        return ProfilePolicy(
            base=profiles[model.base],
            features=tuple(PolicyFeature(name=one.name, center=one.center, scale=one.scale) for one in model.features),
            arms=tuple(
                PolicyArm(profile=profiles[one.profile], intercept=one.intercept, weights=one.weights)
                for one in model.arms
            ),
        )
    except InvalidInput as error:
        document.problems.extend(
            document.problem(("policy", "arms"), problem.found, problem.accepted) for problem in error.problems
        )
        return None


def feature_problem(name: str) -> tuple[str, str] | None:
    """What is wrong with a feature that a policy shall look at, and what would be accepted."""
    from exitbrain.features.catalogue import CATALOGUE, feature_of

    if name == SIDE:
        return None
    feature = feature_of(name)
    if feature is None:
        guess = CATALOGUE.correction(name)
        return f"unknown feature {name}", f"did you mean {guess}?" if guess else "exitbrain features lists them"
    if feature.family.group == "position" or name.rpartition("_")[2] == "regime" or feature.family.name == "regime":
        return f"{name} is no number of the market", "a numeric feature of the bars, or side"
    return None


def _unknown_features(model: ProfilePolicyModel, document: Document) -> Iterator[Problem]:
    for i, one in enumerate(model.features):
        problem = feature_problem(one.name)
        if problem is not None:
            yield document.problem(("policy", "features", i, "name"), *problem)


def _unknown_profiles(
    model: ProfilePolicyModel, profiles: Mapping[str, TPProfile], document: Document
) -> Iterator[Problem]:
    named: list[tuple[tuple[str | int, ...], str]] = [(("policy", "base"), model.base)]
    named += [(("policy", "arms", i, "profile"), one.profile) for i, one in enumerate(model.arms)]
    for path, name in named:
        if name not in profiles:
            accepted = suggestion(name, tuple(profiles)) or f"one of {', '.join(profiles)}"
            yield document.problem(path, f"no profile is named {name}", accepted)


def policy_row(policy: ProfilePolicy) -> dict[str, Any]:
    """A policy as a profiles file holds it."""
    return {
        "base": policy.base.name,
        "features": [{"name": one.name, "center": one.center, "scale": one.scale} for one in policy.features],
        "arms": [
            {"profile": one.profile.name, "intercept": one.intercept, "weights": list(one.weights)}
            for one in policy.arms
        ],
    }

"""A/B experiments: sets assigned to arms by a stable hash, every set replayed under each arm."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from exitbrain.api.models.runs import RunInputs
from exitbrain.api.models.shapes import Answer, Asked, Loose, Page, Side, Time

State = Literal["running", "decided", "exhausted", "stopped", "failed"]
Decision = Literal["first", "second", "equal"]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Arm(Asked):
    """What an arm does otherwise than the run it shares with the other; nothing: the run as it is."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$", description="Letters, digits, - and _.")
    profiles: str | list[str] | Loose | None = Field(
        None, description="A kept profile as NAME or NAME@2, several of them, or a profiles file as text or content."
    )
    config: str | Loose | None = Field(None, description="Settings over those of the run, as text or content.")
    plan: str | Loose | None = Field(None, description="A plan instead of the run's, as text or content.")
    rewrite: Literal["none", "emergency_only"] | None = Field(
        None, description="emergency_only: every risk_reduce and risk_off leaves in full."
    )
    weight: float = Field(1.0, gt=0, le=1000, description="Share of the sets, relative to the other arm.")


class ExperimentRequest(Asked):
    name: Name
    arms: list[Arm] = Field(min_length=2, max_length=2)
    inputs: RunInputs | None = Field(None, description="What the arms are run over; or a source_run.")
    source_run: str | None = Field(
        None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$", description="A finished run whose entries are replayed."
    )
    alpha: float = Field(0.05, ge=0.01, le=0.2, description="The error rate that holds however often one looks.")
    salt: str = Field("", max_length=100, description="Goes into the hash that assigns a set.")
    min_sets: int = Field(30, ge=1, le=1_000_000, description="No verdict before so many sets.")
    max_sets: int | None = Field(None, ge=1, le=10_000_000, description="Ends without a verdict after so many.")
    futility_margin: float | None = Field(
        None, gt=0, le=10, description="In R: once the difference is within it on either side, it does not matter."
    )


class ExperimentSummary(Answer):
    experiment_id: str
    name: str
    state: State = Field(
        description="running: the replay is under way. decided: the stop rule has spoken. exhausted: all sets are seen "
        "and it has not. stopped: by hand. failed: see error."
    )
    arms: list[str]
    created_at: Time
    stopped_at: Time | None
    num_sets: int = Field(description="Sets that both arms closed with a known risk.")
    verdict: str | None = Field(description="In words; null until the replay is done.")
    decision: Decision | None = Field(description="The better arm, or equal: within the futility margin.")
    progress: float | None = Field(description="Share of the replay that is done, while it runs.")
    error: str | None


class ExperimentPage(Page[ExperimentSummary]):
    pass


class ArmResult(Answer):
    name: str
    changes: Loose = Field(description="What the arm was given: profiles, config, plan, rewrite.")
    weight: float
    num_assigned: int = Field(description="Sets that the hash gave it.")
    net_r_mean: float | None = Field(description="Over all sets, replayed under it.")
    net_r_assigned_mean: float | None = Field(description="Over the sets assigned to it alone.")


class Difference(Answer):
    """First − second arm in R a set, with its always-valid interval; a bound is null where there is none yet."""

    num_sets: int
    mean: float | None
    low: float | None
    high: float | None


class SequencePoint(Difference):
    """The paired difference at the end of a UTC day."""

    day: str = Field(description="ISO 8601 date.")


class ExperimentDetail(ExperimentSummary):
    alpha: float
    salt: str
    min_sets: int
    max_sets: int | None
    futility_margin: float | None
    source_run: str | None
    stopped_at_set: int | None = Field(description="Where the stop rule spoke.")
    results: list[ArmResult]
    paired: Difference | None = Field(description="Every set under both arms: the primary view, where it stopped.")
    assigned: Difference | None = Field(description="Each set under its own arm alone, weighted by its share.")
    share_better: float | None = Field(description="Of the sets, those that the first arm ended better.")
    share_worse: float | None
    sequence: list[SequencePoint] = Field(description="A point a day, also after the stop.")
    stop_rule: str
    run_id: str = Field(description="The job that replays the sets, a comparison of policies.")
    notes: list[str]


class ExperimentSet(Answer):
    """A set under both arms; R is null where an arm did not close it or its risk is unknown."""

    set: str = Field(description="The key that is hashed: symbol, side, time of opening, number among those alike.")
    symbol: str
    side: Side
    opened_at: Time
    arm: str = Field(description="The arm that the hash gave it.")
    first_r: float | None
    second_r: float | None
    difference_r: float | None
    first_exits: list[str] | None = Field(description="Reasons of its exits.")
    second_exits: list[str] | None


class ExperimentSetPage(Page[ExperimentSet]):
    pass


def given_of(asked: ExperimentRequest) -> dict[str, Any]:
    """As it was sent, so that a default that is written out asks for nothing else."""
    return asked.model_dump(exclude_defaults=True) | {
        "arms": [arm.model_dump(exclude_defaults=True) | {"name": arm.name} for arm in asked.arms],
        "name": asked.name,
    }

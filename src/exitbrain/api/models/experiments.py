"""A/B experiments: sets assigned to profiles by a stable hash, every set replayed under each arm."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exitbrain.api.models.runs import RunInputs
from exitbrain.api.models.shapes import Answer, Asked, Page, Time

State = Literal["running", "decided", "stopped", "exhausted"]


class Arm(Asked):
    name: str = Field(min_length=1, max_length=100)
    profiles: str | dict[str, object] = Field(description="A profile's name, or a profiles file as text or content.")
    weight: float = Field(1.0, gt=0, description="Share of the sets, relative to the other arms.")


class ExperimentRequest(Asked):
    name: str = Field(min_length=1, max_length=100)
    arms: list[Arm] = Field(min_length=2, max_length=2)
    inputs: RunInputs = Field(description="What the arms are run over; its own profiles are replaced by each arm's.")
    alpha: float = Field(0.05, gt=0, lt=0.5, description="The error rate that holds however often one looks.")
    salt: str = Field("", max_length=100, description="Goes into the hash that assigns a set.")
    min_sets: int = Field(30, ge=1, description="No verdict before so many sets.")
    max_sets: int | None = Field(None, ge=1, description="Stop without a verdict after so many.")


class ExperimentSummary(Answer):
    experiment_id: str
    name: str
    state: State
    arms: list[str]
    created_at: Time
    stopped_at: Time | None
    num_sets: int
    verdict: str | None


class ExperimentPage(Page[ExperimentSummary]):
    pass


class ArmResult(Answer):
    name: str
    profile: str | None
    weight: float
    num_assigned: int
    net_r_mean: float | None
    net_r_assigned_mean: float | None = Field(description="Over the sets assigned to it alone.")


class SequencePoint(Answer):
    """The confidence sequence after so many sets: first − second, in R."""

    num_sets: int
    mean: float
    low: float
    high: float


class Assignment(Answer):
    entry: str
    symbol: str
    side: str
    opened_at: Time
    arm: str
    difference_r: float | None = Field(description="First − second arm, replayed on the set's own path.")


class ExperimentDetail(ExperimentSummary):
    alpha: float
    salt: str
    min_sets: int
    max_sets: int | None
    results: list[ArmResult]
    sequence: list[SequencePoint]
    assignments: list[Assignment] = Field(description="The latest 200.")
    stop_rule: str
    run_id: str | None = Field(description="The job that replays the sets.")
    notes: list[str]

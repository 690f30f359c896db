"""Written plans: what each gate said, the steps they took, and what a step takes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from exitbrain.api.models.shapes import Answer, Asked, Loose, Time

Style = Literal["trend", "mean_reversion", "breakout", "scalper", "conservative", "balanced", "momentum"]
PlanState = Literal["quarantine", "shadow", "active", "retired", "rejected"]
Gate = Literal["schema", "words", "caps", "lint", "backtest", "held_out", "compare", "shadow", "consent"]
Candles = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=1000)]],
    Field(min_length=1, max_length=20, description="Names of /api/candles, or full paths on this machine."),
]
Operator = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$")]
Note = Annotated[str | None, Field(max_length=500)]


class ProposalRequest(Asked):
    """From a style's template, by the server's model, or a text that is there already."""

    candles: Candles | None = Field(None, description="What the plan is for; not needed for a text.")
    style: Style = "balanced"
    use_model: bool = Field(False, description="Ask the model that the server names, instead of the template.")
    text: str | None = Field(None, max_length=200_000, description="A plan file; then nothing is written.")
    config: Loose | None = Field(None, description="Settings, as content.")


class ReviewRequest(Asked):
    candles: Candles
    days: int = Field(30, ge=1, le=3660, description="Days of each window.")
    held_out: int = Field(3, ge=1, le=24, description="Windows before the last one.")
    shadow_bars: int = Field(48, ge=1, le=1_000_000, description="New bars that a plan in shadow needs.")
    config: Loose | None = Field(None, description="Settings, as content.")


class PromotionRequest(Asked):
    """An operator's consent to one plan, in one state, with the evidence that was shown."""

    operator: Operator
    consent: str = Field(min_length=1, max_length=64, description="The `consent` of the proposal as it is shown.")
    to: Literal["shadow", "active"] | None = Field(None, description="Only if that is the next state.")
    note: Note = None
    config: Loose | None = Field(None, description="Settings, as content: sizes are measured by their account.")


class WithdrawalRequest(Asked):
    operator: Operator
    note: Note = None


class GateFinding(Answer):
    """In the linter's words; severity error refuses."""

    code: str
    severity: Literal["error", "warning"]
    trigger_id: str | None
    key: str | None
    message: str
    advice: str
    line: int | None
    column: int | None


class GateSaid(Answer):
    gate: Gate
    passed: bool | None = Field(description="null: not asked yet.")
    findings: list[GateFinding]
    evidence: Loose = Field(description="What it measured.")


class PlanStep(Answer):
    step: Literal["promote", "withdraw", "retire"]
    before: PlanState
    after: PlanState
    time: Time
    operator: str
    note: str | None


class DiffLine(Answer):
    kind: Literal["same", "added", "removed", "place"]
    text: str


class Turn(Answer):
    """One answer of the model."""

    faults: list[str] = Field(description="What was found wrong in it and told to the model; none: it was taken.")


class ProposalSummary(Answer):
    proposal_id: str
    plan_id: str
    sha256: str
    state: PlanState
    by: str | None = Field(description="template, model, or file: a text that was there already.")
    style: str | None
    origin: str | None = Field(description="What wrote it, with the hash of its prompts.")
    created_at: Time
    changed_at: Time
    judged_at: Time | None
    refused_by: Gate | None
    is_ready: bool = Field(description="Every gate before its next state has passed; it waits for consent.")


class ProposalList(Answer):
    items: list[ProposalSummary]
    in_force: str | None = Field(description="The proposal whose plan is in force.")
    model: str | None = Field(description="The model that the server names; null where it names none.")


class ProposalDetail(ProposalSummary):
    text: str = Field(description="The plan file. Written by a model: show it as text, never as markup.")
    gates: list[GateSaid]
    steps: list[PlanStep]
    next_state: PlanState | None
    consent: str | None = Field(description="The word that consents to the next state; null while a gate is shut.")
    compared_with: str | None = Field(description="The plan that `diff` starts from: the one in force.")
    diff: list[DiffLine] = Field(description="Line by line from the plan in force to this one; empty without one.")
    turns: list[Turn] = Field(description="The conversation with the model, without its plans.")
    briefing: Loose | None = Field(description="What was told of the market and the account.")
    pinned: list[str] = Field(description="Open positions that began under it.")


class PromptText(Answer):
    name: str
    text: str


class PromptsShown(Answer):
    version: str
    sha256: str
    texts: list[PromptText]

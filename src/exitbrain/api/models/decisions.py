"""Block events, latch changes, and decisions with everyone who took part."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from exitbrain.api.models.shapes import Amount, Answer, FacetCount, Page, Time


class Event(Answer):
    """A line of events.jsonl."""

    event_id: str
    run_id: str
    set_id: str | None
    kind: str
    time: Time
    symbol: str
    timeframe: str | None
    trigger_id: str | None
    category: str | None
    reason: str
    detail: str | None
    price: Amount | None
    preempted_by: str | None
    overridden_by: str | None


class EventFacets(Answer):
    kind: list[FacetCount]
    reason: list[FacetCount]
    category: list[FacetCount]
    symbol: list[FacetCount]
    trigger_id: list[FacetCount]


class EventPage(Page[Event]):
    facets: EventFacets


class Decision(Answer):
    """One candidate of one decision: each guard's answer, its rank, what became of it and who won."""

    time: Time
    symbol: str
    set_id: str | None
    trigger_id: str
    kind: str
    category: str
    grade: str | None
    exit_fraction: float | None
    guards: dict[str, str | None] = Field(description="The reason of each guard's no; null for its yes.")
    rank: int | None = Field(description="From 0, the strongest.")
    rank_name: str | None
    outcome: str = Field(description="won, lost, or blocked: and the guard.")
    winner: str | None
    price: Amount | None


class DecisionPage(Page[Decision]):
    pass


class Candidate(Answer):
    trigger_id: str
    kind: str
    category: str
    grade: str | None
    exit_fraction: float | None
    guards: dict[str, str | None]
    rank: int | None
    rank_name: str | None
    outcome: str
    winner: str | None
    set_id: str | None
    decided: str = Field(description="At the close, or at the open.")
    reason: str | None
    detail: str | None


class HeldPosition(Answer):
    set_id: str
    quantity: Amount
    features: dict[str, Any]


class FilledLeg(Answer):
    set_id: str
    leg_id: str
    side: str
    qty: Amount
    price: Amount
    fees: Amount
    timestamp: Time
    trigger_id: str | None
    category: str | None
    reason: str | None
    is_entry: bool


class Explanation(Answer):
    """Why a run did, or did not, act at one bar: what `exitbrain explain --json` prints."""

    run_id: str
    symbol: str
    time: Time
    price: Amount | None
    positions: list[HeldPosition]
    latch: list[str]
    legs_before: list[FilledLeg]
    candidates: list[Candidate]
    winners: list[str]
    fills: list[FilledLeg]
    why_no_decision: list[str]
    silent_rules: list[dict[str, Any]]
    notes: list[str]

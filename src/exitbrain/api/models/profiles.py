"""Profiles with their versions, the ladder one would draw, and how they did in stored runs."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from exitbrain.api.models.shapes import Amount, Answer, Asked, Loose, Side, Time


class ProfileKey(Answer):
    """For whom the profile stands in the registry; * is anyone."""

    symbol: str
    strategy_id: str
    regime: str


class ProfileSummary(Answer):
    name: str
    source: Literal["default", "stored"]
    description: str | None
    version: int | None = Field(description="The latest; null for a default.")
    updated_at: Time | None
    keys: list[ProfileKey]
    num_tp_legs: int
    has_trailing: bool
    score: int | None = Field(
        description="For what was asked (symbol, strategy, regime); null where it does not match."
    )
    selected: bool = Field(description="The one that would be chosen for what was asked.")


class ProfileList(Answer):
    items: list[ProfileSummary]


class ProfileDetail(ProfileSummary):
    text: str = Field(description="The profiles file as YAML.")
    profile: Loose = Field(description="The profile's own keys, as in the profiles file.")


class ProfileVersion(Answer):
    name: str
    version: int
    sha256: str
    created_at: Time
    note: str | None
    text: str


class ProfileVersions(Answer):
    items: list[ProfileVersion]


class ProfileText(Asked):
    text: str = Field(max_length=200_000, description="A profiles file holding the profile of this name, YAML or JSON.")
    note: str | None = Field(None, max_length=500)


class PreviewRequest(Asked):
    text: str | None = Field(None, max_length=200_000, description="A profiles file; null for a known profile's name.")
    name: str | None = Field(None, description="Which profile of the text, or a known one.")
    entry: str | float = Field(description="Entry price.")
    side: Side
    stop: str | float | None = Field(None, description="A price, or a distance such as 2%; null for the default.")
    atr: float | None = Field(None, gt=0, description="In quote currency, for profiles that use it.")
    quantity: str | float = Field("1", description="In base currency.")
    regime: str | None = None
    tick_size: str | float | None = None
    lot_size: str | float | None = None


class PreviewRow(Answer):
    """One leg. Size and quantity are null where a leg covers whatever remains."""

    name: str
    kind: str
    order: str
    r_multiple: float
    price: Amount
    from_entry: float = Field(description="A fraction, positive toward profit.")
    size: float | None = Field(description="A fraction of the position.")
    quantity: Amount | None
    fee: Amount | None
    pnl: Amount | None
    total: Amount | None = Field(description="What all fills so far leave after their fees.")


class TrailStep(Answer):
    """From this level of the best price on, the stop follows at this distance."""

    price: Amount
    callback: float = Field(description="A fraction of the best price.")


class Preview(Answer):
    name: str
    side: Side
    entry: Amount
    stop: Amount
    risk_per_unit: Amount
    risk_fraction: float
    rows: list[PreviewRow]
    trail: list[TrailStep] = Field(
        description="Its callback from the activation on, tighter by step; empty without a trail, or where the "
        "market's range decides."
    )
    sentences: list[str]


class RungRates(Answer):
    index: int
    planned: int
    hit: int
    hit_rate: float | None
    conditional_rate: float | None


class Quantiles(Answer):
    p10: float | None
    p25: float | None
    p50: float | None
    p75: float | None
    p90: float | None


class ProfilePerformance(Answer):
    """One profile in one regime, over the stored runs asked for."""

    profile: str
    regime: str | None
    num_runs: int
    num_sets: int
    net_r_mean: float | None
    net_r_low: float | None = Field(description="Ends of the 95 % interval; null under two days of sets.")
    net_r_high: float | None
    win_rate: float | None
    rungs: list[RungRates]
    mfe_r: Quantiles
    mae_r: Quantiles
    mae_beyond_stop: float | None = Field(description="Share of sets whose MAE went past the stop, −1 R.")
    mfe_reached_first_target: float | None = Field(description="Share of sets whose MFE reached their first rung.")


class ProfilePerformanceList(Answer):
    items: list[ProfilePerformance]
    runs: list[str]

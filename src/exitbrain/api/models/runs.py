"""Runs: what starts one, how far it is, what it measured."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from exitbrain.api.models.shapes import Answer, Asked, FacetCount, Loose, Page, Time

Status = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Kind = Literal["backtest", "compare"]
Paths = Literal["adverse", "favorable", "both"]

TEXT_OR_CONTENT = "A path, a text in YAML or JSON, or the content itself."


class RunInputs(Asked):
    candles: str | list[str] = Field(description="Names of /api/candles, or paths on this machine; one or a list.")
    plan: str | Loose | None = Field(None, description=TEXT_OR_CONTENT)
    profiles: str | Loose | list[str] | None = Field(
        None, description=f"{TEXT_OR_CONTENT} Or a list of stored names, NAME or NAME@2."
    )
    entries: str | list[Loose] | None = Field(None, description="A path, or rows: timestamp, symbol, side, ….")
    config: Loose | str | None = Field(None, description=TEXT_OR_CONTENT)
    detail: str | None = Field(None, description="Finer candles: a name or a path.")
    funding: str | None = Field(None, description="A path.")
    quotes: str | None = Field(None, description="A path.")
    paths: Paths | None = Field(None, description="The way through a bar; both also tells how much hangs on it.")
    repair: bool = Field(False, description="Drop or fill what is broken in the candles, and say what was done.")
    label: str | None = Field(None, max_length=200, description="A name to find it by.")


class RunRequest(RunInputs):
    """One backtest: what `exitbrain backtest` takes."""


class RunAccepted(Answer):
    run_id: str
    status: Status
    location: str = Field(description="Where the run is found, as the Location header says.")


class Progress(Answer):
    stage: str = Field(description="queued, reading, running, favorable, measuring, saving or done.")
    share: float = Field(ge=0, le=1, description="How much of the stage is done.")
    overall: float = Field(ge=0, le=1, description="How much of the whole is done.")
    detail: str | None


class ProgressEvent(Progress):
    """One server-sent event; its id counts from 1 and may be sent back as Last-Event-ID."""

    run_id: str
    status: Status
    error: str | None = None


class RunSummary(Answer):
    """One row of the list. Figures are null until the run is done."""

    run_id: str
    kind: Kind
    label: str | None
    status: Status
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    symbols: list[str]
    timeframe: str | None
    start: Time | None
    end: Time | None
    bars: int | None
    paths: str | None
    num_sets: int | None
    net_pnl: float | None
    net_r: float | None
    net_r_mean: float | None
    win_rate: float | None
    max_drawdown: float | None
    error: str | None = Field(description="One line, where the run failed.")
    progress: Progress | None


class RunFile(Answer):
    name: str
    sha256: str
    size: int = Field(description="Bytes.")


class RunDetail(RunSummary):
    run: Loose | None = Field(description="run.json; null until the run is done.")
    has_results: bool = Field(description="Its sets can be read; true also while the run is computed again.")
    metrics: dict[str, float | int | None] | None = Field(description="metrics.json, flat keys.")
    files: list[RunFile]
    request: Loose | None = Field(description="What the run was started with.")


class RunPage(Page[RunSummary]):
    facets: dict[str, list[FacetCount]]


class NamedCount(Answer):
    name: str
    count: int | None
    pnl: float | None
    mean_r: float | None


class Exits(Answer):
    reasons: list[NamedCount]
    categories: list[NamedCount]


class Rung(Answer):
    name: str = Field(description="The rung's number, from 1.")
    planned: int | None
    count: int | None
    hit_rate: float | None
    conditional_rate: float | None = Field(description="Of those sets that reached the rung before.")
    mean_r: float | None
    levels: list[float] = Field(description="The R multiples at which the run's ladders had this rung.")


class Month(Answer):
    year: int
    month: int
    return_: float | None = Field(alias="return")
    sets: int = Field(description="Sets that closed in it.")


class Year(Answer):
    year: int
    return_: float | None = Field(alias="return")


class Histogram(Answer):
    low: float
    width: float
    counts: list[int]
    below: bool = Field(description="The first bin also holds what lies below it.")
    above: bool
    mean: float | None
    median: float | None


class Results(Answer):
    """What report.html shows, without sets and candles."""

    run: Loose
    metrics: dict[str, Any]
    exits: Exits
    rungs: list[Rung]
    months: list[Month]
    years: list[Year]
    r_histogram: Histogram | None

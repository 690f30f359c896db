"""Runs beside each other: stored runs laid together, or policies run on the same entries."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from exitbrain.api.models.runs import RunInputs
from exitbrain.api.models.shapes import Answer, Loose, Seconds


class ComparedRun(Answer):
    run_id: str
    label: str | None
    symbols: list[str]
    timeframe: str | None
    start: str | None
    end: str | None
    metrics: dict[str, float | int | None]


class CurveOfRun(Answer):
    """A value per time of the comparison; null outside the run."""

    run_id: str
    equity: list[float | None]
    drawdown: list[float | None]


class AlignedCurves(Answer):
    time: list[Seconds]
    runs: list[CurveOfRun]


class PairedDifference(Answer):
    """Sets of two runs that began with the same entry; first − second, in R. Intervals hold 95 %."""

    first: str
    second: str
    num_pairs: int
    num_unpaired_first: int
    num_unpaired_second: int
    difference_r: float | None
    difference_r_low: float | None
    difference_r_high: float | None
    distinguishable: bool = Field(description="From noise: the interval leaves 0 out, and the sets are enough.")
    verdict: str


class SettingDifference(Answer):
    key: str = Field(description="Dotted, as exits.default_stop_pct; inputs.candles and its like for files.")
    values: list[Any] = Field(description="One a run, in the order asked for.")


class ComparedRuns(Answer):
    runs: list[ComparedRun]
    curves: AlignedCurves
    pairs: list[PairedDifference]
    settings: list[SettingDifference] = Field(description="Only those that differ.")
    notes: list[str]


class CompareRequest(RunInputs):
    """The same entries under each policy: what `exitbrain compare` takes."""

    policies: list[str | Loose] = Field(
        min_length=2, max_length=10, description="Each {name, config?, profiles?, plan?, rewrite?}, or emergency-only."
    )


class PolicyComparison(Answer):
    """compare.json of a finished comparison."""

    run_id: str
    comparison_id: str
    version: str
    seed: int
    symbols: list[str]
    timeframe: str
    start: str
    end: str
    bars: int
    entries: str
    num_entries: int
    warnings: list[str]
    notes: list[str]
    policies: list[Loose]
    pairs: list[Loose]

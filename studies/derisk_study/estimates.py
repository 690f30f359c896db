"""Means with intervals that draw whole spans of calendar time again, across all files at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from derisk_study.policies import EMERGENCY_ONLY, LADDER
from exitbrain.analysis.bootstrap import (
    DAYS_BEFORE_MONDAY,
    FEWEST_CLUSTERS,
    RESAMPLES,
    Clusters,
    Estimate,
    arch_bootstrap,
    clustered_mean,
    stationary_mean,
)
from exitbrain.analysis.columns import MICROSECONDS_PER_DAY

SEED = 0
WORST_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A mean over `count` values in `clusters` spans of time; no interval from fewer than ten of them."""

    estimate: Estimate
    count: int
    clusters: Clusters

    @property
    def excludes_zero(self) -> bool:
        return self.estimate.excludes_zero


def weeks(times: np.ndarray) -> np.ndarray:
    """Calendar week (from Monday, UTC) of each instant, as a number."""
    return (times // MICROSECONDS_PER_DAY + DAYS_BEFORE_MONDAY) // 7


def spans(times: np.ndarray, unit: str) -> np.ndarray:
    if unit == "week":
        return weeks(times)
    days = times // MICROSECONDS_PER_DAY
    return days if unit == "day" else days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def measured(values: np.ndarray, span: np.ndarray, unit: str = "week") -> Measured:
    """The mean of all values; `span` numbers the stretch of time to which each belongs."""
    numbers, index = np.unique(span, return_inverse=True)
    clusters = Clusters(unit=unit, index=index.astype(np.int64), count=len(numbers))
    if not len(values):
        return Measured(estimate=Estimate(mean=None), count=0, clusters=clusters)
    estimate = clustered_mean(np.asarray(values, dtype=np.float64), clusters, SEED)
    if clusters.count < FEWEST_CLUSTERS:
        estimate = Estimate(mean=estimate.mean)
    return Measured(estimate=estimate, count=len(values), clusters=clusters)


def pair_difference(
    pairs: pl.DataFrame, measure: str = "r", *, first: str = LADDER, second: str = EMERGENCY_ONLY, unit: str = "week"
) -> Measured:
    """The mean of first − second over pairs."""
    apart = (pairs[f"{first}.{measure}"] - pairs[f"{second}.{measure}"]).to_numpy()
    return measured(apart, spans(pairs["opened_at"].to_numpy(), unit), unit)


def by_file_alike(pairs: pl.DataFrame) -> Measured:
    """Each file with the same weight: the mean over files of the file's mean difference.

    A pair of a file with n of the N pairs weighs N ÷ (n × number of files); weeks are drawn with these weights.
    """
    sizes = pairs.select(pl.len().over("file"))["len"].to_numpy()
    weight = len(pairs) / (sizes * pairs["file"].n_unique())
    apart = (pairs[f"{LADDER}.r"] - pairs[f"{EMERGENCY_ONLY}.r"]).to_numpy()
    return measured(apart * weight, weeks(pairs["opened_at"].to_numpy()))


def worst(values: pl.Series) -> float | None:
    """The mean of the worst 5%."""
    if not len(values):
        return None
    return float(np.sort(values.to_numpy())[: max(1, round(len(values) * WORST_SHARE))].mean())


# accounts


def account_weeks(rows: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """One row an account, week and policy: net R and fees in R of the sets opened, risk exits, whipsaws, their cost."""
    keys = ["file", "account", "policy", "week"]
    live = (
        rows["accounts"]
        .select("file", "account", "policy", "first_day", "end")
        .with_columns(
            week=pl.int_ranges(
                (pl.col("first_day") + DAYS_BEFORE_MONDAY) // 7, (pl.col("end") + DAYS_BEFORE_MONDAY) // 7 + 1
            )
        )
    )
    grid = live.explode("week").select(keys)
    sets = (
        _with_week(rows["sets"], "opened_at")
        .group_by(keys)
        .agg(sets=pl.len(), net_r=pl.col("r").sum(), fees_r=pl.col("fees_r").sum())
    )
    exits = (
        _with_week(rows["exits"], "time")
        .group_by(keys)
        .agg(risk_exits=pl.len(), whipsaws=pl.col("whipsaw").sum(), whipsaw_cost_r=pl.col("cost_r").sum())
    )
    joined = grid.join(sets, on=keys, how="left").join(exits, on=keys, how="left").fill_null(0)
    return joined.sort(keys)


def _with_week(frame: pl.DataFrame, time: str) -> pl.DataFrame:
    return frame.with_columns(week=(pl.col(time) // MICROSECONDS_PER_DAY + DAYS_BEFORE_MONDAY) // 7)


def account_week_difference(table: pl.DataFrame, measure: str) -> Measured:
    """ladder − emergency-only, a value an account-week."""
    wide = table.pivot(on="policy", index=["file", "account", "week"], values=measure).sort("file", "account", "week")
    apart = (wide[LADDER].cast(pl.Float64) - wide[EMERGENCY_ONLY].cast(pl.Float64)).to_numpy()
    return measured(apart, wide["week"].to_numpy())


# the pooled curve


def pooled_days(days: pl.DataFrame) -> pl.DataFrame:
    """day and a column a policy: the mean change over the accounts that are live, as a share of the initial cash."""
    return (
        days.group_by("day", "policy")
        .agg(pl.col("change").mean())
        .pivot(on="policy", index="day", values="change")
        .sort("day")
    )


def drawdown(changes: np.ndarray) -> float:
    """The deepest fall of the summed changes from their peak (≤ 0)."""
    curve = np.concatenate(([0.0], np.cumsum(changes)))
    return float((curve - np.maximum.accumulate(curve)).min())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Daily difference in bps, and drawdowns of the pooled curves as shares of the initial cash."""

    days: int
    block_days: float | None
    daily: Estimate
    drawdowns: dict[str, Estimate]
    drawdown_difference: Estimate


def pooled_estimates(pooled: pl.DataFrame) -> Pooled:
    both = pooled.select(LADDER, EMERGENCY_ONLY).to_numpy()
    daily, block = stationary_mean((both[:, 0] - both[:, 1]) * 10_000, SEED)
    bootstrap = arch_bootstrap().StationaryBootstrap(block or 1.0, both, seed=np.random.default_rng(SEED))
    drawn = bootstrap.apply(lambda rows: np.array([drawdown(rows[:, 0]), drawdown(rows[:, 1])]), RESAMPLES)
    whole = [drawdown(both[:, 0]), drawdown(both[:, 1])]
    return Pooled(
        days=len(both),
        block_days=block,
        daily=daily,
        drawdowns={name: _percentiles(whole[i], drawn[:, i]) for i, name in enumerate((LADDER, EMERGENCY_ONLY))},
        drawdown_difference=_percentiles(whole[0] - whole[1], drawn[:, 0] - drawn[:, 1]),
    )


def _percentiles(value: float, drawn: np.ndarray) -> Estimate:
    low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
    return Estimate(mean=value, low=low, high=high)

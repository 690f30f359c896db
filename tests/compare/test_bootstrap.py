"""Intervals hold what they claim on simulated nulls, and are the same for the same seed (spec M4)."""

from __future__ import annotations

import numpy as np
import pytest

from exitbrain.analysis.bootstrap import clustered_mean, clusters_of, stationary_mean
from exitbrain.analysis.columns import MICROSECONDS_PER_DAY as DAY


def sets_of_days(dice: np.random.Generator, days: int) -> tuple[np.ndarray, np.ndarray]:
    """Sets that share their day's luck: one to four a day, true mean 0."""
    sizes = dice.integers(1, 5, days)
    day = np.repeat(np.arange(days), sizes)
    return np.repeat(dice.normal(0, 1, days), sizes) + dice.normal(0, 0.5, len(day)), day * DAY


@pytest.mark.parametrize("days", [12 * 7, 40])
def test_clustered_intervals_hold_the_truth_as_often_as_they_say(days: int) -> None:
    """The nominal 95% within what 300 draws can tell apart (three standard errors: ±3.8%), by day and by week."""
    dice = np.random.default_rng(7)
    held = 0
    for seed in range(300):
        values, opened_at = sets_of_days(dice, days)
        estimate = clustered_mean(values, clusters_of(opened_at), seed)
        held += not estimate.excludes_zero
    assert 0.912 <= held / 300 <= 0.988


def test_an_interval_that_takes_sets_for_independent_would_be_too_narrow() -> None:
    values, opened_at = sets_of_days(np.random.default_rng(1), 60)
    by_day = clustered_mean(values, clusters_of(opened_at), 0)
    alone = clustered_mean(values, clusters_of(np.arange(len(values)) * DAY), 0)
    assert by_day.high - by_day.low > 1.2 * (alone.high - alone.low)


def test_stationary_intervals_hold_the_truth_of_a_series_with_memory() -> None:
    dice = np.random.default_rng(11)
    held, runs = 0, 100
    for seed in range(runs):
        noise = dice.normal(0, 1, 260)
        series = np.empty(250)
        level = 0.0
        for i in range(260):
            level = 0.3 * level + noise[i]
            if i >= 10:
                series[i - 10] = level
        estimate, _ = stationary_mean(series, seed)
        held += not estimate.excludes_zero
    assert held / runs >= 0.87


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values, opened_at = sets_of_days(np.random.default_rng(3), 50)
    clusters = clusters_of(opened_at)
    assert clustered_mean(values, clusters, 5) == clustered_mean(values, clusters, 5)
    assert clustered_mean(values, clusters, 5) != clustered_mean(values, clusters, 6)
    assert stationary_mean(values, 5) == stationary_mean(values, 5)
    assert stationary_mean(values, 5) != stationary_mean(values, 6)


def test_days_are_clusters_from_thirty_of_them_on_else_weeks() -> None:
    monday = 4 * DAY  # 1970-01-05
    thirty = clusters_of(monday + np.arange(30) * DAY)
    fewer = clusters_of(monday + np.arange(29) * DAY)
    assert (thirty.unit, thirty.count) == ("day", 30)
    assert (fewer.unit, fewer.count) == ("week", 5)
    assert fewer.index.tolist()[:8] == [0] * 7 + [1]


@pytest.mark.parametrize("values", [[], [0.5], [0.0, 0.0, 0.0]])
def test_too_little_to_tell_makes_no_claim(values: list[float]) -> None:
    column = np.array(values, dtype=np.float64)
    estimates = [
        clustered_mean(column, clusters_of(np.arange(len(values)) * 7 * DAY), 0),
        stationary_mean(column, 0)[0],
    ]
    assert not any(estimate.excludes_zero for estimate in estimates)

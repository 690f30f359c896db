"""Curves: thinned without losing what a reader looks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from exitbrain.report.curves import MAX_POINTS, equity_curve, months, r_histogram, years

DAY = 86_400_000_000
FIRST = 1_704_067_200_000_000  # 2024-01-01


@pytest.mark.parametrize("count", [0, 1, 2, 3_999, 4_000, 4_001, 100_000])
def test_a_thinned_curve_keeps_its_ends_and_extremes(count: int) -> None:
    value = 100 + np.cumsum(np.random.default_rng(count).normal(0, 1, count))
    curve = equity_curve({"time": FIRST + np.arange(count) * 60_000_000, "equity": value})
    assert len(curve["time"]) == min(count, len(curve["equity"])) <= MAX_POINTS
    assert curve["time"] == sorted(set(curve["time"]))
    if count:
        shown = curve["equity"]
        assert (shown[0], shown[-1]) == pytest.approx((value[0], value[-1]))
        assert (max(shown), min(shown)) == pytest.approx((value.max(), value.min()))
        drawdown = (value / np.maximum.accumulate(value) - 1).min() if (value > 0).all() else None
        assert drawdown is None or min(curve["drawdown"]) == pytest.approx(drawdown)


def test_times_may_be_datetimes() -> None:
    moments = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(3)]
    assert equity_curve({"time": moments, "equity": [1, 2, 3]})["time"] == [FIRST // 10**6 + i * 3600 for i in range(3)]


def test_months_chain_from_the_initial_cash() -> None:
    """1000 → 1100 in January (+10%) → 990 in February (−10%); the year: 1.1 × 0.9 − 1 = −1%."""
    equity = {"time": [FIRST + i * DAY for i in range(60)], "equity": [1_050.0] * 30 + [1_100.0] + [990.0] * 29}
    rows = months(equity, ["2024-01-05T00:00:00Z", "2024-02-01T00:00:00Z", "2024-02-02T00:00:00Z"], 1_000)
    assert [(row["month"], row["return"], row["sets"]) for row in rows[:2]] == [
        (1, pytest.approx(0.1), 1),
        (2, pytest.approx(-0.1), 2),
    ]
    assert years(rows)[0]["return"] == pytest.approx(-0.01)


def test_the_histogram_counts_every_closed_set_once() -> None:
    found = r_histogram([-1.0, -0.99, 0.0, 0.1, 2.5, None, float("nan"), 40.0, -7.0])
    assert found is not None
    assert sum(found["counts"]) == 7 and found["below"] and found["above"]


def test_a_stopped_set_falls_into_the_bin_that_starts_at_minus_one() -> None:
    found = r_histogram([-1.0, -1.0 - 1e-12, 0.5])
    assert found is not None
    place = round((-1.0 - found["low"]) / found["width"])
    assert found["counts"][place] == 2


def test_no_closed_set_means_no_histogram() -> None:
    assert r_histogram([None, float("nan")]) is None

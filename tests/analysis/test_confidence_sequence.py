"""An interval that may be looked at after every set is wrong no oftener than it says (issue 4, experiments)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exitbrain.analysis import confidence_sequence as module
from exitbrain.analysis.columns import MICROSECONDS_PER_DAY
from exitbrain.analysis.confidence_sequence import confidence_sequence, zero_is_excluded

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "null_experiments.py"
ALPHA = 0.05


def nulls() -> Any:
    spec = importlib.util.spec_from_file_location("null_experiments", SCRIPT)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def days(values: np.ndarray, a_day: int = 1) -> np.ndarray:
    return np.arange(len(values)) // a_day * MICROSECONDS_PER_DAY


@pytest.mark.parametrize("name", sorted(nulls().NULLS))
def test_peeking_at_every_set_finds_no_difference_where_there_is_none(name: str) -> None:
    """The short version of `benchmarks/null_experiments.py`, whose 10,000 experiments decide."""
    assert nulls().fooled(name, 500, ALPHA, days=500) <= ALPHA


def test_an_ordinary_interval_would_be_fooled_by_peeking() -> None:
    """So the shapes are a test at all: 1.96 standard errors, looked at every day from the thirtieth."""
    drawn = nulls().normal(np.random.default_rng(0), (500, 500))
    count = np.arange(1, 501)
    errors = np.sqrt(np.maximum(np.cumsum(drawn**2, axis=1) / count, 1e-9) / count)
    out = np.abs(np.cumsum(drawn, axis=1) / count) > 1.96 * errors
    assert out[:, 29:].any(axis=1).mean() > 4 * ALPHA


def test_the_simulated_rule_is_the_rule_of_the_interval() -> None:
    rng = np.random.default_rng(3)
    for difference in (0.0, 0.3, -0.5):
        values = difference + 0.6 * rng.standard_normal(150)
        made = confidence_sequence(values, days(values), alpha=ALPHA)
        assert ((made.low > 0) | (made.high < 0)).tolist() == zero_is_excluded(values[None, :], ALPHA)[0].tolist()


def test_the_worked_example() -> None:
    """+1 every day: zero goes on day 49; by turns it never does."""
    ones = np.ones(60)
    assert int(np.argmax(confidence_sequence(ones, days(ones), alpha=ALPHA).low > 0)) + 1 == 49
    turns = np.resize([-1.0, 1.0], 2000)
    made = confidence_sequence(turns, days(turns), alpha=ALPHA)
    assert not ((made.low > 0) | (made.high < 0)).any()
    assert made.low[-1] < 0 < made.high[-1] and made.high[-1] - made.low[-1] < 0.2


def test_every_candidate_inside_is_kept_and_beyond_the_bounds_none_is() -> None:
    values = 0.2 + np.random.default_rng(5).standard_normal(400)
    made = confidence_sequence(values, days(values), alpha=ALPHA)
    low, high = float(made.low[-1]), float(made.high[-1])
    for candidate in np.linspace(low + 1e-6, high - 1e-6, 9):
        assert not zero_is_excluded(values[None, :] - candidate, ALPHA)[0, -1]
    for candidate in (low - 1e-6, high + 1e-6, low - 1, high + 1, high + 15):
        assert zero_is_excluded(values[None, :] - candidate, ALPHA)[0, -1]


def test_it_is_silent_before_thirty_days_that_differ_and_before_as_many_sets_as_wanted() -> None:
    values = np.full(200, 2.0)
    made = confidence_sequence(values, days(values), alpha=ALPHA)
    assert np.isnan(made.low[:29]).all() and np.isnan(made.high[:29]).all()
    wanted = confidence_sequence(values, days(values), alpha=ALPHA, fewest_sets=150)
    assert np.isnan(wanted.low[:149]).all() and not np.isnan(wanted.low[149:]).any()
    zeros = np.zeros(500)
    assert np.isnan(confidence_sequence(zeros, days(zeros), alpha=ALPHA).high).all()


def test_sets_of_one_day_are_one_witness() -> None:
    """Ten equal sets a day, a hundred days: the bounds of one set a day, but for the reserve, which weighs a tenth."""
    a_day = np.random.default_rng(7).standard_normal(100) + 0.3
    sets = np.repeat(a_day, 10)
    together, apart = (confidence_sequence(sets, days(sets, number), alpha=ALPHA) for number in (10, 1))
    own = confidence_sequence(a_day, days(a_day), alpha=ALPHA)
    assert (len(together), together.num_sets[-1], len(apart)) == (100, 1000, 1000)
    assert together.mean[-1] == pytest.approx(own.mean[-1]) == pytest.approx(apart.mean[-1])
    widths = {name: one.high[-1] - one.low[-1] for name, one in (("together", together), ("own", own))}
    assert widths["own"] - 4 * module.RESERVE / 100 < widths["together"] < widths["own"] * 1.5


def test_the_other_sign_gives_the_mirrored_interval() -> None:
    values = np.random.default_rng(2).standard_t(3, 300)
    one, other = (confidence_sequence(sign * values, days(values), alpha=ALPHA) for sign in (1.0, -1.0))
    np.testing.assert_allclose(one.low, -other.high, atol=1e-9)
    np.testing.assert_allclose(one.mean, -other.mean, atol=1e-12)


def test_a_day_of_no_sets_at_all_and_nothing_at_all() -> None:
    assert len(confidence_sequence(np.empty(0), np.empty(0, dtype=np.int64), alpha=ALPHA)) == 0
    values = np.array([1.0, -1.0, 2.0])
    made = confidence_sequence(values, np.array([0, 1, 10 * MICROSECONDS_PER_DAY]), alpha=ALPHA)
    assert made.num_sets.tolist() == [2, 3] and made.day.tolist() == [0, 10]


def test_a_stricter_alpha_is_wider() -> None:
    values = np.random.default_rng(4).standard_normal(300)
    wide, narrow = (confidence_sequence(values, days(values), alpha=alpha) for alpha in (0.01, 0.2))
    assert module.FEWEST_DAYS == 30
    assert (wide.low[60:] < narrow.low[60:]).all() and (wide.high[60:] > narrow.high[60:]).all()

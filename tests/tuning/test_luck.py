"""Statistics of a winner: laws over seeds, values of the packages, and words that call luck by its name."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exitbrain.tuning.luck import (
    Evidence,
    daily_sums,
    deflated_sharpe,
    evidence,
    overfitting_probability,
    sharpe_ratios,
    superior_ability,
    verdict,
)

pytest.importorskip("arch")
purgedcv = pytest.importorskip("purgedcv")

DAYS, TRIED = 160, 24


def noise(seed: int, planted: float = 0.0) -> np.ndarray:
    """Days × configurations of pure chance, hanging together as profiles on one market do."""
    dice = np.random.default_rng(seed)
    daily = 0.7 * dice.normal(0, 1, (DAYS, 1)) + 0.7 * dice.normal(0, 1, (DAYS, TRIED))
    daily[:, 5] += planted
    return daily


def judged(daily: np.ndarray, seed: int = 0) -> tuple[int, Evidence]:
    base = daily[:, 0]
    winner = int(np.argmax(daily.mean(axis=0)))
    return winner, evidence(daily, base, winner, seed)


def test_the_best_of_noise_is_called_luck_in_most_seeds() -> None:
    lucky = [not judged(noise(seed))[1].is_better for seed in range(12)]
    assert sum(lucky) >= 9  # 8% of 150 such worlds pass SPA and PBO
    assert not any(judged(noise(seed))[1].earns for seed in range(4))


def test_a_planted_better_configuration_is_found_and_not_called_luck() -> None:
    for seed in range(5):
        winner, found = judged(noise(seed, planted=0.6))
        assert winner == 5 and found.is_better and found.earns, (seed, found)


def test_overfitting_is_that_of_purgedcv() -> None:
    for seed, blocks in ((1, 4), (2, 6), (3, 8)):
        daily = noise(seed)
        theirs = purgedcv.probability_of_backtest_overfitting(daily.T, n_splits=blocks).pbo
        assert overfitting_probability(daily, blocks) == pytest.approx(theirs, abs=1e-12)


def test_the_deflated_sharpe_ratio_is_the_published_formula() -> None:
    """Bailey & López de Prado 2014, equations 1 and 2, from the moments of the winner."""
    from scipy.stats import kurtosis, norm, skew

    daily, trials = noise(4, planted=0.3), TRIED
    own = daily[:, 5]
    ratios = sharpe_ratios(daily)
    gamma = 0.5772156649015329
    best = math.sqrt(ratios.var(ddof=1)) * (
        (1 - gamma) * norm.ppf(1 - 1 / trials) + gamma * norm.ppf(1 - 1 / (trials * math.e))
    )
    sharpe = ratios[5]
    spread = math.sqrt(1 - skew(own) * sharpe + (kurtosis(own, fisher=False) - 1) / 4 * sharpe**2)
    expected = norm.cdf((sharpe - best) * math.sqrt(DAYS - 1) / spread)
    assert deflated_sharpe(daily, 5, trials) == pytest.approx(expected, abs=0.01)


def test_more_trials_deflate_more() -> None:
    daily = noise(4, planted=0.2)
    few, many = (deflated_sharpe(daily, 5, trials) for trials in (2, 1000))
    assert few is not None and many is not None and many < few


def test_superior_ability_hangs_on_the_seed_alone_and_needs_a_difference() -> None:
    daily = noise(1)
    assert superior_ability(daily, daily[:, 0], 3) == superior_ability(daily, daily[:, 0], 3)
    assert superior_ability(daily[:, :1], daily[:, 0], 3) is None


def test_copies_of_one_configuration_are_one_trial() -> None:
    daily = np.repeat(noise(1)[:, :1], 5, axis=1)
    found = evidence(daily, daily[:, 0], 0, 0)
    assert found.num_trials == 1 and found.overfitting is None and found.superior_p is None


def test_too_few_days_tell_nothing() -> None:
    daily = noise(1)[:10]
    found = evidence(daily, daily[:, 0], 5, 0)
    assert found == Evidence(deflated_sharpe=None, overfitting=None, superior_p=None, num_trials=24, num_days=10)
    assert verdict("A", "B", found, is_base=False, outside=1.0).startswith("luck: 10 days are too few")


def test_results_are_summed_by_day_of_opening() -> None:
    days = np.array([3, 5, 6])
    assert daily_sums(days, np.array([5, 5, 3, 6]), np.array([1.0, 2.0, -1.0, np.nan])).tolist() == [-1.0, 3.0, 0.0]


@pytest.mark.parametrize(
    ("figures", "outside", "words"),
    [
        ((0.99, 0.1, 0.01), 0.1, "better than B by more than luck, and its Sharpe ratio stands 24 trials"),
        ((0.50, 0.1, 0.01), 0.1, "better than B by more than luck, but what it earns may be luck"),
        ((0.99, 0.1, 0.30), 0.1, "luck: A is not better than B"),
        ((0.99, 0.6, 0.01), 0.1, "luck: A is not better than B"),
        ((0.99, 0.1, 0.01), -0.1, "chosen on earlier days, it does not beat B on later ones"),
    ],
)
def test_the_verdict_says_what_the_figures_say(figures: tuple[float, float, float], outside: float, words: str) -> None:
    sharpe, overfitting, p = figures
    found = Evidence(deflated_sharpe=sharpe, overfitting=overfitting, superior_p=p, num_trials=24, num_days=160)
    assert words in verdict("A", "B", found, is_base=False, outside=outside)
    assert verdict("A", "B", found, is_base=True, outside=outside) == "nothing tried is better than B"

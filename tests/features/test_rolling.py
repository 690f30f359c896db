"""The median of a sliding window: compiled, as plain Python, bar by bar and by Polars, it is one number (spec F24)."""

from __future__ import annotations

import numpy as np
import pytest

from exitbrain.features import indicators
from exitbrain.features.indicators import efficiency_ratio
from exitbrain.features.lines import RollingMedian
from exitbrain.features.regime import RegimeThresholds, confirmed_regimes, regimes
from exitbrain.kernel.compiled import compiled_rolling
from exitbrain.kernel.rolling import rolling_median
from features.test_feature_table import random_bars


def worlds(seed: int) -> dict[str, np.ndarray]:
    dice = np.random.default_rng(seed)
    walk = np.exp(np.cumsum(dice.normal(0, 0.01, 700)))
    ties = np.round(dice.random(700) * 9)
    holes = ties.copy()
    holes[dice.random(700) < 0.02] = np.nan
    return {"walk": walk, "ties": ties, "holes": holes, "falling": -np.arange(700.0), "noise": dice.normal(size=700)}


@pytest.mark.parametrize("window", [1, 2, 3, 8, 9, 16, 17, 33, 200, 699, 700, 701])
def test_a_rolling_median_is_the_median_of_each_window(window: int) -> None:
    for name, values in worlds(window).items():
        polars = indicators.rolling_median(values, window)
        assert len(values) < indicators.WORTH_COMPILING  # so it was Polars
        for said in (rolling_median(values, window), compiled_rolling().rolling_median(values, window)):
            np.testing.assert_array_equal(said, polars, err_msg=name)
        for i in range(window - 1, len(values), 50):
            median = np.median(values[i - window + 1 : i + 1])
            np.testing.assert_allclose(polars[i], median, rtol=1e-9, err_msg=f"{name} {i}")
        streamed = RollingMedian(window)
        np.testing.assert_array_equal([streamed.take(float(value)) for value in values], polars, err_msg=name)


def test_a_long_column_has_the_regimes_of_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """spec F24: how the median is computed shows nowhere"""
    bars = random_bars(3_000, 5)
    thresholds = RegimeThresholds(vol_window=40, vol_mult=1.2, adx_trend=15, adx_range=14)
    short = regimes(bars.high, bars.low, bars.close, thresholds)
    monkeypatch.setattr(indicators, "WORTH_COMPILING", 0)
    assert len(set(short)) == 5
    np.testing.assert_array_equal(regimes(bars.high, bars.low, bars.close, thresholds), short)


@pytest.mark.parametrize("confirm_bars", [1, 2, 3, 5])
def test_a_regime_counts_after_that_many_bars_in_a_row(confirm_bars: int) -> None:
    """spec F24: NORMAL before, and what is unknown confirms nothing"""
    dice = np.random.default_rng(confirm_bars)
    for _ in range(200):
        raw = np.repeat(dice.integers(-1, 5, 20), dice.integers(1, 6, 20)).astype(np.int8)
        confirmed, expected = 0, []
        for i in range(len(raw)):
            last = raw[max(0, i - confirm_bars + 1) : i + 1]
            if len(last) == confirm_bars and len(set(last)) == 1 and last[0] >= 0:
                confirmed = int(last[0])
            expected.append(confirmed)
        assert confirmed_regimes(raw, confirm_bars).tolist() == expected


def test_a_market_that_does_not_move_has_made_no_way() -> None:
    """spec F44: 0 ÷ 0 is 0"""
    assert efficiency_ratio(np.full(30, 5.0), 20)[20:].tolist() == [0.0] * 10

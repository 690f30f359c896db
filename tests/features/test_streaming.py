"""Features bar by bar are the columns, to the last bit (spec T4 T5: live and history see the same)."""

from __future__ import annotations

import numpy as np
import pytest

from exitbrain.core.rules import POSITION_FEATURES, check_rule, evaluate_bar
from exitbrain.core.timeframes import UNITS
from exitbrain.errors import InvalidInput
from exitbrain.features.catalogue import CATALOGUE, usual_names
from exitbrain.features.regime import RegimeThresholds
from exitbrain.features.streaming import ClosedBar, StreamingFeatures
from exitbrain.features.table import FeatureTable
from features.test_feature_table import HIGHER, HOUR, random_bars, rows

NAMES = [name for name in usual_names() if name not in POSITION_FEATURES] + HIGHER
NAMES += ["atr_1", "return_1", "sma_1", "donchian_mid_1", "rsi_2", "tf_1h_rsi_14", "tf_4h_mfi_14", "tf_1d_obv"]
THRESHOLDS = RegimeThresholds(vol_window=30, adx_trend=15, adx_range=14, er_trend=0.2)


def closed_bars(bars, spread):
    for i in range(len(bars)):
        numbers = {name: float(getattr(bars, name)[i]) for name in ("open", "high", "low", "close", "volume")}
        yield ClosedBar(time=int(bars.time[i]), spread_bps=float(spread[i]), **numbers)


@pytest.mark.parametrize(("seed", "holes"), [(1, 0.0), (2, 0.2), (3, 0.05)])
def test_the_stream_gives_the_columns_to_the_last_bit(seed: int, holes: float) -> None:
    dice = np.random.default_rng(seed)
    bars = random_bars(500, seed)
    bars.volume[dice.random(500) < holes / 10] = np.nan
    bars = rows(bars, dice.random(500) >= holes)
    spread = np.where(dice.random(len(bars)) < 0.1, np.nan, 2.0)
    table = FeatureTable(bars=bars, timeframe=HOUR, spread_bps=spread, default_spread_bps=5.0, thresholds=THRESHOLDS)
    stream = StreamingFeatures(NAMES, timeframe=HOUR, default_spread_bps=5.0, thresholds=THRESHOLDS)
    regimes = set()
    for i, bar in enumerate(closed_bars(bars, spread)):
        stream.take(bar)
        assert stream.history == i
        regimes.add(stream.value("regime", 0))
        for name in NAMES:
            assert stream.value(name, 0) == table.value(name, i), (name, i)
    assert len(regimes) >= 3
    assert all(stream.value(name, 200) == table.value(name, len(bars) - 201) for name in NAMES)


def test_a_rule_over_the_stream_is_the_rule_over_the_table() -> None:
    """spec T4"""
    bars = random_bars(120)
    rule = check_rule("rsi_14 < 50 and bars_since(close > highest(close, 9) - atr_14) < 9", CATALOGUE)
    table = FeatureTable(bars=bars, timeframe=HOUR)
    from exitbrain.features.binding import BoundRule

    bound, stream = BoundRule(rule, table), StreamingFeatures(rule.names, timeframe=HOUR)
    for i, bar in enumerate(closed_bars(bars, np.ones(120))):
        stream.take(bar)
        assert evaluate_bar(rule, stream) is bound.at(i)


def test_the_stream_says_why_a_value_is_missing() -> None:
    """spec F55"""
    stream = StreamingFeatures(["rsi_14", "tf_4h_close"], timeframe=HOUR)
    stream.take(next(closed_bars(random_bars(1), [1.0])))
    assert stream.why("rsi_14", 0) == "warm-up: it needs 15 closed bars, and 1 are there"
    assert stream.why("tf_4h_close", 0) == "warm-up: it needs 1 closed 4h bars"


def test_only_features_of_the_market_that_the_bars_can_make_are_streamed() -> None:
    """spec F40"""
    for name in ("unrealized_r", "nope", "tf_15m_close"):
        with pytest.raises(InvalidInput):
            StreamingFeatures([name], timeframe=UNITS["h"])

"""Features bar by bar are the columns, to the last bit (spec T4 T5: live and history see the same)."""

from __future__ import annotations

import numpy as np
import pytest

from exitbrain.core.rules import POSITION_FEATURES, LiveRules, check_rule, evaluate_bar
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


PERIODS = (1, 2, 7, 8, 9, 16, 127, 129, 200, 257, 500)
OF_A_WINDOW = ("return", "efficiency_ratio", "donchian_high", "donchian_low", "donchian_mid", "realized_vol")


def test_windows_of_every_length_give_the_columns_to_the_last_bit() -> None:
    """A sum hangs on the order of its parts, and numpy's order on how many there are."""
    bars = random_bars(3_000, 6)
    names = [f"{family}_{n}" for family in OF_A_WINDOW for n in PERIODS if n > 1 or family != "realized_vol"]
    names += ["sma_500", "bb_width_500", "volume_sma_500", "tf_4h_efficiency_ratio_129", "tf_1d_donchian_high_16"]
    table = FeatureTable(bars=bars, timeframe=HOUR)
    stream = StreamingFeatures(names, timeframe=HOUR)
    for bar in closed_bars(bars, np.ones(len(bars))):
        stream.take(bar)
    for name in names:
        told = [stream.value(name, back) for back in range(len(bars) - 1, -1, -1)]
        assert told == [table.value(name, i) for i in range(len(bars))], name


@pytest.mark.parametrize("window", [1, 2, 5, 200])
def test_a_regime_over_any_window_is_the_columns(window: int) -> None:
    """spec F24: the median of an even and of an odd number, with ties"""
    bars = random_bars(1_500, 8)
    bars.high[700:1_000] = bars.close[700:1_000] = bars.low[700:1_000] = bars.open[700:1_000] = 100.0
    thresholds = RegimeThresholds(vol_window=window, vol_mult=1.05, adx_trend=15, adx_range=14, confirm_bars=2)
    table = FeatureTable(bars=bars, timeframe=HOUR, thresholds=thresholds)
    stream = StreamingFeatures(["regime"], timeframe=HOUR, thresholds=thresholds)
    for i, bar in enumerate(closed_bars(bars, np.ones(len(bars)))):
        stream.take(bar)
        assert stream.value("regime", 0) == table.value("regime", i), i


def test_features_that_share_a_line_take_it_once() -> None:
    """spec T5: three bands, two stochastics and a regime's own ADX are read from four lines"""
    names = ["bb_upper_20", "bb_lower_20", "bb_width_20", "stoch_k_14", "stoch_d_14", "adx_14", "regime"]
    stream = StreamingFeatures(names, timeframe=HOUR)
    lines = {id(line) for _, _, line, _ in stream._own}
    assert len(lines) == 4 and len(stream._lines._takes) == 6  # and the regime's ATR and efficiency ratio


def test_live_rules_over_the_stream_are_the_rules_over_the_table() -> None:
    """spec T4 T5: with higher timeframes and holes, and the same after a restart"""
    from exitbrain.features.binding import BoundRule

    texts = (
        "rsi_14 < 50 and bars_since(close > highest(close, 9) - atr_14) < 9",
        "tf_4h_close > prev(tf_4h_close, 8) or volume is none",
        "regime in ('TREND', 'RANGE') and crosses_above(close, sma_20)",
        "highest(high, 30) - lowest(low, 30) > 4 * atr_14",
        "bars_since(volume is none) between 2 and 5",
    )
    bars = random_bars(400, 4)
    bars.volume[::37] = np.nan
    table, rules = FeatureTable(bars=bars, timeframe=HOUR), [check_rule(text, CATALOGUE) for text in texts]
    bound = [BoundRule(rule, table) for rule in rules]
    closed, live = list(closed_bars(bars, np.ones(len(bars)))), LiveRules(rules)
    stream, seen = StreamingFeatures(live.names, timeframe=HOUR), set()
    for i, bar in enumerate(closed):
        stream.take(bar)
        live.take(stream.latest)
        truths = live.truths({})
        seen |= set(enumerate(truths))
        assert truths == tuple(rule.at(i) for rule in bound)
        if i == 250:
            again = StreamingFeatures(live.names, timeframe=HOUR)
            restarted = LiveRules(rules)
            restarted.warm(again.rows(closed[: i + 1]))
            assert restarted.truths({}) == truths and again.latest == stream.latest
    assert {(rule, truth) for rule in range(len(rules)) for truth in (True, False)} <= seen


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

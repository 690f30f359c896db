"""Columns of the catalogue: their warm-up, their values, higher timeframes, and no look ahead (spec T5 F44 F54 F55)."""

from __future__ import annotations

import math
import statistics

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.core.rules import POSITION_FEATURES, check_rule, evaluate_bar, explain_bar
from exitbrain.core.timeframes import UNITS
from exitbrain.errors import InvalidInput
from exitbrain.features.binding import FLAT, BoundRule, TableWindow
from exitbrain.features.catalogue import CATALOGUE, FAMILIES, feature_of, usual_names
from exitbrain.features.columns import TextColumn, evaluate_columns
from exitbrain.features.computing import COMPUTED, Bars
from exitbrain.features.table import FeatureTable

HOUR, DAY = UNITS["h"], UNITS["d"]
MONDAY = 1_704_067_200_000_000  # 2024-01-01, a Monday
MARKET = [name for name in usual_names() if name not in POSITION_FEATURES]


def random_bars(count: int, seed: int = 1, start: int = MONDAY, step: int = HOUR) -> Bars:
    dice = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(dice.normal(size=count) * 0.01))
    high, low = close * (1 + dice.random(count) * 0.01), close * (1 - dice.random(count) * 0.01)
    opened = low + (high - low) * dice.random(count)
    volume = dice.random(count) * 10
    time = start + np.arange(count, dtype=np.int64) * step
    return Bars(time=time, open=opened, high=high, low=low, close=close, volume=volume)


def table(bars: Bars, **given_values) -> FeatureTable:
    return FeatureTable(bars=bars, timeframe=HOUR, **given_values)


def rows(bars: Bars, chosen: object) -> Bars:
    return Bars(**{name: getattr(bars, name)[chosen] for name in Bars.__dataclass_fields__})


def numbers(column: object) -> np.ndarray:
    return column.codes.astype(float) if isinstance(column, TextColumn) else column  # type: ignore[union-attr]


def test_every_family_is_computed_or_supplied() -> None:
    """spec T5"""
    assert set(FAMILIES) - set(COMPUTED) == {"regime", "spread_bps", *POSITION_FEATURES}


@pytest.mark.parametrize("name", [n for n in MARKET if n not in ("regime", "spread_bps")])
def test_the_first_value_comes_after_the_warm_up(name: str) -> None:
    """spec T5 F55"""
    warm_up = feature_of(name).warm_up  # type: ignore[union-attr]
    column = table(random_bars(300)).column(name)
    assert np.flatnonzero(~np.isnan(column))[0] == warm_up
    assert not np.isnan(column[warm_up:]).any()
    for count in (0, 1, warm_up, warm_up + 1):
        short = table(random_bars(count)).column(name)
        assert len(short) == count and np.isnan(short).sum() == min(count, warm_up)


BY_HAND = {
    "sma_20": lambda b, i: statistics.fmean(b.close[i - 19 : i + 1]),
    "wma_20": lambda b, i: sum((k + 1) * x for k, x in enumerate(b.close[i - 19 : i + 1])) / 210,  # 1 + … + 20
    "return_24": lambda b, i: b.close[i] / b.close[i - 24] - 1,
    "roc_10": lambda b, i: 100 * (b.close[i] / b.close[i - 10] - 1),
    "mom_10": lambda b, i: b.close[i] - b.close[i - 10],
    "donchian_high_20": lambda b, i: max(b.high[i - 19 : i + 1]),
    "donchian_low_20": lambda b, i: min(b.low[i - 19 : i + 1]),
    "donchian_mid_20": lambda b, i: (max(b.high[i - 19 : i + 1]) + min(b.low[i - 19 : i + 1])) / 2,
    "bb_upper_20": lambda b, i: statistics.fmean(b.close[i - 19 : i + 1]) + 2 * statistics.pstdev(b.close[i - 19 : i + 1]),
    "bb_width_20": lambda b, i: 4 * statistics.pstdev(b.close[i - 19 : i + 1]) / statistics.fmean(b.close[i - 19 : i + 1]),
    "realized_vol_24": lambda b, i: statistics.stdev(math.log(b.close[k] / b.close[k - 1]) for k in range(i - 23, i + 1)),
    "efficiency_ratio_20": lambda b, i: abs(b.close[i] - b.close[i - 20])
    / sum(abs(b.close[k] - b.close[k - 1]) for k in range(i - 19, i + 1)),
    "willr_14": lambda b, i: -100
    * (max(b.high[i - 13 : i + 1]) - b.close[i])
    / (max(b.high[i - 13 : i + 1]) - min(b.low[i - 13 : i + 1])),
    "liquidity": lambda b, i: b.close[i] * b.volume[i],
    "volume_sma_20": lambda b, i: statistics.fmean(b.volume[i - 19 : i + 1]),
}  # fmt: skip


@pytest.mark.parametrize("name", BY_HAND)
def test_a_feature_is_what_its_meaning_says(name: str) -> None:
    """spec T5 F44"""
    bars = random_bars(120)
    column = table(bars).column(name)
    for i in (30, 57, 119):
        assert column[i] == pytest.approx(BY_HAND[name](bars, i), rel=1e-9, abs=1e-12)


def wilder(values: list[float], period: int) -> list[float]:
    """The first is a plain average, each later one moves by a period's part."""
    averages = [sum(values[:period]) / period]
    for value in values[period:]:
        averages.append((averages[-1] * (period - 1) + value) / period)
    return averages


def test_wilders_rsi_and_atr_are_wilders() -> None:
    """spec F44"""
    bars = random_bars(60)
    steps = np.diff(bars.close).tolist()
    gains, losses = wilder([max(x, 0) for x in steps], 14), wilder([max(-x, 0) for x in steps], 14)
    expected = [100 * gain / (gain + loss) for gain, loss in zip(gains, losses)]
    np.testing.assert_allclose(table(bars).column("rsi_14")[14:], expected, rtol=1e-9)
    before = bars.close[:-1]
    ranges = np.maximum(bars.high[1:], before) - np.minimum(bars.low[1:], before)
    np.testing.assert_allclose(table(bars).column("atr_14")[14:], wilder(ranges.tolist(), 14), rtol=1e-9)


HIGHER = ["tf_4h_close", "tf_4h_high", "tf_4h_rsi_14", "tf_1d_volume", "tf_4h_regime", "tf_1w_open"]


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 400), more=st.integers(0, 80), seed=st.integers(0, 9), holes=st.floats(0, 0.5))
def test_no_value_changes_when_later_bars_come(count: int, more: int, seed: int, holes: float) -> None:
    """spec X1 T5: the same values on a prefix, to the last bit, with holes in time and in volume"""
    dice = np.random.default_rng(seed)
    bars = random_bars(count + more, seed)
    bars.volume[dice.random(len(bars)) < holes / 10] = np.nan
    bars = rows(bars, dice.random(len(bars)) >= holes)
    cut = min(count, len(bars))
    whole, part = table(bars), table(rows(bars, slice(cut)))
    for name in [*MARKET, *HIGHER]:
        np.testing.assert_array_equal(numbers(part.column(name)), numbers(whole.column(name))[:cut], err_msg=name)


def test_a_higher_bar_counts_from_the_close_that_ends_it() -> None:
    """spec T5: closed bars only"""
    bars = random_bars(10)
    column = table(bars).column("tf_4h_close")
    # 4h bars are 00:00-04:00 and 04:00-08:00; the bar of 03:00 closes the first, the bar of 07:00 the second
    expected = [None] * 3 + [bars.close[3]] * 4 + [bars.close[7]] * 3
    assert [None if np.isnan(x) else x for x in column] == expected
    assert table(bars).column("tf_4h_high")[5] == max(bars.high[:4])
    assert table(bars).column("tf_4h_open")[9] == bars.open[4]
    assert table(bars).column("tf_4h_volume")[9] == pytest.approx(sum(bars.volume[4:8]))
    assert table(bars).higher(4 * HOUR).closes_here.tolist() == [i in (3, 7) for i in range(10)]
    assert table(bars).column("tf_1h_close").tolist() == bars.close.tolist()


def test_a_higher_bar_that_a_hole_cuts_short_closes_with_the_next_bar() -> None:
    """spec T5: what the data has, known once the data shows that it is over"""
    whole = random_bars(10)
    bars = rows(whole, [0, 1, 5, 6, 7, 8])  # 02:00 to 04:00 are missing
    column = table(bars).column("tf_4h_close")
    close = whole.close
    assert [None if np.isnan(x) else x for x in column] == [None, None, close[1], close[1], close[7], close[7]]
    assert table(bars).higher(4 * HOUR).closed_at.tolist() == [2, 4]


def test_weeks_start_on_monday() -> None:
    """spec T5"""
    bars = random_bars(24 * 14, start=MONDAY - DAY)
    opens = table(bars).at_timeframe(7 * DAY).bars.time.tolist()
    assert opens == [
        MONDAY - 7 * DAY,
        MONDAY,
    ]
    assert table(bars).column("weekday_utc")[[0, 24, 24 * 7]].tolist() == [6, 0, 6]
    assert table(bars).column("hour_utc")[[0, 5, 30]].tolist() == [0, 5, 6]


def test_higher_bars_are_those_of_polars() -> None:
    """spec T5"""
    dice = np.random.default_rng(5)
    bars = rows(random_bars(900), dice.random(900) > 0.2)
    own = table(bars).at_timeframe(6 * HOUR).bars
    frame = pl.DataFrame({name: getattr(bars, name) for name in Bars.__dataclass_fields__})
    grouped = (
        frame.with_columns(pl.from_epoch("time", time_unit="us"))
        .group_by_dynamic("time", every="6h")
        .agg(pl.first("open"), pl.max("high"), pl.min("low"), pl.last("close"), pl.sum("volume"))
        .with_columns(pl.col("time").dt.epoch("us"))
        .head(len(own))
    )
    assert len(own) >= 149
    for name in Bars.__dataclass_fields__:
        np.testing.assert_allclose(getattr(own, name), grouped[name].to_numpy(), rtol=1e-12)


def test_a_lower_or_unrelated_timeframe_is_bad_input() -> None:
    """spec F40"""
    for wrong in (HOUR // 2, 90 * UNITS["m"]):
        with pytest.raises(InvalidInput):
            table(random_bars(9)).at_timeframe(wrong)


def test_volume_features_start_again_after_a_hole() -> None:
    bars = random_bars(60)
    bars.volume[30] = np.nan
    column = table(bars).column("volume_sma_20")
    assert np.flatnonzero(~np.isnan(column)).tolist() == [*range(19, 30), *range(50, 60)]
    assert column[50] == pytest.approx(statistics.fmean(bars.volume[31:51]))


def test_spread_comes_from_the_data_then_from_the_config() -> None:
    """spec T5 F26"""
    bars = random_bars(3)
    spread = np.array([1.0, np.nan, 3.0])
    assert table(bars, spread_bps=spread, default_spread_bps=9.0).column("spread_bps").tolist() == [1, 9, 3]
    assert table(bars, default_spread_bps=9.0).column("spread_bps").tolist() == [9, 9, 9]
    assert np.isnan(table(bars).column("spread_bps")).all()


def test_the_reason_for_a_missing_value_is_known() -> None:
    """spec F55"""
    bars = random_bars(60)
    bars.volume[30] = np.nan
    features = table(bars)
    assert features.why("rsi_14", 3) == "warm-up: it needs 15 closed 1h bars, and 4 are there"
    assert features.why("tf_4h_rsi_14", 9) == "warm-up: it needs 15 closed 4h bars, and 2 are there"
    assert features.why("spread_bps", 40) == "no such column in this file"
    assert features.why("volume_sma_20", 32) == "a hole: the data has no volume 2 bars back"
    rule = check_rule("unrealized_r > 1 and rsi_14 > 1", CATALOGUE)
    whys = [term.why for term in explain_bar(rule, TableWindow(features, 3))]
    assert whys[0] == ("unrealized_r: flat",)


UNKNOWN = ["rsi", "rsi_1", "rsi_501", "rsi_014", "rsi_14_2", "macd_26_12_9", "tf_4h_position", "tf_4x_close", "close_3"]
UNKNOWN += ["tf_4h_tf_1d_close", "tf_4h_hour_utc", "Close", "sma_0", "__class__", "rsi_" + "9" * 400, "tf__close", ""]


@pytest.mark.parametrize("name", UNKNOWN)
def test_the_catalogue_is_closed(name: str) -> None:
    """spec T5"""
    assert feature_of(name) is None
    with pytest.raises(InvalidInput):
        table(random_bars(3)).column(name)


CORRECTED = [("rsi14", "rsi_14"), ("ema50", "ema_50"), ("tf_4h_adx14", "tf_4h_adx_14"), ("bb_uper_20", "bb_upper_20")]
CORRECTED += [("Close", "close"), ("donchian_hihg_55", "donchian_high_55"), ("unrealised_r", "unrealized_r")]


@pytest.mark.parametrize(("wrong", "right"), CORRECTED)
def test_the_nearest_name_is_suggested(wrong: str, right: str) -> None:
    """spec T4"""
    assert CATALOGUE.correction(wrong) == right


OPEN_LONG = {"position": "long", "is_flat": False, "is_long": True, "is_short": False, "bars_held": 3.0}
OPEN_LONG |= {"unrealized_r": 0.4, "entry_price": 101.0, "stop_price": 99.0, "mfe_r": 1.0, "position_fraction": 0.5}
POSITION_RULES = [
    "unrealized_r > 0 and close > entry_price - 2 * atr_14",
    "is_long and not (rsi_14 > 70)",
    "bars_held >= 3 and highest(close, 20) > entry_price",
    "entry_price between donchian_low_20 and donchian_high_20",
    "is_flat or regime == 'NORMAL' and mfe_r > 0.5",
    "prev(unrealized_r, 1) > 0",
    "bars_since(close > entry_price) == 0",
    "crosses_above(close, entry_price)",
    "min(entry_price, sma_20) < max(close, stop_price)",
    "(rsi_14 > 50) == is_long",
    "unrealized_r is none or prev(close < ema_20, 2)",
    "position == 'long' and (rsi_14 > 40) is not none",
]
MARKET_RULES = [
    "close > ema_20",
    "rsi_14 < 40 or tf_4h_close > prev(close, 3)",
    "regime != 'TREND'",
    "spread_bps > 1",
    "",
]


@pytest.mark.parametrize("text", POSITION_RULES + MARKET_RULES)
def test_a_bound_rule_is_worth_what_the_rule_is(text: str) -> None:
    """spec T4 T5: with a position and without, whatever part of it became a column"""
    features = table(random_bars(80))
    rule = check_rule(text, CATALOGUE, HOUR)
    bound = BoundRule(rule, features)
    for bar in range(80):
        for position in (FLAT, OPEN_LONG):
            assert bound.at(bar, position) is evaluate_bar(rule, TableWindow(features, bar, position))


def test_a_missing_value_never_fires_a_rule() -> None:
    """spec T4: nor does its negation"""
    features = table(random_bars(20))
    for text in ("rsi_14 > 70", "not (rsi_14 > 70)", "not rsi_14 > 70 and close > 0"):
        assert evaluate_columns(check_rule(text, CATALOGUE), features)[:14].tolist() == [-1] * 14


def test_what_depends_on_the_position_is_missing_when_flat() -> None:
    """spec T4"""
    features = table(random_bars(20))
    for name, kind in POSITION_FEATURES.items():
        text = {"boolean": name, "text": f"{name} == 'flat'", "number": f"{name} < 1 or {name} >= 1"}[kind]
        rule = check_rule(text, CATALOGUE)
        truth = BoundRule(rule, features).at(9)
        known = name in ("position", "is_flat", "is_long", "is_short")
        assert (truth is not None) is known, name
        assert feature_of(name).family.of_bars is False  # type: ignore[union-attr]

"""Whether a rule can be true or false: tables of cases, and the law that a certain *no* is never wrong (spec T2)."""

from __future__ import annotations

import random

import numpy as np
import pytest

from exitbrain.core.intervals import Interval
from exitbrain.core.possible_values import ANY_SIGN, Range
from exitbrain.core.rules import check_rule, parse_rule
from exitbrain.core.satisfying import can_be
from exitbrain.features.catalogue import CATALOGUE
from exitbrain.features.columns import ColumnTable, TextColumn, evaluate_columns
from exitbrain.features.ranges import StanceRanges
from rules.rule_worlds import LABELS, NUMBERS, RandomRules, random_columns

LONG = StanceRanges("long")

NEVER = (
    "rsi_14 > 100", "rsi_14 < 0", "adx_14 > 120", "close < 0", "close <= 0", "stoch_k_14 < 0", "willr_14 > 0",
    "efficiency_ratio_20 > 1", "bars_held < 0", "position_fraction > 1", "position_fraction <= 0", "mae_r > 0",
    "rsi_14 < 30 and rsi_14 > 70", "70 < rsi_14 < 30", "rsi_14 between 70 and 30", "rsi_14 - 50 > 51",
    "abs(rsi_14 - 50) > 50", "close / open < 0", "close > high", "low > open", "close > donchian_high_20",
    "crosses_above(close, donchian_high_20)", "close < lowest(low, 5)", "close > highest(close, 20)",
    "bb_lower_20 > bb_upper_20", "donchian_high_20 < donchian_high_10", "close > ema_50 and close < ema_50",
    "close > close", "close - close > 0", "regime == 'TREND' and regime == 'CHOP'", "is_long and is_short",
    "is_flat", "position == 'short'", "not (rsi_14 >= 0)", "not (rsi_14 > 30 or rsi_14 < 70)", "close is none",
    "prev(bars_held, 1) > 2", "crosses_above(unrealized_r, 1)", "highest(unrealized_r, 3) > 1",
    "rsi_14 is none and rsi_14 < 30", "max(rsi_14, adx_14) > 100", "min(rsi_14, close) > 100", "hour_utc > 23",
    "rsi_14 < 30 and (rsi_14 > 70 or rsi_14 > 80)", "bars_since(close > open) < 0", "return_1 < -1",
    "rsi_14 in (101, 102)", "close == open and close != open", "tf_4h_rsi_14 > 100", "tf_4h_low > tf_4h_high",
)  # fmt: skip
ALWAYS = (
    "rsi_14 <= 100", "close > 0", "bars_held >= 0", "rsi_14 > 30 or rsi_14 < 70", "not (rsi_14 > 100)", "high >= low",
    "regime in ('NORMAL', 'TREND', 'RANGE', 'VOLATILE', 'CHOP')", "is_long or rsi_14 < 30", "close is not none",
    "close <= highest(high, 20)", "rsi_14 between 0 and 100", "close / open > 0", "max(close, open) >= close",
)  # fmt: skip
PERHAPS = (
    "rsi_14 > 99.9", "rsi_14 >= 100", "rsi_14 < 30 and rsi_7 > 70", "rsi_14 < 30 or rsi_14 > 70", "close >= high",
    "close > prev(donchian_high_20, 1)", "crosses_above(close, ema_50)", "close > highest(prev(close, 1), 20)",
    "close > tf_4h_high", "tf_4h_close > tf_1d_high", "rsi_14 is none", "bars_held > 0", "unrealized_r < -1",
    "abs(rsi_14 - 50) > 49", "bb_lower_20 < 0", "donchian_high_20 > donchian_high_10", "close - open > 5",
    "rsi_14 < 30 and prev(rsi_14, 1) > 70", "close < ema_20 and close > ema_50", "atr_14 / close > 0.5",
    "position_fraction == 1", "bb_upper_20 < bb_lower_50", "1 / (close - open) > 3", "return_1 < -0.99", "mfe_r > 3",
    "rsi_14 < 30 and (rsi_14 > 70 or rsi_14 > 20)", "max(rsi_14, close) > 100", "spread_bps < 0", "macd < 0",
)  # fmt: skip


@pytest.mark.parametrize("text", NEVER)
def test_a_rule_out_of_range_can_never_be_true(text: str) -> None:
    assert not can_be(check_rule(text, CATALOGUE), True, LONG)


@pytest.mark.parametrize("text", ALWAYS)
def test_a_rule_that_holds_for_the_whole_range_can_never_be_false(text: str) -> None:
    rule = check_rule(text, CATALOGUE)
    assert can_be(rule, True, LONG)
    assert not can_be(rule, False, LONG)


@pytest.mark.parametrize("text", PERHAPS)
def test_a_rule_within_range_can_be_both(text: str) -> None:
    rule = check_rule(text, CATALOGUE)
    assert can_be(rule, True, LONG)
    assert can_be(rule, False, LONG)


def test_the_stance_decides_what_position_features_say() -> None:
    truths = {
        stance: can_be(check_rule("is_flat", CATALOGUE), True, StanceRanges(stance)) for stance in ("flat", "short")
    }
    assert truths == {"flat": True, "short": False}
    assert not can_be(check_rule("bars_held >= 0", CATALOGUE), True, StanceRanges("flat"))


class WorldRanges:
    """The ranges of the random columns, which know nothing of order."""

    INTERVALS = {"a": Interval(low=-3, high=1e300), "b": Interval(low=0, high=3), "c": Interval(low=-3, high=1e300)}

    def of(self, name: str, *, past: bool) -> Range:
        if name in ("w", "v"):
            return Range(values=frozenset(LABELS))
        if name in ("p", "q"):
            return Range(values=frozenset({True, False}))
        return Range(values=self.INTERVALS.get(name, Interval(low=0, low_open=True)))

    def order(self, left: str, right: str) -> frozenset[int]:
        return ANY_SIGN


def world(dice: random.Random, rows: int) -> ColumnTable:
    held = random_columns(dice, rows)
    held["b"] = [dice.choice((0.0, 0.1, 1.0, 3.0, None)) for _ in range(rows)]
    held["d"] = [dice.choice((0.1, 1.0, 2.0, 1e300, None)) for _ in range(rows)]
    columns = {name: np.array([np.nan if x is None else x for x in held[name]]) for name in NUMBERS}
    for name in ("w", "v"):
        columns[name] = TextColumn(np.array([-1 if x is None else LABELS.index(x) for x in held[name]]), LABELS)
    for name in ("p", "q"):
        columns[name] = np.array([-1 if x is None else int(x) for x in held[name]], dtype=np.int8)
    return ColumnTable(columns, rows)


@pytest.mark.parametrize("seed", range(20))
def test_what_happens_on_random_rows_can_happen(seed: int) -> None:
    dice = random.Random(seed)
    rules = RandomRules(dice)
    refuted = 0
    for _ in range(150):
        rule = parse_rule(rules.rule(3))
        seen = set(evaluate_columns(rule, world(dice, 60)).tolist())
        for truth in (True, False):
            possible = can_be(rule, truth, WorldRanges())
            assert possible or int(truth) not in seen, (rule.text, truth)
            refuted += not possible
    assert refuted, "the law is empty where nothing is ever refuted"

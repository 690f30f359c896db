"""What rules are worth: truth tables, functions of the past, and four evaluators that agree (spec T4 F54 D2)."""

from __future__ import annotations

import itertools
import os
import random
from operator import ge, gt, le, lt

import numpy as np
import polars as pl
import pytest

from exitbrain.core.rules import LiveRules, Rule, evaluate_bar, explain_bar, parse_rule
from exitbrain.features.columns import ColumnTable, TextColumn, evaluate_columns, rolling_extreme
from rules.polars_judge import judged
from rules.rule_worlds import LABELS, NUMBERS, TRUTHS, WORDS, RandomRules, random_columns

T, F, U = True, False, None
OUTSIDE = {1: True, 0: False, -1: None}


class ListWindow:
    """One bar of columns that are lists."""

    def __init__(self, columns: dict[str, list[object]], bar: int) -> None:
        self.columns, self.history = columns, bar

    def value(self, name: str, bars_back: int) -> object:
        assert 0 <= bars_back <= self.history
        return self.columns[name][self.history - bars_back]

    def why(self, name: str, bars_back: int) -> str:
        return "a hole"


def table_of(columns: dict[str, list[object]]) -> ColumnTable:
    rows = len(next(iter(columns.values())))
    arrays: dict[str, object] = {}
    for name, values in columns.items():
        if name in WORDS:
            codes = np.array([-1 if word is None else LABELS.index(word) for word in values])
            arrays[name] = TextColumn(codes, LABELS)
        elif name in TRUTHS:
            arrays[name] = np.array([-1 if truth is None else int(truth) for truth in values], dtype=np.int8)
        else:
            arrays[name] = np.array([np.nan if number is None else number for number in values], dtype=np.float64)
    return ColumnTable(arrays, rows)


def frame_of(columns: dict[str, list[object]]) -> pl.DataFrame:
    kinds = dict.fromkeys(NUMBERS, pl.Float64) | dict.fromkeys(WORDS, pl.String) | dict.fromkeys(TRUTHS, pl.Boolean)
    return pl.DataFrame(columns, schema={name: kinds[name] for name in columns})


def by_bars(rule: Rule, columns: dict[str, list[object]]) -> list[bool | None]:
    rows = len(next(iter(columns.values())))
    return [evaluate_bar(rule, ListWindow(columns, bar)) for bar in range(rows)]


def by_columns(rule: Rule, columns: dict[str, list[object]]) -> list[bool | None]:
    return [OUTSIDE[int(truth)] for truth in evaluate_columns(rule, table_of(columns))]


def by_live(rules: list[Rule], columns: dict[str, list[object]], position: tuple[str, ...] = ()) -> list[tuple]:
    """The truths of all rules, bar by bar; `position` names what is known at the present bar only."""
    live, told = LiveRules(rules, position=position), []
    for row in rows_of(columns):
        live.take({name: row[name] for name in live.names})
        told.append(live.truths({name: row[name] for name in position}))
    return told


def rows_of(columns: dict[str, list[object]]) -> list[dict[str, object]]:
    return [dict(zip(columns, row)) for row in zip(*columns.values())]


def agreed(text: str, columns: dict[str, list[object]]) -> list[bool | None]:
    """The truths at all bars, the same by every evaluator."""
    rule = parse_rule(text)
    one, all_at_once, polars = by_bars(rule, columns), by_columns(rule, columns), judged(rule, frame_of(columns))
    assert one == all_at_once == polars, text
    assert [truth for (truth,) in by_live([rule], columns)] == one, text
    return one


KLEENE = [
    # left, right, and, or
    (T, T, T, T),
    (T, F, F, T),
    (T, U, U, T),
    (F, T, F, T),
    (F, F, F, F),
    (F, U, F, U),
    (U, T, U, T),
    (U, F, F, U),
    (U, U, U, U),
]


@pytest.mark.parametrize(("left", "right", "both", "either"), KLEENE)
def test_and_or_and_not_are_kleenes(left: object, right: object, both: object, either: object) -> None:
    """spec T4 D2"""
    columns = {"p": [left], "q": [right]}
    assert agreed("p and q", columns) == [both]
    assert agreed("p or q", columns) == [either]
    assert agreed("not p", columns) == [None if left is None else not left]
    assert agreed("not (not p or not q)", columns) == [both]


TABLE = [
    # rule, a, b, truth
    ("a > 70", None, 0, U),
    ("not (a > 70)", None, 0, U),  # a missing value never fires, whichever way it is asked
    ("not a > 70", 60.0, 0, T),
    ("a is none", None, 0, T),
    ("a is not none", None, 0, F),
    ("a is none or a > 70", None, 0, T),
    ("a is not none and a > 70", None, 0, F),
    ("(a > 70) is none", None, 0, T),
    ("a == a", None, 0, U),
    ("a != 1", None, 0, U),
    ("a / b > 1", 1.0, 0.0, U),
    ("a / b > 1", 0.0, 0.0, U),
    ("a / b is none", 1.0, 0.0, T),
    ("not (a / b > 1)", 1.0, 0.0, U),
    ("a * a > 1", 1e300, 0, U),  # overflow
    ("a + a > 1", 1.7e308, 0, U),
    ("-a - a < 1", 1.7e308, 0, U),
    ("a * 0 == 0", float("inf"), 0, U),
    ("a is none", float("nan"), 0, T),
    ("a is none", float("inf"), 0, T),
    ("1 < a < 3", 2.0, 0, T),
    ("1 < a < 2", 2.0, 0, F),
    ("b < a < 1", 2.0, None, F),  # one definite false makes a chain false
    ("b < a < 3", 2.0, None, U),
    ("a between 1 and 2", 2.0, 0, T),
    ("a between 2 and 1", 2.0, 0, F),
    ("a between b and 1", 2.0, None, F),
    ("a between b and 3", 2.0, None, U),
    ("a in (1, 2)", 2.0, 0, T),
    ("a in (1, b)", 1.0, None, T),
    ("a in (1, b)", 2.0, None, U),
    ("a not in (1, b)", 2.0, None, U),
    ("a not in (1, 2)", 3.0, 0, T),
    ("abs(-a) == a", 2.0, 0, T),
    ("min(a, b, 5) == b", 2.0, 1.0, T),
    ("max(a, b) > 1", 2.0, None, U),
    ("0.1 + 0.2 == 0.3", 0, 0, F),
    ("7 / 2 == 3.5", 0, 0, T),
    ("-2 * -3 == 6", 0, 0, T),
    ("2 - 3 - 4 == -5", 0, 0, T),
    ("(a > 1) == (b > 1)", 2.0, 3.0, T),
    ("(a > 1) != (b > 1)", 2.0, None, U),
    ("true and a > 1", 2.0, 0, T),
    ("false or a > 1", None, 0, U),
]


@pytest.mark.parametrize(("text", "a", "b", "truth"), TABLE)
def test_one_row_has_this_truth(text: str, a: float | None, b: float | None, truth: object) -> None:
    """spec T4 F54"""
    columns: dict[str, list[object]] = {"a": [a], "b": [b]}
    rule = parse_rule(text)
    assert by_bars(rule, columns) == by_columns(rule, columns) == [truth]


PAST = [
    # rule, a, truth at each bar
    ("a > 0", [1, None, -1], [T, U, F]),
    ("prev(a, 1) > 0", [1, None, -1, 2], [U, T, U, F]),
    ("prev(a, 0) > 0", [1, None], [T, U]),
    ("prev(a, 9) is none", [1, 2], [T, T]),
    ("highest(a, 2) == 3", [3, 1, None, 3, 3], [U, T, U, U, T]),  # over the n bars that end with the present one
    ("lowest(a, 2) == 1", [3, 1, 2, 3], [U, T, T, F]),
    ("highest(a, 1) == a", [3, None, 2], [T, U, T]),
    ("highest(5, 2) == 5", [0, 0], [U, T]),
    ("crosses_above(a, 2)", [1, 2, 3, 4], [U, F, T, F]),  # above now, at or below one bar before
    ("crosses_above(a, 2)", [3, None, 3, 1], [U, U, U, F]),  # unknown arguments give unknown
    ("crosses_below(a, 2)", [3, 2, 1, 0], [U, F, T, F]),
    ("crosses_above(2, a)", [3, 2, 1, 0], [U, F, T, F]),
    ("bars_since(a > 0) == 0", [-1, 1, 1], [U, T, T]),
    ("bars_since(a > 0) == 2", [1, None, -1, None], [F, F, T, F]),  # an unknown bar counts like any other
    ("bars_since(a > 0) is none", [None, -1, 1, -1], [T, T, F, F]),
    ("prev(bars_since(a > 0), 1) == 1", [1, -1, -1], [U, F, T]),
    ("bars_since(bars_since(a > 0) == 1) == 1", [1, -1, -1, -1], [U, F, T, F]),
    ("bars_since(a > 0) == 30", [1] + [0] * 31, [F] * 30 + [T, F]),
    ("highest(prev(a, 1), 2) == 3", [3, 1, 2, 5], [U, U, T, F]),
    ("prev(a > 0, 1)", [1, -1, None, 0], [U, T, F, U]),
    ("prev(a is none, 1)", [1, None, 1], [U, F, T]),
]


@pytest.mark.parametrize(("text", "a", "truths"), PAST)
def test_functions_of_the_past_have_these_truths(text: str, a: list[object], truths: list[object]) -> None:
    """spec T4 F54"""
    assert agreed(text, {"a": [None if x is None else float(x) for x in a]}) == truths


def test_words_compare_by_equality_alone() -> None:
    """spec T4"""
    columns: dict[str, list[object]] = {"w": ["UP", "DOWN", None, "SIDE"], "v": ["UP", "UP", "UP", None]}
    assert agreed("w == 'UP'", columns) == [T, F, U, F]
    assert agreed('w != "UP"', columns) == [F, T, U, T]
    assert agreed("w == v", columns) == [T, F, U, U]
    assert agreed("w in ('UP', 'SIDE')", columns) == [T, F, U, T]
    assert agreed("w not in ('NOWHERE', v)", columns) == [F, T, U, U]
    assert agreed("prev(w, 1) != w", columns) == [U, T, U, U]
    assert agreed("'UP' == 'UP'", columns) == [T, T, T, T]


def test_a_blank_rule_never_fires() -> None:
    """spec T2"""
    assert by_bars(parse_rule(" \n"), {"a": [1.0, None]}) == by_columns(parse_rule(""), {"a": [1.0, 2.0]}) == [F, F]


def compare_evaluators(rules: int, seed: int, rows: int = 24) -> dict[object, int]:
    """Random rules by all four evaluators; how often each truth came out."""
    dice = random.Random(seed)
    seen = {True: 0, False: 0, None: 0}
    for number in range(rules):
        if number % 20 == 0:
            columns = random_columns(dice, rows)
        text = RandomRules(dice).rule(dice.randint(1, 3))
        try:
            truths = agreed(text, columns)
        except ValueError:
            continue  # beyond a limit of the language
        for truth in truths:
            seen[truth] += 1
    return seen


def test_four_evaluators_agree_on_two_thousand_random_rules() -> None:
    """spec T4: the same tree over whole columns, over one bar, and bar after bar live; Polars judges"""
    seen = compare_evaluators(2_000, seed=7)
    assert min(seen.values()) > 2_000, seen


@pytest.mark.campaign
@pytest.mark.skipif("EXITBRAIN_CAMPAIGN" not in os.environ, reason="long: EXITBRAIN_CAMPAIGN=1 runs it")
@pytest.mark.parametrize("seed", range(10))
def test_four_evaluators_agree_on_a_hundred_thousand_random_rules(seed: int) -> None:
    """spec T4"""
    compare_evaluators(10_000, seed=1_000 + seed)


def viewer(columns: dict[str, list[object]]):
    return lambda name, bar: columns[name][bar]


def test_the_oracle_agrees_on_random_rules() -> None:
    """spec T4: a reference evaluator that shares neither parser nor tree"""
    from oracle.rules import rule_value

    dice = random.Random(11)
    for _ in range(300):
        columns = random_columns(dice, 6)
        text = RandomRules(dice).rule(2).replace(" not in ", " in ")
        try:
            rule = parse_rule(text)
        except ValueError:
            continue
        expected = [rule_value(text, viewer(columns), bar) for bar in range(6)]
        assert by_bars(rule, columns) == expected, text


@pytest.mark.parametrize("name", ["crosses_above", "crosses_below"])
def test_a_crossing_is_unknown_where_one_of_its_four_values_is(name: str) -> None:
    """spec T4: unknown arguments give unknown, at every bar that the function reads; so say all four evaluators"""
    from oracle.rules import rule_value

    past, now = (le, gt) if name == "crosses_above" else (ge, lt)
    text = f"{name}(a, b)"
    for values in itertools.product((1.0, 2.0, 3.0, None), repeat=4):
        a0, b0, a1, b1 = values
        expected = None if None in values else past(a0, b0) and now(a1, b1)
        columns: dict[str, list[object]] = {"a": [a0, a1], "b": [b0, b1]}
        assert agreed(text, columns) == [None, expected]
        assert [rule_value(text, viewer(columns), bar) for bar in range(2)] == [None, expected]


@pytest.mark.parametrize("window", [1, 2, 3, 7, 20, 64, 65])
def test_a_rolling_extreme_is_the_extreme_of_each_window(window: int) -> None:
    """spec F54"""
    dice = np.random.default_rng(window)
    values = dice.integers(0, 9, 64).astype(float)
    values[dice.random(64) < 0.05] = np.nan
    for extreme in (np.maximum, np.minimum):
        expected = [
            extreme.reduce(values[i - window + 1 : i + 1]) if i + 1 >= window else np.nan for i in range(len(values))
        ]
        np.testing.assert_array_equal(rolling_extreme(values, window, extreme), expected)


def test_nested_functions_cost_the_sum_of_what_they_look_at() -> None:
    """spec T4: fifteen times 500 bars, not 500 to the fifteenth"""
    text = "a > 0"
    nested = "a"
    for _ in range(14):
        nested = f"highest({nested}, 500)"
    text = f"{nested} > 0"
    reads = 0

    class Counting(ListWindow):
        def value(self, name: str, bars_back: int) -> object:
            nonlocal reads
            reads += 1
            return super().value(name, bars_back)

    assert evaluate_bar(parse_rule(text), Counting({"a": [1.0] * 8_000}, 7_999)) is True
    assert reads == 14 * 499 + 1


@pytest.mark.parametrize("nested", range(1, 8))
def test_nested_searches_for_a_last_time_read_each_bar_once(nested: int) -> None:
    """spec T4: a rule at one bar costs what its nodes look at, whatever is never true"""
    text = "a > 1"
    for _ in range(nested):
        text = f"bars_since({text}) > 0"
    reads = 0

    class Counting(ListWindow):
        def value(self, name: str, bars_back: int) -> object:
            nonlocal reads
            reads += 1
            return super().value(name, bars_back)

    assert evaluate_bar(parse_rule(text), Counting({"a": [0.0] * 2_000}, 1_999)) is None
    assert reads == 2_000


def test_a_written_number_is_no_reading() -> None:
    """spec D8: -0.5 stands in the rule, with its sign."""
    (term,) = explain_bar(parse_rule("a < -0.5"), ListWindow({"a": [3.0]}, 0))
    assert [reading.text for reading in term.readings] == ["a"]


def test_an_explanation_says_what_each_term_read_and_why_it_is_unknown() -> None:
    """spec D8 F55"""
    columns: dict[str, list[object]] = {"a": [None, 3.0], "b": [2.0, 0.0]}
    terms = explain_bar(
        parse_rule("a > 2 and (not (a / b < 1) or prev(a, 1) > 0) or prev(b, 5) is none"), ListWindow(columns, 1)
    )
    assert [(term.text, term.truth) for term in terms] == [
        ("a > 2", T),
        ("a / b < 1", U),
        ("prev(a, 1) > 0", U),
        ("prev(b, 5) is none", T),
    ]
    assert [term.why for term in terms] == [
        (),
        ("a / b: division by zero",),
        ("prev(a, 1): a hole (1 bar back)",),
        (),
    ]
    assert [(r.text, r.value) for r in terms[1].readings] == [("a", 3.0), ("b", 0.0), ("a / b", None)]


def test_every_truth_of_a_comparison_is_reached() -> None:
    """spec T4: each comparison over ties, order and absence"""
    values = (1.0, 2.0, None)
    for operator, (left, right) in itertools.product(
        ("<", "<=", ">", ">=", "==", "!="), itertools.product(values, values)
    ):
        expected = None if left is None or right is None else {
            "<": left < right, "<=": left <= right, ">": left > right,
            ">=": left >= right, "==": left == right, "!=": left != right,
        }[operator]  # fmt: skip
        assert agreed(f"a {operator} b", {"a": [left], "b": [right]}) == [expected]

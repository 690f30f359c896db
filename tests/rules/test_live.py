"""Rules asked at every closed bar: many at once, with a position, again after a restart (spec T4)."""

from __future__ import annotations

import os
import random

import pytest

from exitbrain.core.rules import LiveRules, Rule, evaluate_bar, parse_rule
from rules.rule_worlds import RandomRules, random_columns
from rules.test_evaluation import ListWindow, by_bars, by_live, rows_of

POSITION = ("d", "v", "q")  # a number, a word and a truth that are known at the present bar only


class PositionWindow(ListWindow):
    def value(self, name: str, bars_back: int) -> object:
        return None if name in POSITION and bars_back else super().value(name, bars_back)


def random_rules(dice: random.Random, count: int) -> list[Rule]:
    rules: list[Rule] = []
    while len(rules) < count:
        try:
            rules.append(parse_rule(RandomRules(dice).rule(dice.randint(1, 3))))
        except ValueError:
            continue  # beyond a limit of the language
    return rules


def compare_plans(plans: int, seed: int, rows: int = 24) -> None:
    """Plans of twenty rules, of which many read the position, against each rule at each bar by itself."""
    dice = random.Random(seed)
    for _ in range(plans):
        columns, rules = random_columns(dice, rows), random_rules(dice, 20)
        expected = [tuple(evaluate_bar(rule, PositionWindow(columns, bar)) for rule in rules) for bar in range(rows)]
        assert by_live(rules, columns, POSITION) == expected, [rule.text for rule in rules]


def test_a_plan_of_rules_live_is_each_rule_at_each_bar() -> None:
    """spec T4"""
    compare_plans(100, seed=5)


@pytest.mark.campaign
@pytest.mark.skipif("EXITBRAIN_CAMPAIGN" not in os.environ, reason="long: EXITBRAIN_CAMPAIGN=1 runs it")
@pytest.mark.parametrize("seed", range(10))
def test_five_thousand_plans_of_twenty_rules_live(seed: int) -> None:
    """spec T4"""
    compare_plans(500, seed=2_000 + seed)


T, F, U = True, False, None
PAST_OF_THE_POSITION = [
    # rule, a, and d of the position at each bar, and its truths
    ("prev(d, 1) is none", [1, 1], [1, 1], [T, T]),
    ("prev(d is none, 1)", [1, 1], [1, 1], [U, T]),
    ("highest(d, 1) > 0", [1, 1], [1, 1], [T, T]),
    ("highest(d, 2) > 0", [1, 1], [1, 1], [U, U]),
    ("bars_since(d > 0) == 0", [1, 1], [1, -1], [T, U]),
    ("bars_since(d is none or a > 1) == 1", [2, 1, 1], [None, 1, 1], [F, T, T]),
    ("crosses_above(a, d)", [1, 3], [2, 2], [U, U]),
    ("prev(bars_since(d is none), 1) == 0", [1, 1, 1], [1, 1, 1], [U, T, T]),
    ("highest(min(d, a), 2) is none", [1, 1, 1], [1, 1, 1], [T, T, T]),
    ("bars_since(prev(d is none, 1)) == 0", [1, 1, 1], [1, 1, 1], [U, T, T]),
]


@pytest.mark.parametrize(("text", "a", "d", "truths"), PAST_OF_THE_POSITION)
def test_the_position_is_unknown_before_the_present_bar(
    text: str, a: list[object], d: list[object], truths: list[object]
) -> None:
    """spec T4"""
    columns = {name: [None if x is None else float(x) for x in column] for name, column in (("a", a), ("d", d))}
    rule = parse_rule(text)
    assert [truth for (truth,) in by_live([rule], columns, ("d",))] == truths
    assert [evaluate_bar(rule, PositionWindow(columns, bar)) for bar in range(len(a))] == truths


def test_asking_moves_nothing_that_is_kept() -> None:
    """spec T4: between two closes the position changes, and rules are asked again"""
    dice = random.Random(3)
    columns, rules = random_columns(dice, 40), random_rules(dice, 60)
    live, asked_often = LiveRules(rules, position=POSITION), LiveRules(rules, position=POSITION)
    for row in rows_of(columns):
        live.take(row)
        asked_often.take(row)
        for other in rows_of(random_columns(dice, 3)):
            asked_often.truths(other)
        assert asked_often.truths(row) == live.truths(row)


def test_a_copy_and_a_restart_go_on_where_the_rules_were() -> None:
    """spec T4"""
    dice = random.Random(4)
    columns, rules = random_columns(dice, 40), random_rules(dice, 60)
    rows, live = rows_of(columns), LiveRules(rules, position=POSITION)
    live.warm(rows[:25])
    copied, restarted = live.copy(), LiveRules(rules, position=POSITION)
    for row in rows_of(random_columns(dice, 9)):
        live.take(row)  # reaches no copy
    restarted.warm(rows[:25])
    for row in rows[25:]:
        copied.take(row)
        restarted.take(row)
        assert copied.truths(row) == restarted.truths(row)
    assert by_live(rules, columns, POSITION)[-1] == copied.truths(rows[-1])


def test_parts_that_stand_in_several_rules_are_valued_once() -> None:
    """spec T4: the cost of a plan is its distinct parts"""
    one = LiveRules([parse_rule("highest(a - b, 9) > 0 and w == 'UP'")])
    same = ["w == 'UP' or highest(a - b, 9) > 0", "not (highest(a - b, 9) > 0)", "highest(a - b, 9) > 0 and w == 'UP'"]
    many = LiveRules([parse_rule(text) for text in ("highest(a - b, 9) > 0 and w == 'UP'", *same)])
    assert len(many._of_market) == len(one._of_market) + 2


def test_numbers_and_truths_that_are_equal_to_python_are_two_parts() -> None:
    columns: dict[str, list[object]] = {"a": [1.0, 0.0], "q": [True, False]}
    rules = [parse_rule(text) for text in ("a == 1", "q == true", "a == 0", "q == false")]
    assert by_live(rules, columns) == list(zip(*(by_bars(rule, columns) for rule in rules)))


def test_what_is_kept_does_not_grow_with_history() -> None:
    """spec T4"""
    text = "highest(a, 50) > prev(b, 50) and bars_since(crosses_above(a, b)) < 9 and bars_since(a > 9) is none"
    live = LiveRules([parse_rule(text)])
    for bar in range(5_000):
        live.take({"a": float(-bar), "b": float(bar % 7)})
    kept = [part for part in live._memory if hasattr(part, "copy")]
    assert sum(len(getattr(part, "_best", part)) for part in kept) <= 50 + 50 + 1


def test_a_missing_number_may_be_written_in_any_way() -> None:
    """spec T4: nan, infinity and a number beyond floats are missing; a whole number is a number"""
    live = LiveRules([parse_rule("a is none"), parse_rule("a > 2"), parse_rule("")])
    for value, truths in ((float("nan"), (T, U, F)), (float("inf"), (T, U, F)), (10**400, (T, U, F)), (3, (F, T, F))):
        live.take({"a": value})
        assert live.truths({}) == truths

"""`exitbrain rules check` and `exitbrain features`, as they are typed (interfaces: command line)."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from exitbrain.cli.rules import features_command, rules_app
from exitbrain.core.rules import POSITION_FEATURES, parse_rule
from exitbrain.core.rules.wording import in_words
from exitbrain.features.catalogue import CATALOGUE, FAMILIES


def run(*words: str):
    app = typer.Typer()
    app.add_typer(rules_app, name="rules")
    app.command("features")(features_command)
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"})


def test_a_rule_is_told_in_words_with_the_features_that_it_names() -> None:
    result = run("rules", "check", "rsi_14 < 30 and not (close > tf_4h_ema_200)")
    assert result.exit_code == 0
    assert "all of: rsi_14 is below 30; it does not hold that close is above tf_4h_ema_200" in result.output
    assert "199 4h bars" in result.output
    assert "14 bars" in result.output


CHECKED = {
    "prev(close, 1) > 3": "It looks 1 bar back.",
    "is_long == true and position == 'long'": "what it reads is known without one too.",
    "unrealized_r > 1": "it is unknown without one.",
    "tf_4h_close > 3": "until a 4h bar has closed",
}


@pytest.mark.parametrize("rule", CHECKED)
def test_what_a_rule_needs_is_said_exactly(rule: str) -> None:
    words = " ".join(run("rules", "check", rule).output.split())
    assert CHECKED[rule] in words


def test_a_fault_has_a_caret_and_the_nearest_name_and_exit_status_2() -> None:
    """spec T4"""
    result = run("rules", "check", "close > ema50")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "1:9: unknown feature 'ema50'; accepted: did you mean ema_50?",
        "",
        "close > ema50",
        "        ^^^^^",
    ]


def test_a_rule_as_json() -> None:
    found = json.loads(run("rules", "check", "highest(close, 20) > entry_price", "--json").output)
    assert (found["ok"], found["type"], found["bars_needed"], found["reads_position"]) == (True, "boolean", 19, True)
    assert [feature["name"] for feature in found["features"]] == ["close", "entry_price"]


def test_a_fault_as_json() -> None:
    result = run("rules", "check", "close >", "--json")
    assert result.exit_code == 2
    assert json.loads(result.output)["column"] == 8


def test_a_timeframe_that_the_bars_cannot_make_up_is_a_fault() -> None:
    """spec T5 F40"""
    assert run("rules", "check", "tf_4h_close > 1", "--timeframe", "1d").exit_code == 2
    assert run("rules", "check", "tf_4h_close > 1", "--timeframe", "3h").exit_code == 2
    assert run("rules", "check", "tf_4h_close > 1", "--timeframe", "15m").exit_code == 0


def test_the_list_of_features_is_the_whole_catalogue() -> None:
    """spec T5: `exitbrain features` lists them all"""
    rows = json.loads(run("features", "--json").output)
    assert [row["pattern"] for row in rows] == [family.pattern for family in FAMILIES.values()]
    assert {row["pattern"] for row in rows} >= set(POSITION_FEATURES)
    for row in rows:
        assert CATALOGUE.feature_type(row["example"]) == row["type"]
        assert row["meaning"] and row["unit"]
    assert all(family.pattern in run("features").output for family in FAMILIES.values())


WORDED = [
    ("a < b <= 3", "a is below b and b is at most 3"),
    ("abs(a - b) / 2 > 50000", "(a − b) without its sign ÷ 2 is above 50000"),
    ("a between 1 and 2 or p and q", "at least one of: a is from 1 to 2; (all of: p; q)"),
    ("w not in ('UP', 'DOWN')", 'w is none of "UP", "DOWN"'),
    ("a is none or b is not none", "at least one of: a is missing; b is known"),
    ("bars_since(crosses_above(a, b)) < 5", "the number of bars since (a crosses above b) is below 5"),
    ("prev(a, 1) == highest(-a, 3)", "(a) 1 bar ago is the highest −a of the last 3 bars"),
    (" ", "never: the rule is blank"),
]


def test_rules_are_worded_so_that_a_person_can_check_them() -> None:
    for text, words in WORDED:
        assert in_words(parse_rule(text)) == words

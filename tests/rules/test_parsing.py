"""How rules are read: precedence, limits, types, and what is refused (spec T4 F54)."""

from __future__ import annotations

import string
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.core.rules import FeatureNames, RuleError, RuleType, bars_needed, caret, check_rule, parse_rule
from exitbrain.core.rules import position_names as position_names_of
from exitbrain.core.rules.lexer import KEYWORDS, MOST_CHARACTERS
from exitbrain.core.rules.parser import MOST_DEPTH, MOST_NODES
from exitbrain.core.rules.wording import in_words

NUMBER, TEXT, BOOLEAN = RuleType.NUMBER, RuleType.TEXT, RuleType.BOOLEAN
CATALOGUE = FeatureNames(
    {"a": NUMBER, "b": NUMBER, "c": NUMBER, "close": NUMBER, "rsi_14": NUMBER, "regime": TEXT, "side": TEXT}
    | {"is_long": BOOLEAN, "is_flat": BOOLEAN, "p": BOOLEAN, "q": BOOLEAN, "r": BOOLEAN},
    {"regime": ("NORMAL", "TREND", "RANGE")},
)

PRECEDENCE = [
    ("p or q and r", "p or (q and r)"),
    ("p and q or r", "(p and q) or r"),
    ("not p and q", "(not p) and q"),
    ("not p or not q", "(not p) or (not q)"),
    ("not a > b", "not (a > b)"),
    ("not a is none", "not (a is none)"),
    ("not a in (1, 2)", "not (a in (1, 2))"),
    ("a + b > c", "(a + b) > c"),
    ("a + b * c > 0", "(a + (b * c)) > 0"),
    ("a - b - c > 0", "((a - b) - c) > 0"),
    ("a / b / c > 0", "((a / b) / c) > 0"),
    ("-a * b > 0", "((-a) * b) > 0"),
    ("-a - -b > 0", "((-a) - (-b)) > 0"),
    ("a between b and c and p", "(a between b and c) and p"),
    ("a between b + 1 and c * 2 or p", "(a between (b + 1) and (c * 2)) or p"),
    ("a + 1 is none", "(a + 1) is none"),
    ("p AND NOT q Or r", "(p and (not q)) or r"),
    ("p and\n\tq", "p and q"),
]


@pytest.mark.parametrize(("text", "grouped"), PRECEDENCE)
def test_operators_bind_as_parentheses_would_show(text: str, grouped: str) -> None:
    """spec T4 F54"""
    assert check_rule(text, CATALOGUE).root == check_rule(grouped, CATALOGUE).root


def levels(depth: int, opening: str, inside: str, closing: str = "") -> str:
    return opening * depth + inside + closing * depth


AT_THE_LIMIT = [
    # (deepest or longest that is read, the first that is not)
    (levels(15, "(", "a > b", ")"), levels(16, "(", "a > b", ")")),  # 15 that change nothing, and the comparison
    (levels(14, "(", "a", ")") + " + 1 > b", levels(15, "(", "a", ")") + " + 1 > b"),
    (levels(16, "not ", "p"), levels(17, "not ", "p")),
    (levels(15, "-", "a") + " > b", levels(16, "-", "a") + " > b"),
    (levels(15, "abs(", "a", ")") + " > b", levels(16, "abs(", "a", ")") + " > b"),
    # parentheses that are needed do not count: 8 × (or, and)
    ("p or q and (" * 7 + "p or q and r" + ")" * 7, "p or q and (" * 8 + "p or q and r" + ")" * 8),
    (" and ".join(["p"] * 64), " and ".join(["p"] * 65)),  # 64 names and 63 operators are 127 nodes
    (" + ".join(["a"] * 63) + " > b", " + ".join(["a"] * 64) + " > b"),
    ("p" + " " * (MOST_CHARACTERS - 1), "p" + " " * MOST_CHARACTERS),
]


@pytest.mark.parametrize(("legal", "illegal"), AT_THE_LIMIT)
def test_each_limit_is_where_it_says(legal: str, illegal: str) -> None:
    """spec T4 F54: 512 characters, 128 nodes, depth 16"""
    assert check_rule(legal, CATALOGUE).root is not None
    with pytest.raises(RuleError):
        check_rule(illegal, CATALOGUE)
    assert (MOST_CHARACTERS, MOST_NODES, MOST_DEPTH) == (512, 128, 16)


REFUSED = [
    # text, column, length, a part of the message
    ("close >", 8, 1, "the end"),
    ("clos > 1", 1, 4, "did you mean close?"),
    ("rsi14 > 1", 1, 5, "did you mean rsi_14?"),
    ("regime == 'TRENDING'", 11, 10, "did you mean TREND?"),
    ("prev(regime, 1) in ('TREND', 'RAIN')", 30, 6, "never 'RAIN'"),
    ("hihgest(a, 3) > 1", 1, 7, "did you mean highest?"),
    ("highest > 1", 1, 7, "highest is a function"),
    ("highest(a, 0) > 1", 12, 1, "from 1 to 500"),
    ("highest(a, 501) > 1", 12, 3, "from 1 to 500"),
    ("prev(a, -1) > 1", 9, 1, "from 0 to 500"),
    ("prev(a, 1.5) > 1", 9, 3, "whole number"),
    ("prev(a, b) > 1", 9, 1, "whole number"),
    ("prev(a) > 1", 1, 7, "prev(x, n)"),
    ("abs(a, b) > 1", 1, 9, "abs(x)"),
    ("min(a) > 1", 1, 6, "min(a, b"),
    ("abs() > 1", 5, 1, "')'"),
    ("a", 1, 1, "a is a number"),
    ("regime", 1, 6, "regime is text"),
    ("'x'", 1, 3, "is text"),
    ("regime > 'TREND'", 1, 6, "numbers on both sides of >"),
    ("a == 'x'", 6, 3, "as on the other side"),
    ("p == 1", 6, 1, "as on the other side"),
    ("p < q", 1, 1, "true or false"),
    ("a in (1, 'x')", 10, 3, "'x' is text"),
    ("a and p", 1, 1, "a is a number"),
    ("not a", 5, 1, "not takes"),
    ("a + p > 1", 5, 1, "p is true or false"),
    ("-regime > 1", 2, 6, "regime is text"),
    ("'x' * 100000 == 'y'", 1, 3, "is text"),
    ("regime * 100000 * 100000 > 1", 1, 6, "is text"),
    ("bars_since(a) > 1", 12, 1, "a condition"),
    ("crosses_above(a, p)", 18, 1, "numbers"),
    ("a is 5", 6, 1, "none"),
    ("a == none", 6, 4, "is none"),
    ("a > b is none", 7, 2, "parentheses"),
    ("a between 1 or 2", 13, 2, "and"),
    ("a in 5", 6, 1, "parenthesis"),
    ("a in ()", 7, 1, "')'"),
    ("(a > 1", 7, 1, "parenthesis"),
    ("a > 1)", 6, 1, "')'"),
    ("a > 1 b", 7, 1, "'b'"),
    ("a = 1", 3, 1, "=="),
    ("a > 1 && p", 7, 2, "and"),
    ("a ** 2 > 1", 3, 2, "no powers"),
    ("a // 2 > 1", 3, 2, "no whole-number division"),
    ("a % 2 > 1", 3, 1, "no remainder"),
    ("a[0] > 1", 2, 1, "no subscripts"),
    ("a.real > 1", 2, 1, "no attributes"),
    ("'a'.join(b) == 'x'", 4, 1, "no attributes"),
    ("__import__('os')", 1, 10, "'__import__'"),
    ("a.__class__ is none", 2, 1, "no attributes"),
    ("().__class__ is none", 3, 1, "no attributes"),
    ("eval('1') == 1", 1, 4, "unknown function 'eval'"),
    ("open('x') == 1", 1, 4, "unknown function 'open'"),
    ("lambda: p", 7, 1, "':'"),
    ("p if q else r", 3, 2, "'if'"),
    ("[x for x in (1, 2)]", 1, 1, "no subscripts"),
    ("a := 1", 3, 1, "':'"),
    ("f'{a}' == 'x'", 2, 5, "found"),
    ("9 ** 4000000 > 1", 3, 2, "no powers"),
    ("a > 1e309", 5, 5, "too large"),
    ("a > " + "9" * 400, 5, 400, "too large"),
    ("a > 1_000", 5, 5, "plain decimal"),
    ("a > 0x10", 5, 4, "plain decimal"),
    ("a > 1j", 5, 2, "plain decimal"),
    ("a > 1.2.3", 5, 5, "plain decimal"),
    ("a > 'x", 5, 1, "ends with the quote"),
    ("\u0430 > 1", 1, 1, "printable ASCII"),
    ("a \u2212 b > 1", 3, 1, "printable ASCII"),
    ("a > \uff11", 5, 1, "printable ASCII"),
    ("a > 1\u200b", 6, 1, "printable ASCII"),
    ("a\x00 > 1", 2, 1, "printable ASCII"),
    ("p; q", 2, 1, "';'"),
    ("p # q", 3, 1, "'#'"),
]


@pytest.mark.parametrize(("text", "column", "length", "said"), REFUSED)
def test_a_fault_has_its_place_and_says_what_to_write(text: str, column: int, length: int, said: str) -> None:
    """spec T4: found when it is loaded, with line, column and the nearest known name"""
    with pytest.raises(RuleError) as caught:
        check_rule(text, CATALOGUE)
    error = caught.value
    assert (error.line, error.column, error.length) == (1, column, length), str(error)
    assert said in str(error)
    line, marks = caret(text, error).split("\n")
    assert len(line) <= 100
    assert marks.lstrip(" ") == "^" * max(1, min(length, len(marks.lstrip(" "))))


def test_a_fault_on_a_later_line_is_shown_under_that_line() -> None:
    """spec T4: newlines and tabs are spaces"""
    text = "close > 1\n\tand rsi14 < 30\n"
    with pytest.raises(RuleError) as caught:
        check_rule(text, CATALOGUE)
    assert (caught.value.line, caught.value.column, caught.value.nearest) == (2, 6, "rsi_14")
    assert caret(text, caught.value) == " and rsi14 < 30\n     ^^^^^"


HOSTILE = {
    "thousands of parentheses": "(" * 100_000,
    "parentheses within the length": "(" * 512,
    "a megabyte": "a" * 1_000_000,
    "a megabyte of spaces": " " * 1_000_000,
    "minus signs": "-" * 511 + "1",
    "nots": "not " * 127 + "p",
    "commas": "abs(" + "," * 500,
    "calls": "abs(" * 120,
    "quotes": "'\"" * 250,
    "one open quote": "'" + "a" * 510,
    "digits": "9" * 511 + ">1",
    "exponents": "1e" * 250,
    "dots": "." * 512,
    "nested equality": "(" * 15 + "p" + "==q)" * 15 + "==r==p",
    "nested choices": "(" * 12 + "p" + " in(p,q))" * 12,
    "deep in the middle": "a==" * 15 + "b",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_read_in_steps_that_its_length_bounds(text: str) -> None:
    """spec T4: counted in calls, since time on a shared machine proves nothing"""

    def read() -> None:
        try:
            check_rule(text, CATALOGUE)
        except RuleError as error:
            caret(text, error)

    assert calls_of(read) < 12_000


def calls_of(action: Callable[[], object]) -> int:
    """How many Python functions it calls: time on a shared machine proves nothing."""
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


DEEPEST = [
    levels(15, "abs(", "a", ")") + " > b",
    levels(15, "-", "a") + " > b",
    levels(16, "not ", "p"),
    levels(15, "prev(", "p", ", 1)"),
    levels(15, "highest(", "a", ", 500)") + " > 0",
    "abs(max(b, " * 7 + "a" + "))" * 7 + " > 0",
    "bars_since(" * 7 + "a > 1" + ") > 0" * 7,
    "p or q and (" * 7 + "p or q and r" + ")" * 7,
]


@pytest.mark.parametrize("text", DEEPEST)
def test_the_deepest_rules_are_told_in_steps_that_their_parts_bound(text: str) -> None:
    """spec T4: a level that does its work twice would take 2 to the 15th steps"""
    rule = check_rule(text, CATALOGUE)
    parts = sum(1 for _ in rule.nodes())
    assert calls_of(lambda: in_words(rule)) <= 12 * parts
    assert calls_of(lambda: bars_needed(rule)) <= 12 * parts


WORDS = [
    *KEYWORDS,
    *"+-*/<>(),'\"",
    "<=",
    "==",
    "!=",
    "close",
    "regime",
    "is_long",
    "nope",
    "abs(",
    "prev(",
    "highest(",
]
WORDS += ["min(", "bars_since(", "crosses_above(", "1", "0.5", "500", "1e400", "'TREND'", "__x__", ".", "[", "\n", "\t"]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join), st.text(max_size=600)))
def test_only_a_rule_or_a_rule_error_comes_out(text: str) -> None:
    """spec T4"""
    for read in (parse_rule, lambda given: check_rule(given, CATALOGUE)):
        try:
            read(text)
        except RuleError as error:
            shown = caret(text, error)
            assert all(character in string.printable for character in shown)
            assert error.line >= 1 and error.column >= 1 and error.length >= 1


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n"])
def test_a_blank_rule_is_a_rule(text: str) -> None:
    """spec T2: a blank rule never fires"""
    assert parse_rule(text).root is None


def test_a_rule_that_is_no_text_is_refused() -> None:
    """spec T4"""
    for given_value in (None, 5, True, ["a > 1"], b"a > 1"):
        with pytest.raises(RuleError):
            parse_rule(given_value)  # type: ignore[arg-type]


NEEDED = [
    ("a > 1", 0),
    ("prev(a, 3) > 1", 3),
    ("highest(a, 20) > 1", 19),
    ("highest(prev(a, 5), 20) > lowest(a, 3)", 24),
    ("crosses_above(prev(a, 2), b)", 3),
    ("bars_since(a > 1) > 3", None),
    ("", 0),
]


@pytest.mark.parametrize(("text", "bars"), NEEDED)
def test_a_rule_says_how_far_back_it_looks(text: str, bars: int | None) -> None:
    assert bars_needed(parse_rule(text)) == bars


def test_the_position_features_of_a_rule_are_known() -> None:
    """spec T5"""
    rule = parse_rule("unrealized_r > 1 and close > entry_price and not is_flat")
    assert position_names_of(rule) == {"unrealized_r", "entry_price", "is_flat"}

"""A short run of `fuzz_rules`, and faults that its judge must see."""

from __future__ import annotations

import pytest

from exitbrain.core.rules import bars
from exitbrain.core.rules.faults import RuleError
from fuzz_rules import HOSTILE, NAMES, campaign, check_rule, problem_of


def test_texts_bring_no_error_but_the_typed_one_and_no_two_truths() -> None:
    """spec T4: seconds of what was run for ten million texts"""
    tally = campaign(6_000, seed=77)
    assert (tally.executions, tally.findings) == (6_000, 0), "each is printed above"
    assert tally.read > 1_200 and tally.refused > 3_000
    assert len(tally.kinds) == 8 and min(texts for texts, _ in tally.kinds.values()) > 300


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_borrowed_from_other_languages_is_refused_with_its_place(text: str) -> None:
    """spec T4: attributes, calls, dunder names, look-alikes, strings times numbers"""
    with pytest.raises(RuleError) as caught:
        check_rule(text, NAMES)
    assert caught.value.line == 1 and 1 <= caught.value.column <= len(text)


def raising(*_: object) -> None:
    raise ZeroDivisionError("abs")


FAULTS = [
    # what is broken, the text that shows it, what the judge says
    (bars._CALLS, "abs", raising, "abs(a) > 1", "ZeroDivisionError"),
    (bars._COMPARISONS, "<=", lambda a, b: a < b, "1 <= 1", "columns"),
]


@pytest.mark.parametrize(("table", "word", "broken", "text", "said"), FAULTS)
def test_the_judge_sees_a_broken_language(
    monkeypatch: pytest.MonkeyPatch, table: dict[str, object], word: str, broken: object, text: str, said: str
) -> None:
    assert problem_of(text) == (True, None)
    monkeypatch.setitem(table, word, broken)
    assert said in str(problem_of(text)[1])


def test_the_judge_sees_a_place_outside_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    def misplaced(*_: object) -> None:
        raise RuleError("found it", line=1, column=9)

    monkeypatch.setattr("fuzz_rules.check_rule", misplaced)
    assert problem_of("a > 1") == (False, "place 1:9")

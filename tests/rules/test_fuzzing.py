"""A short run of `fuzz_rules`, and faults that its judge must see."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from exitbrain.core.rules import bars, parser
from exitbrain.core.rules.faults import RuleError
from fuzz_rules import HOSTILE, MOST_CHARACTERS, NAMES, Texts, campaign, check_rule, problem_of


def test_texts_bring_no_error_but_the_typed_one_and_no_two_truths() -> None:
    """spec T4: seconds of `fuzz_rules`"""
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
    (bars.COMPARISONS, "<=", lambda a, b: a < b, "1 <= 1", "columns"),
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


NODES = [
    "Literal",
    "Name",
    "Negative",
    "Arithmetic",
    "Chain",
    "Between",
    "Membership",
    "Missing",
    "Not",
    "And",
    "Or",
    "Call",
]


def test_no_text_makes_the_reader_build_more_than_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """spec T4: 512 characters and 128 nodes, also while a text is refused; a text that is too long is not looked at"""
    built = looked_at = 0

    def counted(kind: type) -> object:
        def made(**fields: object) -> object:
            nonlocal built
            built += 1
            return kind(**fields)

        return made

    class Counted(str):
        def __iter__(self) -> Iterator[str]:
            nonlocal looked_at
            for character in super().__iter__():
                looked_at += 1
                yield character

    for name in NODES:
        monkeypatch.setattr(parser, name, counted(getattr(parser, name)))
    texts = Texts(5)
    most = 0
    for text in [*(texts.next()[1] for _ in range(3_000)), *(" + ".join(["a"] * n) + " > 0" for n in (63, 64, 128))]:
        built = looked_at = 0
        with contextlib.suppress(RuleError):
            check_rule(Counted(text), NAMES)
        assert built <= parser.MOST_NODES + 1  # the one that is too many
        assert looked_at <= (0 if len(text) > MOST_CHARACTERS else len(text))
        most = max(most, built)
    assert most > 100

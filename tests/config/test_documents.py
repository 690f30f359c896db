"""Reading text: places, exact numbers, refusals (spec Q5, F2)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.config.documents import FILE_BYTES, Place, load_document
from exitbrain.config.written import exact_number, resolved
from exitbrain.errors import InvalidInput


def load(source, most_bytes=FILE_BYTES):
    document = load_document(source, wanted="a file", most_bytes=most_bytes)
    if document.problems:
        raise InvalidInput(*document.problems)
    return document


@pytest.mark.parametrize(
    "suffix, text", [("yaml", "a:\n  b: [1,\n   x]\n"), ("json", '{"a":\n  {"b": [1,\n   "x"]}}\n')]
)
def test_every_key_and_value_has_its_line_and_column(tmp_path, suffix, text):
    file = tmp_path / f"f.{suffix}"
    file.write_text(text)
    document = load(file)
    shift = int(suffix == "json")  # the opening brace
    assert document.keys[("a",)] == Place(str(file), 1, 1 + shift)
    assert document.keys[("a", "b")] == Place(str(file), 2, 3 + shift)
    assert document.values[("a", "b", 1)] == Place(str(file), 3, 4)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=Decimal("-1e30"), max_value=Decimal("1e30")))
def test_a_number_is_the_decimal_that_is_written(number):
    """spec Q5"""
    for text in (str(number), format(number, "f")):
        read = exact_number(text)
        assert Decimal(repr(read)) == number if isinstance(read, float) else Decimal(read) == number


def test_a_number_no_float_holds_stays_a_decimal():
    """spec Q5"""
    long = "0.1" + "0" * 60 + "1"
    for text in (f"a: {long}\n", f'{{"a": {long}}}'):
        assert resolved(load(text).content) == {"a": Decimal(long)}
    assert type(exact_number("0.1")) is float
    assert type(exact_number("100000000000000000000")) is int


@pytest.mark.parametrize("number", ["1e999999999", "1e-999999999", "1" * 1001, "1e401"])
def test_a_number_beyond_all_use_is_refused_before_it_costs_memory(number):
    with pytest.raises(InvalidInput):
        load(f'{{"a": {number}}}')
    with pytest.raises(InvalidInput):
        exact_number(number)


WORDS = [
    ("on", "on"),
    ("off", "off"),
    ("yes", "yes"),
    ("NO", "NO"),
    ("true", True),
    ("False", False),
    ("1e-4", 0.0001),
    ("1:30", "1:30"),
    ("007", "007"),
    ("0x1F", "0x1F"),
    ("-0.5", -0.5),
    (".5", 0.5),
    ("1_000", 1000),
    ("~", None),
    ("null", None),
    ("", None),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    (".inf", ".inf"),
    (".nan", ".nan"),
    ("'5'", "5"),
    ("!!str 5", "5"),
    ("!!int 5", 5),
]


@pytest.mark.parametrize("written, meant", WORDS)
def test_a_yaml_word_means_what_a_reader_expects(written, meant):
    assert resolved(load(f"a: {written}\n").content) == {"a": meant}


def test_a_yaml_key_is_always_text():
    assert load("on: 1\nyes: 2\n1: 3\n").content.keys() == {"on", "yes", "1"}


def test_merge_keys_and_aliases_share_what_is_written_once():
    text = "base: &base {x: 1, y: 2}\nown:\n  <<: *base\n  y: 3\n"
    assert resolved(load(text).content)["own"] == {"y": 3, "x": 1}


BOMB = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
MERGE_BOMB = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}]}}\n" for i in range(1, 30)
)

REFUSED = [
    ("", "an empty file"),
    (" \n\t\n", "an empty file"),
    ("# nothing\n", "nothing but comments"),
    ("---\n...\n", "nothing but comments"),
    ("a: 1\na: 2\n", "2:1: key 'a' again (first on line 1)"),
    ('{"a": 1,\n "a": 2}', "2:2: key 'a' again (first on line 1)"),
    ("a:\n\tb: 1\n", "spaces, not tabs"),
    ("symbol: *\n", '"*"'),
    ("a: *b\n", "alias *b without an anchor"),
    ("a: &a [*a]\n", "alias *a inside its own anchor"),
    (BOMB, "aliases that repeat too much"),
    (MERGE_BOMB, "aliases that repeat too much"),
    ("a: !!python/object/apply:os.system [ls]\n", "tag !!python/object/apply:os.system"),
    ("a: !secret x\n", "tag !secret"),
    ("a: 1\n---\nb: 2\n", "2:1: a second document"),
    ("[" * 50_000 + "\n", "nested deeper than 64"),
    ('{"a":' * 10_000, "nested deeper than 64"),
    ("? [a]\n: 1\n", "a key that is no text"),
    ("~: 1\n", "a key that is null"),
    ("a: [1\n", "valid YAML"),
    ("a: \x01\n", "'\\x01'"),
    ('{"a": NaN}', "1:7: NaN"),
    ('{"a": -Infinity}', "1:7: -Infinity"),
    ('{"a": 01}', "1:7: 01"),
    ('{"a": 1,}', "a key in double quotes"),
    ('{"a": [1 2]}', "a comma or ]"),
    ('{"a": "x', "faulty string"),
    ('{"a": "\t"}', "faulty string"),
    ('{"a": "\\ud800"}', "surrogate"),
    ('{"a": 1} x', "x after the end"),
    ('{"a": ', "the end of the file"),
]


@pytest.mark.parametrize("text, told", REFUSED, ids=range(len(REFUSED)))
def test_broken_text_is_refused_in_words(refusal, tmp_path, text, told):
    assert any(told in line for line in refusal(load, text if "\n" in text or "{" in text else _saved(tmp_path, text)))


def _saved(tmp_path, text):
    file = tmp_path / "f.yaml"
    file.write_text(text)
    return file


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="{}[]\",:&*!?-|>'#% \n\tab1.~<", max_size=60))
def test_no_text_does_worse_than_a_refusal(text):
    for source in (text + "\n", "{" + text, '{"' + text):
        try:
            load(source)
        except InvalidInput as error:
            assert all(str(problem).strip() for problem in error.problems)


def test_what_is_no_file_is_named(refusal, tmp_path):
    assert refusal(load, tmp_path) == [f"{tmp_path}: a folder; accepted: a file as a YAML or JSON file"]
    assert "no such file" in refusal(load, tmp_path / "none.yaml")[0]
    assert "accepted: a path, text or a mapping" in refusal(load, 5)[0]


@pytest.mark.parametrize("raw, where", [("a: 1".encode("utf-16"), "1:1"), (b"a: 1\nb: gr\xfc\n", "2:6")])
def test_a_file_that_is_not_utf_8_names_the_byte(refusal, tmp_path, raw, where):
    file = tmp_path / "f.yaml"
    file.write_bytes(raw)
    [line] = refusal(load, file)
    assert line.startswith(f"{file}:{where}: byte 0x") and line.endswith("text in UTF-8")


def test_a_byte_order_mark_is_no_fault(tmp_path):
    file = tmp_path / "f.json"
    file.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert load(file).content == {"a": 1}


def test_a_file_over_its_size_is_refused(refusal, tmp_path):
    file = tmp_path / "f.yaml"
    file.write_text("a: 1\n" + "#" * 2000)
    assert "more than 1 KiB" in refusal(load, file, 1024)[0]


def test_values_in_memory_are_copied():
    """The caller's mapping is untouched."""
    numpy = pytest.importorskip("numpy")
    mine = {"a": (1, numpy.float64(0.1)), "b": {"c": None}}
    content = load(mine).content
    assert content == {"a": [1, 0.1], "b": {"c": None}}
    content["b"]["c"] = 1
    assert mine["b"]["c"] is None

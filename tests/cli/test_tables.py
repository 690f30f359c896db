"""Amounts and columns as a terminal shows them."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.table import Table

from exitbrain.cli import amounts
from exitbrain.cli.fixed_columns import Column, fitting, lines, print_columns
from exitbrain.cli.terminal import table

SHOWN = [
    (amounts.money, "1234.5", "1,234.50"),
    (amounts.money, 0.0, "0.00"),
    (amounts.money, "-0.004", "-0.004"),
    (amounts.money, "0.00001234", "0.0000123"),
    (amounts.money, None, "-"),
    (amounts.signed, 12.3, "+12.30"),
    (amounts.signed, -12.3, "-12.30"),
    (amounts.signed, 0, "0.00"),
    (amounts.signed_r, -1.005, "-1.00"),
    (amounts.share, 0.4219, "42.2%"),
    (amounts.share, -0.00002, "0.0%"),
    (amounts.share, None, "-"),
    (amounts.moment, "2024-01-01T06:00:00Z", "2024-01-01 06:00"),
    (amounts.moment, "2024-01-01T06:00:02Z", "2024-01-01 06:00:02"),
    (amounts.span, 0, "0s"),
    (amounts.span, 45, "45s"),
    (amounts.span, 5400, "1h 30m"),
    (amounts.span, 86_400, "1d"),
    (amounts.span, 90_061, "1d 1h"),
    (amounts.number, "-1234567.00100", "-1,234,567.00100"),
]


@pytest.mark.parametrize(("shown", "value", "words"), SHOWN)
def test_amounts_read_like_this(shown: object, value: object, words: str) -> None:
    assert shown(value) == words


def test_prices_of_a_column_have_their_points_under_each_other() -> None:
    prices = ["100", "99.25", None]
    decimals = amounts.decimals_of(prices)
    assert [amounts.aligned(price, decimals) for price in prices] == ["100.00", "99.25", "-"]


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (80, "name  told\na     held 5 of 10 bars, and the rule was true again\nbb    -\n"),
        (40, "name\na\n    held 5 of 10 bars, and the rule was\n    true again\nbb\n"),
    ],
)
def test_words_without_room_beside_a_row_stand_under_it(width: int, shown: str) -> None:
    out = Console(file=io.StringIO(), width=width)
    told = Column(heading="told", cells=["held 5 of 10 bars, and the rule was true again", "-"], rank=1)
    print_columns(out, [NAME], below=told)
    assert out.file.getvalue() == shown


NAME = Column(heading="name", cells=["a", "bb"])
WIDE = Column(heading="wide", cells=["1" * 20, "2"], rank=1, numeric=True)
LESS = Column(heading="less", cells=["x", "y"], rank=2)
EMPTY = Column(heading="empty", cells=["-", ""], rank=1)


@pytest.mark.parametrize(
    ("width", "left"), [(80, "name wide less"), (31, "name wide"), (29, "name wide"), (25, "name"), (1, "name")]
)
def test_the_least_telling_columns_are_left_out_first(width: int, left: str) -> None:
    assert [column.heading for column in fitting([NAME, EMPTY, WIDE, LESS], width)] == left.split()


def test_the_last_column_of_text_is_folded_under_itself() -> None:
    told = Column(heading="detail", cells=["one two three four five six", "short"])
    heading, first, second = ([line.plain for line in row] for row in lines([NAME, told], 24))
    assert heading == ["name  detail"]
    assert first == ["a     one two three four", "      five six"]
    assert second == ["bb    short"]


@pytest.mark.parametrize("color", [None, "truecolor"])
@pytest.mark.parametrize("width", [24, 40, 200])
def test_lines_of_a_table_end_with_their_last_sign(width: int, color: str | None) -> None:
    """Nothing else changes: what is shown is what Rich shows, without the blanks at the end."""
    columns = [("name", False), ("amount", True), ("what it is", False)]
    rows = [
        ("a", "1", "short"),
        ("longer name", "12,345", "words enough to be folded at a narrow width"),
        ("c", "", ""),
    ]
    made = table(columns, rows)
    plain = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    plain.columns, plain.rows = made.columns, made.rows
    trimmed, padded = (printed(one, width, color) for one in (made, plain))
    assert trimmed == [line.rstrip() for line in padded] != padded


def printed(block: Table, width: int, color: str | None) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width, color_system=color, force_terminal=color is not None).print(block)
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).split("\n")

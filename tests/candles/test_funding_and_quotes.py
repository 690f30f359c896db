"""Funding and quotes files (spec X6)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from exitbrain.candles import read_funding, read_quotes
from exitbrain.errors import InvalidInput

from .worlds import written

START = 1_704_067_200_000_000
MINUTE = 60_000_000


def test_a_funding_rate_is_the_decimal_that_is_written(tmp_path: Path) -> None:
    content = (
        "timestamp,funding_rate,mark_price\n2024-01-01T00:00:00Z,0.00010000,42000.1\n2024-01-01T08:00:00Z,-3e-05,\n"
    )
    funding = read_funding(written(tmp_path, content))
    assert funding.time.tolist() == [START, START + 480 * MINUTE]
    assert funding.rate == (Decimal("0.0001"), Decimal("-0.00003"))
    assert funding.mark_price == (Decimal("42000.1"), None)
    assert funding.symbol is None


def test_funding_of_several_symbols_is_sorted_by_time_then_symbol(tmp_path: Path) -> None:
    content = "timestamp,rate,symbol\n1704067200,0.1,B\n1704096000,0.2,B\n1704067200,0.3,A\n"
    funding = read_funding(written(tmp_path, content))
    assert funding.symbol == ("A", "B", "B")
    assert funding.rate == (Decimal("0.3"), Decimal("0.1"), Decimal("0.2"))
    assert funding.mark_price == (None, None, None)


FUNDING = [
    ("timestamp,rat\n1704067200,0.1\n", "no column rate", 1),
    ("timestamp,rate\n", "no rows", None),
    ("timestamp,rate\n1704067200,x\n", "rate is no number in 1 row: line 2", 2),
    ("timestamp,rate\n1704067200,\n", "rate is no number in 1 row: line 2 (empty)", 2),
    ("timestamp,rate\n1704067200,2.5\n", "rate is no fraction in 1 row: line 2 (2.5)", 2),
    ("timestamp,rate\nnever,0.1\n", "timestamp is no timestamp", 2),
    ("timestamp,rate,mark_price\n1704067200,0.1,0\n", "mark_price is no price in 1 row: line 2", 2),
    ("timestamp,rate,symbol\n1704067200,0.1,\n", "symbol is empty", 2),
    ("timestamp,rate\n1704067200,0.1\n1704067200,0.1\n", "a time is repeated in 1 row: line 3", 3),
    ("timestamp,rate\n1704067200,0.1\n1704063600,0.1\n", "time goes back in 1 row: line 3", 3),
]
QUOTES = [
    ("timestamp,bid\n1704067200,1\n", "no column ask", 1),
    ("timestamp,bid,ask\n1704067200,x,1\n", "bid is no price in 1 row: line 2 ('x')", 2),
    ("timestamp,bid,ask\n1704067200,1,-1\n", "ask is no price in 1 row: line 2 ('-1')", 2),
    ("timestamp,bid,ask\n1704067200,,1\n", "no row has both a bid and an ask", None),
    ("timestamp,bid,ask\n1704067200,1,1\n1704067200,1,1\n", "a time is repeated", 3),
]


@pytest.mark.parametrize(
    ("read", "content", "words", "line"),
    [(read_funding, *row) for row in FUNDING] + [(read_quotes, *row) for row in QUOTES],
)
def test_broken_funding_and_quotes_are_refused(tmp_path: Path, read, content: str, words: str, line) -> None:
    with pytest.raises(InvalidInput) as refusal:
        read(written(tmp_path, content))
    told = [problem for problem in refusal.value.problems if words in str(problem)]
    assert told, str(refusal.value)
    assert told[0].line == line
    assert "--repair" not in str(refusal.value)


def test_a_quote_counts_from_its_time(tmp_path: Path) -> None:
    quotes = read_quotes(written(tmp_path, "time,Bid,Ask\n1704067200,100,101\n1704067201,,101\n1704067260,99,98\n"))
    assert quotes.time.tolist() == [START, START + MINUTE]
    assert quotes.bid.tolist() == [100, 99]
    assert quotes.ask.dtype == np.float64
    assert quotes.notes == ("1 row without a bid or an ask left out", "1 row with the bid above the ask")


def test_the_closing_quote_of_a_bar_counts_from_the_bars_close(tmp_path: Path) -> None:
    content = "timestamp,open,bid_close,ask_close\n" + "".join(
        f"{START // 10**6 + 60 * at},,{100 + at},{101 + at}\n" for at in range(3)
    )
    quotes = read_quotes(written(tmp_path, content))
    assert quotes.time.tolist() == [START + MINUTE * (at + 1) for at in range(3)]
    assert quotes.bid.tolist() == [100, 101, 102]

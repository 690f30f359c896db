"""What a broken file is told: every kind of fault at once, each with its first rows and what would be accepted."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.candles import read_candles
from exitbrain.errors import InvalidInput

from .worlds import HEADER, ROWS, csv, replaced, written

# name of the file, its content, what the refusal says, the line it names
BROKEN = [
    ("x_1h.csv", "", "the file is empty", None),
    ("x_1h.csv", " \n\n", "the file is empty", None),
    ("x_1h.csv", HEADER + "\n", "no rows, only columns", None),
    ("x_1h.csv", csv(ROWS[0]), "1 readable bar, from which no timeframe", None),
    ("x.csv", csv(), "the file's name tells no symbol; accepted: instrument.symbol", None),
    ("x_1h.csv", csv(header=HEADER.replace("high", "hihg")), 'no column high, nearest is "hihg"', 1),
    ("x_1h.csv", csv(header=HEADER.replace("volume", "OPEN")), "more than one column is called OPEN, open", 1),
    ("x_1h.csv", csv(header=HEADER.replace("timestamp", "date").replace("volume", "time")), "columns date, time", None),
    ("x_1h.csv", "1,2,3\n4,5,6\n", "no header and 3 columns", 1),
    ("x_1h.csv", replaced(1, "100.5", "abc"), "close is no number in 1 row: line 3 ('abc')", 3),
    ("x_1h.csv", replaced(1, "100.5", "NaN"), "close is no number in 1 row: line 3 ('NaN')", 3),
    ("x_1h.csv", replaced(1, "100.5", "inf"), "close is no number in 1 row: line 3 ('inf')", 3),
    ("x_1h.csv", replaced(1, "100.5", ""), "close is no number in 1 row: line 3 (empty)", 3),
    ("x_1h.csv", replaced(1, "100.5,10", "100.5,-1"), "volume is negative in 1 row: line 3 (-1)", 3),
    ("x_1h.csv", replaced(1, "100.5,10", "100.5,"), "--repair sets them to 0", 3),
    ("x_1h.csv", replaced(1, ",99,", ",-99,"), "a price is 0 or below in 1 row: line 3", 3),
    ("x_1h.csv", replaced(1, "101.5", "100.2"), "high is below open or close in 1 row: line 3 (open 100, high 100.2", 3),
    ("x_1h.csv", replaced(1, ",99,", ",100.2,"), "low is above open or close in 1 row: line 3", 3),
    ("x_1h.csv", replaced(2, "T02", "Tnoon"), "timestamp is no timestamp in 1 row: line 4", 4),
    ("x_1h.csv", replaced(2, "2024-01-01T02:00:00Z", "2024-13-01"), "timestamp is no timestamp in 1 row: line 4", 4),
    ("x_1h.csv", replaced(2, "2024", "9999"), "from 1900 to 2200", 4),
    ("x_1h.csv", replaced(2, "T02", "T01"), "an earlier bar is repeated in 1 row: line 4 (2024-01-01T01:00:00Z)", 4),
    ("x_1h.csv", replaced(2, "T02:00:00Z,100,", "T01:00:00Z,101,"), "comes again with other numbers in 1 row: line 4", 4),
    ("x_1h.csv", csv(*ROWS[::-1]), "rows stand newest first in 4 rows: line 3 (2024-01-01T03:00:00Z after", 3),
    ("x_1h.csv", csv(ROWS[0], ROWS[2], ROWS[1], ROWS[3]), "time goes back in 1 row: line 4", 4),
    ("x_1h.csv", replaced(1, "100.5,10", "100.5,10,7"), "1 line with more than 6 fields: line 3 has 7", 3),
    ("x_1h.csv", replaced(1, "100.5", '"100.5'), "not readable as CSV", None),
    ("x_1h.csv", replaced(1, "101.5", "1e300"), "too many digits", 3),
    ("x_1h.csv", replaced(1, "100.5", "100.12345678901234567890"), "too many digits", 2),
    ("x_1h.csv", "\ufefftext\x00", "binary content of no known format", 1),
    ("x_1h.csv", csv().encode("utf-16"), "neither a known binary format nor UTF-8 text", 1),
    ("x.csv", csv(ROWS[0] + ",A", ROWS[1] + ",", header=HEADER + ",symbol"), "symbol is empty in 1 row: line 3", 3),
    ("x_1h.csv", csv(ROWS[0] + ",wide", header=HEADER + ",spread_bps"), "spread_bps is not usable in 1 row", 2),
    ("x_1h.parquet", b"PAR1 and then nothing", "parquet file cut short at 21 bytes", None),
    ("x_1h.parquet", b"PAR1" + b"\x07" * 64 + b"PAR1", "damaged parquet file", None),
    ("x_1h.feather", b"ARROW1\0\0", "feather file cut short", None),
    ("x_1h.feather", b"FEA1 of old", "Feather version 1", None),
    ("x_1h.zip", b"PK\x03\x04" + b"\0" * 40, "damaged zip file", None),
    ("x_1h.csv.gz", gzip.compress(csv().encode(), mtime=0)[:-12], "damaged or cut short gzip file", None),
    ("x_1h.json", "[[1704067200000, 1, 2", "no JSON: Expecting", 1),
    ("x_1h.json", "[]", "JSON of another shape, or without rows", None),
    ("x_1h.json", "[[1704067200000, 1, 2]]", "row 1 has 3 values", None),
    ("x_1h.json", "[" * 100_000, "JSON nested too deeply", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "words", "line"), BROKEN)
def test_a_broken_file_is_refused_with_what_was_found_and_where(tmp_path: Path, name, content, words, line) -> None:
    path = written(tmp_path, content, name)
    with pytest.raises(InvalidInput) as refusal:
        read_candles(path)
    told = [problem for problem in refusal.value.problems if words in str(problem)]
    assert told, str(refusal.value)
    assert told[0].line == line
    assert told[0].accepted
    assert all(problem.file == str(path) for problem in refusal.value.problems)
    assert all("\n" not in str(problem) for problem in refusal.value.problems)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="this is a folder"):
        read_candles(tmp_path)
    with pytest.raises(InvalidInput, match="no such file"):
        read_candles(tmp_path / "x_1h.csv")


def test_every_kind_of_fault_is_told_at_once(tmp_path: Path) -> None:
    rows = [*ROWS, ROWS[1], ROWS[0].replace(",99,", ",100.4,"), ROWS[4].replace("100.5", "?").replace("T04", "T09")]
    with pytest.raises(InvalidInput) as refusal:
        read_candles(written(tmp_path, csv(*rows)), tick_size=Decimal("0.2"))
    told = str(refusal.value)
    for words in (
        "close is no number in 1 row: line 9 ('?')",
        "time goes back in 2 rows: line 7 (2024-01-01T01:00:00Z after 2024-01-01T04:00:00Z), line 8",
        "an earlier bar is repeated in 1 row: line 7",
        "an earlier bar's time comes again with other numbers in 1 row: line 8",
        "low is above open or close in 1 row: line 8",
        "a price is no whole tick of 0.2 in 7 rows: line 2",
    ):
        assert words in told
    assert len(refusal.value.problems) == 6


def test_blank_lines_are_skipped_and_do_not_shift_the_line_numbers(tmp_path: Path) -> None:
    content = csv("", ROWS[0], "  ", ROWS[1], ROWS[2].replace("100.5", "x")).replace("\n", "\r\n") + "\r\n\r\n"
    with pytest.raises(InvalidInput, match=r"csv:6: close is no number in 1 row: line 6 \('x'\)"):
        read_candles(written(tmp_path, content))


def test_faults_of_several_symbols_are_one_line(tmp_path: Path) -> None:
    rows = [f"{row},{symbol}" for symbol in "BA" for row in (*ROWS, ROWS[4])]
    with pytest.raises(InvalidInput) as refusal:
        read_candles(written(tmp_path, csv(*rows, header=HEADER + ",symbol")))
    assert [problem.line for problem in refusal.value.problems] == [7]
    assert "an earlier bar is repeated in 2 rows: line 7 (2024-01-01T04:00:00Z), line 13" in str(refusal.value)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_file_cut_anywhere_is_read_or_refused_but_never_crashes(tmp_path_factory, data) -> None:
    folder = tmp_path_factory.mktemp("cut")
    suffix = data.draw(st.sampled_from(["parquet", "feather", "csv"]))
    path = folder / f"BTCUSDT_1h.{suffix}"
    frame = pl.read_csv(csv().encode())
    {"parquet": frame.write_parquet, "feather": frame.write_ipc, "csv": frame.write_csv}[suffix](path)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    try:
        read_candles(path)
    except InvalidInput as refusal:
        assert refusal.problems

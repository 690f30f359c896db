"""The user's own entries: each row as written, or refused with its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from exitbrain.candles import EntryRow, read_entries
from exitbrain.core.instants import microseconds
from exitbrain.errors import InvalidInput

from .worlds import written

START = 1_704_067_200_000_000


def test_a_row_is_read_as_it_is_written(tmp_path: Path) -> None:  # spec F1 Q5
    content = (
        "timestamp,symbol,side,quantity,notional,risk,stop_price,stop_loss_pct,strategy_id,tag\n"
        "2024-01-01T00:00:00Z,TST,Long,0.1,,,98,,trend,e1\n"
        "2024-01-01T00:00:00Z,,SELL,,250.50,,,2.5,,\n"
        "2024-01-01T00:00:00Z,TST,buy,,,0.01,,,,\n"
    )
    assert read_entries(written(tmp_path, content, "entries.csv")) == (
        EntryRow(
            row=2,
            time=START,
            symbol="TST",
            side="long",
            quantity=Decimal("0.1"),
            stop_price=Decimal(98),
            strategy_id="trend",
            tag="e1",
        ),
        EntryRow(row=3, time=START, side="short", notional=Decimal("250.50"), stop_loss_pct=Decimal("2.5")),
        EntryRow(row=4, time=START, symbol="TST", side="long", risk=Decimal("0.01")),
    )


FRAME = pl.DataFrame(
    {
        "timestamp": pl.Series([START]).cast(pl.Datetime("us", "UTC")),
        "side": ["short"],
        "quantity": [0.29],
        "stop_price": [float("nan")],
    }
)


@pytest.mark.parametrize("kind", ["csv", "parquet", "feather", "json", "polars", "pandas"])
def test_every_source_gives_the_same_row(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"entries.{kind}"
    if kind == "polars":
        source = FRAME
    elif kind == "pandas":
        pandas = pytest.importorskip("pandas", reason="pandas is not installed")
        source = pandas.DataFrame({name: FRAME[name].to_list() for name in FRAME.columns})
    else:
        frame = FRAME.with_columns(pl.col("stop_price").fill_nan(None))
        {"csv": frame.write_csv, "parquet": frame.write_parquet, "feather": frame.write_ipc, "json": frame.write_json}[
            kind
        ](path)
        source = path
    row = 2 if kind == "csv" else 1
    # The float 0.29 is the decimal 0.29, not 0.28999999999999998.
    assert read_entries(source) == (EntryRow(row=row, time=START, side="short", quantity=Decimal("0.29")),)


HEADER = "timestamp,side,quantity,risk,stop_price,stop_loss_pct"
BROKEN = [
    ("timestamp,side,quantity\n1704067200,long,-1\n", "-1'; accepted: above 0, from 1e-30 to 1e24, or nothing", 2),
    ("timestamp,side,qty\n1704067200,long,1\n", 'unknown column "qty", nearest is "quantity"', 1),
    ("timestamp,side,stop\n1704067200,long,1\n", 'unknown column "stop", nearest is "stop_price"', 1),
    ("timestamp,date,side\n1704067200,2024-01-01,long\n", 'unknown column "date"', 1),
    ("timestamp,quantity\n1704067200,1\n", "no column side", 1),
    ("side\nlong\n", "no column timestamp", 1),
    (f"{HEADER}\n", "no entries, only columns", None),
    (f"{HEADER}\n1704067200,up,1,,,\n", "side 'up'; accepted: long or short (buy or sell)", 2),
    (f"{HEADER}\n1704067200,,1,,,\n", "side empty", 2),
    (f"{HEADER}\nsoon,long,1,,,\n", "timestamp 'soon'; accepted: ISO 8601", 2),
    (f"{HEADER}\n\n1704067200,long,0,,,\n", "quantity '0'; accepted: above 0", 3),
    (f"{HEADER}\n1704067200,long,1_000,,,\n", "quantity '1_000'", 2),
    (f"{HEADER}\n1704067200,long,nan,,,\n", "quantity 'nan'", 2),
    (f"{HEADER}\n1704067200,long,,,-98,\n", "stop_price '-98'; accepted: above 0", 2),
    (f"{HEADER}\n1704067200,long,,2,,\n", "risk '2'; accepted: a share of equity, above 0 and at most 1", 2),
    (f"{HEADER}\n1704067200,long,,,,200\n", "stop_loss_pct '200'; accepted: percent", 2),
    (f"{HEADER}\n1704067200,long,1,0.1,,\n", "quantity and risk together; accepted: at most one of", 2),
]


@pytest.mark.parametrize(("content", "words", "line"), BROKEN)
def test_a_broken_row_is_refused_with_its_line(tmp_path: Path, content: str, words: str, line) -> None:
    path = written(tmp_path, content, "entries.csv")
    with pytest.raises(InvalidInput) as refusal:
        read_entries(path)
    told = [problem for problem in refusal.value.problems if words in str(problem)]
    assert told, str(refusal.value)
    assert (told[0].file, told[0].line) == (str(path), line)


def test_every_broken_row_is_told_up_to_a_page(tmp_path: Path) -> None:
    rows = "".join("1704067200,long,-1,,,\n" for _ in range(50))
    with pytest.raises(InvalidInput) as refusal:
        read_entries(written(tmp_path, f"{HEADER}\n{rows}", "entries.csv"))
    assert [problem.line for problem in refusal.value.problems[:20]] == list(range(2, 22))
    assert "30 more" in str(refusal.value.problems[-1])


def test_a_key_that_stands_twice_is_refused_with_its_row(tmp_path: Path) -> None:  # spec F2
    content = '[{"timestamp": 1704067200, "side": "long"}, {"timestamp": 1704067200, "side": "long", "side": "short"}]'
    path = written(tmp_path, content, "entries.json")
    with pytest.raises(InvalidInput) as caught:
        read_entries(path)
    assert str(caught.value) == f"{path}: row 2: key 'side' twice; accepted: each key once"


def test_half_of_a_surrogate_pair_is_refused_in_words(tmp_path: Path) -> None:  # spec F2
    for text in ('[{"timestamp": 1704067200, "side": "\\ud800"}]', '[{"timestamp": 1, "\\uDFFF": 2}]'):
        with pytest.raises(InvalidInput, match="half of a surrogate pair"):
            read_entries(written(tmp_path, text, "entries.json"))
    whole = '[{"timestamp": 1704067200, "side": "long", "tag": "\\ud83d\\ude00"}]'
    assert read_entries(written(tmp_path, whole, "entries.json"))[0].tag == "\U0001f600"


@pytest.mark.parametrize(
    "stamp",
    [
        "2024-01-01T00:00:60Z",  # Polars would make it 00:01:00
        "2016-12-31T23:59:60Z",  # a second that was
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00+14:01",
        "2024-01-01T00:00:00+99:99",
        "2024-01-01T00:00:00+05:60",
        "2024-01-01T00:00:00+05:30:15",
    ],
)
def test_a_second_or_offset_that_no_clock_shows_is_no_time(tmp_path: Path, stamp: str) -> None:
    """Alike in entries, candles and fills."""
    for others in ("", "2024-01-01T00:00:00Z,long\n"):
        path = written(tmp_path, f"timestamp,side\n{others}{stamp},long\n", "entries.csv")
        with pytest.raises(InvalidInput) as caught:
            read_entries(path)
        assert f"timestamp '{stamp}'; accepted: ISO 8601" in str(caught.value)
        assert "seconds to 59, offsets to 14:00" in str(caught.value)
    with pytest.raises(InvalidInput):
        microseconds(stamp)


def test_the_furthest_offsets_are_times(tmp_path: Path) -> None:
    for stamp, hours in (("2024-01-01T00:00:00+14:00", -14), ("2024-01-01T00:00:00-1200", 12)):
        (row,) = read_entries(written(tmp_path, f"timestamp,side\n{stamp},long\n", "entries.csv"))
        assert row.time == microseconds(stamp) == START + hours * 3_600_000_000


NO_FILE = [
    ("entries.csv", "timestamp,side,,\n2024-01-01T00:00:00Z,long,,\n", "2 columns without a name"),
    ("entries.csv", "\ufeff\n", "the file is empty"),
    ("x" * 500, None, "cannot be read"),
    ("a\0b", None, "a path with a null character"),
]


@pytest.mark.parametrize(("name", "content", "said"), NO_FILE)
def test_what_is_no_file_of_entries_is_told(tmp_path: Path, name: str, content: str | None, said: str) -> None:
    path = tmp_path / name if content is None else written(tmp_path, content, name)
    with pytest.raises(InvalidInput, match=said):
        read_entries(path)

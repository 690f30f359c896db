"""What `--repair` does is what its list says, and what is left is a file without faults."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitbrain.candles import read_candles, write_candles
from exitbrain.errors import InvalidInput

from .worlds import HEADER, ROWS, csv, replaced, written

# content, the list of repairs, the close of each bar that is left, in tenths
MENDED = [
    (replaced(1, "100.5", "?"), ["dropped 1 row: close is no number (line 3)"], [1005] * 4),
    (replaced(1, "T01", "Tx"), ["dropped 1 row: timestamp is no timestamp (line 3)"], [1005] * 4),
    (replaced(1, ",99,", ",0,"), ["dropped 1 row: a price is 0 or below (line 3)"], [1005] * 4),
    (replaced(1, "100.5,10", "100.5,-1"), ["set the volume to 0 in 1 row: volume is negative (line 3)"], [1005] * 5),
    (replaced(1, "100.5,10", "100.5,"), ["set the volume to 0 in 1 row: volume is no number (line 3)"], [1005] * 5),
    (csv(*ROWS, ROWS[2]), ["sorted by time, moving 1 row: time goes back (line 7)",
                           "dropped 1 row: an earlier bar is repeated (line 7)"], [1005] * 5),
    (csv(*ROWS[::-1]), ["turned around 4 rows: rows stand newest first (lines 3, 4, 5, …)"], [1005] * 5),
    (csv(ROWS[0], ROWS[0].replace("100.5", "100.6"), ROWS[1].replace("100.5", "100.7")),
     ["dropped 1 row: an earlier bar's time comes again with other numbers (line 3)"], [1005, 1007]),
    (replaced(1, "101.5", "100.1"), ["raised high in 1 row: high is below open or close (line 3)"], [1005] * 5),
    (replaced(1, ",99,", ",100.2,"), ["lowered low in 1 row: low is above open or close (line 3)"], [1005] * 5),
    (replaced(1, "100.5", "1e300"), ["dropped 1 row: a price has too many digits in units of 0.1, "
                                     "which the finest price asks for (line 3)"], [1005] * 4),
    (csv(), [], [1005] * 5),
]  # fmt: skip


@pytest.mark.parametrize(("content", "repairs", "closes"), MENDED)
def test_a_repair_says_what_it_did(tmp_path: Path, content, repairs, closes) -> None:
    path = written(tmp_path, content)
    if "1e300" in content:
        path.write_text(content.replace("101.5,99,1e300", "1e300,99,100.5"))
    file = read_candles(path, repair=True)
    assert list(file.repairs) == repairs
    assert file.candles[0].close.tolist() == closes
    if repairs:
        with pytest.raises(InvalidInput):
            read_candles(path)


def test_a_widened_bar_holds_its_open_and_close(tmp_path: Path) -> None:
    rows = (ROWS[0], "2024-01-01T01:00:00Z,100,99.5,100.4,101.5,10")
    (candles,) = read_candles(written(tmp_path, csv(*rows)), repair=True).candles
    assert (candles.high[1], candles.low[1]) == (1015, 1000)


def test_prices_are_rounded_to_the_tick_high_up_low_down_the_others_half_to_even(tmp_path: Path) -> None:
    # In ticks of 0.5: open 100.25 is 200.5 → 200, high 101.1 → 203, low 99.9 → 199, close 100.75 is 201.5 → 202.
    rows = ("2024-01-01T00:00:00Z,100.25,101.1,99.9,100.75,1", "2024-01-01T01:00:00Z,100,101,99.5,100.5,1")
    file = read_candles(written(tmp_path, csv(*rows)), repair=True, tick_size=Decimal("0.5"))
    (candles,) = file.candles
    assert candles.scale == 1
    assert [int(getattr(candles, name)[0]) for name in ("open", "high", "low", "close")] == [1000, 1015, 995, 1010]
    assert [int(getattr(candles, name)[1]) for name in ("open", "high", "low", "close")] == [1000, 1010, 995, 1005]
    assert file.repairs == (
        "rounded to the tick 0.5 (high up, low down, open and close half to even), changing 1 row: "
        "a price is no whole tick of 0.5 (line 2)",
    )


def test_a_tick_that_rounds_a_price_to_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="after the repairs a price is 0 or below in 5 rows"):
        read_candles(written(tmp_path, csv()), repair=True, tick_size=Decimal(500))


def test_a_file_of_which_nothing_is_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no readable bar"):
        read_candles(written(tmp_path, csv(*(row.replace("100.5", "x") for row in ROWS))), repair=True)


def test_misnamed_columns_are_recognized_and_read_as_what_they_hold(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    close = 1000 + np.cumsum(rng.integers(-9, 10, 200))
    opens = np.concatenate([[1000], close[:-1]])
    high, low = np.maximum(opens, close) + rng.integers(1, 5, 200), np.minimum(opens, close) - rng.integers(1, 5, 200)
    rows = [f"{1_704_067_200 + 3600 * at},{low[at]},{high[at]},{opens[at]},{close[at]},1" for at in range(200)]
    path = written(tmp_path, csv(*rows))
    with pytest.raises(InvalidInput, match="hold low, high, open, close") as refusal:
        read_candles(path)
    assert len(refusal.value.problems) == 1
    file = read_candles(path, repair=True)
    (candles,) = file.candles
    unit = 10**-candles.scale
    for name, column in (("open", opens), ("high", high), ("low", low), ("close", close)):
        np.testing.assert_array_equal(getattr(candles, name) * unit, column)
    assert file.repairs[0].startswith("renamed the columns of ")


cells = st.sampled_from(["100", "100.5", "99", "98.75", "101.25", "0", "-1", "nan", "", "x", "1e300"])
stamps = st.integers(0, 9).map(lambda hour: f"2024-01-01T0{hour}:00:00Z")
broken_rows = st.tuples(stamps, cells, cells, cells, cells, st.sampled_from(["1", "", "-3"])).map(",".join)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(broken_rows, min_size=1, max_size=12), size=st.sampled_from([None, Decimal("0.5"), Decimal(1)]))
def test_a_repaired_file_passes_every_check_without_repairs(tmp_path_factory, rows: list[str], size) -> None:
    folder = tmp_path_factory.mktemp("mended")
    # Two sound bars at the end: something is always left.
    sound = [f"2024-01-02T0{hour}:00:00Z,100,101,99,100,1" for hour in range(2)]
    file = read_candles(written(folder, csv(*rows, *sound)), repair=True, tick_size=size)
    again = folder / "again_1h.csv"
    write_candles(file.candles, again)
    clean = read_candles(again, tick_size=size)
    (before,), (after,) = file.candles, clean.candles
    assert (np.diff(after.time) > 0).all()
    for name in ("time", "open", "high", "low", "close", "volume"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    assert (after.high >= np.maximum(after.open, after.close)).all()
    assert (after.low <= np.minimum(after.open, after.close)).all()
    assert (after.low > 0).all()


def test_a_repair_of_a_symbol_leaves_the_other_alone(tmp_path: Path) -> None:
    rows = [f"{row},A" for row in ROWS] + [f"{row},B" for row in reversed(ROWS)]
    file = read_candles(written(tmp_path, csv(*rows, header=HEADER + ",symbol")), repair=True)
    assert file.repairs == ("turned around 4 rows: rows stand newest first (lines 8, 9, 10, …)",)
    assert [candles.time.tolist() for candles in file.candles] == [file.candles[0].time.tolist()] * 2

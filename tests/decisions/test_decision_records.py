"""decisions.parquet tells what a reader would have to guess else, and a run of any length keeps it small (spec D8)."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from decisions.worlds import CALM, LONG, LOW, block_events, entering, trigger, world
from engine.differential import repeat_with, run_seed
from engine.worlds import MIDNIGHT
from exitbrain.backtesting import spool
from exitbrain.backtesting.result import Result

BLOCKED = "blocked: "


def rows(result: Result) -> list[dict[str, Any]]:
    return result.decisions.to_dicts()


@pytest.mark.parametrize("seed", range(40))
def test_every_refusal_and_loss_names_its_event(tmp_path: Path, seed: int) -> None:
    """spec D5 D8 F11: one event for each candidate that did not win, of the same trigger, reason and detail."""
    result = run_seed(seed, tmp_path, triggers=True)
    events = {event["event_id"]: event for event in block_events(result)}
    for row in rows(result):
        if row["outcome"] == "won":
            assert (row["event_id"], row["detail"]) == (None, None), repeat_with(seed, True)
            continue
        event = events.pop(row["event_id"])
        assert (row["trigger_id"], row["detail"]) == (event["trigger_id"], event["detail"]), repeat_with(seed, True)
        assert (row["time"], row["price"]) == (pl.Series([event["time"]]).str.to_datetime()[0], event["price"])
        if row["outcome"] == "lost":
            assert row["winner"] in (event["preempted_by"], event["overridden_by"]), repeat_with(seed, True)
        else:
            assert row["outcome"] == BLOCKED + event["reason"], repeat_with(seed, True)
    assert {event["reason"] for event in events.values()} <= {"min_trade", "invalid_stop", "risk_cap"}


def test_a_row_decided_alone_says_so() -> None:
    """spec F9 F38: at the first bar; the trigger at a later close."""
    result = world([CALM, CALM, LOW, CALM], LONG, [trigger("x", "risk_off")])
    told = [(row["trigger_id"], row["decided_at"], row["outcome"]) for row in rows(result)]
    assert told == [("e", "open", "won"), ("x", "close", "won")]


def test_a_decision_says_whether_the_latch_was_on_when_it_ranked() -> None:
    """spec D4 D6 F41: the latch that this candidate sets stands for its own decision already."""
    for latch in (True, False):
        (_, row) = rows(world([CALM, CALM, LOW, CALM], LONG, [trigger("x", "risk_off", latch=latch)]))
        assert (row["latched"], row["rank"]) == (latch, 1 if latch else 3)


def test_a_time_stop_is_a_row_with_the_entries_that_it_stopped() -> None:
    """spec F16 F32."""
    result = world([CALM, CALM, LOW, CALM], LONG, [entering("in")], exits={"time_stop_bars": 2})
    stop, entry = (row for row in rows(result) if row["winner"] == "time_stop")
    (event,) = block_events(result)
    assert (stop["kind"], stop["outcome"], stop["rank"], stop["guards"]) == ("time_stop", "won", None, "{}")
    assert (entry["trigger_id"], entry["outcome"], entry["event_id"]) == ("in", "lost", event["event_id"])


def test_rows_put_away_come_back_as_they_were(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tables of two rows, in memory and beyond it, hold what one table of all rows holds; files are equal twice."""
    whole = run_seed(5, tmp_path, triggers=True)
    expected, events = whole.decisions, whole.events
    assert len(expected) > 20
    assert len(events) > 20
    monkeypatch.setattr(spool, "ROWS", 2)
    for kept in (1 << 26, 1):
        monkeypatch.setattr(spool, "KEPT", kept)
        streamed = run_seed(5, tmp_path, triggers=True)
        assert streamed.decisions.equals(expected)
        assert streamed.events == events
        written = [streamed.to_dir(tmp_path / name, page="") for name in ("a", "b")]
        assert pl.read_parquet(written[0] / "decisions.parquet").equals(expected)
        for name in ("decisions.parquet", "events.jsonl"):
            assert (written[0] / name).read_bytes() == (written[1] / name).read_bytes()
    assert (written[0] / "events.jsonl").read_bytes() == (
        whole.to_dir(tmp_path / "c", page="") / "events.jsonl"
    ).read_bytes()


def peak_of(bars: int, folder: Path) -> tuple[int, int]:
    """Bytes at the peak of a run with five triggers true at every close, its files written; and its decisions."""
    time = MIDNIGHT_MICROSECONDS + np.arange(bars) * 3_600_000_000
    frame = pl.DataFrame({"timestamp": pl.Series(time).cast(pl.Datetime("us", "UTC"))}).with_columns(
        open=pl.lit(100.0), high=pl.lit(100.5), low=pl.lit(99.5), close=pl.lit(100.0), volume=pl.lit(10.0)
    )
    always = "close > 1"
    plan = [entering("in", "long", always), *(entering(f"in{i}", "long", always) for i in range(4))]
    tracemalloc.start()
    result = world(frame.with_columns(symbol=pl.lit("TST")), None, plan)
    count = len(result.simulation.decisions)
    result.to_dir(folder / str(bars), page="")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, count


MIDNIGHT_MICROSECONDS = int(MIDNIGHT.timestamp() * 1e6)


def test_memory_does_not_grow_with_decisions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Four times the decisions: the peak grows by less than 100 bytes a decision, candles and columns included."""
    monkeypatch.setattr(spool, "ROWS", 1 << 10)
    monkeypatch.setattr(spool, "KEPT", 1 << 16)
    peak_of(500, tmp_path)  # imports
    small, few = peak_of(2_000, tmp_path)
    large, many = peak_of(8_000, tmp_path)
    assert many > 3.9 * few
    assert (large - small) / (many - few) < 100

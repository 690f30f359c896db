"""A run from its files to the screen and back: what is written, what is told, and that it is the same each time."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from exitbrain.cli import output
from exitbrain.errors import Unavailable

from .worlds import ENTRIES, ENTRY_HEADER, World

FILES = {
    "run.json", "timings.json", "trade_sets.json", "trade_sets.parquet", "legs.parquet", "fills.csv", "events.jsonl",
    "decisions.parquet", "equity.parquet", "metrics.json", "plans.json",
}  # fmt: skip
PAGE = Path(output.__file__).parents[1] / "web" / "report.html"
built = pytest.mark.skipif(not PAGE.is_file(), reason="the report page is not built")


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def both(world: World, out: str = "out") -> Path:
    assert world.backtest(out, "TST_1h.csv", "entries.csv", "--paths", "both").status == 0
    return world.folder / out


@built
def test_a_second_run_writes_the_same_bytes_but_for_timings(world: World) -> None:
    """In a process of its own, so that no order of hashes or of memory is shared."""
    one = both(world, "one")
    command = [sys.executable, "-m", "exitbrain.cli", "backtest", "--candles", "TST_1h.csv", "--entries", "entries.csv",
               "--paths", "both", "--out", "two"]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    first, second = contents(one), contents(world.folder / "two")
    assert first.keys() == second.keys()
    assert first.keys() == FILES | {f"favorable/{name}" for name in FILES} | {"report.html"}
    assert {name for name in first if first[name] != second[name]} <= {"timings.json", "favorable/timings.json"}


@built
def test_the_report_made_again_has_the_same_bytes(world: World) -> None:
    page = both(world) / "report.html"
    before = page.read_bytes()
    page.unlink()
    said = world.run("report", "out")
    assert (said.status, said.out) == (0, "out/report.html\n")
    assert page.read_bytes() == before


@built
def test_without_its_candles_the_report_has_no_charts_and_says_so(world: World) -> None:
    both(world)
    (world.folder / "elsewhere").mkdir()
    candles = (world.folder / "TST_1h.csv").rename(world.folder / "elsewhere" / "moved.csv")
    said = json.loads(world.run("report", "out", "--json").out)
    assert said == {"report": "out/report.html", "candles_missing": ["TST_1h.csv"]}
    assert "without candle charts of TST_1h.csv" in world.run("report", "out").out
    assert world.run("report", "out", "--candles", candles).out == "out/report.html\n"


@built
def test_candles_of_another_run_are_not_taken_for_this_one(world: World) -> None:
    both(world)
    said = world.run("report", "out", "--candles", "entries.csv")
    assert said.status == 2
    assert said.err == "entries.csv: not the candles of this run; accepted: a candle file of this run: TST_1h.csv\n"


def test_a_run_without_the_page_says_so_and_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    both(world)

    def unbuilt(*_: object) -> str:
        raise Unavailable("the page is not built")

    monkeypatch.setattr("exitbrain.report.render_report", unbuilt)
    said = world.backtest()
    assert said.status == 0
    assert "no report: the page is not built\n" in said.out
    # An earlier page would show another run.
    assert {path.name for path in (world.folder / "out").iterdir()} == FILES


def test_what_others_put_into_the_folder_stays(world: World) -> None:
    out = world.folder / "out"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    both(world)
    assert (out / "mine.txt").read_text() == "mine"
    assert world.backtest().status == 0
    assert not (out / "favorable").exists()
    assert {path.name for path in world.folder.iterdir() if path.name.startswith(".")} == set()


def test_files_can_be_read_by_who_may_read_the_folder(world: World) -> None:
    os.umask(0o022)
    out = both(world)
    assert {stat.S_IMODE(path.stat().st_mode) for path in out.rglob("*") if path.is_file()} == {0o644}


def test_the_summary_tells_sets_money_exits_and_paths(world: World) -> None:
    """Both entries are long 1 with risk 3 and 5 and a RANGE ladder; the second one is refused, as one is open."""
    said = world.backtest("out", "TST_1h.csv", "entries.csv", "--paths", "both").out
    metrics = json.loads((world.folder / "out" / "metrics.json").read_text())
    for words in ("TST 1h", "6 bars", "TradeSets", "win rate", "net P&L", "drawdown", "exits by reason", "Paths: "):
        assert words in said
    assert f"{metrics['net_pnl']:+,.2f}" in said
    assert "\nfiles   " in said and "\nreport  " in said
    assert "\x1b" not in said


def test_the_json_of_a_run_is_json_alone(world: World) -> None:
    said = world.backtest("out", "TST_1h.csv", "entries.csv", "--json")
    told = json.loads(said.out)
    run = json.loads((world.folder / "out" / "run.json").read_text())
    assert told["run_id"] == run["run_id"]
    assert told["metrics"] == json.loads((world.folder / "out" / "metrics.json").read_text())
    assert said.err == ""


def test_warnings_are_told(world: World) -> None:
    world.write("entries.csv", ENTRY_HEADER, *ENTRIES, "2030-01-01T00:00:00Z,TST,long,1,98,late")
    said = world.backtest()
    assert said.status == 0
    assert "warning: entries.csv:4: 2030-01-01T00:00:00Z TST is past the last bar" in " ".join(said.out.split())


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
@pytest.mark.parametrize("command", [("trades", "out"), ("trades", "out", "--expand"), ("events", "out")], ids=" ".join)
def test_no_line_is_wider_than_the_terminal(
    columns: int, command: tuple[str, ...], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    both(world)
    monkeypatch.setenv("COLUMNS", str(columns))
    said = world.run(*command)
    assert said.status == 0
    assert max(map(len, said.out.splitlines())) <= columns


def test_expanded_sets_show_every_leg_under_their_set(world: World) -> None:
    both(world)
    told = json.loads(world.run("trades", "out", "--expand", "--json").out)
    lines = world.run("trades", "out", "--expand").out.splitlines()
    legs = [leg for one in told["trade_sets"] for leg in one["legs"]]
    shown = [line for line in lines if line.startswith("    ")]
    assert [line.split()[-1] for line in shown] == [leg["reason"] for leg in legs]
    assert lines[-1].startswith(f"{len(told['trade_sets'])} TradeSet")


def test_sets_alone_leave_the_legs_out(world: World) -> None:
    both(world)
    told = json.loads(world.run("trades", "out", "--json").out)
    assert told["trade_sets"] and all("legs" not in one for one in told["trade_sets"])


def test_events_are_those_of_the_reason_asked_for(world: World) -> None:
    both(world)
    events = [json.loads(line) for line in (world.folder / "out" / "events.jsonl").read_text().splitlines()]
    assert [one["reason"] for one in events] == ["max_adds"]
    assert json.loads(world.run("events", "out", "--reason", "max_adds", "--json").out)["events"] == events
    said = world.run("events", "out", "--reason", "max_add")
    assert (said.status, said.err) == (2, "reason 'max_add' is unknown; accepted: did you mean max_adds?\n")
    assert "1 event: 1 max_adds" in world.run("events", "out").out


@pytest.mark.parametrize("reason", ["cooldown", "entry_overrides_exit", "latch_cleared"])
def test_a_reason_that_did_not_happen_is_no_fault(world: World, reason: str) -> None:
    """spec D5: what may happen is known; that it did not is an answer."""
    both(world)
    said = world.run("events", "out", "--reason", reason)
    assert (said.status, said.out) == (0, f"no event of reason {reason} among 1: 1 max_adds\n")
    assert json.loads(world.run("events", "out", "--reason", reason, "--json").out)["events"] == []


def test_a_run_without_events_says_so(world: World) -> None:
    world.write("entries.csv", ENTRY_HEADER, ENTRIES[0])
    both(world)
    assert world.run("events", "out").out == "no events: nothing was refused, and the latch did not change\n"

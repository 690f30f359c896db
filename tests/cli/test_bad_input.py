"""Everything that can be wrong with the files of a run: one clear line, status 2, and no output folder."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from .worlds import BARS, ENTRIES, ENTRY_HEADER, HEADER, World

FIRST = BARS[0]


def changed(row: int, old: str, new: str) -> tuple[str, ...]:
    assert old in BARS[row]
    return (HEADER, *BARS[:row], BARS[row].replace(old, new), *BARS[row + 1 :])


# name: lines of the candle file, then what the one line says
CANDLES = {
    "a missing column": ((HEADER.replace(",close", ""), *(bar.rpartition(",")[0] for bar in BARS)), "close"),
    "a word for a price": (changed(1, "100.5,102", "abc,102"), "TST_1h.csv:3: "),
    "NaN": (changed(2, "104", "NaN"), "TST_1h.csv:4: "),
    "a negative price": (changed(1, ",100,", ",-100,"), "TST_1h.csv:3: "),
    "high below low": (changed(3, "104.5", "98"), "TST_1h.csv:5: "),
    "unsorted rows": ((HEADER, BARS[1], BARS[0], *BARS[2:]), "TST_1h.csv:3: time goes back"),
    "a time twice": ((HEADER, BARS[0], *BARS), "TST_1h.csv:3: an earlier bar is repeated"),
    "a zone that is a name": (changed(2, "02:00:00Z", "02:00:00 Europe/Berlin"), "TST_1h.csv:4: "),
    "no rows": ((HEADER,), "TST_1h.csv: no rows"),
}  # fmt: skip


def refused(world: World, said: object, words: str, *, lines: int = 1) -> None:
    assert said.status == 2, said
    assert said.out == ""
    told = said.err.splitlines()
    assert len(told) == lines, told
    assert words in said.err
    assert "; accepted: " in told[0]
    assert sorted(path.name for path in world.folder.iterdir() if path.is_dir()) == []


@pytest.mark.parametrize("name", CANDLES)
def test_broken_candles_are_told_in_one_line_with_their_place(name: str, world: World) -> None:
    lines, words = CANDLES[name]
    world.write("TST_1h.csv", *lines)
    refused(world, world.backtest(), words)


def test_an_empty_file_is_refused(world: World) -> None:
    (world.folder / "TST_1h.csv").write_bytes(b"")
    refused(world, world.backtest(), "TST_1h.csv: ")


def test_a_folder_is_no_candle_file(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("candles")
    said = world.run("backtest", "--candles", folder, "--entries", world.folder / "entries.csv", "--out", "out")
    refused(world, said, f"{folder}: ")


def test_a_file_that_is_not_there_is_refused(world: World) -> None:
    refused(world, world.backtest(candles="nothing.csv"), "nothing.csv: no such file")


def test_a_parquet_file_cut_short_is_refused(world: World) -> None:
    whole = world.folder / "whole.parquet"
    pl.DataFrame({"timestamp": [1_704_067_200 + 3600 * i for i in range(500)], "open": 100.0}).write_parquet(whole)
    (world.folder / "TST_1h.parquet").write_bytes(whole.read_bytes()[:-200])
    refused(world, world.backtest(candles="TST_1h.parquet"), "TST_1h.parquet: ")


# name: lines of the entries file, then what the one line says
ENTRY_FILES = {
    "all entries outside the candles": ((ENTRY_HEADER, "2025-01-01T00:00:00Z,TST,long,1,98,e"),
                                        "entries.csv: none of 1 entries lies inside the candles"),
    "zero quantity": ((ENTRY_HEADER, ENTRIES[0].replace("long,1,", "long,0,")), "entries.csv:2: quantity '0'"),
    "an unknown symbol": ((ENTRY_HEADER, ENTRIES[0].replace("TST", "XYZ")), "entries.csv:2: symbol 'XYZ'"),
    "a side that is none": ((ENTRY_HEADER, ENTRIES[0].replace("long", "up")), "entries.csv:2: side 'up'"),
    "an unknown column": ((ENTRY_HEADER.replace("tag", "tga"), *ENTRIES), 'entries.csv:1: unknown column "tga"'),
    "two sizes": ((ENTRY_HEADER.replace("stop_price", "risk"), ENTRIES[0].replace("98.5", "0.01")),
                  "entries.csv:2: quantity and risk together"),
}  # fmt: skip


@pytest.mark.parametrize("name", ENTRY_FILES)
def test_broken_entries_are_told_in_one_line_with_their_place(name: str, world: World) -> None:
    lines, words = ENTRY_FILES[name]
    world.write("entries.csv", *lines)
    refused(world, world.backtest(), words)


LEG = "{r_multiple: 1, size_fraction: 0.6, kind: HARD}"
# name: option, lines of the file, what the first line says
SETTINGS = {
    "fractions above one": ("--profiles", ("profiles:", f"- {{name: A, tp_legs: [{LEG}, {LEG.replace('1,', '2,')}]}}"),
                            "profiles.yaml:2"),
    "two profiles of one name": ("--profiles", ("profiles:", f"- {{name: A, tp_legs: [{LEG}]}}",
                                                f"- {{name: A, tp_legs: [{LEG.replace('1,', '2,')}]}}"),
                                 "profiles.yaml:3"),
    "an unknown profile key": ("--profiles", ("profiles:", f"- {{name: A, tp_leg: [{LEG}]}}"), "profiles.yaml:2"),
    "an unknown config key": ("--config", ("account:", "  initial_cahs: 5"), "config.yaml:2"),
    "an unknown config section": ("--config", ("acount: {}",), "config.yaml:1"),
    "a wrong type": ("--config", ("account:", "  initial_cash: much"), "config.yaml:2"),
    "an instrument of no candles": ("--config", ("instrument: [{symbol: XYZ}, {symbol: TST}]",), "XYZ"),
    "broken YAML": ("--config", ("account: [",), "config.yaml:"),
}  # fmt: skip


@pytest.mark.parametrize("name", SETTINGS)
def test_broken_settings_are_told_with_their_place(name: str, world: World) -> None:
    option, lines, words = SETTINGS[name]
    path = world.write(f"{option[2:]}.yaml", *lines)
    said = world.backtest("out", "TST_1h.csv", "entries.csv", option, str(path))
    refused(world, said, words, lines=len(said.err.splitlines()))
    assert len(said.err.splitlines()) <= 2


def test_a_stop_on_the_wrong_side_is_refused(world: World) -> None:
    said = world.run("plan", "show", "TREND_DEFAULT", "--entry", "100", "--side", "long", "--stop", "110")
    refused(world, said, "a stop at 110 for a LONG entered at 100; accepted: a stop below 100")


def test_nothing_to_open_a_position_is_refused(world: World) -> None:
    refused(world, world.run("backtest", "--candles", "TST_1h.csv", "--out", "out"), "nothing opens a position")


def test_an_unknown_path_is_refused(world: World) -> None:
    said = world.backtest("out", "TST_1h.csv", "entries.csv", "--paths", "up")
    refused(world, said, "paths is 'up'; accepted: adverse, favorable, both")


OUTS = {"a file": "TST_1h.csv", "inside a file": "TST_1h.csv/out", "a name too long": "x" * 300}


@pytest.mark.parametrize("name", OUTS)
def test_an_out_that_cannot_be_made_is_told_before_the_run(name: str, world: World) -> None:
    refused(world, world.backtest(OUTS[name], candles="nothing.csv"), "--out ")


def test_a_refused_run_leaves_the_parents_of_its_folder_unmade(world: World) -> None:
    refused(world, world.backtest("deep/er/out", candles="nothing.csv"), "nothing.csv")


def test_a_refused_run_leaves_an_earlier_one_as_it_was(world: World) -> None:
    assert world.backtest().status == 0
    before = {path: path.read_bytes() for path in (world.folder / "out").iterdir()}
    assert world.backtest(entries="nothing.csv").status == 2
    assert {path: path.read_bytes() for path in (world.folder / "out").iterdir()} == before


RUNS = {"nothing": "no such folder", "TST_1h.csv": "this is a file", ".": "no run.json in this folder"}


@pytest.mark.parametrize("command", ["trades", "events", "report"])
@pytest.mark.parametrize("run", RUNS)
def test_what_is_no_run_is_refused(command: str, run: str, world: World) -> None:
    refused(world, world.run(command, run), f"{run}: {RUNS[run]}")


@pytest.mark.parametrize(("command", "name"), [("trades", "trade_sets.json"), ("events", "events.jsonl")])
def test_a_damaged_file_of_a_run_is_named(command: str, name: str, world: World) -> None:
    assert world.backtest().status == 0
    path = Path("out") / name
    path.write_text('{"a": 1,\n', encoding="utf-8")
    said = world.run(command, "out")
    assert said.status == 2
    assert said.err.startswith(f"{path}:") and len(said.err.splitlines()) == 1

"""`exitbrain latch`, `kill` and `flatten`: with a monitor that takes commands, without one, and without a database."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.seeded import SUMMARY, begin
from exitbrain.store import Command, Store

from .worlds import World

NOWHERE = "postgresql://u:hunter2@127.0.0.1:1/x"


@pytest.fixture
def home(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = world.folder / "home"
    monkeypatch.setenv("EXITBRAIN_HOME", str(place))
    monkeypatch.setenv("LOGNAME", "ann")
    place.mkdir()
    return place


@contextmanager
def opened(home: Path) -> Iterator[Store]:
    store = Store.open(f"sqlite:///{home / 'store.sqlite3'}")
    yield store
    store.close()


@contextmanager
def monitor(home: Path, outcome: str = "done", detail: str = "flat at 51200") -> Iterator[list[Command]]:
    """Takes each command as soon as it sees it."""
    taken: list[Command] = []
    ended = threading.Event()
    with opened(home) as store:
        begin(store)

        def run() -> None:
            while not ended.wait(0.02):
                for one in store.pending_commands():
                    store.finish_command(one["command_id"], store.clock(), outcome, detail)
                    taken.append(one)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield taken
        finally:
            ended.set()
            thread.join()


def test_the_latch_is_set_cleared_and_shown(world: World, home: Path) -> None:
    with monitor(home) as taken:
        said = world.run("latch", "set", "--note", "rate decision")
        assert (said.status, said.out) == (0, "the latch of the portfolio is set\n")
        said = world.run("latch", "clear", "--symbol", "BTCUSDT", "--by", "bob", "--json")
        assert json.loads(said.out)["command"]["outcome"] == "done"
    assert [(one["kind"], one["by"], one["body"]) for one in taken] == [
        ("latch_set", "ann", {"place": "*", "cause": "operator", "note": "rate decision"}),
        ("latch_clear", "bob", {"place": "BTCUSDT", "note": ""}),
    ]
    with opened(home) as store:
        cause = {"place": "*", "cause": "operator", "at": "2024-01-01T00:00:00Z"}
        store.heartbeat("m1", store.clock(), SUMMARY | {"latch": [cause]})
    said = world.run("latch", "show").out
    assert re.search(r"the latch is on \(the monitor, paper at venue-sim, said so \d+ s ago\)", said), said
    assert json.loads(world.run("latch", "show", "--json").out)["causes"] == [cause]


def test_without_a_monitor_the_next_one_takes_the_latch(world: World, home: Path) -> None:
    said = world.run("latch", "set")
    assert (said.status, said.out) == (0, "no monitor runs: the next one takes it when it starts\n")
    shown = world.run("latch", "show")
    assert "no monitor has begun yet" in shown.out and "command-1 waits for a monitor: latch_set by ann" in shown.out
    with monitor(home) as taken:
        world.run("latch", "clear")
    assert [one["kind"] for one in taken] == ["latch_set", "latch_clear"]


def test_the_kill_switch_goes_on_and_off(world: World, home: Path) -> None:
    with monitor(home) as taken:
        said = world.run("kill", "--note", "the venue is odd")
        assert said.status == 0 and "the kill switch is on (by ann, " in said.out and said.err == ""
        assert json.loads((home / "KILL").read_text())["cause"] == "the venue is odd"
        shown = json.loads(world.run("kill", "--show", "--json").out)
        assert shown["kill"]["is_on"] and shown["kill"]["by"] == "ann" and shown["command"] is None
        assert world.run("kill", "--resume").out == "the kill switch is off\n"
    assert not (home / "KILL").exists()
    assert [one["kind"] for one in taken] == ["kill", "resume"]


def test_the_kill_switch_works_with_the_database_down(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EXITBRAIN_DATABASE_URL", NOWHERE)
    said = world.run("kill")
    assert said.status == 0 and (home / "KILL").exists() and "the kill switch is on" in said.out
    assert "the file alone says it" in said.err and "hunter2" not in said.err and len(said.err.splitlines()) == 1
    assert json.loads(world.run("kill", "--show", "--json").out)["store"] is None
    said = world.run("kill", "--resume", "--json")
    assert said.status == 0 and not (home / "KILL").exists() and json.loads(said.out)["store"]


def test_the_kill_switch_works_with_a_damaged_store(world: World, home: Path) -> None:
    (home / "store.sqlite3").write_bytes(b"not a database" * 500)
    said = world.run("kill")
    assert said.status == 0 and (home / "KILL").exists() and "Traceback" not in said.err


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda file: file.touch(), "an empty file"),
        (lambda file: file.write_text("rate decision\nback at 9\n"), "rate decision"),
        (lambda file: file.mkdir(), "a folder KILL"),
        (lambda file: file.symlink_to("nowhere"), "a KILL that is no file"),
        (os.mkfifo, "a KILL that is no file"),
    ],
)
def test_a_switch_that_was_made_by_hand_is_on_and_goes_off(
    made: Callable[[Path], object], said: str, world: World, home: Path
) -> None:
    made(home / "KILL")
    shown = world.run("kill", "--show").out
    assert re.search(rf"the kill switch is on \(20.*Z, {said}.*\): stops stay", shown), shown
    off = world.run("kill", "--resume")
    assert off.status == 0 and off.out.startswith("the kill switch is off\n") and not os.path.lexists(home / "KILL")


def test_a_folder_in_its_place_that_holds_something_is_taken_away_by_hand(world: World, home: Path) -> None:
    (home / "KILL" / "more").mkdir(parents=True)
    said = world.run("kill", "--resume")
    assert said.status == 3 and "it is a folder: take it away by hand" in said.err and len(said.err.splitlines()) == 1
    assert (home / "KILL" / "more").exists()


def test_a_position_is_flattened_where_that_is_confirmed(world: World, home: Path) -> None:
    with monitor(home) as taken:
        shown = json.loads(world.run("flatten", "BTCUSDT", "--json").out)
        assert shown["command"] is None and len(shown["preview"]["steps"]) == 3
        asked = world.run("flatten", "BTCUSDT")
        assert asked.status == 2 and "accepted: --yes" in asked.err, "there is nobody to ask"
        assert taken == []
        said = world.run("flatten", "BTCUSDT", "--yes")
        assert said.status == 0 and said.out.endswith("flat at 51200\n")
        assert "2. sell 0.7 BTCUSDT at market, reduce-only" in said.out
    assert [(one["kind"], one["by"], one["body"]["epoch"]) for one in taken] == [("flatten", "ann", 3)]


def test_what_the_monitor_refuses_is_said_and_has_a_status(world: World, home: Path) -> None:
    with monitor(home, "refused", "epoch 3 is over"):
        said = world.run("flatten", "BTCUSDT", "--yes")
        latched = world.run("latch", "set")
    assert said.status == 4 and "the monitor refused it: epoch 3 is over" in said.err
    assert (latched.status, latched.out) == (4, ""), "what was refused is not said to be done"


def test_a_monitor_that_does_not_answer_is_told(world: World, home: Path) -> None:
    with opened(home) as store:
        begin(store)
    said = world.run("flatten", "BTCUSDT", "--yes", "--wait", "0.2")
    assert said.status == 3 and "command-1: the monitor has not taken it within 0.2 s" in said.err
    said = world.run("latch", "set", "--wait", "0")
    assert said.status == 0 and said.out == "the monitor has not taken it yet\n"


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (("flatten", "BTCUSDT", "--yes"), 3, "no monitor runs; start one: exitbrain live --mode paper"),
        (("flatten", "", "--yes"), 2, "SYMBOL is ''; accepted: 1 to 80 printable letters"),
        (("latch", "set", "--symbol", ""), 2, "--symbol is ''; accepted: 1 to 80 printable letters"),
        (("flatten",), 2, "Missing argument"),
        (("kill", "--resume", "--show"), 2, "--resume and --show together"),
        (("kill", "--by", "\x1b[2J"), 2, "--by is "),
        (("latch", "set", "--by", "x" * 81), 2, "1 to 80 printable letters"),
        (("latch", "put"), 2, "No such command"),
        (("latch", "set", "--wait", "-1"), 2, "--wait"),
    ],
)
def test_bad_input_is_told_in_a_line(
    arguments: tuple[str, ...], status: int, word: str, world: World, home: Path
) -> None:
    said = world.run(*arguments)
    assert (said.status, len(said.err.strip().splitlines())) == (status, 1), said.err
    assert word in said.err and "Traceback" not in said.err
    assert not (home / "KILL").exists()


def test_a_symbol_that_is_not_open_is_told_with_the_nearest(world: World, home: Path) -> None:
    with monitor(home):
        said = world.run("flatten", "BTCUSD", "--yes")
    assert said.status == 2 and "did you mean BTCUSDT?" in said.err

"""How commands end, what they say when they fail, and what help costs."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer.main

from exitbrain.backtesting.spool import Spool
from exitbrain.cli import app, main
from exitbrain.errors import Halted, InvalidInput, Problem, Unavailable

from .worlds import World

HEAVY = (
    "numpy",
    "polars",
    "pydantic",
    "numba",
    "talib",
    "pandas",
    "rich",
    "yaml",
    "exitbrain.core",
    "exitbrain.candles",
)


def commands(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    own = getattr(command, "commands", {})
    for name, child in own.items():
        yield from commands(child, (*path, name))
    if not own:
        yield path, command


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_of_every_command_shows_an_example(path: tuple[str, ...], world: World) -> None:
    said = world.run(*path, "--help")
    assert said.status == 0 and said.err == ""
    assert "Example: exitbrain " + " ".join(path) in " ".join(said.out.split())
    assert max(map(len, said.out.splitlines())) <= 80


TABLES = ("backtest", "trades", "events", "report", "doctor", "version", "features", "profiles list", "profiles show",
          "profiles validate", "profiles select", "plan show", "rules check", "import fills", "import csv")  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_what_prints_a_table_also_prints_json(name: str, world: World) -> None:
    assert "--json" in world.run(*name.split(), "--help").out


def test_help_loads_no_arrays_frames_models_or_kernel() -> None:
    """Counted, not timed: what is not loaded costs nothing on any machine."""
    script = "import sys; from exitbrain.cli import main; main(['--help']); print('loaded', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stdout.splitlines()[-1].split()
    assert [name for name in loaded if name.startswith(HEAVY)] == []
    assert len(loaded) < 400


FAILURES = {
    InvalidInput(Problem(found="one", file="a.csv", line=3), Problem(found="two", accepted="three")): (
        2, "a.csv:3: one\ntwo; accepted: three\n"),
    Unavailable("no network"): (3, "no network\n"),
    Halted("look at it"): (4, "look at it\n"),
    KeyboardInterrupt(): (130, "interrupted\n"),
    OSError(errno.ENOSPC, "No space left on device", "/a/b"): (3, "/a/b: no space left on its disk\n"),
    RuntimeError("parquet: IO error: No space left on device (os error 28)"): (3, "no space left on a disk\n"),
    ZeroDivisionError("a\nb"): (1, "unexpected ZeroDivisionError: a b; EXITBRAIN_DEBUG=1 shows where\n"),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: type(one).__name__)
def test_each_failure_has_its_status_and_its_lines(
    failure: BaseException, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("exitbrain.cli.set_tables.print_sets_of_run", fail)
    said = world.run("trades", "somewhere")
    assert (said.status, said.err) == FAILURES[failure]
    assert said.out == ""


def test_an_interrupt_while_modules_load_is_one_line() -> None:
    script = (
        "import sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'typer':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from exitbrain.cli import main\n"
        "sys.exit(main(['version']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (130, "interrupted\n", "")


FULL = {
    "of the system": OSError(errno.ENOSPC, "No space left on device"),
    "of Polars": RuntimeError("parquet: underlying IO error: No space left on device (os error 28)"),
}


@pytest.mark.parametrize("error", FULL.values(), ids=FULL)
def test_a_full_disk_is_told_and_leaves_nothing(
    error: Exception, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("exitbrain.backtesting.files._parquet", full)
    before = sorted(world.folder.iterdir())
    said = world.backtest()
    assert said.status == 3
    assert said.err == f"--out {world.folder / 'out'}: no space left on its disk; nothing was written\n"
    assert sorted(world.folder.iterdir()) == before
    monkeypatch.undo()
    monkeypatch.setattr("exitbrain.candles.writing._write", full)
    said = world.run("import", "csv", world.folder / "TST_1h.csv", "--out", world.folder / "c.parquet")
    assert (said.status, said.err) == (
        3,
        f"{world.folder / 'c.parquet'}: no space left on its disk; nothing was written\n",
    )
    assert sorted(world.folder.iterdir()) == before


def test_a_full_folder_of_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, *_: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile", lambda **_: Full())
    monkeypatch.setattr("exitbrain.backtesting.spool.ROWS", 2)
    spool = Spool({"n": "Int64"})
    spool.append((1,))
    with pytest.raises(Unavailable, match=r"temporary files in .*: No space left on device; TMPDIR names another"):
        spool.append((2,))


def test_a_traceback_is_shown_where_it_is_asked_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("exitbrain.cli.set_tables.print_sets_of_run", fail)
    monkeypatch.setenv("EXITBRAIN_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        world.run("trades", "somewhere")


USAGE = {
    ("backtest",): "Missing option '--candles'; see exitbrain backtest --help",
    ("nothing",): "No such command 'nothing'; see exitbrain --help",
    ("backtest", "--nothing"): "No such option: --nothing (Possible options: --funding); see exitbrain backtest --help",
    ("plan", "show"): "Missing argument 'F'; see exitbrain plan show --help",
}


@pytest.mark.parametrize("arguments", USAGE, ids=" ".join)
def test_a_wrong_command_line_is_one_line(arguments: tuple[str, ...], world: World) -> None:
    said = world.run(*arguments)
    assert (said.status, said.err, said.out) == (2, USAGE[arguments] + "\n", "")


def test_a_reader_that_leaves_is_no_reason_to_speak(world: World) -> None:
    made = world.write("profiles.yaml", "profiles:", *(_profile(number) for number in range(2_000)))
    command = [sys.executable, "-m", "exitbrain.cli", "profiles", "list", "--json", "--profiles", str(made)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ})
    assert running.stdout is not None and running.stderr is not None
    running.stdout.readline()
    running.stdout.close()
    assert running.stderr.read() == b""
    assert running.wait() == 141


def _profile(number: int) -> str:
    return f"- {{name: P{number}, symbol: S{number}, tp_legs: [{{r_multiple: 1, size_fraction: 1, kind: HARD}}]}}"


def test_the_module_and_the_command_are_the_same(world: World) -> None:
    done = subprocess.run([sys.executable, "-m", "exitbrain.cli", "version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, world.run("version").out)


def test_what_a_venue_said_moves_no_cursor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fails(*_: object, **__: object) -> None:
        raise Unavailable("the venue said \x1b[2J\nand no more")

    monkeypatch.setattr("exitbrain.cli.commands.app", fails)
    assert main([]) == 3
    assert capsys.readouterr().err == "the venue said \\x1b[2J\nand no more\n"


@pytest.mark.parametrize(("is_terminal", "said"), [(True, "\ninterrupted\n"), (False, "interrupted\n")])
def test_an_interrupt_is_told_on_a_line_of_its_own(
    is_terminal: bool, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal writes ^C where the cursor stands."""

    def fails(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exitbrain.cli.commands.app", fails)
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    assert main([]) == 130
    assert capsys.readouterr().err == said

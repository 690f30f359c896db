"""`exitbrain runs`, and `backtest --store`: what is kept, what is said, and how commands end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .worlds import World


@pytest.fixture
def home(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = world.folder / "home"
    monkeypatch.setenv("EXITBRAIN_HOME", str(place))
    return place


def kept(world: World) -> list[str]:
    return [row["run_id"] for row in json.loads(world.run("runs", "list", "--json").out)["runs"]]


def test_a_backtest_is_kept_where_a_home_is_named(world: World, home: Path) -> None:
    said = world.backtest()
    assert said.status == 0 and f"in sqlite:///{home}" in said.out.replace("\n", "")
    (run_id,) = kept(world)
    assert (home / "runs" / run_id / "run.json").read_bytes() == (world.folder / "out" / "run.json").read_bytes()
    assert oct(home.stat().st_mode)[-3:] == "700"


def test_a_backtest_is_not_kept_where_none_is_named_or_it_is_not_wanted(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.backtest("out", "TST_1h.csv", "entries.csv", "--no-store")
    assert kept(world) == []
    monkeypatch.delenv("EXITBRAIN_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(world.folder / "platform"))
    world.backtest()
    assert not (world.folder / "platform").exists()
    assert json.loads(world.backtest("out", "TST_1h.csv", "entries.csv", "--store", "--json").out)["stored"]
    assert len(kept(world)) == 1


def test_runs_are_added_shown_pruned_and_deleted(world: World, home: Path) -> None:
    world.backtest("out", "TST_1h.csv", "entries.csv", "--no-store")
    added = json.loads(world.run("runs", "add", "out", "--label", "mine", "--json").out)
    assert added["added"] is True
    run_id = added["run_id"]
    assert "already" in world.run("runs", "add", "out").out
    assert f"{run_id}" in world.run("runs", "list", "--search", "MINE").out
    shown = json.loads(world.run("runs", "show", run_id, "--json").out)
    assert (shown["status"], shown["label"]) == ("done", "mine")
    assert shown["metrics"] == json.loads((world.folder / "out" / "metrics.json").read_text())
    assert "trade_sets.json" in world.run("runs", "show", run_id).out
    assert json.loads(world.run("runs", "prune", "--json").out) == {"deleted": []}
    assert json.loads(world.run("runs", "prune", "--older-than", "1d", "--json").out) == {"deleted": []}
    assert json.loads(world.run("runs", "prune", "--keep", "0", "--dry-run", "--json").out) == {
        "would_be_deleted": [run_id]
    }
    assert kept(world) == [run_id]
    assert world.run("runs", "delete", run_id, "nope").status == 2
    assert kept(world) == [run_id], "nothing goes where one is unknown"
    assert "1 run deleted" in world.run("runs", "delete", run_id).out
    assert kept(world) == [] and not list((home / "runs").glob("[!.]*"))


@pytest.mark.parametrize(
    ("variable", "value", "status", "said"),
    [
        ("EXITBRAIN_HOME", "", 2, "EXITBRAIN_HOME: an empty value"),
        ("EXITBRAIN_HOME", "entries.csv", 2, "is a file"),
        ("EXITBRAIN_HOME", "/proc/nowhere", 2, "cannot be used"),
        ("EXITBRAIN_DATABASE_URL", "", 2, "EXITBRAIN_DATABASE_URL: an empty value"),
        ("EXITBRAIN_DATABASE_URL", "nonsense", 2, "EXITBRAIN_DATABASE_URL: no URL"),
        ("EXITBRAIN_DATABASE_URL", "mysql://u:hunter2@h/x", 2, "starts with mysql"),
        ("EXITBRAIN_DATABASE_URL", "sqlite:////nowhere/x.db", 2, "no folder /nowhere"),
        ("EXITBRAIN_DATABASE_URL", "postgresql://u:hunter2@127.0.0.1:1/x", 3, "127.0.0.1"),
    ],
)
def test_a_home_or_store_that_cannot_be_used_is_told_before_any_work(
    world: World, home: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, status: int, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    for found in (world.run("runs", "list"), world.backtest()):
        assert found.status == status, found.err
        assert said in found.err and "Traceback" not in found.err and "hunter2" not in found.err
        assert len(found.err.strip().splitlines()) == 1
    assert not (world.folder / "out").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda out: (out / "run.json").unlink(), "no run.json"),
        (lambda out: (out / "metrics.json").unlink(), "metrics.json"),
        (lambda out: (out / "events.jsonl").write_text("{\n"), "events.jsonl:1"),
        (lambda out: (out / "trade_sets.json").write_text('{"run_id": "r1", "trade_sets": []}'), "beside run.json of"),
        (lambda out: changed(out / "run.json", run_id="../../x"), "run_id is"),
        (lambda out: changed(out / "run.json", symbols="TST"), "no symbols"),
        (lambda out: twice(out / "trade_sets.json"), "twice"),
    ],
)
def test_a_folder_that_is_no_whole_run_is_refused_and_nothing_is_kept(
    world: World, home: Path, spoil: object, said: str
) -> None:
    world.backtest("out", "TST_1h.csv", "entries.csv", "--no-store")
    spoil(world.folder / "out")  # type: ignore[operator]
    found = world.run("runs", "add", "out")
    assert found.status == 2 and said in found.err, found.err
    assert kept(world) == [] and not list((home / "runs").glob("[!.]*"))


def changed(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def twice(path: Path) -> None:
    held = json.loads(path.read_text())
    path.write_text(json.dumps(held | {"trade_sets": held["trade_sets"][:1] * 2}))


def test_help_loads_neither_the_database_nor_the_engine() -> None:
    script = (
        "import sys; from exitbrain.cli import main; main(['runs', '--help']); "
        "heavy = {'sqlalchemy', 'alembic', 'numpy', 'polars', 'numba'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stderr

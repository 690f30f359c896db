"""A sweep's rows are backtests, whoever does them, in whatever pieces, and after whatever interruption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exitbrain import backtest
from exitbrain.cli import main
from exitbrain.config.settings import load_config
from exitbrain.errors import InvalidInput
from exitbrain.wiring import sweeping
from exitbrain.wiring.sweeping import sweep

from .worlds import options, write_world


@pytest.fixture
def world(tmp_path: Path) -> dict[str, str]:
    return write_world(tmp_path)


def written(made: Any, folder: Path) -> dict[str, bytes]:
    made.to_dir(folder)
    return {one.name: one.read_bytes() for one in sorted(folder.iterdir()) if one.name != "timings.json"}


def swept(world: dict[str, str], out: Path, **how: Any) -> Any:
    return sweep(**world, out=out, **how)


def test_every_row_is_the_backtest_of_its_configuration(world: dict[str, str], tmp_path: Path) -> None:
    made = swept(world, tmp_path / "out")
    assert made.num_rows == 9 and made.frame["configuration"].to_list() == list(range(9))
    for row in made.frame.to_dicts()[::4]:
        configuration = made.configuration(row)
        folder = tmp_path / f"one{row['configuration']}"
        folder.mkdir()
        sweeping.write_configuration(folder, configuration, "OWN")
        run = backtest(
            world["candles"],
            entries=world["entries"],
            profiles=str(folder / "best_profiles.yaml"),
            config=str(folder / "best_config.yaml"),
        )
        own = {name: value for name, value in row.items() if name in run.metrics}
        assert own == {name: value for name, value in run.metrics.items() if name in row}
        assert row["num_sets"] > 5


def test_the_command_tells_and_writes(
    world: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["sweep", *options(world), "--out", str(out), "--sets", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    table = pl.read_parquet(out / "sweep.parquet")
    assert table.columns[:3] == ["configuration", "tp_legs.0.r_multiple", "trailing.callback_pct"]
    assert table["tp_legs.0.r_multiple"].to_list() == [0.4] * 3 + [0.5] * 3 + [0.6] * 3
    best = table.sort("net_r_mean", descending=True)["configuration"][0]
    assert told["best"]["configuration"] == best and best in told["pareto"]
    assert told["base"] == {name: told["base"][name] for name in ("net_r_mean", "max_drawdown")}
    sets = pl.read_parquet(out / "sets.parquet")
    assert sets["configuration"].value_counts(sort=False)["count"].sum() == table["num_sets"].sum()
    assert not (out / "chunks").exists()
    assert load_config(str(out / "best_config.yaml")).exits.regime == "NORMAL"


def test_left_out_configurations_are_counted_with_their_reason(world: dict[str, str], tmp_path: Path) -> None:
    space = {"base": "TREND_DEFAULT", "space": {"tp_legs.0.r_multiple": [0.5, 1.0, 2.0]}}
    made = swept({**world, "space": space}, tmp_path / "out")
    assert made.about["num_left_out"] == 2 and made.num_rows == 1
    assert made.about["left_out_reasons"] == {
        "profile 'TREND_DEFAULT' has two legs at 1.0R": 1,
        "profile 'TREND_DEFAULT' has two legs at 2.0R": 1,
    }
    with pytest.raises(InvalidInput, match="no configuration of the space can run"):
        swept({**world, "space": {**space, "space": {"tp_legs.0.r_multiple": [1.0]}}}, tmp_path / "none")


def test_pieces_of_any_length_give_the_same_bytes(
    world: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for length in (1, 4, 512):
        monkeypatch.setattr(sweeping, "LONGEST_PIECE", length)
        monkeypatch.setattr(sweeping, "PIECE_SECONDS", 1e9)
        files.append(written(swept(world, tmp_path / f"out{length}", sets=True), tmp_path / f"files{length}"))
    assert files[0] == files[1] == files[2]


@pytest.mark.parametrize("how", [{"method": "random", "samples": 5}, {"method": "tpe", "samples": 18}])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(
    world: dict[str, str], tmp_path: Path, how: dict[str, Any]
) -> None:
    space = {"base": "TREND_DEFAULT", "space": {"trailing.callback_pct": {"low": 0.015, "high": 0.03}}}
    own = {**world, "space": space}
    first, same, other = (
        written(swept(own, tmp_path / f"{i}", seed=seed, **how), tmp_path / f"f{i}") for i, seed in enumerate((1, 1, 2))
    )
    assert first == same and first["sweep.parquet"] != other["sweep.parquet"]


def test_kept_pieces_are_not_done_again_and_foreign_ones_are_cleared(
    world: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "PIECE_SECONDS", 1e-9)
    done: list[int] = []
    whole = sweeping.evaluate_with

    def counted(shared: Any, first: int, values: Any, **more: Any) -> Any:
        done.append(first)
        return whole(shared, first, values, **more)

    monkeypatch.setattr(sweeping, "evaluate_with", counted)
    made = swept(world, tmp_path / "out")
    assert done == list(range(9))
    victim = made.store.path(made.done[3])
    victim.unlink()
    swept(world, tmp_path / "out")
    assert done[9:] == [3]
    space = {"base": "TREND_DEFAULT", "space": {"tp_legs.0.r_multiple": [0.3]}}
    swept({**world, "space": space}, tmp_path / "out")
    assert len(list((tmp_path / "out" / "chunks").glob("*.parquet"))) == 1


KILLED = """
import sys
from exitbrain.wiring import sweeping
sweeping.PIECE_SECONDS = 1e-9
sweeping.sweep(sys.argv[1], entries=sys.argv[2], config=sys.argv[3], space=sys.argv[4], out=sys.argv[5], sets=True)
"""


def test_a_killed_sweep_goes_on_and_ends_with_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = write_world(tmp_path, space=MANY)
    out = tmp_path / "out"
    given = [world[name] for name in ("candles", "entries", "config", "space")]
    process = subprocess.Popen([sys.executable, "-c", KILLED, *given, str(out)])
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and len(list((out / "chunks").glob("0*[0-9a-f].parquet"))) < 3:
            time.sleep(0.002)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    kept = {one.name: one.stat().st_mtime_ns for one in (out / "chunks").glob("0*.parquet")}
    assert 3 <= len([name for name in kept if ".sets" not in name]) < 48
    monkeypatch.setattr(sweeping, "PIECE_SECONDS", 1e-9)
    resumed = swept(world, out, sets=True)
    after = {one.name: one.stat().st_mtime_ns for one in (out / "chunks").glob("0*.parquet")}
    rows = {name for name in kept if ".sets" not in name}
    assert {name: after[name] for name in rows} == {name: kept[name] for name in rows}
    assert written(resumed, tmp_path / "resumed") == written(
        swept(world, tmp_path / "whole", sets=True), tmp_path / "uninterrupted"
    )


MANY = """\
base: TREND_DEFAULT
space:
  tp_legs.0.r_multiple: {low: 0.2, high: 0.9, step: 0.1}
  trailing.callback_pct: {low: 0.015, high: 0.02, step: 0.001}
"""


def test_an_interrupt_leaves_whole_pieces_and_one_line(
    world: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sweeping, "PIECE_SECONDS", 1e-9)
    whole = sweeping.evaluate_with

    def interrupted(shared: Any, first: int, values: Any, **more: Any) -> Any:
        if first == 2:
            raise KeyboardInterrupt
        return whole(shared, first, values, **more)

    monkeypatch.setattr(sweeping, "evaluate_with", interrupted)
    out = tmp_path / "out"
    assert main(["sweep", *options(world), "--out", str(out)]) == 130
    said = capsys.readouterr().err.splitlines()
    assert said == [f"what is done is kept in {out}: the same command goes on from there", "interrupted"]
    assert len(list((out / "chunks").iterdir())) == 3
    assert not (out / "sweep.parquet").exists()


def test_processes_give_the_same_bytes_as_one(world: dict[str, str], tmp_path: Path) -> None:
    alone = written(swept(world, tmp_path / "a", jobs=1), tmp_path / "alone")
    together = written(swept(world, tmp_path / "b", jobs=2), tmp_path / "together")
    assert alone == together


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["--method", "best"], "method is 'best'; accepted: grid, random, tpe, nsga2"),
        (["--method", "tpe"], "method tpe without samples"),
        (["--samples", "3"], "3 samples of a grid"),
        (["--engine", "ray"], "engine is 'ray'; accepted: local, dask"),
        (["--engine", "dask", "--scheduler", ""], "an empty scheduler"),
        (["--jobs", "0"], "jobs is 0"),
        (["--paths", "both"], "paths is 'both'; accepted: adverse or favorable"),
    ],
)
def test_bad_options_end_with_status_2_and_one_line(
    world: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], told: str
) -> None:
    assert main(["sweep", *options(world), "--out", str(tmp_path / "out"), *more]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_unknown_objective_is_refused_with_its_place(world: dict[str, str], tmp_path: Path) -> None:
    text = "base: TREND_DEFAULT\nspace: {tp_legs.0.r_multiple: [0.4]}\nobjective: [net_r_men]\n"
    with pytest.raises(InvalidInput, match=r"3:13: no metric is named net_r_men; accepted: net_r_mean"):
        swept({**world, "space": text}, tmp_path / "out")

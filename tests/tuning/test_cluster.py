"""The same sweep on a cluster: a scheduler and two workers over TCP on this machine give the bytes of one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exitbrain.cli import main
from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.wiring import sweeping
from exitbrain.wiring.sweeping import sweep

from .worlds import options, write_world

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, protocol="tcp", host="127.0.0.1", dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_two_workers_over_tcp_give_the_bytes_of_one_process(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = write_world(tmp_path)
    monkeypatch.setattr(sweeping, "PIECE_SECONDS", 1e-9)
    cluster = ["--engine", "dask", "--scheduler", scheduler]
    assert main(["sweep", *options(world), *cluster, "--sets", "--out", str(tmp_path / "far")]) == 0
    assert main(["sweep", *options(world), "--jobs", "1", "--sets", "--out", str(tmp_path / "near")]) == 0
    for name in ("sweep.parquet", "sets.parquet", "sweep.json", "best_profiles.yaml"):
        assert (tmp_path / "far" / name).read_bytes() == (tmp_path / "near" / name).read_bytes(), name


def test_without_a_scheduler_dask_starts_here_and_writes_the_same_bytes(tmp_path: Path) -> None:
    world = write_world(tmp_path)
    assert main(["sweep", *options(world), "--engine", "dask", "--jobs", "1", "--out", str(tmp_path / "dask")]) == 0
    assert main(["sweep", *options(world), "--jobs", "1", "--out", str(tmp_path / "near")]) == 0
    for name in ("sweep.parquet", "sweep.json"):
        assert (tmp_path / "dask" / name).read_bytes() == (tmp_path / "near" / name).read_bytes(), name


def test_candles_go_to_a_cluster_by_path_only(scheduler: str, tmp_path: Path) -> None:
    import polars as pl

    world = write_world(tmp_path)
    with pytest.raises(InvalidInput, match="that are no files, with engine dask; accepted: paths"):
        sweep(
            pl.read_csv(world["candles"]), entries=world["entries"], space=world["space"], config=world["config"],
            engine="dask", scheduler=scheduler, out=tmp_path / "out",
        )  # fmt: skip


def test_a_scheduler_that_is_not_there_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from exitbrain.wiring import engines

    monkeypatch.setattr(engines, "WAIT_SECONDS", 0.3)
    world = write_world(tmp_path)
    with pytest.raises(Unavailable, match="no dask scheduler answers at tcp://127.0.0.1:1"):
        sweep(**world, engine="dask", scheduler="tcp://127.0.0.1:1", out=tmp_path / "out")
    with pytest.raises(InvalidInput, match="scheduler 'nowhere:::'"):
        sweep(**world, engine="dask", scheduler="nowhere:::", out=tmp_path / "out")

"""What a run's folder holds comes back from the store: texts from rows alone, everything else as files with hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from engine.differential import run_files
from engine.test_worked_examples import folders
from exitbrain import backtest
from exitbrain.backtesting.result import Result
from exitbrain.store import TEXTS
from exitbrain.wiring.workbench import Workbench

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
FROM_ROWS = set(TEXTS)


def assert_all_comes_back(bench: Workbench, run_id: str, folder: Path) -> None:
    for name in TEXTS:
        assert bench.store.text_of(run_id, name).encode() == (folder / name).read_bytes(), name
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    listed = {one["name"]: one for one in bench.store.files(run_id)}
    assert set(listed) == there
    for name, one in listed.items():
        held = bench.file(run_id, name).read_bytes()
        assert (hashlib.sha256(held).hexdigest(), len(held)) == (one["sha256"], one["size"])
        if not name.endswith("timings.json"):
            assert held == (folder / name).read_bytes(), name


def assert_saved_and_added_alike(result: Result, tmp_path: Path, url: str) -> None:
    folder = result.to_dir(tmp_path / "out")
    with Workbench.open(home=tmp_path / "home", url=url, environment={}) as bench:
        run_id = bench.save(result)
        assert run_id == result.run_id
        assert_all_comes_back(bench, run_id, folder)
        for symbol, market in result.markets.items():
            bars = bench.candles_of(run_id, symbol)
            assert bars["time"].to_list() == market.time.tolist()
            assert bars["close"].to_list() == market.floats[2].tolist()
        bench.delete(run_id)
        assert bench.store.runs().total == 0
        assert not list(bench.home.runs.glob("[!.]*")) and not list(bench.home.bars.glob("[!.]*"))
        added = bench.add_folder(str(folder))
        assert (added.run_id, added.is_new) == (run_id, True)
        assert_all_comes_back(bench, run_id, folder)
        assert bench.add_folder(str(folder)).is_new is False


@pytest.mark.parametrize("folder", folders())
def test_a_worked_world_comes_back_byte_for_byte(folder: Path, tmp_path: Path, url: str) -> None:
    assert_saved_and_added_alike(run_files(folder), tmp_path, url)


def test_a_run_over_real_candles_comes_back_byte_for_byte(test_data: Path, tmp_path: Path, url: str) -> None:
    given = {name: EXAMPLES / "trend" / f"{name}.yaml" for name in ("plan", "profiles", "config")}
    candles = test_data / "1m" / "binance_perp_BTCUSDT_1m_20250504_20250603.parquet"
    result = backtest(candles, **given, paths="both", environment={})
    assert len(result.trade_sets) > 500 and result.other is not None
    assert_saved_and_added_alike(result, tmp_path, url)


def test_tables_of_a_run_are_read_as_frames(tmp_path: Path, bench: Workbench) -> None:
    from .worlds import BARS, ENTRIES

    (tmp_path / "TST_1h.csv").write_text(BARS)
    (tmp_path / "entries.csv").write_text(ENTRIES)
    result = backtest(tmp_path / "TST_1h.csv", entries=tmp_path / "entries.csv", environment={})
    bench.save(result)
    assert bench.frame(result.run_id, "equity.parquet").equals(result.equity)
    assert isinstance(bench.frame(result.run_id, "decisions.parquet"), pl.DataFrame)

"""What a workbench meets outside itself: a full disk, two servers, a folder that cannot be written, a clock set back."""

from __future__ import annotations

import errno
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from exitbrain import backtest
from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.store import RUNNING, RunQuery, Store
from exitbrain.store.queries import Busy, NotFinished
from exitbrain.wiring.workbench import Workbench

from .worlds import BARS, ENTRIES, child_of, long_request, request, wait_for, watched


def full(*_: Any, **__: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    "where", ["exitbrain.wiring.workbench.saving.keep_bars", "exitbrain.wiring.workbench.saving.put_in_place"]
)
def test_a_disk_that_is_full_while_saving_leaves_nothing_half_written(
    where: str, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "TST_1h.csv").write_text(BARS)
    (tmp_path / "entries.csv").write_text(ENTRIES)
    result = backtest(tmp_path / "TST_1h.csv", entries=tmp_path / "entries.csv", environment={})
    with monkeypatch.context() as broken:
        broken.setattr(where, full)
        with pytest.raises(Unavailable, match="No space left"):
            bench.save(result)
    row = bench.store.run(result.run_id)
    assert (row["status"], row["has_results"]) == ("failed", False) and "No space left" in row["error"]
    with pytest.raises(NotFinished):
        bench.store.trade_sets(result.run_id)
    left = [path for folder in ("runs", "bars") for path in (bench.home.folder / folder).iterdir() if path.is_dir()]
    assert [path for path in left if path.parent.name == "runs"] == []
    assert bench.save(result) == result.run_id and bench.store.run(result.run_id)["status"] == "done"


def test_a_store_that_cannot_be_written_does_not_end_the_queue(
    working: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a run is told to who watches, and to the store when it can be written again."""
    working.runner.environment["EXITBRAIN_ACCOUNT__INITIAL_CASH"] = "5"  # the worker refuses its inputs

    def unwritable(*_: Any, **__: Any) -> Any:
        raise Unavailable("store: database or disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(working.store, "ended", unwritable)
        made = working.submit(request(working))
        last = watched(working, made.run_id)[-1]
    assert last.status == "failed" and "disk is full" in (last.detail or "")
    assert working.store.run(made.run_id)["status"] == "running"
    del working.runner.environment["EXITBRAIN_ACCOUNT__INITIAL_CASH"]
    other = working.submit(request(working, config={"seed": 4}))
    assert watched(working, other.run_id)[-1].status == "done"
    assert working.store.run(made.run_id)["status"] == "failed"


def test_two_servers_on_one_home_share_it(working: Workbench, tmp_path: Path) -> None:
    """The second neither ends nor deletes what the first computes, and sees what the first has done."""
    run_id = working.submit(long_request(tmp_path)).run_id
    wait_for(lambda: working.progress(run_id).stage is not None)
    child = child_of(working.home.jobs / run_id)
    assert child is not None
    os.kill(child, signal.SIGSTOP)  # it lasts as long as the test looks at it
    with Workbench.open(home=working.home.folder, environment={}, workers=1) as second:
        assert second.store.run(run_id)["status"] == "running"
        assert second.progress(run_id).status == "running"
        with pytest.raises(Busy):
            second.cancel(run_id)
        with pytest.raises(Busy):
            second.delete(run_id)
        assert not second.submit(long_request(tmp_path)).is_new
        small = second.submit(request(second)).run_id
        assert watched(second, small)[-1].status == "done"
        assert working.progress_since(small, 0, 0.0)[-1].status == "done"
    assert working.store.run(run_id)["status"] == "running", "its end is not the end of the other's runs"
    os.kill(child, signal.SIGCONT)
    assert working.cancel(run_id) == working.cancel(run_id) == "cancelled"
    working.delete(run_id)


def test_a_home_that_cannot_be_made_is_bad_input() -> None:
    with pytest.raises(InvalidInput, match="cannot be used"):
        Workbench.open(home="/proc/exitbrain", environment={})


def test_a_clock_that_goes_backwards_changes_no_order_of_states(tmp_path: Path) -> None:
    ticks = iter(range(10**15, 0, -(10**9)))
    store = Store.open(f"sqlite:///{tmp_path / 'store.sqlite3'}", clock=lambda: next(ticks))
    for run_id in ("r1", "r2"):
        store.put_run(run_id, status=RUNNING, owner="x", about={"symbols": ["A"]})
        writer = store.writer(run_id)
        store.done(writer, description={"run_id": run_id}, metrics={}, timings={}, files=[])
    assert [row["status"] for row in store.runs(RunQuery()).rows] == ["done", "done"]
    first = store.put_profile("P", "profiles: []\n")
    second = store.put_profile("P", "profiles: [{}]\n")
    assert (first["version"], second["version"]) == (1, 2)
    assert [one["version"] for one in store.profile_history("P")] == [2, 1]
    store.close()


def test_a_link_in_the_home_leads_nowhere_else(working: Workbench, tmp_path: Path) -> None:
    """What is deleted is the run's own folder, also where somebody put a link in its place."""
    run_id = working.submit(request(working)).run_id
    watched(working, run_id)
    outside = tmp_path / "outside"
    shutil.copytree(working.home.runs / run_id, outside)
    shutil.rmtree(working.home.runs / run_id)
    (working.home.runs / run_id).symlink_to(outside)
    working.delete(run_id)
    assert (outside / "run.json").is_file()

"""A run from a request to its rows; cancelled, failed and killed on the way."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from exitbrain import backtest
from exitbrain.errors import InvalidInput
from exitbrain.store import NotFinished, RunQuery
from exitbrain.store.queries import Busy
from exitbrain.wiring.workbench import Workbench

from .worlds import child_of, long_request, request, wait_for, watched

SERVER = """
import json, sys, time
from exitbrain.wiring.workbench import Workbench
bench = Workbench.open(home=sys.argv[1], url=sys.argv[3], environment={}, workers=1)
for asked in json.loads(sys.argv[2]):
    print(bench.submit(asked).run_id, flush=True)
time.sleep(600)
"""


def test_a_run_is_queued_computed_and_kept(working: Workbench) -> None:
    asked = request(working, paths="both", label="the first")
    made = working.submit(asked)
    assert (made.status, made.is_new) == ("queued", True)
    told = watched(working, made.run_id)
    assert [one.seq for one in told] == list(range(1, len(told) + 1))
    assert [one.status for one in told][0] == "queued" and told[-1].status == "done"
    stages = [one.stage for one in told if one.stage]
    assert list(dict.fromkeys(stages)) == ["reading", "running", "favorable", "measuring", "saving"]
    overall = [one.overall for one in told]
    assert overall == sorted(overall) and overall[-1] == 1.0
    run = working.store.run(made.run_id)
    assert (run["status"], run["label"], run["request"], run["paths"]) == ("done", "the first", asked, "both")
    assert not list(working.home.jobs.glob("[!.]*"))


def test_a_run_of_the_workbench_is_the_run_of_the_command(working: Workbench, tmp_path: Path) -> None:
    """The same inputs are the same run, whoever computes it."""
    asked = request(working, config="exits: {regime: TREND}\n")
    made = working.submit(asked)
    assert watched(working, made.run_id)[-1].status == "done"
    for name in ("entries.csv", "config.yaml"):
        (tmp_path / name).write_text(asked[name.partition(".")[0]])
    result = backtest(
        working.home.candles / "TST_1h.csv",
        entries=tmp_path / "entries.csv",
        config=tmp_path / "config.yaml",
        environment={},
    )
    assert result.run_id == made.run_id
    folder = result.to_dir(tmp_path / "out")
    for path in folder.iterdir():
        if path.name != "timings.json":
            assert working.file(made.run_id, path.name).read_bytes() == path.read_bytes(), path.name


def test_the_same_request_is_computed_once(working: Workbench) -> None:
    asked = request(working)
    first = working.submit(asked)
    watched(working, first.run_id)
    second = working.submit(asked)
    assert (second.run_id, second.status, second.is_new) == (first.run_id, "done", False)
    assert working.submit(request(working, paths="both")).is_new, "both paths tell more under the same id"
    watched(working, first.run_id)
    assert not working.submit(asked).is_new
    again = working.submit(asked, again=True)
    assert again.is_new and working.store.run(again.run_id)["has_results"]
    assert watched(working, again.run_id)[-1].status == "done"


def test_a_worker_that_ends_at_once_leaves_a_run_that_is_done(
    working: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst turn of the race: the child is over before its server does anything more."""
    start = subprocess.Popen

    def ended(*arguments: Any, **more: Any) -> subprocess.Popen[str]:
        child = start(*arguments, **more)
        child.wait()
        return child

    monkeypatch.setattr("exitbrain.wiring.workbench.running.subprocess.Popen", ended)
    made = working.submit(request(working))
    last = watched(working, made.run_id)[-1]
    assert (last.status, last.detail, working.store.run(made.run_id)["status"]) == ("done", None, "done")


def test_what_is_over_is_not_started_again(working: Workbench) -> None:
    run_id = working.submit(request(working)).run_id
    watched(working, run_id)
    before = working.store.run(run_id)
    working.store.started(run_id)
    assert working.store.run(run_id) == before


def test_a_run_that_fails_says_why(working: Workbench) -> None:
    asked = request(working)
    working.runner.environment["EXITBRAIN_ACCOUNT__INITIAL_CASH"] = "5"
    made = working.submit(asked)
    last = watched(working, made.run_id)[-1]
    assert last.status == "failed" and "inputs changed" in (last.detail or "")
    assert "inputs changed" in working.store.run(made.run_id)["error"]
    del working.runner.environment["EXITBRAIN_ACCOUNT__INITIAL_CASH"]
    assert working.submit(asked).is_new, "a failed run may be asked for again"
    assert watched(working, made.run_id)[-1].status == "done"


def test_a_cancelled_run_leaves_nothing(working: Workbench, tmp_path: Path) -> None:
    running = working.submit(long_request(tmp_path)).run_id
    waiting = working.submit(request(working)).run_id
    while working.progress(running).stage is None:
        time.sleep(0.02)
    assert working.cancel(waiting) == "cancelled"
    with pytest.raises(Busy):
        working.delete(running)
    assert working.cancel(running) == "cancelled"
    assert watched(working, running)[-1].status == "cancelled"
    assert working.cancel(running) == "cancelled"
    with pytest.raises(NotFinished):
        working.store.trade_sets(running)
    assert not list(working.home.runs.glob("*/*")) and not list(working.home.jobs.glob("[!.]*"))
    working.delete(running)
    working.delete(waiting)
    assert working.store.runs().total == 0


@pytest.mark.parametrize("moment", ["queued", "running", "done"])
def test_what_is_over_may_be_asked_for_again_at_once(
    working: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Nothing of the first computation touches the second, however late it tidies up."""
    remove = shutil.rmtree

    def removed_late(path: Any, **options: Any) -> None:
        time.sleep(0.3)
        remove(path, **options)

    monkeypatch.setattr("exitbrain.wiring.workbench.running.shutil.rmtree", removed_late)
    before = working.submit(long_request(tmp_path)).run_id if moment == "queued" else None
    asked = request(working)
    run_id = working.submit(asked).run_id
    if moment == "done":
        wait_for(lambda: working.store.run(run_id)["status"] == "done")
    else:
        wait_for(lambda: moment != "running" or working.progress(run_id).stage is not None)
        assert working.cancel(run_id) == "cancelled"
        working.delete(run_id)
    assert working.submit(asked, again=True).is_new
    if before is not None:
        working.cancel(before)
    assert watched(working, run_id)[-1].status == "done"
    assert working.store.run(run_id)["status"] == "done"


def test_a_cancel_waits_for_a_store_that_is_slow(
    working: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is answered is what the store says: a second cancel, a delete and a reader find it cancelled."""
    ended = working.store.ended

    def late(*arguments: Any, **more: Any) -> str:
        time.sleep(1.0)
        return ended(*arguments, **more)

    monkeypatch.setattr("exitbrain.wiring.workbench.running.ENDING_SECONDS", 0.1)
    monkeypatch.setattr(working.store, "ended", late)
    run_id = working.submit(long_request(tmp_path)).run_id
    wait_for(lambda: working.progress(run_id).status == "running")
    assert working.cancel(run_id) == "cancelled" == working.store.run(run_id)["status"]
    assert watched(working, run_id)[-1].status == "cancelled"


def test_of_two_that_ask_at_once_one_is_queued(working: Workbench) -> None:
    asked = request(working)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: working.submit(asked), range(8)))
    assert sorted(one.is_new for one in made) == [False] * 7 + [True]
    assert watched(working, made[0].run_id)[-1].status == "done"


def test_closing_interrupts_what_runs(home: Path, tmp_path: Path) -> None:
    with Workbench.open(home=home, environment={}, workers=1) as bench:
        run_id = bench.submit(long_request(tmp_path)).run_id
        while bench.progress(run_id).stage is None:
            time.sleep(0.02)
    with Workbench.open(home=home, environment={}) as bench:
        assert bench.store.run(run_id)["status"] == "interrupted"
        assert bench.progress_since(run_id, 17, 0.0)[0].is_last


@pytest.mark.parametrize("moment", ["reading", "saving"])
def test_a_killed_server_loses_nothing_that_was_shown_as_done(
    home: Path, tmp_path: Path, url: str, moment: str
) -> None:
    """kill -9 of the server in the middle of a run: its child ends too, the store opens, the run is interrupted."""
    with Workbench.open(home=home, url=url, environment={}) as bench:
        small = request(bench)
    asked = long_request(tmp_path, bars=60_000)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home), json.dumps([small, asked]), url], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    done, half = server.stdout.readline().strip(), server.stdout.readline().strip()
    job = home / "jobs" / half
    wait_for(lambda: child_of(job) is not None)
    if moment == "saving":
        wait_for(lambda: list((home / "runs").glob(f".new-{half}-*")) or not job.exists())
    child = child_of(job)
    server.send_signal(signal.SIGKILL)
    server.wait()
    server.stdout.close()
    wait_for(lambda: child is None or not Path(f"/proc/{child}").exists())
    with Workbench.open(home=home, url=url, environment={}) as bench:
        statuses = {row["run_id"]: row["status"] for row in bench.store.runs().rows}
        assert statuses[done] == "done" and statuses[half] in ("interrupted", "done")
        for run_id, status in statuses.items():
            if status == "done":
                assert (
                    bench.store.text_of(run_id, "trade_sets.json").encode()
                    == bench.file(run_id, "trade_sets.json").read_bytes()
                )
            else:
                with pytest.raises(NotFinished):
                    bench.store.trade_sets(run_id)
        assert not list(bench.home.runs.glob(".new-*")) and not list(bench.home.jobs.glob("[!.]*"))
        assert bench.store.runs(RunQuery(status=("running", "queued"))).total == 0


def test_a_comparison_is_a_job_too(working: Workbench) -> None:
    policies = [{"name": "base"}, {"name": "fixed", "config": {"exits": {"use_profiles": False}}}]
    made = working.submit(request(working, kind="compare", policies=policies))
    try:
        import arch  # noqa: F401
    except ImportError:
        assert watched(working, made.run_id)[-1].status == "failed"
        return
    assert watched(working, made.run_id)[-1].status == "done"
    told = working.store.description(made.run_id)
    assert told["comparison_id"] == made.run_id
    assert [one["name"] for one in told["policies"]] == ["base", "fixed"]
    assert working.file(made.run_id, "base/trade_sets.json").is_file()
    assert working.store.runs().total == 0 and working.store.runs(RunQuery(kind=None)).total == 1


@pytest.fixture(scope="module")
def with_a_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workbench, str]]:
    """A workbench and the id of its one finished run, for those who only ask."""
    with Workbench.open(home=tmp_path_factory.mktemp("home"), environment={}, workers=1) as bench:
        run_id = bench.submit(request(bench)).run_id
        assert watched(bench, run_id)[-1].status == "done"
        yield bench, run_id


@pytest.mark.parametrize("name", ["../../token", "/etc/passwd", "..", "", "run.json/", "favorable", "RUN.JSON"])
def test_only_listed_files_are_given(with_a_run: tuple[Workbench, str], name: str) -> None:
    bench, run_id = with_a_run
    with pytest.raises(InvalidInput):
        bench.file(run_id, name)

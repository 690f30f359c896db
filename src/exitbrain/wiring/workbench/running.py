"""The queue: each run is a child process; its lines of progress are kept for who watches."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.store import CANCELLED, DONE, FAILED, INTERRUPTED, QUEUED, RUNNING, UNDER_WAY, Store
from exitbrain.store.queries import UnknownRun

ENDING_SECONDS = 5.0
REMEMBERED = 200
LOG_BYTES = 4000
STOPPED = "the server was stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`share` of the stage and `overall`, both 0 to 1; `seq` counts from 1 within one computation of a run."""

    seq: int
    status: str
    stage: str | None = None
    share: float = 0.0
    overall: float = 0.0
    detail: str | None = None

    @property
    def is_last(self) -> bool:
        return self.status not in UNDER_WAY


@dataclass(slots=True, eq=False)
class Job:
    """One computation of a run, in this server.

    `turning` is held where it starts and where it ends, whoever does that: the worker's thread, who cancels, or who
    closes. Once `is_over`, the store was told, its folder is gone and its child ended: the run may be asked for again.
    """

    run_id: str
    folder: Path
    told: list[Progress] = field(default_factory=list)
    child: subprocess.Popen[str] | None = None
    is_cancelled: bool = False
    is_over: bool = False
    turning: threading.RLock = field(default_factory=threading.RLock)


class Runner:
    """Runs one job a worker, in the order in which they came."""

    def __init__(self, store: Store, environment: Mapping[str, str], workers: int) -> None:
        self.store = store
        self.environment = dict(environment)
        self.jobs: dict[str, Job] = {}
        self.changed = threading.Condition()
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._is_closing = False
        self._unwritten: list[tuple[str, str, str | None]] = []
        self._threads = [
            threading.Thread(target=self._work, name=f"runs-{number}", daemon=True) for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, run_id: str, folder: Path) -> None:
        job = Job(run_id=run_id, folder=folder)
        with self.changed:
            self.jobs.pop(run_id, None)
            self.jobs[run_id] = job
            for old in [one for one in self.jobs.values() if one.is_over][:-REMEMBERED]:
                del self.jobs[old.run_id]
        self._tell(job, status=QUEUED)
        self._queue.put(job)

    def cancel(self, run_id: str) -> bool:
        """False where this server does not run it. Else it is over now, and the store says so."""
        with self.changed:
            job = self.jobs.get(run_id)
        if job is None:
            return False
        with job.turning:
            if job.is_over:
                return False
            job.is_cancelled = True
            if job.child is None:
                # Still queued: the worker will pass over it.
                self._end(job, CANCELLED, None)
            else:
                _stop(job.child)
                self._settle(job, None)
        return True

    def forget(self, run_id: str) -> None:
        """Before the run is queued again: waits until its last computation has left nothing that could touch it."""
        with self.changed:
            job = self.jobs.get(run_id)
            if job is not None:
                self.changed.wait_for(lambda: job.is_over)
            self._unwritten = [one for one in self._unwritten if one[0] != run_id]

    def progress_since(self, run_id: str, after: int, timeout: float) -> list[Progress] | None:
        """None where this server has not run it."""
        with self.changed:
            job = self.jobs.get(run_id)
            if job is None:
                return None
            # A reader that remembers more than there is watched an earlier computation.
            after = 0 if after > len(job.told) else after
            self.changed.wait_for(lambda: len(job.told) > after, timeout)
            return job.told[after:]

    def close(self) -> None:
        """Children end, their runs are interrupted."""
        with self.changed:
            self._is_closing = True
            jobs = [job for job in self.jobs.values() if not job.is_over]
        for _ in self._threads:
            self._queue.put(None)
        for job in jobs:
            with job.turning:
                if job.child is not None:
                    _stop(job.child)
                    self._settle(job, None)
                else:
                    self._end(job, INTERRUPTED, STOPPED)
        for thread in self._threads:
            thread.join(ENDING_SECONDS)
        self._write_late()

    # a worker's thread

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            if self._is_closing:
                return
            self._write_late()
            try:
                self._run(job)
            except Exception as error:  # a fault of ours must not end the queue
                if job.child is not None:
                    _stop(job.child)
                self._end(job, FAILED, f"unexpected {type(error).__name__}: {error}")

    def _run(self, job: Job) -> None:
        child = self._start(job)
        if child is None:
            return
        self._tell(job, status=RUNNING)
        error = self._follow(job, child)
        child.wait()
        assert child.stdin is not None
        child.stdin.close()
        self._settle(job, error)

    def _start(self, job: Job) -> subprocess.Popen[str] | None:
        """None where it was cancelled, or the server is closing: whoever does that ends it."""
        with job.turning:
            if job.is_over or self._is_closing:
                return None
            # Before there is a child: one that is quick may be done before a word about it is written.
            self.store.started(job.run_id)
            with (job.folder / "log").open("w", encoding="utf-8") as log:
                job.child = subprocess.Popen(
                    [sys.executable, "-m", "exitbrain.wiring.workbench.worker", str(job.folder)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    encoding="utf-8",
                    env=self.environment,
                    start_new_session=True,  # Ctrl-C is for the server, which then ends its children
                )
            return job.child

    def _follow(self, job: Job, child: subprocess.Popen[str]) -> str | None:
        error = None
        assert child.stdout is not None
        with child.stdout as lines:
            for line in lines:
                try:
                    told = json.loads(line)
                except ValueError:
                    continue
                error = told.pop("error", error)
                if "stage" in told:
                    self._tell(job, status=RUNNING, **told)
        return error

    def _settle(self, job: Job, error: str | None) -> None:
        """Its child has ended. What the store says counts: the child may have been done before it was ended."""
        with job.turning:
            if job.is_over:
                return
            assert job.child is not None
            try:
                now = self.store.run(job.run_id)["status"]
            except UnknownRun:
                now = CANCELLED
            except (Unavailable, InvalidInput):
                now = RUNNING  # it cannot be read now
            if now not in UNDER_WAY:
                self._end(job, now, None, is_written=True)
            elif job.is_cancelled:
                self._end(job, CANCELLED, None)
            elif self._is_closing:
                self._end(job, INTERRUPTED, STOPPED)
            else:
                last_words = error or _last_words(job.folder / "log")
                self._end(job, FAILED, last_words or f"the worker ended with status {job.child.wait()}")

    def _end(self, job: Job, status: str, error: str | None, *, is_written: bool = False) -> None:
        with job.turning:
            if job.is_over:
                return
            try:
                if not is_written:
                    with contextlib.suppress(UnknownRun):
                        status = self.store.ended(job.run_id, status, error)
                if job.child is not None:
                    self.store.remove_unfinished(job.run_id)
            except (Unavailable, InvalidInput) as unwritten:
                # A full disk, a database that went away: who watches is told, and the store as soon as it can be.
                error = f"{error}; {unwritten}" if error else str(unwritten)
                with self.changed:
                    self._unwritten.append((job.run_id, status, error))
            shutil.rmtree(job.folder, ignore_errors=True)
            share = 1.0 if status == DONE else 0.0
            self._tell(job, status=status, stage=None, share=1.0, overall=share, detail=error)

    def _write_late(self) -> None:
        """What the store could not be told when it happened."""
        for one in list(self._unwritten):
            run_id, status, error = one
            with contextlib.suppress(Unavailable, InvalidInput):
                if self.store.run(run_id)["status"] in UNDER_WAY and run_id not in self._current():
                    self.store.ended(run_id, status, error)
                    self.store.remove_unfinished(run_id)
                with self.changed, contextlib.suppress(ValueError):
                    self._unwritten.remove(one)

    def _current(self) -> set[str]:
        with self.changed:
            return {job.run_id for job in self.jobs.values() if not job.is_over}

    def _tell(self, job: Job, **told: Any) -> None:
        with self.changed:
            if job.is_over:
                return  # a last line of a child that was stopped
            said = Progress(seq=len(job.told) + 1, **told)
            job.told.append(said)
            job.is_over = said.is_last
            self.changed.notify_all()


def _stop(child: subprocess.Popen[str]) -> None:
    child.terminate()
    limit = time.monotonic() + ENDING_SECONDS
    while child.poll() is None:
        if time.monotonic() > limit:
            child.kill()
            child.wait()
            return
        time.sleep(0.01)


def _last_words(log: Path) -> str | None:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace")[-LOG_BYTES:].strip().splitlines()
    except OSError:
        return None
    return lines[-1] if lines else None


def worker_environment(environment: Mapping[str, str], home: Path, url: str) -> dict[str, str]:
    """A child sees the same settings, home and store; the URL is not put among its arguments, which others can see."""
    return {**os.environ, **environment, "EXITBRAIN_HOME": str(home), "EXITBRAIN_DATABASE_URL": url}

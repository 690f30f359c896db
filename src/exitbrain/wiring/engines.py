"""Who does the pieces of a sweep: this process, several on this machine (joblib), or a cluster (dask.distributed)."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.tuning.chunks import Piece
from exitbrain.wiring.evaluating import Rows, Task, evaluate

LOCAL, DASK = "local", "dask"
ENGINES = (LOCAL, DASK)
WAIT_SECONDS = 30

Work = tuple[Piece, Task]
Run = Callable[[Iterable[Work]], Iterator[tuple[Piece, Rows]]]


def checked_engine(engine: str, scheduler: str | None, jobs: int | None) -> None:
    if engine not in ENGINES:
        raise InvalidInput(f"engine is {engine!r}", accepted=", ".join(ENGINES))
    if scheduler is not None and not scheduler.strip():
        raise InvalidInput("an empty scheduler", accepted="its address, as tcp://10.0.0.1:8786")
    if engine == LOCAL and scheduler:
        raise InvalidInput("a scheduler with engine local", accepted="engine dask")
    if jobs is not None and jobs < 1:
        raise InvalidInput(f"jobs is {jobs}", accepted="a whole number from 1")


def processors() -> int:
    import joblib

    return int(joblib.cpu_count())


def in_this_process(do: Callable[[Task], Rows]) -> Run:
    return lambda work: ((piece, do(task)) for piece, task in work)


def in_processes(jobs: int) -> Run:
    """As many processes as `jobs`; each reads the inputs once. Pieces come back in the order in which they are done."""

    def run(work: Iterable[Work]) -> Iterator[tuple[Piece, Rows]]:
        import joblib

        parallel = joblib.Parallel(
            n_jobs=jobs, backend="loky", return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1
        )
        yield from parallel(joblib.delayed(_done)(piece, task) for piece, task in work)

    return run


def _done(piece: Piece, task: Task) -> tuple[Piece, Rows]:
    return piece, evaluate(task)


@contextmanager
def on_own_cluster(jobs: int) -> Iterator[tuple[Run, int]]:
    """Pieces on a dask cluster of `jobs` processes of this machine, which ends with the work."""
    distributed = _distributed()
    with (
        distributed.LocalCluster(
            n_workers=jobs, threads_per_worker=1, processes=True, protocol="tcp", host="127.0.0.1",
            dashboard_address="127.0.0.1:0", silence_logs=logging.ERROR,
        ) as cluster,
        on_cluster(cluster.scheduler_address) as run,
    ):  # fmt: skip
        yield run


def _distributed() -> Any:
    try:
        import distributed
    except ImportError:
        raise Unavailable("dask.distributed is not installed: pip install 'exitbrain[cluster]'") from None
    return distributed


@contextmanager
def on_cluster(scheduler: str) -> Iterator[tuple[Run, int]]:
    """Pieces on the workers of a dask scheduler, and how many threads they have together."""
    import joblib

    distributed = _distributed()
    try:
        client = distributed.Client(scheduler, timeout=WAIT_SECONDS, set_as_default=False)
    except ValueError as error:
        raise InvalidInput(f"scheduler {scheduler!r}: {error}", accepted="an address as tcp://10.0.0.1:8786") from None
    except (OSError, TimeoutError):
        raise Unavailable(f"no dask scheduler answers at {scheduler}") from None
    try:
        threads = sum(client.nthreads().values())
        if not threads:
            raise Unavailable(f"the dask scheduler at {scheduler} has no workers")

        def run(work: Iterable[Work]) -> Iterator[tuple[Piece, Rows]]:
            with joblib.parallel_config(backend="dask", client=client, wait_for_workers_timeout=WAIT_SECONDS):
                parallel = joblib.Parallel(
                    n_jobs=threads, return_as="generator_unordered", pre_dispatch="2*n_jobs", batch_size=1
                )
                yield from parallel(joblib.delayed(_done)(piece, task) for piece, task in work)

        yield run, threads
    finally:
        client.close()


def are_paths(given: Any) -> bool:
    """Whether all of it can be told to another process by name."""
    parts = given if isinstance(given, list | tuple) else [given]
    return all(part is None or isinstance(part, str | os.PathLike) for part in parts)

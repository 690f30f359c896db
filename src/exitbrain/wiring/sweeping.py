"""`sweep`: every configuration of a space over the same entries and candles; a row of measures each.

What is done is kept piece by piece below the folder that is written, so that the same call goes on where an earlier
one was ended, and ends with the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain import __version__
from exitbrain.config.settings import load_config
from exitbrain.config.spaces import BASE, Configuration, Space, read_space, written_profiles
from exitbrain.errors import InvalidInput
from exitbrain.tuning.chunks import ChunkStore, Piece, pieces
from exitbrain.tuning.objectives import direction_of, pareto, ranked
from exitbrain.tuning.sampling import BATCH, GRID, Search, sampler_of
from exitbrain.wiring.backtest import PATHS, Progress, described
from exitbrain.wiring.engines import (
    DASK,
    LOCAL,
    Run,
    are_paths,
    checked_engine,
    in_processes,
    in_this_process,
    on_cluster,
    on_own_cluster,
    processors,
)
from exitbrain.wiring.evaluating import NUMBER, REFUSED, SETS_ORDER, Given, Rows, Shared, Task, evaluate_with

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.tuning.sampling import Grid, Random

PIECE_SECONDS = 2.0
LONGEST_PIECE = 512
SHORT_SECONDS = 8.0
AT_ONCE_BYTES = 256 * 1024 * 1024
DYNAMIC = ("exit_reason.", "category.", "rung.")
MOST_REASONS = 5
MEASURED = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Sweep:
    """What came of it: rows of valid configurations by number, on disk until they are looked at."""

    about: Mapping[str, Any]
    base: Mapping[str, Any]
    space: Space
    shared: Shared
    store: ChunkStore
    done: tuple[Piece, ...]
    names: tuple[str, ...]
    with_sets: bool
    timings: Mapping[str, float] = field(default_factory=dict)
    _kept: Any = None

    def scan(self) -> pl.LazyFrame:
        """A row a configuration: its number, its parameters, then its metrics."""
        import polars as pl

        frames = [pl.scan_parquet(self.store.path(piece)) for piece in self.done]
        together = pl.concat(frames, how="diagonal_relaxed").filter(pl.col(REFUSED).is_null())
        kinds = together.collect_schema()
        own = (NUMBER, *self.space.keys, *self.names)
        # A metric that nothing has is still a column.
        empty = [pl.lit(None, dtype=pl.Float64).alias(name) for name in own if kinds.get(name, pl.Null) == pl.Null]
        rest = sorted(set(kinds) - set(own) - {REFUSED})
        return together.with_columns(empty).select(*own, *rest)

    @cached_property
    def frame(self) -> pl.DataFrame:
        return self.scan().collect()

    def scan_sets(self) -> pl.LazyFrame:
        """A row a configuration and TradeSet; only of a sweep with sets."""
        import polars as pl

        if not self.with_sets:
            raise InvalidInput("the sweep kept no sets", accepted="a sweep with sets")
        frames = [pl.scan_parquet(self.store.path(piece, ".sets")) for piece in self.done]
        together = pl.concat(frames, how="diagonal_relaxed")
        there = set(together.collect_schema())
        return together.select(name for name in SETS_ORDER if name in there)

    @property
    def objective(self) -> tuple[str, ...]:
        return self.space.objective

    @cached_property
    def objective_columns(self) -> list[np.ndarray]:
        names = set(self.scan().collect_schema())
        found = self.scan().select([name for name in self.objective if name in names]).collect()
        missing = np.full(len(found) if found.width else self.num_rows, np.nan)
        return [
            found[name].cast(float).fill_null(np.nan).to_numpy() if name in found.columns else missing
            for name in self.objective
        ]

    @cached_property
    def num_rows(self) -> int:
        import polars as pl

        return int(self.scan().select(pl.len()).collect().item())

    @cached_property
    def numbers(self) -> np.ndarray:
        return self.scan().select(NUMBER).collect()[NUMBER].to_numpy()

    @cached_property
    def ranking(self) -> np.ndarray:
        """Rows from the best on."""
        return ranked(self.objective, self.objective_columns)

    @cached_property
    def front(self) -> np.ndarray:
        """Rows that no other beats in every objective."""
        return np.flatnonzero(pareto(self.objective, self.objective_columns))

    def rows(self, places: Iterable[int]) -> list[dict[str, Any]]:
        """Rows of the table as mappings, in the order asked for."""
        import polars as pl

        wanted = [int(self.numbers[place]) for place in places]
        found = {row[NUMBER]: row for row in self.scan().filter(pl.col(NUMBER).is_in(wanted)).collect().to_dicts()}
        return [found[number] for number in wanted]

    def configuration(self, row: Mapping[str, Any]) -> Configuration:
        """The configuration of a row of the table."""
        values = {axis.key: _unshown(row[axis.key], axis.kind) for axis in self.space.axes}
        return self.shared.maker.make(values)

    @cached_property
    def best(self) -> dict[str, Any] | None:
        return self.rows(self.ranking[:1])[0] if self.num_rows else None

    @property
    def base_name(self) -> str:
        """Of the profile that the best configuration changes."""
        if self.best is not None and BASE in self.best:
            return str(self.best[BASE])
        return self.space.bases[0] if self.space.bases else BASE

    def to_dict(self) -> dict[str, Any]:
        """What sweep.json holds."""
        keys = (NUMBER, *self.space.keys, *self.objective)
        best = self.best
        return dict(self.about) | {
            "base": {name: self.base.get(name) for name in self.objective},
            "best": best and {name: best.get(name) for name in keys},
            "pareto": [int(self.numbers[place]) for place in self.front],
        }

    def report(self, judged: Mapping[str, Any] | None = None) -> str:
        """One self-contained page: heat maps, the Pareto front, the table. Raises Unavailable where it was not built."""
        from exitbrain.report import build_sweep_payload, render_report

        measured = [name for name in ("num_sets", *self.objective) if name in self.names]
        payload = build_sweep_payload(
            about=self.about,
            table=self.scan().select(NUMBER, *self.space.keys, *dict.fromkeys(measured)).collect(),
            keys=self.space.keys,
            objective={name: direction_of(name) for name in self.objective},
            ranking=self.ranking.tolist(),
            front=self.front.tolist(),
            base={name: self.base.get(name) for name in self.names},
            judged=judged,
        )
        return render_report(payload)

    def to_dir(self, path: str | Path, *, page: str | None = None) -> Path:
        """sweep.json, sweep.parquet, sets.parquet where asked for, and the best configuration as files to run."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        (folder / "sweep.json").write_text(text + "\n", encoding="utf-8", newline="\n")
        self._write(self.scan(), folder / "sweep.parquet")
        if self.with_sets:
            self._write(self.scan_sets(), folder / "sets.parquet")
        if self.best is not None:
            write_configuration(folder, self.configuration(self.best), f"{self.base_name}_SWEPT")
        if page is not None:
            (folder / "report.html").write_text(page, encoding="utf-8", newline="\n")
        (folder / "timings.json").write_text(json.dumps(dict(self.timings), indent=1) + "\n", encoding="utf-8")
        return folder

    def _write(self, table: pl.LazyFrame, path: Path) -> None:
        size = sum(self.store.path(piece, kind).stat().st_size for piece in self.done for kind in self._kinds)
        if size <= AT_ONCE_BYTES:
            table.collect().write_parquet(path, compression="zstd", statistics=False)
        else:
            table.sink_parquet(path, compression="zstd", statistics=False, maintain_order=True)

    @property
    def _kinds(self) -> tuple[str, ...]:
        return ("", ".sets") if self.with_sets else ("",)


def write_configuration(folder: Path, configuration: Configuration, name: str) -> None:
    """best_profiles.yaml and best_config.yaml: what `backtest` runs as this configuration."""
    import yaml

    if configuration.profile is not None:
        text = written_profiles(configuration.profile, name)
        (folder / "best_profiles.yaml").write_text(text, encoding="utf-8", newline="\n")
    config = yaml.safe_dump(configuration.settings.to_dict(), sort_keys=False, allow_unicode=True, width=120)
    (folder / "best_config.yaml").write_text(config, encoding="utf-8", newline="\n")


def sweep(
    candles: Any,
    *,
    space: Any,
    plan: Any = None,
    entries: Any = None,
    profiles: Any = None,
    config: Any = None,
    detail: Any = None,
    funding: Any = None,
    quotes: Any = None,
    paths: str | None = None,
    repair: bool = False,
    method: str = GRID,
    samples: int | None = None,
    seed: int | None = None,
    sets: bool = False,
    fast: bool = False,
    engine: str = LOCAL,
    scheduler: str | None = None,
    jobs: int | None = None,
    out: str | Path | None = None,
    environment: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Sweep:
    """Evaluate the configurations of a space; the inputs are those of `backtest`.

    `method` is grid, random, tpe or nsga2, all but the grid with a number of `samples`; `seed` None takes the config's.
    `sets` keeps a row a configuration and TradeSet. `fast` keeps the measures that the sweep kernel has, which follows
    all profiles in one pass where it can express them. `out` is the folder under which finished pieces are kept, so that
    the same call resumes. Raises InvalidInput, and Unavailable where a cluster or a package is missing.
    """
    started = time.perf_counter()
    tell = progress or (lambda stage, share: None)
    tell("reading", 0.0)
    if paths == "both" or (paths is not None and paths not in PATHS):
        raise InvalidInput(f"paths is {paths!r}", accepted="adverse or favorable")
    checked_engine(engine, scheduler, jobs)
    read = read_space(space)
    settings = load_config(config, os.environ if environment is None else environment)
    given = Given(
        candles=candles, settings=settings, detail=detail, funding=funding, quotes=quotes, entries=entries,
        plan=plan, profiles=profiles, repair=repair, path=paths, fast=fast,
    )  # fmt: skip
    shared = Shared(given, read)
    seed = settings.seed if seed is None else seed
    sampler = sampler_of(read.axes, method, samples, seed, [direction_of(name) for name in read.objective])
    own = Asked(method=method, samples=samples, seed=seed, sets=sets, fast=fast)
    about = _about(shared, own, paths, len(sampler))
    base, problem, seconds = _base(shared)
    if fast and problem is not None:
        about["notes"] = [*about["notes"], f"fast: the engine follows what the kernel cannot: {problem}"]
    _check_objective(read, base)
    folder = Path(tempfile.mkdtemp(prefix="exitbrain-sweep-")) if out is None else Path(out)
    store = ChunkStore.under(folder, about["sweep_id"])
    read_at = time.perf_counter()
    with ExitStack() as stack:
        run, workers = _engine(stack, shared, engine, scheduler, jobs, seconds() * len(sampler), sampler)
        size = store.kept_size()
        if size is None:
            size = BATCH if isinstance(sampler, Search) else _piece_size(seconds(), len(sampler), workers)
            store.begin(size)
        work = _Work(shared, store, sets, tell, len(sampler))
        done = work.search(sampler, run) if isinstance(sampler, Search) else work.all(sampler, run, size)
    made = Sweep(
        about=about | _left_out(store, done),
        base=base,
        space=read,
        shared=shared,
        store=store,
        done=tuple(done),
        names=tuple(base),
        with_sets=sets,
        timings={"read_seconds": read_at - started, "run_seconds": time.perf_counter() - read_at},
    )
    if not made.num_rows:
        reasons = "; ".join(made.about["left_out_reasons"])
        raise InvalidInput(
            read.problem(("space",), f"no configuration of the space can run: {reasons}", "values that go together")
        )
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    method: str
    samples: int | None
    seed: int
    sets: bool
    fast: bool


def _about(shared: Shared, asked: Asked, paths: str | None, total: int) -> dict[str, Any]:
    about = described(shared.inputs, paths)
    space = shared.space
    own = {"method": asked.method, "samples": asked.samples, "seed": asked.seed, "sets": asked.sets, "fast": asked.fast}
    told = [__version__, shared.content, about["config"], space.content(), own]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    return {
        "sweep_id": f"s{digest[:12]}",
        "version": __version__,
        **own,
        **{name: about[name] for name in ("inputs", "symbols", "timeframe", "start", "end", "bars")},
        "space": space.content()["space"],
        "bases": list(space.bases),
        "objective": {name: direction_of(name) for name in space.objective},
        "num_configurations": total,
        **{name: about[name] for name in ("warnings", "notes", "repairs", "config")},
    }


def _left_out(store: ChunkStore, done: Sequence[Piece]) -> dict[str, Any]:
    """How many configurations could not run, and the most frequent reasons."""
    import polars as pl

    reasons: Counter[str] = Counter()
    for piece in done:
        refused = pl.read_parquet(store.path(piece), columns=[REFUSED])[REFUSED].drop_nulls()
        reasons.update(refused.to_list())
    told = sorted(reasons.items(), key=lambda row: (-row[1], row[0]))[:MOST_REASONS]
    return {"num_left_out": sum(reasons.values()), "left_out_reasons": dict(told)}


def _base(shared: Shared) -> tuple[dict[str, Any], str | None, Callable[[], float]]:
    """The measures of what the space starts from, why the kernel could not follow it (None where it can), and how long
    one more configuration takes, measured when asked."""
    configuration = shared.maker.base()
    metrics = shared.metrics(configuration)
    problem = shared.kernel_problem(configuration) if shared.given.fast else "not asked"
    measured: list[float] = []

    def seconds() -> float:
        if not measured:
            if problem is None:
                evaluate_with(shared, 0, [{}])  # loads the kernel and opens the entries
            began = time.perf_counter()
            if problem is None:
                evaluate_with(shared, 0, [{}] * MEASURED)
                measured.append((time.perf_counter() - began) / MEASURED)
            else:
                shared.metrics(configuration)
                measured.append(time.perf_counter() - began)
        return measured[0]

    return metrics, problem, seconds


def _check_objective(space: Space, metrics: Mapping[str, Any]) -> None:
    from exitbrain.config.faults import suggestion

    for i, name in enumerate(space.objective):
        if name not in metrics and not name.startswith(DYNAMIC):
            near = suggestion(name, tuple(metrics))
            raise InvalidInput(
                space.problem(("objective", i), f"no metric is named {name}", near or "a key of metrics.json")
            )


def _engine(
    stack: ExitStack, shared: Shared, engine: str, scheduler: str | None, jobs: int | None, expected: float,
    sampler: Grid | Random | Search,
) -> tuple[Run, int]:  # fmt: skip
    given = shared.given
    by_name = all(are_paths(getattr(given, name)) for name in ("candles", "detail", "funding", "quotes", "entries"))
    if engine == DASK:
        if not by_name:
            raise InvalidInput("candles or entries that are no files, with engine dask", accepted="paths of files")
        cluster = on_own_cluster(jobs or processors()) if scheduler is None else on_cluster(scheduler)
        return stack.enter_context(cluster)
    if jobs is None:
        jobs = processors() if by_name and expected > SHORT_SECONDS else 1
    if jobs == 1 or not by_name:
        return in_this_process(lambda task: evaluate_with(shared, task.first, task.values, with_sets=task.with_sets)), 1
    return in_processes(jobs), jobs


def _piece_size(seconds: float, total: int, workers: int) -> int:
    """So long that passing it on costs under 5% of it, so short that all workers have some and little is lost."""
    size = max(1, min(LONGEST_PIECE, round(PIECE_SECONDS / max(seconds, 1e-6))))
    return max(1, min(size, -(-total // (4 * workers)) if workers > 1 else size))


@dataclass(slots=True)
class _Work:
    """The pieces that are missing, handed out and kept as they come back."""

    shared: Shared
    store: ChunkStore
    sets: bool
    tell: Progress
    total: int
    count: int = 0

    def all(self, sampler: Grid | Random, run: Run, size: int) -> list[Piece]:
        every = list(pieces(len(sampler), size))
        missing = [piece for piece in every if not self.store.has(piece)]
        self._advance(sum(len(piece) for piece in every) - sum(len(piece) for piece in missing))
        work = (
            (piece, self._task(piece, [sampler.point(number) for number in range(piece.start, piece.stop)]))
            for piece in missing
        )
        self._keep(run(work))
        return every

    def search(self, sampler: Search, run: Run) -> list[Piece]:
        """Batch by batch: each is asked for, evaluated unless it is kept, and told."""
        every = list(pieces(len(sampler), BATCH))
        for piece in every:
            points = sampler.ask(len(piece))
            if self.store.has(piece):
                self._advance(len(piece))
            else:
                self._keep(run([(piece, self._task(piece, points))]))
            sampler.tell(list(self._values(piece)))
        return every

    def _task(self, piece: Piece, points: Sequence[Sequence[int | float]]) -> Task:
        space = self.shared.space
        values = [{axis.key: axis.value(own) for axis, own in zip(space.axes, point)} for point in points]
        return Task(
            given=self.shared.given.by_full_path(),
            space=space,
            content=self.shared.content,
            first=piece.start,
            values=values,
            with_sets=self.sets,
        )

    def _keep(self, results: Iterator[tuple[Piece, Rows]]) -> None:
        for piece, rows in results:
            self.store.put(piece, rows.rows, rows.sets)
            self._advance(len(piece))

    def _advance(self, count: int) -> None:
        self.count += count
        self.tell("sweeping", self.count / self.total if self.total else 1.0)

    def _values(self, piece: Piece) -> Iterator[list[float] | None]:
        import polars as pl

        for row in pl.read_parquet(self.store.path(piece)).iter_rows(named=True):
            values = [row.get(name) for name in self.shared.space.objective]
            yield None if row[REFUSED] is not None or None in values else [float(value) for value in values]


def _unshown(value: Any, kind: str) -> Any:
    """What a column shows, as the space says it."""
    if kind != "text" or value is None:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value

"""The workbench: one home, its store, and the runs that are made in it."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.store import CANCELLED, DONE, FAILED, QUEUED, RUNNING, UNDER_WAY, Busy, Store
from exitbrain.wiring.workbench.faults import FieldProblem, RequestRefused
from exitbrain.wiring.workbench.home import Home, candle_files, clear_up, database_url, open_home, said_by
from exitbrain.wiring.workbench.owners import is_gone, this_process
from exitbrain.wiring.workbench.running import Progress, Runner, worker_environment

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.backtesting.result import Result
    from exitbrain.wiring.explaining import Explanation
    from exitbrain.wiring.workbench.looking_back import Gathered
    from exitbrain.wiring.workbench.requests import Prepared

RUNS_GATHERED = 2
LONGEST_PROFILE = 1024 * 1024
BAR_COLUMNS = ("time", "open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """`is_new` False: the run was there, done or under way, and nothing was started."""

    run_id: str
    status: str
    is_new: bool


class Workbench:
    """Threads may share it. With `workers` of 0 nothing is computed here, as the command line wants it."""

    def __init__(self, home: Home, store: Store, url: str, environment: Mapping[str, str], workers: int) -> None:
        self.home = home
        self.store = store
        self.environment = environment
        self.owner = this_process()
        self._settle_what_ended()
        self._gathered: dict[tuple[str, str | None], Gathered] = {}
        self._gathering = threading.Lock()
        self._queueing = threading.Lock()
        self.runner = Runner(store, worker_environment(environment, home.folder, url), workers)

    @classmethod
    def open(
        cls,
        *,
        home: str | Path | None = None,
        url: str | None = None,
        environment: Mapping[str, str] | None = None,
        workers: int = 0,
    ) -> Workbench:
        """Folders and tables are made where missing. Raises InvalidInput, and Unavailable for a database out of reach."""
        environment = os.environ if environment is None else environment
        place = open_home(home, environment)
        wanted, variable = (url, None) if url is not None else database_url(place, environment)
        try:
            store = Store.open(wanted)
        except InvalidInput as error:
            raise said_by(variable, error) from None
        try:
            return cls(place, store, wanted, environment, workers)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        self.runner.close()
        self.store.close()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _settle_what_ended(self) -> None:
        """Runs whose process is gone are interrupted, and what it left half-made is removed."""
        clear_up(self.home.runs)
        clear_up(self.home.jobs)
        clear_up(self.home.bars)
        self.store.forget_keys()
        if any(is_gone(owner) for owner in self.store.owners_under_way()):
            for run_id in self.store.mark_interrupted(is_gone):
                shutil.rmtree(self.home.jobs / run_id, ignore_errors=True)

    # computing

    def submit(self, request: Mapping[str, Any], *, again: bool = False, validate_only: bool = False) -> Submitted:
        """Check a request and queue its run. What is done, or under way, is not computed twice unless `again`.

        Raises RequestRefused, which names the field of each fault.
        """
        from exitbrain.wiring.workbench.requests import prepare

        folder = Path(tempfile.mkdtemp(prefix=".new-", suffix=f"-{os.getpid()}", dir=self.home.jobs))
        try:
            ready = prepare(request, folder, self.home.candles, self.store, self.environment)
            # One at a time: of two that ask for the same run, the second finds it queued.
            with self._queueing:
                held = self.store.find_run(ready.run_id)
                if validate_only:
                    return Submitted(run_id=ready.run_id, status=held["status"] if held else "", is_new=held is None)
                if held is not None and not self._is_wanted_again(held, ready, again):
                    return Submitted(run_id=ready.run_id, status=held["status"], is_new=False)
                self._queue(ready, request, folder)
            return Submitted(run_id=ready.run_id, status=QUEUED, is_new=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _is_wanted_again(self, held: Mapping[str, Any], ready: Prepared, again: bool) -> bool:
        if held["status"] in UNDER_WAY:
            return False
        # Both paths tell more than one of them under the same id.
        tells_more = ready.paths == "both" and held["paths"] != "both" and ready.kind == "backtest"
        return again or held["status"] != DONE or tells_more

    def _queue(self, ready: Prepared, request: Mapping[str, Any], folder: Path) -> None:
        from exitbrain.wiring.workbench.requests import lasting, moved

        job = self.home.jobs / ready.run_id
        content = {
            "run_id": ready.run_id,
            "kind": ready.kind,
            "home": str(self.home.folder),
            "arguments": moved(ready.arguments, folder, job),
        }
        _write_json(folder / "request.json", content)
        self.runner.forget(ready.run_id)
        shutil.rmtree(job, ignore_errors=True)
        os.rename(folder, job)
        sources = lasting(ready.sources, folder)
        self.store.put_run(
            ready.run_id,
            kind=ready.kind,
            status=QUEUED,
            owner=self.owner,
            about=ready.about,
            request=request,
            sources=sources,
            paths=ready.paths,
            label=ready.label,
        )
        self.runner.add(ready.run_id, job)

    def cancel(self, run_id: str) -> str:
        """The status afterwards. A run that is over stays what it is. Busy for a run of another server."""
        status = str(self.store.run(run_id)["status"])
        if status not in UNDER_WAY:
            return status
        if not self.runner.cancel(run_id):
            status = str(self.store.run(run_id)["status"])
            if status in UNDER_WAY:
                found = f"run {run_id} is {status} in another process"
                raise Busy(Problem(found=found, accepted="to stop it there"))
        return str(self.store.run(run_id)["status"])

    def delete(self, run_id: str) -> None:
        """Its rows and files; Busy while it is queued or running."""
        from exitbrain.wiring.workbench.saving import forget_run

        self.store.delete_run(run_id)
        forget_run(self.home, run_id)

    def progress(self, run_id: str) -> Progress:
        """The newest."""
        told = self.runner.progress_since(run_id, 0, 0)
        return told[-1] if told else self._progress_of_store(run_id, 1)

    def progress_since(self, run_id: str, after: int, timeout: float) -> list[Progress]:
        """What came after, waiting for it; empty where nothing came. The last of a run `is_last`."""
        told = self.runner.progress_since(run_id, after, timeout)
        if told is not None:
            return told
        known = self._progress_of_store(run_id, max(after, 0) + 1)
        return [known] if known.is_last or after < 1 else []

    def _progress_of_store(self, run_id: str, seq: int) -> Progress:
        run = self.store.run(run_id)
        is_done = run["status"] == DONE
        share = 1.0 if is_done else 0.0
        return Progress(seq=seq, status=run["status"], share=share, overall=share, detail=run["error"])

    def save(
        self, result: Result, *, request: Mapping[str, Any] | None = None, label: str | None = None,
        paths: str | None = None, again: bool = True, page: str | None = None,
    ) -> str:  # fmt: skip
        """A run of this process into the store; `page` is its report where it is rendered already."""
        from exitbrain.wiring.workbench.saving import save_result

        if result.other is not None:
            paths = "both"
        with self._recorded(result.run_id, result.about, paths=paths, request=request, label=label, again=again) as new:
            if new:
                save_result(self.store, self.home, result, page=page)
        return result.run_id

    def add_folder(self, path: str, *, label: str | None = None, again: bool = False) -> Submitted:
        """A folder that `backtest --out` wrote, into the store. Raises InvalidInput for a folder that is no run."""
        from exitbrain.wiring.workbench.saving import checked_run, save_folder

        files = checked_run(path)
        run_id = str(files.run["run_id"])
        paths = "both" if files.run.get("ambiguity") is not None else None
        _ = files.metrics, files.plans, files.events, files.timings  # every fault before anything is written
        with self._recorded(run_id, files.run, paths=paths, label=label, again=again) as is_new:
            if is_new:
                save_folder(self.store, self.home, files)
        return Submitted(run_id=run_id, status=DONE, is_new=is_new)

    @contextmanager
    def _recorded(
        self, run_id: str, about: Mapping[str, Any], *, paths: str | None, again: bool,
        request: Mapping[str, Any] | None = None, label: str | None = None,
    ) -> Iterator[bool]:  # fmt: skip
        """The run is running in the store while the block lasts; False where it is there already."""
        held = self.store.find_run(run_id)
        if held is not None and held["status"] in UNDER_WAY:
            raise Busy(Problem(found=f"run {run_id} is {held['status']}", accepted="a run that is not under way"))
        if held is not None and held["status"] == DONE and not again:
            yield False
            return
        sources = [{**one, "path": None} for one in about.get("inputs") or ()]
        self.store.put_run(
            run_id, status=RUNNING, owner=self.owner, about=about, request=request, sources=sources, paths=paths,
            label=label,
        )  # fmt: skip
        try:
            yield True
        except BaseException as error:
            told = error if isinstance(error, InvalidInput | Unavailable | OSError) else type(error).__name__
            with suppress(Unavailable):  # a disk that is full has no room for this word either
                self.store.ended(run_id, CANCELLED if isinstance(error, KeyboardInterrupt) else FAILED, str(told))
            if isinstance(error, OSError):
                raise Unavailable(f"run {run_id} cannot be saved: {error.strerror or error}") from error
            raise

    # what runs left

    def file(self, run_id: str, name: str) -> Path:
        """A file of a run, of those that the store lists."""
        names = [str(one["name"]) for one in self.store.files(run_id)]
        if name not in names:
            raise InvalidInput(unknown_name(name, names, "file"))
        path = self.home.runs / run_id / name
        if not path.is_file():
            raise Unavailable(f"{name} of run {run_id} is not in {self.home.runs}")
        return path

    def frame(self, run_id: str, name: str, *, columns: list[str] | None = None) -> pl.DataFrame:
        """A Parquet file of a run: equity, decisions, trade_sets or legs."""
        import polars as pl

        if not name.endswith(".parquet"):
            raise InvalidInput(Problem(found=f"{name!r} is no table", accepted="a .parquet file of the run"))
        try:
            return pl.read_parquet(self.file(run_id, name), columns=columns)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Unavailable(f"{name} of run {run_id} cannot be read: {str(error).splitlines()[0]}") from None

    def bars_of(self, run_id: str, symbol: str, *, spread: bool = False) -> pl.LazyFrame:
        """The bars that a run was made over: time in µs, open, high, low, close, volume. Unavailable where not kept.

        With `spread` also spread_bps, where the run knew any.
        """
        import polars as pl

        run = self.store.run(run_id)
        if symbol not in run["symbols"]:
            raise InvalidInput(unknown_name(symbol, run["symbols"], "symbol"))
        place = self.home.bars / run_id / f"{run['symbols'].index(symbol)}.parquet"
        if not place.is_file():
            raise Unavailable(f"the candles of run {run_id} were not kept")
        bars = pl.scan_parquet(place)
        return bars if spread else bars.select(BAR_COLUMNS)

    def candles_of(self, run_id: str, symbol: str) -> pl.DataFrame:
        return self.bars_of(run_id, symbol).collect()

    def results(self, run_id: str) -> dict[str, Any]:
        """run, metrics, exits, rungs, months, years and r_histogram, as the report has them."""
        from exitbrain.wiring.workbench.results import results_of

        return results_of(self, run_id)

    def explain(self, run_id: str, *, symbol: str | None, at: str) -> Explanation:
        """Why the run did, or did not, act at one bar (spec D8), with the rules that kept silent where they are known."""
        from exitbrain.wiring.workbench.looking_back import explained

        return explained(self, run_id, symbol, at)

    def inputs_again(self, run_id: str) -> Gathered:
        """What the run was bound from. The last few are kept: one looks at many bars of a run in turn."""
        from exitbrain.wiring.workbench.looking_back import gathered

        with self._gathering:
            key = (run_id, self.store.run(run_id)["finished_at"])
            found = self._gathered.pop(key, None) or gathered(self, run_id)
            self._gathered[key] = found
            for old in list(self._gathered)[:-RUNS_GATHERED]:
                del self._gathered[old]
            return found

    # what runs are made of

    def candle_names(self) -> list[dict[str, Any]]:
        return candle_files(self.home.candles)

    def check(self, kind: str, text: str) -> list[FieldProblem]:
        """The faults of a text: plan, profiles, config, entries or policy. Empty where it has none."""
        from exitbrain.wiring.workbench.requests import check_text

        with tempfile.TemporaryDirectory(prefix=".new-", suffix=f"-{os.getpid()}", dir=self.home.jobs) as folder:
            return check_text(kind, text, Path(folder), self.environment)

    def put_profile(self, name: str, text: str, note: str | None = None) -> dict[str, Any]:
        """Keep a version of a profile: a profiles file in which all profiles bear this name. Raises RequestRefused."""
        from exitbrain.config.profiles import load_profiles

        problems = self.check("profiles", text)
        if problems:
            raise RequestRefused(*problems)
        with tempfile.TemporaryDirectory(prefix=".new-", suffix=f"-{os.getpid()}", dir=self.home.jobs) as folder:
            path = Path(folder) / "profiles.yaml"
            path.write_text(text, encoding="utf-8", errors="replace", newline="")
            others = [own.profile.name for own in load_profiles(str(path)) if own.profile.name != name]
        if others:
            found = f"a profile of the name {others[0]}"
            raise RequestRefused(FieldProblem(field="profiles", message=found, accepted=f"profiles of the name {name}"))
        return self.store.put_profile(name, text, note)


def _write_json(path: Path, value: Any) -> None:
    import json

    path.write_text(json.dumps(value), encoding="utf-8")

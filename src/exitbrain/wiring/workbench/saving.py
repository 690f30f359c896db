"""A run put into the store: its files into the home whole, its rows into the database, and only then shown as done."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy.exc import IntegrityError

from exitbrain.backtesting.files import run_description, trade_sets_of
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.store import Store
from exitbrain.wiring.run_files import RunFiles, read_run
from exitbrain.wiring.workbench.home import Home, put_in_place, unfinished
from exitbrain.wiring.workbench.results import forget_results, keep_results

if TYPE_CHECKING:
    import polars as pl

    from exitbrain.backtesting.market import Market
    from exitbrain.backtesting.result import Result
    from exitbrain.wiring.compare import Comparison

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
FILES = (
    "run.json", "timings.json", "trade_sets.json", "trade_sets.parquet", "legs.parquet", "fills.csv", "events.jsonl",
    "decisions.parquet", "equity.parquet", "metrics.json", "plans.json", "report.html",
)  # fmt: skip
FOLDERS = ("", "favorable")
Share = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What the tables hold of a run, as its files have it."""

    description: Mapping[str, Any]
    metrics: Mapping[str, Any]
    timings: Mapping[str, Any]
    trade_sets: list[dict[str, Any]]
    plans: Mapping[str, Any]
    events: Iterable[Mapping[str, Any]]


def save_result(
    store: Store, home: Home, result: Result, told: Share = lambda share: None, *, page: str | None = None
) -> None:
    """The run must be in the table of runs already, as running."""
    from exitbrain.report import build_payload, render_report

    made = unfinished(home.runs, result.run_id)
    try:
        payload = None if page is not None else build_payload(**result.report_payload())
        try:
            page = page or render_report(payload)
        except Unavailable:
            page = None  # the web UI was not built into this installation
        told(0.2)
        result.to_dir(made / "run", page=page)
        keep_bars(home, result.run_id, result.markets)
        told(0.4)
        rows = Rows(
            description=run_description(result),
            metrics=result.metrics,
            timings=dict(result.timings),
            trade_sets=trade_sets_of(result),
            plans=result.plans,
            events=result.events,
        )
        forget_results(home, result.run_id)
        _save(store, home, result.run_id, rows, made / "run", lambda share: told(0.4 + 0.6 * share))
        if payload is not None:
            keep_results(home, result.run_id, payload)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def save_comparison(store: Store, home: Home, comparison: Comparison, told: Share = lambda share: None) -> None:
    description = comparison.to_dict()
    made = unfinished(home.runs, description["comparison_id"])
    try:
        comparison.to_dir(made / "run")
        keep_bars(home, description["comparison_id"], comparison.runs[0].netting.markets)
        told(0.7)
        rows = Rows(description=description, metrics={}, timings={}, trade_sets=[], plans={}, events=())
        _save(store, home, description["comparison_id"], rows, made / "run", lambda share: told(0.7 + 0.3 * share))
    finally:
        shutil.rmtree(made, ignore_errors=True)


def save_folder(store: Store, home: Home, folder: RunFiles, told: Share = lambda share: None) -> None:
    """The files of a run that lies elsewhere, copied."""
    run_id = folder.run["run_id"]
    made = unfinished(home.runs, run_id)
    try:
        _copy(folder.folder, made / "run")
        rows = Rows(
            description=folder.run,
            metrics=folder.metrics,
            timings=folder.timings,
            trade_sets=folder.trade_sets,
            plans=folder.plans,
            events=folder.events,
        )
        forget_results(home, run_id)
        _save(store, home, run_id, rows, made / "run", told)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def checked_run(path: str) -> RunFiles:
    """A run's folder whose files agree in whose they are."""
    files = read_run(path)
    run_id = files.run.get("run_id")
    if not isinstance(run_id, str) or not SAFE_ID.fullmatch(run_id):
        found = f"run_id is {str(run_id)[:80]!r}"
        raise InvalidInput(
            Problem(found=found, accepted="letters, digits, - and _", file=str(files.folder / "run.json"))
        )
    symbols = files.run.get("symbols")
    if not isinstance(symbols, list):
        raise InvalidInput(Problem(found="no symbols", accepted="a run.json", file=str(files.folder / "run.json")))
    if files.set_run_id != run_id:
        found = f"trade sets of run {str(files.set_run_id)[:80]!r} beside run.json of {run_id}"
        raise InvalidInput(
            Problem(found=found, accepted="files of one run", file=str(files.folder / "trade_sets.json"))
        )
    seen: set[str] = set()
    for one in files.trade_sets:
        if one["set_id"] in seen:
            found = f"set {one['set_id'][:80]!r} twice"
            raise InvalidInput(
                Problem(found=found, accepted="each set once", file=str(files.folder / "trade_sets.json"))
            )
        seen.add(one["set_id"])
    return files


def bars_key(market: Market) -> str:
    """By content, so that the runs over one series share it."""
    digest = hashlib.sha256(f"{market.symbol} {market.timeframe} {market.instrument.tick_size}".encode())
    for column in (market.time, market.open, market.high, market.low, market.close, market.volume):
        digest.update(np.ascontiguousarray(column).tobytes())
    if market.has_spread:
        digest.update(np.ascontiguousarray(market.spread_bps).tobytes())
    return digest.hexdigest()[:32]


def keep_bars(home: Home, run_id: str, markets: Mapping[str, Market]) -> None:
    """The bars that a run was made over, for its charts and rules: time in µs, prices and volume as floats.

    A series is written once; the folder of each run over it holds a link, and the last link takes it away.
    """
    made = unfinished(home.bars, run_id)
    try:
        (made / "run").mkdir()
        for number, symbol in enumerate(sorted(markets)):
            market = markets[symbol]
            shared, own = home.bars / f"{bars_key(market)}.parquet", made / "run" / f"{number}.parquet"
            if not _linked(shared, own):
                _bars(market).write_parquet(own, compression="zstd")
                _linked(own, shared)
        put_in_place(made / "run", home.bars / run_id)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def forget_run(home: Home, run_id: str) -> None:
    """Files of a run that the store holds no more."""
    own = home.bars / run_id
    mine = {path.stat().st_ino for path in own.glob("*.parquet")}
    shutil.rmtree(own, ignore_errors=True)
    for shared in home.bars.glob("*.parquet"):
        found = shared.stat()
        if found.st_ino in mine and found.st_nlink == 1:
            shared.unlink(missing_ok=True)
    shutil.rmtree(home.runs / run_id, ignore_errors=True)
    forget_results(home, run_id)


def _linked(source: Path, target: Path) -> bool:
    try:
        os.link(source, target)
    except OSError:  # not there, or a disk without links
        return False
    return True


def _bars(market: Market) -> pl.DataFrame:
    import polars as pl

    high, low, close = market.floats
    columns = {"time": market.time, "open": market.opens, "high": high, "low": low, "close": close}
    spread = {"spread_bps": market.spread_bps} if market.has_spread else {}
    return pl.DataFrame({**columns, "volume": market.volume, **spread})


def _save(store: Store, home: Home, run_id: str, rows: Rows, made: Path, told: Share) -> None:
    files = listed(made)
    writer = store.writer(run_id)
    try:
        count = max(len(rows.trade_sets), 1)
        writer.trade_sets(rows.trade_sets, lambda written: told(0.8 * written / count))
        writer.plans(rows.plans)
        writer.events(rows.events)
        told(0.9)
        # Files first: a run that is shown as done has them.
        put_in_place(made, home.runs / run_id)
        store.done(writer, description=rows.description, metrics=rows.metrics, timings=rows.timings, files=files)
        told(1.0)
    except IntegrityError:
        writer.abandon()
        raise InvalidInput(Problem(found=f"run {run_id} holds a set twice", accepted="each set once")) from None
    except BaseException:
        writer.abandon()
        raise


def listed(folder: Path) -> list[dict[str, Any]]:
    """Every file with its hash, by its name inside the folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            found.append({"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)})
    return found


def _copy(source: Path, target: Path) -> None:
    for folder in FOLDERS:
        for name in FILES:
            file = source / folder / name
            if file.is_file():
                (target / folder).mkdir(parents=True, exist_ok=True)
                try:
                    shutil.copyfile(file, target / folder / name)
                except OSError as error:
                    found = f"cannot be read: {error.strerror}"
                    raise InvalidInput(Problem(found=found, accepted="a run's folder", file=str(file))) from None

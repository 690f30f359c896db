"""`exitbrain backtest`: check, run, write, tell."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.cli.output import REPORT, checked_folder, fill_folder, page_or_reason
from exitbrain.cli.progress import stages, working
from exitbrain.cli.terminal import console, print_json, show

if TYPE_CHECKING:
    from exitbrain.backtesting.result import Result
    from exitbrain.wiring.workbench import Workbench

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of a run by the names of `backtest`."""

    candles: list[str]
    detail: list[str] | None
    funding: list[str] | None
    quotes: str | None
    entries: str | None
    plan: str | None
    profiles: str | None
    config: str | None
    paths: str | None
    repair: bool

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Asked:
        """From a command's arguments, among others. Of those that may be repeated, none is None, not an empty list."""
        asked = {one.name: given[one.name] for one in fields(cls)}
        return cls(**asked | {name: asked[name] or None for name in ("detail", "funding")})


def run_backtest(asked: Asked, out: str, *, as_json: bool, store: bool | None = None) -> None:
    """`store` None keeps the run where the environment names a home or a database."""
    folder = checked_folder(out)
    with _workbench(store) as workbench:
        keep = None if workbench is None else lambda result, page: workbench.save(result, paths=asked.paths, page=page)
        result, unreported = run_into(folder, lambda tell: _run(asked, tell), keep)
        stored = None if workbench is None else workbench.store.shown_url
    if as_json:
        print_json(_outcome(result, out, unreported, stored))
        return
    from exitbrain.cli.summary import print_places, summary_blocks

    terminal = console()
    show(terminal, *summary_blocks(result, terminal.width))
    print_places(terminal, out, unreported, stored and f"{result.run_id} in {stored}")


def run_into(
    folder: Path, run: Callable[[Tell | None], Result], keep: Callable[[Result, str | None], object] | None = None
) -> tuple[Result, str | None]:
    """The result, with its files and its page in `folder`; and why there is no page, where there is none."""
    with stages() as tell:
        result = run(tell)
    with working("writing"):
        page, reason = page_or_reason(result.report)
        fill_folder(folder, lambda staging: result.to_dir(staging, page=page))
        if keep is not None:
            keep(result, page)
    return result, reason


@contextmanager
def _workbench(store: bool | None) -> Iterator[Workbench | None]:
    """Opened before the run, so that a store out of reach is told before the work, not after it."""
    if store is None:
        store = any(os.environ.get(name) is not None for name in ("EXITBRAIN_HOME", "EXITBRAIN_DATABASE_URL"))
    if not store:
        yield None
        return
    from exitbrain.wiring.workbench import Workbench

    with Workbench.open() as workbench:
        yield workbench


def _run(asked: Asked, tell: Tell | None) -> Result:
    from exitbrain.features.ta_lib import spare_pandas
    from exitbrain.wiring.backtest import backtest

    spare_pandas()
    return backtest(**asdict(asked), progress=tell)


def _outcome(result: Result, out: str, unreported: str | None, stored: str | None) -> dict[str, Any]:
    from exitbrain.backtesting.files import run_description

    run = run_description(result)
    told = {name: run[name] for name in ("run_id", "symbols", "timeframe", "start", "end", "bars")}
    said = {name: run[name] for name in ("ambiguity", "warnings", "notes", "repairs")}
    report = None if unreported else str(Path(out) / REPORT)
    return told | {"out": out, "report": report, "stored": stored, "metrics": dict(result.metrics)} | said

"""`exitbrain backtest`: check, run, write, tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.cli.output import REPORT, checked_folder, fill_folder, page_or_reason
from exitbrain.cli.progress import working
from exitbrain.cli.terminal import console, print_json, show

if TYPE_CHECKING:
    from exitbrain.backtesting.result import Result


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


def run_backtest(asked: Asked, out: str, *, as_json: bool) -> None:
    folder = checked_folder(out)
    result, unreported = run_into(folder, lambda: _run(asked))
    if as_json:
        print_json(_outcome(result, out, unreported))
        return
    from exitbrain.cli.summary import print_places, summary_blocks

    terminal = console()
    show(terminal, *summary_blocks(result, terminal.width))
    print_places(terminal, out, unreported)


def run_into(folder: Path, run: Callable[[], Result]) -> tuple[Result, str | None]:
    """The result, with its files and its page in `folder`; and why there is no page, where there is none."""
    with working("running"):
        result = run()
    with working("writing"):
        page, reason = page_or_reason(result.report)
        fill_folder(folder, lambda staging: result.to_dir(staging, page=page))
    return result, reason


def _run(asked: Asked) -> Result:
    from exitbrain.wiring.backtest import backtest

    return backtest(**asdict(asked))


def _outcome(result: Result, out: str, unreported: str | None) -> dict[str, Any]:
    from exitbrain.backtesting.files import run_description

    run = run_description(result)
    told = {name: run[name] for name in ("run_id", "symbols", "timeframe", "start", "end", "bars")}
    said = {name: run[name] for name in ("ambiguity", "warnings", "notes", "repairs")}
    report = None if unreported else str(Path(out) / REPORT)
    return told | {"out": out, "report": report, "metrics": dict(result.metrics)} | said

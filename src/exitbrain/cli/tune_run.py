"""`exitbrain tune`: try, judge on other days, write, and say whether the winner is luck."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType

from exitbrain.cli.amounts import ABSENT, counted, share, signed_r
from exitbrain.cli.backtest_run import Asked
from exitbrain.cli.output import checked_folder, fill_folder, page_or_reason
from exitbrain.cli.progress import stages, working
from exitbrain.cli.sweep_run import configurations, figure, head, print_files, resumable
from exitbrain.cli.terminal import console, print_json, sentences, show, table

if TYPE_CHECKING:
    from exitbrain.wiring.tuning import Tuning


def run_tune(asked: Asked, space: str, how: Mapping[str, Any], out: str, *, as_json: bool) -> None:
    from exitbrain.wiring.tuning import tune

    folder = checked_folder(out)
    with resumable(out), stages() as tell:
        made = tune(**asdict(asked), space=space, **how, out=folder, progress=tell)
    with working("writing"):
        page, unreported = page_or_reason(made.report)
        fill_folder(folder, lambda staging: made.to_dir(staging, page=page))
        told = made.to_dict()
        blocks = _blocks(told, made, console().width)
        made.sweep.store.clear()
    if as_json:
        print_json(told | {"out": out, "report": None if unreported else str(Path(out) / "report.html")})
        return
    terminal = console()
    width = terminal.width
    show(
        terminal,
        *blocks,
        fill(told["verdict"], width, subsequent_indent="  ", break_on_hyphens=False),
        sentences(list(_said(told)), width),
    )
    print_files(terminal, out, unreported)


def _blocks(told: Mapping[str, Any], made: Tuning, width: int) -> list[RenderableType | None]:
    keys = made.sweep.space.keys
    measured = tuple(dict.fromkeys((*made.sweep.objective, "num_sets")))
    base = {name: made.sweep.base.get(name) for name in measured}
    return [
        head(told),
        configurations([("winner", made.winner_row), ("base", base)], keys, measured, width),
        _evidence(told),
    ]


def _evidence(told: Mapping[str, Any]) -> RenderableType:
    own, outside, paths = told["evidence"], told["walk_forward"], told["cpcv"]
    rows = [
        (
            "deflated Sharpe ratio",
            _two(own["deflated_sharpe"]),
            f"sure from 0.95, of {counted(own['num_trials'], 'different trial')}",
        ),
        ("overfitting (PBO)", share(own["overfitting"]), "0% best, 50% is chance"),
        ("superior ability (SPA)", _two(own["superior_p"]), "p-value against the base, sure below 0.05"),
        (
            "walk-forward, R a set",
            signed_r(outside["net_r_mean"]),
            f"{_interval(outside, 'net_r_mean')} in {counted(outside['num_sets'], 'set')} of later days",
        ),
        (
            "  beside the base, R a day",
            signed_r(outside["difference_r_day"]),
            f"{_interval(outside, 'difference_r_day')} in {counted(outside['num_days'], 'day')}",
        ),
        (
            "combinatorial splits",
            figure(paths["test_score_mean"]),
            f"the base {figure(paths['base_test_score_mean'])}; better in {share(paths['share_better'])} "
            f"of {paths['num_folds']}",
        ),
    ]
    return table([("", False), ("", True), ("", False)], rows)


def _said(told: Mapping[str, Any]) -> Iterator[str]:
    total, left_out = told["num_configurations"], told["num_left_out"]
    splits = told["splits"]
    yield (
        f"{counted(total - left_out, 'configuration')} by {told['method']}, chosen by {' then '.join(told['objective'])}; "
        f"{counted(splits['num_days'], 'day')} with entries, embargo {splits['embargo_seconds'] / 3600:g} h"
    )
    if left_out:
        yield f"{counted(left_out, 'configuration')} left out, because no file could say it"
    for word in ("warning", "note"):
        yield from (f"{word}: {line}" for line in told[f"{word}s"])


def _two(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.2f}"


def _interval(row: Mapping[str, Any], name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"[{ABSENT}]" if low is None else f"[{round(low, 2) + 0.0:.2f}, {round(high, 2) + 0.0:.2f}]"

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
from exitbrain.cli.sweep_run import configurations, figure, head, heading, print_files, resumable
from exitbrain.cli.terminal import console, print_json, sentences, show, table
from exitbrain.errors import InvalidInput

if TYPE_CHECKING:
    from exitbrain.wiring.tuning import Tuning


def run_tune(
    asked: Asked, space: str, how: Mapping[str, Any], bandit: Mapping[str, Any], out: str, *, as_json: bool
) -> None:
    from exitbrain.wiring.tuning import tune

    refuse_given(bandit, f"method {how['method']}")
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


def run_bandit(
    asked: Asked, space: str, how: Mapping[str, Any], unused: Mapping[str, Any], out: str, *, as_json: bool
) -> None:
    """`how` None are the defaults."""
    from exitbrain.wiring.bandit import tune_bandit

    refuse_given(unused, "method bandit")
    folder = checked_folder(out)
    with stages() as tell:
        given = {name: value for name, value in how.items() if value is not None}
        made = tune_bandit(**asdict(asked), space=space, **given, progress=tell)
    with working("writing"):
        fill_folder(folder, made.to_dir)
        told = made.to_dict()
    policy = str(Path(out) / "policy.yaml")
    if as_json:
        print_json(told | {"out": out, "policy": policy})
        return
    terminal = console()
    show(
        terminal,
        head(told),
        _arms(told),
        _judged(told),
        fill(told["verdict"], terminal.width, subsequent_indent="  ", break_on_hyphens=False),
        sentences([f"{word}: {line}" for word in ("warning", "note") for line in told[f"{word}s"]], terminal.width)
        or None,
    )
    terminal.print(f"\nfiles   {out}", soft_wrap=True, markup=False)
    terminal.print(f"policy  {policy}", soft_wrap=True, markup=False)


def refuse_given(options: Mapping[str, Any], where: str) -> None:
    """Options that mean nothing there."""
    for name, value in options.items():
        if value is not None:
            raise InvalidInput(f"{name} with {where}", accepted="another method, or none of it")


def _arms(told: Mapping[str, Any]) -> RenderableType:
    keys = [key for key in told["arms"][0] if key != "profile"]
    rows = [
        [arm["profile"], *(figure(arm[key]) for key in keys), f"{told['choices'].get(arm['profile'], 0):,}"]
        for arm in told["arms"]
    ]
    return table([("arm", False), *((heading(key), True) for key in keys), ("chosen", True)], rows)


def _judged(told: Mapping[str, Any]) -> RenderableType:
    entries = f"{counted(told['num_later'], 'later entry').replace('entrys', 'entries')} in {counted(told['num_clusters'], told['cluster'])}"
    rows = [
        [words, signed_r(told[name]), _interval(told, name)]
        for words, name in (
            ("policy", "policy_r"),
            ("base", "base_r"),
            (f"always {told['best_fixed']}", "best_fixed_r"),
            ("policy less base", "policy_less_base_r"),
            ("policy less the best fixed", "policy_less_best_fixed_r"),
        )
    ]
    return table([(f"R a set, {entries}", False), ("", True), ("", False)], rows)


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
    return table([("judged by", False), ("", True), ("", False)], rows)


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

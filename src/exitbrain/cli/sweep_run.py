"""`exitbrain sweep`: check, try, write, and tell the best of it in a screenful."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.text import Text

from exitbrain.cli.amounts import ABSENT, counted, moment
from exitbrain.cli.backtest_run import Asked
from exitbrain.cli.output import checked_folder, fill_folder, page_or_reason
from exitbrain.cli.progress import stages, working
from exitbrain.cli.terminal import console, print_json, sentences, show, table

if TYPE_CHECKING:
    from exitbrain.wiring.sweeping import Sweep

SHOWN = 10


def run_sweep(asked: Asked, space: str, how: Mapping[str, Any], out: str, *, as_json: bool) -> None:
    from exitbrain.wiring.sweeping import sweep

    folder = checked_folder(out)
    with resumable(out), stages() as tell:
        made = sweep(**asdict(asked), space=space, **how, out=folder, progress=tell)
    with working("writing"):
        page, unreported = page_or_reason(made.report)
        fill_folder(folder, lambda staging: made.to_dir(staging, page=page))
        rows = made.rows(made.ranking[:SHOWN])
        made.store.clear()
    told = made.to_dict()
    if as_json:
        print_json(told | {"out": out, "report": None if unreported else str(Path(out) / "report.html")})
        return
    terminal = console()
    show(terminal, *_blocks(told, made, rows, terminal.width))
    print_files(terminal, out, unreported)


@contextmanager
def resumable(out: str) -> Iterator[None]:
    """An interrupt says that nothing done is lost."""
    try:
        yield
    except KeyboardInterrupt:
        if any((Path(out) / "chunks").glob("*.parquet")):
            print(f"what is done is kept in {out}: the same command goes on from there", file=sys.stderr)
        raise


def print_files(terminal: Any, out: str, unreported: str | None) -> None:
    terminal.print(f"\nfiles   {out}", soft_wrap=True, markup=False)
    if unreported:
        terminal.print(f"no report: {unreported}", soft_wrap=True, markup=False)
    else:
        terminal.print(f"report  {Path(out) / 'report.html'}", soft_wrap=True, markup=False)


def _blocks(
    told: Mapping[str, Any], made: Sweep, rows: Sequence[Mapping[str, Any]], width: int
) -> list[RenderableType | None]:
    return [
        head(told),
        _best(told, made, rows),
        sentences(list(_said(told, made)), width) or None,
    ]


def head(told: Mapping[str, Any]) -> Text:
    symbols = told["symbols"]
    which = symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
    span = f"{moment(told['start'])} to {moment(told['end'])}"
    return Text.assemble((f"{which} {told['timeframe']}", "bold"), f"  {span}  {counted(told['bars'], 'bar')}")


def _best(told: Mapping[str, Any], made: Sweep, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The best by the first objective, then what the space starts from; what no other row beats is marked."""
    keys, front = made.space.keys, set(told["pareto"])
    measured = list(dict.fromkeys((*made.objective, "num_sets")))
    columns = [("", True), *((heading(name), True) for name in (*keys, *measured))]
    cells = []
    for row in rows:
        mark = f"{row['configuration']}{'*' if row['configuration'] in front and len(made.objective) > 1 else ''}"
        cells.append([mark, *(figure(row.get(name)) for name in (*keys, *measured))])
    cells.append(["base", *("" for _ in keys), *(figure(made.base.get(name)) for name in measured)])
    return table(columns, cells)


def heading(key: str) -> str:
    """A dotted key over several lines: tables are narrow."""
    return key.replace(".", ".\n")


def _said(told: Mapping[str, Any], made: Sweep) -> Iterator[str]:
    total, left_out = told["num_configurations"], told["num_left_out"]
    tried = total - left_out
    yield f"{counted(tried, 'configuration')} by {told['method']}; best by {' then '.join(made.objective)}"
    if left_out:
        reasons = "; ".join(f"{reason} ({count:,})" for reason, count in told["left_out_reasons"].items())
        yield f"{counted(left_out, 'configuration')} left out, because no file could say it: {reasons}"
    if len(made.objective) > 1:
        yield f"* of the {counted(len(told['pareto']), 'configuration')} that no other beats in every objective"
    yield "the best of many is partly luck: exitbrain tune says how much"
    for word in ("warning", "note"):
        yield from (f"{word}: {line}" for line in told[f"{word}s"])


def figure(value: Any) -> str:
    """Four digits of a number, text as it is."""
    if value is None:
        return ABSENT
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.4g}"

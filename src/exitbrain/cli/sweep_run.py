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
        _best(told, made, rows, width),
        sentences(list(_said(told, made)), width) or None,
    ]


def head(told: Mapping[str, Any]) -> Text:
    symbols = told["symbols"]
    which = symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
    span = f"{moment(told['start'])} to {moment(told['end'])}"
    return Text.assemble((f"{which} {told['timeframe']}", "bold"), f"  {span}  {counted(told['bars'], 'bar')}")


def _best(told: Mapping[str, Any], made: Sweep, rows: Sequence[Mapping[str, Any]], width: int) -> RenderableType:
    """The best by the first objective, then what the space starts from; what no other row beats is marked."""
    keys, front = made.space.keys, set(told["pareto"])
    measured = tuple(dict.fromkeys((*made.objective, "num_sets")))
    named = [
        (f"{row['configuration']}{'*' if row['configuration'] in front and len(made.objective) > 1 else ''}", row)
        for row in rows
    ]
    return configurations([*named, ("base", {name: made.base.get(name) for name in measured})], keys, measured, width)


def configurations(
    named: Sequence[tuple[str, Mapping[str, Any]]], keys: Sequence[str], measured: Sequence[str], width: int
) -> RenderableType:
    """A row a configuration where the terminal is wide enough, else a column each, as many as fit. The last one stays."""
    names = (*keys, *measured)
    cells = {name: [figure(row[name]) if name in row else "" for _, row in named] for name in names}
    widths = [max(len(line) for line in (*heading(name).splitlines(), *cells[name])) + 2 for name in names]
    if sum(widths) + max(len(name) for name, _ in named) + 2 <= width:
        columns = [("", True), *((heading(name), True) for name in names)]
        return table(columns, [[name, *(cells[key][i] for key in names)] for i, (name, _) in enumerate(named)])
    room = width - max(len(name) for name in names) - 2
    column = max(len(cell) for own in cells.values() for cell in own) + 2
    fit = max(2, room // max(column, 6))
    shown = [*range(min(fit, len(named)) - 1), len(named) - 1]
    columns = [("", False), *((named[i][0], True) for i in shown)]
    return table(columns, [[name, *(cells[name][i] for i in shown)] for name in names])


def heading(key: str) -> str:
    """A dotted key on two lines: tables are narrow."""
    section, dot, last = key.rpartition(".")
    return f"{section}{dot}\n{last}" if dot else key


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

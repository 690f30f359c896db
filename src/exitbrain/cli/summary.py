"""A run in a screenful: what it was, what it made, how positions were left, what hangs on the path inside a bar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.text import Text

from exitbrain.cli.amounts import counted, moment, money, share, signed, signed_r
from exitbrain.cli.output import REPORT
from exitbrain.cli.terminal import sentences, table

if TYPE_CHECKING:
    from exitbrain.backtesting.result import Result

MOST_NOTES = 12


def summary_blocks(result: Result, width: int, *, with_reading: bool = True) -> list[RenderableType | None]:
    """`with_reading` also tells what was noted and repaired when the files were read."""
    run, metrics = result.about, result.metrics
    repairs, notes = (run["repairs"], run["notes"]) if with_reading else ((), ())
    return [
        _head(run),
        _figures(metrics),
        exits_table(metrics, result.reversing_tags),
        _events_words(result, width),
        ambiguity_words(result.ambiguity, width),
        _said("warning", run["warnings"], width),
        _said("repaired", repairs, width),
        _said("note", notes, width),
    ]


def print_places(terminal: Console, out: str, unreported: str | None, stored: str | None = None) -> None:
    """Paths stand unfolded, so that they can be copied."""
    report = f"no report: {unreported}" if unreported else f"report  {Path(out) / REPORT}"
    store = f"\nstore   {stored}" if stored else ""
    terminal.print(f"\nfiles   {out}\n{report}{store}", soft_wrap=True, markup=False)


def _head(run: Mapping[str, Any]) -> Text:
    symbols = run["symbols"]
    which = symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols"
    path = run["config"]["execution"]["path"]
    span = f"{moment(run['start'])} to {moment(run['end'])}"
    return Text.assemble(
        (f"{which} {run['timeframe']}", "bold"), f"  {span}  {counted(run['bars'], 'bar')}  {path} path"
    )


def _figures(metrics: Mapping[str, Any]) -> RenderableType:
    sets, closed = metrics["num_sets"], metrics["num_closed"]
    still_open = f", {metrics['num_open']:,} still open" if metrics["num_open"] else ""
    fees = [f"fees {money(metrics['fees_total'])}"]
    fees += [f"funding {signed(metrics['funding_total'])}"] if metrics["funding_total"] else []
    rows = [
        ["TradeSets", f"{sets:,}", f"{counted(metrics['num_legs'], 'leg')}{still_open}"],
        ["win rate", share(metrics["win_rate"]), f"{metrics['num_wins']:,} of {closed:,} closed"],
        ["net P&L", _tinted(metrics["net_pnl"], signed(metrics["net_pnl"])), ", ".join(fees)],
        ["R", _tinted(metrics["net_r"], signed_r(metrics["net_r"])), f"{signed_r(metrics['net_r_mean'])} a set"],
        ["equity", money(metrics["final_equity"]), f"drawdown {share(metrics['max_drawdown'])} at worst"],
    ]
    made = table([("", False), ("", True), ("", False)], rows)
    made.show_header = False
    return made


def exits_table(metrics: Mapping[str, Any], tags: Set[str] = frozenset()) -> RenderableType | None:
    """Exit legs by their reason, the most frequent first; those of reversing entries' `tags` in one row."""
    from exitbrain.analysis import with_reversals_gathered

    prefix, suffix = "exit_reason.", ".count"
    names = [key[len(prefix) : -len(suffix)] for key in metrics if key.startswith(prefix) and key.endswith(suffix)]
    if not names:
        return None
    columns = [("exits by reason", False), ("legs", True), ("share", True), ("P&L", True), ("mean R", True)]
    fields = ("count", "share", "pnl", "mean_r")
    named = [{"name": name} | {field: metrics.get(f"{prefix}{name}.{field}") for field in fields} for name in names]
    rows = []
    for row in with_reversals_gathered(named, tags):
        name, count, part, pnl, mean = (row[field] for field in ("name", *fields))
        rows.append([name, f"{count:,}", share(part), _tinted(pnl, signed(pnl)), signed_r(mean)])
    return table(columns, rows)


def _events_words(result: Result, width: int) -> str | None:
    """What was asked for and did not happen, by reason; plan notes are not among it."""
    counts = Counter(event["reason"] for event in result.simulation.events if event["kind"] == "block")
    if not counts:
        return None
    told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])))
    return sentences([f"Blocked or preempted: {told}. `exitbrain events` lists them."], width)


def ambiguity_words(measured: Mapping[str, Any] | None, width: int) -> str | None:
    """How much of the result is an assumption about the way inside a bar (spec X5)."""
    if measured is None:
        return None
    if not measured["num_sets"]:
        return None
    different, sets = measured["num_different"], measured["num_sets"]
    if not different:
        return sentences([f"Paths: none of {counted(sets, 'set')} depends on the way inside a bar."], width)
    low, high = (signed(end) for end in measured["net_pnl"])
    low_r, high_r = (signed_r(end) for end in measured["net_r"])
    depend = "depends" if different == 1 else "depend"
    lines = [
        f"Paths: {different:,} of {counted(sets, 'set')} ({share(measured['share'])}) {depend} on the way inside a bar: "
        f"net P&L from {low} to {high}, R from {low_r} to {high_r}.",
        measured["note"],
        measured["advice"],
    ]
    return sentences([line for line in lines if line], width)


def _said(word: str, lines: Iterable[str], width: int) -> str | None:
    told = [f"{word}: {line}" for line in lines]
    more = len(told) - MOST_NOTES
    if more > 0:
        told = [*told[:MOST_NOTES], f"{word}: and {more:,} more, in run.json"]
    return sentences(told, width) or None


def _tinted(value: float | None, words: str) -> Text:
    return Text(words, style="" if not value else "green" if value > 0 else "red")

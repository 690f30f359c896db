"""The comparison of a run with the live monitor, as a table or JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console

from exitbrain.cli.amounts import counted, decimals_of, moment
from exitbrain.cli.fixed_columns import Column, fitting, lines, print_line
from exitbrain.cli.terminal import console, print_json
from exitbrain.errors import Halted, InvalidInput, Problem
from exitbrain.wiring.parity.running import Parity, parity_of

INDENT = "    "


def print_parity(run: str, candles: Sequence[str], folders: Sequence[str], *, expand: bool, as_json: bool) -> None:
    for folder in folders:
        if not os.path.isdir(folder):
            found = f"--inputs {folder!r} is {'no folder' if os.path.lexists(folder) else 'not there'}"
            raise InvalidInput(Problem(found=found, accepted="a folder in which inputs of the run lie"))
    parity = parity_of(run, candles, folders)
    rows = [one.to_dict() for one in parity.sets]
    if as_json:
        print_json(
            {"run_id": parity.run_id, "holds": parity.holds, "counts": parity.counts, "bars": parity.bars, "sets": rows}
        )
    else:
        _show(console(), parity, rows, expand=expand)
    if not parity.holds:
        raise typer.Exit(Halted.exit_status)


def _show(out: Console, parity: Parity, rows: Sequence[Mapping[str, Any]], *, expand: bool) -> None:
    if rows:
        heading, *told = lines(fitting(_columns(rows), out.width), out.width)
        print_line(out, heading[0])
        for row, own in zip(rows, told, strict=True):
            for line in own:
                print_line(out, line)
            if expand or row["verdict"] == "different":
                for text in _exits(row):
                    out.print(INDENT + text, soft_wrap=True)
        out.print()
    counts = parity.counts
    out.print(
        f"{counted(len(rows), 'TradeSet')}: {counts['equal']} equal, {counts['documented']} of a documented difference, "
        f"{counts['different']} different",
        soft_wrap=True,
    )


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    def cells(name: str) -> list[str]:
        return [str(row[name] or "-") for row in rows]

    return [
        Column(heading="opened", cells=[moment(row["opened_at"]) for row in rows]),
        Column(heading="symbol", cells=cells("symbol")),
        Column(heading="side", cells=cells("side")),
        Column(heading="quantity", cells=cells("quantity"), rank=3, numeric=True),
        Column(heading="profile", cells=cells("profile"), rank=2),
        Column(heading="exits", cells=[str(len(row["backtest"])) for row in rows], numeric=True),
        Column(heading="verdict", cells=cells("verdict")),
        Column(heading="why", cells=[row["why"] or "" for row in rows], rank=1),
    ]


def _exits(row: Mapping[str, Any]) -> list[str]:
    """Both sides' exits; one that both have stands once."""
    both = [one for one in row["backtest"] if one in row["live"]]
    only = [("backtest", one) for one in row["backtest"] if one not in both]
    only += [("live", one) for one in row["live"] if one not in both]
    marked = sorted([("both", one) for one in both] + only, key=lambda pair: pair[1]["time"])
    quantities = decimals_of(one["quantity"] for _, one in marked)
    return [
        f"{where:<8}  {moment(one['time'])}  {one['reason']:<20}  {float(one['quantity']):.{quantities}f} at {one['price']}"
        for where, one in marked
    ]

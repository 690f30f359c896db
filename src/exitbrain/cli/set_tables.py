"""TradeSets and their legs as tables of a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from exitbrain.cli.amounts import ABSENT, aligned, counted, decimals_of, moment, signed, signed_r, span
from exitbrain.cli.fixed_columns import Column, column, fitting, lines, print_line
from exitbrain.cli.terminal import console, print_json
from exitbrain.wiring.run_files import read_run

LEG_INDENT = "    "


def print_sets_of_run(run: str, *, expand: bool, as_json: bool) -> None:
    files = read_run(run)
    sets = files.trade_sets
    if as_json:
        shown = sets if expand else [{key: value for key, value in one.items() if key != "legs"} for one in sets]
        print_json({"run_id": files.run.get("run_id"), "trade_sets": shown})
        return
    metrics = files.metrics
    out = console()
    print_sets(out, sets, expand=expand)
    out.print(
        f"{counted(len(sets), 'TradeSet')}, net P&L {signed(metrics.get('net_pnl'))}, "
        f"R {signed_r(metrics.get('net_r'))}",
        soft_wrap=True,
    )


def print_sets(out: Console, sets: Sequence[Mapping[str, Any]], *, expand: bool) -> None:
    if not sets:
        return
    heading, *rows = lines(fitting(set_columns(sets), out.width), out.width)
    legs = _legs_by_set(sets, out.width) if expand else [[] for _ in sets]
    print_line(out, heading[0])
    for row, own in zip(rows, legs, strict=True):
        for line in [*row, *own]:
            print_line(out, line)
        if expand:
            out.print()
    if not expand:
        out.print()


def set_columns(sets: Sequence[Mapping[str, Any]]) -> list[Column]:
    # An average may need more decimals than prices have.
    decimals = decimals_of(leg["price"] for one in sets for leg in one["legs"])
    quantities = decimals_of(one["max_exposure_quantity"] for one in sets)
    average = min(decimals + 2, decimals_of(one["avg_exit_price"] for one in sets))
    return [
        column(sets, "opened", lambda one: moment(one["opened_at"])),
        column(sets, "closed", lambda one: moment(one["closed_at"]), rank=6),
        column(sets, "symbol", lambda one: one["symbol"]),
        column(sets, "side", lambda one: one["side"]),
        column(sets, "quantity", lambda one: aligned(one["max_exposure_quantity"], quantities), rank=5, numeric=True),
        column(sets, "entry", lambda one: aligned(one["avg_entry_price"], decimals), rank=4, numeric=True),
        column(sets, "exit", lambda one: aligned(one["avg_exit_price"], average), rank=4, numeric=True),
        column(sets, "net P&L", lambda one: signed(one["pnl_net"]), numeric=True, tinted=True),
        column(sets, "fees", lambda one: signed(one["fees_total"]).lstrip("+"), rank=7, numeric=True),
        column(sets, "R", lambda one: signed_r(one["r_multiple"]), rank=1, numeric=True, tinted=True),
        column(sets, "legs", lambda one: str(one["num_legs"]), rank=3, numeric=True),
        column(sets, "held", lambda one: span(one["hold_duration"]), rank=2),
        column(sets, "profile", lambda one: one.get("profile") or ABSENT, rank=8),
        column(sets, "left by", _left_by, rank=2),
    ]


def leg_columns(legs: Sequence[Mapping[str, Any]]) -> list[Column]:
    decimals, quantities = (decimals_of(leg[name] for leg in legs) for name in ("price", "qty"))
    return [
        column(legs, "time", lambda leg: moment(leg["timestamp"])),
        column(legs, "side", lambda leg: leg["side"]),
        column(legs, "quantity", lambda leg: aligned(leg["qty"], quantities), numeric=True),
        column(legs, "price", lambda leg: aligned(leg["price"], decimals), numeric=True),
        column(legs, "fee", lambda leg: signed(leg["fees"]).lstrip("+"), rank=4, numeric=True),
        column(legs, "P&L", _pnl, rank=1, numeric=True, tinted=True),
        column(legs, "R", _r, rank=3, numeric=True, tinted=True),
        column(legs, "left", lambda leg: aligned(leg["position_after"], quantities), rank=2, numeric=True),
        column(legs, "category", lambda leg: leg["category"] or ABSENT, rank=5),
        column(legs, "reason", lambda leg: leg["reason"] or ABSENT),
    ]


def _legs_by_set(sets: Sequence[Mapping[str, Any]], width: int) -> list[list[Any]]:
    """The lines of each set's legs; all sets share the columns, so that the eye can run down them."""
    legs = [leg for one in sets for leg in one["legs"]]
    if not legs:
        return [[] for _ in sets]
    columns = fitting(leg_columns(legs), width - len(LEG_INDENT))
    _, *rows = lines(columns, width, LEG_INDENT)
    remaining = iter(rows)
    return [[line for _ in one["legs"] for line in next(remaining)] for one in sets]


def _left_by(one: Mapping[str, Any]) -> str:
    if one["closed_at"] is None:
        return "still open"
    exits = [leg["reason"] or ABSENT for leg in one["legs"] if not leg["is_entry"]]
    return exits[-1] if exits else ABSENT


def _pnl(leg: Mapping[str, Any]) -> str:
    return "" if leg["is_entry"] else signed(leg["realized_pnl"])


def _r(leg: Mapping[str, Any]) -> str:
    return "" if leg["is_entry"] or leg["r_multiple"] is None else signed_r(leg["r_multiple"])

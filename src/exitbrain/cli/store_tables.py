"""What the store holds, as tables of a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from exitbrain.cli.amounts import ABSENT, counted, moment, money, number, share, signed, signed_r
from exitbrain.cli.fixed_columns import Column, column, print_columns
from exitbrain.cli.terminal import console, print_json, show, table
from exitbrain.core.instants import microseconds
from exitbrain.errors import InvalidInput, Problem
from exitbrain.store import CANCELLED, DONE, FAILED, INTERRUPTED, STATUSES, RunQuery, Store
from exitbrain.store.queries import MOST_ROWS
from exitbrain.wiring.workbench import Workbench

CAME_TO_NOTHING = (FAILED, CANCELLED, INTERRUPTED)
FIGURES = ("num_sets", "win_rate", "net_pnl", "net_r", "net_r_mean", "max_drawdown", "fees_total")


def print_runs(asked: RunQuery, *, as_json: bool) -> None:
    for status in asked.status:
        if status not in STATUSES:
            raise InvalidInput(Problem(found=f"status {status!r} is unknown", accepted=", ".join(STATUSES)))
    with Workbench.open() as workbench:
        page = workbench.store.runs(asked)
        place = workbench.store.shown_url
    if as_json:
        print_json({"runs": page.rows, "total": page.total, "page": page.page, "page_size": page.page_size})
        return
    out = console()
    if not page.rows:
        out.print(f"no runs in {place}" if not page.total else f"no page {page.page}", soft_wrap=True, markup=False)
        return
    print_columns(out, _columns(page.rows))
    out.print()
    shown = counted(page.total, "run")
    out.print(shown if page.total == len(page.rows) else f"{len(page.rows):,} of {shown}, page {page.page}")


def print_run(run_id: str, *, as_json: bool) -> None:
    with Workbench.open() as workbench:
        store = workbench.store
        run = store.run(run_id)
        held: dict[str, Any] = {"metrics": None, "files": []}
        if run["has_results"]:
            held = {"metrics": store.metrics(run_id), "files": store.files(run_id)}
        folder = workbench.home.runs / run_id
    if as_json:
        print_json(run | held | {"folder": str(folder)})
        return
    out = console()
    facts = [[name, text] for name, text in _facts(run) if text]
    metrics = held["metrics"] or {}
    figures = [[name, _figure(name, metrics[name])] for name in FIGURES if metrics.get(name) is not None]
    files = [[one["name"], f"{one['size']:,}", one["sha256"][:12]] for one in held["files"]]
    show(
        out,
        table([("", False), ("", False)], facts),
        table([("measure", False), ("", True)], figures) if figures else None,
        table([("file", False), ("bytes", True), ("sha256", False)], files) if files else None,
    )
    if files:
        out.print(f"\nfiles   {folder}", soft_wrap=True, markup=False)


def print_added(folder: str, label: str | None, *, again: bool, as_json: bool) -> None:
    with Workbench.open() as workbench:
        added = workbench.add_folder(folder, label=label, again=again)
        place = workbench.store.shown_url
    if as_json:
        print_json({"run_id": added.run_id, "added": added.is_new, "store": place})
        return
    said = f"{added.run_id} added to {place}" if added.is_new else f"{added.run_id} is in {place} already"
    console().print(said, soft_wrap=True, markup=False)


def print_deleted(run_ids: Sequence[str], *, as_json: bool) -> None:
    wanted = list(dict.fromkeys(run_ids))
    with Workbench.open() as workbench:
        for run_id in wanted:
            workbench.store.run(run_id)  # an unknown one is told before any is deleted
        for run_id in wanted:
            workbench.delete(run_id)
    _tell(wanted, "deleted", as_json=as_json)


def print_pruned(older_than: str | None, keep: int | None, *, dry_run: bool, as_json: bool) -> None:
    from exitbrain.config.durations import duration_of

    age = None if older_than is None else round(duration_of(older_than).total_seconds() * 1_000_000)
    with Workbench.open() as workbench:
        chosen = list(_prunable(workbench.store, age, keep))
        for run_id in chosen if not dry_run else ():
            workbench.delete(run_id)
    _tell(chosen, "would be deleted" if dry_run else "deleted", as_json=as_json)


def _prunable(store: Store, age: int | None, keep: int | None) -> Iterator[str]:
    yield from (row["run_id"] for row in _all(store, CAME_TO_NOTHING))
    if age is None and keep is None:
        return
    for position, row in enumerate(_all(store, (DONE,))):
        is_old = age is None or microseconds(row["finished_at"] or row["created_at"]) < store.clock() - age
        if position >= (keep or 0) and is_old:
            yield row["run_id"]


def _all(store: Store, status: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """The newest first."""
    found, page = None, 1
    while found is None or len(found) == MOST_ROWS:
        found = store.runs(RunQuery(status=status, kind=None, page=page, page_size=MOST_ROWS)).rows
        yield from found
        page += 1


def _tell(run_ids: Sequence[str], what: str, *, as_json: bool) -> None:
    if as_json:
        print_json({what.replace(" ", "_"): list(run_ids)})
        return
    for run_id in run_ids:
        print(run_id)
    print(f"{counted(len(run_ids), 'run')} {what}")


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    return [
        column(rows, "run", lambda row: row["run_id"]),
        column(rows, "made", lambda row: moment(row["created_at"][:19] + "Z"), rank=4),
        column(rows, "status", lambda row: row["status"]),
        column(rows, "kind", lambda row: row["kind"], rank=9),
        column(rows, "symbols", lambda row: _some(row["symbols"]), rank=1),
        column(rows, "timeframe", lambda row: row["timeframe"] or ABSENT, rank=3),
        column(rows, "sets", lambda row: number(row["num_sets"]), rank=2, numeric=True),
        column(rows, "net P&L", lambda row: signed(row["net_pnl"]), rank=1, numeric=True, tinted=True),
        column(rows, "R", lambda row: signed_r(row["net_r"]), rank=1, numeric=True, tinted=True),
        column(rows, "win rate", lambda row: share(row["win_rate"]), rank=6, numeric=True),
        column(rows, "drawdown", lambda row: share(row["max_drawdown"]), rank=7, numeric=True),
        column(rows, "label", lambda row: row["label"] or row["error"] or ABSENT, rank=5),
    ]


def _facts(run: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield "run", run["run_id"]
    yield "status", run["status"] if run["error"] is None else f"{run['status']}: {run['error']}"
    yield "label", run["label"]
    yield "symbols", ", ".join(run["symbols"])
    yield "timeframe", run["timeframe"]
    if run["start"] is not None:
        yield "candles", f"{moment(run['start'])} to {moment(run['end'])}, {counted(run['bars'], 'bar')}"
    yield "paths", run["paths"]
    yield "made", run["created_at"]
    yield "finished", run["finished_at"]
    for one in run["sources"] or ():
        yield one["role"], one["path"] or one["name"]


def _figure(name: str, value: Any) -> str:
    if name in ("win_rate", "max_drawdown"):
        return share(value)
    if name.startswith("net_r"):
        return signed_r(value)
    return number(value) if name == "num_sets" else signed(value) if name == "net_pnl" else money(value)


def _some(symbols: Sequence[str]) -> str:
    return symbols[0] if len(symbols) == 1 else f"{len(symbols)} symbols" if symbols else ABSENT

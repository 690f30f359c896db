"""What `exitbrain journal` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exitbrain.cli.amounts import counted
from exitbrain.cli.terminal import console, print_json
from exitbrain.core.live.text import canonical
from exitbrain.errors import InvalidInput, Problem
from exitbrain.live.auditing import Verdict, cause_chain, copied, described, verified
from exitbrain.store.journal import Row, Rows, is_postgres, open_journal, open_rows, whole


def print_verdict(place: str, account: str, *, as_json: bool) -> None:
    with _reading(place, account) as rows:
        _print_verdict(verified(rows), as_json=as_json)


def print_copied(place: str, account: str, target: str, to_account: str, *, as_json: bool) -> None:
    if not is_postgres(place):
        open_rows(place).close()  # a file that is no journal is told, and none is made
    if not is_postgres(target) and Path(target).exists():
        raise InvalidInput(Problem(found="a file that is there already", accepted="a new file", file=target))
    source = open_journal(place, account)
    try:
        verdict = copied(source, lambda: open_journal(target, to_account))
    finally:
        source.close()
    _print_verdict(verdict, as_json=as_json)


def print_rotated(place: str, *, as_json: bool) -> None:
    from exitbrain.store.journal_sqlite import rotate

    if is_postgres(place):
        raise InvalidInput(Problem(found="a journal in PostgreSQL", accepted="a journal's file"))
    kept = rotate(Path(place))
    if as_json:
        print_json({"kept": str(kept)})
    else:
        console().print(f"rows before the last snapshot: {kept}", markup=False, soft_wrap=True)


def print_rows(place: str, account: str, last: int, *, as_json: bool) -> None:
    with _reading(place, account) as rows:
        shown = list(whole(rows.name, rows.after(max(0, rows.last_seq() - last))))
    if as_json:
        print_json({"rows": [_row(row) | {"text": described(row)} for row in shown]})
        return
    _print_lines([(row, described(row)) for row in shown])


def print_chain(place: str, account: str, order_id: str, *, as_json: bool) -> None:
    with _reading(place, account) as rows:
        chain = cause_chain(rows, order_id)
    if as_json:
        links = [_row(link.row) | {"what": link.what, "text": link.text} for link in chain.links]
        print_json({"order": order_id, "intent": canonical(chain.order), "why": chain.why, "chain": links})
        return
    out = console()
    out.print(f"{order_id}: {chain.why}\n", markup=False, soft_wrap=True)
    _print_lines([(link.row, link.text) for link in chain.links])


@contextmanager
def _reading(place: str, account: str) -> Iterator[Rows]:
    rows = open_rows(place, account)
    try:
        yield rows
    finally:
        rows.close()


def _print_verdict(verdict: Verdict, *, as_json: bool) -> None:
    if as_json:
        print_json(asdict(verdict))
        return
    out = console()
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in verdict.by_kind.items())
    if verdict.first > 1:
        out.print(f"begins at row {verdict.first:,}: those before it are kept elsewhere", markup=False)
    out.print(f"{counted(verdict.rows, 'row')}, whole: {kinds or 'none'}", markup=False, soft_wrap=True)
    out.print(f"{counted(verdict.orders, 'order')} in {counted(verdict.openings, 'opening')}", markup=False)
    out.print(f"last row   {verdict.head}\nstate      {verdict.state}", markup=False, soft_wrap=True)


def _print_lines(lines: Sequence[tuple[Row, str]]) -> None:
    out = console()
    width = max((len(str(row.seq)) for row, _ in lines), default=1)
    for row, text in lines:
        out.print(f"{row.seq:>{width}}  {_moment(row.at)}  {text}", markup=False, soft_wrap=True)


def _row(row: Row) -> dict[str, Any]:
    return row._asdict() | {"time": _moment(row.at)}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]

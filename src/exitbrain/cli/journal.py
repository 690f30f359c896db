"""`exitbrain journal`: what the live monitor wrote, whether it is whole, and why an order was sent."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson

journal_app = typer.Typer(no_args_is_help=True, help="The live monitor's journal: verify, show, copy, rotate.")

Place = Annotated[str, typer.Argument(metavar="JOURNAL", help="A journal's file, or postgresql://USER@HOST/NAME.")]
Account = Annotated[str, typer.Option("--account", metavar="NAME", help="Which account's, in PostgreSQL.")]


@journal_app.command("verify", epilog="Example: exitbrain journal verify live.journal")
def verify_journal(place: Place, account: Account = "main", as_json: AsJson = False) -> None:
    """Check the hash chain and replay every event; a journal that is not what was written ends with status 4.

    It may be written meanwhile. Snapshots are held against a replay of the rows before them.
    """
    from exitbrain.cli.journal_run import print_verdict

    print_verdict(place, account, as_json=as_json)


@journal_app.command("show", epilog="Example: exitbrain journal show live.journal --last 20")
def show_journal(
    place: Place,
    order: Annotated[
        str | None, typer.Option("--order", metavar="ID", help="Why this order was sent, and what became of it.")
    ] = None,
    last: Annotated[int, typer.Option("--last", metavar="N", help="How many rows from the end.", min=1)] = 20,
    account: Account = "main",
    as_json: AsJson = False,
) -> None:
    """Show the last rows, or the cause chain of one order: event, decision, intent, answers, fills."""
    from exitbrain.cli.journal_run import print_chain, print_rows

    if order is not None:
        print_chain(place, account, order, as_json=as_json)
    else:
        print_rows(place, account, last, as_json=as_json)


@journal_app.command("copy", epilog="Example: exitbrain journal copy live.journal postgresql://me@db.local/exits")
def copy_journal(
    place: Place,
    target: Annotated[str, typer.Argument(metavar="TO", help="A new file, or postgresql://USER@HOST/NAME.")],
    account: Account = "main",
    to_account: Annotated[
        str | None, typer.Option("--to-account", metavar="NAME", help="Its account there; the same without this.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy a journal that nobody writes, row by row, and compare the states that both lead to."""
    from exitbrain.cli.journal_run import print_copied

    print_copied(place, account, target, to_account or account, as_json=as_json)


@journal_app.command("rotate", epilog="Example: exitbrain journal rotate live.journal")
def rotate_journal(
    place: Annotated[str, typer.Argument(metavar="JOURNAL", help="A journal's file that nobody writes.")],
    as_json: AsJson = False,
) -> None:
    """Put the rows before the last snapshot into a file of their own; the journal goes on from the snapshot."""
    from exitbrain.cli.journal_run import print_rotated

    print_rotated(place, as_json=as_json)

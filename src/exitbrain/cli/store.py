"""`exitbrain runs`: what the store holds."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson

store_app = typer.Typer(no_args_is_help=True, help="Runs that the store holds: list, show, add, delete, prune.")

Label = Annotated[str | None, typer.Option("--label", metavar="WORDS", help="A name for people.")]


@store_app.command("list", epilog="Example: exitbrain runs list --symbol BTCUSDT --sort -net_r")
def list_runs(
    status: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="S", help="queued, running, done, failed, cancelled or interrupted."),
    ] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="S", help="Only runs over this symbol.")] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="WORDS", help="In id, label, symbols and timeframe.")
    ] = None,
    sort: Annotated[str, typer.Option("--sort", metavar="KEY", help="A column; - before it turns it round.")] = (
        "-created_at"
    ),
    page: Annotated[int, typer.Option("--page", metavar="N", help="From 1.")] = 1,
    limit: Annotated[int, typer.Option("--limit", metavar="N", help="Runs a page, at most 1000.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the runs that the store holds, the newest first."""
    from exitbrain.cli.store_tables import print_runs
    from exitbrain.store import RunQuery

    asked = RunQuery(
        status=tuple(status or ()), symbol=symbol, q=search, sort=sort, page=page, page_size=limit, kind=None
    )
    print_runs(asked, as_json=as_json)


@store_app.command("show", epilog="Example: exitbrain runs show r0123456789ab")
def show_run(run_id: Annotated[str, typer.Argument(metavar="ID", help="A run's id.")], as_json: AsJson = False) -> None:
    """Show one run: what it was made of, its measures and its files."""
    from exitbrain.cli.store_tables import print_run

    print_run(run_id, as_json=as_json)


@store_app.command("add", epilog="Example: exitbrain runs add out")
def add_run(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A folder that `backtest --out` wrote.")],
    label: Label = None,
    again: Annotated[bool, typer.Option("--again", help="Replace it where the store has it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a run's folder into the store; its files are copied."""
    from exitbrain.cli.store_tables import print_added

    print_added(folder, label, again=again, as_json=as_json)


@store_app.command("delete", epilog="Example: exitbrain runs delete r0123456789ab")
def delete_runs(
    run_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="The ids of runs.")], as_json: AsJson = False
) -> None:
    """Delete runs and their files from the store; folders written by --out stay."""
    from exitbrain.cli.store_tables import print_deleted

    print_deleted(run_ids, as_json=as_json)


@store_app.command("prune", epilog="Example: exitbrain runs prune --older-than 90d --keep 20 --dry-run")
def prune_runs(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Finished runs older than this too, as 90d.")
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", metavar="N", help="But the N newest finished runs stay.", min=0)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say which runs would go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete runs that came to nothing (failed, cancelled, interrupted), and old ones where asked.

    --keep alone deletes all finished runs but the N newest; with --older-than only those of them that are that old.
    """
    from exitbrain.cli.store_tables import print_pruned

    print_pruned(older_than, keep, dry_run=dry_run, as_json=as_json)

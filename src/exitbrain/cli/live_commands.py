"""`exitbrain latch`, `kill` and `flatten`: what an operator asks of a live monitor, here or in another process."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson

latch_app = typer.Typer(no_args_is_help=True, help="The risk-off latch of a live monitor: show, set, clear.")

Home = Annotated[str | None, typer.Option("--home", metavar="DIR", help="Folder for store and runs.")]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who asks, for the audit; without it this user's name.")
]
Wait = Annotated[float, typer.Option("--wait", metavar="S", help="Seconds to wait for what comes of it.", min=0)]
Place = Annotated[str, typer.Option("--symbol", metavar="S", help="Of one symbol; without it of the portfolio.")]
NoteOption = Annotated[str, typer.Option("--note", metavar="TEXT", help="Why, for the audit.")]


@latch_app.callback()
def _latch() -> None:
    """The risk-off latch of a live monitor."""


@latch_app.command("show", epilog="Example: exitbrain latch show --json")
def show(home: Home = None, as_json: AsJson = False) -> None:
    """Show whether the latch is on, and by which causes."""
    from exitbrain.cli.live_commands_run import show_latch

    show_latch(home, as_json=as_json)


@latch_app.command("set", epilog='Example: exitbrain latch set --note "rate decision"')
def set_(
    symbol: Place = "*",
    note: NoteOption = "",
    by: By = None,
    wait: Wait = 10,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Set the latch. Where no monitor runs, the next one begins with it."""
    from exitbrain.cli.live_commands_run import change_latch

    change_latch("set", symbol, note, by, wait, home, as_json=as_json)


@latch_app.command("clear", epilog="Example: exitbrain latch clear")
def clear(
    symbol: Place = "*",
    note: NoteOption = "",
    by: By = None,
    wait: Wait = 10,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Clear the latch: all of its causes go."""
    from exitbrain.cli.live_commands_run import change_latch

    change_latch("clear", symbol, note, by, wait, home, as_json=as_json)


def kill_command(
    resume: Annotated[bool, typer.Option("--resume", help="Turn the switch off again.")] = False,
    show: Annotated[bool, typer.Option("--show", help="Only say whether it is on.")] = False,
    note: NoteOption = "",
    by: By = None,
    wait: Wait = 10,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Turn the kill switch on: stops stay and are replaced, ladders and rules pause.

    It is the file KILL in the home folder, so that it works while the database or the monitor does not.
    """
    from exitbrain.cli.live_commands_run import kill

    kill(note, by, wait, home, resume=resume, show=show, as_json=as_json)


def flatten_command(
    position: Annotated[str, typer.Argument(metavar="SYMBOL", help="A symbol, or the key of a position.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    by: By = None,
    wait: Wait = 30,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Close a position at market. Shows what would be done, and asks; with --json and without --yes it only shows."""
    from exitbrain.cli.live_commands_run import flatten

    flatten(position, by, wait, home, yes=yes, as_json=as_json)

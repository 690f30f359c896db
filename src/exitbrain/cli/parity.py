"""`exitbrain parity`: a run's exits beside the live monitor's."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson


def parity_command(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A folder that `exitbrain backtest --out` wrote.")],
    candles: Annotated[
        list[str] | None,
        typer.Option("--candles", metavar="F", help="The run's candle files, where they lie elsewhere now."),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--inputs", metavar="DIR", help="A folder where the run's inputs lie now; may be given again."),
    ] = None,
    expand: Annotated[bool, typer.Option("--expand", help="Show the exits of equal sets, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Play a run's candles through the live monitor and compare the exits, set by set.

    The monitor talks to the simulated venue in virtual time; the run's entries are played as the strategy. Ends with
    status 4 where an exit differs for no documented reason.
    """
    from exitbrain.cli.parity_run import print_parity

    print_parity(run, candles or [], inputs or [], expand=expand, as_json=as_json)

"""`exitbrain demo`: the main job on real candles, from the file as it is to the report."""

from __future__ import annotations

from typing import Annotated

import typer


def demo_command(
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="End after the result; do not serve the report.")
    ] = False,
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Where the run's files go.")] = "demo-out",
) -> None:
    """Run the default ladders over real candles and show the result; serve the report until Ctrl-C."""
    from exitbrain.cli.demo_run import run_demo

    run_demo(out, serve=not no_serve)

"""`exitbrain serve`: the API and the web UI on this machine."""

from __future__ import annotations

from typing import Annotated

import typer


def serve_command(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8321,
    home: Annotated[
        str | None, typer.Option(metavar="DIR", help="Where runs are kept; EXITBRAIN_HOME, else the platform's folder.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many runs are computed at the same time.")] = 1,
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the browser.")] = True,
    allow_remote: Annotated[
        bool, typer.Option("--allow-remote", help="Let other machines reach it; then every request needs a token.")
    ] = False,
    name: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A further name that browsers may use; may be repeated.")
    ] = None,
    until_input_ends: Annotated[bool, typer.Option("--until-input-ends", hidden=True)] = False,
) -> None:
    """Serve the API and the web UI until Ctrl-C."""
    from exitbrain.cli.serving import end_with_input, serve_workbench

    if until_input_ends:
        end_with_input()
    serve_workbench(host, port, home, workers, names=tuple(name or ()), remote=allow_remote, browse=open_)

"""`exitbrain version` and `exitbrain doctor`: what runs here, and whether it works."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson, Config


def version_command(as_json: AsJson = False) -> None:
    """Print the version."""
    from exitbrain import __version__

    if as_json:
        import json

        print(json.dumps({"version": __version__}))
    else:
        print(f"exitbrain {__version__}")


def doctor_command(
    live: Annotated[
        bool,
        typer.Option("--live", help="Look whether a live monitor could start: key, account, clock, journal, streams."),
    ] = False,
    config: Config = None,
    mode: Annotated[str | None, typer.Option(metavar="MODE", help="shadow, paper or live; with --live.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check this installation: packages, kernel cache, report page, demo data, a small run of known result."""
    from exitbrain.cli.doctor import print_findings

    print_findings(as_json=as_json, live=live or config is not None, config=config, mode=mode)

"""`exitbrain compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import (
    AsJson,
    Candles,
    Config,
    Detail,
    Entries,
    Funding,
    Paths,
    Plan,
    Profiles,
    Quotes,
    Repair,
)


def compare_command(
    candles: Candles,
    policy: Annotated[
        list[str], typer.Option("--policy", metavar="P", help="A policy file or emergency-only; two or more.")
    ],
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Where the comparison's files go.")],
    detail: Detail = None,
    funding: Funding = None,
    quotes: Quotes = None,
    entries: Entries = None,
    plan: Plan = None,
    profiles: Profiles = None,
    config: Config = None,
    paths: Paths = None,
    repair: Repair = False,
    as_json: AsJson = False,
) -> None:
    """Run the same entries under several exit policies; tell which earned more, or that noise explains it."""
    given = locals()
    from exitbrain.cli.backtest_run import Asked
    from exitbrain.cli.compare_run import run_compare

    asked = Asked.of(given)
    run_compare(asked, policy, out, as_json=as_json)

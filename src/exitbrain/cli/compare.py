"""`exitbrain compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.runs import AsJson


def compare_command(
    candles: Annotated[
        list[str], typer.Option("--candles", metavar="F", help="A candle file; once for each symbol's file.")
    ],
    policy: Annotated[
        list[str], typer.Option("--policy", metavar="P", help="A policy file or emergency-only; two or more.")
    ],
    out: Annotated[str, typer.Option("--out", metavar="DIR", help="Where the comparison's files go.")],
    detail: Annotated[
        list[str] | None, typer.Option("--detail", metavar="F", help="Finer candles, to walk inside the bars.")
    ] = None,
    funding: Annotated[
        list[str] | None, typer.Option("--funding", metavar="F", help="Funding rates with their settlement times.")
    ] = None,
    quotes: Annotated[str | None, typer.Option("--quotes", metavar="F", help="Bids and asks, for the spread.")] = None,
    entries: Annotated[str | None, typer.Option("--entries", metavar="F", help="Entries of your own.")] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="F", help="A plan with triggers.")] = None,
    profiles: Annotated[
        str | None, typer.Option("--profiles", metavar="F", help="Profiles on top of the defaults.")
    ] = None,
    config: Annotated[str | None, typer.Option("--config", metavar="F", help="Settings; any subset of them.")] = None,
    paths: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="adverse, favorable or both: which way price goes inside a bar."),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend broken candles, and say what was done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the same entries under several exit policies; tell which earned more, or that noise explains it."""
    from exitbrain.cli.backtest_run import Asked
    from exitbrain.cli.compare_run import run_compare

    asked = Asked(
        candles=candles,
        detail=detail or None,
        funding=funding or None,
        quotes=quotes,
        entries=entries,
        plan=plan,
        profiles=profiles,
        config=config,
        paths=paths,
        repair=repair,
    )
    run_compare(asked, policy, out, as_json=as_json)

"""`exitbrain backtest`, and what is read from a run afterwards: `trades`, `events`, `report`."""

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
    Out,
    Paths,
    Plan,
    Profiles,
    Quotes,
    Repair,
)

Run = Annotated[str, typer.Argument(metavar="RUN", help="The folder of a run.")]


def backtest_command(
    candles: Candles,
    out: Out,
    detail: Detail = None,
    funding: Funding = None,
    quotes: Quotes = None,
    entries: Entries = None,
    plan: Plan = None,
    profiles: Profiles = None,
    config: Config = None,
    paths: Paths = None,
    repair: Repair = False,
    store: Annotated[
        bool | None,
        typer.Option(
            "--store/--no-store",
            help="Keep the run in the store too; unless said, where EXITBRAIN_HOME or EXITBRAIN_DATABASE_URL is set.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run entries or a plan over candles; write TradeSets, measures and a report."""
    given = locals()
    from exitbrain.cli.backtest_run import Asked, run_backtest

    asked = Asked.of(given)
    run_backtest(asked, out, as_json=as_json, store=store)


def trades_command(
    run: Run,
    expand: Annotated[bool, typer.Option("--expand", help="Show the trade legs under each TradeSet.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the TradeSets of a run."""
    from exitbrain.cli.set_tables import print_sets_of_run

    print_sets_of_run(run, expand=expand, as_json=as_json)


def events_command(
    run: Run,
    reason: Annotated[str | None, typer.Option(metavar="R", help="Only events of this reason.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what a run refused, and when its latch changed."""
    from exitbrain.cli.event_table import print_events

    print_events(run, reason, as_json=as_json)


def explain_command(
    run: Run,
    at: Annotated[str, typer.Option("--at", metavar="T", help="A time in UTC: the decision of the bar that holds it.")],
    symbol: Annotated[str | None, typer.Option(metavar="S", help="May be left out where the run has one.")] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="F", help="The run's plan, where it lies elsewhere now.")
    ] = None,
    candles: Annotated[
        list[str] | None,
        typer.Option("--candles", metavar="F", help="The run's candle files, where they lie elsewhere now."),
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="F", help="The run's config; run.json holds its settings too.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a run did, or did not, act at one bar: candidates, guards, ranks, and the terms of silent rules."""
    from exitbrain.cli.explain_run import Asked, print_explanation

    asked = Asked(symbol=symbol, at=at, plan=plan, candles=candles or [], config=config)
    print_explanation(run, asked, as_json=as_json)


def report_command(
    run: Run,
    candles: Annotated[
        list[str] | None,
        typer.Option("--candles", metavar="F", help="The run's candle files, where they lie elsewhere now."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make report.html of a run again from its files, and print where it lies."""
    from exitbrain.cli.report_again import print_report

    print_report(run, candles or [], as_json=as_json)

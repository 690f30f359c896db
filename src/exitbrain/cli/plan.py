"""`exitbrain plan`: what a plan, or a profile, makes of one entry."""

from __future__ import annotations

from typing import Annotated

import typer

plan_app = typer.Typer(no_args_is_help=True, help="Plans: what is wrong with one, and the ladder it makes.")


@plan_app.callback()
def _plans() -> None:
    """Plans: what is wrong with one, and the ladder it makes."""


@plan_app.command("lint", epilog="Example: exitbrain plan lint plan.yaml --candles BTCUSDT_1h.parquet")
def lint(
    file: Annotated[str, typer.Argument(metavar="F", help="A plan file.")],
    candles: Annotated[
        list[str] | None,
        typer.Option("--candles", metavar="F", help="Candles, to find triggers that never fire on them."),
    ] = None,
    config: Annotated[
        str | None, typer.Option("--config", metavar="F", help="Settings: the run's symbols and thresholds.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find what is wrong in a plan, or hardly meant: rules that are always or never true, exits that are muted."""
    from exitbrain.cli.lint_run import run_lint

    run_lint(file, candles or [], config, as_json=as_json)


@plan_app.command(
    "show",
    epilog="Example: exitbrain plan show TREND_DEFAULT --entry 50000 --side long --stop 2%",
)
def show_plan(
    file: Annotated[str, typer.Argument(metavar="F", help="A profiles file, a plan file, or a profile's name.")],
    entry: Annotated[str, typer.Option(help="Entry price.")] = "100",
    side: Annotated[str, typer.Option(help="long or short.")] = "long",
    stop: Annotated[
        str | None, typer.Option(help="Distance such as 2%, or a price; without it 2.5% by the regime's factor.")
    ] = None,
    profile: Annotated[str | None, typer.Option(help="A profile of the file by its name.")] = None,
    symbol: Annotated[str | None, typer.Option(help="Select the profile for this symbol.")] = None,
    strategy: Annotated[str | None, typer.Option(help="Select the profile for this strategy.")] = None,
    regime: Annotated[str | None, typer.Option(help="Select the profile for this regime.")] = None,
    qty: Annotated[str, typer.Option(help="Quantity of the position.")] = "1",
    tick: Annotated[str | None, typer.Option(help="Tick size; without it levels are not rounded.")] = None,
    lot: Annotated[str | None, typer.Option(help="Lot size; without it quantities are not rounded.")] = None,
    min_notional: Annotated[str | None, typer.Option(help="Smallest order value of the venue.")] = None,
    min_quantity: Annotated[str | None, typer.Option(help="Smallest order quantity of the venue.")] = None,
    fees: Annotated[str, typer.Option(metavar="MAKER,TAKER", help="Fees as fractions.")] = "0.0002,0.0005",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show a profile's ladder for an entry: each leg with its price, size, fee and P&L, and a picture of it."""
    from exitbrain.cli.ladder_show import Asked, show_ladder

    asked = Asked(
        entry=entry,
        side=side,
        stop=stop,
        profile=profile,
        symbol=symbol,
        strategy=strategy,
        regime=regime,
        qty=qty,
        fees=fees,
        venue={"tick_size": tick, "lot_size": lot, "min_notional": min_notional, "min_quantity": min_quantity},
    )
    show_ladder(file, asked, as_json=as_json)

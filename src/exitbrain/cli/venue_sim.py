"""`exitbrain venue-sim`: the simulated venue as a server that any bot can point at."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import Candles, Config, Repair


def venue_sim_command(
    candles: Candles,
    config: Config = None,
    host: Annotated[str, typer.Option(help="The address of this machine to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8322,
    speed: Annotated[
        float, typer.Option(min=0, max=100_000, help="Times as fast as the wall's clock; 0: by POST /sim/advance only.")
    ] = 1.0,
    balance: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="The wallet; else account.initial_cash of the config.")
    ] = None,
    history: Annotated[int, typer.Option(min=0, help="How many bars are past when it starts.")] = 0,
    now: Annotated[bool, typer.Option("--now", help="Move the candles in time, so that they begin now.")] = False,
    funding_rate: Annotated[
        str, typer.Option(metavar="RATE", help="What longs pay every eight hours, such as 0.0001.")
    ] = "0",
    api_key: Annotated[str, typer.Option(help="The key that bots use.")] = "venue-sim",
    api_secret: Annotated[str, typer.Option(help="The secret that bots sign with.")] = "venue-sim",
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=P", help="A fault and its probability, such as lost_ack=0.05; may be repeated."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="What the faults are drawn from.")] = 0,
    hedge_mode: Annotated[
        bool, typer.Option("--hedge-mode", help="Say that the account is in hedge mode: to test that a bot refuses it.")
    ] = False,
    withdrawals: Annotated[
        bool, typer.Option("--withdrawals", help="Say that the key may withdraw: to test that a bot refuses it.")
    ] = False,
    repair: Repair = False,
) -> None:
    """Serve a simulated Binance USD-M futures venue over candles until Ctrl-C."""
    from exitbrain.cli.venue_sim_run import Asked, run_venue

    run_venue(
        Asked(
            candles=candles, config=config, host=host, port=port, speed=speed, balance=balance, history=history,
            now=now, funding_rate=funding_rate, key=api_key, secret=api_secret, faults=fault or [], seed=seed,
            hedge_mode=hedge_mode, withdrawals=withdrawals, repair=repair,
        )
    )  # fmt: skip

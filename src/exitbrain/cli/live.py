"""`exitbrain live` and its `watchdog`: open positions are looked after, on paper or at a venue."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import Config

Home = Annotated[
    str | None, typer.Option(metavar="DIR", help="Where things are kept; EXITBRAIN_HOME, else the platform's folder.")
]


def live_command(
    config: Config = None,
    mode: Annotated[
        str | None, typer.Option(metavar="MODE", help="shadow (says what it would send), paper or live.")
    ] = None,
    candles: Annotated[
        list[str] | None, typer.Option("--candles", metavar="F", help="Candles of the simulated venue, in paper mode.")
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the venue answers, as a venue-sim does.")
    ] = None,
    speed: Annotated[
        float | None, typer.Option(min=0.001, max=100_000, help="How fast the simulated venue's time runs.")
    ] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port of the web UI.")] = None,
    serve: Annotated[bool | None, typer.Option("--serve/--no-serve", help="Serve the web UI beside it.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Protect what is open, and end.")] = False,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0.1, metavar="SECONDS", help="End after so many seconds.")
    ] = None,
    consent: Annotated[
        str | None, typer.Option(metavar="WORDS", help="The words that live mode asks for, where nobody can type them.")
    ] = None,
    home: Home = None,
) -> None:
    """Look after open positions until Ctrl-C: stops, ladders and trails. It never opens one."""
    from exitbrain.cli.live_run import LiveAsked, run_live

    run_live(
        LiveAsked(
            config=config, mode=mode, candles=candles, url=url, speed=speed, port=port, serve=serve, once=once,
            seconds=seconds, consent=consent, home=home,
        )
    )  # fmt: skip


def watchdog_command(
    home: Home = None,
    seconds: Annotated[
        float | None, typer.Option("--for", min=0.1, metavar="SECONDS", help="End after so many seconds.")
    ] = None,
) -> None:
    """Place the last stop where a monitor does not. `exitbrain live` starts it by itself."""
    from exitbrain.cli.live_run import run_watchdog

    run_watchdog(home, seconds)

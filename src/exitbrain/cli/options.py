"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Candles = Annotated[
    list[str], typer.Option("--candles", metavar="F", help="A candle file; once for each symbol's file.")
]
Out = Annotated[str, typer.Option("--out", metavar="DIR", help="Where the run's files go.")]
Detail = Annotated[
    list[str] | None, typer.Option("--detail", metavar="F", help="Finer candles, to walk inside the bars.")
]
Funding = Annotated[
    list[str] | None, typer.Option("--funding", metavar="F", help="Funding rates with their settlement times.")
]
Quotes = Annotated[str | None, typer.Option("--quotes", metavar="F", help="Bids and asks, for the spread.")]
Entries = Annotated[str | None, typer.Option("--entries", metavar="F", help="Entries of your own.")]
Plan = Annotated[str | None, typer.Option("--plan", metavar="F", help="A plan with triggers.")]
Profiles = Annotated[str | None, typer.Option("--profiles", metavar="F", help="Profiles on top of the defaults.")]
Config = Annotated[str | None, typer.Option("--config", metavar="F", help="Settings; any subset of them.")]
Paths = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="adverse, favorable or both: which way price goes inside a bar."),
]
Repair = Annotated[bool, typer.Option("--repair", help="Mend broken candles, and say what was done.")]

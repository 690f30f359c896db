"""`exitbrain strategist`: plans that a template or a language model writes, judged before they are used."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson, Candles, Config, Repair

strategist_app = typer.Typer(no_args_is_help=True, help="Plans that are written by a model or a template: propose one.")

Caps = Annotated[
    str | None, typer.Option("--caps", metavar="F", help="The operator's caps; without it those of the home folder.")
]
Home = Annotated[
    str | None, typer.Option("--home", metavar="DIR", help="Folder for store, caps and kept conversations.")
]
Current = Annotated[
    str | None,
    typer.Option("--current", metavar="F", help="The plan in force; without it the active one of the store."),
]


@strategist_app.callback()
def _strategist() -> None:
    """Plans that are written by a model or a template, and judged before they are used."""


@strategist_app.command(
    "propose", epilog="Example: exitbrain strategist propose --from-template trend --candles F --out plan.yaml"
)
def propose(
    candles: Candles,
    out: Annotated[str, typer.Option("--out", metavar="F", help="The plan file that is written.")],
    from_template: Annotated[
        str | None,
        typer.Option(
            "--from-template",
            metavar="STYLE",
            help="Without a model: trend, mean_reversion, breakout, scalper, conservative, balanced or momentum.",
        ),
    ] = None,
    style: Annotated[str, typer.Option("--style", metavar="STYLE", help="What a model is asked for.")] = "balanced",
    model: Annotated[
        str | None,
        typer.Option("--model", metavar="M", help="openai:NAME or anthropic:NAME; without it EXITBRAIN_MODEL."),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option("--base-url", metavar="URL", help="An OpenAI-compatible server; without it EXITBRAIN_MODEL_URL."),
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", metavar="S", help="Seconds for the whole conversation.")] = 120,
    retries: Annotated[int, typer.Option("--retries", metavar="N", help="Answers after the first.")] = 3,
    tokens: Annotated[int, typer.Option("--tokens", metavar="N", help="Tokens of the whole conversation.")] = 200_000,
    record: Annotated[str | None, typer.Option("--record", metavar="F", help="Write the conversation here.")] = None,
    replay: Annotated[
        str | None, typer.Option("--replay", metavar="F", help="Answers of a recorded conversation, without a model.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Ask, although the same question was answered.")] = False,
    portfolio: Annotated[
        str | None, typer.Option("--portfolio", metavar="F", help="Equity and open positions, told to the model.")
    ] = None,
    current: Current = None,
    caps: Caps = None,
    config: Config = None,
    home: Home = None,
    repair: Repair = False,
    as_json: AsJson = False,
) -> None:
    """Write a plan for these candles, from a template or by a model, and lint it. It is not in force by that."""
    from exitbrain.cli.strategist_run import Proposing, run_propose

    run_propose(
        Proposing(
            candles=candles,
            out=out,
            template=from_template,
            style=style,
            model=model,
            base_url=base_url,
            timeout=timeout,
            retries=retries,
            tokens=tokens,
            record=record,
            replay=replay,
            again=again,
            portfolio=portfolio,
            current=current,
            caps=caps,
            config=config,
            home=home,
            repair=repair,
        ),
        as_json=as_json,
    )

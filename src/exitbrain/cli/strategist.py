"""`exitbrain strategist`: plans that a template or a language model writes, judged before they are used."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson, Candles, Config, Repair

strategist_app = typer.Typer(no_args_is_help=True, help="Written plans: propose, review, promote, withdraw.")

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


PlanFile = Annotated[str, typer.Argument(metavar="F", help="A plan file, or the id of its proposal.")]
Operator = Annotated[
    str | None, typer.Option("--operator", metavar="NAME", help="Who consents; without it the user of this session.")
]


@strategist_app.command("review", epilog="Example: exitbrain strategist review plan.yaml --candles BTCUSDT_1h.parquet")
def review(
    file: PlanFile,
    candles: Candles,
    days: Annotated[int, typer.Option("--days", metavar="N", help="Days of each window.")] = 30,
    held_out: Annotated[int, typer.Option("--held-out", metavar="N", help="Windows before the last one.")] = 3,
    shadow_bars: Annotated[
        int, typer.Option("--shadow-bars", metavar="N", help="New bars that a plan in shadow needs.")
    ] = 48,
    current: Current = None,
    caps: Caps = None,
    config: Config = None,
    home: Home = None,
    repair: Repair = False,
    as_json: AsJson = False,
) -> None:
    """Judge a plan: lint, the last days, days that nothing was fitted to, the plan in force; in shadow the new bars.

    Where every gate passes, the last line holds the word with which an operator consents to the next step.
    """
    from exitbrain.cli.strategist_steps import Reviewing, run_review

    run_review(
        Reviewing(
            file=file,
            candles=candles,
            days=days,
            held_out=held_out,
            shadow_bars=shadow_bars,
            current=current,
            caps=caps,
            config=config,
            home=home,
            repair=repair,
        ),
        as_json=as_json,
    )


@strategist_app.command("promote", epilog="Example: exitbrain strategist promote plan.yaml --consent 3f2a90b1c4d5")
def promote(
    file: PlanFile,
    consent: Annotated[
        str | None,
        typer.Option("--consent", metavar="WORD", help="The word of the review; without it a terminal is asked."),
    ] = None,
    to: Annotated[str | None, typer.Option("--to", metavar="STATE", help="shadow or active: only if that is next.")] = (
        None
    ),
    operator: Operator = None,
    note: Annotated[str | None, typer.Option("--note", metavar="WORDS", help="Why, for the record.")] = None,
    caps: Caps = None,
    config: Config = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a plan one step on, from quarantine to shadow or from shadow into force, by the operator's word."""
    from exitbrain.cli.strategist_steps import run_promote

    run_promote(file, consent, to, operator, note, caps, config, home, as_json=as_json)


@strategist_app.command("withdraw", epilog="Example: exitbrain strategist withdraw plan.yaml --note 'too many exits'")
def withdraw(
    file: PlanFile,
    operator: Operator = None,
    note: Annotated[str | None, typer.Option("--note", metavar="WORDS", help="Why, for the record.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a plan out of force, or reject it before it was. Positions that began under it keep it."""
    from exitbrain.cli.strategist_steps import run_withdraw

    run_withdraw(file, operator, note, home, as_json=as_json)


@strategist_app.command("list", epilog="Example: exitbrain strategist list --json")
def list_plans(home: Home = None, as_json: AsJson = False) -> None:
    """List the plans that were proposed or reviewed, the newest first."""
    from exitbrain.cli.strategist_steps import run_list

    run_list(home, as_json=as_json)


@strategist_app.command("show", epilog="Example: exitbrain strategist show plan.yaml")
def show_plan(file: PlanFile, home: Home = None, as_json: AsJson = False) -> None:
    """Show where a plan stands: each gate with what it measured, and every step with who took it."""
    from exitbrain.cli.strategist_steps import run_show

    run_show(file, home, as_json=as_json)


@strategist_app.command("prompts", epilog="Example: exitbrain strategist prompts --timeframe 1h")
def prompts(
    timeframe: Annotated[str, typer.Option("--timeframe", metavar="T", help="That of the bars.")] = "1h",
    as_json: AsJson = False,
) -> None:
    """Print what a model is told whatever the market: the prompts with their version and hash."""
    from exitbrain.cli.strategist_steps import run_prompts

    run_prompts(timeframe, as_json=as_json)

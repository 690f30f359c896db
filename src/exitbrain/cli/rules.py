"""`exitbrain rules check` and `exitbrain features`: the language of rules, and what they may name."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson

rules_app = typer.Typer(no_args_is_help=True, help="Rules: what one means, and where it is wrong.")


@rules_app.callback()
def _rules() -> None:
    """A callback keeps `check` a command of its own."""


@rules_app.command("check", epilog='Example: exitbrain rules check "rsi_14 < 30 and close > ema_50"')
def check(
    expression: Annotated[str, typer.Argument(metavar="EXPR", help="The rule, in quotes.")],
    timeframe: Annotated[
        str | None, typer.Option(metavar="T", help="The timeframe of the bars it will run on, such as 15m.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read a rule: its type, its meaning, the features that it names; or a caret under its fault."""
    from exitbrain.cli.rule_tables import print_rule

    print_rule(expression, timeframe, as_json=as_json)


def features_command(as_json: AsJson = False) -> None:
    """List every feature that a rule may name: its pattern, meaning, unit and warm-up."""
    from exitbrain.cli.rule_tables import print_features

    print_features(as_json=as_json)

"""`exitbrain profiles`: what profiles there are, what one does, and which one a position gets."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson

profiles_app = typer.Typer(no_args_is_help=True, help="Profiles: the registry, and the score of each candidate.")

Profiles = Annotated[
    str | None, typer.Option("--profiles", metavar="F", help="A profiles file on top of the defaults.")
]


@profiles_app.command("list", epilog="Example: exitbrain profiles list --profiles mine.yaml")
def list_profiles(profiles: Profiles = None, as_json: AsJson = False) -> None:
    """List every mapping of the registry: for whom it is, and its profile."""
    from exitbrain.cli.profile_tables import print_mappings

    print_mappings(profiles, as_json=as_json)


@profiles_app.command("show", epilog="Example: exitbrain profiles show TREND_DEFAULT")
def show_profile(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The profile's name.")],
    profiles: Profiles = None,
    as_json: AsJson = False,
) -> None:
    """Show a profile: its ladder in R as a picture, its trail and its options in words."""
    from exitbrain.cli.profile_tables import print_profile

    print_profile(name, profiles, as_json=as_json)


@profiles_app.command("validate", epilog="Example: exitbrain profiles validate mine.yaml")
def validate_profiles(
    file: Annotated[str, typer.Argument(metavar="F", help="A profiles file.")], as_json: AsJson = False
) -> None:
    """Check a profiles file; each fault is told with its line and column."""
    from exitbrain.cli.profile_tables import print_checked

    print_checked(file, as_json=as_json)


@profiles_app.command(
    "select", epilog="Example: exitbrain profiles select --symbol BTCUSDT --strategy RL_V3 --regime TREND"
)
def select_profile(
    symbol: Annotated[str, typer.Option(help="The position's symbol.")] = "*",
    strategy: Annotated[str, typer.Option(help="The strategy that opened it.")] = "*",
    regime: Annotated[str, typer.Option(help="The market's regime.")] = "NORMAL",
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="NAME=VALUE", help="What a policy looks at; once for each of its features."),
    ] = None,
    profiles: Profiles = None,
    as_json: AsJson = False,
) -> None:
    """Show which profile a position gets: every mapping that fits, its score, and the winner; a policy chooses first."""
    from exitbrain.cli.profile_tables import print_selection

    print_selection(symbol, strategy, regime, feature or [], profiles, as_json=as_json)

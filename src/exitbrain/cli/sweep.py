"""`exitbrain sweep` and `exitbrain tune`."""

from __future__ import annotations

from typing import Annotated

import typer

from exitbrain.cli.options import AsJson, Candles, Config, Detail, Entries, Funding, Plan, Profiles, Quotes, Repair

SpaceFile = Annotated[
    str, typer.Option("--space", metavar="F", help="Which keys of a profile or the config take which values.")
]
Out = Annotated[str, typer.Option("--out", metavar="DIR", help="Where the files go; what is done is kept there.")]
Paths = Annotated[
    str | None, typer.Option(metavar="PATH", help="adverse or favorable: which way price goes inside a bar.")
]
Samples = Annotated[
    int | None, typer.Option("--samples", metavar="N", help="How many configurations random, tpe and nsga2 try.")
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of the dice; the config's unless said.")]
Engine = Annotated[str, typer.Option("--engine", metavar="ENGINE", help="local or dask.")]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar="ADDRESS", help="Of the dask scheduler, as tcp://10.0.0.1:8786; else one starts here."
    ),
]
Fast = Annotated[
    bool, typer.Option("--fast", help="Only R, money, exits and rungs, by the kernel where it can follow the profile.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", metavar="N", help="Processes on this machine; as many as pay off unless said."),
]


def sweep_command(
    space: SpaceFile,
    candles: Candles,
    out: Out,
    entries: Entries = None,
    plan: Plan = None,
    profiles: Profiles = None,
    config: Config = None,
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="grid, random, tpe or nsga2: which are tried.")
    ] = "grid",
    samples: Samples = None,
    seed: Seed = None,
    sets: Annotated[bool, typer.Option("--sets", help="Keep every TradeSet of every configuration too.")] = False,
    fast: Fast = False,
    detail: Detail = None,
    funding: Funding = None,
    quotes: Quotes = None,
    paths: Paths = None,
    repair: Repair = False,
    engine: Engine = "local",
    scheduler: Scheduler = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Try many profiles and settings on the same entries; ended early, the same command goes on where it was."""
    given = locals()
    from exitbrain.cli.backtest_run import Asked
    from exitbrain.cli.sweep_run import run_sweep

    asked = Asked.of(given)
    how = {"method": method, "samples": samples, "seed": seed, "sets": sets, "fast": fast}
    where = {"engine": engine, "scheduler": scheduler, "jobs": jobs}
    run_sweep(asked, space, how | where, out, as_json=as_json)


def tune_command(
    space: SpaceFile,
    candles: Candles,
    out: Out,
    entries: Entries = None,
    plan: Plan = None,
    profiles: Profiles = None,
    config: Config = None,
    method: Annotated[
        str, typer.Option("--method", metavar="METHOD", help="grid, random, tpe or nsga2: which are tried; or bandit.")
    ] = "grid",
    samples: Samples = None,
    seed: Seed = None,
    folds: Annotated[int, typer.Option("--folds", metavar="N", help="Walk-forward windows.")] = 5,
    groups: Annotated[
        int, typer.Option("--groups", metavar="N", help="Groups of days of the combinatorial split.")
    ] = 6,
    test_groups: Annotated[
        int, typer.Option("--test-groups", metavar="N", help="How many of the groups are the test.")
    ] = 2,
    embargo: Annotated[
        str, typer.Option("--embargo", metavar="TIME", help="What is left out after a test, as 1d or 6h.")
    ] = "1d",
    feature: Annotated[
        list[str] | None,
        typer.Option("--feature", metavar="NAME", help="What the bandit looks at; once for each, several by default."),
    ] = None,
    train: Annotated[
        float | None, typer.Option("--train", metavar="SHARE", help="Of the entries, the first the bandit learns on.")
    ] = None,
    fast: Fast = False,
    detail: Detail = None,
    funding: Funding = None,
    quotes: Quotes = None,
    paths: Paths = None,
    repair: Repair = False,
    engine: Engine = "local",
    scheduler: Scheduler = None,
    jobs: Jobs = None,
    as_json: AsJson = False,
) -> None:
    """Choose among many profiles and settings; tell whether the winner is better or lucky."""
    given = locals()
    from exitbrain.cli.backtest_run import Asked
    from exitbrain.cli.tune_run import run_bandit, run_tune

    asked = Asked.of(given)
    bandit = {"features": feature or None, "train": train}
    if method == "bandit":
        run_bandit(
            asked,
            space,
            {"seed": seed, **bandit},
            {"samples": samples, "scheduler": scheduler, "fast": fast or None},
            out,
            as_json=as_json,
        )
        return
    how = {"method": method, "samples": samples, "seed": seed, "fast": fast}
    splits = {"folds": folds, "groups": groups, "test_groups": test_groups, "embargo": embargo}
    where = {"engine": engine, "scheduler": scheduler, "jobs": jobs}
    run_tune(asked, space, how | splits | where, bandit, out, as_json=as_json)

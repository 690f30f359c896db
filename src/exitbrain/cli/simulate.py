"""`exitbrain simulate`: the live core under seeded faults."""

from __future__ import annotations

from typing import Annotated

import typer


def simulate_command(
    seeds: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many histories.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    mutant: Annotated[
        str | None, typer.Option(metavar="NAME", help="Plant this bug; --list-mutants names them.")
    ] = None,
    all_mutants: Annotated[
        bool, typer.Option("--all-mutants", help="Plant each bug and tell in which history it was seen.")
    ] = False,
    list_mutants: Annotated[bool, typer.Option("--list-mutants", help="Name the bugs that can be planted.")] = False,
    crash_points: Annotated[
        bool, typer.Option("--crash-points", help="Die at every boundary of named scenarios instead.")
    ] = False,
    scenario: Annotated[
        str | None, typer.Option(metavar="NAME", help="One of the scenarios of --crash-points.")
    ] = None,
    campaign: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Keep what is done there, and go on from it.")
    ] = None,
) -> None:
    """Play the live core against the simulated venue: lost and late messages, lies, crashes, people.

    Ends with a line `N seeds, F faults, C crashes, V violations`, and with exit status 4 where a law was broken.
    """
    from exitbrain.cli.simulate_run import Asked, run_simulation

    run_simulation(
        Asked(
            seeds=seeds, seed=seed, jobs=jobs, mutant=mutant, all_mutants=all_mutants, list_mutants=list_mutants,
            campaign=campaign, crash_points=crash_points, scenario=scenario,
        )
    )  # fmt: skip

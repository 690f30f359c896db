"""Plays what `simulate` was asked, tells each broken law with the command that repeats it, and counts."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from exitbrain.cli.progress import stages
from exitbrain.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from exitbrain.live.simulation.campaign import Counts, Violation

BROKEN = 4
SHRUNK = 3  # broken laws whose histories are made smaller


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    seeds: int
    seed: int
    jobs: int
    mutant: str | None
    all_mutants: bool
    list_mutants: bool
    campaign: str | None
    crash_points: bool
    scenario: str | None


def run_simulation(asked: Asked) -> None:
    from exitbrain.live.simulation.mutants import MUTANTS

    if asked.list_mutants:
        for name, mutant in MUTANTS.items():
            print(f"{name:22} {mutant.failure:4} {mutant.said}")
        return
    if asked.mutant is not None and asked.mutant not in MUTANTS:
        raise InvalidInput(f"--mutant {asked.mutant}: no such bug", accepted="a name of --list-mutants")
    if asked.campaign is not None and (asked.mutant or asked.all_mutants):
        raise InvalidInput("--campaign with planted bugs", accepted="one of the two")
    if asked.scenario is not None and not asked.crash_points:
        raise InvalidInput("--scenario without --crash-points", accepted="both")
    if asked.all_mutants:
        _score(asked)
        return
    if asked.crash_points:
        _crash(asked)
        return
    counts = _counted(asked)
    for number, violation in enumerate(counts.violations):
        _tell(violation, asked.mutant, shrink=number < SHRUNK)
    print(counts.line())
    if counts.violations:
        raise typer.Exit(BROKEN)


def _counted(asked: Asked) -> Counts:
    from exitbrain.live.simulation.campaign import campaign, simulated

    folder = None if asked.campaign is None else _campaign_folder(asked.campaign)
    with stages() as show:

        def tell(total: Counts) -> None:
            if show is not None:
                show(total.line(), min(1.0, total.seeds / asked.seeds))

        if folder is None:
            return simulated(asked.seed, asked.seeds, asked.jobs, asked.mutant, tell)
        try:
            return campaign(folder, asked.seed, asked.seeds, asked.jobs, tell)
        except OSError as error:
            raise Unavailable(f"{asked.campaign}: {error.strerror}") from None


def _campaign_folder(path: str) -> Path:
    """There already, or one that can be made."""
    folder = Path(path)
    nearest = next((one for one in (folder, *folder.parents) if os.path.lexists(one)), None)
    if not path.strip() or (nearest is not None and not nearest.is_dir()):
        found = f"--campaign {path!r}" if nearest is None or not path.strip() else f"--campaign: {nearest} is no folder"
        raise InvalidInput(found, accepted="a folder, there already or to be made")
    return folder


def _tell(violation: Violation, mutant: str | None, *, shrink: bool) -> None:
    from exitbrain.live.simulation.mutants import planted
    from exitbrain.live.simulation.shrinking import shrunk, told

    print(f"seed {violation.seed} broke {violation.said}")
    print(f"  repeat: exitbrain simulate --seeds 1 --seed {violation.seed}{f' --mutant {mutant}' if mutant else ''}")
    if shrink:
        with planted(mutant):
            for line in told(violation.seed, shrunk(violation.seed, violation.law)):
                print(f"  {line}")
    sys.stdout.flush()


def _score(asked: Asked) -> None:
    """Each planted bug until it is seen."""
    from exitbrain.live.simulation.campaign import played_all
    from exitbrain.live.simulation.mutants import MUTANTS

    seen = 0
    play = partial(played_all, range(asked.seed, asked.seed + asked.seeds), until_caught=True)
    with ProcessPoolExecutor(asked.jobs) as pool:
        for (name, mutant), counts in zip(MUTANTS.items(), pool.map(play, MUTANTS)):
            caught = counts.violations[0] if counts.violations else None
            seen += caught is not None
            how = f"seed {caught.seed}: {caught.said[:90]}" if caught else f"not seen in {counts.seeds} seeds"
            print(f"{name:22} {mutant.failure:4} {how}", flush=True)
    print(f"{len(MUTANTS)} planted bugs, {seen} seen within {asked.seeds} seeds each")
    if seen < len(MUTANTS):
        raise typer.Exit(BROKEN)


def _crash(asked: Asked) -> None:
    """Each scenario with a crash at each boundary."""
    from exitbrain.live.simulation.crashing import SCENARIOS, all_crash_points

    if asked.scenario is not None and asked.scenario not in SCENARIOS:
        raise InvalidInput(f"--scenario {asked.scenario!r}: no such scenario", accepted="; ".join(SCENARIOS))
    chosen = SCENARIOS if asked.scenario is None else (asked.scenario,)
    runs = broken = 0
    for points in all_crash_points(chosen, asked.jobs, asked.mutant):
        bad = [one for one in points if one.said]
        runs, broken = runs + len(points), broken + len(bad)
        print(f"{points[0].scenario:36} {len(points):5} runs, {len(bad)} violations", flush=True)
        for one in bad[:SHRUNK]:
            print(f"  crash {one.times}x at boundary {one.boundary} ({one.name}), {one.view} view: {one.said}")
        if bad:
            mutant = f" --mutant {asked.mutant}" if asked.mutant else ""
            print(f"  repeat: exitbrain simulate --crash-points --scenario '{points[0].scenario}'{mutant}")
    print(f"{len(chosen)} scenarios, {runs} runs with crashes, {broken} violations")
    if broken:
        raise typer.Exit(BROKEN)

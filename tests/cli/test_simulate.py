"""`exitbrain simulate`: its last line, its exit status, and what repeats a failing history."""

from __future__ import annotations

import re

import pytest

from .worlds import World

LAST = re.compile(r"\d+ seeds, \d+ faults, \d+ crashes, \d+ violations")


def test_the_last_line_counts(world: World) -> None:
    said = world.run("simulate", "--seeds", "3")
    assert said.status == 0
    assert LAST.fullmatch(said.out.splitlines()[-1]) and said.out.endswith(", 0 violations\n")


def test_a_broken_law_ends_with_4_and_says_how_to_see_it_again(world: World) -> None:
    said = world.run("simulate", "--seeds", "1", "--seed", "6", "--mutant", "exit-repeated")
    assert said.status == 4
    assert "repeat: exitbrain simulate --seeds 1 --seed 6 --mutant exit-repeated" in said.out
    assert LAST.fullmatch(said.out.splitlines()[-1]) and said.out.endswith(", 1 violations\n")


def test_bugs_that_can_be_planted_are_listed(world: World) -> None:
    said = world.run("simulate", "--list-mutants")
    assert said.status == 0 and len(said.out.splitlines()) >= 25


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--mutant", "nobody"), "accepted: a name of --list-mutants"),
        (("--scenario", "long, rung"), "--scenario without --crash-points"),
        (("--crash-points", "--scenario", "sideways"), "no such scenario"),
        (("--campaign", "c", "--mutant", "exit-repeated"), "accepted: one of the two"),
        (("--seeds", "0"), "--seeds"),
        (("--campaign", "file"), "file is no folder; accepted: a folder"),
        (("--campaign", "file/c"), "file is no folder; accepted: a folder"),
        (("--campaign", ""), "accepted: a folder"),
    ],
)
def test_bad_options_are_refused(arguments: tuple[str, ...], words: str, world: World) -> None:
    (world.folder / "file").touch()
    said = world.run("simulate", *arguments)
    assert said.status == 2 and words in said.err and "Traceback" not in said.err

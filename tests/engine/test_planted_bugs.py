"""The differential test can see: each planted engine bug is told within the suite's worlds."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.differential import difference, difference_of_seed, oracle_of, plain_rules, sound_run
from engine.mutants import MUTANTS, Mutant, planted

WORLDS = 300


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_told_within_the_suites_worlds(worlds: Path, name: str) -> None:
    """spec X2 X3 X4 Q3 Q4 P8 F17 F39: a world tells the bug where the sound engine agrees with the oracle."""
    mutant = MUTANTS[name]
    for seed in range(WORLDS):
        with plain_rules(), planted(mutant):
            told = _difference_or_crash(seed, worlds, mutant)
        if told is None:
            continue
        sound = sound_run(seed, worlds, triggers=mutant.triggers, liquidity=mutant.liquidity)
        if difference(sound, oracle_of(seed, mutant.triggers, mutant.liquidity)) is None:
            return
    pytest.fail(f"no world of {WORLDS} tells that {name}")


def _difference_or_crash(seed: int, worlds: Path, mutant: Mutant) -> str | None:
    try:
        return difference_of_seed(seed, worlds, triggers=mutant.triggers, liquidity=mutant.liquidity)
    except Exception as error:
        return repr(error)

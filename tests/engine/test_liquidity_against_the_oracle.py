"""Liquidity-aware exits agree with an independent reading of their text, part by part, on random worlds.

pytest tests/engine/test_liquidity_against_the_oracle.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.differential import difference, oracle_of, plain_rules, repeat_with, run_seed, sound_run
from exitbrain.backtesting.files import trade_sets_of

WORLDS = 100
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
def test_cut_exits_and_hardened_rungs_agree_with_the_oracle(worlds: Path, part: int) -> None:
    """spec P14: what each bar takes, the rests, their order and minima, and SOFT rungs at a wide spread."""
    told = []
    for seed in range(part, WORLDS, PARTS):
        found = difference(sound_run(seed, worlds, liquidity=True), oracle_of(seed, liquidity=True))
        if found is not None:
            told.append(f"seed {seed}: {found}\n{repeat_with(seed, liquidity=True)}")
    assert not told, "\n".join(told)


def test_compiled_rules_and_plain_rules_cut_alike(worlds: Path) -> None:
    """spec Q1 P14"""
    for seed in range(0, WORLDS, 3):
        compiled = sound_run(seed, worlds, liquidity=True)
        with plain_rules():
            plain = run_seed(seed, worlds, liquidity=True)
        assert trade_sets_of(plain) == trade_sets_of(compiled), repeat_with(seed, liquidity=True)
        assert plain.events == compiled.events, repeat_with(seed, liquidity=True)


def test_cuts_are_common_in_these_worlds() -> None:
    """spec P14: agreement says little where nothing is cut. A cut exit has several legs of one reason in a row."""
    cut = 0
    for seed in range(WORLDS):
        sets = oracle_of(seed, liquidity=True)["trade_sets"]
        reasons = [[leg["reason"] for leg in one["legs"] if not leg["is_entry"]] for one in sets]
        cut += any(before == after for names in reasons for before, after in zip(names, names[1:]))
    assert cut >= WORLDS // 4, cut

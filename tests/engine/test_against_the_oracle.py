"""The engine agrees with an independent reading of the specification, to the tick, on random adversarial worlds."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.differential import difference, oracle_of, plain_rules, repeat_with, run_seed, sound_run
from exitbrain.backtesting.files import trade_sets_of

PARTS = 10
KINDS = [pytest.param(False, 300, id="ladders"), pytest.param(True, 150, id="triggers")]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize(("triggers", "count"), KINDS)
def test_the_engine_agrees_with_the_oracle(worlds: Path, triggers: bool, count: int, part: int) -> None:
    """spec P4 P6 P8 P9 P10 P13 X0 X2 X3 X4 X6 X7 D2 D4 D5 D6 D7 T6 L1 L2 L3 Q3 Q4 Q5: fills, times, P&L, events."""
    told = []
    for seed in range(part, count, PARTS):
        found = difference(sound_run(seed, worlds, triggers=triggers), oracle_of(seed, triggers))
        if found is not None:
            told.append(f"seed {seed}: {found}\n{repeat_with(seed, triggers)}")
    assert not told, "\n".join(told)


@pytest.mark.parametrize(("triggers", "count"), [(False, 100), (True, 50)], ids=["ladders", "triggers"])
def test_compiled_rules_and_plain_rules_give_the_same_run(worlds: Path, triggers: bool, count: int) -> None:
    """spec Q1: what does not fit a machine word is walked by the same rules as plain Python."""
    for seed in range(count):
        compiled = sound_run(seed, worlds, triggers=triggers)
        with plain_rules():
            plain = run_seed(seed, worlds, triggers=triggers)
        assert trade_sets_of(plain) == trade_sets_of(compiled), repeat_with(seed, triggers)
        assert plain.events == compiled.events, repeat_with(seed, triggers)
        assert plain.plans == compiled.plans, repeat_with(seed, triggers)


def test_the_oracle_shares_nothing_with_what_it_judges() -> None:
    import oracle

    for file in Path(str(oracle.__file__)).parent.glob("*.py"):
        assert "exitbrain" not in file.read_text(encoding="utf-8"), file.name

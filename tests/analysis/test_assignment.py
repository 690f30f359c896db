"""Which arm a set belongs to: the same in every process, by weight, and another experiment divides anew."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction

import pytest

from exitbrain.analysis.assignment import assigned_arm, set_key, set_keys, share_of

HALVES = (Fraction(1), Fraction(1))
KEYS = [
    set_key("BTCUSDT", ("long", "short")[n % 2], f"2024-01-01T{n // 60 % 24:02}:{n % 60:02}:00Z") for n in range(900)
]

# Written down once: another value means that every running experiment would be divided anew.
TABLE = [
    ("e1", "BTCUSDT", "long", "2024-01-01T00:00:00Z", 1, "0.448080"),
    ("e1", "BTCUSDT", "short", "2024-01-01T00:00:00Z", 1, "0.478116"),
    ("e1", "BTCUSDT", "long", "2024-01-01T00:00:00Z", 2, "0.953237"),
    ("e2", "BTCUSDT", "long", "2024-01-01T00:00:00Z", 1, "0.144697"),
    ("e1", "ÄÖ", "long", "2024-01-01T00:00:00Z", 1, "0.826809"),
]


@pytest.mark.parametrize(("experiment", "symbol", "side", "opened_at", "nth", "place"), TABLE)
def test_places_are_what_they_always_were(
    experiment: str, symbol: str, side: str, opened_at: str, nth: int, place: str
) -> None:
    assert f"{float(share_of(experiment, set_key(symbol, side, opened_at, nth))):.6f}" == place


def test_another_process_with_another_seed_of_hashes_says_the_same() -> None:
    code = (
        "from exitbrain.analysis.assignment import *\n"
        "print([str(share_of('e1', set_key('A', 'long', str(n)))) for n in range(5)])"
    )
    own = str([str(share_of("e1", set_key("A", "long", str(n)))) for n in range(5)])
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "99"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == own


def test_arms_get_their_share_by_weight() -> None:
    """900 sets: 450 ± 4 standard deviations of 15; three quarters are 675 ± 4 · 13."""
    assert abs(sum(assigned_arm("e1", key, HALVES) for key in KEYS) - 450) < 60
    assert abs(sum(assigned_arm("e1", key, (Fraction(1), Fraction(3))) for key in KEYS) - 675) < 52


def test_another_experiment_divides_the_same_sets_independently() -> None:
    alike = sum(assigned_arm("e1", key, HALVES) == assigned_arm("e2", key, HALVES) for key in KEYS)
    assert abs(alike - 450) < 60


def test_more_weight_for_the_first_arm_takes_no_set_from_it() -> None:
    for key in KEYS:
        if assigned_arm("e1", key, HALVES) == 0:
            assert assigned_arm("e1", key, (Fraction(3), Fraction(1))) == 0


def test_sets_that_open_alike_are_told_apart_by_their_number() -> None:
    rows = [("A", "long", "t"), ("A", "long", "t"), ("A", "short", "t")]
    assert set_keys(rows) == ['["A","long","t",1]', '["A","long","t",2]', '["A","short","t",1]']

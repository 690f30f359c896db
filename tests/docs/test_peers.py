"""What `benchmarks/peers.py` hands to contenders runs on tiny input, and all of them give the same fills."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from matched import one_run, ours, straightforward, workload

needs_compiler = pytest.mark.skipif(straightforward.COMPILER is None, reason="no C compiler")


@needs_compiler
def test_ours_and_c_fill_the_same_in_a_run() -> None:
    market = workload.market_of(4_000)
    compared = one_run.check_equal(market, workload.openings_of(market, 1), workload.openings_of(market, 1, stop=500))
    assert compared["C"] > 0 and compared["backtest()"] > 0


@needs_compiler
@pytest.mark.parametrize("ladder", workload.ladders(10), ids=str)
def test_random_ladders_fill_the_same(ladder: workload.Ladder) -> None:
    market = workload.market_of(20_000, seed=11)
    openings = workload.openings_of(market, 2, every=20)
    mine = ours.follow(market, ours.entries_of(openings), ours.recipes([ladder]), single=False)
    np.testing.assert_array_equal(ours.rows_of(mine), straightforward.follow(market, openings, ladder, single=False))

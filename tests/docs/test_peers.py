"""What `benchmarks/peers.py` hands to contenders runs on tiny input, and all of them give the same fills."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from matched import event_driven, live_tick, many_profiles, one_run, ours, page, processes, straightforward, workload

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


@needs_compiler
def test_ours_and_c_agree_on_many_ladders() -> None:
    market = workload.market_of(8_000)
    assert many_profiles.check_equal(market, workload.openings_of(market, 1), workload.ladders(12)) > 0


def test_a_price_over_open_positions_fills_what_objects_fill() -> None:
    assert live_tick.check_equal(200, 300, jump=100) > 0


def test_vectorbt_fills_the_same() -> None:
    pytest.importorskip("vectorbt")
    market = workload.market_of(4_000)
    assert many_profiles.check_columns(market, workload.openings_of(market, 1), workload.ladders(3)) > 0


@needs_compiler
@pytest.mark.parametrize("name", [*processes.OURS, "C"])
def test_each_contender_runs_alone(name: str) -> None:
    assert processes.one(name, 1_000)["seconds"] > 0


def test_the_page_tells_what_was_measured_and_what_not() -> None:
    figures = {"ratio": 130.0, "low": 120.0, "high": 140.0}
    seconds = {"ours single": 0.002, "vectorbt ladder": 0.26}
    kept = {
        "w1": {
            "load": [0.5, 1.0],
            "fills": {"C": 5},
            "kernel": {
                "seconds": seconds,
                "ratios": {"vectorbt ladder / ours single": figures},
                "long hold bars": 10.0,
            },
        }
    }
    text = page.text_of(kept, 1_000, 3)
    assert (
        "| W1 full ladder, to fills: vectorbt's flexible ladder | **130×** | 120× to 140× | at least 120× | reached |"
        in text
    )
    assert "not measured" in text


@needs_compiler
@pytest.mark.parametrize(
    "name", ["backtesting.py", "backtrader", "nautilus_trader", "hftbacktest", "raptorbt", "raptorbt-arrays"]
)
def test_event_driven_peers_fill_the_same(name: str) -> None:
    pytest.importorskip(event_driven.LIBRARIES.get(name, name))
    assert event_driven.run(name, 1, 4_000)["fills"][name] > 0

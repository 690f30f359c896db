"""W1: one backtest of the full ladder, single and independent, against C, vectorbt and one read of the candles."""

from __future__ import annotations

from typing import Any

import numpy as np

from matched import ours, straightforward, workload
from matched.measuring import medians, ratio, take_turns

END_OF_DATA = 5

try:
    from matched import vectorbt_ladder
except ImportError:
    vectorbt_ladder = None  # type: ignore[assignment]

SLOW_ROUNDS = 5


def run(bars: int, rounds: int) -> dict[str, Any]:
    market = workload.market_of(bars)
    market.floats  # noqa: B018 - made before the clock runs
    sets = [workload.openings_of(market, turn) for turn in range(rounds + 1)]
    wide = [workload.openings_of(market, turn, stop=500) for turn in range(rounds + 1)]
    facts = {"fills": check_equal(market, sets[0], wide[0])}
    return facts | {"kernel": kernels(market, sets, wide, rounds), "whole": whole_runs(market, sets, rounds)}


def exits(rows: Any) -> Any:
    """bar, price, lots of exits before the data's end, which vectorbt leaves open."""
    return rows[rows[:, 2] != END_OF_DATA][:, [1, 3, 4]]


def check_equal(market: workload.Market, openings: workload.Openings, wide: workload.Openings) -> dict[str, int]:
    """Every fill of every contender is the same, or nothing is measured. Returns how many were compared."""
    compared = {"C": 0, "vectorbt": 0, "vectorbt signals": 0, "backtest()": 0}
    for given, ladder in ((openings, workload.TREND), (wide, workload.LONG_HOLD), (openings, workload.STOP_AND_TARGET)):
        entries, recipe = ours.entries_of(given), ours.recipes([ladder])
        for single in (True, False):
            mine = ours.rows_of(ours.follow(market, entries, recipe, single))
            np.testing.assert_array_equal(mine, straightforward.follow(market, given, ladder, single))
            for options in ({"threads": 2}, {"index": True}, {"index": False}):
                other = ours.rows_of(ours.follow(market, entries, recipe, single, **options))
                np.testing.assert_array_equal(mine, other)
            compared["C"] += len(mine)
            if single and vectorbt_ladder is not None:
                records = vectorbt_ladder.exits_of(vectorbt_ladder.follow(market, given, [ladder]))
                np.testing.assert_array_equal(exits(mine), records)
                compared["vectorbt"] += len(records)
                if ladder is workload.STOP_AND_TARGET:
                    for engine in engines():
                        records = vectorbt_ladder.exits_of(vectorbt_ladder.stop_and_target(market, given, engine))
                        np.testing.assert_array_equal(exits(mine), records)
                        compared["vectorbt signals"] += len(records)
            if ladder is workload.TREND:
                compared["backtest()"] += check_whole(market, given, mine, single)
    return compared


def check_whole(market: workload.Market, openings: workload.Openings, rows: Any, single: bool) -> int:
    """The sets of a whole run hold the kernel's fills: bar, price and quantity of each exit."""
    frame = ours.frame_of(market)
    result = ours.whole(frame, ours.signals_of(frame, openings), not single)
    legs = [leg for held in result.trade_sets for leg in held.legs if not leg.is_entry]
    told = [(round(float(leg.price) * 100), round(float(leg.qty) * 1_000)) for leg in legs]
    assert sorted(told) == sorted(map(tuple, rows[:, [3, 4]].tolist())), "backtest() and kernel differ"
    return len(told)


def engines() -> list[str]:
    try:
        import vectorbt_rust  # noqa: F401
    except ImportError:
        return ["numba"]
    return ["numba", "rust"]


def kernels(market: workload.Market, sets: Any, wide: Any, rounds: int) -> dict[str, Any]:
    entries, wide_entries = [list(map(ours.entries_of, given)) for given in (sets, wide)]
    trend, long_hold = ours.recipes([workload.TREND]), ours.recipes([workload.LONG_HOLD])
    contenders = {
        "read": lambda turn: straightforward.read_once(market),
        "ours single": lambda turn: ours.follow(market, entries[turn], trend, True),
        "C single": lambda turn: straightforward.follow(market, sets[turn], workload.TREND, True),
        "ours independent": lambda turn: ours.follow(market, entries[turn], trend, False),
        "C independent": lambda turn: straightforward.follow(market, sets[turn], workload.TREND, False),
        "ours long holds": lambda turn: ours.follow(market, wide_entries[turn], long_hold, False),
        "C long holds": lambda turn: straightforward.follow(market, wide[turn], workload.LONG_HOLD, False),
    }
    if vectorbt_ladder is not None:
        contenders["vectorbt ladder"] = lambda turn: vectorbt_ladder.follow(market, sets[turn], [workload.TREND])
        for engine in engines():
            contenders[f"vectorbt signals {engine}"] = lambda turn, engine=engine: vectorbt_ladder.stop_and_target(
                market, sets[turn], engine
            )
    seconds = take_turns(contenders, rounds)
    pairs = [("C single", "ours single"), ("C independent", "ours independent"), ("C long holds", "ours long holds")]
    pairs += [("ours single", "read"), ("C single", "read")]
    pairs += [(name, "ours single") for name in contenders if name.startswith("vectorbt")]
    held = ours.follow(market, wide_entries[0], long_hold, False)
    return {
        "seconds": medians(seconds),
        "ratios": {f"{slow} / {fast}": ratio(seconds, slow, fast) for slow, fast in pairs},
        "long hold bars": float(np.mean(held.closed_bar - wide[0].bar)),
    }


def whole_runs(market: workload.Market, sets: Any, rounds: int) -> dict[str, Any]:
    """From frames to exact TradeSets and metrics."""
    rounds = min(rounds, SLOW_ROUNDS)
    frame = ours.frame_of(market)
    signals = [ours.signals_of(frame, openings) for openings in sets]
    contenders = {
        "backtest() single": lambda turn: ours.whole(frame, signals[turn], False),
        "backtest() independent": lambda turn: ours.whole(frame, signals[turn], True),
        "backtest() independent, regime auto": lambda turn: ours.whole(frame, signals[turn], True, "auto"),
    }
    if vectorbt_ladder is not None:
        contenders["vectorbt ladder"] = lambda turn: vectorbt_ladder.follow(market, sets[turn], [workload.TREND])
    seconds = take_turns(contenders, rounds)
    pairs = [("vectorbt ladder", "backtest() single")] if vectorbt_ladder is not None else []
    return {
        "seconds": medians(seconds),
        "ratios": {f"{slow} / {fast}": ratio(seconds, slow, fast) for slow, fast in pairs},
    }

"""W2: a thousand ladders on the same entries, against C, and against vectorbt where its memory allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from matched import ours, straightforward, workload
from matched.measuring import medians, ratio, take_turns
from matched.one_run import exits, vectorbt_ladder
from matched.workload import Ladder, Market, Openings

PROFILES = 1_000
# vectorbt lays every column out over every bar, so it is asked for fewer of both.
COLUMNS, COLUMN_BARS = 200, 100_000


def run(bars: int, rounds: int, profiles: int = PROFILES, columns: int = COLUMNS) -> dict[str, Any]:
    market = workload.market_of(bars)
    ladders = workload.ladders(profiles)
    sets = [workload.openings_of(market, turn) for turn in range(rounds + 1)]
    short = market.first(min(bars, COLUMN_BARS))
    short.floats  # noqa: B018 - made before the clock runs
    short_sets = [workload.openings_of(short, turn) for turn in range(rounds + 1)]
    facts = {
        "ladders": check_equal(market, sets[0], ladders),
        "columns": check_columns(short, short_sets[0], ladders[:columns]),
    }
    return {
        "fills": facts,
        "sweep": sweeps(market, sets, ladders, rounds),
        "columns": against_columns(short, short_sets, ladders[:columns], rounds),
    }


def check_equal(market: Market, openings: Openings, ladders: Sequence[Ladder]) -> int:
    """Positions, fills, ticks × lots and bars held of every ladder. Returns how many fills they stand for."""
    entries, recipes = ours.entries_of(openings), ours.recipes(ladders)
    compared = 0
    for single in (True, False):
        theirs = straightforward.sweep(market, openings, ladders, single)
        for threads in (1, 2):
            mine = ours.sums_of(ours.sweep(market, entries, recipes, single, threads))
            np.testing.assert_array_equal(mine, theirs)
        compared += int(theirs[:, 1].sum())
    return compared


def check_columns(market: Market, openings: Openings, ladders: Sequence[Ladder]) -> int:
    """vectorbt's records of each column against C's fills, which the sweep above equals."""
    if vectorbt_ladder is None:
        return 0
    records = vectorbt_ladder.follow(market, openings, ladders)
    compared = 0
    for column, ladder in enumerate(ladders):
        rows = exits(straightforward.follow(market, openings, ladder, True))
        np.testing.assert_array_equal(vectorbt_ladder.exits_of(records[records["col"] == column]), rows)
        compared += len(rows)
    return compared


def sweeps(market: Market, sets: Sequence[Openings], ladders: Sequence[Ladder], rounds: int) -> dict[str, Any]:
    entries, recipes = [ours.entries_of(openings) for openings in sets], ours.recipes(ladders)
    contenders = {}
    for name, single in (("single", True), ("overlapping", False)):
        contenders[f"C {name}"] = lambda turn, single=single: straightforward.sweep(market, sets[turn], ladders, single)
        for threads in (1, 2):
            contenders[f"ours {name}, {threads} threads"] = lambda turn, single=single, threads=threads: ours.sweep(
                market, entries[turn], recipes, single, threads
            )
    seconds = take_turns(contenders, rounds)
    pairs = [
        (f"C {name}", f"ours {name}, {threads} threads") for name in ("single", "overlapping") for threads in (1, 2)
    ]
    return {
        "seconds": medians(seconds),
        "ratios": {f"{slow} / {fast}": ratio(seconds, slow, fast) for slow, fast in pairs},
    }


def against_columns(market: Market, sets: Sequence[Openings], ladders: Sequence[Ladder], rounds: int) -> dict[str, Any]:
    if vectorbt_ladder is None:
        return {}
    entries, recipes = [ours.entries_of(openings) for openings in sets], ours.recipes(ladders)
    contenders = {
        "vectorbt columns": lambda turn: vectorbt_ladder.follow(market, sets[turn], ladders),
        "ours, 1 thread": lambda turn: ours.sweep(market, entries[turn], recipes, True, 1),
        "ours, 2 threads": lambda turn: ours.sweep(market, entries[turn], recipes, True, 2),
    }
    seconds = take_turns(contenders, rounds)
    pairs = [("vectorbt columns", "ours, 1 thread"), ("vectorbt columns", "ours, 2 threads")]
    return {
        "seconds": medians(seconds),
        "ratios": {f"{slow} / {fast}": ratio(seconds, slow, fast) for slow, fast in pairs},
    }

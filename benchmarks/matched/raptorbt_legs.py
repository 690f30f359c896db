"""raptorbt: the full ladder as four sessions, and one stop and one target from arrays of signals.

It sells a target at its price where an open has passed it. An entry is told with the bar at whose close it is decided, so
none follows an exit within that bar. Its arrays know a stop and a target as a percentage of the entry, and after an entry
they take no other until an exit signal, even where a stop has closed the position.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import raptorbt

from matched import workload
from matched.event_driven import Peer, Plan, signals_of, single, without_gaps
from matched.workload import STOP_AND_TARGET, TREND, Ladder, Market, Openings

MINUTE = 60_000_000_000
WHOLE = 50  # 2% of it is whole


def _config() -> Any:
    return raptorbt.BacktestConfig(initial_capital=1e13, fees=0.0, fill_timing="next_bar_open")


# sessions


def prepare_sessions(market: Market) -> Callable[[Openings, Ladder], Any]:
    """Each leg is a book of its own with its stop and target; the runner's stop is raised after a bar.

    One session that holds the legs as hedged orders needs more time for a bar with every order placed before.
    """
    bars = list(zip(*(column.tolist() for column in market.floats)))

    def follow(openings: Openings, ladder: Ladder) -> Any:
        books = [raptorbt.KernelSession("BENCH", 1, _config()) for _ in (*ladder.rungs, "runner")]
        asked, plan, left, rows = signals_of(openings), None, 0, []
        for i, (o, h, l, c) in enumerate(bars):
            if plan is None and i in asked:
                price, *_ = numbers = openings.numbers(asked[i])
                plan, left = Plan(ladder, *numbers), len(books)
                for book, (lots, level) in zip(books, (*plan.rungs, (plan.runner, None))):
                    book.step(
                        i, i * MINUTE, o, h, l, c, 1.0, entry=True, size_mult=lots * price / book.cash(),
                        stop_price=float(plan.stop), target_price=level and float(level),
                    )  # fmt: skip
                continue
            for book in books:
                for event in book.step(i, i * MINUTE, o, h, l, c, 1.0):
                    if event.kind == "exited":
                        rows.append((i, round(event.price), round(event.size)))
                        left -= 1
            if plan is not None and plan.raised(h) and books[-1].is_in_position():
                books[-1].set_stop_price(float(plan.trail))
            if not left:
                plan = None
        return np.array(rows, dtype=np.int64).reshape(-1, 3)

    return follow


def openings_for_sessions(market: Market, seed: int) -> Openings:
    return apart(market, without_gaps(market, workload.openings_of(market, seed), TREND), TREND)


# arrays


def prepare_arrays(market: Market) -> Callable[[Openings, Ladder], Any]:
    times, ones = np.arange(len(market)) * MINUTE, np.ones(len(market))

    def follow(openings: Openings, ladder: Ladder) -> Any:
        config = _config()
        config.set_fixed_stop(0.02)
        config.set_fixed_target(0.04)
        entries, exits = np.zeros(len(market), dtype=bool), np.zeros(len(market), dtype=bool)
        entries[openings.bar - 1] = True
        exits[openings.bar - 2] = True
        result = raptorbt.run_single_backtest(times, *market.floats, ones, entries, exits, 1, 1.0, "BENCH", config)
        closed = [(t.exit_idx, t.exit_price) for t in result.trades() if t.exit_reason in ("StopLoss", "TakeProfit")]
        return np.array([(bar, round(price), workload.LOTS) for bar, price in closed], dtype=np.int64).reshape(-1, 3)

    return follow


def openings_for_arrays(market: Market, seed: int) -> Openings:
    """At prices of which 2% are whole ticks."""
    whole = np.flatnonzero(market.open % WHOLE == 0)
    at = np.searchsorted(whole, workload.openings_of(market, seed).bar)
    bar = np.unique(whole[at[at < len(whole)]])
    openings = without_gaps(market, workload.opened(bar, market.open[bar]), STOP_AND_TARGET)
    return apart(market, openings, STOP_AND_TARGET)


def apart(market: Market, openings: Openings, ladder: Ladder) -> Openings:
    """Those that a run takes, at least two bars after the exit before."""
    while True:
        rows = single(market, openings, ladder)
        taken, last = np.unique(rows[::-1, 0], return_index=True)
        closed, kept = rows[::-1, 1][last], openings.only(taken)
        free = np.concatenate(([True], kept.bar[1:] - 2 >= closed[:-1]))
        if len(kept) == len(openings) and free.all():
            return openings
        openings = kept.only(free)


SESSIONS = Peer(1_000_000, prepare_sessions, openings=openings_for_sessions)
ARRAYS = Peer(1_000_000, prepare_arrays, openings=openings_for_arrays, ladder=STOP_AND_TARGET)

"""Peers that are driven bar by bar, single: what is common to them, and the drivers of backtesting.py and backtrader.

None has a ladder. Each rung is a leg of its own with its stop, and the runner's stop is raised by hand after a bar
closes, so it counts from the next one; the candles here never fall through a callback within a bar. Levels are known
beforehand because the entry's price is, which a live program would not have.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from matched import ours, workload
from matched.measuring import medians, peak_mib, ratio, resident_mib, take_turns
from matched.one_run import exits
from matched.workload import PARTS, START, Ladder, Market, Openings

RUNG = 100
SMALLER = (10_000, 100_000)
QUICK, SLOW_ROUNDS = 1.0, 3
# by the part's name, where they differ
LIBRARIES = {"backtesting.py": "backtesting", "raptorbt-arrays": "raptorbt"}


@dataclass(frozen=True)
class Peer:
    """How a peer is given the work.

    bars: the slice that it may have; a run has 60 seconds. prepare: from a market what follows openings through it, with
    candles in the peer's own form, made before the clock runs; what it returns gives rows of bar, price, lots.
    """

    bars: int
    prepare: Callable[[Market], Callable[[Openings, Ladder], Any]]
    market: Callable[[int], Market] = workload.market_of
    openings: Callable[[Market, int], Openings] = workload.openings_of
    ladder: Ladder = workload.TREND


def up(a: int, b: int) -> int:
    return -(-a // b)


class Plan:
    """Levels and lots of one entry, in whole ticks, and where its trail stands."""

    def __init__(self, ladder: Ladder, entry: int, stop: int, lots: int) -> None:
        risk = entry - stop
        self.stop, self.peak, self.stage, self.ladder = stop, entry, -1, ladder
        self.rungs = [(share * lots // PARTS, (entry * PARTS + r * risk) // PARTS) for r, share in ladder.rungs]
        self.runner = lots - sum(part for part, _ in self.rungs)
        self.stages = [up(entry * PARTS + r * risk, PARTS) for r, _ in ladder.callbacks]
        self.trail = stop

    def raised(self, high: float) -> bool:
        """Take a bar's high in; whether the trail moved."""
        if high <= self.peak:
            return False
        self.peak, before = int(high), self.trail
        while self.stage + 1 < len(self.stages) and self.peak >= self.stages[self.stage + 1]:
            self.stage += 1
        if self.stage >= 0:
            callback = self.ladder.callbacks[self.stage][1]
            self.trail = max(before, up(self.peak * (PARTS - callback), PARTS))
        return self.trail > before


def _frame(market: Market) -> pd.DataFrame:
    o, h, l, c = market.floats
    index = pd.to_datetime(START, unit="us") + pd.to_timedelta(np.arange(len(c)), unit="min")
    return pd.DataFrame({"Open": o, "High": h, "Low": l, "Close": c, "Volume": 1.0}, index=index)


def signals_of(openings: Openings) -> dict[int, int]:
    """By the bar at whose close the order is given."""
    return {int(bar) - 1: i for i, bar in enumerate(openings.bar)}


def backtesting_py(frame: pd.DataFrame, openings: Openings, ladder: Ladder) -> Any:
    """Rows of bar, price, lots."""
    from backtesting import Backtest, Strategy

    signals = signals_of(openings)

    class Legs(Strategy):
        def init(self) -> None:
            self.plan: Plan | None = None

        def next(self) -> None:
            i = len(self.data) - 1
            if self.trades and self.plan is not None:
                if self.plan.raised(self.data.High[-1]):
                    for trade in self.trades:
                        if trade.tag == "runner":
                            trade.sl = self.plan.trail
            elif i in signals:
                at = signals[i]
                self.plan = Plan(ladder, *openings.numbers(at))
                for lots, level in self.plan.rungs:
                    self.buy(size=lots, sl=self.plan.stop, tp=level)
                self.buy(size=self.plan.runner, sl=self.plan.stop, tag="runner")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = Backtest(frame, Legs, cash=1e14, finalize_trades=False).run()
    closed = result["_trades"]
    return np.column_stack([closed["ExitBar"], closed["ExitPrice"], closed["Size"]]).astype(np.int64)


def backtrader(frame: pd.DataFrame, openings: Openings, ladder: Ladder) -> Any:
    """Rows of bar, price, lots."""
    import backtrader as bt

    signals = signals_of(openings)
    rows: list[tuple[int, int, int]] = []

    class Legs(bt.Strategy):  # type: ignore[misc]
        def __init__(self) -> None:
            self.plan: Plan | None = None
            self.runner: Any = None
            self.entering = False

        def notify_order(self, order: Any) -> None:
            if order.status != order.Completed:
                return
            if order.isbuy():
                self.entering = False
                assert self.plan is not None
                for lots, level in self.plan.rungs:
                    stop = self.sell(size=lots, exectype=bt.Order.Stop, price=self.plan.stop)
                    self.sell(size=lots, exectype=bt.Order.Limit, price=level, oco=stop)
                self.runner = self.sell(size=self.plan.runner, exectype=bt.Order.Stop, price=self.plan.stop)
                return
            if self.runner is not None and order.ref == self.runner.ref:
                self.runner = None
            rows.append((len(self) - 1, round(order.executed.price), round(-order.executed.size)))

        def next(self) -> None:
            i = len(self) - 1
            if self.position.size:
                assert self.plan is not None
                if self.plan.raised(self.data.high[0]) and self.runner is not None:
                    self.cancel(self.runner)
                    self.runner = self.sell(size=self.plan.runner, exectype=bt.Order.Stop, price=self.plan.trail)
            elif not self.entering and i in signals:
                at = signals[i]
                self.plan, self.entering = Plan(ladder, *openings.numbers(at)), True
                self.buy(size=int(openings.lots[at]))

    engine = bt.Cerebro(stdstats=False)
    engine.addstrategy(Legs)
    engine.adddata(bt.feeds.PandasData(dataname=frame))
    engine.broker.setcash(1e14)
    engine.run()
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def merged(rows: Any) -> dict[tuple[int, int], int]:
    """Lots by bar and price: a stop that takes all is one fill with us and one a leg with them."""
    lots: dict[tuple[int, int], int] = {}
    for bar, price, part in rows.tolist():
        lots[bar, price] = lots.get((bar, price), 0) + part
    return lots


def single(market: Market, openings: Openings, ladder: Ladder) -> Any:
    return ours.rows_of(ours.follow(market, ours.entries_of(openings), ours.recipes([ladder]), True))


def without_gaps(market: Market, openings: Openings, ladder: Ladder, stops: bool = False) -> Openings:
    """Those of whose rungs, and stops too if asked, none is passed by an open.

    Ours fills there at the open, as the spec says; some peers at the order's own price.
    """
    while True:
        rows = single(market, openings, ladder)
        gone = rows[((rows[:, 2] > RUNG) | stops) & (rows[:, 3] == market.open[rows[:, 1]]), 0]
        if not len(gone):
            return openings
        openings = openings.only(np.setdiff1d(np.arange(len(openings)), gone))


def peer_of(name: str) -> Peer:
    """A peer's library is imported where it is asked for: only one is laid over the environment."""
    if name == "backtesting.py":
        return Peer(1_000_000, lambda market: partial(backtesting_py, _frame(market)))
    if name == "backtrader":  # two minutes for a million bars
        return Peer(100_000, lambda market: partial(backtrader, _frame(market)))
    if name == "nautilus_trader":
        from matched import nautilus_orders

        return nautilus_orders.PEER
    if name == "hftbacktest":
        from matched import hftbacktest_feed

        return hftbacktest_feed.PEER
    from matched import raptorbt_legs

    return raptorbt_legs.ARRAYS if name == "raptorbt-arrays" else raptorbt_legs.SESSIONS


def compare(name: str, peer: Peer, bars: int) -> dict[str, Any]:
    """The lesser of two runs and the peak memory of the process till then; every fill must be the same."""
    market = peer.market(bars)
    openings = peer.openings(market, 0)
    before = resident_mib()
    follow, took = peer.prepare(market), []
    for _ in range(2):
        began = time.perf_counter()
        rows = follow(openings, peer.ladder)
        took.append(time.perf_counter() - began)
    peak, theirs = peak_mib(), merged(rows)
    mine = merged(exits(single(market, openings, peer.ladder)))
    assert mine == theirs, f"{name}: {sorted(set(mine.items()) ^ set(theirs.items()))[:6]}"
    return {"name": name, "bars": bars, "fills": len(theirs), "seconds": min(took), "peak": peak, "before": before}


def run(name: str, rounds: int, bars: int) -> dict[str, Any]:
    """As many bars as it may have, and fewer for how it grows; nothing where it did not install."""
    if importlib.util.find_spec(LIBRARIES.get(name, name)) is None:
        return {"bars": bars}
    peer = peer_of(name)
    bars = min(bars, peer.bars)
    rows = [compare(name, peer, size) for size in (*(size for size in SMALLER if size < bars), bars)]
    if rows[-1]["seconds"] > QUICK:
        rounds = min(rounds, SLOW_ROUNDS)
    market = peer.market(bars)
    sets = [peer.openings(market, turn) for turn in range(rounds)]
    recipe, entries = ours.recipes([peer.ladder]), [ours.entries_of(openings) for openings in sets]
    follow = peer.prepare(market)
    contenders = {
        "ours": lambda turn: ours.follow(market, entries[turn], recipe, True),
        name: lambda turn: follow(sets[turn], peer.ladder),
    }
    # The first call of ours loads compiled code, which the comparison has done.
    seconds = take_turns(contenders, rounds, warm=0)
    return {
        "bars": bars,
        "fills": {name: rows[-1]["fills"]},
        "rows": rows,
        "slice": {"seconds": medians(seconds), "ratios": {f"{name} / ours": ratio(seconds, name, "ours")}},
    }

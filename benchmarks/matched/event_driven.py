"""Peers that call Python at every bar: backtesting.py and backtrader, driven with the TREND ladder, single.

Neither has a ladder. Each rung is a leg of its own with its stop, and the runner's stop is raised by hand after a bar
closes, so it counts from the next one; the candles here never fall through a callback within a bar. Levels are known
beforehand because the entry's price is, which a live program would not have.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from matched import ours, workload
from matched.measuring import medians, ratio, take_turns
from matched.one_run import exits
from matched.workload import PARTS, START, Ladder, Market, Openings

# A run has 60 seconds: backtrader would take two minutes for a million bars.
SLICES = {"backtesting.py": 1_000_000, "backtrader": 100_000}


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


def _signals(openings: Openings) -> dict[int, int]:
    """By the bar at whose close the order is given."""
    return {int(bar) - 1: i for i, bar in enumerate(openings.bar)}


def backtesting_py(market: Market, openings: Openings, ladder: Ladder) -> Any:
    """Rows of bar, price, lots."""
    from backtesting import Backtest, Strategy

    signals = _signals(openings)

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
                numbers = (int(column[at]) for column in (openings.price, openings.stop, openings.lots))
                self.plan = Plan(ladder, *numbers)
                for lots, level in self.plan.rungs:
                    self.buy(size=lots, sl=self.plan.stop, tp=level)
                self.buy(size=self.plan.runner, sl=self.plan.stop, tag="runner")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = Backtest(_frame(market), Legs, cash=1e14, finalize_trades=False).run()
    closed = result["_trades"]
    return np.column_stack([closed["ExitBar"], closed["ExitPrice"], closed["Size"]]).astype(np.int64)


def backtrader(market: Market, openings: Openings, ladder: Ladder) -> Any:
    """Rows of bar, price, lots."""
    import backtrader as bt

    signals = _signals(openings)
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
                numbers = (int(column[at]) for column in (openings.price, openings.stop, openings.lots))
                self.plan, self.entering = Plan(ladder, *numbers), True
                self.buy(size=int(openings.lots[at]))

    engine = bt.Cerebro(stdstats=False)
    engine.addstrategy(Legs)
    engine.adddata(bt.feeds.PandasData(dataname=_frame(market)))
    engine.broker.setcash(1e14)
    engine.run()
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


DRIVERS = {"backtesting.py": backtesting_py, "backtrader": backtrader}


def merged(rows: Any) -> dict[tuple[int, int], int]:
    """Lots by bar and price: a stop that takes all is one fill with us and one a leg with them."""
    lots: dict[tuple[int, int], int] = {}
    for bar, price, part in rows.tolist():
        lots[bar, price] = lots.get((bar, price), 0) + part
    return lots


def run(name: str, rounds: int, bars: int) -> dict[str, Any]:
    """As many bars as it may have."""
    bars = min(bars, SLICES[name])
    market = workload.market_of(bars)
    market.floats  # noqa: B018 - made before the clock runs
    sets = [workload.openings_of(market, turn) for turn in range(rounds + 1)]
    recipe, entries = ours.recipes([workload.TREND]), [ours.entries_of(openings) for openings in sets]
    mine = merged(exits(ours.rows_of(ours.follow(market, entries[0], recipe, True))))
    theirs = merged(DRIVERS[name](market, sets[0], workload.TREND))
    assert mine == theirs, f"{name}: {sorted(set(mine.items()) ^ set(theirs.items()))[:6]}"
    contenders = {
        "ours": lambda turn: ours.follow(market, entries[turn], recipe, True),
        name: lambda turn: DRIVERS[name](market, sets[turn], workload.TREND),
    }
    seconds = take_turns(contenders, rounds, warm=0)
    # The first call of ours loads compiled code, which `mine` above has done.
    return {
        "bars": bars,
        "fills": {name: len(theirs)},
        "slice": {"seconds": medians(seconds), "ratios": {f"{name} / ours": ratio(seconds, name, "ours")}},
    }

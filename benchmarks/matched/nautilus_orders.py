"""NautilusTrader: a netting account with orders that rest at a simulated exchange, from its own bars.

Its market order fills where the last bar closed, so entries are at the close before, for ours too. The engine keeps bars
between runs, as its manual tells for repeated ones; risk checks, logging and the analysis at the end are off.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.persistence.wranglers import BarDataWrangler
from nautilus_trader.trading.strategy import Strategy

from matched import workload
from matched.event_driven import Peer, Plan, signals_of, without_gaps
from matched.workload import START, TREND, Ladder, Market, Openings

VENUE = Venue("SIM")
ID = InstrumentId(Symbol("BENCH"), VENUE)
INSTRUMENT = Equity(ID, ID.symbol, USD, 0, Price(1, 0), Quantity.from_int(1), 0, 0)
BARS = BarType.from_str(f"{ID}-1-MINUTE-LAST-EXTERNAL")


class Legs(Strategy):  # type: ignore[misc]
    """A limit for each rung, a stop under them and one for the runner, which is modified as it rises."""

    def __init__(self, openings: Openings, ladder: Ladder) -> None:
        super().__init__()
        self.openings, self.ladder, self.signals = openings, ladder, signals_of(openings)
        self.bar = 0
        self.plan: Plan | None = None
        self.runner: Any = None
        self.rows: list[tuple[int, int, int]] = []

    def on_start(self) -> None:
        self.subscribe_bars(BARS)

    def on_bar(self, bar: Any) -> None:
        if self.plan is not None:
            if self.plan.raised(int(bar.high)) and self.runner.is_open:
                self.modify_order(self.runner, trigger_price=Price(self.plan.trail, 0))
        elif self.bar in self.signals:
            self.plan = Plan(self.ladder, *self.openings.numbers(self.signals[self.bar]))
            lots = int(self.openings.lots[self.signals[self.bar]])
            self.submit_order(self.order_factory.market(ID, OrderSide.BUY, Quantity.from_int(lots)))
        self.bar += 1

    def on_position_opened(self, event: Any) -> None:
        plan, make = self.plan, self.order_factory
        assert plan is not None
        for lots, level in plan.rungs:
            self.sell(make.limit, lots, level)
        self.sell(make.stop_market, sum(lots for lots, _ in plan.rungs), plan.stop)
        self.runner = self.sell(make.stop_market, plan.runner, plan.stop)

    def sell(self, make: Callable[..., Any], lots: int, price: int) -> Any:
        order = make(ID, OrderSide.SELL, Quantity.from_int(lots), Price(price, 0), reduce_only=True)
        self.submit_order(order)
        return order

    def on_order_filled(self, event: Any) -> None:
        if event.order_side == OrderSide.SELL:
            self.rows.append((self.bar, int(event.last_px), int(event.last_qty)))

    def on_position_closed(self, event: Any) -> None:
        self.cancel_all_orders(ID)
        self.plan = None


def prepare(market: Market) -> Callable[[Openings, Ladder], Any]:
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True), risk_engine=RiskEngineConfig(bypass=True), run_analysis=False
        )
    )
    engine.add_venue(
        VENUE, oms_type=OmsType.NETTING, account_type=AccountType.MARGIN, base_currency=USD,
        starting_balances=[Money(1e13, USD)],
    )  # fmt: skip
    engine.add_instrument(INSTRUMENT)
    index = pd.date_range(pd.Timestamp(START, unit="us", tz="UTC"), periods=len(market), freq="min")
    frame = pd.DataFrame(dict(zip(("open", "high", "low", "close"), market.floats)), index=index)
    engine.add_data(BarDataWrangler(BARS, INSTRUMENT).process(frame.assign(volume=1e6)))

    def follow(openings: Openings, ladder: Ladder) -> Any:
        engine.reset()
        engine.clear_strategies()
        strategy = Legs(openings, ladder)
        engine.add_strategy(strategy)
        engine.run()
        return np.array(strategy.rows, dtype=np.int64).reshape(-1, 3)

    return follow


def openings_of(market: Market, seed: int) -> Openings:
    bar = workload.openings_of(market, seed).bar
    return without_gaps(market, workload.opened(bar, market.close[bar - 1]), TREND, stops=True)


PEER = Peer(1_000_000, prepare, openings=openings_of)

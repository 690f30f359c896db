"""Rows of an entries file as openings in columns: fill price, stop and lots of each, by the functions of a run.

For runs in which neither equity nor what else is open changes a size (spec P4, F22, F25).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from exitbrain.backtesting.market import Market
from exitbrain.backtesting.settings import EntryOrder, RunSettings
from exitbrain.core.intents import EntryTerms
from exitbrain.core.ladder import StopRule, initial_stop
from exitbrain.core.market import MarketRegime
from exitbrain.core.sizing import lots_of, sizing_of
from exitbrain.kernel.recipes import Entries

Ints = np.ndarray
WIDE = 1 << 62  # beyond what the kernel takes, and still a machine word


def openings(market: Market, rows: Sequence[EntryOrder], settings: Sequence[RunSettings]) -> Entries:
    """Every row opens at the open of its bar. stop and lots have a row for each of `settings`; 0 lots where those
    refuse the entry. Sizes that hang on equity take the initial cash throughout. Rows are in order of bars."""
    bars = np.array([row.bar for row in rows], dtype=np.int64)
    sides = np.array([row.terms.side for row in rows], dtype=np.int64)
    prices = fill_prices(market, bars, sides, settings[0].slippage)
    stops = np.empty((len(settings), len(rows)), dtype=np.int64)
    lots = np.empty((len(settings), len(rows)), dtype=np.int64)
    for one, own_stops, own_lots in zip(settings, stops, lots):
        regimes = regimes_of(market, bars, one)
        equity = Fraction(one.initial_cash)
        for i, (row, price) in enumerate(zip(rows, prices.tolist())):
            stop = initial_stop(price, row.terms.side, market.instrument, _stop_rule(market, row, regimes[i], one))
            own_stops[i] = max(-WIDE, min(stop, WIDE))
            own_lots[i] = min(_lots(market, row.terms, price, stop, equity, one), WIDE)
    return Entries(bar=bars, side=sides, price=prices, stop=stops, lots=lots)


def fill_prices(market: Market, bars: Ints, sides: Ints, slippage: tuple[int, int]) -> Ints:
    """A market order at each open: slippage rounded to a tick against it, never outside the bar."""
    num, den = slippage
    opens, highs, lows = market.open[bars], market.high[bars], market.low[bars]
    bought = np.maximum(np.minimum(-(-opens * (den + num) // den), highs), np.minimum(opens, lows))
    sold = np.minimum(np.maximum(opens * (den - num) // den, lows), np.maximum(opens, highs))
    return np.where(sides > 0, bought, sold)


def regimes_of(market: Market, bars: Ints, settings: RunSettings) -> list[MarketRegime]:
    """The run's fixed regime, else the one at the close before each bar."""
    if settings.regime is not None:
        return [settings.regime] * len(bars)
    return [market.regime_at(bar - 1, settings.thresholds) for bar in bars.tolist()]


def _stop_rule(market: Market, row: EntryOrder, regime: MarketRegime, settings: RunSettings) -> StopRule:
    atr = None
    if settings.stop_atr_mult is not None and row.bar > 0:
        atr = float(market.atr(14)[row.bar - 1])
    return StopRule(
        explicit_price=row.terms.stop_price,
        stop_loss_pct=row.terms.stop_loss_pct,
        atr=atr,
        atr_mult=settings.stop_atr_mult,
        base_fraction=settings.base_stop,
        risk_mode=settings.risk_mode,
        regime=regime,
    )


def _lots(market: Market, terms: EntryTerms, price: int, stop: int, equity: Fraction, settings: RunSettings) -> int:
    instrument = market.instrument
    if terms.side * (price - stop) <= 0:
        return 0
    rule = sizing_of(terms, settings.sizing_by_symbol.get(market.symbol, settings.sizing))
    lots = lots_of(rule, instrument, price, stop, equity)
    if instrument.max_order_quantity is not None:
        lots = min(lots, instrument.lots_down(instrument.max_order_quantity))
    if lots < 1 or (settings.limits.min_trade and not instrument.meets_minimum(price, lots)):
        return 0
    return lots

"""A run's books as the columns that measures read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from exitbrain.analysis.columns import STILL_OPEN, BarColumns, EquityColumns, LegColumns, SetColumns
from exitbrain.backtesting.market import Market
from exitbrain.backtesting.position import OpenPosition
from exitbrain.core.lifecycle import LegRow, Lifecycle

FEE_UNIT = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedSet:
    """A lifecycle with the market and the position that made it."""

    lifecycle: Lifecycle
    market: Market
    position: OpenPosition


def in_order(sets: Iterable[BookedSet]) -> list[BookedSet]:
    """By opened_at, symbol, order of opening (spec F46)."""
    return sorted(sets, key=lambda one: (one.lifecycle.opened_at, one.market.symbol, one.position.number))


def _floats(values: Iterable[float]) -> np.ndarray:
    return np.array(list(values), dtype=np.float64)


def _integers(values: Iterable[int]) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def funding_total(lifecycle: Lifecycle) -> Decimal:
    return sum((payment.amount for payment in lifecycle.funding), Decimal(0))


def net_units(lifecycle: Lifecycle) -> Decimal:
    """Net P&L as an exact decimal: realized − fees + funding."""
    unit = lifecycle.instrument.money_unit
    fees = Decimal(lifecycle.fees).scaleb(-8) + unit * lifecycle.fee_cost
    return unit * lifecycle.realized - fees + funding_total(lifecycle)


def set_columns(sets: Sequence[BookedSet]) -> SetColumns:
    lifecycles = [one.lifecycle for one in sets]
    units = [float(one.market.instrument.money_unit) for one in sets]
    net = [net_units(lifecycle) for lifecycle in lifecycles]
    risk = [
        float(one.instrument.money_unit * Decimal(int(one.initial_risk))) if one.initial_risk else float("nan")
        for one in lifecycles
    ]
    ticks = [one.position.initial_risk for one in sets]
    mfe = [float(one.lifecycle.mfe / r) if r else float("nan") for one, r in zip(sets, ticks)]
    mae = [float(one.lifecycle.mae / r) if r else float("nan") for one, r in zip(sets, ticks)]
    rungs = [one.position.opening_ladder.rungs for one in sets]
    return SetColumns(
        set_id=[lifecycle.set_id for lifecycle in lifecycles],
        symbol=[lifecycle.symbol for lifecycle in lifecycles],
        side=np.array([lifecycle.side for lifecycle in lifecycles], dtype=np.int8),
        opened_at=_integers(lifecycle.opened_at for lifecycle in lifecycles),
        closed_at=_integers(STILL_OPEN if one.closed_at is None else one.closed_at for one in lifecycles),
        bars_held=_integers(one.position.attached["last_bar"] - one.position.entry_bar for one in sets),
        pnl_realized=_floats(unit * one.realized for unit, one in zip(units, lifecycles)),
        fees=_floats(one.fees * FEE_UNIT for one in lifecycles),
        funding=_floats(float(funding_total(one)) for one in lifecycles),
        pnl_net=_floats(float(value) for value in net),
        initial_risk=_floats(risk),
        r_multiple=_floats(
            float(value) / r if one.closed_at is not None else float("nan")
            for value, r, one in zip(net, risk, lifecycles)
        ),
        num_legs=_integers(len(one.rows) for one in lifecycles),
        num_entries=_integers(one.entries for one in lifecycles),
        num_exits=_integers(one.exits for one in lifecycles),
        mfe_r=_floats(mfe),
        mae_r=_floats(mae),
        max_exposure_notional=_floats(unit * one.max_notional for unit, one in zip(units, lifecycles)),
        profile=[one.profile for one in lifecycles],
        regime=[one.regime for one in lifecycles],
        strategy=[one.strategy_id for one in lifecycles],
        entry_reason=[one.rows[0].fill.reason for one in lifecycles],
        exit_reason=[_last_exit(one.rows) for one in lifecycles],
        best_exit_r=_floats(mfe),
        available_r=_floats(mfe),
        risk_per_unit=_floats(
            float(r) * float(one.market.instrument.tick_size) if r else float("nan") for one, r in zip(sets, ticks)
        ),
        multiplier=_floats(float(one.market.instrument.multiplier) for one in sets),
        tp1_r=_floats(float(own[0].r_multiple) if own else float("nan") for own in rungs),
        planned_rungs=_integers(sum(1 << (rung.index - 1) for rung in own if rung.index < 63) for own in rungs),
    )


def _last_exit(rows: Sequence[LegRow]) -> str | None:
    return next((row.fill.reason for row in reversed(rows) if row.is_exit), None)


def leg_columns(sets: Sequence[BookedSet]) -> LegColumns:
    rows = [(i, one.lifecycle, row) for i, one in enumerate(sets) for row in one.lifecycle.rows]
    lot = [float(one.market.instrument.lot_size) for one in sets]
    tick = [one.market.instrument.tick_size for one in sets]
    unit = [float(one.market.instrument.money_unit) for one in sets]
    realized = [unit[i] * row.realized for i, _, row in rows]
    return LegColumns(
        set_index=_integers(i for i, _, _ in rows),
        time=_integers(row.fill.time for _, _, row in rows),
        is_entry=np.array([row.is_entry for _, _, row in rows], dtype=bool),
        side=np.array([row.fill.side for _, _, row in rows], dtype=np.int8),
        quantity=_floats(lot[i] * row.lots for i, _, row in rows),
        price=_floats(float(tick[i] * row.fill.ticks) for i, _, row in rows),
        fees=_floats(row.fee * FEE_UNIT for _, _, row in rows),
        realized_pnl=_floats(realized),
        reason=[row.fill.reason or "" for _, _, row in rows],
        category=[row.fill.category or "" for _, _, row in rows],
        trigger_id=[row.fill.trigger_id for _, _, row in rows],
        exit_fraction=_floats(
            float("nan") if row.fill.exit_fraction is None else float(row.fill.exit_fraction) for _, _, row in rows
        ),
        r=_floats(
            money / (unit[i] * lifecycle.initial_risk) if lifecycle.initial_risk else float("nan")
            for money, (i, lifecycle, _) in zip(realized, rows)
        ),
    )


def bar_columns(market: Market) -> BarColumns:
    high, low, _ = market.floats
    return BarColumns(time=market.time, high=high, low=low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Step functions of one symbol: from bar `bars[i]` on, after its fills."""

    bars: np.ndarray
    quantity: np.ndarray
    gross: np.ndarray
    cost: np.ndarray
    cash: np.ndarray  # realized − fees + funding


def held(market: Market, sets: Sequence[BookedSet]) -> Held:
    """What the symbol's books held and had earned, changing at event bars only. Sums are exact, then floats."""
    changes: list[tuple[int, int, int, int, int, int, Decimal]] = []
    for order, one in enumerate(sets):
        for row in one.lifecycle.rows:
            side, lots = row.fill.side, row.lots
            moved = side * lots * row.fill.ticks
            cost = moved if row.is_entry else moved + row.realized
            gross = lots if row.is_entry else -lots
            changes.append((row.fill.time, order, side * lots, gross, cost, row.realized, -_money(row.fee)))
        for payment in one.lifecycle.funding:
            changes.append((payment.time, order, 0, 0, 0, 0, payment.amount))
    changes.sort(key=lambda change: change[0])
    times = sorted({change[0] for change in changes})
    unit = market.instrument.money_unit
    columns: list[list[float]] = [[], [], [], []]
    quantity = gross_lots = cost_units = 0
    cash = Decimal(0)
    at = 0
    for time in times:
        while at < len(changes) and changes[at][0] == time:
            _, _, q, g, c, realized, other = changes[at]
            quantity, gross_lots, cost_units = quantity + q, gross_lots + g, cost_units + c
            cash += unit * realized + other
            at += 1
        for column, value in zip(columns, (quantity, gross_lots, unit * cost_units, cash)):
            column.append(float(value))
    return Held(
        bars=np.searchsorted(market.time, np.array(times, dtype=np.int64)),
        quantity=np.array(columns[0]),
        gross=np.array(columns[1]),
        cost=np.array(columns[2]),
        cash=np.array(columns[3]),
    )


def _money(fee: int) -> Decimal:
    return Decimal(fee).scaleb(-8)


def equity_columns(sets: Sequence[BookedSet], markets: Sequence[Market], initial_cash: Decimal) -> EquityColumns:
    """Equity at each bar close of any symbol; a symbol without a bar at that time keeps its last mark."""
    time = markets[0].time if len(markets) == 1 else np.unique(np.concatenate([market.time for market in markets]))
    equity = np.full(len(time), float(initial_cash))
    notional = np.zeros(len(time))
    for market in markets:
        own = held(market, [one for one in sets if one.market is market])
        if not len(own.bars):
            continue
        bar = np.arange(len(time)) if len(markets) == 1 else np.searchsorted(market.time, time, side="right") - 1
        at = np.searchsorted(own.bars, bar, side="right") - 1
        known = (at >= 0) & (bar >= 0)
        index, bar = at[known], bar[known]
        price = market.close[bar].astype(np.float64) * float(market.instrument.money_unit)
        equity[known] += own.cash[index] + own.quantity[index] * price - own.cost[index]
        notional[known] += own.gross[index] * price
    with np.errstate(divide="ignore", invalid="ignore"):
        exposure = np.where(equity > 0, notional / equity, np.where(notional > 0, np.inf, 0.0))
    return EquityColumns(
        time=time,
        timeframe=min(market.timeframe for market in markets),
        equity=equity,
        exposed=exposure,
        initial_cash=float(initial_cash),
    )

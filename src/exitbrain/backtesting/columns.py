"""A run's books as the columns that measures read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.analysis.columns import STILL_OPEN, BarColumns, EquityColumns, LegColumns, SetColumns
from exitbrain.backtesting.market import Market
from exitbrain.backtesting.position import OpenPosition
from exitbrain.core.lifecycle import LegRow, Lifecycle
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import power_of_ten_denominator

if TYPE_CHECKING:
    from exitbrain.backtesting.following import FollowedPosition

FEE_UNIT = 1e-8
FEE_UNITS = 10**8
_PIECE = 2**14


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedSet:
    """A lifecycle with the market and the position that made it."""

    lifecycle: Lifecycle
    market: Market
    position: OpenPosition | FollowedPosition


def in_order(sets: Iterable[BookedSet]) -> list[BookedSet]:
    """By opened_at, symbol, order of opening (spec F46)."""
    return sorted(sets, key=lambda one: (one.lifecycle.opened_at, one.market.symbol, one.position.number))


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """An instrument's steps as floats, and as whole numbers for what is rounded once.

    Money is exact as `units × per_unit − fees × per_fee`, a whole number of 1 ÷ `scale`.
    """

    money: float
    lot: float
    tick: float
    multiplier: float
    per_unit: int
    per_fee: int
    scale: int
    price: tuple[int, int]

    @staticmethod
    def of(instrument: Instrument) -> Units:
        units, scale = power_of_ten_denominator(instrument.money_unit)
        finest = max(scale, FEE_UNITS)
        return Units(
            money=float(instrument.money_unit),
            lot=float(instrument.lot_size),
            tick=float(instrument.tick_size),
            multiplier=float(instrument.multiplier),
            per_unit=units * (finest // scale),
            per_fee=finest // FEE_UNITS,
            scale=finest,
            price=power_of_ten_denominator(instrument.tick_size),
        )


def _units(sets: Sequence[BookedSet]) -> list[Units]:
    known = {id(one.market): one.market for one in sets}
    units = {key: Units.of(market.instrument) for key, market in known.items()}
    return [units[id(one.market)] for one in sets]


def _floats(values: Sequence[float]) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def _integers(values: Sequence[int]) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def _quotient(numerator: int | Fraction, denominator: int | Fraction) -> float:
    """The float nearest to their ratio, by one division of whole numbers; nan where the denominator is 0."""
    if not denominator:
        return math.nan
    return (numerator.numerator * denominator.denominator) / (numerator.denominator * denominator.numerator)


def net_pnl(lifecycle: Lifecycle, units: Units) -> float:
    """Realized − fees + funding, exact and then rounded once."""
    exact = (lifecycle.realized - lifecycle.fee_cost) * units.per_unit - lifecycle.fees * units.per_fee
    if not lifecycle.funding:
        return exact / units.scale
    return float(Fraction(exact, units.scale) + sum(Fraction(payment.amount) for payment in lifecycle.funding))


def _funding(lifecycle: Lifecycle) -> float:
    return float(sum(payment.amount for payment in lifecycle.funding)) if lifecycle.funding else 0.0


def set_columns(sets: Sequence[BookedSet]) -> SetColumns:
    lifecycles = [one.lifecycle for one in sets]
    units = _units(sets)
    money = _floats([own.money for own in units])
    net = _floats([net_pnl(one, own) for one, own in zip(lifecycles, units)])
    risk = _floats(
        [
            int(one.initial_risk) * own.per_unit / own.scale if one.initial_risk else math.nan
            for one, own in zip(lifecycles, units)
        ]
    )
    closed_at = _integers([STILL_OPEN if one.closed_at is None else one.closed_at for one in lifecycles])
    ticks = [one.position.initial_risk for one in sets]
    mfe = _floats([_quotient(one.mfe, r) for one, r in zip(lifecycles, ticks)])
    rungs = [one.position.opening_rungs for one in sets]
    return SetColumns(
        set_id=[lifecycle.set_id for lifecycle in lifecycles],
        symbol=[lifecycle.symbol for lifecycle in lifecycles],
        side=np.array([lifecycle.side for lifecycle in lifecycles], dtype=np.int8),
        opened_at=_integers([lifecycle.opened_at for lifecycle in lifecycles]),
        closed_at=closed_at,
        bars_held=_integers([one.position.attached["last_bar"] - one.position.entry_bar for one in sets]),
        pnl_realized=money * _floats([one.realized for one in lifecycles]),
        fees=_floats([one.fees for one in lifecycles]) * FEE_UNIT,
        funding=_floats([_funding(one) for one in lifecycles]),
        pnl_net=net,
        initial_risk=risk,
        r_multiple=np.where(closed_at == STILL_OPEN, math.nan, net / risk),
        num_legs=_integers([len(one.rows) for one in lifecycles]),
        num_entries=_integers([one.entries for one in lifecycles]),
        num_exits=_integers([one.exits for one in lifecycles]),
        mfe_r=mfe,
        mae_r=_floats([_quotient(one.mae, r) for one, r in zip(lifecycles, ticks)]),
        max_exposure_notional=money * _floats([one.max_notional for one in lifecycles]),
        profile=[one.profile for one in lifecycles],
        regime=[one.regime for one in lifecycles],
        strategy=[one.strategy_id for one in lifecycles],
        entry_reason=[one.rows[0].fill.reason for one in lifecycles],
        exit_reason=[_last_exit(one.rows) for one in lifecycles],
        best_exit_r=mfe,
        available_r=mfe,
        risk_per_unit=_floats([_quotient(r, 1) * own.tick if r else math.nan for r, own in zip(ticks, units)]),
        multiplier=_floats([own.multiplier for own in units]),
        tp1_r=_floats([_quotient(own[0].r_multiple, 1) if own else math.nan for own in rungs]),
        planned_rungs=_integers([sum([1 << (rung.index - 1) for rung in own if rung.index < 63]) for own in rungs]),
    )


def _last_exit(rows: Sequence[LegRow]) -> str | None:
    for row in reversed(rows):
        if row.is_exit:
            return row.fill.reason
    return None


def leg_columns(sets: Sequence[BookedSet]) -> LegColumns:
    counts = [len(one.lifecycle.rows) for one in sets]
    of_set = np.repeat(np.arange(len(sets)), counts)
    rows = [row for one in sets for row in one.lifecycle.rows]
    fills = [row.fill for row in rows]
    units = _units(sets)
    prices = [own.price for own, count in zip(units, counts) for _ in range(count)]
    money = _floats([own.money for own in units])
    risk = _floats([float(one.lifecycle.initial_risk or math.nan) for one in sets])
    realized = money[of_set] * _floats([row.realized for row in rows])
    fractions = [fill.exit_fraction for fill in fills]
    return LegColumns(
        set_index=of_set,
        time=_integers([fill.time for fill in fills]),
        is_entry=np.array([row.is_entry for row in rows], dtype=bool),
        side=np.array([fill.side for fill in fills], dtype=np.int8),
        quantity=_floats([own.lot for own in units])[of_set] * _floats([row.lots for row in rows]),
        price=_floats([fill.ticks * step / scale for fill, (step, scale) in zip(fills, prices)]),
        fees=_floats([row.fee for row in rows]) * FEE_UNIT,
        realized_pnl=realized,
        reason=[fill.reason or "" for fill in fills],
        category=[fill.category or "" for fill in fills],
        trigger_id=[fill.trigger_id for fill in fills],
        exit_fraction=_floats([math.nan if fraction is None else float(fraction) for fraction in fractions]),
        r=realized / (money * risk)[of_set],
        first_part=_first_parts(sets, counts),
    )


def _first_parts(sets: Sequence[BookedSet], counts: Sequence[int]) -> np.ndarray | None:
    """None where no exit of the run could have been cut."""
    if all(one.position.rests is None for one in sets):
        return None
    first = np.arange(sum(counts))
    for start, one in zip(accumulate(counts, initial=0), sets):
        rests = one.position.rests
        for row, of in () if rests is None else rests.first_parts().items():
            first[start + row] = start + of
    return first


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
    units = Units.of(market.instrument)
    time, *changes = _changes(sets, units)
    times = _integers(time)
    order = np.argsort(times, kind="stable")
    times = times[order]
    last = np.flatnonzero(np.diff(times, append=np.iinfo(np.int64).max))
    quantity, gross, cost, cash = (_sums_at(column, order.tolist(), last.tolist()) for column in changes)
    return Held(
        bars=np.searchsorted(market.time, times[last]),
        quantity=_floats(quantity),
        gross=_floats(gross),
        cost=_floats([value * units.per_unit / units.scale for value in cost]),
        cash=_floats([value / units.scale for value in cash]),
    )


def _changes(sets: Sequence[BookedSet], units: Units) -> tuple[list[int], ...]:
    """Columns: time, and what is added to signed lots, gross lots, cost (ticks × lots) and cash (1 ÷ scale)."""
    # Five lists of numbers: a tuple a row would keep the garbage collector busy.
    columns = times, quantity, gross, cost, cash = [], [], [], [], []
    for one in sets:
        for row in one.lifecycle.rows:
            fill, lots, realized = row.fill, row.lots, row.realized
            moved = fill.side * lots
            times.append(fill.time)
            quantity.append(moved)
            gross.append(lots if row.is_entry else -lots)
            # An entry realizes nothing: what it moved is what it cost.
            cost.append(moved * fill.ticks + realized)
            cash.append(realized * units.per_unit - row.fee * units.per_fee)
        for payment in one.lifecycle.funding:
            amount, scale = power_of_ten_denominator(payment.amount)
            assert units.scale % scale == 0, payment
            for column, value in zip(columns, (payment.time, 0, 0, 0, amount * (units.scale // scale))):
                column.append(value)
    return columns


def _sums_at(column: list[int], order: list[int], last: list[int]) -> list[int]:
    """The running sum of a column in an order, at the last row of each step."""
    sums = list(accumulate([column[at] for at in order]))
    return [sums[at] for at in last]


def equity_columns(sets: Sequence[BookedSet], markets: Sequence[Market], initial_cash: Decimal) -> EquityColumns:
    """Equity at each bar close of any symbol; a symbol without a bar at that time keeps its last mark."""
    time = markets[0].time if len(markets) == 1 else np.unique(np.concatenate([market.time for market in markets]))
    equity = np.full(len(time), float(initial_cash))
    notional = np.zeros(len(time))
    for market in markets:
        own = held(market, [one for one in sets if one.market is market])
        if not len(own.bars):
            continue
        # Where in `time` each step begins. Piece by piece, so that only equity and notional take fresh memory.
        starts = own.bars if len(markets) == 1 else np.searchsorted(time, market.time[own.bars])
        for first in range(int(starts[0]), len(time), _PIECE):
            after = min(first + _PIECE, len(time))
            bars = slice(first, after) if len(markets) == 1 else _last_bars(market, time[first:after])
            worth, value = _worth(own, starts, first, after, market.close[bars] * float(market.instrument.money_unit))
            equity[first:after] += worth
            notional[first:after] += value
    broke = ~(equity > 0)
    boundless = broke & (notional > 0)
    exposure = np.divide(notional, equity, out=notional, where=~broke)
    exposure[broke] = 0.0
    exposure[boundless] = np.inf
    return EquityColumns(
        time=time,
        timeframe=min(market.timeframe for market in markets),
        equity=equity,
        exposed=exposure,
        initial_cash=float(initial_cash),
    )


def _worth(own: Held, starts: np.ndarray, first: int, after: int, price: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What was earned with what was held, and its notional, at each of the prices from `first` up to `after`."""
    begin = int(np.searchsorted(starts, first, side="right")) - 1
    steps = slice(begin, int(np.searchsorted(starts, after, side="left")))
    lengths = np.diff(np.maximum(starts[steps], first), append=after)
    quantity, gross, cost, cash = (
        np.repeat(column[steps], lengths) for column in (own.quantity, own.gross, own.cost, own.cash)
    )
    return cash + quantity * price - cost, gross * price


def _last_bars(market: Market, time: np.ndarray) -> np.ndarray:
    """The market's last bar at or before each time."""
    return np.searchsorted(market.time, time, side="right") - 1

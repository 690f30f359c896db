"""Runs of entries whose positions nothing but price moves: followed by the kernel all at once, then booked.

`can_follow` says which runs those are: one symbol, no triggers, no funding, sizes that do not hang on equity, profiles
that the kernel knows. Their sets are those of `simulation`, leg by leg; what only a simulation tells (decisions, events,
plans) is left to one that runs when somebody asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from exitbrain.backtesting.collecting import paused_collector
from exitbrain.backtesting.columns import BookedSet
from exitbrain.backtesting.market import Market
from exitbrain.backtesting.openings import openings, regimes_of
from exitbrain.backtesting.settings import EntryOrder, RunSettings
from exitbrain.core.ladder import Ladder, Rung, compile_ladder
from exitbrain.core.lifecycle import Fill, LegRow, Lifecycle
from exitbrain.core.market import MarketRegime
from exitbrain.core.numbers import ceil_fraction, divide_half_even
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.sizing import sizing_of
from exitbrain.core.timeframes import timeframe_word
from exitbrain.core.triggers import StrategyPlan
from exitbrain.kernel.candles import Candles
from exitbrain.kernel.fills import Fills, follow_entries, reason_of
from exitbrain.kernel.recipes import Costs, Entries, out_of_reach, recipes_of, unsupported

FEE_UNITS = 10**8
FEW_ENTRIES = 64
OF_EQUITY = ("risk", "fraction")


@dataclass(slots=True)
class FollowedPosition:
    """What measures read of a position that was followed. Of the rungs that rested they read numbers and R alone."""

    market: Market
    profile: TPProfile
    side: int
    number: int
    entry_bar: int
    entry_ticks: int
    stop: int
    opened_lots: int
    initial_risk: int
    opening_rungs: tuple[Rung, ...]
    attached: dict[str, Any]
    rests: None = None

    @property
    def opening_ladder(self) -> Ladder:
        instrument = self.market.instrument
        return compile_ladder(self.profile, instrument, self.side, self.entry_ticks, self.stop, self.opened_lots)


def can_follow(
    markets: Mapping[str, Market],
    rows: Mapping[str, Sequence[EntryOrder]],
    registry: ProfileRegistry,
    settings: RunSettings,
    *,
    plan: StrategyPlan | None,
    funding: Mapping[str, Any] | None,
) -> bool:
    """Whether `followed` gives what a simulation would."""
    if plan is not None or funding or len(markets) != 1 or settings.fill_at_close or not settings.use_profiles:
        return False
    ((symbol, market),) = markets.items()
    own = rows.get(symbol, ())
    if len(own) < FEW_ENTRIES or market.first_step is not None or not market.instrument.closing_exempt:
        return False
    if not _sized_alone(market, own, settings) or not _guards_pass(market, settings):
        return False
    if not settings.independent and not _one_at_a_time(own, settings):
        return False
    return all(unsupported(profile) is None for profile in registry.profiles.values())


def _sized_alone(market: Market, rows: Sequence[EntryOrder], settings: RunSettings) -> bool:
    limits = settings.limits
    caps = (
        settings.max_leverage, limits.max_position_risk_pct, limits.max_symbol_exposure_pct,
        limits.max_portfolio_exposure_pct, limits.max_daily_loss_pct, limits.daily_risk_budget_pct,
    )  # fmt: skip
    rule = settings.sizing_by_symbol.get(market.symbol, settings.sizing)
    return all(cap is None for cap in caps) and all(
        sizing_of(terms, rule).mode not in OF_EQUITY for terms in {row.terms for row in rows}
    )


def _guards_pass(market: Market, settings: RunSettings) -> bool:
    """No guard can stop an entry but those of its own fill."""
    limits = settings.limits
    off = (
        limits.max_spread_bps, limits.min_liquidity, limits.max_entries_per_day, limits.allowed_symbols,
        limits.allowed_directions, limits.allowed_categories,
    )  # fmt: skip
    if limits.cooldown_bars or any(limit is not None for limit in off):
        return False
    if limits.stale_after_bars is None or len(market) < 2:
        return True
    return int(np.diff(market.time).max()) <= limits.stale_after_bars * market.timeframe


def _one_at_a_time(rows: Sequence[EntryOrder], settings: RunSettings) -> bool:
    """Entries neither add to, close nor turn an open position, and no two compete at one bar."""
    if settings.max_adds or len({row.bar for row in rows}) < len(rows):
        return False
    return settings.on_opposite == "ignore" or len({row.terms.side for row in rows}) == 1


def followed(
    market: Market,
    rows: Sequence[EntryOrder],
    registry: ProfileRegistry,
    settings: RunSettings,
    run_id: str,
) -> list[BookedSet] | None:
    """The run's sets, in order of opening; None where machine words cannot hold it."""
    entries = openings(market, rows, [settings])
    regimes = regimes_of(market, entries.bar, settings)
    chosen = [
        (row.terms.strategy_id or settings.strategy_id, regime) for row, regime in zip(rows, regimes, strict=True)
    ]
    selected = {key: registry.select(market.symbol, *key).profile for key in set(chosen)}
    profiles = list({profile.name: profile for profile in selected.values()}.values())
    place = {profile.name: i for i, profile in enumerate(profiles)}
    which = np.array([place[selected[key].name] for key in chosen], dtype=np.int64)
    recipes, costs = recipes_of(profiles), _costs(market, settings)
    candles = Candles(market.open, market.high, market.low, market.close)
    if out_of_reach(candles.largest_price, entries, recipes, costs) is not None:
        return None
    fills = follow_entries(candles, entries, recipes, costs, which=which, single=not settings.independent, exact=True)
    with paused_collector():
        return _Booking(market, rows, settings, run_id, entries, fills, chosen, [profiles[i] for i in which]).sets()


def _costs(market: Market, settings: RunSettings) -> Costs:
    instrument = market.instrument
    lots = 1 if instrument.min_quantity is None else Fraction(instrument.min_quantity) / Fraction(instrument.lot_size)
    worth = (
        0 if instrument.min_notional is None else Fraction(instrument.min_notional) / Fraction(instrument.money_unit)
    )
    return Costs(
        slippage=settings.slippage, path=settings.path, through=settings.through, close_at_end=settings.close_at_end,
        min_lots=ceil_fraction(Fraction(lots)), min_worth=ceil_fraction(Fraction(worth)),
        time_stop_bars=settings.time_stop_bars,
    )  # fmt: skip


class _Booking:
    """Fills into lifecycles. A position with one entry releases `lots × entry` exactly, so nothing is rounded."""

    def __init__(
        self, market: Market, rows: Sequence[EntryOrder], settings: RunSettings, run_id: str, entries: Entries,
        fills: Fills, chosen: Sequence[tuple[str, MarketRegime]], profiles: Sequence[TPProfile],
    ) -> None:  # fmt: skip
        self.market, self.rows, self.settings, self.run_id = market, rows, settings, run_id
        self.entries, self.fills, self.chosen, self.profiles = entries, fills, chosen, profiles
        self.timeframe = timeframe_word(market.timeframe)
        unit = Fraction(market.instrument.money_unit) * FEE_UNITS
        rates = (unit * Fraction(market.instrument.taker_fee), unit * Fraction(market.instrument.maker_fee))
        self.rates = [(rate.numerator, rate.denominator) for rate in rates]
        self.rungs: dict[str, tuple[Rung, ...]] = {}

    @cached_property
    def lists(self) -> tuple[list[int], ...]:
        fills = self.fills
        columns = fills.bar, fills.code, fills.price, fills.lots, fills.maker
        return tuple(column.tolist() for column in columns)

    def sets(self) -> list[BookedSet]:
        fills, entries = self.fills, self.entries
        opened = fills.opened
        first = np.searchsorted(fills.position, opened, side="left").tolist()
        end = np.searchsorted(fills.position, opened, side="right").tolist()
        columns = (
            opened, entries.bar[opened], entries.side[opened], entries.price[opened], entries.stop[0][opened],
            entries.lots[0][opened], fills.best[opened], fills.worst[opened], fills.noted[opened],
        )  # fmt: skip
        rows = zip(*(column.tolist() for column in columns))
        times = self.market.time[entries.bar[opened]].tolist()
        self.fill_times = self.market.time[fills.bar].tolist()
        reasons = {code: reason_of(code) for code in set(self.lists[1])}
        return [
            self._set(number, *row, time, a, b, reasons)
            for number, (row, time, a, b) in enumerate(zip(rows, times, first, end), 1)
        ]

    def _fee(self, ticks: int, lots: int, maker: int) -> int:
        num, den = self.rates[maker]
        return divide_half_even(ticks * lots * num, den)

    def _set(
        self, number: int, place: int, bar: int, side: int, price: int, stop: int, lots: int, best: int, worst: int,
        noted: int, time: int, first: int, end: int, reasons: Mapping[int, str],
    ) -> BookedSet:  # fmt: skip
        market, row, profile = self.market, self.rows[place], self.profiles[place]
        own = f"{market.symbol}-{number}."
        lifecycle = Lifecycle(market.symbol, market.instrument, self.timeframe, self.run_id, side, time)
        fee = self._fee(price, lots, 0)
        fill = Fill(own + "1", time, side, lots, price, fee, row.tag, "other", row.tag)
        held = side * lots
        lifecycle.add(LegRow(fill, 0, lots, fee, True, held * price, held, 0, held))
        bars, codes, prices, parts, makers = self.lists
        last_bar = bar
        for at in range(first, end):
            part, ticks, maker = parts[at], prices[at], makers[at]
            fee = self._fee(ticks, part, maker)
            fill = Fill(
                own + str(at - first + 2), self.fill_times[at], -side, part, ticks, fee, None, "plan", reasons[codes[at]],
                None, bool(maker),
            )  # fmt: skip
            after = held - side * part
            lifecycle.add(LegRow(fill, 0, part, fee, False, held * price, held, side * part * (ticks - price), after))
            held, last_bar = after, bars[at]
        if not held:
            lifecycle.closed_at = lifecycle.rows[-1].fill.time
        lifecycle.initial_risk = lots * abs(price - stop)
        lifecycle.mfe, lifecycle.mae = max(0, side * (best - price)), min(0, side * (worst - price))
        strategy_id, regime = self.chosen[place]
        lifecycle.profile, lifecycle.regime, lifecycle.strategy_id = profile.name, str(regime), strategy_id
        position = FollowedPosition(
            market, profile, side, number, bar, price, stop, lots, abs(price - stop), (),
            {"last_bar": last_bar, "strategy_id": strategy_id},
        )  # fmt: skip
        position.opening_rungs = self._rungs(position, noted)
        return BookedSet(lifecycle=lifecycle, market=market, position=position)  # type: ignore[arg-type]

    def _rungs(self, position: FollowedPosition, noted: int) -> tuple[Rung, ...]:
        """Where every rung rests, those of one position serve all of its profile."""
        if noted:
            return position.opening_ladder.rungs
        name = position.profile.name
        if name not in self.rungs:
            self.rungs[name] = position.opening_ladder.rungs
        return self.rungs[name]

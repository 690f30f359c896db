"""A plan's triggers bound to the bars of a run: what each rule says at each close, and which bars are worth asking.

A rule that reads no position feature is a column of truths, so the bars at which a trigger can do something are known
beforehand: where its rule is true, and where a rule that has to turn false before it fires again turns false. A rule
that reads the position is asked at every bar while it matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.backtesting.position import OpenPosition
from exitbrain.core.numbers import decimal_of, fraction_of
from exitbrain.core.rules import check_rule
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.core.triggers import Direction, Rearm, StrategyPlan, TriggerCategory, TriggerCondition
from exitbrain.features.binding import FLAT, BoundRule
from exitbrain.features.catalogue import FeatureCatalogue
from exitbrain.features.computing import Bars
from exitbrain.features.table import FeatureTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.backtesting.market import Market
    from exitbrain.backtesting.settings import RunSettings
    from exitbrain.core.rules import Truth, Value

SIDES = {Direction.LONG: 1, Direction.SHORT: -1}


def feature_table(market: Market, settings: RunSettings) -> FeatureTable:
    high, low, close = market.floats
    return FeatureTable(
        bars=Bars(
            time=market.time, open=market.opens, high=high, low=low, close=close,
            volume=np.asarray(market.volume, dtype=np.float64),
        ),
        timeframe=market.timeframe,
        spread_bps=market.spread_bps,
        default_spread_bps=settings.spread_bps,
        thresholds=settings.thresholds,
    )  # fmt: skip


class RuleOnBars:
    """One rule over the bars of its timeframe, asked at bars of the run."""

    def __init__(self, text: str, table: FeatureTable, timeframe: int, places: NDArray[np.int64] | None) -> None:
        self.text = text
        self.rule = BoundRule(check_rule(text, FeatureCatalogue(), timeframe), table)
        self._places = places

    @property
    def reads_position(self) -> bool:
        return self.rule.reads_position

    def at(self, bar: int, position: Mapping[str, Value]) -> Truth:
        place = bar if self._places is None else int(self._places[bar])
        return None if place < 0 else self.rule.at(place, position)

    def truths(self, bars: int) -> NDArray[np.int8]:
        """1 true, 0 false, -1 unknown at each bar of the run; only for a rule that reads no position."""
        column = np.asarray(self.rule.truths, dtype=np.int8)
        if self._places is None:
            return column
        return np.append(column, -1).astype(np.int8)[self._places]


@dataclass(frozen=True, kw_only=True)
class BoundTrigger:
    """A trigger with its rules bound. `asked` is None where it is asked at every bar of the run."""

    condition: TriggerCondition
    bars: int
    entry: RuleOnBars | None
    exit: RuleOnBars | None
    hold: RuleOnBars | None
    asked: NDArray[np.bool_] | None = None

    @property
    def id(self) -> str:
        return self.condition.id

    @cached_property
    def side(self) -> int:
        """+1 or -1 for what it enters, 0 for what only exits."""
        return SIDES.get(self.condition.direction, 0)

    @cached_property
    def fraction(self) -> Fraction | None:
        given = self.condition.exit_fraction
        return None if given is None else fraction_of(given)

    @cached_property
    def rearms(self) -> bool:
        """Whether a firing is used up until the rule has been false (spec T6, F14)."""
        if self.fraction is None:
            return self.condition.category is TriggerCategory.RISK_REDUCE
        return self.fraction < 1

    def is_asked(self, bar: int) -> bool:
        return self.asked is None or bool(self.asked[bar])

    def speaks_to(self, position: OpenPosition) -> bool:
        """An exit rule speaks to any position where the direction is flat or exit, else to its own (spec F12)."""
        return self.side in (0, position.side)

    def fires(self, position: OpenPosition, bar: int, view: Mapping[str, Value]) -> bool:
        """Whether its exit rule fires for this position now; a definite false re-arms it on the way."""
        if self.exit is None or not self.speaks_to(position) or not self.is_asked(bar):
            return False
        truth = self.exit.at(bar, view)
        used: set[str] = position.attached["used"]
        if self.rearms and truth is False and self.condition.rearm is Rearm.EDGE:
            used.discard(self.id)
        if truth is not True:
            return False
        return not self.rearms or self.condition.rearm is Rearm.EVERY_BAR or self.id not in used

    @cached_property
    def exit_bars(self) -> NDArray[np.bool_] | None:
        """Bars at which the exit rule fires or may re-arm; None where every bar has to be asked."""
        if self.exit is None:
            return np.zeros(self.bars, dtype=bool)
        if self.exit.reads_position:
            return None
        truths = self.exit.truths(self.bars)
        marks = truths == 1
        if self.rearms:
            marks = marks | ((truths == 0) & (np.r_[np.int8(-1), truths[:-1]] != 0))
            if self.asked is not None:
                marks = marks | ((truths == 0) & self.asked)
        return marks if self.asked is None else marks & self.asked

    @cached_property
    def entry_bars(self) -> NDArray[np.bool_] | None:
        if self.entry is None or not self.side:
            return np.zeros(self.bars, dtype=bool)
        if self.entry.reads_position:
            return None
        marks = self.entry.truths(self.bars) == 1
        return marks if self.asked is None else marks & self.asked


def bind_triggers(
    plan: StrategyPlan, market: Market, table: FeatureTable
) -> tuple[tuple[BoundTrigger, ...], RuleOnBars | None]:
    """The triggers of this symbol in plan order, and the plan's risk_regime_rule over this symbol's bars."""
    triggers = tuple(_bind(one, market, table) for one in plan.triggers if one.symbol == market.symbol)
    text = plan.risk_regime_rule.strip()
    return triggers, RuleOnBars(text, table, market.timeframe, None) if text else None


def _bind(condition: TriggerCondition, market: Market, table: FeatureTable) -> BoundTrigger:
    timeframe = market.timeframe if condition.timeframe is None else timeframe_microseconds(condition.timeframe)
    own, places, asked = table, None, None
    if timeframe != market.timeframe:
        own, higher = table.at_timeframe(timeframe), table.higher(timeframe)
        places, asked = higher.last_closed, higher.closes_here

    def bound(text: str) -> RuleOnBars | None:
        return RuleOnBars(text, own, timeframe, places) if text.strip() else None

    return BoundTrigger(
        condition=condition,
        bars=len(market),
        entry=bound(condition.entry_rule),
        exit=bound(condition.exit_rule),
        hold=bound(condition.hold_rule),
        asked=asked,
    )


class Calendar:
    """Which bars of one symbol have to be asked: always, and while a position is open."""

    def __init__(self, triggers: Sequence[BoundTrigger], bars: int, *, every_bar: bool) -> None:
        self.always = every_bar or any(trigger.entry_bars is None for trigger in triggers)
        self.while_open = self.always or any(trigger.exit_bars is None for trigger in triggers)
        self.entries = self._bars([trigger.entry_bars for trigger in triggers], bars)
        self.exits = self._bars([trigger.exit_bars for trigger in triggers], bars)

    @staticmethod
    def _bars(marks: Sequence[Any], bars: int) -> NDArray[np.int64]:
        known = [mark for mark in marks if mark is not None]
        return np.flatnonzero(np.any(known, axis=0)) if known else np.empty(0, dtype=np.int64)

    def next_exit(self, bar: int) -> int | None:
        """The first bar after `bar` at which an open position has to be asked about."""
        if self.while_open:
            return bar + 1
        at = int(np.searchsorted(self.exits, bar, side="right"))
        return int(self.exits[at]) if at < len(self.exits) else None


def position_view(position: OpenPosition | None, market: Market, bar: int) -> Mapping[str, Value]:
    """The position features at a bar's close (spec T5)."""
    if position is None:
        return FLAT
    lifecycle, books = position.attached["lifecycle"], position.attached["books"]
    average = abs(Fraction(books.position.cost_basis)) / position.lots
    tick = Fraction(market.instrument.tick_size)
    risk, side = position.initial_risk, position.side
    is_long = side > 0
    return {
        "position": "long" if is_long else "short",
        "is_flat": False,
        "is_long": is_long,
        "is_short": not is_long,
        "bars_held": float(bar - position.entry_bar),
        "unrealized_r": float(side * (int(market.close[bar]) - average) / risk),
        "mfe_r": float(max(Fraction(0), side * (position.peak_ticks - position.entry_ticks) / risk)),
        "mae_r": float(min(Fraction(0), side * (position.worst_ticks - position.entry_ticks) / risk)),
        "entry_price": float(average * tick),
        "stop_price": float(decimal_of(market.instrument.price(position.stop_ticks))),
        "position_fraction": position.lots / lifecycle.max_quantity,
    }

"""A plan's triggers bound to the bars of a run: what each rule says at each close, and which bars are worth asking.

A rule that reads no position feature is a column of truths; `asking` makes of all of them which bars are worth asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.backtesting.position import OpenPosition
from exitbrain.core.position_features import PositionView
from exitbrain.core.rules import check_rule
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.core.trigger_intents import (
    entry_intent,
    exit_intent,
    fires,
    is_armed_again,
    rearms,
    side_of,
    speaks_to,
)
from exitbrain.core.triggers import Rearm, StrategyPlan, TriggerCondition
from exitbrain.features.binding import FLAT, BoundRule, position_columns
from exitbrain.features.catalogue import FeatureCatalogue
from exitbrain.features.computing import Bars
from exitbrain.features.table import FeatureTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.backtesting.market import Market
    from exitbrain.backtesting.settings import RunSettings
    from exitbrain.core.intents import Intent
    from exitbrain.core.market import Instrument
    from exitbrain.core.rules import Truth, Value
    from exitbrain.features.binding import PositionColumns


def feature_table(market: Market, settings: RunSettings) -> FeatureTable:
    """Kept with the market, so that several runs over it compute a feature once."""
    tables: dict[object, FeatureTable] = market.__dict__.setdefault("_tables", {})
    key = settings.spread_bps, settings.thresholds
    if key not in tables:
        tables[key] = _feature_table(market, settings)
    return tables[key]


def _feature_table(market: Market, settings: RunSettings) -> FeatureTable:
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

    def truths(self) -> NDArray[np.int8]:
        """1 true, 0 false, -1 unknown at each bar of the run; only for a rule that reads no position."""
        return self._on_run(self.rule.truths)

    def known_truths(self, bars: int) -> NDArray[np.int8]:
        """The same for a rule that reads the position, -1 also where its answer hangs on that."""
        return self._on_run(self.rule.known_truths) if self.rule.is_pointwise else np.full(bars, -1, dtype=np.int8)

    def truths_at(self, bars: NDArray[np.int64], position: PositionColumns) -> NDArray[np.int8]:
        """A position-reading rule at some bars, the position's features being columns of the same length."""
        return self.rule.truths_at(bars if self._places is None else self._places[bars], position)

    def _on_run(self, column: NDArray[np.int8]) -> NDArray[np.int8]:
        return column if self._places is None else np.append(column, np.int8(-1))[self._places]


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
        return side_of(self.condition)

    @cached_property
    def rearms(self) -> bool:
        return rearms(self.condition)

    def is_asked(self, bar: int) -> bool:
        return self.asked is None or bool(self.asked[bar])

    def fires(self, position: OpenPosition, bar: int, view: Mapping[str, Value]) -> bool:
        """Whether its exit rule fires for this position now; a definite false re-arms it on the way."""
        if self.exit is None or not speaks_to(self.condition, position.side) or not self.is_asked(bar):
            return False
        truth = self.exit.at(bar, view)
        used: dict[str, int] = position.attached["used"]
        if self.id in used and is_armed_again(self.condition, truth):
            del used[self.id]
            position.attached.pop("visit", None)
        return fires(self.condition, truth, is_used=self.id in used)

    @property
    def fires_again(self) -> bool:
        return self.condition.rearm is Rearm.EVERY_BAR

    @cached_property
    def exit_marks(self) -> NDArray[np.bool_] | None:
        """Bars at which the exit rule is true; None where that hangs on the position."""
        return self._marks(self.exit)

    @cached_property
    def entry_marks(self) -> NDArray[np.bool_] | None:
        return self._marks(self.entry if self.side else None)

    def _marks(self, rule: RuleOnBars | None) -> NDArray[np.bool_] | None:
        if rule is None:
            return np.zeros(self.bars, dtype=bool)
        return None if rule.reads_position else self._when_asked(rule.truths() == 1)

    def _when_asked(self, marks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        return marks if self.asked is None else marks & self.asked

    @property
    def foresees_entry(self) -> bool:
        return self.entry is None or not self.entry.reads_position or self.entry.rule.is_pointwise

    @cached_property
    def flat_entry_marks(self) -> NDArray[np.bool_]:
        """Bars at which the entry rule fires for a flat symbol, or may where that is not foreseen."""
        if self.entry_marks is not None:
            return self.entry_marks
        assert self.entry is not None
        if not self.foresees_entry:
            return self._when_asked(np.ones(self.bars, dtype=bool))
        every = np.arange(self.bars)
        return self._when_asked(self.entry.truths_at(every, position_columns(FLAT, self.bars)) == 1)

    @cached_property
    def _exit_falses(self) -> NDArray[np.bool_]:
        """Where an exit rule that reads no position is asked and definitely false."""
        assert self.exit is not None
        return self._when_asked(self.exit.truths() == 0)

    def next_false(self, bar: int) -> int | None:
        """The first such bar after `bar`."""
        ahead = self._exit_falses[bar + 1 :]
        place = int(ahead.argmax()) if len(ahead) else 0
        return bar + 1 + place if len(ahead) and ahead[place] else None

    @cached_property
    def exit_intent(self) -> Intent:
        return exit_intent(self.condition)

    @cached_property
    def entry_intent(self) -> Intent:
        return entry_intent(self.condition)


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


def position_view(position: OpenPosition | None, market: Market, bar: int) -> Mapping[str, Value]:
    """The position features at a bar's close (spec T5), each computed when it is read."""
    return FLAT if position is None else PositionView(_AtClose(position, market, bar))


class _AtClose:
    """A run's position as `core.position_features` wants it."""

    __slots__ = ("bar", "market", "position")

    def __init__(self, position: OpenPosition, market: Market, bar: int) -> None:
        self.position, self.market, self.bar = position, market, bar

    @property
    def side(self) -> int:
        return self.position.side

    @property
    def bars_held(self) -> int:
        return self.bar - self.position.entry_bar

    @property
    def close(self) -> int:
        return int(self.market.close[self.bar])

    @property
    def average(self) -> Fraction:
        return abs(Fraction(self.position.attached["books"].position.cost_basis)) / self.position.lots

    @property
    def entry(self) -> int:
        return self.position.entry_ticks

    @property
    def risk(self) -> Fraction:
        return self.position.initial_risk

    @property
    def peak(self) -> int:
        return self.position.peak_ticks

    @property
    def worst(self) -> int:
        return self.position.worst_ticks

    @property
    def stop(self) -> int:
        return self.position.stop_ticks

    @property
    def lots(self) -> int:
        return self.position.lots

    @property
    def most(self) -> int:
        return int(self.position.attached["lifecycle"].max_quantity)

    @property
    def instrument(self) -> Instrument:
        return self.market.instrument

"""A plan's triggers bound to the bars of a run: what each rule says at each close, and which bars are worth asking.

A rule that reads no position feature is a column of truths; `asking` makes of all of them which bars are worth asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.backtesting.position import OpenPosition
from exitbrain.core.intents import EntryTerms, Intent, Kind, exit_kind
from exitbrain.core.numbers import decimal_of, fraction_of
from exitbrain.core.rules import check_rule
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.core.triggers import Direction, Rearm, StrategyPlan, TriggerCategory, TriggerCondition
from exitbrain.features.binding import FLAT, BoundRule, position_columns
from exitbrain.features.catalogue import FeatureCatalogue
from exitbrain.features.computing import Bars
from exitbrain.features.table import FeatureTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.backtesting.market import Market
    from exitbrain.backtesting.settings import RunSettings
    from exitbrain.core.rules import Truth, Value
    from exitbrain.features.binding import PositionColumns

SIDES = {Direction.LONG: 1, Direction.SHORT: -1}


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
        used: dict[str, int] = position.attached["used"]
        if self.rearms and truth is False and self.condition.rearm is Rearm.EDGE and self.id in used:
            del used[self.id]
            position.attached.pop("visit", None)
        if truth is not True:
            return False
        return not self.rearms or self.condition.rearm is Rearm.EVERY_BAR or self.id not in used

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
        return Intent(
            kind=exit_kind(self.condition.category),
            trigger_id=self.id,
            category=self.condition.category.value,
            grade=self.condition.confidence_grade,
            exit_fraction=self.fraction,
            from_trigger=True,
        )

    @cached_property
    def entry_intent(self) -> Intent:
        percent = self.condition.stop_loss_pct
        return Intent(
            kind=Kind.ENTRY,
            trigger_id=self.id,
            category=self.condition.category.value,
            grade=self.condition.confidence_grade,
            entry=EntryTerms(side=self.side, stop_loss_pct=None if percent is None else decimal_of(percent)),
            from_trigger=True,
        )


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
    return FLAT if position is None else PositionView(position, market, bar)


class PositionView(Mapping[str, "Value"]):
    """An open position as rules see it. It looks at the position as it is now, so it is of use at that close only."""

    __slots__ = ("bar", "market", "position")

    def __init__(self, position: OpenPosition, market: Market, bar: int) -> None:
        self.position, self.market, self.bar = position, market, bar

    def __getitem__(self, name: str) -> Value:
        return _FEATURES[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(_FEATURES)

    def __len__(self) -> int:
        return len(_FEATURES)

    @property
    def average(self) -> Fraction:
        return abs(Fraction(self.position.attached["books"].position.cost_basis)) / self.position.lots

    def in_r(self, ticks: int) -> Fraction:
        return ticks / Fraction(self.position.initial_risk)


_FEATURES: dict[str, Callable[[PositionView], Value]] = {
    "position": lambda view: "long" if view.position.side > 0 else "short",
    "is_flat": lambda view: False,
    "is_long": lambda view: view.position.side > 0,
    "is_short": lambda view: view.position.side < 0,
    "bars_held": lambda view: float(view.bar - view.position.entry_bar),
    "unrealized_r": lambda view: float(
        view.position.side * (int(view.market.close[view.bar]) - view.average) / view.position.initial_risk
    ),
    "mfe_r": lambda view: max(
        0.0, float(view.in_r(view.position.side * (view.position.peak_ticks - view.position.entry_ticks)))
    ),
    "mae_r": lambda view: min(
        0.0, float(view.in_r(view.position.side * (view.position.worst_ticks - view.position.entry_ticks)))
    ),
    "entry_price": lambda view: float(view.average * Fraction(view.market.instrument.tick_size)),
    "stop_price": lambda view: float(decimal_of(view.market.instrument.price(view.position.stop_ticks))),
    "position_fraction": lambda view: view.position.lots / view.position.attached["lifecycle"].max_quantity,
}

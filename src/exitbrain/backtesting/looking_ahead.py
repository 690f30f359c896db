"""When an open position's own rules will next have something to say, valued over many bars at once.

Until its next fill a position is what it is: quantity, cost and stop stand, bars held counts up, profit follows the
close and the excursions follow highs and lows. So its features are columns up to that fill, which a copy of the walk
finds. Quotients of whole numbers below 2^53 are the floats that exact arithmetic gives; beyond, every bar is asked.

What is valued here only says which bars to visit. A visited bar is decided as any other, so a visit too many costs time
and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.core import walk as rules
from exitbrain.core.numbers import decimal_of
from exitbrain.core.rules import POSITION_FEATURES
from exitbrain.core.trigger_intents import speaks_to
from exitbrain.core.triggers import Rearm
from exitbrain.features.columns import TextColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.backtesting.position import OpenPosition
    from exitbrain.backtesting.triggers import BoundTrigger, RuleOnBars

    Bars = NDArray[np.int64]

NEAR, FAR = 128, 1 << 16
EXACT = 1 << 53
NO_TRACE = np.zeros(0, dtype=np.int64)


class Loose:
    """A trigger's rule that reads the position."""

    def __init__(self, trigger: BoundTrigger, rule: RuleOnBars | None, *, is_entry: bool) -> None:
        assert rule is not None
        self.trigger, self.rule, self.is_entry = trigger, rule, is_entry

    @cached_property
    def can_be_true(self) -> Bars:
        return self._bars_without(0)

    @cached_property
    def can_be_false(self) -> Bars:
        return self._bars_without(1)

    def _bars_without(self, truth: int) -> Bars:
        marks = self.rule.known_truths(self.trigger.bars) != truth
        return np.flatnonzero(marks if self.trigger.asked is None else marks & self.trigger.asked)

    def waits_for(self, position: OpenPosition) -> bool | None:
        """Which answer would change something: None where neither does."""
        if self.is_entry:
            return True
        trigger = self.trigger
        if not speaks_to(trigger.condition, position.side):
            return None
        if not trigger.rearms or trigger.fires_again or trigger.id not in position.attached["used"]:
            return True
        return False if trigger.condition.rearm is Rearm.EDGE else None


def next_visit(position: OpenPosition, bar: int, loose: Sequence[Loose]) -> int:
    """The first bar after `bar` at which one of these rules fires or re-arms, or until which nothing is known."""
    if not all(one.rule.rule.is_pointwise for one in loose):
        return bar + 1
    last = len(position.market) - 1
    span = position.attached.get("span", NEAR)
    end = min(bar + span, last)
    if end <= bar or not _can_look(position, bar):
        return bar + 1
    fill = _first_fill(position, end + 1)
    end = end if fill is None else fill
    ahead = _Ahead(position, bar, end)
    if not ahead.is_exact:
        return bar + 1
    found = end
    for one in loose:
        awaited = one.waits_for(position)
        if awaited is not None:
            bars = _between(one.can_be_true if awaited else one.can_be_false, bar, found)
            if len(bars):
                hits = bars[one.rule.truths_at(bars, ahead.at(bars)) == int(awaited)]
                found = min(found, int(hits[0])) if len(hits) else found
    quiet = found == bar + span and fill is None
    position.attached["span"] = min(2 * span, FAR) if quiet else NEAR
    return found


def _between(bars: Bars, after: int, until: int) -> Bars:
    first, end = bars.searchsorted((after, until), side="right")
    return bars[first:end]


def _can_look(position: OpenPosition, bar: int) -> bool:
    """Whether the walk stands before the next bar's open, and nothing but price moves this position."""
    if position.rests is not None or position.adaptive_base is not None or position.market.first_step is not None:
        return False
    return int(position.state[rules.STEP]) == bar + 1 and int(position.state[rules.PHASE]) == 0


def _first_fill(position: OpenPosition, until: int) -> int | None:
    """The bar of the next fill of a resting leg before `until`, walked on a copy."""
    state, fills = position.state.copy(), position.fills.copy()
    meet, level, lots, *others = position.rungs
    function = position.market.compiled_walk if position.compiled else rules.walk
    market = position.market
    columns: Any = market.steps(position.side) if position.compiled else market.lists[position.side]
    function(
        *columns, position.distances, until, 0, position.side, position.path, *position.slip,
        state, fills, NO_TRACE, meet, level, lots.copy(), *others, *position.callbacks,
    )  # fmt: skip
    if int(state[rules.FILLS]) == position.seen_fills:
        return None
    return int(fills[position.seen_fills * rules.FILL_SIZE])


class _Ahead:
    """A position's features at bars after `bar` and up to `end`, if nothing fills before."""

    def __init__(self, position: OpenPosition, bar: int, end: int) -> None:
        self._position, self._bar, self._end = position, bar, end
        self._side, self._market = position.side, position.market
        self._risk = Fraction(position.initial_risk)
        self._cost = abs(Fraction(position.attached["books"].position.cost_basis))
        self._average = self._cost / position.lots

    @property
    def is_exact(self) -> bool:
        """Whether every quotient is one of whole numbers that floats hold."""
        risk, average = self._risk, self._average
        largest = 2 * self._market.largest_price
        return (
            (largest * average.denominator + abs(average.numerator)) * risk.denominator < EXACT
            and average.denominator * risk.numerator < EXACT
            and risk.numerator > 0
        )

    def at(self, bars: Bars) -> _AheadAt:
        return _AheadAt(self, bars)

    def column(self, name: str, bars: Bars) -> Any:
        """A feature at these bars, in the form that `features.columns` reads."""
        position, side = self._position, self._side
        match name:
            case "position":
                return TextColumn(np.zeros(len(bars), dtype=np.int64), ("long" if side > 0 else "short",))
            case "is_flat" | "is_long" | "is_short":
                truth = {"is_flat": 0, "is_long": int(side > 0), "is_short": int(side < 0)}[name]
                return np.full(len(bars), truth, dtype=np.int8)
            case "bars_held":
                return (bars - position.entry_bar).astype(np.float64)
            case "unrealized_r":
                return self._unrealized(bars)
            case "mfe_r":
                return np.maximum(0.0, self._in_r(self._best[bars - self._bar - 1] - side * position.entry_ticks))
            case "mae_r":
                return np.minimum(0.0, self._in_r(self._worst[bars - self._bar - 1] - side * position.entry_ticks))
            case "entry_price":
                value = float(self._average * Fraction(self._market.instrument.tick_size))
            case "stop_price":
                value = float(decimal_of(self._market.instrument.price(position.stop_ticks)))
            case _:
                assert name == "position_fraction", name
                value = position.lots / position.attached["lifecycle"].max_quantity
        return np.full(len(bars), value)

    def _unrealized(self, bars: Bars) -> NDArray[np.float64]:
        average, risk = self._average, self._risk
        moved = self._side * (self._market.close[bars] * average.denominator - average.numerator)
        return moved * risk.denominator / float(average.denominator * risk.numerator)

    def _in_r(self, ticks: Bars) -> NDArray[np.float64]:
        return ticks * self._risk.denominator / float(self._risk.numerator)

    @cached_property
    def _best(self) -> Bars:
        highs = self._market.steps(self._side)[1][self._bar + 1 : self._end + 1]
        return np.maximum(np.maximum.accumulate(highs), int(self._position.state[rules.PEAK]))

    @cached_property
    def _worst(self) -> Bars:
        lows = self._market.steps(self._side)[2][self._bar + 1 : self._end + 1]
        return np.minimum(np.minimum.accumulate(lows), int(self._position.state[rules.WORST]))


class _AheadAt(Mapping[str, Any]):
    """Each feature at some bars, computed when a rule reads it."""

    def __init__(self, ahead: _Ahead, bars: Bars) -> None:
        self._ahead, self._bars = ahead, bars

    def __getitem__(self, name: str) -> Any:
        return self._ahead.column(name, self._bars)

    def __iter__(self) -> Iterator[str]:
        return iter(POSITION_FEATURES)

    def __len__(self) -> int:
        return len(POSITION_FEATURES)

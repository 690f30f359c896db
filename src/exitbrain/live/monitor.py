"""The monitor: events in, what to send out. No clock, no wire: whoever runs it brings both.

    monitor = Monitor(recorded, planner, markets=markets)
    effects = monitor.take(event, now)              # Send, Cancel, Ask, Alert: to be carried out
    effects = monitor.bar_closed("BTCUSDT", bar, now)

It only leaves: it looks after positions that others open, and never opens one. Questions for a plan are answered inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from exitbrain.core.live.book import State
from exitbrain.core.live.events import (
    Alert,
    Ask,
    BarSeen,
    Effect,
    Event,
    FlattenAsked,
    Mode,
    PlanGiven,
    Question,
    ReduceAsked,
    Ticked,
)
from exitbrain.errors import InvalidInput

if TYPE_CHECKING:  # features are not loaded by who only protects
    from exitbrain.features.lines import ClosedBar
    from exitbrain.live.watching import LiveMarket


class Core(Protocol):
    """`live.recording.Recorded`: behind a journal."""

    state: State

    def take(self, event: Event, now: int) -> tuple[Effect, ...]: ...


class Planner(Protocol):
    def plan(self, key: str, epoch: int, lots: int, entry: Fraction, now: int) -> PlanGiven | FlattenAsked | None: ...

    def bar_seen(self, key: str, bar: ClosedBar, timeframe: int) -> BarSeen: ...


class Decider(Protocol):
    """Asked at closed bars: events for the core, in order (live.deciding)."""

    def decide(self, bars: Mapping[str, ClosedBar], now: int) -> Iterable[Event]: ...

    def warm(self, key: str, bar: ClosedBar) -> None: ...


class Monitor:
    def __init__(
        self,
        recorded: Core,
        planner: Planner,
        decider: Decider | None = None,
        *,
        markets: Mapping[str, LiveMarket] | None = None,
    ) -> None:
        self.recorded, self.planner, self.decider = recorded, planner, decider
        self.markets = {} if markets is None else markets
        self._said: dict[str, tuple[int, str]] = {}  # by key: the epoch and why it has no plan

    @property
    def state(self) -> State:
        return self.recorded.state

    def take(self, event: Event, now: int) -> tuple[Effect, ...]:
        """Journaled; what is returned may be carried out. Unavailable where the journal cannot be written."""
        return self._answered(self.recorded.take(event, now), now)

    def bar_closed(self, key: str, bar: ClosedBar, now: int) -> tuple[Effect, ...]:
        return self.bars_closed({key: bar}, now)

    def bars_closed(self, bars: Mapping[str, ClosedBar], now: int) -> tuple[Effect, ...]:
        """Bars of one time, one a key. First what a closed bar is to the plans, then the decision. A bar that is not
        after the last one of its key is passed over."""
        fresh = self._taken(bars)
        effects: list[Effect] = []
        for key, bar in fresh.items():
            effects += self._bar_seen(key, bar, now)
        if self.decider is not None and fresh:
            for event in self.decider.decide(fresh, now):
                if self.state.mode is Mode.OBSERVE and isinstance(event, ReduceAsked):
                    # A target would outlive the mode; what is decided in shadow is told, and that is all.
                    detail = f"would close {event.fraction} of the position: {event.cause}"
                    effects.append(Alert(key=event.key, name="would close", detail=detail))
                else:
                    effects += self.take(event, now)
        return tuple(effects)

    def warm(self, key: str, bars: Sequence[ClosedBar], now: int) -> tuple[Effect, ...]:
        """Stored bars, oldest first, before the first that closes under our eyes: features see them, nothing is decided
        at them. Those that closed while nobody looked count for time stops."""
        effects: list[Effect] = []
        for bar in bars:
            if self._taken({key: bar}):
                if self.decider is not None:
                    self.decider.warm(key, bar)
                book = self.state.books.get(key)
                if book is not None and bar.time > book.bar_at >= 0:
                    effects += self._bar_seen(key, bar, now)
        return tuple(effects)

    def _taken(self, bars: Mapping[str, ClosedBar]) -> dict[str, ClosedBar]:
        fresh = {
            key: bar for key, bar in sorted(bars.items()) if key in self.markets and self.markets[key].is_next(bar)
        }
        for key, bar in fresh.items():
            self.markets[key].take(bar)
        return fresh

    def _bar_seen(self, key: str, bar: ClosedBar, now: int) -> tuple[Effect, ...]:
        if key not in self.state.books:
            return ()
        return self.take(self.planner.bar_seen(key, bar, self.markets[key].timeframe), now)

    def _answered(self, effects: tuple[Effect, ...], now: int) -> tuple[Effect, ...]:
        """Questions for a plan are answered here, and what the plan asks for comes along."""
        if not any(isinstance(one, Ask) and one.what is Question.PLAN for one in effects):
            return effects
        wire: list[Effect] = []
        for effect in effects:
            if isinstance(effect, Ask) and effect.what is Question.PLAN:
                wire += self._planned(effect, now)
            else:
                wire.append(effect)
        return tuple(wire)

    def _planned(self, ask: Ask, now: int) -> tuple[Effect, ...]:
        try:
            given = self.planner.plan(ask.key, ask.epoch, ask.lots, ask.entry, now)
        except Exception as error:  # whatever a planner does, the stops are not its to take away
            why = str(error) if isinstance(error, InvalidInput) else f"planning failed: {type(error).__name__}: {error}"
            # The disaster stop waited for the plan; now it waits no more.
            return self._told(ask.key, ask.epoch, why) + self.take(Ticked(), now)
        return self.take(Ticked() if given is None else given, now)

    def _told(self, key: str, epoch: int, why: str) -> tuple[Effect, ...]:
        """Once for each reason; the disaster stop stands meanwhile, and the question comes again."""
        if self._said.get(key) == (epoch, why):
            return ()
        self._said[key] = epoch, why
        return (Alert(key=key, name="no plan", detail=f"{why}; its disaster stop stands alone"),)

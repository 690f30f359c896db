"""The monitor of one account put together: journal, core, and what plans and decides (`wiring.live.brain`)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from exitbrain.config.settings import Settings
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.latch import PORTFOLIO
from exitbrain.core.live import book as core
from exitbrain.core.live.events import Effect, FlattenAsked, LatchAsked, PlanGiven, Policy
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import ExitBrainError, InvalidInput, one_line
from exitbrain.features.lines import ClosedBar
from exitbrain.live.deciding import Decided
from exitbrain.live.monitor import Planner
from exitbrain.live.recording import Recorded
from exitbrain.store.journal import Journal
from exitbrain.venues.adapter import Kline
from exitbrain.wiring.live.brain import Brain, journaled
from exitbrain.wiring.live.pins import Pins, lives_of
from exitbrain.wiring.live.places import in_rollout

if TYPE_CHECKING:
    from exitbrain.store import Store

LOG = logging.getLogger("exitbrain.live")
WARM_BARS = 600
WARM_WITHIN = 5 * core.SECOND
MINUTES = {"m": 1, "h": 60, "d": 1440}


def microseconds(timeframe: str) -> int:
    return int(timeframe[:-1]) * MINUTES[timeframe[-1]] * 60 * core.SECOND


def core_settings(settings: Settings, install: str) -> core.Settings:
    live = settings.live
    naked = live.flatten_when_naked_s
    return core.Settings(
        install=install,
        disaster_fraction=Fraction(live.disaster_pct) / 100,
        close_position_stops=live.close_position_stops,
        flatten_when_naked_for=None if naked is None else int(naked * core.SECOND),
    )


class Mind:
    """`live.running.Minded`. Without `plan` the rules are those of the store's written plans; `opened` opens the store."""

    def __init__(
        self, journal: Journal, settings: Settings, *, install: str, registry: ProfileRegistry | None = None,
        plan: StrategyPlan | None = None, environment: Mapping[str, str] | None = None, account: str = "main",
        opened: Callable[[], Store] | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.journal = settings, journal
        self.recorded = Recorded(journal, core_settings(settings, install))
        self._decided: list[Decided] = []
        self._write = journaled(self.recorded.note)
        self.brain = Brain(
            self.recorded, (), microseconds(settings.live.timeframe), settings=settings, registry=registry, plan=plan,
            environment=environment, note=self._note,
        )  # fmt: skip
        self.monitor = self.brain.monitor
        self.planner = Patient(self.brain.planner)
        self.monitor.planner = self.planner
        self._account, self._opened = account, None if plan is not None else opened
        self._store: Store | None = None
        self._pins: Pins | None = None
        self._since: dict[tuple[str, str], str] = {}

    def manages(self, symbol: str) -> Policy | None:
        live = self.settings.live
        if live.symbols is not None and symbol not in live.symbols:
            return None
        return Policy(live.policy) if in_rollout(symbol, live.rollout_pct) else Policy.IGNORE

    def begin(self, key: str) -> int:
        self.brain.watch(key)
        return WARM_BARS

    def prepare(self) -> None:
        """Written plans, from the store. Where it does not answer, positions follow their ladders alone."""
        if self._opened is None or self._pins is not None:
            return
        try:
            self._store = self._store or self._opened()
            self._pins = Pins(self._store, self._account, lives_of(self.recorded.state))
        except ExitBrainError as error:
            LOG.warning("written plans cannot be read, positions follow their ladders alone: %s", one_line(str(error)))
            return
        self.brain.pin(self._pins)

    def warm(self, key: str, bars: Sequence[Kline], now: int) -> tuple[Effect, ...]:
        return self.monitor.warm(key, [_bar(one) for one in bars], now)

    def warmed(self, key: str) -> None:
        self.planner.warmed.add(key)

    def bars(self, bars: Mapping[str, Kline], now: int) -> tuple[Effect, ...]:
        return self.monitor.bars_closed({key: _bar(one) for key, one in bars.items()}, now)

    def _note(self, decided: Decided, now: int) -> None:
        self._write(decided, now)
        self._decided.append(decided)

    def decided(self) -> list[Decided]:
        told, self._decided = self._decided, []
        return told

    def latch(self, kind: str, body: Mapping[str, Any], now: int) -> tuple[tuple[Effect, ...], str]:
        place, on = str(body.get("place") or PORTFOLIO), kind == "latch_set"
        by_symbol = self.brain.run.latch_scope == "symbol"
        if by_symbol == (place == PORTFOLIO):
            accepted = "a symbol: the latch is kept for each" if by_symbol else "*: the latch is one for all symbols"
            raise InvalidInput(f"the latch of {place}", accepted=accepted)
        cause = str(body.get("cause") or "operator") if on else ""
        effects = self.monitor.take(LatchAsked(key=place, cause=cause, on=on), now)
        return effects, f"the latch is {'set' if on else 'cleared'}"

    def latched(self, now: int) -> list[dict[str, Any]]:
        """`at` is when it was first seen to stand here."""
        standing = [(place, cause) for place, causes in self.monitor.state.latch.items() for cause in causes]
        for gone in self._since.keys() - set(standing):
            del self._since[gone]
        return [
            {"place": place, "cause": cause, "at": self._since.setdefault((place, cause), iso(instant_of(now)))}
            for place, cause in standing
        ]

    def may_send(self) -> bool:
        return self.journal.is_held()

    def close(self, now: int) -> None:
        """A start replays from the last snapshot: one now makes the next start short."""
        if self._pins is not None:
            self._pins.close()
        if self._store is not None:
            self._store.close()
        self.recorded.snapshot(now)
        self.journal.close()


class Patient:
    """Plans once the past of a key is known, or had its time to come: a regime is told from closed bars."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self.warmed: set[str] = set()
        self._asked: dict[tuple[str, int], int] = {}

    def plan(self, key: str, epoch: int, lots: int, entry: Fraction, now: int) -> PlanGiven | FlattenAsked | None:
        since = self._asked.setdefault((key, epoch), now)
        if key not in self.warmed and now < since + WARM_WITHIN:
            return None
        return self.planner.plan(key, epoch, lots, entry, now)

    @property
    def bar_seen(self) -> Callable[..., Any]:
        return self.planner.bar_seen


def _bar(one: Kline) -> ClosedBar:
    return ClosedBar(time=one.time, open=one.open, high=one.high, low=one.low, close=one.close, volume=one.volume)

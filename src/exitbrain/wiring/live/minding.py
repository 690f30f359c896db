"""The monitor of one account put together: journal, core, and what plans and decides (`wiring.live.brain`).

What protects is there at once. What plans is loaded afterwards: its features and rules take longer to import than a
position that is found bare may wait.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import ModuleType
from typing import TYPE_CHECKING, Any

from exitbrain.config.settings import Settings
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.latch import PORTFOLIO
from exitbrain.core.live import book as core
from exitbrain.core.live.events import BarSeen, Effect, FlattenAsked, LatchAsked, PlanGiven, Policy
from exitbrain.errors import ExitBrainError, InvalidInput, one_line
from exitbrain.live.monitor import Monitor, Planner
from exitbrain.live.recording import Recorded
from exitbrain.store.journal import Journal
from exitbrain.venues.adapter import Kline
from exitbrain.wiring.live.places import in_rollout

if TYPE_CHECKING:
    from exitbrain.core.registry import ProfileRegistry
    from exitbrain.core.triggers import StrategyPlan
    from exitbrain.features.lines import ClosedBar
    from exitbrain.live.deciding import Decided
    from exitbrain.store import Store
    from exitbrain.wiring.live.brain import Brain
    from exitbrain.wiring.live.pins import Pins

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
        self._registry, self._plan, self._environment = registry, plan, environment
        self._brain: Brain | None = None
        self._making = threading.Lock()
        self._watched: list[str] = []
        self.planner = Patient(lambda: None if self._brain is None else self._brain.planner)
        self._protecting = Monitor(self.recorded, self.planner)
        self._account, self._opened = account, None if plan is not None else opened
        self._store: Store | None = None
        self._pins: Pins | None = None
        self._since: dict[tuple[str, str], str] = {}

    @property
    def monitor(self) -> Monitor:
        return self._protecting if self._brain is None else self._brain.monitor

    @property
    def brain(self) -> Brain:
        """Made when it is first asked for, in whatever thread: `prepare` is the first to ask."""
        if self._brain is None:
            from exitbrain.features.ta_lib import ta_lib
            from exitbrain.wiring.live import brain

            ta_lib()  # a position's first indicator would hold up the next one's stop
            with self._making:
                self._brain = self._brain or self._made(brain)
        return self._brain

    def _made(self, module: ModuleType) -> Brain:
        write = module.journaled(self.recorded.note)

        def note(decided: Decided, now: int) -> None:
            write(decided, now)
            self._decided.append(decided)

        made: Brain = module.Brain(
            self.recorded, self._watched, microseconds(self.settings.live.timeframe), settings=self.settings,
            registry=self._registry, plan=self._plan, environment=self._environment, note=note,
        )  # fmt: skip
        made.monitor.planner = self.planner
        return made

    def manages(self, symbol: str) -> Policy | None:
        live = self.settings.live
        if live.symbols is not None and symbol not in live.symbols:
            return None
        return Policy(live.policy) if in_rollout(symbol, live.rollout_pct) else Policy.IGNORE

    def begin(self, key: str) -> int:
        with self._making:
            if self._brain is not None:
                self._brain.watch(key)
            elif key not in self._watched:
                self._check_rules(key)
                self._watched.append(key)
        return WARM_BARS

    def _check_rules(self, key: str) -> None:
        """InvalidInput where the config's plan has a rule that cannot be read: that ends a start."""
        if self._plan is not None:
            from exitbrain.live.rule_names import names_for_rules

            names_for_rules(self._plan, key, microseconds(self.settings.live.timeframe))

    def prepare(self) -> None:
        """What plans; then written plans, from the store. Where that does not answer, positions follow their ladders alone."""
        brain = self.brain
        if self._opened is None or self._pins is not None:
            return
        from exitbrain.wiring.live.pins import Pins, lives_of

        try:
            self._store = self._store or self._opened()
            self._pins = Pins(self._store, self._account, lives_of(self.recorded.state))
        except ExitBrainError as error:
            LOG.warning("written plans cannot be read, positions follow their ladders alone: %s", one_line(str(error)))
            return
        brain.pin(self._pins)

    def warm(self, key: str, bars: Sequence[Kline], now: int) -> tuple[Effect, ...]:
        return self.brain.monitor.warm(key, [_bar(one) for one in bars], now)

    def warmed(self, key: str) -> None:
        self.planner.warmed.add(key)

    def bars(self, bars: Mapping[str, Kline], now: int) -> tuple[Effect, ...]:
        return self.brain.monitor.bars_closed({key: _bar(one) for key, one in bars.items()}, now)

    def decided(self) -> list[Decided]:
        told, self._decided = self._decided, []
        return told

    def latch(self, kind: str, body: Mapping[str, Any], now: int) -> tuple[tuple[Effect, ...], str]:
        place, on = str(body.get("place") or PORTFOLIO), kind == "latch_set"
        by_symbol = self.settings.latch.scope == "symbol"
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
    """Plans once the past of a key is known, or had its time to come: a regime is told from closed bars. `planner` gives
    None till there is one; that time does not count."""

    def __init__(self, planner: Callable[[], Planner | None]) -> None:
        self._planner = planner
        self.warmed: set[str] = set()
        self._asked: dict[tuple[str, int], int] = {}

    def plan(self, key: str, epoch: int, lots: int, entry: Fraction, now: int) -> PlanGiven | FlattenAsked | None:
        planner = self._planner()
        if planner is None:
            return None
        since = self._asked.setdefault((key, epoch), now)
        if key not in self.warmed and now < since + WARM_WITHIN:
            return None
        return planner.plan(key, epoch, lots, entry, now)

    def bar_seen(self, key: str, bar: ClosedBar, timeframe: int) -> BarSeen:
        planner = self._planner()
        assert planner is not None  # a bar is given to a monitor that plans
        return planner.bar_seen(key, bar, timeframe)


def _bar(one: Kline) -> ClosedBar:
    from exitbrain.features.lines import ClosedBar

    return ClosedBar(time=one.time, open=one.open, high=one.high, low=one.low, close=one.close, volume=one.volume)

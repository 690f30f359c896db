"""The monitor of one account put together: journal, core, plans and rules, by a config."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from exitbrain.config.settings import Settings
from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.live import book as core
from exitbrain.core.live.events import Effect, FlattenAsked, PlanGiven, Policy
from exitbrain.core.registry import ProfileRegistry
from exitbrain.errors import InvalidInput
from exitbrain.features.lines import ClosedBar
from exitbrain.features.regime import RegimeThresholds
from exitbrain.live.monitor import Monitor
from exitbrain.live.planning import LivePlanner
from exitbrain.live.recording import Recorded
from exitbrain.live.watching import LiveMarket, names_for_plans
from exitbrain.store.journal import Journal
from exitbrain.venues.adapter import Kline
from exitbrain.wiring.live.places import in_rollout

WARM_BARS = 600
WARM_WITHIN = 5 * core.SECOND
MINUTES = {"m": 1, "h": 60, "d": 1440}


def microseconds(timeframe: str) -> int:
    return int(timeframe[:-1]) * MINUTES[timeframe[-1]] * 60 * core.SECOND


def exit_settings(settings: Settings, *, enabled: bool = True) -> ExitSettings:
    """The section `exits`; without profiles where EXIT_BRAIN_V3_ENABLED says so (spec F47)."""
    values = {name: getattr(settings.exits, name) for name in ExitSettings.__dataclass_fields__}
    return ExitSettings(**(values | {"use_profiles": values["use_profiles"] and enabled}))


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
    """`live.running.Minded`."""

    def __init__(
        self, journal: Journal, settings: Settings, *, install: str, registry: ProfileRegistry | None = None,
        enabled: bool = True,
    ) -> None:  # fmt: skip
        self.settings, self.journal = settings, journal
        self.registry = ProfileRegistry() if registry is None else registry
        self.markets: dict[str, LiveMarket] = {}
        self.recorded = Recorded(journal, core_settings(settings, install))
        planner = LivePlanner(
            exit_settings(settings, enabled=enabled), self.registry, lambda: self.recorded.state.books, self.markets
        )
        self.planner = Patient(planner)
        self.monitor = Monitor(self.recorded, self.planner, None, markets=self.markets)

    def manages(self, symbol: str) -> Policy | None:
        live = self.settings.live
        if live.symbols is not None and symbol not in live.symbols:
            return None
        return Policy(live.policy) if in_rollout(symbol, live.rollout_pct) else Policy.IGNORE

    def begin(self, key: str) -> int:
        if key not in self.markets:
            thresholds = {name: getattr(self.settings.regime, name) for name in RegimeThresholds.__dataclass_fields__}
            spread = self.settings.execution.spread_bps
            self.markets[key] = LiveMarket(
                microseconds(self.settings.live.timeframe),
                names_for_plans(self.registry),
                default_spread_bps=None if spread is None else float(spread),
                thresholds=RegimeThresholds(**thresholds),
            )
        return WARM_BARS

    def warm(self, key: str, bars: Sequence[Kline], now: int) -> tuple[Effect, ...]:
        return self.monitor.warm(key, [_bar(one) for one in bars], now)

    def warmed(self, key: str) -> None:
        self.planner.warmed.add(key)

    def bars(self, bars: Mapping[str, Kline], now: int) -> tuple[Effect, ...]:
        return self.monitor.bars_closed({key: _bar(one) for key, one in bars.items()}, now)

    def latch(self, kind: str, body: Mapping[str, Any], now: int) -> tuple[tuple[Effect, ...], str]:
        raise InvalidInput("no rules run that the latch could hold back", accepted="a monitor with a plan's rules")

    def latched(self) -> list[dict[str, Any]]:
        return []

    def may_send(self) -> bool:
        return self.journal.is_held()

    def close(self, now: int) -> None:
        """A start replays from the last snapshot: one now makes the next start short."""
        self.recorded.snapshot(now)
        self.journal.close()


class Patient:
    """Plans once the past of a key is known, or had its time to come: a regime is told from closed bars."""

    def __init__(self, planner: LivePlanner) -> None:
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

"""What plans and decides in a live monitor, made of a config, profiles and a plan: the same settings as a backtest's."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace

from exitbrain.config.environment import exit_brain_enabled
from exitbrain.config.settings import Settings
from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.registry import ProfileRegistry
from exitbrain.core.triggers import StrategyPlan
from exitbrain.live.deciding import Decided, LiveDecider
from exitbrain.live.monitor import Core, Decider, Monitor
from exitbrain.live.planning import LivePlanner
from exitbrain.live.rule_names import names_for_rules
from exitbrain.live.watching import LiveMarket, names_for_plans
from exitbrain.wiring.live.pins import PinnedDecider, Pins, Rules
from exitbrain.wiring.settings import run_settings

LOG = logging.getLogger("exitbrain.exit_brain")
OFF = "EXIT_BRAIN_V3_ENABLED is false: positions are planned by the legacy ladder, without profiles"


def exit_settings(settings: Settings, environment: Mapping[str, str]) -> ExitSettings:
    """The config's `exits`. EXIT_BRAIN_V3_ENABLED=false makes it the legacy ladder, and says so (spec F47)."""
    exits = settings.exits
    made = ExitSettings(**{one.name: getattr(exits, one.name) for one in fields(ExitSettings)})
    if exit_brain_enabled(environment):
        return made
    LOG.warning("%s", OFF)
    return replace(made, use_profiles=False)


class Brain:
    """A monitor with its markets; `watch` adds one more symbol while it runs. `note` hears every candidate of every
    decision (see `journaled`). Rules are those of `plan`, else those of the written plans that positions are under."""

    def __init__(
        self,
        recorded: Core,
        symbols: Iterable[str],
        timeframe: int,
        *,
        settings: Settings,
        registry: ProfileRegistry | None = None,
        plan: StrategyPlan | None = None,
        pins: Pins | None = None,
        environment: Mapping[str, str] | None = None,
        note: Callable[[Decided, int], None] = lambda decided, now: None,
        leverage: int = 1,
        heed_stops: bool = True,
    ) -> None:
        self.timeframe, self.plan = timeframe, plan
        self.registry = registry or ProfileRegistry()
        self.run = run_settings(settings, plan)
        self.markets: dict[str, LiveMarket] = {}
        for symbol in symbols:
            self._add(symbol)
        self.planner = LivePlanner(
            exit_settings(settings, environment or {}), self.registry, lambda: recorded.state.books, self.markets,
            leverage=leverage, heed_stops=heed_stops,
        )  # fmt: skip
        self._recorded, self._settings, self._note = recorded, settings, note
        self.decider: Decider | None = None
        if plan is not None:
            self.decider = self._decider(plan, self.markets)
        elif pins is not None:
            self.decider = PinnedDecider(self._rules, pins, lambda: recorded.state)
        self.monitor = Monitor(recorded, self.planner, self.decider, markets=self.markets)

    def pin(self, pins: Pins) -> None:
        """Rules of written plans from now on, where there is no other plan: a start need not wait for the store."""
        assert self.plan is None
        self.decider = self.monitor.decider = PinnedDecider(self._rules, pins, lambda: self._recorded.state)

    def _decider(self, plan: StrategyPlan, markets: Mapping[str, LiveMarket]) -> LiveDecider:
        run = run_settings(self._settings, plan)
        return LiveDecider(
            plan, run.limits, lambda: self._recorded.state, markets, note=self._note,
            override_grade=run.override_grade, latch_scope=run.latch_scope, latch_clear_after=run.latch_clear_after,
        )  # fmt: skip

    def _rules(self, plan: StrategyPlan) -> Rules:
        """Of a written plan, with features of its own: which plans there are is not known at the start."""
        markets: dict[str, LiveMarket] = {}

        def add(symbol: str) -> None:
            markets[symbol] = self._market(names_for_rules(plan, symbol, self.timeframe))

        return Rules(self._decider(plan, markets), markets, add)

    def watch(self, symbol: str) -> LiveMarket:
        """Its market; its stored bars are to be given to `monitor.warm` before the first one closes."""
        if symbol not in self.markets:
            self._add(symbol)
        return self.markets[symbol]

    def _add(self, symbol: str) -> None:
        names = names_for_plans(self.registry) | names_for_rules(self.plan, symbol, self.timeframe)
        self.markets[symbol] = self._market(names)

    def _market(self, names: set[str]) -> LiveMarket:
        return LiveMarket(self.timeframe, names, default_spread_bps=self.run.spread_bps, thresholds=self.run.thresholds)


def journaled(write: Callable[[str, str, int], None]) -> Callable[[Decided, int], None]:
    """Every candidate as a note of the journal: `write` is `Recorded.note`."""
    return lambda decided, now: write("decision", json.dumps(decided.to_dict(), sort_keys=True), now)

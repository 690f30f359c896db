"""The planner that a bot holds: `ExitBrain` adds a clock, a log and a default registry to the pure rules.

brain = ExitBrain({"strategy_id": "RL_V3"})
plan = brain.build_exit_plan(ExitContext("BTCUSDT", "LONG", 50000, 1, market_regime="TREND"))
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from exitbrain.core.exit_brain import Planned, build_plan
from exitbrain.core.exit_settings import ExitSettings
from exitbrain.core.given import of_kind
from exitbrain.core.market import MarketRegime
from exitbrain.core.plan_records import PlanRecord, PlanWarning
from exitbrain.core.plans import ExitContext, ExitPlan
from exitbrain.core.profiles import TPProfile
from exitbrain.core.registry import ANY, ProfileRegistry, Selection

PROFILE_LOG = logging.getLogger("exitbrain.profiles")
PLAN_LOG = logging.getLogger("exitbrain.exit_brain")

DEFAULT_REGISTRY = ProfileRegistry()


def register_custom_profile(
    profile: TPProfile,
    symbol: str = ANY,
    strategy_id: str = ANY,
    regime: MarketRegime | str = ANY,
    replace: bool = False,
) -> None:
    """Register in the default registry, which every ExitBrain without its own registry asks."""
    DEFAULT_REGISTRY.register(profile, symbol, strategy_id, regime, replace)


class ExitBrain:
    """`config` is the `exits` section, flat; unknown keys are errors."""

    def __init__(self, config: Mapping[str, object] | None = None, registry: ProfileRegistry | None = None) -> None:
        self.settings = config if isinstance(config, ExitSettings) else ExitSettings.from_mapping(config)
        self.registry = DEFAULT_REGISTRY if registry is None else of_kind(registry, ProfileRegistry, "registry")

    def plan(self, context: ExitContext, now: datetime | int | None = None) -> Planned:
        """The plan with its ladder in whole ticks and lots, and its records; the records are logged."""
        planned = build_plan(
            of_kind(context, ExitContext, "context"),
            self.settings,
            self.registry,
            datetime.now(UTC) if now is None else now,
        )
        for record in planned.records:
            _log(record)
        return planned

    def build_exit_plan(self, context: ExitContext, now: datetime | int | None = None) -> ExitPlan:
        return self.plan(context, now).plan

    async def abuild_exit_plan(self, context: ExitContext, now: datetime | int | None = None) -> ExitPlan:
        return self.build_exit_plan(context, now)


ExitBrainV3 = ExitBrain


def _log(record: PlanRecord) -> None:
    log = PROFILE_LOG if isinstance(record, Selection) else PLAN_LOG
    log.log(logging.WARNING if isinstance(record, PlanWarning) else logging.INFO, "%s", record)

"""Exit Brain: the exit half of a trading system.

Names are loaded when they are first used, so that `import exitbrain` costs nothing that a program does not need.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "exitbrain.core.bridges": (
        "build_context_from_position",
        "to_dynamic_tpsl",
        "to_partial_exit_config",
        "to_trailing_config",
    ),
    "exitbrain.core.lint": ("Finding",),
    "exitbrain.core.market": ("Instrument", "MarketRegime"),
    "exitbrain.core.paired": ("PairedTrade", "paired_trades"),
    "exitbrain.core.plans": ("ExitContext", "ExitKind", "ExitLeg", "ExitPlan"),
    "exitbrain.core.profiles": (
        "DEFAULT_CHOP_PROFILE",
        "DEFAULT_NORMAL_PROFILE",
        "DEFAULT_RANGE_PROFILE",
        "DEFAULT_TREND_PROFILE",
        "DEFAULT_VOLATILE_PROFILE",
        "Adaptive",
        "AtrTrail",
        "StopMove",
        "TPKind",
        "TPProfile",
        "TPProfileLeg",
        "TimeStop",
        "TrailingProfile",
    ),
    "exitbrain.core.registry": ("ProfileRegistry", "Selection"),
    "exitbrain.core.trade_sets": ("TradeLeg", "TradeSet"),
    "exitbrain.core.triggers": ("StrategyPlan", "TriggerCategory", "TriggerCondition"),
    "exitbrain.errors": ("InvalidInput", "Problem"),
    "exitbrain.backtesting.result": ("Result",),
    "exitbrain.wiring.backtest": ("backtest",),
    "exitbrain.wiring.compare": ("Comparison", "compare"),
    "exitbrain.wiring.exit_brain": ("ExitBrain", "ExitBrainV3", "register_custom_profile"),
    "exitbrain.wiring.linting": ("lint_plan",),
    "exitbrain.wiring.loading": ("load_candles", "load_plan", "load_profiles"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted([*_HOME_OF, "__version__"])


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'exitbrain' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

"""Runs and what they hold, kept: SQLite by default, PostgreSQL by URL. Knows rows, nothing of what made them.

What is named here is loaded when it is first asked for: the journal of a live monitor is a module of this room too, and
its start does not wait for the toolkit of a database that it does not use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exitbrain.store.experiments import UnknownExperiment
    from exitbrain.store.keys import Claim
    from exitbrain.store.live import (
        GAUGES,
        KINDS_OF_COMMANDS,
        Command,
        LiveEventQuery,
        LiveStore,
        UnknownCommand,
        UsedKey,
    )
    from exitbrain.store.proposals import StaleState, UnknownProposal
    from exitbrain.store.queries import (
        RUN_SORTS,
        SET_SORTS,
        Busy,
        EventQuery,
        NotFinished,
        Page,
        RunQuery,
        SetQuery,
        UnknownRun,
    )
    from exitbrain.store.runs import CANCELLED, DONE, FAILED, INTERRUPTED, QUEUED, RUNNING, STATUSES, UNDER_WAY
    from exitbrain.store.store import TEXTS, Store
    from exitbrain.store.writing import ResultWriter

__all__ = [
    "CANCELLED",
    "DONE",
    "GAUGES",
    "KINDS_OF_COMMANDS",
    "FAILED",
    "INTERRUPTED",
    "QUEUED",
    "RUNNING",
    "RUN_SORTS",
    "SET_SORTS",
    "STATUSES",
    "TEXTS",
    "UNDER_WAY",
    "Busy",
    "Claim",
    "Command",
    "EventQuery",
    "LiveEventQuery",
    "LiveStore",
    "NotFinished",
    "Page",
    "ResultWriter",
    "RunQuery",
    "SetQuery",
    "StaleState",
    "Store",
    "UnknownCommand",
    "UnknownExperiment",
    "UnknownProposal",
    "UnknownRun",
    "UsedKey",
]

_HOMES = {
    "experiments": ("UnknownExperiment",),
    "keys": ("Claim",),
    "live": (
        "GAUGES",
        "KINDS_OF_COMMANDS",
        "Command",
        "LiveEventQuery",
        "LiveStore",
        "UnknownCommand",
        "UsedKey",
    ),
    "proposals": (
        "StaleState",
        "UnknownProposal",
    ),
    "queries": (
        "RUN_SORTS",
        "SET_SORTS",
        "Busy",
        "EventQuery",
        "NotFinished",
        "Page",
        "RunQuery",
        "SetQuery",
        "UnknownRun",
    ),
    "runs": (
        "CANCELLED",
        "DONE",
        "FAILED",
        "INTERRUPTED",
        "QUEUED",
        "RUNNING",
        "STATUSES",
        "UNDER_WAY",
    ),
    "store": (
        "TEXTS",
        "Store",
    ),
    "writing": ("ResultWriter",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    return value

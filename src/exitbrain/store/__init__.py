"""Runs and what they hold, kept: SQLite by default, PostgreSQL by URL. Knows rows, nothing of what made them."""

from __future__ import annotations

from exitbrain.store.experiments import UnknownExperiment
from exitbrain.store.keys import Claim
from exitbrain.store.live import GAUGES, KINDS_OF_COMMANDS, Command, LiveEventQuery, LiveStore, UnknownCommand, UsedKey
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

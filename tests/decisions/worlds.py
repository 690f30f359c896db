"""Worlds in which decisions are made: a plan's triggers by hand over hourly bars, and tables of text beside the tests.

    world([CALM, CALM, LOW, AFTER, CALM], ["0 long 1 98 e"], [trigger("x", "risk_off")])

`e` is long from the first open; at the close of LOW the rule FIRES is true, and at no other close of these bars. Targets
are far away, so that nothing but a decision or the stop at 98 ends a position.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from engine.worlds import FLAT, HOUR, MIDNIGHT, candles, config, entries, profile
from exitbrain.backtesting.files import decisions_frame
from exitbrain.backtesting.result import Result
from exitbrain.wiring.backtest import backtest

CALM = FLAT
LOW = "99.4 99.6 99.2 99.3"
AFTER = "99.4 99.6 99.2 99.4"
FIRES = "close < 99.35"
BARS = [CALM, CALM, LOW, AFTER, CALM]
LONG = ["0 long 1 98 e"]
FAR = "9/1/HARD"


def table(name: str) -> list[tuple[str, ...]]:
    """The rows of a text table beside the tests: cells stand between bars, `#` opens a comment."""
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").splitlines()
    return [tuple(cell.strip() for cell in line.split("|")) for line in lines if line.strip() and line[0] != "#"]


def trigger(name: str, category: str = "other", rule: str = FIRES, **keys: Any) -> dict[str, Any]:
    """An exit of whatever is open, unless `keys` say otherwise."""
    return {"id": name, "symbol": "TST", "direction": "exit", "category": category, "exit_rule": rule, **keys}


def entering(name: str, direction: str = "short", rule: str = FIRES, **keys: Any) -> dict[str, Any]:
    return {"id": name, "symbol": "TST", "direction": direction, "entry_rule": rule, "stop_loss_pct": 5, **keys}


def world(
    bars: Sequence[str] | pl.DataFrame,
    rows: Sequence[str] | pl.DataFrame | None,
    triggers: Sequence[Mapping[str, Any]],
    *,
    plan: Mapping[str, Any] | None = None,
    recipe: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Result:
    """`plan` holds further keys of the plan, `recipe` of the profile; the rest is of the config."""
    return backtest(
        bars if isinstance(bars, pl.DataFrame) else candles(bars),
        entries=rows if rows is None or isinstance(rows, pl.DataFrame) else entries(rows),
        plan={"plan_id": "p", "triggers": list(triggers), **(plan or {})},
        profiles=profile(FAR, **(recipe or {})),
        config=config(**settings),
        environment={},
        traced=False,
    )


def block_events(result: Result) -> list[dict[str, Any]]:
    return [event for event in result.events if event["kind"] == "block"]


def told(result: Result) -> list[str]:
    """ "trigger reason [winner]", a word a block event."""
    words = [
        (one["trigger_id"], one["reason"], one["preempted_by"] or one["overridden_by"]) for one in block_events(result)
    ]
    return [" ".join(word for word in event if word) for event in words]


def legs(result: Result) -> list[str]:
    """ "bar reason quantity", a word a leg, set by set."""
    return [
        f"{(leg.timestamp - MIDNIGHT) // HOUR} {leg.reason} {leg.qty.normalize():f}"
        for one in result.trade_sets
        for leg in one.legs
    ]


def latch_changes(result: Result) -> list[str]:
    """ "bar change cause", a word a latch event; the rule's cause is `rule`."""
    return [
        f"{event['time'][11:13].lstrip('0') or '0'} {event['reason'].removeprefix('latch_')} {event['trigger_id'] or 'rule'}"
        for event in result.events
        if event["kind"] == "latch"
    ]


def outcomes(result: Result) -> list[tuple[int, str, str]]:
    """Bar, trigger and outcome of every candidate of every decision."""
    rows = decisions_frame(result).select("time", "trigger_id", "outcome").rows()
    return [((time - MIDNIGHT) // HOUR, name, outcome) for time, name, outcome in rows]

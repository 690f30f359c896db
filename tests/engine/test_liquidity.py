"""Liquidity-aware exits (spec P14): what a bar takes, what the next opens sell, what is never cut.

One world a row: long 2 @ 100, stop 98, so R = 2; a bar takes one tenth of its volume; bars are hours, and the last
number of a bar is its volume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as changed
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.worlds import at, candles, config, entries, fills, hours, profile, run, trailing
from exitbrain.backtesting.result import Result
from exitbrain.candles import candles_from_frame
from exitbrain.wiring.backtest import backtest

TENTH = {"max_volume_share": 0.1}
NARROW = {"max_spread_bps": 5}


def rule(name: str, category: str, text: str, fraction: float | None = None) -> dict[str, Any]:
    given = {"id": name, "symbol": "TST", "direction": "flat", "category": category, "exit_rule": text}
    return given if fraction is None else {**given, "exit_fraction": fraction}


@dataclass(frozen=True, kw_only=True)
class World:
    bars: Sequence[str]
    told: str
    at: Sequence[int]  # the bar of each leg
    notes: Sequence[str] = ()
    legs: str = "1/0.5/HARD 2/0.5/HARD"
    rows: Sequence[str] = ("0 long 2 98 e",)
    liquidity: Mapping[str, Any] = field(default_factory=lambda: TENTH)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    triggers: Sequence[Mapping[str, Any]] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)


DEEP = "100 100.5 99.5 100 50"
FELL = [DEEP, "100 100 99 99 50", "99 99 99 99 4", "99 99 99 99 50"]  # a rule on close < 99.5 fires at bar 1
MET = [DEEP, "100 102.5 100 102 3", "102 102 102 102 4"]  # leg 1 at 102 gets 0.3, then 0.4 at 102
CUT = "take_profit_1 sells 0.3 of 1: 0.1 of the bar's volume is 0.3"
WIDE = "the spread is 6 bps, above 5"
RISEN = [DEEP, "100 102.5 100 102 50", "103 103 102.5 102.5 50"]

WORLDS = {
    "a hard rung": World(
        bars=[*MET, "101 101 101 101 50", "101 101 99 99 50"],
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 take_profit_1 0.3@101 end_of_data 1@99",
        at=[0, 1, 2, 3, 4], notes=[CUT],
    ),
    "rungs of one bar share its volume": World(
        # 12 × 0.1 = 1.2: leg 1 takes 1, leg 2 the 0.2 that are left.
        bars=[DEEP, "100 104.5 100 104 12", "103 103 103 103 50"],
        told="e 2@100 take_profit_1 1@102 take_profit_2 0.2@104 take_profit_2 0.8@103", at=[0, 1, 1, 2],
        notes=["take_profit_2 sells 0.2 of 1: 0.1 of the bar's volume is 1.2"],
    ),
    "rests are sold oldest first": World(
        # 0.5 of leg 1 and nothing of leg 2; then 0.5 and 0.1; then 0.9.
        bars=[DEEP, "100 104.5 100 104 5", "103 103 103 103 6", "103 103 103 103 50"],
        told="e 2@100 take_profit_1 0.5@102 take_profit_1 0.5@103 take_profit_2 0.1@103 take_profit_2 0.9@103",
        at=[0, 1, 2, 2, 3],
        notes=[
            "take_profit_1 sells 0.5 of 1: 0.1 of the bar's volume is 0.5",
            "take_profit_2 sells 0 of 1: 0.1 of the bar's volume is 0.5",
        ],
    ),
    "a rest uses the bar's share before a rung": World(
        bars=[DEEP, "100 102.5 100 102 3", "102 104.5 102 104 12", "103 103 103 103 50"],
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.7@102 take_profit_2 0.5@104 take_profit_2 0.5@103",
        at=[0, 1, 2, 2, 3], notes=[CUT, "take_profit_2 sells 0.5 of 1: 0.1 of the bar's volume is 1.2"],
    ),
    "a soft rung is a limit and uses none of it": World(
        bars=[DEEP, "100 104.5 100 104 3", "103 103 103 103 50"], legs="1/0.5/SOFT 2/0.5/HARD",
        told="e 2@100 take_profit_1 1@102 take_profit_2 0.3@104 take_profit_2 0.7@103", at=[0, 1, 1, 2],
        notes=["take_profit_2 sells 0.3 of 1: 0.1 of the bar's volume is 0.3"],
    ),
    "the share is exact": World(
        # 0.29 × 100 is 29 and not 28.999…, so 29 units in lots of one.
        bars=[DEEP, "100 102.5 100 102 100", "102 102 102 102 1000"], rows=["0 long 60 98 e"], legs="1/1/HARD",
        liquidity={"max_volume_share": 0.29}, settings={"instrument": {"lot_size": 1}},
        told="e 60@100 take_profit_1 29@102 take_profit_1 31@102", at=[0, 1, 2],
        notes=["take_profit_1 sells 29 of 60: 0.29 of the bar's volume is 29"],
    ),
    "a contract of several units": World(
        # 3 units of volume × 0.1 ÷ 10 a contract = 0.03 contracts.
        bars=[*MET, "102 102 102 102 5000"], settings={"instrument": {"multiplier": 10}},
        told="e 2@100 take_profit_1 0.03@102 take_profit_1 0.04@102 take_profit_1 0.93@102 end_of_data 1@102",
        at=[0, 1, 2, 3, 3], notes=["take_profit_1 sells 0.03 of 1: 0.1 of the bar's volume is 0.03"],
    ),
    "a bar without volume takes nothing": World(
        bars=[DEEP, "100 102.5 100 102 0", "102 102 102 102 0", "101 101 101 101 50"],
        told="e 2@100 take_profit_1 1@101 end_of_data 1@101", at=[0, 3, 3],
        notes=["take_profit_1 sells 0 of 1: 0.1 of the bar's volume is 0"],
    ),
    "the stop takes all while a rest is sold": World(
        bars=[DEEP, "100 102.5 100 102 3", "101 101 97 97.5 4"],
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@101 stop_loss 1.3@98", at=[0, 1, 2, 2], notes=[CUT],
    ),
    "a stop move acts when its leg is met, whatever the bar takes": World(
        bars=[DEEP, "100 102.5 100 100 0"], recipe={"stop_moves": [{"after_leg": 1, "to": "breakeven"}]},
        told="e 2@100 breakeven_stop 2@100", at=[0, 1],
        notes=["take_profit_1 sells 0 of 1: 0.1 of the bar's volume is 0"],
    ),
    "break-even with fees counts the part that has left": World(
        bars=[DEEP, "100 102.5 100 102 3", "102 102 102 102 50"], settings={"fees": (0, "0.001")},
        recipe={"stop_moves": [{"after_leg": 1, "to": "breakeven", "fees": True}]},
        # Held 1.7 that cost 170, fees 0.2 + 0.0306: (170 + 0.2306) ÷ (1.7 × 0.999) = 100.2359… → 100.24.
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.7@102 end_of_data 1@102", at=[0, 1, 2, 2], notes=[CUT],
    ),
    "a part under the minimum quantity is not sent, the last part is": World(
        bars=[DEEP, "100 102.5 100 102 3", "102 102 102 102 6", "101 101 101 101 4"],
        settings={"instrument": {"min_quantity": "0.5"}},
        told="e 2@100 take_profit_1 0.6@102 take_profit_1 0.4@101 end_of_data 1@101", at=[0, 2, 3, 3],
        notes=["take_profit_1 sells 0 of 1: 0.1 of the bar's volume is 0.3"],
    ),
    "a part under the minimum notional at its own price": World(
        # 0.3 × 102 = 30.6 and 0.4 × 99 = 39.6 are under 40; 0.4 × 101 = 40.4 is not.
        bars=[DEEP, "100 102.5 100 102 3", "99 99 99 99 4", "101 101 101 101 4", "101 101 101 101 50"],
        settings={"instrument": {"min_notional": 40}},
        told="e 2@100 take_profit_1 0.4@101 take_profit_1 0.6@101 end_of_data 1@101", at=[0, 3, 4, 4],
        notes=["take_profit_1 sells 0 of 1: 0.1 of the bar's volume is 0.3"],
    ),
    "a rest that is all that is left may be under the minimum": World(
        bars=[DEEP, "100 104.5 100 104 4", "103 103 103 103 50"], legs="1/0.6/HARD 2/0.4/HARD", rows=["0 long 1 98 e"],
        settings={"instrument": {"min_quantity": "0.4"}},
        told="e 1@100 take_profit_1 0.4@102 take_profit_1 0.2@103 take_profit_2 0.4@103", at=[0, 1, 2, 2],
        notes=[
            "take_profit_1 sells 0.4 of 0.6: 0.1 of the bar's volume is 0.4",
            "take_profit_2 sells 0 of 0.4: 0.1 of the bar's volume is 0.4",
        ],
    ),
    "a trail": World(
        # Peak 103, trail 103 × 0.98 = 100.94; the runner is 1, the stop keeps the rung's other 1.
        bars=[DEEP, "100 103 100 103 50", "103 103 100.5 100.5 4", "100.6 104 100.6 104 50", "104 104 104 104 50"],
        legs="3/0.5/HARD", recipe={"trailing": trailing(0.02, 1)},
        told="e 2@100 trailing_stop 0.4@100.94 trailing_stop 0.6@100.6 end_of_data 1@104", at=[0, 2, 3, 4],
        notes=["trailing_stop sells 0.4 of 1: 0.1 of the bar's volume is 0.4"],
    ),
    "a trail that covers what remains covers unsold parts": World(
        # Bar 2: 0.4 of leg 1's rest; the trail (102.5 × 0.98 = 100.45) asks for all 1.3. Bar 3: 0.3 by leg 1, then the
        # trail's own.
        bars=[DEEP, "100 102.5 100 102.5 3", "102 102 100 100 4", "100 100 99 99 10", "99 99 99 99 50"],
        recipe={"trailing": trailing(0.02, 1)},
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 take_profit_1 0.3@100 trailing_stop 0.7@100 "
        "trailing_stop 0.3@99",
        at=[0, 1, 2, 3, 3, 4], notes=[CUT, "trailing_stop sells 0 of 1.3: 0.1 of the bar's volume is 0.4"],
    ),
    "a time stop": World(
        bars=[DEEP, DEEP, "100 100 100 100 5", "99 99 99 99 50"], recipe={"time_stop": {"bars": 1}},
        told="e 2@100 time_stop 0.5@100 time_stop 1.5@99", at=[0, 2, 3],
        notes=["time_stop sells 0.5 of 2: 0.1 of the bar's volume is 0.5"],
    ),
    "a cut time stop shrinks the rungs, which still rest": World(
        # 1.5 of 2 are left, so leg 1 has 0.75; it leaves the time stop 0.75.
        bars=[DEEP, DEEP, "100 102 100 102 5", "101 101 101 101 50"], recipe={"time_stop": {"bars": 1}},
        legs="1/0.5/SOFT 2/0.5/SOFT", told="e 2@100 time_stop 0.5@100 take_profit_1 0.75@102 time_stop 0.75@101",
        at=[0, 2, 2, 3], notes=["time_stop sells 0.5 of 2: 0.1 of the bar's volume is 0.5"],
    ),
    "an emergency while a time stop is sold": World(
        bars=[DEEP, DEEP, "100 100 99 99 5", "99 99 99 99 5"], recipe={"time_stop": {"bars": 1}},
        triggers=[rule("x", "emergency_exit", "close < 99.5")],
        told="e 2@100 time_stop 0.5@100 x_exit 1.5@99", at=[0, 2, 3],
        notes=["time_stop sells 0.5 of 2: 0.1 of the bar's volume is 0.5"],
    ),
    "an add outlives a cut time stop, which is due again": World(
        bars=[DEEP, DEEP, "100 100 100 100 5", "100 100 100 100 5", "100 100 100 100 50", "100 100 100 100 50"],
        rows=["0 long 2 98 e", "3 long 1 - a"], recipe={"time_stop": {"bars": 1}},
        settings={"account": {"max_adds": 1}},
        # Due at the close of bar 1: 0.5 of 2 at bar 2, 0.5 at bar 3, where the add of 1 makes it 2; the last 1 at bar 4.
        # The 1 that stays is due at the close of bar 4.
        told="e 2@100 time_stop 0.5@100 time_stop 0.5@100 a 1@100 time_stop 1@100 time_stop 1@100",
        at=[0, 2, 3, 3, 4, 5], notes=["time_stop sells 0.5 of 2: 0.1 of the bar's volume is 0.5"],
    ),
    "risk_reduce, and the legs shrink part by part": World(
        # Half of 2 is 1: 0.4 and 0.6. Leg 1 keeps 1 × 1.6 ÷ 2 = 0.8, then 0.8 × 1 ÷ 1.6 = 0.5.
        bars=[*FELL, "102 102 102 102 50"], triggers=[rule("x", "risk_reduce", "close < 99.5", 0.5)],
        told="e 2@100 x_exit 0.4@99 x_exit 0.6@99 take_profit_1 0.5@102 end_of_data 0.5@102", at=[0, 2, 3, 4, 4],
        notes=["x_exit sells 0.4 of 1: 0.1 of the bar's volume is 0.4"],
    ),
    "risk_off": World(
        bars=FELL, triggers=[rule("x", "risk_off", "close < 99.5 and prev(close, 1) > 99.5")],
        told="e 2@100 x_exit 0.4@99 x_exit 1.6@99", at=[0, 2, 3],
        notes=["x_exit sells 0.4 of 2: 0.1 of the bar's volume is 0.4"],
    ),
    "a normal exit": World(
        bars=FELL, triggers=[rule("x", "other", "close < 99.5 and prev(close, 1) > 99.5")],
        told="e 2@100 x_exit 0.4@99 x_exit 1.6@99", at=[0, 2, 3],
        notes=["x_exit sells 0.4 of 2: 0.1 of the bar's volume is 0.4"],
    ),
    "an exit that fires again sells no more than is held": World(
        bars=FELL, triggers=[rule("x", "other", "close < 99.5")],
        told="e 2@100 x_exit 0.4@99 x_exit 1.6@99", at=[0, 2, 3],
        notes=["x_exit sells 0.4 of 2: 0.1 of the bar's volume is 0.4"],
    ),
    "an emergency takes all at once": World(
        bars=FELL, triggers=[rule("x", "emergency_exit", "close < 99.5")], told="e 2@100 x_exit 2@99", at=[0, 2],
    ),
    "an emergency drops the rests": World(
        bars=MET, triggers=[rule("x", "emergency_exit", "close > 101.5")],
        told="e 2@100 take_profit_1 0.3@102 x_exit 1.7@102", at=[0, 1, 2], notes=[CUT],
    ),
    "decisions size from what is held, unsold parts included": World(
        # Held 1.7 at the close of bar 1: half is 0.85. At bar 2 the rest takes 0.7 first.
        bars=[*MET[:2], "102 102 102 102 50", "101 101 101 101 50"],
        triggers=[rule("x", "risk_reduce", "close > 101.5", 0.5)],
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.7@102 x_exit 0.85@102 end_of_data 0.15@101",
        at=[0, 1, 2, 2, 3], notes=[CUT],
    ),
    "an exit is void where the rests have closed the position": World(
        bars=[*MET[:2], "102 102 102 102 50"], legs="1/1/HARD", triggers=[rule("x", "other", "close > 101.5")],
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 1.7@102", at=[0, 1, 2],
        notes=["take_profit_1 sells 0.3 of 2: 0.1 of the bar's volume is 0.3"],
    ),
    "a reversal takes what the rests leave, whole": World(
        bars=MET, rows=["0 long 2 98 e", "2 short 2 106 s"],
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 s 1.3@102", at=[0, 1, 2, 2], notes=[CUT],
    ),
    "an entry that closes takes what the rests leave, whole": World(
        bars=MET, rows=["0 long 2 98 e", "2 short 2 106 s"], settings={"account": {"on_opposite": "exit"}},
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 s_exit 1.3@102", at=[0, 1, 2, 2], notes=[CUT],
    ),
    "a scale-in plans for the whole position, and rests go on": World(
        # Held at bar 2: 1.3 after the rest, 2.3 with the add. The old leg 1's last 0.3 go at bar 3.
        bars=[*MET, "102 102 102 102 50", "102 102 102 102 50"], rows=["0 long 2 98 e", "2 long 1 - a"],
        settings={"account": {"max_adds": 1}}, legs="1/0.5/HARD 9/0.5/HARD",
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 a 1@102 take_profit_1 0.3@102 end_of_data 2@102",
        at=[0, 1, 2, 2, 3, 4], notes=[CUT],
    ),
    "fill_at close": World(
        # Fires at the close of bar 1: 0.5 of its own volume at once, then the open of bar 2.
        bars=[DEEP, "100 100 99 99 5", "98.5 99 98.5 99 50"], triggers=[rule("x", "risk_off", "close < 99.5")],
        settings={"execution": {"fill_at": "close"}}, told="e 2@100 x_exit 0.5@99 x_exit 1.5@98.5", at=[0, 1, 2],
        notes=["x_exit sells 0.5 of 2: 0.1 of the bar's volume is 0.5"],
    ),
    "fill_at close, after a rung used the bar": World(
        bars=[DEEP, "100 102.5 100 102 12", "102 102 102 102 50"], triggers=[rule("x", "risk_off", "close > 101.5")],
        settings={"execution": {"fill_at": "close"}},
        told="e 2@100 take_profit_1 1@102 x_exit 0.2@102 x_exit 0.8@102", at=[0, 1, 1, 2],
        notes=["x_exit sells 0.2 of 1: 0.1 of the bar's volume is 1.2"],
    ),
    "the end of the data takes all": World(
        bars=[DEEP, "100 102.5 100 102 3"], told="e 2@100 take_profit_1 0.3@102 end_of_data 1.7@102", at=[0, 1, 1],
        notes=[CUT],
    ),
    "left open at the end, with its rest": World(
        bars=MET, settings={"account": {"close_at_end": False}},
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102", at=[0, 1, 2], notes=[CUT],
    ),
    "a short": World(
        bars=[DEEP, "100 100 97.5 98 3", "98 98 98 98 4", "99 99 99 99 50"], rows=["0 short 2 102 e"],
        told="e 2@100 take_profit_1 0.3@98 take_profit_1 0.4@98 take_profit_1 0.3@99 end_of_data 1@99",
        at=[0, 1, 2, 3, 3], notes=[CUT],
    ),
    "slippage and fees are those of a market order, part by part": World(
        # 10 bps of 102 is 0.102: 101.89; of 102 at an open with a low of 101: 101.89 again.
        bars=[DEEP, "100 102.5 100 102 3", "102 102 101 101 50"], settings={"slippage_bps": 10},
        told="e 2@100.1 take_profit_1 0.3@102.09 take_profit_1 0.7@101.89 end_of_data 1@101", at=[0, 1, 2, 2],
        notes=[CUT],
    ),
    "a soft leg turns hard at the first open after a known close": World(
        # No spread is known before bar 0. Bar 2 opens at 103, past 102: a hard leg fills at the open like a soft one, with
        # the taker's slippage of 10 bps.
        bars=[DEEP, DEEP, "103 103 102 102.5 50"], legs="1/0.5/SOFT 2/0.5/HARD", liquidity=NARROW,
        settings={"execution": {"spread_bps": 6}, "slippage_bps": 10},
        told="e 2@100.1 take_profit_1 1@102.89 end_of_data 1@102.39", at=[0, 2, 2],
        notes=[f"take_profit_1 becomes HARD: {WIDE}"],
    ),
    "a ladder made at an open may start hard": World(
        bars=[DEEP, DEEP, "100 102.5 100 102.5 50"], rows=["1 long 2 98 e"], legs="0.5/0.5/SOFT 1/0.5/SOFT",
        liquidity=NARROW, settings={"execution": {"spread_bps": 6}},
        told="e 2@100 take_profit_1 1@101 take_profit_2 1@102", at=[1, 2, 2],
        notes=[f"take_profit_1, take_profit_2 become HARD: {WIDE}"],
    ),
    "a spread at the limit is not above it": World(
        bars=RISEN, legs="1/0.5/SOFT 2/0.5/SOFT", liquidity=NARROW, settings={"execution": {"spread_bps": 5}},
        told="e 2@100 take_profit_1 1@102 end_of_data 1@102.5", at=[0, 1, 2],
    ),
    "a spread that nobody knows changes nothing": World(
        bars=RISEN, legs="1/0.5/SOFT 2/0.5/SOFT", liquidity=NARROW,
        told="e 2@100 take_profit_1 1@102 end_of_data 1@102.5", at=[0, 1, 2],
    ),
    "a leg that turned hard is met by a touch and cut like one": World(
        # `through` would need 102.01; hard, it is met at 102, and the bar takes 0.3 of it.
        bars=[DEEP, DEEP, "100 102 100 101 3", "101 101 101 101 50"], legs="1/0.5/SOFT 2/0.5/HARD",
        liquidity={**TENTH, **NARROW}, settings={"execution": {"spread_bps": 6, "limit_fill": "through"}},
        told="e 2@100 take_profit_1 0.3@102 take_profit_1 0.7@101 end_of_data 1@101", at=[0, 2, 3, 3],
        notes=[f"take_profit_1 becomes HARD: {WIDE}", CUT],
    ),
}  # fmt: skip


def run_world(world: World, **inputs: Any) -> Result:
    recipe = {"liquidity": dict(world.liquidity), **world.recipe}
    if world.triggers:
        inputs["plan"] = {"plan_id": "p", "triggers": [dict(one) for one in world.triggers]}
    return run(world.bars, world.rows, world.legs, recipe=recipe, inputs=inputs, **world.settings)


def notes_of(result: Result) -> list[str]:
    return [event["detail"] for event in result.events if event["kind"] == "plan"]


@pytest.mark.parametrize("name", WORLDS)
def test_what_a_thin_market_does(name: str) -> None:
    """spec P14."""
    world = WORLDS[name]
    result = run_world(world)
    assert fills(result) == world.told
    assert hours(result.trade_sets[0]) == list(world.at)
    told = [note for note in notes_of(result) if "sells" in note or "HARD" in note]
    assert told == list(world.notes)


# Where there is nothing to look at


def with_volumes(world: World, volumes: Sequence[float]) -> Result:
    """The world over candles whose volumes are these, missing ones too: a file would have them refused."""
    read = candles_from_frame(candles(world.bars), symbol=None, repair=False, tick_size=None).candles[0]
    thin = changed(read, volume=np.array(volumes))
    return backtest(
        thin, entries=entries(world.rows), profiles=profile(world.legs, liquidity=dict(world.liquidity)),
        config=config(), environment={},
    )  # fmt: skip


def test_a_missing_volume_takes_nothing() -> None:
    result = with_volumes(World(bars=MET, told="", at=[]), [50, float("nan"), 50])
    assert fills(result) == "e 2@100 take_profit_1 1@102 end_of_data 1@102"
    assert hours(result.trade_sets[0]) == [0, 2, 2]
    assert result.about["warnings"] == []


def test_whipsaws_count_a_cut_exit_once() -> None:
    """spec M3: an exit, not a leg"""
    result = run_world(WORLDS["risk_reduce, and the legs shrink part by part"])
    legs = [leg for one in result.trade_sets for leg in one.legs if leg.category == "risk_reduce"]
    assert (len(legs), result.metrics["num_risk_exits"]) == (2, 1)


@pytest.mark.parametrize("volume", [0.0, float("nan")])
def test_candles_without_volumes_cut_nothing_and_the_run_says_so(volume: float) -> None:
    result = with_volumes(World(bars=MET, told="", at=[]), [volume] * 3)
    assert fills(result) == "e 2@100 take_profit_1 1@102 end_of_data 1@102"
    (warning,) = result.about["warnings"]
    assert warning == "liquidity.max_volume_share cuts nothing: no volumes in the candles of TST"


def test_an_unknown_spread_is_said_once() -> None:
    (warning,) = run_world(WORLDS["a spread that nobody knows changes nothing"]).about["warnings"]
    assert warning.startswith("liquidity.max_spread_bps has no effect: no spread is known for TST")
    assert run_world(WORLDS["a spread at the limit is not above it"]).about["warnings"] == []
    assert run_world(WORLDS["a hard rung"]).about["warnings"] == []


# Spreads of the data


def quotes(spreads: Sequence[float | None]) -> pl.DataFrame:
    """At each bar's close, a bid and an ask about 100 so many basis points apart."""
    known = [(i, bps) for i, bps in enumerate(spreads) if bps is not None]
    return pl.DataFrame(
        {
            "timestamp": [at(i + 1) for i, _ in known],
            "bid": [100 - bps / 200 for _, bps in known],
            "ask": [100 + bps / 200 for _, bps in known],
        }
    )


@pytest.mark.parametrize(
    ("spreads", "turned"),
    [([1, 6, 1, 1], 2), ([6, 1, 1, 1], 1), ([1, 1, 6, 6], None), ([None, None, 6, 1], None), ([1, 1, 1, 1], None)],
)
def test_the_spread_of_the_close_before_counts(spreads: Sequence[float | None], turned: int | None) -> None:
    """spec P14 X1: the leg at 102 is met in bar 2; a hard one pays 10 bps of slippage."""
    bars = [DEEP, DEEP, "100 102.5 100 102 50", DEEP]
    world = World(bars=bars, told="", at=[], legs="1/1/SOFT", liquidity=NARROW, settings={"slippage_bps": 10})
    result = run_world(world, quotes=quotes(spreads))
    # 100.1 + 2.1 = 102.2 is the level, R = 2.1; hard: 102.2 less 0.1022, rounded down.
    price = "102.2" if turned is None else "102.09"
    assert fills(result) == f"e 2@100.1 take_profit_1 2@{price}"
    turns = [event["time"] for event in result.events if "HARD" in str(event["detail"])]
    assert turns == ([] if turned is None else [at(turned).strftime("%Y-%m-%dT%H:%M:%SZ")])


def test_a_fresh_ladder_starts_soft_again() -> None:
    """spec P14 F20: leg 2 hardened at bar 1; the add of bar 2 plans anew, and the spread is narrow by then."""
    bars = [DEEP, DEEP, DEEP, "100 104.5 100 104 50"]
    world = World(
        bars=bars, told="", at=[], rows=["0 long 2 98 e", "2 long 2 - a"], legs="2/1/SOFT", liquidity=NARROW,
        settings={"fees": (0, "0.001"), "account": {"max_adds": 1}},
    )  # fmt: skip
    result = run_world(world, quotes=quotes([6, 1, 1, 1]))
    (one,) = result.trade_sets
    assert fills(one) == "e 2@100 a 2@100 take_profit_1 4@104"
    assert one.legs[-1].fees == 0  # the maker's


def test_a_plan_shows_the_leg_as_it_rested() -> None:
    made = run_world(WORLDS["a leg that turned hard is met by a touch and cut like one"]).plans
    (plan,) = made.values()
    rung = plan["legs"][1]
    assert (rung["order"], rung["status"], rung["filled_at"]) == ("HARD", "hit", "2024-01-01T02:00:00Z")
    assert f"take_profit_1 becomes HARD: {WIDE}" in plan["notes"]
    assert CUT in plan["notes"]


# Finer bars, several positions, several symbols


def test_with_a_detail_file_the_main_bars_volume_counts() -> None:
    """spec F45: four quarters of bar 1 hold 3 each; the hour's own volume is 4, so 0.4 leave at 102."""
    quarter = timedelta(minutes=15)
    hour = ["100 101 100 101 3", "101 102.5 101 102 3", "102 102 102 102 3", "102 102 102 102 3"]
    finer = candles([*[DEEP] * 4, *hour, *["102 102 102 102 3"] * 4], times=[at(0) + i * quarter for i in range(12)])
    bars = [DEEP, "100 102.5 100 102 4", "102 102 102 102 50"]
    result = run_world(World(bars=bars, told="", at=[]), detail=finer)
    assert fills(result) == "e 2@100 take_profit_1 0.4@102 take_profit_1 0.6@102 end_of_data 1@102"
    assert hours(result.trade_sets[0]) == [0, 1, 2, 2]


def test_independent_positions_have_a_share_each() -> None:
    """spec P14 F28: both meet their leg in bar 1, and each takes 0.3, then 0.4."""
    world = World(
        bars=[*MET, "101 101 101 101 50"], told="", at=[], rows=["0 long 2 98 e", "0 long 2 98 f"],
        settings={"account": {"independent": True}},
    )  # fmt: skip
    result = run_world(world)
    for number, tag in enumerate("ef"):
        assert fills(result, number) == (
            f"{tag} 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 take_profit_1 0.3@101 end_of_data 1@101"
        )
    assert notes_of(result) == [CUT, CUT]


def test_rests_are_sold_in_the_order_of_symbols_and_seen_by_equity() -> None:
    """spec X7 F22: at bar 2 AAA sells its rest at 96 before BBB sizes an entry by the equity of that open.

    AAA: 0.3 at 102, then 0.7 at 96: cash 1000 + 0.6, marked at 96 the other 1 has lost 4. The fee of 1% is only on fills:
    2 × 100, 0.3 × 102, 0.7 × 96 → 2.978. Equity 1000 + 0.6 - 2.8 - 4 - 2.978 = 990.822, one tenth of it at 100 → 0.990.
    """
    bars = [DEEP, "100 102.5 100 102 3", "96 96.5 95.5 96 50", "96 96.5 95.5 96 50"]
    market = pl.concat([candles(bars, symbol="AAA"), candles([DEEP] * 4, symbol="BBB")]).sort("timestamp", "symbol")
    rows = pl.concat(
        [
            entries(["0 long 2 95 e"], symbol="AAA"),
            entries(["2 long - 98 f"], symbol="BBB"),
        ]
    )
    recipe = profile("0.4/0.5/HARD 2/0.5/HARD", liquidity=TENTH)
    recipe["profiles"][0]["symbol"] = "AAA"
    settings = config(
        account={"initial_cash": 1000, "sizing": {"mode": "fraction", "value": "0.1"}}, exits={"regime": "NORMAL"}
    )
    venue = settings["instrument"] | {"taker_fee": "0.01"}
    settings["instrument"] = [venue | {"symbol": "AAA"}, venue | {"symbol": "BBB"}]
    result = backtest(market, entries=rows, profiles=recipe, config=settings, environment={})
    aaa, bbb = result.trade_sets
    assert fills(aaa).startswith("e 2@100 take_profit_1 0.3@102 take_profit_1 0.7@96")
    assert fills(bbb).startswith("f 0.99@100")
    times = [event["time"] for event in result.events]
    assert times == sorted(times)


def test_the_worked_example_of_the_manual() -> None:
    """docs/concepts/options.md."""
    shown = ["100 100 100 100 10", "100 102 100 102 3", "102 102 101 101 4", "101 101 101 101 50"]
    result = run_world(World(bars=shown, told="", at=[]))
    assert fills(result).startswith("e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 take_profit_1 0.3@101")
    fell = run_world(World(bars=[*shown[:2], "102 102 98 98 4"], told="", at=[]))
    assert fills(fell) == "e 2@100 take_profit_1 0.3@102 take_profit_1 0.4@102 stop_loss 1.3@98"

"""Each option of spec P10 changes a fill, in the run, in plans.json and in what `plan show` draws.

One world a row: long 1 @ 100, stop 98, so R = 2; bars are hours. `plain` is what happens without the option.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from engine.worlds import FLAT, fills, hours, profile, run, trailing
from exitbrain.backtesting.result import Result
from exitbrain.cli.plan import plan_app

UP_AND_DOWN = [FLAT, "100 102.5 100 102", "102 102 99 99.5"]


@dataclass(frozen=True, kw_only=True)
class Option:
    keys: dict[str, Any]
    bars: list[str]
    legs: str
    plain: str
    changed: str
    left_at: int  # the bar of the last leg
    stop_path: list[tuple[str, str]]  # (level, reason), each from its time on
    told: str  # what plan show says
    base: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    row: str = "0 long 1 98 e"


TRAILED = {"trailing": trailing(0.02, 0.5)}
STILL = ["100 100.5 99.5 100"] * 4
# ATR of two bars: 1 at bar 3 (every true range is 1); bar 4's true range is 2.5, so 1.75 after it.
RISING = [*STILL, "100 102.5 100 102.5", "102.5 102.5 100 100"]
# ATR(14): true ranges of 4 for bars 1..14: 4 at bar 14. Bar 15: 0.4 → (13 × 4 + 0.4) ÷ 14 = 3.742857…
CALMING = [*["100 102 98 100"] * 15, "100 100.2 99.8 100", "100 102 100 102", "102 102 99 99.5"]

OPTIONS = {
    "break-even": Option(
        # TP1 at 102 moves the stop to 100; the fall to 99 meets it there.
        keys={"stop_moves": [{"after_leg": 1, "to": "breakeven"}]},
        bars=UP_AND_DOWN,
        legs="1/0.5/HARD 2/0.5/HARD",
        plain="e 1@100 take_profit_1 0.5@102 end_of_data 0.5@99.5",
        changed="e 1@100 take_profit_1 0.5@102 breakeven_stop 0.5@100",
        left_at=2,
        stop_path=[("98", "stop_loss"), ("100", "breakeven_stop")],
        told="stop after TP1",
    ),
    "break-even with fees": Option(
        # Taker fee 0.1%: 0.1 at entry, 0.5 × 102 × 0.001 = 0.051 at TP1. Half of it costs 50:
        # (50 + 0.151) ÷ (0.5 × 0.999) = 100.4024…, up to 100.41.
        keys={"stop_moves": [{"after_leg": 1, "to": "breakeven", "fees": True}]},
        bars=UP_AND_DOWN,
        legs="1/0.5/HARD 2/0.5/HARD",
        plain="e 1@100 take_profit_1 0.5@102 end_of_data 0.5@99.5",
        changed="e 1@100 take_profit_1 0.5@102 breakeven_stop 0.5@100.41",
        left_at=2,
        stop_path=[("98", "stop_loss"), ("100.41", "breakeven_stop")],
        told="fees paid back",
        settings={"fees": (0, 0.001)},
    ),
    "previous target": Option(
        # After leg 2 (104) the stop goes to leg 1's level, 102.
        keys={"stop_moves": [{"after_leg": 2, "to": "previous_target"}]},
        bars=[FLAT, "100 104.5 100 104", "104 104 99 99.5"],
        legs="1/0.3/HARD 2/0.3/HARD 3/0.4/HARD",
        plain="e 1@100 take_profit_1 0.3@102 take_profit_2 0.3@104 end_of_data 0.4@99.5",
        changed="e 1@100 take_profit_1 0.3@102 take_profit_2 0.3@104 stop_loss 0.4@102",
        left_at=2,
        stop_path=[("98", "stop_loss"), ("102", "stop_loss")],
        told="stop after TP2",
    ),
    "an R value": Option(
        # 0.25R above the entry: 100.5.
        keys={"stop_moves": [{"after_leg": 1, "to": 0.25}]},
        bars=UP_AND_DOWN,
        legs="1/0.5/HARD 2/0.5/HARD",
        plain="e 1@100 take_profit_1 0.5@102 end_of_data 0.5@99.5",
        changed="e 1@100 take_profit_1 0.5@102 stop_loss 0.5@100.5",
        left_at=2,
        stop_path=[("98", "stop_loss"), ("100.5", "stop_loss")],
        told="stop after TP1",
    ),
    "time stop in bars": Option(
        # Held 2 bars at the close of bar 2: out at the open of bar 3.
        keys={"time_stop": {"bars": 2}},
        bars=[FLAT, FLAT, FLAT, "100.2 100.5 99.5 100", FLAT],
        legs="1/0.5/HARD 2/0.5/HARD",
        plain="e 1@100 end_of_data 1@100",
        changed="e 1@100 time_stop 1@100.2",
        left_at=3,
        stop_path=[("98", "stop_loss")],
        told="Time stop",
    ),
    "time stop in time": Option(
        # 90 minutes are over at the bar that opens two hours after the entry's: out at the open of bar 3.
        keys={"time_stop": {"duration": "90m"}},
        bars=[FLAT, FLAT, FLAT, "100.2 100.5 99.5 100", FLAT],
        legs="1/0.5/HARD 2/0.5/HARD",
        plain="e 1@100 end_of_data 1@100",
        changed="e 1@100 time_stop 1@100.2",
        left_at=3,
        stop_path=[("98", "stop_loss")],
        told="Time stop",
    ),
    "ATR trail": Option(
        # Peak 102.5 in bar 4, ATR of bar 3 is 1: 102.5 − 2 × 1 = 100.5. By percent 102.5 × 0.98 = 100.45.
        # In bar 5 the distance is 2 × 1.75 = 3.5, which would be looser: 100.5 stays.
        keys={"atr_trail": {"period": 2, "mult": 2}},
        bars=RISING,
        legs="9/1/HARD",
        plain="e 1@100 trailing_stop 1@100.45",
        changed="e 1@100 trailing_stop 1@100.5",
        left_at=5,
        # Armed at 101: 101 − 2 = 99.
        stop_path=[("98", "stop_loss"), ("99", "trailing_stop"), ("100.5", "trailing_stop")],
        told="ATR",
        base=TRAILED,
        row="3 long 1 98 e",
    ),
    "adaptive callback": Option(
        # At entry ATR = 4 (bar 14). In bar 16: 3.742857 ÷ 4 of 2%: 102 × (1 − 0.0187142857) = 100.0911…, up to 100.1.
        # Bar 16's true range is 2: (13 × 3.742857 + 2) ÷ 14 = 3.618367, so before the open of bar 17:
        # 102 × (1 − 0.02 × 0.9045918) = 100.15463…, up to 100.16. Without the option 102 × 0.98 = 99.96.
        keys={"adaptive": {"min": 0.5, "max": 2}},
        bars=CALMING,
        legs="9/1/HARD",
        plain="e 1@100 trailing_stop 1@99.96",
        changed="e 1@100 trailing_stop 1@100.16",
        left_at=17,
        # Armed at 101: 101 × (1 − 0.0187142857) = 99.1098…, up to 99.11.
        stop_path=[("90", "stop_loss"), *((level, "trailing_stop") for level in ("99.11", "100.1", "100.16"))],
        told="Adaptive",
        base={"trailing": trailing(0.02, 0.1)},
        row="15 long 1 90 e",
    ),
}


def run_of(option: Option, *, changed: bool) -> Result:
    recipe = {**option.base, **(option.keys if changed else {})}
    return run(option.bars, [option.row], option.legs, recipe=recipe, **option.settings)


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_changes_a_fill(name: str) -> None:
    """spec P10 F36 F52 F16."""
    option = OPTIONS[name]
    assert fills(run_of(option, changed=False)) == option.plain
    result = run_of(option, changed=True)
    assert fills(result) == option.changed
    assert hours(result.trade_sets[0])[-1] == option.left_at


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_shows_in_plans_json(name: str, tmp_path: Path) -> None:
    """The stop's path holds each level from its time on; a leg that was left behind is cancelled."""
    option = OPTIONS[name]
    folder = run_of(option, changed=True).to_dir(tmp_path / "out")
    (plan,) = json.loads((folder / "plans.json").read_text()).values()
    assert [(level, reason) for _, level, reason in plan["stop_path"]] == option.stop_path
    times = [time for time, _, _ in plan["stop_path"]]
    assert times == sorted(times)
    statuses = {f"{leg['kind']}{leg['index'] or ''}": leg["status"] for leg in plan["legs"]}
    hit = {word.rpartition("_")[2] for word in option.changed.split() if word.startswith("take_profit")}
    assert {kind for kind, status in statuses.items() if status == "hit" and kind.startswith("TP")} == {
        f"TP{number}" for number in hit
    }
    assert statuses.get("TRAIL", "hit") == "hit"
    assert "unhit" not in statuses.values()


@pytest.mark.parametrize("name", OPTIONS)
def test_an_option_shows_in_plan_show(name: str, tmp_path: Path) -> None:
    option = OPTIONS[name]
    printed = {}
    for changed in (False, True):
        file = tmp_path / f"{changed}.yaml"
        file.write_text(yaml.safe_dump(profile(option.legs, **option.base, **(option.keys if changed else {}))))
        printed[changed] = show(str(file))
    assert option.told in printed[True]
    assert option.told not in printed[False]


def show(file: str) -> str:
    app = typer.Typer()
    app.add_typer(plan_app, name="plan")
    arguments = ["plan", "show", file, "--entry", "100", "--stop", "98", "--tick", "0.01", "--lot", "0.001"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_a_stop_move_acts_within_the_same_bar() -> None:
    """spec F36: low 99.8, up to 102 where TP1 fills, then the close at 99.9: the stop at 100 is met on the way."""
    recipe = {"stop_moves": [{"after_leg": 1, "to": "breakeven"}]}
    result = run([FLAT, "100 102 99.8 99.9"], ["0 long 1 98 e"], recipe=recipe)
    assert fills(result) == "e 1@100 take_profit_1 0.5@102 breakeven_stop 0.5@100"


def test_the_first_of_two_time_stops_counts() -> None:
    """spec F16: exits.time_stop_bars and the profile's own hold both."""
    bars = [FLAT] * 6
    result = run(bars, ["0 long 1 98 e"], recipe={"time_stop": {"bars": 3}}, exits={"time_stop_bars": 1})
    assert hours(result.trade_sets[0]) == [0, 2]
    result = run(bars, ["0 long 1 98 e"], recipe={"time_stop": {"bars": 1}}, exits={"time_stop_bars": 3})
    assert hours(result.trade_sets[0]) == [0, 2]


def test_an_entry_at_a_time_stop_is_preempted_by_it() -> None:
    """spec F32: the row of bar 3 is decided at the close of bar 2, where the time stop is due."""
    bars = [FLAT] * 6
    result = run(bars, ["0 long 1 98 e", "3 short 1 102 g"], recipe={"time_stop": {"bars": 2}})
    (event,) = [event for event in result.events if event["kind"] == "block"]
    assert (event["reason"], event["preempted_by"], event["trigger_id"]) == ("exit_preempts_entry", "time_stop", "g")
    assert fills(result) == "e 1@100 time_stop 1@100"
    assert len(result.trade_sets) == 1


def test_a_stop_move_after_a_merged_leg_is_void() -> None:
    """spec F52 F18: 3 lots of which 20% is no lot: TP2 goes into TP1, and the move after leg 2 with it."""
    recipe = {"stop_moves": [{"after_leg": 2, "to": "breakeven"}]}
    result = run(UP_AND_DOWN, ["0 long 0.003 98 e"], "1/0.6/HARD 2/0.2/HARD", recipe=recipe)
    assert fills(result) == "e 0.003@100 take_profit_1 0.002@102 end_of_data 0.001@99.5"
    notes = [event["detail"] for event in result.events if event["kind"] == "plan"]
    assert any("void" in note for note in notes), notes

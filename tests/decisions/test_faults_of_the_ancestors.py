"""What earlier systems did wrong, each on a world small enough to redo by hand."""

from __future__ import annotations

from typing import Any

import pytest

from decisions.worlds import AFTER, BARS, CALM, FIRES, LONG, LOW, block_events, entering, legs, told, trigger, world
from exitbrain.errors import InvalidInput


@pytest.mark.parametrize("category", ["reversal", "risk_reduce", "risk_off", "emergency_exit"])
@pytest.mark.parametrize("staged", ["by a row", "by a trigger"])
def test_an_exit_does_not_exist_from_flat_while_an_entry_is_staged(category: str, staged: str) -> None:
    """spec D1 F12: both are asked at the close of bar 2; the entry fills in bar 3 and nobody leaves."""
    rows, entry = (["3 long 1 98 e"], []) if staged == "by a row" else (None, [entering("e", "long")])
    result = world(BARS, rows, [trigger("x", category), *entry])
    assert (legs(result), result.events) == (["3 e 1", "4 end_of_data 1"], [])


@pytest.mark.parametrize("category", ["risk_off", "emergency_exit"])
def test_a_circuit_breaker_that_sells_a_part_is_refused_when_the_plan_is_loaded(category: str) -> None:
    """spec T2."""
    with pytest.raises(InvalidInput) as refusal:
        world(BARS, LONG, [trigger("x", category, exit_fraction=0.5)])
    assert "exit_fraction" in str(refusal.value)


@pytest.mark.parametrize("category", ["risk_off", "emergency_exit"])
@pytest.mark.parametrize("fraction", [None, 1, 1.0])
def test_a_circuit_breaker_sells_everything_that_is_live(category: str, fraction: float | None) -> None:
    """spec T2 D1 D6: 1 and 2 added less 0.334 × 3 trimmed leave 1.998, and 1.998 go, latched or not."""
    bars = [CALM, CALM, CALM, LOW, AFTER, CALM]
    trim = trigger("trim", "risk_reduce", "bars_held == 2", exit_fraction=0.334)
    for latch in ({}, {"risk_regime_rule": FIRES}):
        result = world(
            bars, ["0 long 1 97 e", "2 long 2 97 f"], [trim, trigger("x", category, exit_fraction=fraction)],
            plan=latch, account={"max_adds": 1},
        )  # fmt: skip
        assert legs(result) == ["0 e 1", "2 f 2", "3 trim_exit 1.002", "4 x_exit 1.998"]
        assert told(result) == []


@pytest.mark.parametrize(
    ("rearm", "expected"),
    [
        # True at 1-3, false at 4, true at 5-6.
        ("edge", ["2 x_exit 0.5", "6 x_exit 0.25"]),
        ("once", ["2 x_exit 0.5"]),
        ("every_bar", ["2 x_exit 0.5", "3 x_exit 0.25", "4 x_exit 0.125", "6 x_exit 0.062", "7 x_exit 0.031"]),
        (None, ["2 x_exit 0.5", "6 x_exit 0.25"]),
    ],
)
def test_a_persistent_condition_trims_once(rearm: str | None, expected: list[str]) -> None:
    """spec T6 F14: edge is the default; half of 0.125 is 62.5 lots of 0.001, rounded down."""
    keys = {} if rearm is None else {"rearm": rearm}
    result = world(
        [CALM, LOW, LOW, LOW, CALM, LOW, LOW, CALM, CALM],
        LONG,
        [trigger("x", "risk_reduce", exit_fraction=0.5, **keys)],
    )
    trims = [leg for leg in legs(result) if "x_exit" in leg]
    assert (trims, told(result)) == (expected, [])


@pytest.mark.parametrize("rule", ["1 / (volume - 5) > 0.5", "is_long and 1 / (volume - 5) > 0.5"])
def test_an_unknown_does_not_rearm(rule: str) -> None:
    """spec F14 T4: volume 5 divides by zero at bar 2; only the definite false of bar 4 re-arms.

    A rule that reads the position is asked at every bar, the other where it can matter.
    """
    bars = [f"100 100.5 99.5 100 {volume}" for volume in (15, 6, 5, 6, 15, 6, 15)]
    result = world(bars, LONG, [trigger("x", "risk_reduce", rule, exit_fraction=0.5)])
    assert legs(result) == ["0 e 1", "2 x_exit 0.5", "6 x_exit 0.25", "6 end_of_data 0.25"]


@pytest.mark.parametrize("rearm", ["edge", "once"])
def test_a_firing_that_is_blocked_or_loses_is_not_used_up(rearm: str) -> None:
    """spec T6 F14: bar 1 is under min hold, bar 2 goes to the A graded peer, bar 3 is its turn."""
    mine = trigger("x", "risk_reduce", exit_fraction=0.5, rearm=rearm)
    peer = trigger("a", "risk_reduce", f"{FIRES} and bars_held == 2", exit_fraction=0.25, confidence_grade="A")
    result = world([CALM, LOW, LOW, LOW, LOW, CALM], LONG, [mine, peer], guardrails={"min_hold_bars": 2})
    assert told(result) == ["x min_hold", "x outranked_by_peer a"]
    assert legs(result)[1:3] == ["3 a_exit 0.25", "4 x_exit 0.375"]


def test_the_next_set_starts_armed() -> None:
    """spec F14: the rule is true all along; each set is trimmed once."""
    rows = ["0 long 1 98 e", "3 short 1 103 f"]
    result = world([LOW] * 7, rows, [trigger("x", "risk_reduce", exit_fraction=0.5, rearm="once")])
    assert [leg for leg in legs(result) if "x_exit" in leg] == ["2 x_exit 0.5", "5 x_exit 0.5"]


def test_a_risk_reduce_without_a_fraction_leaves_whole() -> None:
    """spec T2 T6."""
    assert legs(world(BARS, LONG, [trigger("x", "risk_reduce")])) == ["0 e 1", "3 x_exit 1"]


def test_no_cooldown_gags_an_emergency() -> None:
    """spec D2: the reversal in bar 1 closed a set; the emergency of bar 2 acts although entries must wait."""
    result = world(
        BARS, ["0 short 1 102 e", "1 long 1 98 f"], [trigger("x", "emergency_exit"), entering("y", "long")],
        guardrails={"cooldown_bars": 10, "same_bar_veto": False}, account={"max_adds": 1},
    )  # fmt: skip
    assert legs(result)[-1] == "3 x_exit 1"
    assert told(result) == ["y cooldown"]


@pytest.mark.parametrize(
    ("row", "guardrails", "reason", "wait"),
    [
        ("0 long 1 98 e", {"min_hold_bars": 3}, "min_hold", 3),
        ("0 long 1 98 e", {"min_hold_bars": 3, "cooldown_bars": 7}, "min_hold", 7),
        ("2 long 1 98 e", {}, "same_bar_veto", 1),
    ],
)
def test_a_vetoed_emergency_leaves_a_record_that_says_how_long_to_wait(
    row: str, guardrails: dict[str, Any], reason: str, wait: int
) -> None:
    """spec D2 F30: max(1, cooldown_bars, min_hold_bars)."""
    result = world(BARS, [row], [trigger("x", "emergency_exit")], guardrails=guardrails)
    (event,) = block_events(result)
    assert (event["trigger_id"], event["reason"], event["cooldown_recommendation_bars"]) == ("x", reason, wait)


def test_every_loser_of_a_crowd_is_recorded_with_who_beat_it() -> None:
    """spec D4: in order of precedence; the emergency's C does not matter."""
    triggers = [
        entering("late"),
        entering("eager", confidence_grade="A"),
        trigger("leave", "reversal", confidence_grade="A"),
        trigger("trim", "risk_reduce", confidence_grade="A", exit_fraction=0.5),
        trigger("off", "risk_off"),
        trigger("stop", "emergency_exit", confidence_grade="C"),
    ]
    result = world(BARS, [*LONG, "3 short 1 102 row"], triggers)
    assert told(result) == [
        "eager emergency_exit_preempts_entry stop",
        "off emergency_exit_preempts_exit stop",
        "trim emergency_exit_preempts_exit stop",
        "leave emergency_exit_preempts_exit stop",
        "late emergency_exit_preempts_entry stop",
        "row emergency_exit_preempts_entry stop",
    ]
    assert all("cooldown_recommendation_bars" not in event for event in block_events(result))


@pytest.mark.parametrize("category", ["reversal", "mean_reversion", "risk_reduce", "risk_off", "emergency_exit"])
@pytest.mark.parametrize("where", ["config", "plan"])
def test_no_allow_list_blocks_leaving(category: str, where: str) -> None:
    """spec D2: lists that name neither the category, nor the direction, nor the symbol speak to entries only."""
    lists = {"allowed_categories": ["trend_continuation", "other"], "allowed_directions": ["long"]}
    given: dict[str, Any] = {"guardrails": lists} if where == "config" else {"plan": {"risk_constraints": lists}}
    result = world(BARS, LONG, [trigger("x", category), entering("y", category="reversal")], **given)
    assert (told(result), legs(result)) == (["y allow_list"], ["0 e 1", "3 x_exit 1"])


@pytest.mark.parametrize("rule", ["not (rsi_14 > 70)", "not (70 < rsi_14)", "not (rsi_14 > 70 and close > 1)"])
def test_the_negation_of_what_is_missing_does_not_fire(rule: str) -> None:
    """spec T4: rsi_14 is known from bar 14 on, where its candidate decides for bar 15."""
    bars = [f"100 101 99 {100 + bar % 2}" for bar in range(18)]
    entered = world(bars, None, [entering("y", "long", rule)])
    assert legs(entered)[0] == "15 y 1"
    left = world(bars, LONG, [trigger("x", "emergency_exit", rule)])
    assert legs(left) == ["0 e 1", "15 x_exit 1"]


def test_the_negation_of_a_position_feature_does_not_fire_when_flat() -> None:
    """spec T4: unrealized_r is missing when flat, so neither it nor its negation enters."""
    for rule in ("not (unrealized_r > 1)", "unrealized_r > -100"):
        assert world(BARS, None, [entering("y", "long", rule)]).trade_sets == []

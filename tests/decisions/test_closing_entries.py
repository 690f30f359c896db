"""Entries against a position, time stops, exits that leave too little, and triggers of higher timeframes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from decisions.worlds import AFTER, BARS, CALM, FIRES, LONG, LOW, block_events, entering, legs, told, trigger, world
from exitbrain.backtesting.files import decisions_frame
from exitbrain.errors import InvalidInput


def test_both_legs_of_a_reversal_carry_the_entrys_reason() -> None:
    """spec F13 D7 L1: one order for 2 closes 1 and opens 1; the stop of 5% from 99.4 is far."""
    result = world(BARS, LONG, [entering("s", category="mean_reversion")])
    assert legs(result) == ["0 e 1", "3 s 1", "3 s 1", "4 end_of_data 1"]
    closing, opening = result.trade_sets[0].legs[-1], result.trade_sets[1].legs[0]
    assert [(leg.trigger_id, leg.category, leg.is_entry) for leg in (closing, opening)] == [
        ("s", "mean_reversion", False),
        ("s", "mean_reversion", True),
    ]
    assert closing.price == opening.price


def test_an_entry_that_only_exits_is_named_an_exit() -> None:
    """spec F13 D7: no second set."""
    result = world(BARS, LONG, [entering("s")], account={"on_opposite": "exit"})
    assert legs(result) == ["0 e 1", "3 s_exit 1"]


@pytest.mark.parametrize("on_opposite", ["reverse", "exit"])
@pytest.mark.parametrize(
    ("rows", "guardrails", "reason"),
    [
        (["2 long 1 98 e"], {}, "same_bar_veto"),
        (["2 long 1 98 e"], {"same_bar_veto": False, "min_hold_bars": 1}, "min_hold"),
        (LONG, {"min_hold_bars": 3}, "min_hold"),
    ],
)
def test_an_entry_that_closes_passes_the_guards_of_a_normal_exit(
    on_opposite: str, rows: list[str], guardrails: dict[str, Any], reason: str
) -> None:
    """spec F13 F31: the event names the entry."""
    result = world(BARS, rows, [entering("s")], account={"on_opposite": on_opposite}, guardrails=guardrails)
    assert (told(result), len(result.trade_sets)) == ([f"s {reason}"], 1)


@pytest.mark.parametrize(
    ("direction", "settings", "answers"),
    [
        ("long", {"max_adds": 1}, {"max_adds": None}),
        ("long", {"max_adds": 0}, {"max_adds": "0 of at most 0 adds made"}),
        ("short", {"on_opposite": "reverse"}, {"opposite_ignored": None}),
        ("short", {"on_opposite": "ignore"}, {"opposite_ignored": "an opposite position is open"}),
    ],
)
def test_decisions_keep_the_answer_to_an_open_position(
    direction: str, settings: dict[str, Any], answers: dict[str, str | None]
) -> None:
    """spec F11 D7: a yes is an answer too; from flat neither is asked."""
    result = world(BARS, LONG, [entering("g", direction)], account=settings)
    first, second = (json.loads(guards) for guards in decisions_frame(result)["guards"])
    beside = ("max_adds", "opposite_ignored")
    assert {name: second[name] for name in beside if name in second} == answers
    assert not {*beside} & {*first}


def test_the_guards_switches_hold_for_a_closing_entry_too() -> None:
    """spec F31."""
    assert told(world(BARS, ["2 long 1 98 e"], [entering("s")], guardrails={"same_bar_veto": False})) == []


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"stop_loss_pct": "0.001"}, "invalid_stop"), ({}, "min_trade")],
)
def test_an_entry_refused_at_its_fill_has_used_its_decision(settings: dict[str, Any], reason: str) -> None:
    """spec F31 F10: the risk_off that it beat does not act in its place, and the position stays."""
    triggers = [entering("s", confidence_grade="A", **settings), trigger("o", "risk_off")]
    venue = {"min_notional": "99.2"} if reason == "invalid_stop" else {"min_notional": "99.25"}
    after = "99.2 99.6 99.2 99.4"  # 1 @ 99.2 at the fill
    result = world([CALM, CALM, LOW, after, CALM], LONG, triggers, instrument=venue)
    assert told(result) == ["o entry_overrides_risk_off s", f"s {reason}"]
    refusal = block_events(result)[-1]
    assert (refusal["time"], refusal["price"]) == ("2024-01-01T03:00:00Z", "99.3")
    assert legs(result) == ["0 e 1", "4 end_of_data 1"]


TWO_BARS = {"recipe": {"time_stop": {"bars": 2}}}


def test_a_time_stop_preempts_every_entry_and_asks_no_exit() -> None:
    """spec F16 F32: due at the close of bar 2, filled at the next open; row and trigger are told, exits are silent."""
    triggers = [trigger("x", "emergency_exit"), trigger("o", "risk_off"), entering("s", confidence_grade="A")]
    result = world(BARS, [*LONG, "3 short 1 102 row"], triggers, **TWO_BARS)
    assert sorted(told(result)) == ["row exit_preempts_entry time_stop", "s exit_preempts_entry time_stop"]
    assert legs(result) == ["0 e 1", "3 time_stop 1"]


@pytest.mark.parametrize(
    "guardrails", [{"min_hold_bars": 9}, {"max_spread_bps": 1}, {"min_liquidity": 10**9}, {"same_bar_veto": True}]
)
def test_no_guard_delays_a_time_stop(guardrails: dict[str, Any]) -> None:
    """spec F16."""
    result = world(BARS, LONG, [], guardrails=guardrails, execution={"spread_bps": 5}, **TWO_BARS)
    assert (legs(result), told(result)) == (["0 e 1", "3 time_stop 1"], [])


def test_a_time_stop_fills_at_its_own_close_where_fills_are_there() -> None:
    """spec F32."""
    triggers = [entering("s", confidence_grade="A"), trigger("x")]
    result = world(BARS, LONG, triggers, execution={"fill_at": "close"}, **TWO_BARS)
    assert legs(result) == ["0 e 1", "2 time_stop 1"]
    assert told(result) == ["s exit_preempts_entry time_stop"]


def plan_notes(result: Any) -> list[tuple[str, str]]:
    return [(event["time"][11:13], event["reason"]) for event in result.events if event["kind"] == "plan"]


@pytest.mark.parametrize(
    ("venue", "fraction", "expected"),
    [
        ({"min_quantity": "0.3"}, 0.75, "3 x_exit 1"),  # 0.25 would remain
        ({"min_quantity": "0.25"}, 0.75, "3 x_exit 0.75"),
        ({"min_notional": "24.9"}, 0.75, "3 x_exit 1"),  # 0.25 × 99.3 = 24.825
        ({"min_notional": "24.8"}, 0.75, "3 x_exit 0.75"),
        ({"lot_size": "1"}, 1, "3 x_exit 1"),
    ],
)
def test_an_exit_takes_all_where_too_little_would_remain(venue: dict[str, Any], fraction: float, expected: str) -> None:
    """spec F19 F33: judged at the decision's close, with a plan note; the leg keeps the trigger's fraction."""
    result = world(BARS, LONG, [trigger("x", "risk_reduce", exit_fraction=fraction)], instrument=venue)
    assert legs(result)[1] == expected
    takes_more = expected.endswith(" 1") and fraction < 1
    assert plan_notes(result) == ([("02", "plan_note")] if takes_more else [])
    assert float(result.trade_sets[0].legs[1].exit_fraction) == fraction
    free = world(
        BARS, LONG, [trigger("x", "risk_reduce", exit_fraction=fraction)],
        instrument=venue, guardrails={"min_trade": False},
    )  # fmt: skip
    assert (legs(free)[1], plan_notes(free)) == (f"3 x_exit {fraction:g}", [])


def test_an_exit_under_a_lot_is_refused_or_with_the_minima_off_no_candidate() -> None:
    """spec F19 F51: half of one lot."""
    half = trigger("x", "risk_reduce", exit_fraction=0.5)
    assert told(world(BARS, LONG, [half], instrument={"lot_size": "1"})) == ["x min_trade"]
    free = world(BARS, LONG, [half], instrument={"lot_size": "1"}, guardrails={"min_trade": False})
    assert (told(free), legs(free)) == ([], ["0 e 1", "4 end_of_data 1"])


FOUR_HOURS = {"timeframe": "4h", "rearm": "every_bar", "exit_fraction": 0.5}


def test_a_trigger_of_a_higher_timeframe_is_asked_at_its_closes_only() -> None:
    """spec F40: four hours end with bars 3, 7 and 11; the rule is true all along."""
    result = world([CALM] * 14, LONG, [trigger("x", "risk_reduce", "close > 0", **FOUR_HOURS)])
    assert [leg for leg in legs(result) if "x_exit" in leg] == ["4 x_exit 0.5", "8 x_exit 0.25", "12 x_exit 0.125"]


def test_an_entry_of_a_higher_timeframe_is_asked_at_its_closes_only() -> None:
    """spec F40."""
    result = world([CALM] * 10, None, [entering("s", rule="close > 0", timeframe="4h")])
    assert legs(result) == ["4 s 1", "9 end_of_data 1"]
    assert told(result) == ["s max_adds"]


def test_a_higher_timeframe_sees_its_own_bars() -> None:
    """spec F54 F40: 40 of volume in four hours, and a close that is low at bar 1 is no close of four hours."""
    by_volume = trigger("v", "risk_reduce", "volume == 40", **FOUR_HOURS)
    by_close = trigger("c", "risk_off", FIRES, timeframe="4h")
    result = world([CALM, LOW, CALM, CALM, CALM, CALM], LONG, [by_volume, by_close])
    assert legs(result) == ["0 e 1", "4 v_exit 0.5", "5 end_of_data 0.5"]


def test_an_edge_of_a_higher_timeframe_rearms_at_its_closes_only() -> None:
    """spec F40 F14: false at bar 5 is not asked; false at bar 11 is, so that bar 15 fires again."""
    low = {3, 7, 15}
    bars = [LOW if bar in low else CALM for bar in range(18)]
    result = world(bars, LONG, [trigger("x", "risk_reduce", timeframe="4h", exit_fraction=0.5)])
    assert [leg for leg in legs(result) if "x_exit" in leg] == ["4 x_exit 0.5", "16 x_exit 0.25"]


def test_a_latch_of_a_higher_timeframe_counts_its_own_closes() -> None:
    """spec F40 F41: true at bar 3, false at 7 and 11."""
    from decisions.worlds import latch_changes

    bars = [LOW if bar == 3 else AFTER for bar in range(14)]
    result = world(
        bars, LONG, [trigger("o", "risk_off", timeframe="4h", latch=True)], latch={"clear_after_bars": 2}
    )  # fmt: skip
    assert latch_changes(result) == ["3 set o", "11 cleared o"]


@pytest.mark.parametrize("timeframe", ["15m", "90m"])
def test_a_lower_or_unrelated_timeframe_is_refused_when_the_plan_is_loaded(timeframe: str) -> None:
    """spec F40."""
    with pytest.raises(InvalidInput):
        world(BARS, LONG, [trigger("x", timeframe=timeframe)])

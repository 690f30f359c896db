"""The latch as a table of what a rule says and what becomes of it (latch.txt), for each cause and at each scope."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from decisions.worlds import (
    AFTER,
    BARS,
    CALM,
    FIRES,
    LONG,
    LOW,
    entering,
    latch_changes,
    legs,
    table,
    told,
    trigger,
    world,
)
from engine.worlds import candles, entries

ROWS = table("latch.txt")
# Volume says what the rule says: 6 is true, 15 is false, and 5 divides by zero.
SAYS = "1 / (volume - 5) > 0.5"
VOLUMES = {"T": 6, "F": 15, "U": 5}
THREE = {"clear_after_bars": 3}
NOBODY = [entering("nobody", rule="close < 0")]


def spoken(truths: str) -> list[str]:
    """Bars at which the rule says so, and one more, at which nothing is decided."""
    return [f"100 100.5 99.5 100 {VOLUMES[one]}" for one in f"{truths}U"]


def wanted(changes: str, cause: str) -> list[str]:
    words = {"+": "set", "-": "cleared"}
    return [f"{bar} {words[one]} {cause}" for bar, one in enumerate(changes) if one in words]


@pytest.mark.parametrize(("truths", "changes"), ROWS)
@pytest.mark.parametrize("scope", ["symbol", "portfolio"])
def test_the_regime_rule_sets_and_clears(truths: str, changes: str, scope: str) -> None:
    """spec D6 F15: also when flat; one unknown breaks the row."""
    result = world(
        spoken(truths), None, NOBODY, plan={"risk_regime_rule": SAYS}, latch={"scope": scope, **THREE}
    )  # fmt: skip
    assert latch_changes(result) == wanted(changes, "rule")


@pytest.mark.parametrize(("truths", "changes"), ROWS)
@pytest.mark.parametrize("scope", ["symbol", "portfolio"])
def test_a_latching_trigger_sets_and_clears(truths: str, changes: str, scope: str) -> None:
    """spec F41: each firing flattens; the next position is opened at the second open after, and the rule is asked on."""
    triggers = [trigger("o", "risk_off", SAYS, latch=True), entering("again", "long", "is_flat")]
    result = world(spoken(truths), LONG, triggers, latch={"scope": scope, **THREE})
    assert latch_changes(result) == wanted(changes, "o")


def test_twelve_falses_clear_where_nothing_is_said() -> None:
    """spec D6."""
    result = world(spoken("FT" + "F" * 13), None, NOBODY, plan={"risk_regime_rule": SAYS})
    assert latch_changes(result) == ["1 set rule", "13 cleared rule"]


def test_every_change_is_a_record_with_its_cause() -> None:
    """spec D5 D6."""
    result = world(BARS, LONG, [trigger("o", "risk_off", latch=True)], plan={"risk_regime_rule": FIRES})
    by_rule, by_trigger = (event for event in result.events if event["kind"] == "latch")
    assert (by_rule["trigger_id"], by_trigger["trigger_id"]) == (None, "o")
    assert "risk_regime_rule" in by_rule["detail"]
    assert {event["time"] for event in (by_rule, by_trigger)} == {"2024-01-01T02:00:00Z"}


EAGER = entering("s", confidence_grade="A")
OFF = trigger("o", "risk_off")


@pytest.mark.parametrize(
    ("plan", "latches", "event"),
    [
        ({}, False, "o entry_overrides_risk_off s"),
        ({"risk_regime_rule": FIRES}, False, "s risk_off_preempts_entry o"),
        ({}, True, "s risk_off_preempts_entry o"),
        ({"risk_regime_rule": "rsi_14 > 0"}, False, "o entry_overrides_risk_off s"),
    ],
)
def test_the_latch_holds_for_the_decision_that_sets_it(plan: dict[str, Any], latches: bool, event: str) -> None:
    """spec D4 F15 F41: set by the rule or by the trigger at this very close; an unknown rule sets nothing."""
    assert told(world(BARS, LONG, [{**OFF, "latch": latches}, EAGER], plan=plan)) == [event]


def test_a_latch_holds_on_after_its_rule_turned_false() -> None:
    """spec D6: set at bar 1, three falses at 4; risk_off beats the A entry at bar 3 and no longer at bar 5."""
    for bar, event in ((3, "s risk_off_preempts_entry o"), (5, "o entry_overrides_risk_off s")):
        bars = [f"{LOW if at == bar else CALM} {VOLUMES[one]}" for at, one in enumerate("FTFFFFFF")]
        result = world(bars, LONG, [OFF, EAGER], plan={"risk_regime_rule": SAYS}, latch=THREE)
        assert told(result) == [event]


def test_the_latch_stands_while_one_cause_stands() -> None:
    """spec D6: the rule is cleared at 4, `o` (last true at 6) at 9; risk_off `p` beats the A entry at 8, not at 12."""
    bars = [f"{LOW if at in (1, 4, 6) else CALM} {VOLUMES[one]}" for at, one in enumerate("FT" + "F" * 12)]
    triggers = [
        trigger("o", "risk_off", latch=True),
        trigger("p", "risk_off", "bars_held == 2"),
        entering("s", "short", "bars_held == 2", confidence_grade="A"),
        entering("again", "long", "is_flat"),
    ]
    result = world(bars, LONG, triggers, plan={"risk_regime_rule": SAYS}, latch=THREE)
    assert latch_changes(result) == ["1 set rule", "1 set o", "4 cleared rule", "9 cleared o"]
    assert told(result) == ["o same_bar_veto", "s risk_off_preempts_entry p", "p entry_overrides_risk_off s"]
    assert [leg for leg in legs(result) if " p_exit" in leg or " s " in leg] == ["9 p_exit 1", "13 s 1", "13 s 1"]


def test_a_firing_that_a_guard_stops_does_not_latch() -> None:
    """spec F41: its candidate has to pass the guards; that it loses the arbitration does not matter."""
    held = world(BARS, LONG, [trigger("o", "risk_off", latch=True)], guardrails={"min_hold_bars": 5})
    assert (latch_changes(held), told(held)) == ([], ["o min_hold"])
    lost = world(BARS, LONG, [trigger("o", "risk_off", latch=True), trigger("x", "emergency_exit")])
    assert (latch_changes(lost), told(lost)) == (["2 set o"], ["o emergency_exit_preempts_exit x"])
    flat = world(BARS, None, [trigger("o", "risk_off", latch=True)])
    assert latch_changes(flat) == []


def test_a_latch_alone_blocks_nothing() -> None:
    """spec F15: set from the first close on, and the ungraded entry still turns the position."""
    result = world(BARS, LONG, [entering("s")], plan={"risk_regime_rule": "close > 0"})
    assert (latch_changes(result), told(result)) == (["0 set rule"], [])
    assert legs(result)[1] == "3 s 1"


def test_latch_is_for_risk_off_only() -> None:
    """spec T2."""
    from exitbrain.errors import InvalidInput

    for category in ("reversal", "risk_reduce", "emergency_exit"):
        with pytest.raises(InvalidInput):
            world(BARS, LONG, [trigger("x", category, latch=True)])


def two(first: list[str], second: list[str]) -> pl.DataFrame:
    return pl.concat([candles(first, symbol="AAA"), candles(second, symbol="ZZZ")])


def meeting(symbol: str) -> list[dict[str, Any]]:
    return [{**OFF, "symbol": symbol}, {**EAGER, "symbol": symbol}]


@pytest.mark.parametrize("mine", ["AAA", "ZZZ"])
@pytest.mark.parametrize("cause", ["rule", "trigger"])
@pytest.mark.parametrize(
    ("scope", "event"),
    [("portfolio", "s risk_off_preempts_entry o"), ("symbol", "o entry_overrides_risk_off s")],
)
def test_the_scope_says_whose_latch_it_is(mine: str, cause: str, scope: str, event: str) -> None:
    """spec D6: the other symbol latches at bar 1 or, by the rule, at bar 2 before the first decision of that time."""
    other = "ZZZ" if mine == "AAA" else "AAA"
    when = 2 if cause == "rule" else 1
    its = [f"{CALM} {6 if bar == when else 15}" for bar in range(5)]
    own = [f"{bar} 15" for bar in BARS]
    bars = two(own, its) if mine == "AAA" else two(its, own)
    triggers, plan = meeting(mine), {}
    if cause == "rule":
        plan = {"risk_regime_rule": SAYS}
    else:
        triggers.append(trigger("latching", "risk_off", SAYS, symbol=other, latch=True))
    rows = pl.concat([entries(LONG, symbol="AAA"), entries(LONG, symbol="ZZZ")])
    result = world(bars, rows, triggers, plan=plan, latch={"scope": scope})
    assert told(result) == [event]
    (change,) = [one for one in result.events if one["kind"] == "latch"]
    assert f"scope {scope}" in change["detail"]
    assert change["symbol"] == other, "the record names who set it, not who is asked first"


@pytest.mark.parametrize(
    ("other", "changes"),
    [
        ("FFFFFFF", ["1 set rule", "4 cleared rule"]),  # three times false for both
        ("FFFUFFF", ["1 set rule", "6 cleared rule"]),  # one unknown breaks the row for both
        ("FFTFFFF", ["1 set rule", "5 cleared rule"]),  # one true starts it again for both
    ],
)
def test_a_portfolio_clears_where_the_rule_is_false_for_every_symbol(other: str, changes: list[str]) -> None:
    """spec D6 F15."""
    bars = two(spoken("FTFFFFF"), spoken(other))
    result = world(
        bars,
        None,
        [{**NOBODY[0], "symbol": "AAA"}],
        plan={"risk_regime_rule": SAYS},
        latch={"scope": "portfolio", **THREE},
    )
    assert latch_changes(result) == changes


def test_symbols_clear_each_for_itself() -> None:
    """spec D6: AAA is true at 1 and false from 2 on, ZZZ is true at 2 and false from 3 on."""
    bars = two(spoken("FTFFFFF"), spoken("FFTFFFF"))
    result = world(
        bars,
        None,
        [{**NOBODY[0], "symbol": "AAA"}],
        plan={"risk_regime_rule": SAYS},
        latch={"scope": "symbol", **THREE},
    )
    changes = [(event["symbol"], event["time"][11:13], event["reason"]) for event in result.events]
    assert changes == [
        ("AAA", "01", "latch_set"),
        ("ZZZ", "02", "latch_set"),
        ("AAA", "04", "latch_cleared"),
        ("ZZZ", "05", "latch_cleared"),
    ]


@pytest.mark.parametrize("scope", ["symbol", "portfolio"])
def test_the_last_bar_decides_nothing(scope: str) -> None:
    """spec F6: what the rule says at the last close changes no latch, there being no decision that could use it."""
    result = world([CALM, CALM, AFTER, LOW], LONG, [], plan={"risk_regime_rule": FIRES}, latch={"scope": scope})
    assert latch_changes(result) == []

"""Decisions in one line each, as an operator reads them."""

from __future__ import annotations

from typing import Any

import pytest

from exitbrain.live.deciding import Decided
from exitbrain.live.narrating import decision_line


def decided(**more: Any) -> Decided:
    given = {
        "key": "BTCUSDT", "epoch": 1, "time": 0, "timeframe": "1h", "trigger_id": "trim", "kind": "risk_reduce",
        "category": "risk_reduce", "grade": None, "exit_fraction": 0.5, "guards": (), "rank": 4, "outcome": "won",
        "winner": "trim", "price": 1, "latched": False,
    }  # fmt: skip
    return Decided(**(given | more))


@pytest.mark.parametrize(
    ("one", "line"),
    [
        (decided(), "trim (risk_reduce) decides: close 0.5 of it"),
        (decided(exit_fraction=None), "trim (risk_reduce) decides: close all of it"),
        (decided(exit_fraction=1.0, trigger_id="risk_off", category="risk_off"), "risk_off decides: close all of it"),
        (decided(exit_fraction=1 / 3), "trim (risk_reduce) decides: close 0.333333 of it"),
        (
            decided(outcome="blocked: min_hold", reason="min_hold", detail="held 2 of 4 bars"),
            "trim (risk_reduce) blocked: min_hold, held 2 of 4 bars",
        ),
        (
            decided(outcome="lost", preempted_by="crash", detail="lost to crash (emergency_exit)"),
            "trim (risk_reduce) lost to crash",
        ),
        (decided(kind="time_stop", trigger_id="time_stop", category="plan"), "its time is over: close all of it"),
    ],
)
def test_a_decision_says_who_wins_and_why_others_do_not(one: Decided, line: str) -> None:
    assert decision_line(one) == line

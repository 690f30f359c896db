"""Decisions in one line each, as an operator reads them."""

from __future__ import annotations

from typing import Any

import pytest

from exitbrain.core.live.book import Settings, State
from exitbrain.core.live.events import Alert, LatchAsked
from exitbrain.core.live.step import step
from exitbrain.live.deciding import Decided
from exitbrain.live.narrating import alert_line, command_line, decision_line


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


COMMANDS = [
    ("flatten", {"key": "BTCUSDT"}, "done", "closing BTCUSDT at market", "ann asked to close BTCUSDT: closing BTCUSDT at market"),
    ("latch_set", {"place": "*"}, "done", "the latch is set", "ann asked to set the latch: the latch is set"),
    ("kill", {}, "done", "", "ann asked for the kill switch"),
    ("mode", {"mode": "OBSERVE"}, "done", "mode OBSERVE", "ann asked for mode OBSERVE: mode OBSERVE"),
    ("flatten", {"symbol": "X"}, "refused", "no position", "ann asked to close X, which was refused: no position"),
    ("dance", {}, "refused", "", "ann asked for dance, which was refused: without a word"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "outcome", "detail", "words"), COMMANDS)
def test_what_an_operator_asked_is_a_sentence(
    kind: str, body: dict[str, str], outcome: str, detail: str, words: str
) -> None:
    assert command_line({"kind": kind, "body": body, "by": "ann"}, outcome, detail) == words


def test_a_change_of_the_latch_is_a_sentence() -> None:
    _, (told,) = step(State(settings=Settings()), LatchAsked(key="*", cause="operator", on=True), 1)
    assert isinstance(told, Alert) and alert_line(told) == "the risk-off latch is set by operator, for the portfolio"
    assert alert_line(Alert(key="X", name="naked", detail="4 of 4 lots have no stop")) == "4 of 4 lots have no stop"

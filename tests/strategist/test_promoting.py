"""From quarantine to shadow to force: one step at a time, by an operator's word for what is shown, and never else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exitbrain.core.promotion import TABLE, State, Step, consent_word, refused
from exitbrain.errors import InvalidInput
from exitbrain.store import StaleState, UnknownProposal
from exitbrain.wiring.strategist.judging import Judging
from exitbrain.wiring.strategist.promoting import NotConsented, Review, Strategist
from exitbrain.wiring.strategist.proposing import Asked, propose
from exitbrain.wiring.workbench import Workbench

from . import worlds
from .worlds import every_eight_hours, scripted

JUDGING = Judging(days=12, shadow_bars=24)
RISING = worlds.drifting([0.0006] * 77)
JUDGED = RISING.head(75 * 24)
CLOCK = json.dumps(every_eight_hours())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    with Workbench.open(home=tmp_path / "home", environment={}) as made:
        yield made


@pytest.fixture
def plans(bench: Workbench) -> Strategist:
    return Strategist(bench)


def review(plans: Strategist, text: str = CLOCK, candles: pl.DataFrame = JUDGED) -> dict[str, Any]:
    return plans.review(text, Review(candles=candles, judging=JUDGING))


def in_force(plans: Strategist, text: str = CLOCK) -> dict[str, Any]:
    held = review(plans, text)
    held = plans.promote(held["proposal_id"], operator="anna", consent=held["consent"])
    held = review(plans, text, RISING)
    return plans.promote(held["proposal_id"], operator="anna", consent=held["consent"])


# the rule


def test_a_step_leads_on_or_out_and_a_plan_that_ended_stays_ended() -> None:
    assert TABLE[State.QUARANTINE, Step.PROMOTE] is State.SHADOW
    assert TABLE[State.SHADOW, Step.PROMOTE] is State.ACTIVE
    ended = (State.RETIRED, State.REJECTED)
    assert not any((state, step) in TABLE for state, step in product(ended, Step))
    assert {state for (_, step), state in TABLE.items() if step is not Step.PROMOTE} == set(ended)


@pytest.mark.parametrize("state", State)
def test_no_promotion_without_gates_and_the_right_word(state: State) -> None:
    def said(passed: bool, consent: str | None) -> str | None:
        return refused(state, Step.PROMOTE, passed=passed, consent=consent, wanted="abc")

    assert all(said(passed, consent) for passed, consent in product((True, False), (None, "", " ", "abd")))
    assert said(False, "abc")
    assert (said(True, "abc") is None) == (state in (State.QUARANTINE, State.SHADOW))


def test_the_word_is_for_one_plan_one_state_and_its_evidence() -> None:
    words = {
        consent_word(sha, state, evidence)
        for sha, state, evidence in product(("a", "b"), (State.QUARANTINE, State.SHADOW), ("x", "y"))
    }
    assert len(words) == 8


# the way


def test_a_plan_goes_from_market_data_to_active_through_every_gate(plans: Strategist, models: Any) -> None:
    """Issue 6: asked of a model, mended, judged, followed, consented to."""
    pytest.importorskip("arch")
    in_force(plans, json.dumps(every_eight_hours(4, plan_id="before")))
    rows = {name: value for name, value in every_eight_hours().items() if name != "plan_id"}
    faulty = json.loads(json.dumps(rows))
    faulty["triggers"][1]["exit_fraction"] = 1.5
    made = propose(JUDGED, Asked(style="balanced", environment={}), model=scripted(faulty, rows))
    held = plans.keep(made)
    assert (held["state"], held["consent"], held["by"], held["style"]) == ("quarantine", None, "model", "balanced")
    assert held["recording"]["turns"][0]["faults"], "the conversation is kept"

    held = review(plans, made.text)
    passed = [gate["gate"] for gate in held["gates"] if gate["passed"]]
    assert passed == ["schema", "words", "caps", "lint", "backtest", "held_out", "compare"]
    assert held["gates"][6]["evidence"]["in_force"] == "before" and held["next_state"] == "shadow"
    held = plans.promote(held["proposal_id"], operator="anna", consent=held["consent"])
    assert held["state"] == "shadow" and held["consent"] is None

    held = review(plans, made.text, RISING)
    assert held["gates"][7]["passed"] and held["next_state"] == "active"
    held = plans.promote(held["proposal_id"], operator="anna", consent=held["consent"], note="as judged")
    assert held["state"] == "active" and all(gate["passed"] for gate in held["gates"])
    now = plans.in_force()
    assert now is not None and now["text"] == made.text
    steps = [(step["before"], step["after"], step["operator"], step["note"]) for step in held["steps"]]
    assert steps == [("quarantine", "shadow", "anna", None), ("shadow", "active", "anna", "as judged")]
    states = {row["plan_id"]: row["state"] for row in plans.page()}
    assert states == {"before": "retired", now["plan_id"]: "active"}


def test_shadow_refuses_what_every_earlier_gate_passed(plans: Strategist) -> None:
    held = review(plans)
    plans.promote(held["proposal_id"], operator="anna", consent=held["consent"])
    held = review(plans)  # no bar came since
    assert [gate["passed"] for gate in held["gates"]] == [True] * 7 + [False, None]
    assert held["consent"] is None
    with pytest.raises(NotConsented, match="not every gate before active has passed"):
        plans.promote(held["proposal_id"], operator="anna", consent="0" * 12)


def test_consent_refuses_what_every_earlier_gate_passed(plans: Strategist) -> None:
    held = review(plans)
    for consent in (None, "", "000000000000", held["sha256"], "yes"):
        with pytest.raises(NotConsented, match="consent"):
            plans.promote(held["proposal_id"], operator="anna", consent=consent)
    with pytest.raises(NotConsented, match="active is not its next state"):
        plans.promote(held["proposal_id"], operator="anna", consent=held["consent"], to="active")
    assert plans.read(held["proposal_id"])["state"] == "quarantine", "a refusal changes nothing"
    assert plans.read(held["proposal_id"])["steps"] == []


def test_a_word_for_older_evidence_is_worth_nothing(plans: Strategist) -> None:
    old = review(plans)["consent"]
    held = plans.review(CLOCK, Review(candles=JUDGED.tail(1700), judging=JUDGING))
    assert held["consent"] not in (None, old)
    with pytest.raises(NotConsented, match="another plan, state or evidence"):
        plans.promote(held["proposal_id"], operator="anna", consent=old)


def test_the_store_itself_promotes_nothing_without_operator_and_consent(plans: Strategist) -> None:
    held = review(plans)
    store, verdict = plans.store, plans.store.proposal(held["proposal_id"])["verdict"]

    def step(**given: Any) -> None:
        whole = {"before": State.QUARANTINE, "verdict": verdict, "operator": "anna", "consent": held["consent"]}
        store.take_step(held["proposal_id"], Step.PROMOTE, **(whole | given))

    for given in ({"consent": None}, {"consent": " "}, {"operator": " "}):
        with pytest.raises(InvalidInput, match="an operator's consent"):
            step(**given)
    with pytest.raises(StaleState, match="is quarantine, not shadow"):
        step(before=State.SHADOW)
    with pytest.raises(StaleState, match="judged again"):
        step(verdict={})
    step()
    with pytest.raises(StaleState):
        step()


def test_caps_that_were_lowered_meanwhile_hold(plans: Strategist, bench: Workbench) -> None:
    content = every_eight_hours()
    content["triggers"][0]["stop_loss_pct"] = 4
    held = review(plans, json.dumps(content))
    (bench.home.folder / "caps.yaml").write_text("max_stop_loss_pct: 3\n")
    with pytest.raises(InvalidInput, match="caps: .*stop_loss_pct is 4"):
        plans.promote(held["proposal_id"], operator="anna", consent=held["consent"])


def test_a_plan_that_was_changed_is_another_plan(plans: Strategist) -> None:
    held = review(plans)
    with pytest.raises(UnknownProposal, match="never reviewed, or it was changed since"):
        plans.find(CLOCK + " ")
    assert plans.find(CLOCK)["proposal_id"] == held["proposal_id"]


def test_a_plan_that_fails_its_words_leaves_nothing_behind(plans: Strategist) -> None:
    with pytest.raises(InvalidInput, match="words: "):
        review(plans, json.dumps(every_eight_hours(global_view="<script>")))
    assert plans.page() == []


# positions


def test_the_plan_that_a_position_began_under_stays_its_plan(plans: Strategist) -> None:
    """Issue 6: a plan that comes into force later changes nothing for a position that is open."""
    pytest.importorskip("arch")
    store = plans.store
    assert store.pin_plan("BTCUSDT:1") is None, "no plan is in force"
    first = in_force(plans)
    pinned = store.pin_plan("BTCUSDT:1")
    assert pinned is not None and pinned["proposal_id"] == first["proposal_id"]
    second = in_force(plans, json.dumps(every_eight_hours(plan_id="later")))
    assert second["proposal_id"] != first["proposal_id"]
    for held in (store.plan_of_position("BTCUSDT:1"), store.pin_plan("BTCUSDT:1")):
        assert held is not None and held["text"] == CLOCK and held["state"] == "retired"
    opened = store.pin_plan("BTCUSDT:2")
    assert opened is not None and opened["plan_id"] == "later"
    plans.withdraw(second["proposal_id"], operator="anna", note="enough")
    assert plans.in_force() is None and store.open_pins(second["proposal_id"]) == ["BTCUSDT:2"]
    store.release_pin("BTCUSDT:2")
    assert store.open_pins(second["proposal_id"]) == []
    with pytest.raises(NotConsented, match="a plan in state retired cannot withdraw"):
        plans.withdraw(second["proposal_id"], operator="anna")

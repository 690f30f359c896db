"""Every ordered pair of ranks and the order within a rank, in core and through whole runs (ranks.txt, orders.txt)."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice, permutations
from typing import Any

import pytest

from decisions.worlds import BARS, FIRES, LONG, block_events, entering, legs, outcomes, table, trigger, world
from exitbrain.core.arbiter import RANKS, arbitrate
from exitbrain.core.intents import EntryTerms, Intent, Kind

PAIRS = table("ranks.txt")
LATCHED = "risk_off while latched"
NAMES = {"override entry": "entry at or above the override grade"}
CATEGORIES = {LATCHED: "risk_off", "normal exit": "reversal"}
KINDS = {
    "emergency": Kind.EMERGENCY_EXIT,
    "risk_off": Kind.RISK_OFF,
    "reduce": Kind.RISK_REDUCE,
    "normal": Kind.NORMAL_EXIT,
    "entry": Kind.ENTRY,
}


def test_the_tables_rows_are_all_ordered_pairs_of_ranks() -> None:
    """spec D4."""
    assert [tuple(NAMES.get(one, one) for one in row[:2]) for row in PAIRS] == [(a, b) for a in RANKS for b in RANKS]


def intent_of(rank: str, name: str) -> Intent:
    if rank.endswith("entry"):
        grade = "A" if rank == "override entry" else None
        terms = EntryTerms(side=-1)
        return Intent(kind=Kind.ENTRY, trigger_id=name, category="other", grade=grade, entry=terms)
    category = CATEGORIES.get(rank, rank)
    return Intent(kind=Kind(rank if rank == "normal exit" else category), trigger_id=name, category=category)


def trigger_of(rank: str, name: str) -> dict[str, Any]:
    if rank.endswith("entry"):
        return entering(name, **({"confidence_grade": "A"} if rank == "override entry" else {}))
    return trigger(name, CATEGORIES.get(rank, rank))


@pytest.mark.parametrize(("left", "right", "winner", "reason"), PAIRS, ids=lambda cell: cell.replace(" ", "_"))
def test_a_pair_of_ranks_meets(left: str, right: str, winner: str, reason: str) -> None:
    """spec D4 D5: in core and in a run, whichever of the two comes first in the plan."""
    if winner == "never":
        assert {left, right} == {"risk_off", LATCHED}
        return
    loser = "right" if winner == "left" else "left"
    pair = [intent_of(left, "left"), intent_of(right, "right")]
    triggers = [trigger_of(left, "left"), trigger_of(right, "right")]
    latched = LATCHED in (left, right)
    for order in (1, -1):
        won, lost = arbitrate(pair[::order], latched=latched)
        assert won is not None
        said = [(one.intent.trigger_id, one.by.trigger_id, one.reason) for one in lost]
        assert (won.trigger_id, said) == (winner, [(loser, winner, reason)])

        result = world(BARS, LONG, triggers[::order], plan={"risk_regime_rule": FIRES} if latched else {})
        (event,) = block_events(result)
        column, other = ("overridden_by", "preempted_by")[:: 1 if reason.startswith("entry_overrides") else -1]
        assert (event["trigger_id"], event["reason"], event[column]) == (loser, reason, winner)
        assert (event[other], event["time"], event["price"]) == (None, "2024-01-01T02:00:00Z", "99.3")
        leaves = winner if (left if winner == "left" else right).endswith("entry") else f"{winner}_exit"
        assert legs(result)[1] == f"3 {leaves} 1"
        assert sorted(outcomes(result)[1:]) == sorted([(2, loser, "lost"), (2, winner, "won")])


def candidate(word: str) -> Intent:
    kind, grade, share, name = word.split("/")
    return Intent(
        kind=KINDS[kind],
        trigger_id=name,
        category=kind,
        grade=None if grade == "-" else grade,
        exit_fraction=None if share == "-" else Fraction(share),
        entry=EntryTerms(side=1) if kind == "entry" else None,
    )


@pytest.mark.parametrize(("override", "latched", "words"), table("orders.txt"))
def test_candidates_line_up_in_one_order(override: str, latched: str, words: str) -> None:
    """spec D4 F43: the winner first, then the losers, whatever the order of arrival."""
    wanted = [candidate(word) for word in words.split()]
    for arrival in islice(permutations(wanted), 720):
        won, lost = arbitrate(
            arrival, latched=latched == "yes", override_grade=None if override == "none" else override
        )
        assert [won, *(one.intent for one in lost)] == wanted
        assert {one.by for one in lost} == {won}

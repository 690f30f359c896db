"""How a written plan comes into force: quarantine → shadow → active, one step at a time, by an operator's word.

    refusal = refused(State.QUARANTINE, Step.PROMOTE, passed=True, consent="3f2a…", wanted="3f2a…")
    TABLE[State.QUARANTINE, Step.PROMOTE]      # State.SHADOW

The word is a hash of the plan, its state and the evidence that was shown: it consents to that and to nothing that is
judged later. A plan that was retired or rejected never comes back under its old evidence.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

CONSENT_CHARACTERS = 12


class State(StrEnum):
    """QUARANTINE: judged at most. SHADOW: followed on candles that come, deciding nothing. ACTIVE: in force."""

    QUARANTINE = "quarantine"
    SHADOW = "shadow"
    ACTIVE = "active"
    RETIRED = "retired"
    REJECTED = "rejected"


class Step(StrEnum):
    """PROMOTE goes on; WITHDRAW ends it, from wherever it stands; RETIRE is what its successor does to it."""

    PROMOTE = "promote"
    WITHDRAW = "withdraw"
    RETIRE = "retire"


TABLE: dict[tuple[State, Step], State] = {
    (State.QUARANTINE, Step.PROMOTE): State.SHADOW,
    (State.SHADOW, Step.PROMOTE): State.ACTIVE,
    (State.QUARANTINE, Step.WITHDRAW): State.REJECTED,
    (State.SHADOW, Step.WITHDRAW): State.REJECTED,
    (State.ACTIVE, Step.WITHDRAW): State.RETIRED,
    (State.ACTIVE, Step.RETIRE): State.RETIRED,
}


def refused(state: State, step: Step, *, passed: bool, consent: str | None, wanted: str) -> str | None:
    """Why a step is not taken, None where it is. `passed`: every gate before it; `wanted`: the operator's word."""
    if (state, step) not in TABLE:
        return f"a plan in state {state} cannot {step}"
    if step is not Step.PROMOTE:
        return None
    if not passed:
        return f"not every gate before {TABLE[state, step]} has passed"
    if consent is None or not consent.strip():
        return "the operator's consent is missing"
    if consent.strip().lower() != wanted:
        return "the consent is for another plan, state or evidence"
    return None


def consent_word(plan_sha256: str, state: State, evidence: str) -> str:
    """What an operator says to consent; `evidence` is the text of all that the gates said."""
    digest = hashlib.sha256(f"{plan_sha256}\n{state}\n{evidence}".encode()).hexdigest()
    return digest[:CONSENT_CHARACTERS]

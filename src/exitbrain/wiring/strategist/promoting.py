"""Written plans of one home: proposed, reviewed, followed, and put into force with an operator's consent.

    plans = Strategist(bench)
    held = plans.review(text, request)            # quarantine, with what every gate said and the consent it takes
    plans.promote(held["proposal_id"], operator="anna", consent=held["consent"])

Command line and API both go through this; the store refuses a promotion without a consent once more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from exitbrain.config.plans import load_plan
from exitbrain.config.settings import Settings, load_config
from exitbrain.core.caps import PlanCaps
from exitbrain.core.instants import instant_of, iso, microseconds
from exitbrain.core.promotion import State, Step, consent_word, refused
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import InvalidInput, Problem
from exitbrain.store import UnknownProposal
from exitbrain.wiring.strategist.files import caps_of
from exitbrain.wiring.strategist.gates import CONSENT, GATES, JUDGED_GATES, SHADOW, text_gates
from exitbrain.wiring.strategist.judging import Judging, Told, judge, shadow
from exitbrain.wiring.strategist.windows import read_series

if TYPE_CHECKING:
    from exitbrain.wiring.strategist.proposing import Proposal
    from exitbrain.wiring.workbench import Workbench

OPEN = (State.QUARANTINE, State.SHADOW)


class NotConsented(InvalidInput):
    """The step needs an operator's consent to what is shown now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a plan is judged on. `current` None: the plan in force of the store."""

    candles: Any
    config: Any = None
    caps: Any = None
    current: Any = None
    judging: Judging = field(default_factory=Judging)
    repair: bool = False


class Strategist:
    """Over one workbench; threads may share it."""

    def __init__(self, bench: Workbench) -> None:
        self.bench = bench
        self.store = bench.store
        self.environment = bench.environment

    # plans

    def keep(self, proposal: Proposal) -> dict[str, Any]:
        """A proposal into quarantine; the same text is the same proposal."""
        spec = {
            "by": proposal.by,
            "style": proposal.style,
            "origin": proposal.origin,
            "prompts_sha256": proposal.prompts_sha256,
            "briefing": proposal.briefing.to_dict(),
        }
        recording = None if proposal.answer is None else proposal.answer.recording
        return self._kept(proposal.text, spec, recording)

    def take_in(self, text: str, *, config: Any = None) -> dict[str, Any]:
        """A plan that is written already, into quarantine, where no gate of its text refuses it."""
        self._within_caps_still(text, None, config)
        return self._kept(text, {"by": "file"})

    def _kept(self, text: str, spec: Mapping[str, Any], recording: Mapping[str, Any] | None = None) -> dict[str, Any]:
        plan = load_plan(text if text.endswith("\n") else f"{text}\n")
        if plan.origin is not None and "origin" not in spec:
            spec = {**spec, "origin": plan.origin}
        held = self.store.put_proposal(
            proposal_id(text), sha256=sha256_of(text), plan_id=plan.plan_id, text=text, spec=spec, recording=recording
        )
        return self.shown(held)

    def page(self) -> list[dict[str, Any]]:
        """Every proposal, the newest first, without texts."""
        return [_summary(one) for one in self.store.proposals()]

    def read(self, proposal_id: str) -> dict[str, Any]:
        return self.shown(self.store.proposal(proposal_id))

    def find(self, text: str) -> dict[str, Any]:
        """The proposal of a plan's text. UnknownProposal where it was never reviewed."""
        try:
            return self.read(proposal_id(text))
        except UnknownProposal:
            found = "this plan was never reviewed, or it was changed since"
            raise UnknownProposal(Problem(found=found, accepted="exitbrain strategist review F --candles F")) from None

    def in_force(self) -> dict[str, Any] | None:
        held = self.store.active_proposal()
        return None if held is None else self.shown(held)

    def shown(self, held: Mapping[str, Any]) -> dict[str, Any]:
        """With what stands next, and the word that consents to it; None where a gate is still shut."""
        verdict, state = held["verdict"], State(held["state"])
        ready = is_ready(state, verdict)
        word = consent_word(held["sha256"], state, evidence_text(verdict)) if ready else None
        return {
            **_summary(held),
            "spec": held["spec"],
            "verdict": verdict,
            "gates": gates_of(state, verdict),
            "next_state": {State.QUARANTINE: State.SHADOW, State.SHADOW: State.ACTIVE}.get(state),
            "consent": word,
        }

    # judging

    def review(self, text: str, asked: Review, *, spec: Mapping[str, Any] | None = None, told: Told = lambda _: None) -> dict[str, Any]:  # fmt: skip
        """Judge a plan where it stands: in quarantine by every gate up to the comparison, in shadow by the new bars.

        A plan whose text no gate of words can read is told as bad input, and not kept.
        """
        settings = load_config(asked.config, self.environment)
        caps = caps_of(asked.caps, self.bench.home)
        series = read_series(asked.candles, settings, repair=asked.repair)
        plan, results = text_gates(text, caps=caps, account=settings, config=asked.config, environment=self.environment)
        if plan is None or not results[-1].passed:
            raise InvalidInput(*(Problem(found=f"{results[-1].gate}: {line}") for line in results[-1].lines))
        held = self._kept(text, spec or {"by": "file"})
        state = State(held["state"])
        if state is State.SHADOW:
            return self._followed(held, plan, series, asked, settings, caps)
        if state is not State.QUARANTINE:
            found = f"plan {held['plan_id']} is {state}"
            raise InvalidInput(Problem(found=found, accepted="a plan in quarantine or shadow"))
        gates = judge(
            text, series, asked.judging, caps=caps, settings=settings, config=asked.config,
            environment=self.environment, current=self._current(asked), told=told,
        )  # fmt: skip
        verdict = {
            "gates": [gate.to_dict() for gate in gates],
            "judged_until": iso(instant_of(max(int(one.time[-1]) + one.timeframe for one in series))),
            "symbols": sorted(one.symbol for one in series),
            "days": asked.judging.days,
            "held_out": asked.judging.held_out,
            "shadow_bars": asked.judging.shadow_bars,
            "caps": _caps(caps),
            "account": _account(settings),
        }
        return self.shown(self.store.set_verdict(held["proposal_id"], State.QUARANTINE, verdict))

    def _followed(
        self,
        held: Mapping[str, Any],
        plan: StrategyPlan,
        series: Any,
        asked: Review,
        settings: Settings,
        caps: PlanCaps,
    ) -> dict[str, Any]:
        verdict = held["verdict"]
        since = microseconds(verdict["judged_until"])
        judging = Judging(
            days=verdict["days"], held_out=verdict["held_out"],
            shadow_bars=max(verdict["shadow_bars"], asked.judging.shadow_bars),
        )  # fmt: skip
        gate = shadow(
            plan, series, judging, since=since, caps=caps, settings=settings, config=asked.config,
            environment=self.environment,
        )  # fmt: skip
        gates = [one for one in verdict["gates"] if one["gate"] in JUDGED_GATES]
        changed = {**verdict, "gates": [*gates, gate.to_dict()], "caps": _caps(caps), "account": _account(settings)}
        return self.shown(self.store.set_verdict(held["proposal_id"], State.SHADOW, changed))

    def _current(self, asked: Review) -> StrategyPlan | None:
        if asked.current is not None:
            return load_plan(asked.current)
        held = self.store.active_proposal()
        return None if held is None else load_plan(held["text"])

    # steps

    def promote(
        self, proposal_id: str, *, operator: str, consent: str | None, to: str | None = None, caps: Any = None,
        config: Any = None, note: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """The next step. NotConsented where the word is missing or is for something else; caps are asked once more."""
        held = self.store.proposal(proposal_id)
        state, verdict = State(held["state"]), held["verdict"]
        shown = self.shown(held)
        if to is not None and to != shown["next_state"]:
            found = f"plan {held['plan_id']} is {state}: {to} is not its next state"
            raise NotConsented(Problem(found=found, accepted=str(shown["next_state"] or "no promotion")))
        wanted = consent_word(held["sha256"], state, evidence_text(verdict))
        why = refused(state, Step.PROMOTE, passed=is_ready(state, verdict), consent=consent, wanted=wanted)
        if why is not None:
            raise NotConsented(Problem(found=f"plan {held['plan_id']}: {why}", accepted=_accepted(state, verdict)))
        self._within_caps_still(held["text"], caps, config)
        after = self.store.take_step(
            proposal_id, Step.PROMOTE, before=state, verdict=verdict, operator=operator, consent=consent, note=note
        )
        return self.shown(after)

    def withdraw(self, proposal_id: str, *, operator: str, note: str | None = None) -> dict[str, Any]:
        """Out of force, or rejected before it was. Positions that began under it keep it."""
        held = self.store.proposal(proposal_id)
        state = State(held["state"])
        why = refused(state, Step.WITHDRAW, passed=True, consent=None, wanted="")
        if why is not None:
            raise NotConsented(Problem(found=why, accepted="a plan in quarantine, in shadow or in force"))
        after = self.store.take_step(
            proposal_id, Step.WITHDRAW, before=state, verdict=None, operator=operator, note=note
        )
        return self.shown(after)

    def _within_caps_still(self, text: str, caps: Any, config: Any) -> None:
        settings = load_config(config, self.environment)
        plan, results = text_gates(
            text, caps=caps_of(caps, self.bench.home), account=settings, config=config, environment=self.environment
        )
        if plan is None or not results[-1].passed:
            raise InvalidInput(*(Problem(found=f"{results[-1].gate}: {line}") for line in results[-1].lines))


def proposal_id(text: str) -> str:
    return f"s{sha256_of(text)[:12]}"


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def evidence_text(verdict: Mapping[str, Any] | None) -> str:
    return json.dumps(verdict, sort_keys=True)


def is_ready(state: State, verdict: Mapping[str, Any] | None) -> bool:
    """Whether every gate before the next state has passed."""
    passed = {one["gate"] for one in (verdict or {}).get("gates", ()) if one["passed"]}
    wanted = {State.QUARANTINE: set(JUDGED_GATES), State.SHADOW: {*JUDGED_GATES, SHADOW}}.get(state)
    return wanted is not None and wanted <= passed


def gates_of(state: State, verdict: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Every gate in order: what it said, or `passed` None where it was not asked. Consent is the operator's own."""
    said = {one["gate"]: one for one in (verdict or {}).get("gates", ())}
    blank: dict[str, Any] = {"passed": None, "findings": [], "evidence": {}}
    gates = [said.get(name, {"gate": name, **blank}) for name in GATES if name != CONSENT]
    given = state in (State.ACTIVE, State.RETIRED)
    return [*gates, {"gate": CONSENT, **blank, "passed": True if given else None}]


def _accepted(state: State, verdict: Mapping[str, Any] | None) -> str:
    if state not in OPEN:
        return "a plan in quarantine or shadow"
    if is_ready(state, verdict):
        return "the word that the review ends with"
    if state is State.SHADOW:
        return "a review on candles that go on after those that it was judged on"
    return "a review that every gate passes"


def _summary(held: Mapping[str, Any]) -> dict[str, Any]:
    state, verdict = State(held["state"]), held["verdict"]
    shut = next((one["gate"] for one in (verdict or {}).get("gates", ()) if not one["passed"]), None)
    told = {name: value for name, value in held.items() if name not in ("spec", "verdict")}
    return {**told, **_of_spec(held["spec"]), "refused_by": shut, "is_ready": is_ready(state, verdict)}


def _of_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    return {name: spec.get(name) for name in ("by", "style", "origin", "prompts_sha256")}


def _caps(caps: PlanCaps) -> dict[str, Any]:
    return {name: str(getattr(caps, name)) for name in PlanCaps.__dataclass_fields__}


def _account(settings: Settings) -> dict[str, str]:
    sizing = settings.account.sizing
    return {"sizing_mode": str(sizing.mode), "sizing_value": str(sizing.value)}

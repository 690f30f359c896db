"""The gates that need no run: schema, words, caps, lint. Each is asked only where those before it found nothing.

plan, results = text_gates(text, caps=PlanCaps(), account=settings)
results[-1].passed, results[-1].lines      # the lines can be told to a model, which can mend what they say
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from exitbrain.config.plans import read_plan
from exitbrain.config.settings import Settings
from exitbrain.core.caps import PlanCaps, loosenings
from exitbrain.core.limits import SizingRule
from exitbrain.core.lint import Finding, Severity
from exitbrain.core.triggers import StrategyPlan
from exitbrain.errors import InvalidInput, one_line
from exitbrain.strategist.words import findings_of_words
from exitbrain.wiring.linting import lint_plan

SCHEMA, WORDS, CAPS, LINT = "schema", "words", "caps", "lint"
BACKTEST, HELD_OUT, COMPARE = "backtest", "held_out", "compare"
SHADOW, CONSENT = "shadow", "consent"
TEXT_GATES = (SCHEMA, WORDS, CAPS, LINT)
JUDGED_GATES = (*TEXT_GATES, BACKTEST, HELD_OUT, COMPARE)
GATES = (*JUDGED_GATES, SHADOW, CONSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """What one gate said. Findings of severity error refuse; warnings are shown. `evidence` is what it measured."""

    gate: str
    findings: tuple[Finding, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        return not any(one.severity is Severity.ERROR for one in self.findings)

    @property
    def lines(self) -> list[str]:
        """Each refusing finding on a line of its own."""
        return [line_of(one) for one in self.findings if one.severity is Severity.ERROR]

    def to_dict(self) -> dict[str, Any]:
        findings = [asdict(one) | {"severity": str(one.severity)} for one in self.findings]
        return {"gate": self.gate, "passed": self.passed, "findings": findings, "evidence": dict(self.evidence)}


def line_of(one: Finding) -> str:
    named = [f'trigger "{one.trigger_id}"' if one.trigger_id is not None else None, one.key]
    where = ", ".join(part for part in named if part is not None)
    advice = f"; {one.advice}" if one.advice else ""
    return one_line(f"{where}: {one.message}{advice}" if where else f"{one.message}{advice}")


def refusal(gate: str, message: str, accepted: str, evidence: Mapping[str, Any] | None = None) -> GateResult:
    finding = Finding(code=gate, severity=Severity.ERROR, message=message, advice=f"accepted: {accepted}")
    return GateResult(gate=gate, findings=(finding,), evidence=evidence or {})


def text_gates(
    text: str,
    *,
    caps: PlanCaps,
    account: Settings,
    candles: Any = None,
    config: Any = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[StrategyPlan | None, list[GateResult]]:
    """Up to the first gate that refuses; the plan is None where its text could not be read."""
    written = text if text.endswith("\n") else f"{text}\n"  # with a line break it is a text, never a path
    try:
        plan = read_plan(written).plan
    except InvalidInput as error:
        faults = [_of_problem(problem) for problem in error.problems]
        return None, [GateResult(gate=SCHEMA, findings=tuple(faults))]
    results = [GateResult(gate=SCHEMA, evidence={"triggers": len(plan.triggers), "bytes": len(written.encode())})]

    def lint() -> Iterable[Finding]:
        return _lint(written, candles, config, environment)

    gates: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        (WORDS, lambda: findings_of_words(plan)),
        (CAPS, lambda: loosenings(plan, caps, account_sizing(account))),
        (LINT, lint),
    )
    for gate, findings in gates:
        results.append(GateResult(gate=gate, findings=tuple(findings())))
        if not results[-1].passed:
            break
    return plan, results


def account_sizing(account: Settings) -> SizingRule:
    sizing = account.account.sizing
    return SizingRule(symbol="*", mode=sizing.mode, value=sizing.value)


def _lint(text: str, candles: Any, config: Any, environment: Mapping[str, str] | None) -> list[Finding]:
    """What is certain without candles refuses; what only these candles show is a warning, but for errors."""
    certain = lint_plan(text, config=config, environment=environment)
    refusing = [_as_error(one) for one in certain]
    if candles is None or refusing:
        return refusing
    return lint_plan(text, candles=candles, config=config, environment=environment)


def _as_error(one: Finding) -> Finding:
    return Finding(**(asdict(one) | {"severity": Severity.ERROR}))


def _of_problem(problem: Any) -> Finding:
    return Finding(
        code="load_error",
        severity=Severity.ERROR,
        message=problem.found,
        advice=f"accepted: {problem.accepted}" if problem.accepted else "",
        line=problem.line,
        column=problem.column,
    )

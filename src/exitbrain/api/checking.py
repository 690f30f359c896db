"""Texts checked as a run would check them, with the place of each fault."""

from __future__ import annotations

from typing import Any

from exitbrain.api.models.checking import Finding, Validated, ValidateRequest


def checked(bench: Any, asked: ValidateRequest) -> Validated:
    found = _plan_findings(asked.text) if asked.kind == "plan" else _problems(bench, asked)
    return Validated(valid=not any(one.severity == "error" for one in found), problems=found)


def _plan_findings(text: str) -> list[Finding]:
    from exitbrain.wiring.linting import lint_plan

    text = text if "\n" in text else text + "\n"  # without a line break it would be taken for a path
    return [
        Finding(
            severity=one.severity.value,
            code=one.code,
            message=one.message,
            accepted=one.advice.removeprefix("accepted: ") or None,
            line=one.line,
            column=one.column,
        )
        for one in lint_plan(text, environment={})
    ]


def _problems(bench: Any, asked: ValidateRequest) -> list[Finding]:
    return [
        Finding(
            severity="error",
            code=None,
            message=one.message,
            accepted=one.accepted,
            line=one.line,
            column=one.column,
        )
        for one in bench.check(asked.kind, asked.text)
    ]

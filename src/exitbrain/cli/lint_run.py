"""What `plan lint` prints: load errors as every command tells bad input, then each finding with its advice."""

from __future__ import annotations

import os
from dataclasses import asdict
from textwrap import fill
from typing import Any

import typer

from exitbrain.cli.terminal import console, print_json
from exitbrain.core.lint import Finding, Severity
from exitbrain.errors import InvalidInput, one_line
from exitbrain.wiring.linting import lint_plan

INDENT = "    "


def run_lint(plan: str, candles: list[str], config: str | None, *, as_json: bool) -> None:
    findings = lint_plan(plan, candles=candles or None, config=config, environment=os.environ)
    errors = [one for one in findings if one.severity is Severity.ERROR]
    if as_json:
        print_json(_report(plan, findings, len(errors)))
    else:
        _show(plan, findings, errors)
    if errors:
        raise typer.Exit(InvalidInput.exit_status)


def _report(plan: str, findings: list[Finding], errors: int) -> dict[str, Any]:
    rows = [asdict(one) for one in findings]
    return {"file": plan, "errors": errors, "warnings": len(findings) - errors, "findings": rows}


def _show(plan: str, findings: list[Finding], errors: list[Finding]) -> None:
    for one in errors:
        accepted = f"; {one.advice}" if one.advice else ""
        typer.echo(one_line(f"{_place(plan, one)}: {_owner(one)}{one.message}{accepted}"), err=True)
    out = console()
    warnings = [one for one in findings if one.severity is Severity.WARNING]
    width = max(out.width, 40)
    for one in warnings:
        head = one_line(f"{_place(plan, one)}: {one.code} {_owner(one)}").rstrip(": ")
        # The place stays in one piece, so that it can be copied.
        lines = [f"{head}:"]
        for words in (one.message, one.advice):
            lines.append(
                fill(one_line(words), width, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False)
            )
        out.print("\n".join(lines), markup=False, soft_wrap=True)
    out.print(_sum(len(errors), len(warnings)), markup=False)


def _place(plan: str, one: Finding) -> str:
    return ":".join(str(part) for part in (plan, one.line, one.column) if part is not None)


def _owner(one: Finding) -> str:
    if one.key is None:
        return ""
    return f"{one.key} of {one.trigger_id}: " if one.trigger_id is not None else f"{one.key}: "


def _sum(errors: int, warnings: int) -> str:
    if not errors + warnings:
        return "nothing found"
    parts = [(errors, "error"), (warnings, "warning")]
    return ", ".join(f"{count} {word}{'' if count == 1 else 's'}" for count, word in parts if count)

"""What the strategist's commands do and print."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

import typer

from exitbrain.cli.terminal import console, print_json
from exitbrain.core.lint import Severity
from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput, Unavailable, one_line
from exitbrain.strategist.asking import Budget, ModelChoice
from exitbrain.strategist.prompting import STYLES
from exitbrain.wiring.strategist.files import Conversations, caps_of, portfolio_of, read_recording, write_whole
from exitbrain.wiring.strategist.gates import GateResult, line_of
from exitbrain.wiring.strategist.proposing import Asked, Proposal, propose
from exitbrain.wiring.workbench.home import HOME, open_home


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposing:
    """The options of `propose`."""

    candles: list[str]
    out: str
    template: str | None
    style: str
    model: str | None
    base_url: str | None
    timeout: float
    retries: int
    tokens: int
    record: str | None
    replay: str | None
    again: bool
    portfolio: str | None
    current: str | None
    caps: str | None
    config: str | None
    home: str | None
    repair: bool


def run_propose(given: Proposing, *, as_json: bool) -> None:
    style = given.template or given.style
    if style not in STYLES:
        raise InvalidInput(unknown_name(style, STYLES, "style"))
    made = _from_template(given, style) if given.template is not None else _from_model(given, style)
    if not made.passed:
        raise InvalidInput(*(line for gate in made.gates for line in gate.lines))
    write_whole(given.out, made.text)
    if given.record is not None and made.answer is not None:
        write_whole(given.record, json.dumps(made.answer.recording, indent=1))
    if as_json:
        print_json(_shown(made, given.out))
    else:
        _tell(made, given.out)


def _from_template(given: Proposing, style: str) -> Proposal:
    unused = [name for name in ("model", "replay", "record") if getattr(given, name) is not None]
    if unused:
        found = f"--{unused[0]} with --from-template"
        raise InvalidInput(found, accepted="one of the two: a template asks no model")
    home = None if given.home is None and HOME not in os.environ else open_home(given.home, os.environ)
    return propose(given.candles, _asked(given, style, home))


def _from_model(given: Proposing, style: str) -> Proposal:
    if given.replay is not None:
        home = None if given.home is None and HOME not in os.environ else open_home(given.home, os.environ)
        return propose(given.candles, _asked(given, style, home), recording=read_recording(given.replay))
    budget = _budget(given)
    model = ModelChoice.of(given.model, given.base_url, os.environ)
    home = open_home(given.home, os.environ)
    kept = Conversations(home)
    made = propose(
        given.candles,
        _asked(given, style, home),
        model=model,
        budget=budget,
        kept=(lambda key: None) if given.again else kept.find,
    )
    if made.answer is None:
        raise Unavailable("the model gave no answer")
    kept.keep(made.answer.key, made.answer.recording)
    return made


def _budget(given: Proposing) -> Budget:
    for name, value, least in (
        ("--timeout", given.timeout, 1),
        ("--retries", given.retries, 0),
        ("--tokens", given.tokens, 1),
    ):
        if not least <= value <= 10**7:
            raise InvalidInput(f"{name} is {value:g}", accepted=f"from {least} to 10,000,000")
    return Budget(
        retries=given.retries,
        seconds=given.timeout,
        total_tokens=given.tokens,
        output_tokens=min(given.tokens, Budget().output_tokens),
    )


def _asked(given: Proposing, style: str, home: Any) -> Asked:
    equity, positions = portfolio_of(given.portfolio)
    return Asked(
        style=style,
        config=given.config,
        caps=caps_of(given.caps, home),
        current=given.current,
        positions=positions,
        equity=equity,
        repair=given.repair,
        environment=os.environ,
    )


def _shown(made: Proposal, out: str) -> dict[str, Any]:
    assert made.plan is not None
    return {
        "file": out,
        "plan_id": made.plan.plan_id,
        "by": made.by,
        "style": made.style,
        "origin": made.origin,
        "sha256": made.sha256,
        "prompts_sha256": made.prompts_sha256,
        "triggers": len(made.plan.triggers),
        "answers": None if made.answer is None else len(made.answer.turns),
        "gates": [gate.to_dict() for gate in made.gates],
    }


def _tell(made: Proposal, out: str) -> None:
    assert made.plan is not None
    screen = console()
    count = len(made.plan.triggers)
    screen.print(f"{made.plan.plan_id}: {count} triggers, from {made.origin}", markup=False, soft_wrap=True)
    if made.answer is not None and len(made.answer.turns) > 1:
        screen.print(f"the model mended its plan {len(made.answer.turns) - 1} times", markup=False)
    for line in warnings_of(made.gates):
        screen.print(line, markup=False, soft_wrap=True)
    screen.print(f"wrote {out}; next: exitbrain strategist review {out}", markup=False, soft_wrap=True)


def warnings_of(gates: Any) -> list[str]:
    def told(gate: GateResult) -> list[str]:
        return [line_of(one) for one in gate.findings if one.severity is Severity.WARNING]

    return [one_line(line) for gate in gates for line in told(gate)]


def bad_plan(path: str, gate: GateResult) -> typer.Exit:
    """Lines to stderr, one a fault, and the status of bad input."""
    for line in gate.lines:
        typer.echo(one_line(f"{path}: {gate.gate}: {line}"), err=True)
    return typer.Exit(InvalidInput.exit_status)

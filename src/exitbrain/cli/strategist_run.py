"""What the strategist's commands do and print."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exitbrain.cli.terminal import console, print_json
from exitbrain.core.lint import Severity
from exitbrain.core.names import unknown_name
from exitbrain.errors import InvalidInput, Unavailable, one_line
from exitbrain.strategist.asking import Budget, ModelChoice
from exitbrain.strategist.prompting import STYLES
from exitbrain.wiring.strategist.files import Conversations, caps_of, portfolio_of, read_recording, write_whole
from exitbrain.wiring.strategist.gates import GateResult, line_of
from exitbrain.wiring.strategist.promoting import Strategist
from exitbrain.wiring.strategist.proposing import Asked, Proposal, propose
from exitbrain.wiring.workbench.home import HOME

if TYPE_CHECKING:
    from exitbrain.wiring.workbench import Workbench


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
    if given.template is not None or given.replay is not None:
        with _bench_where_asked(given) as bench:
            made = _without_model(given, style, bench)
    else:
        made = _from_model(given, style)
    write_whole(given.out, made.text)
    if given.record is not None and made.answer is not None:
        write_whole(given.record, json.dumps(made.answer.recording, indent=1))
    if as_json:
        print_json(_shown(made, given.out))
    else:
        _tell(made, given.out)


@contextmanager
def _bench_where_asked(given: Proposing) -> Iterator[Workbench | None]:
    """A home that was named; without one a template leaves nothing but its file."""
    from exitbrain.wiring.workbench import Workbench

    if given.home is None and HOME not in os.environ:
        yield None
        return
    with Workbench.open(home=given.home) as bench:
        yield bench


def _without_model(given: Proposing, style: str, bench: Workbench | None) -> Proposal:
    unused = [name for name in ("model", "replay", "record") if getattr(given, name) is not None]
    if given.template is not None and unused:
        found = f"--{unused[0]} with --from-template"
        raise InvalidInput(found, accepted="one of the two: a template asks no model")
    recording = None if given.replay is None else read_recording(given.replay)
    made = _passed(propose(given.candles, _asked(given, style, bench), recording=recording))
    if bench is not None:
        Strategist(bench).keep(made)
    return made


def _from_model(given: Proposing, style: str) -> Proposal:
    from exitbrain.wiring.workbench import Workbench

    budget = _budget(given)
    model = ModelChoice.of(given.model, given.base_url, os.environ)
    with Workbench.open(home=given.home) as bench:
        kept = Conversations(bench.home)
        find = (lambda key: None) if given.again else kept.find
        made = propose(given.candles, _asked(given, style, bench), model=model, budget=budget, kept=find)
        if made.answer is None:
            raise Unavailable("the model gave no answer")
        kept.keep(made.answer.key, made.answer.recording)
        Strategist(bench).keep(_passed(made))
    return made


def _passed(made: Proposal) -> Proposal:
    if not made.passed:
        raise InvalidInput(*(line for gate in made.gates for line in gate.lines))
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


def _asked(given: Proposing, style: str, bench: Workbench | None) -> Asked:
    equity, positions = portfolio_of(given.portfolio)
    current: Any = given.current
    if current is None and bench is not None:
        held = Strategist(bench).in_force()
        current = None if held is None else held["text"]
    return Asked(
        style=style,
        config=given.config,
        caps=caps_of(given.caps, None if bench is None else bench.home),
        current=current,
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
    screen.print(f"wrote {out}; next: exitbrain strategist review {out} --candles F", markup=False, soft_wrap=True)


def warnings_of(gates: Any) -> list[str]:
    def told(gate: GateResult) -> list[str]:
        return [line_of(one) for one in gate.findings if one.severity is Severity.WARNING]

    return [one_line(line) for gate in gates for line in told(gate)]

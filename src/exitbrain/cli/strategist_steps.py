"""Reviewing, promoting and withdrawing written plans, as the terminal shows it."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import typer

from exitbrain.cli.terminal import console, print_json, show, table
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.errors import InvalidInput, Problem, one_line
from exitbrain.strategist.prompting import read_prompts
from exitbrain.strategist.templates import higher_timeframe
from exitbrain.wiring.strategist.files import plan_file_text
from exitbrain.wiring.strategist.judging import Judging
from exitbrain.wiring.strategist.promoting import Review, Strategist
from exitbrain.wiring.workbench import Workbench

ID = re.compile(r"s[0-9a-f]{12}")
PASSED = {True: "passed", False: "refused", None: "not asked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewing:
    """The options of `review`."""

    file: str
    candles: list[str]
    days: int
    held_out: int
    shadow_bars: int
    current: str | None
    caps: str | None
    config: str | None
    home: str | None
    repair: bool


def run_review(given: Reviewing, *, as_json: bool) -> None:
    asked = Review(
        candles=given.candles,
        config=given.config,
        caps=given.caps,
        current=given.current,
        judging=Judging(days=given.days, held_out=given.held_out, shadow_bars=given.shadow_bars),
        repair=given.repair,
    )
    with Workbench.open(home=given.home) as bench:
        plans = Strategist(bench)
        text = plans.read(given.file)["text"] if _is_id(given.file) else plan_file_text(given.file)
        try:
            held = plans.review(text, asked)
        except InvalidInput as error:
            raise _in_file(error, given.file) from None
    if as_json:
        print_json(held)
    else:
        _show(held)
    refused = [gate for gate in held["gates"] if gate["passed"] is False]
    for gate in refused:
        for line in _lines(gate):
            typer.echo(one_line(f"{given.file}: {gate['gate']}: {line}"), err=True)
    if refused:
        raise typer.Exit(InvalidInput.exit_status)
    if held["consent"] is not None and not as_json:
        said = f"to consent to {held['next_state']}: exitbrain strategist promote {given.file}"
        console().print(f"{said} --consent {held['consent']}", markup=False, soft_wrap=True)


def run_promote(
    file: str, consent: str | None, to: str | None, operator: str | None, note: str | None, caps: str | None,
    config: str | None, home: str | None, *, as_json: bool,
) -> None:  # fmt: skip
    with Workbench.open(home=home) as bench:
        plans = Strategist(bench)
        held = _held(plans, file)
        if consent is None and held["consent"] is not None and sys.stdin.isatty() and sys.stdout.isatty():
            _show(held)
            consent = typer.prompt(f"type {held['consent']} to consent to {held['next_state']}", default="")
        after = plans.promote(
            held["proposal_id"], operator=_operator(operator), consent=consent, to=to, caps=caps, config=config,
            note=note,
        )  # fmt: skip
    _tell_step(after, as_json=as_json)


def run_withdraw(file: str, operator: str | None, note: str | None, home: str | None, *, as_json: bool) -> None:
    with Workbench.open(home=home) as bench:
        plans = Strategist(bench)
        after = plans.withdraw(_held(plans, file)["proposal_id"], operator=_operator(operator), note=note)
    _tell_step(after, as_json=as_json)


def run_list(home: str | None, *, as_json: bool) -> None:
    with Workbench.open(home=home) as bench:
        rows = Strategist(bench).page()
    if as_json:
        print_json(rows)
        return
    if not rows:
        console().print("no plan was proposed or reviewed yet", markup=False)
        return
    columns = [("id", False), ("state", False), ("plan", False), ("from", False), ("gates", False)]
    cells = [
        (row["proposal_id"], row["state"], row["plan_id"], row["origin"] or row["by"] or "", _gates_word(row))
        for row in rows
    ]
    show(console(), table(columns, cells))


def run_show(file: str, home: str | None, *, as_json: bool) -> None:
    with Workbench.open(home=home) as bench:
        held = _held(Strategist(bench), file)
    if as_json:
        print_json(held)
    else:
        _show(held)


def run_prompts(timeframe: str, *, as_json: bool) -> None:
    prompts = read_prompts()
    higher = higher_timeframe(timeframe_microseconds(timeframe))
    text = prompts.instructions(higher)
    if as_json:
        print_json({"version": prompts.version, "sha256": prompts.sha256, "texts": dict(prompts.texts)})
        return
    screen = console()
    screen.print(f"version {prompts.version}, sha256 {prompts.sha256}\n", markup=False, soft_wrap=True)
    screen.print(text, markup=False, soft_wrap=True)


def _is_id(file: str) -> bool:
    return ID.fullmatch(file) is not None and not os.path.exists(file)


def _held(plans: Strategist, file: str) -> dict[str, Any]:
    return plans.read(file) if _is_id(file) else plans.find(plan_file_text(file))


def _operator(given: str | None) -> str:
    name = given if given is not None else _user()
    if not name.strip() or not name.isprintable() or len(name) > 80:
        raise InvalidInput("no operator's name", accepted="--operator NAME")
    return name


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return ""


def _in_file(error: InvalidInput, file: str) -> InvalidInput:
    """Faults of a plan's text under its file's name; others are told as they are."""
    return InvalidInput(
        *(p if p.file else Problem(found=p.found, accepted=p.accepted, file=file) for p in error.problems)
    )


def _show(held: Mapping[str, Any]) -> None:
    screen = console()
    said = held["origin"] or "a plan file"
    screen.print(f"{held['plan_id']} ({held['proposal_id']}), {held['state']}: {said}", markup=False, soft_wrap=True)
    rows = [(gate["gate"], PASSED[gate["passed"]], _measured(gate)) for gate in held["gates"]]
    show(screen, table([("gate", False), ("", False), ("measured", False)], rows))
    for step in held["steps"]:
        note = f": {step['note']}" if step["note"] else ""
        words = f"{step['time']} {step['step']} {step['before']} → {step['after']} by {step['operator']}{note}"
        screen.print(one_line(words), markup=False, soft_wrap=True)


def _measured(gate: Mapping[str, Any]) -> str:
    """The few figures of a gate that fit a line."""
    told = gate["evidence"]
    match gate["gate"]:
        case "schema" if told:
            return f"{told['triggers']} triggers"
        case "backtest" | "shadow" if "num_sets" in told:
            return f"{told['num_sets']} sets, {_r(told['net_r_mean'])} a set, drawdown {told['max_drawdown_pct']:.1f}%"
        case "shadow" if told:
            return f"{told['bars']} of {told['wanted_bars']} bars"
        case "held_out" if "num_sets" in told:
            interval = ""
            if told.get("net_r_low") is not None:
                interval = f" [{told['net_r_low']:.2f}, {told['net_r_high']:.2f}]"
            return f"{told['num_sets']} sets in {len(told['windows'])} windows, {_r(told.get('net_r_mean'))}{interval}"
        case "compare" if told:
            return "no plan is in force" if told["in_force"] is None else str(told["pair"]["verdict"])
        case "lint":
            count = len(gate["findings"])
            return f"{count} warning{'' if count == 1 else 's'}" if count else ""
    return ""


def _r(value: float | None) -> str:
    return "no R" if value is None else f"{value:+.2f} R"


def _lines(gate: Mapping[str, Any]) -> list[str]:
    errors = [one for one in gate["findings"] if one["severity"] == "error"]
    return [f"{one['message']}{'; ' + one['advice'] if one['advice'] else ''}" for one in errors]


def _gates_word(row: Mapping[str, Any]) -> str:
    if row["refused_by"]:
        return f"refused by {row['refused_by']}"
    if row["is_ready"]:
        return "waits for consent"
    return "not judged" if row["judged_at"] is None else ""


def _tell_step(after: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(after)
        return
    step = after["steps"][-1]
    words = f"{after['plan_id']}: {step['before']} → {step['after']} by {step['operator']}"
    console().print(one_line(words), markup=False, soft_wrap=True)

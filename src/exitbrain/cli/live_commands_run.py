"""What the operator's commands do and print."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from exitbrain.cli.terminal import console, print_json, show, table
from exitbrain.errors import ExitBrainError, Halted, InvalidInput, Problem, Unavailable, one_line
from exitbrain.store import Command
from exitbrain.store.store import microseconds_now
from exitbrain.wiring.live.operating import EVERY, Operator
from exitbrain.wiring.live.switch import KillSwitch
from exitbrain.wiring.workbench import Workbench
from exitbrain.wiring.workbench.home import open_home

MOST_LETTERS = 80
PAUSED = "stops stay and are replaced, ladders and rules pause"
LATER = "no monitor runs: the next one takes it when it starts"
NOT_YET = "the monitor has not taken it yet"


@contextmanager
def _operator(home: str | None) -> Iterator[Operator]:
    with Workbench.open(home=home) as bench:
        yield Operator(bench.store, KillSwitch(bench.home.folder))


def show_latch(home: str | None, *, as_json: bool) -> None:
    with _operator(home) as operator:
        state, monitor = operator.latch(), operator.store.monitor()
    if as_json:
        print_json(state | {"monitor": monitor})
        return
    out = console()
    causes = [[_place(one["place"]), one["cause"], str(one.get("at") or "")] for one in state["causes"]]
    show(
        out,
        f"the latch is {'on' if state['is_on'] else 'off'} ({_told_by(monitor)})",
        table([("of", False), ("cause", False), ("since", False)], causes) if causes else None,
        _waiting(state["pending"]),
    )


def change_latch(
    action: str, place: str, note: str, by: str | None, wait: float, home: str | None, *, as_json: bool
) -> None:
    who = _who(by)
    with _operator(home) as operator:
        ask = operator.set_latch if action == "set" else operator.clear_latch
        heard = operator.is_heard
        command, taken = _followed(operator, ask(who, place=_checked(place, "--symbol"), note=note), wait)
    if as_json:
        print_json({"command": command, "taken": taken})
    elif not taken:
        print(_untaken(heard))
    elif command["outcome"] == "done":
        print(f"the latch of {_place(place)} is {'set' if action == 'set' else 'cleared'}")
    _complain(command, wait, taken=taken)


def kill(note: str, by: str | None, wait: float, home: str | None, *, resume: bool, show: bool, as_json: bool) -> None:
    """The file first: it is what counts, and a store that does not answer must not stand in its way."""
    switch, who = KillSwitch(open_home(home, os.environ).folder), _who(by)
    if resume and show:
        raise InvalidInput(Problem(found="--resume and --show together", accepted="one of them"))
    if not resume and not show:
        switch.turn_on(microseconds_now(), who, note)
    command, taken, heard, missing = None, False, False, None
    if not show:
        try:
            with _operator(home) as operator:
                heard = operator.is_heard
                ask = operator.resume if resume else operator.kill
                command, taken = _followed(operator, ask(who, cause=note), wait)
        except ExitBrainError as error:
            missing = str(error)
            if resume:
                switch.turn_off()
    state = {"is_on": switch.is_on, "file": str(switch.file), **(switch.read() or {})}
    if as_json:
        print_json({"kill": state, "command": command, "taken": taken, "store": missing})
    else:
        _tell_switch(state)
        if command is not None and not taken:
            print(_untaken(heard))
    if missing is not None:
        print(f"the file alone says it, and nothing was written down: {one_line(missing)}", file=sys.stderr)
    if command is not None:
        _complain(command, wait, taken=taken)


def _tell_switch(state: dict[str, Any]) -> None:
    if not state["is_on"]:
        print("the kill switch is off")
        return
    said = [text for text in (state.get("by") and f"by {state['by']}", state.get("at"), state.get("cause")) if text]
    console().print(f"the kill switch is on ({', '.join(said)}): {PAUSED}", markup=False, soft_wrap=True)
    console().print(f"it is {state['file']}", markup=False, soft_wrap=True)


def flatten(name: str, by: str | None, wait: float, home: str | None, *, yes: bool, as_json: bool) -> None:
    who = _who(by)
    with _operator(home) as operator:
        seen = operator.preview(_checked(name, "SYMBOL"))
        if as_json and not yes:
            print_json({"preview": seen, "command": None})
            return
        if not as_json:
            _tell_preview(seen)
            sys.stdout.flush()
        if not yes and not _asked():
            return
        asked = operator.flatten(str(seen["position"]["key"]), seen["state"], who)
        command, taken = _followed(operator, asked, wait)
    if as_json:
        print_json({"preview": seen, "command": command})
    elif command["outcome"] == "done":
        console().print(command["detail"] or "flat", markup=False, soft_wrap=True)
    _complain(command, wait, taken=taken, needs_it=True)


def _asked() -> bool:
    if not sys.stdin.isatty():
        raise InvalidInput(Problem(found="nobody to ask: the input is no terminal", accepted="--yes"))
    if typer.confirm("Close it?"):
        return True
    print("nothing was asked of the monitor")
    return False


def _tell_preview(seen: dict[str, Any]) -> None:
    position = seen["position"]
    guarded = position.get("protection") or {}
    facts = [
        ("position", f"{position['side']} {position['quantity']} {position['symbol']} at {seen['venue']}"),
        ("entry", position.get("entry_price")),
        ("mark", position.get("mark_price")),
        ("P&L", position.get("unrealized_pnl")),
        ("protection", guarded.get("state")),
    ]
    show(
        console(),
        table([("", False), ("", False)], [[name, str(text)] for name, text in facts if text is not None]),
        "\n".join(f"{number}. {step}" for number, step in enumerate(seen["steps"], 1)),
    )


def _followed(operator: Operator, command: Command, wait: float) -> tuple[Command, bool]:
    """The command as it stands after a while, and whether a monitor has taken it."""
    if operator.is_heard:
        command = operator.wait(command["command_id"], wait)
    return command, command["outcome"] is not None


def _untaken(heard: bool) -> str:
    return NOT_YET if heard else LATER


def _complain(command: Command, wait: float, *, taken: bool, needs_it: bool = False) -> None:
    if command["outcome"] == "refused":
        raise Halted(f"{command['command_id']}: the monitor refused it: {command['detail'] or 'without a word'}")
    if needs_it and not taken:
        raise Unavailable(f"{command['command_id']}: the monitor has not taken it within {wait:g} s")


def _told_by(monitor: dict[str, Any] | None) -> str:
    if monitor is None:
        return "no monitor has begun yet"
    if monitor["alive"]:
        heard = f"{monitor['heartbeat_age']:.0f} s ago"
        return f"the monitor, {monitor['mode']} at {monitor['venue']}, said so {heard}"
    return f"the last monitor said so at {monitor['heartbeat_at']}"


def _waiting(pending: list[Command]) -> str | None:
    if not pending:
        return None
    return "\n".join(f"{one['command_id']} waits for a monitor: {one['kind']} by {one['by']}" for one in pending)


def _place(place: str) -> str:
    return "the portfolio" if place == EVERY else place


def _who(by: str | None) -> str:
    if by is not None:
        return _checked(by, "--by")
    try:
        return getpass.getuser()[:MOST_LETTERS] or "operator"
    except (KeyError, OSError, ImportError):  # a user without a name
        return f"uid {os.getuid()}"


def _checked(text: str, name: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > MOST_LETTERS:
        raise InvalidInput(
            Problem(found=f"{name} is {text[:MOST_LETTERS]!r}", accepted=f"1 to {MOST_LETTERS} printable letters")
        )
    return text.strip()

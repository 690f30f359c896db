"""What operators may ask of a live monitor: latch, kill switch, flatten. The same for the command line and the API.

Everything asked is a command of the store, with who asked and what became of it. The kill switch is a file besides
(`exitbrain.wiring.live.switch`), written before the store is asked, so that it works with the database down. A flatten
is asked in two steps: a preview, and a word that consents to just the state that the preview showed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from exitbrain.core.names import nearest
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.store import Command, Store
from exitbrain.wiring.live.switch import KillSwitch

EVERY = "*"
OPERATOR = "operator"
SHADOW = "shadow"
START = "exitbrain live --mode paper"
# What of a position may not have changed between the preview and the consent. Its price moves all the time.
BOUND = ("key", "symbol", "side", "quantity", "epoch", "mode", "managed")
LOOKED_EVERY = 0.1


class UnknownPosition(InvalidInput):
    """No such position is open."""


class NoMonitor(Unavailable):
    """Nobody would do it."""


class NotPossible(InvalidInput):
    """The monitor does not do that as it runs now."""


class Changed(InvalidInput):
    """The position is not what the preview showed."""


class Operator:
    def __init__(self, store: Store, switch: KillSwitch) -> None:
        self.store = store
        self.switch = switch

    # the latch

    def latch(self) -> dict[str, Any]:
        """{is_on, causes: [{place, cause, at}], pending}; what a monitor that ended said last, where none runs."""
        monitor = self.store.monitor()
        causes = [] if monitor is None else list(monitor["summary"].get("latch") or ())
        return {"is_on": bool(causes), "causes": causes, "pending": self._pending("latch_set", "latch_clear")}

    def set_latch(self, by: str, *, place: str = EVERY, note: str = "", key: str | None = None) -> Command:
        """With the cause `operator`, which only an operator clears; `place` is a symbol, or `*` for the portfolio."""
        return self._ask("latch_set", {"place": place, "cause": OPERATOR, "note": note}, by, key)

    def clear_latch(self, by: str, *, place: str = EVERY, note: str = "", key: str | None = None) -> Command:
        """All causes go (spec D6)."""
        return self._ask("latch_clear", {"place": place, "note": note}, by, key)

    # the kill switch

    def killed(self) -> dict[str, Any]:
        """{is_on, at, by, cause, pending}. On: stops stay and are replaced, ladders and rules pause."""
        told = self.switch.read()
        said = told or {"at": None, "by": None, "cause": None}
        return {"is_on": told is not None, **said, "pending": self._pending("kill", "resume")}

    def kill(self, by: str, *, cause: str = "", key: str | None = None) -> Command:
        """Raises Unavailable where the store does not answer: then the file has been written all the same."""
        self.switch.turn_on(self.store.clock(), by, cause)
        return self._ask("kill", {"cause": cause}, by, key)

    def resume(self, by: str, *, cause: str = "", key: str | None = None) -> Command:
        """The command first: a switch that is off was turned off by somebody who is written down."""
        asked = self._ask("resume", {"cause": cause}, by, key)
        self.switch.turn_off()
        return asked

    # flatten

    def preview(self, name: str) -> dict[str, Any]:
        """What flattening a position, told by its key or symbol, would do, and `state`, which consents to it."""
        monitor = self._running()
        position = self._position(name)
        if monitor["mode"] == SHADOW:
            found = "the monitor is in shadow, in which nothing is sent"
            raise NotPossible(Problem(found=found, accepted="a monitor in paper or live mode"))
        orders = [one for one in self.store.live_orders() if one.get("key") == position["key"]]
        return {
            "position": position,
            "venue": monitor["venue"],
            "orders": orders,
            "steps": _steps(position, orders),
            "state": _state(monitor["monitor_id"], position),
        }

    def flatten(self, name: str, state: str, by: str, *, key: str | None = None) -> Command:
        """The position is closed at market. Raises Changed where it is not what `state` consents to."""
        seen = self.preview(name)
        if seen["state"] != state:
            now = f"{seen['position'].get('side')} {seen['position'].get('quantity')} now"
            raise Changed(Problem(found=f"{name} is not what was shown: {now}", accepted="a new preview"))
        position = seen["position"]
        body = {name: position.get(name) for name in ("key", "symbol", "side", "quantity", "epoch")}
        return self._ask("flatten", body, by, key)

    # what became of it

    def wait(self, command_id: str, seconds: float, sleep: Callable[[float], None] = time.sleep) -> Command:
        """The command, as soon as it is finished or the time is over."""
        until = time.monotonic() + seconds
        while True:
            command = self.store.command(command_id)
            if command["outcome"] is not None or time.monotonic() >= until:
                return command
            sleep(LOOKED_EVERY)

    @property
    def is_heard(self) -> bool:
        """Whether a monitor runs that will take a command soon."""
        monitor = self.store.monitor()
        return monitor is not None and bool(monitor["alive"])

    def _running(self) -> dict[str, Any]:
        monitor = self.store.monitor()
        if monitor is None or not monitor["alive"]:
            last = "" if monitor is None else f", the last was heard at {monitor['heartbeat_at']}"
            raise NoMonitor(f"no monitor runs{last}; start one: {START}")
        return monitor

    def _position(self, name: str) -> dict[str, Any]:
        held = self.store.live_positions()
        found = [one for one in held if name in (one["key"], one.get("symbol"))]
        keys = [str(one["key"]) for one in found or held]
        if len(found) > 1:
            raise UnknownPosition(Problem(found=f"{name} has {len(found)} positions", accepted=" or ".join(keys)))
        if not found:
            guess = nearest(name, keys)
            accepted = f"did you mean {guess}?" if guess else (f"one of {', '.join(keys)}" if keys else "none is open")
            raise UnknownPosition(Problem(found=f"no position {name[:80]!r}", accepted=accepted))
        return found[0]

    def _pending(self, *kinds: str) -> list[Command]:
        return [one for one in self.store.pending_commands() if one["kind"] in kinds]

    def _ask(self, kind: str, body: Mapping[str, Any], by: str, key: str | None) -> Command:
        key = key or f"{kind} {secrets.token_urlsafe(12)}"
        return self.store.command(self.store.ask_command(kind, body, by, self.store.clock(), key))


def _state(monitor_id: str, position: Mapping[str, Any]) -> str:
    told = json.dumps([monitor_id, *(position.get(name) for name in BOUND)])
    return hashlib.sha256(told.encode()).hexdigest()


def _steps(position: Mapping[str, Any], orders: list[dict[str, Any]]) -> list[str]:
    """In the words of an operator, in the order in which they are done."""
    own = [one for one in orders if one.get("own")]
    takes = [one for one in own if one.get("kind") in ("LIMIT", "TAKE_PROFIT_MARKET")]
    stops = [one for one in own if one.get("kind") == "STOP_MARKET"]
    sends = "sell" if position.get("side") == "long" else "buy"
    steps = [f"cancel {_counted(len(takes), 'resting take')}"] if takes else []
    steps.append(f"{sends} {position.get('quantity')} {position.get('symbol')} at market, reduce-only")
    if stops:
        steps.append(f"once the position is seen to be gone, cancel {_counted(len(stops), 'stop')}")
    return steps


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"

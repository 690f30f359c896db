"""What the shell of a live monitor is given: a clock, the monitor with what stands around it, a screen, and its terms."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from exitbrain.core.live.book import State
from exitbrain.core.live.events import Effect, Event, Policy
from exitbrain.venues.adapter import Kline

if TYPE_CHECKING:
    from exitbrain.live.deciding import Decided

SHADOW = "shadow"


class Clock:
    """Microseconds that never go back: the wall's at the start, then the machine's own count. Not before `after`."""

    def __init__(self, after: int = 0) -> None:
        self._base = max(time.time_ns() // 1_000, after + 1) - time.monotonic_ns() // 1_000

    def __call__(self) -> int:
        return self._base + time.monotonic_ns() // 1_000


class Monitoring(Protocol):
    """`live.monitor.Monitor`, as far as the shell uses it."""

    @property
    def state(self) -> State: ...

    def take(self, event: Event, now: int) -> tuple[Effect, ...]: ...


class Minded(Protocol):
    """The monitor and what stands around it, for one account: made by `wiring.live`."""

    @property
    def monitor(self) -> Monitoring: ...

    def manages(self, symbol: str) -> Policy | None:
        """Under which policy a position of this symbol is looked after; None: it is not."""

    def begin(self, key: str) -> int:
        """A key is managed from now on; how many bars of its past are wanted."""

    def warm(self, key: str, bars: Sequence[Kline], now: int) -> tuple[Effect, ...]: ...

    def warmed(self, key: str) -> None:
        """All of its past that is to be had has been given."""

    def bars(self, bars: Mapping[str, Kline], now: int) -> tuple[Effect, ...]: ...

    def decided(self) -> Sequence[Decided]:
        """Candidates of the decisions since it was last asked."""

    def latch(self, kind: str, body: Mapping[str, Any], now: int) -> tuple[tuple[Effect, ...], str]:
        """A latch command: what it leads to, and what is said of it. InvalidInput where it cannot be done."""

    def latched(self, now: int) -> list[dict[str, Any]]: ...

    def prepare(self) -> None:
        """What protection does not wait for, before the first past is given. In a thread of its own."""

    def may_send(self) -> bool:
        """Whether the journal is still this process's."""

    def close(self, now: int) -> None: ...


class Screen(Protocol):
    """Where the picture goes; none of these may fail or wait."""

    def show(self, positions: list[dict[str, Any]], orders: list[dict[str, Any]], summary: dict[str, Any]) -> None: ...

    def tell(self, at: int, kind: str, key: str, text: str, body: Mapping[str, Any]) -> None: ...

    def commands(self) -> list[Mapping[str, Any]]:
        """Those that came since."""

    def finished(self, command_id: str, at: int, outcome: str, detail: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Seconds. `symbols` are followed from the start, with a position or without; `venue_stays` when the monitor ends."""

    mode: str = SHADOW
    symbols: Collection[str] = ()
    venue_stays: bool = True
    tick: float = 0.1
    look: float = 5.0
    show: float = 0.5
    active_after: float = 10.0
    wait: float = 30.0
    beat: float = 1.0


@dataclass(slots=True)
class Measures:
    started: float = field(default_factory=time.monotonic)
    heard_at: float = field(default_factory=time.monotonic)
    naked_seconds: float = 0.0
    commit_ms: float = 0.0

"""What the monitor's shell needs of a venue. A venue's adapter passes the suite in tests/venues/contract."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from exitbrain.core.live.events import Ask, Cancel, Event, PositionSeen, Send
from exitbrain.core.market import Instrument


class Kline(NamedTuple):
    """A closed bar; `time` is the µs at which it opened."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """The account's stream begins, or begins again: what happened before was not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a person should hear; `key` is a position's, or empty."""

    key: str
    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BarsClosed:
    key: str
    bars: tuple[Kline, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSeen:
    """What positions are valued at; no order of ours but the disaster stop heeds it."""

    key: str
    ticks: int


Heard = Event | Connected | Disconnected | Told | BarsClosed | MarkSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a look at account and venue found. `needed`: without it nothing may be sent."""

    subject: str
    ok: bool
    detail: str
    needed: bool = True


class VenueAdapter(Protocol):
    name: str
    instruments: Mapping[str, Instrument]
    """By symbol, once it was opened. A position's key is its symbol."""

    async def open(self) -> tuple[Finding, ...]:
        """Reads contracts, clock, position mode and what the key may do. Unavailable where the venue does not answer."""

    async def close(self) -> None: ...

    async def carry_out(self, effect: Send | Cancel | Ask) -> tuple[Event | Told, ...]:
        """What became of it. Never raises for what a venue or a network does: what is not known is UNKNOWN."""

    async def positions(self) -> tuple[PositionSeen, ...] | None:
        """All that are open, at once; None where the venue did not answer."""

    async def bars(self, symbol: str, count: int) -> tuple[Kline, ...]:
        """The last closed ones, oldest first."""

    async def listen(self, hear: Callable[[Heard], None]) -> None:
        """Both streams, opened again whenever they end, until it is cancelled."""

    def follow(self, symbols: Collection[str]) -> None:
        """Whose prices and bars are wanted from now on."""

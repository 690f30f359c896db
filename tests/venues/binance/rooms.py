"""A simulated venue with a position on it, and effects carried out on it in process."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from exitbrain.core.live.client_ids import client_id
from exitbrain.core.live.events import Ask, Cancel, Event, Question, Send
from exitbrain.core.live.orders import OrderKind, Role
from exitbrain.core.market import Instrument
from exitbrain.venues.binance.answers import answer_events
from exitbrain.venues.binance.asking import request_of
from exitbrain.venues.binance.contracts import instruments_of
from exitbrain.venues.binance.in_process import ask_in_process
from exitbrain.venues.binance.streams import stream_events
from exitbrain.venues.binance.wire import NO_REPLY, Reply, Request
from exitbrain.venues.simulated.dialect.venue import SimulatedVenue
from exitbrain.venues.simulated.markets import Bar
from venues.serving import simulated
from venues.worlds import MINUTE, START

KEY, INSTALL = "BTCUSDT", "a7f3"
OPENED, ASKED_AT = 500_000, 77  # ticks of 0.1; µs


@dataclass
class Room:
    venue: SimulatedVenue
    instrument: Instrument
    made: int = 0

    def id(self, role: Role, leg: int = 0) -> str:
        self.made += 1
        return client_id(INSTALL, 1, self.made, role, leg)

    def replies(self, effect: Send | Cancel | Ask) -> tuple[Reply, ...]:
        return tuple(ask_in_process(self.venue, one) for one in request_of(effect, self.instrument))

    def ask(self, effect: Send | Cancel | Ask) -> tuple[Event, ...]:
        return answer_events(effect, self.replies(effect), ASKED_AT, self.instrument, install=INSTALL)

    def question(self, what: Question, id_: str = "") -> tuple[Event, ...]:
        return self.ask(Ask(key=KEY, what=what, id=id_))

    def raw(self, method: str, path: str, **params: str) -> Reply:
        return ask_in_process(self.venue, Request(method=method, path=path, params=params))

    def enter(self, side: str = "BUY", quantity: str = "0.010") -> None:
        reply = self.raw("POST", "/fapi/v1/order", symbol=KEY, side=side, type="MARKET", quantity=quantity)
        assert reply.status == 200, reply

    def said(self) -> list[Event]:
        payloads = self.venue.said(self.venue.exchange.now)
        return [event for one in payloads for event in stream_events(one, {KEY: self.instrument}, ASKED_AT)]

    def price(self, ticks: int) -> None:
        self.venue.exchange.move(KEY, ticks)


def room(**rates: float) -> Room:
    bars = [Bar(START + n * MINUTE, MINUTE, OPENED, OPENED, OPENED, OPENED, 1.0) for n in range(10)]
    venue = simulated(bars)
    instrument = instruments_of(ask_in_process(venue, Request(method="GET", path="/fapi/v1/exchangeInfo")).body)[KEY]
    return Room(venue, instrument)


def send(
    id_: str, kind: OrderKind, level: int = 0, lots: int = 10, *, side: int = -1, close_position: bool = False
) -> Send:
    return Send(
        key=KEY, id=id_, side=side, kind=kind, level=level, lots=0 if close_position else lots,
        close_position=close_position,
    )  # fmt: skip


__all__ = ["ASKED_AT", "INSTALL", "KEY", "NO_REPLY", "OPENED", "Fraction", "Reply", "Room", "room", "send"]

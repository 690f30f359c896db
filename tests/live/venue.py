"""A venue of one instrument in memory, with seeded faults, for the laws of `core.live`.

It matches by the venue's rules: a stop triggers on touch, reduce-only is looked at again when an order is matched, a
close-position stop is one a side and goes with the position, a request that arrives late is refused. Between it and the
monitor lie requests and messages that are lost, doubled, late and out of order, and lists that leave orders out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from exitbrain.core.live.events import Resting, Send
from exitbrain.core.live.orders import OrderKind, Status

SECOND = 1_000_000
RECEIVE_WINDOW = 5 * SECOND
STOPS = (OrderKind.STOP_MARKET,)
TAKES = (OrderKind.LIMIT, OrderKind.TAKE_PROFIT_MARKET)
REFUSALS = (-1008, -1003, -2022, -1111, -4131, -9999, -2025, -1021)


@dataclass(slots=True)
class VenueOrder:
    id: str
    side: int
    kind: OrderKind
    level: int
    lots: int
    close_position: bool
    own: bool
    life: int  # of the position for which it was placed
    status: Status = Status.OPEN
    filled: int = 0
    hidden_until: int = 0  # the venue denies it until then


@dataclass(slots=True)
class Venue:
    dice: Random
    price: int = 1000
    lots: int = 0
    entry: Fraction = Fraction(1000)
    version: int = 0
    life: int = 0
    orders: dict[str, VenueOrder] = field(default_factory=dict)
    triggering: list[tuple[int, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # orders to tell of
    fills: list[tuple[str, int, int]] = field(default_factory=list)  # id, lots, size after
    excused_at: int = 0  # when the venue or others last took cover away, or changed the position
    uncovered_at: int = 0  # the same without openings, which no cancel has to foresee
    faulty: bool = True
    kills: float = 0.0

    @property
    def side(self) -> int:
        return (self.lots > 0) - (self.lots < 0)

    def open_orders(self) -> list[VenueOrder]:
        return [o for o in self.orders.values() if o.status in (Status.OPEN, Status.TRIGGERED)]

    def cover(self) -> int:
        stops = [o for o in self.open_orders() if o.kind in STOPS and o.side == -self.side and o.status is Status.OPEN]
        if any(o.close_position for o in stops):
            return abs(self.lots)
        return min(abs(self.lots), sum(o.lots - o.filled for o in stops if not o.own or o.life == self.life))

    # requests

    def place(self, send: Send, sent_at: int, now: int) -> int:
        """0, or the code of a refusal."""
        if now - sent_at > RECEIVE_WINDOW:
            return -1021
        if send.id in self.orders:
            return -4116
        if self.side != -send.side and send.kind is not OrderKind.STOP_MARKET:
            return -2022
        if send.kind is OrderKind.STOP_MARKET and self._is_met(send.side, send.kind, send.level):
            return -2021
        if send.kind is OrderKind.TAKE_PROFIT_MARKET and self._is_met(send.side, send.kind, send.level):
            return -2021
        if send.close_position and any(o.close_position and o.side == send.side for o in self.open_orders()):
            return -4130
        self.orders[send.id] = VenueOrder(
            send.id, send.side, send.kind, send.level, send.lots, send.close_position, True, self.life
        )
        self.changed.append(send.id)
        if send.kind in (OrderKind.MARKET, OrderKind.LIMIT_IOC):
            self.fill(self.orders[send.id], now)
        else:
            self.match(now)
        return 0

    def cancel(self, id_: str, now: int) -> int:
        order = self.orders.get(id_)
        if (
            order is None
            or order.status in (Status.FILLED, Status.CANCELED, Status.REJECTED)
            or now < order.hidden_until
        ):
            return -2011
        if order.status is Status.TRIGGERED:
            return -4117
        order.status = Status.CANCELED
        self.changed.append(id_)
        return 0

    # the market

    def _is_met(self, side: int, kind: OrderKind, level: int) -> bool:
        """Buys above for stops, below for takes; sells the other way round."""
        up = side if kind is OrderKind.STOP_MARKET else -side
        return up * (self.price - level) >= 0

    def match(self, now: int) -> None:
        for due, id_ in [one for one in self.triggering if one[0] <= now]:
            self.triggering.remove((due, id_))
            self.fill(self.orders[id_], now)
        for order in self.open_orders():
            if order.status is Status.TRIGGERED or not self._is_met(order.side, order.kind, order.level):
                continue
            if order.kind is OrderKind.LIMIT:
                part = order.lots - order.filled
                if self.faulty and part > 1 and self.dice.random() < 0.3:
                    part = self.dice.randint(1, part)
                self.fill(order, now, part)
                continue
            order.status = Status.TRIGGERED
            self.changed.append(order.id)
            self.excused_at = self.uncovered_at = now
            roll = self.dice.random() if self.faulty else 1.0
            if roll < self.kills:
                order.status = Status.CANCELED  # triggered and finished without a fill
            elif roll < 0.4:
                self.triggering.append((now + self.dice.randint(1, 15) * SECOND // 10, order.id))
            else:
                self.fill(order, now)

    def fill(self, order: VenueOrder, now: int, part: int | None = None) -> None:
        asked = abs(self.lots) if order.close_position else order.lots - order.filled
        lots = min(asked if part is None else part, abs(self.lots)) if self.side == -order.side else 0
        order.filled += lots
        if part is None or order.filled >= order.lots or lots < (part or 0):
            order.status = (
                Status.FILLED if lots and (order.close_position or order.filled >= order.lots) else Status.CANCELED
            )
        self.changed.append(order.id)
        if lots:
            self.fills.append((order.id, lots, abs(self.lots) - lots))
            self.move(order.side * lots, now)

    def move(self, lots: int, now: int) -> None:
        """A change of the position by whomever."""
        before = self.lots
        self.lots += lots
        self.version += 1
        if before * lots >= 0:
            self.entry = (self.entry * abs(before) + self.price * abs(lots)) / abs(self.lots)
            self.excused_at = now
            if before:
                self.uncovered_at = now
        if before == 0 or before * self.lots < 0:
            self.life += 1
            self.entry, self.excused_at = Fraction(self.price), now
        if self.lots == 0 or before * self.lots < 0:
            for order in self.open_orders():
                if order.close_position:
                    order.status = Status.CANCELED
                    self.changed.append(order.id)

    def listing(self, now: int) -> tuple[Resting, ...]:
        return tuple(
            Resting(
                id=o.id, side=o.side, kind=o.kind, level=o.level, lots=o.lots, filled=o.filled, own=o.own,
                close_position=o.close_position, triggered=o.status is Status.TRIGGERED,
            )
            for o in self.open_orders()
            if now >= o.hidden_until
        )  # fmt: skip

"""One history: a monitor, a venue and what lies between them, from a seed. Laws are looked at after every happening."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from random import Random

from exitbrain.core.ladder import REMAINING, toward_market
from exitbrain.core.live import events as e
from exitbrain.core.live.book import Settings, State
from exitbrain.core.live.orders import OrderKind, Role, Status
from exitbrain.core.live.step import step
from exitbrain.core.market import Instrument
from live.venue import REFUSALS, SECOND, TAKES, Venue, VenueOrder

KEY = "X"
INSTRUMENT = Instrument(symbol=KEY, tick_size=Decimal(1), lot_size=Decimal(1))
STRAIGHT_FAULTS = 3  # the adversary's limit: so many losses or refusals of one kind in a row
# After the position is seen: the open orders read, then a stop placed, each after three failures, and answers on the way.
NAKED_AT_MOST = 15 * SECOND
HEALTHY_AT_MOST = 2 * SECOND


class Broken(AssertionError):
    pass


def law(holds: bool, *said: object) -> None:
    if not holds:
        raise Broken(*said)


@dataclass
class History:
    seed: int
    loss: float = 0.0
    doubling: float = 0.0
    refusing: float = 0.0
    lying: float = 0.0
    killing: float = 0.0
    crashing: float = 0.0
    meddling: float = 0.0
    latest: int = SECOND // 5
    close_position_stops: bool = True
    step: Callable[..., tuple[State, tuple[e.Effect, ...]]] = step

    now: int = 0
    queue: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    counter: int = 0
    straight: dict[str, int] = field(default_factory=dict)
    alive: int = 1  # which run of the process; what was meant for an earlier one is lost
    up: bool = True
    faults: int = 0
    crashes: int = 0
    naked: int = 0
    naked_most: int = 0
    naked_from: int | None = None
    goals: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    seen_fills: int = 0
    before: e.PositionSeen | None = None
    other_fill_at: int = -(1 << 62)
    trace: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    sends: list[e.Send] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = Random(self.seed)
        self.venue = Venue(self.dice, kills=self.killing)
        self.state = State(settings=Settings(close_position_stops=self.close_position_stops))
        self.faulty = True

    # time

    def later(self, wait: int, what: Callable[[], None]) -> None:
        self.counter += 1
        heapq.heappush(self.queue, (self.now + wait, self.counter, what))

    def run_until(self, end: int) -> None:
        while self.queue and self.queue[0][0] <= end:
            self.now, _, what = heapq.heappop(self.queue)
            what()
            self.look()
        self.now = end

    def delay(self) -> int:
        return self.dice.randint(1_000, self.latest if self.faulty else SECOND // 20)

    def fault(self, kind: str, chance: float) -> bool:
        hit = self.faulty and self.straight.get(kind, 0) < STRAIGHT_FAULTS and self.dice.random() < chance
        self.straight[kind] = self.straight.get(kind, 0) + 1 if hit else 0
        self.faults += hit
        return hit

    # the process

    def take(self, event: e.Event) -> None:
        if not self.up:
            return
        before = self.state
        self.state, effects = self.step(before, event, self.now)
        if self.faulty and self.crashing and self.dice.random() < self.crashing:
            # The intents are written, and some have gone out.
            effects = effects[: self.dice.randint(0, len(effects))]
            self.crash()
        for effect in effects:
            self.go(effect)

    def crash(self) -> None:
        self.crashes += 1
        self.alive += 1
        self.up = False
        self.naked_from = None
        alive = self.alive

        def start() -> None:
            if self.alive == alive:
                self.up = True
                self.take(e.Started(fence=alive))

        self.later(self.dice.randint(1, 30) * SECOND // 10, start)

    def deliver(self, event: e.Event, wait: int) -> None:
        alive = self.alive
        self.later(wait, lambda: self.take(event) if self.alive == alive else None)

    def go(self, effect: e.Effect) -> None:
        match effect:
            case e.Alert():
                self.alerts.append(effect.name)
            case e.Send():
                self.check_send(effect)
                self.request(effect, effect.id, effect.kind)
            case e.Cancel():
                self.request(effect, effect.id, None)
            case e.Ask():
                self.answer(effect)

    def request(self, effect: e.Send | e.Cancel, id_: str, kind: OrderKind | None) -> None:
        sent_at = self.now
        cancel = isinstance(effect, e.Cancel)
        channel = "cancel" if cancel else f"send {effect.close_position} {kind in TAKES}"
        refused = not cancel and self.fault(channel, self.refusing)
        lost = not refused and self.fault(channel, self.loss)
        silent = not refused and not lost and self.fault(channel, self.loss)
        if lost:
            self.deliver(self.answered(id_, cancel, e.Outcome.UNKNOWN), self.delay())
            return

        def arrive() -> None:
            if refused:
                code = self.dice.choice(REFUSALS)
            elif isinstance(effect, e.Cancel):
                self.check_cancel(effect)
                code = self.venue.cancel(id_, self.now)
            else:
                code = self.venue.place(effect, sent_at, self.now)
            self.tell()
            if silent and self.dice.random() < 0.5:
                self.deliver(self.answered(id_, cancel, e.Outcome.UNKNOWN), self.delay())
            if not silent:
                outcome = e.Outcome.REFUSED if code else e.Outcome.OK
                self.deliver(self.answered(id_, cancel, outcome, code), self.delay())
                if self.fault("twice", self.doubling):
                    self.deliver(self.answered(id_, cancel, outcome, code), 4 * self.delay())

        late = 40 * self.delay() if lost is False and self.fault("late", self.loss / 4) else self.delay()
        self.later(late, arrive)

    def answered(self, id_: str, cancel: bool, outcome: e.Outcome, code: int = 0) -> e.Answered:
        return e.Answered(key=KEY, id=id_, cancel=cancel, outcome=outcome, code=code)

    def answer(self, ask: e.Ask) -> None:
        asked_at, venue = self.now, self.venue
        if self.fault(ask.what, self.loss):
            return

        def arrive() -> None:
            match ask.what:
                case e.Question.POSITION:
                    stale = self.before if self.fault("stale", self.loss) else None
                    self.deliver(stale or self.position(asked_at), self.delay())
                    self.before = self.position(asked_at)
                case e.Question.ORDERS:
                    listed = venue.listing(self.now)
                    self.deliver(e.OrdersSeen(key=KEY, asked_at=asked_at, orders=listed), self.delay())
                case e.Question.ORDER:
                    order = venue.orders.get(ask.id)
                    if order is None or self.now < order.hidden_until:
                        self.deliver(e.OrderAbsent(key=KEY, id=ask.id, asked_at=asked_at), self.delay())
                    else:
                        self.deliver(self.seen(order), self.delay())
                case e.Question.PLAN:
                    self.deliver(e.PlanGiven(key=KEY, epoch=ask.epoch, plan=self.plan(ask)), 0)

        self.later(self.delay(), arrive)

    def plan(self, ask: e.Ask) -> e.LivePlan:
        """Two rungs and a runner, as `core.ladder` would compile them for R = 2%."""
        dice, side, size = Random(f"{self.seed} {ask.epoch} {ask.lots}"), (ask.lots > 0) - (ask.lots < 0), abs(ask.lots)
        stop = toward_market(ask.entry * (1 - side * Fraction(1, 50)), side)
        first, second = size * 3 // 10, size * 3 // 10
        whole = dice.random() < 0.5
        rungs = [
            e.PlanRung(index=i + 1, level=int(ask.entry) + side * r, lots=lots, soft=dice.random() < 0.5,
                       move=2 if i == 0 else 0, move_to=toward_market(ask.entry, side))
            for i, (r, lots) in enumerate(((20, first), (40, second)))
            if lots
        ]  # fmt: skip
        runner = REMAINING if whole else size - sum(rung.lots for rung in rungs)
        callbacks = ((int(ask.entry) + side * 15, 1, 50), (int(ask.entry) + side * 60, 1, 100))
        return e.LivePlan(lots=size, stop=stop, rungs=tuple(rungs), runner=runner, callbacks=callbacks)

    # the venue's stream

    def position(self, asked_at: int | None = None) -> e.PositionSeen:
        v = self.venue
        return e.PositionSeen(key=KEY, lots=v.lots, entry=v.entry, version=v.version, asked_at=asked_at)

    def seen(self, order: VenueOrder) -> e.OrderSeen:
        return e.OrderSeen(key=KEY, id=order.id, status=order.status, filled=order.filled)

    def tell(self) -> None:
        told, self.venue.changed = self.venue.changed, []
        for event in [self.seen(self.venue.orders[id_]) for id_ in told] + [self.position()]:
            if self.fault("stream", self.loss):
                continue
            self.deliver(event, self.delay())
            if self.fault("twice", self.doubling):
                self.deliver(event, 10 * self.delay())

    def tick(self) -> None:
        self.take(e.Ticked())
        self.later(SECOND // 5, self.tick)

    def trade(self) -> None:
        """The price takes a step; sometimes a leap."""
        venue, dice = self.venue, self.dice
        if self.faulty:  # a level that is met now and then would keep a history from ever being quiet
            leap = 8 if dice.random() < 0.01 else 1
            venue.price = max(200, venue.price + leap * dice.choice((-6, -3, -1, 0, 1, 3, 6)))
        venue.match(self.now)
        if venue.changed:
            self.tell()
        if not self.fault("price", self.loss):
            self.deliver(e.PriceSeen(key=KEY, ticks=venue.price), self.delay() // 4)
        self.later(SECOND // 2, self.trade)

    def meddle(self) -> None:
        """What others do: open, add, reduce, close, place and withdraw orders; and decisions of the operator."""
        venue, dice = self.venue, self.dice
        if self.faulty:
            self._meddle(dice.random())
            self.later(dice.randint(1, 8) * SECOND, self.meddle)
        if venue.changed:
            self.tell()

    def _meddle(self, roll: float) -> None:
        venue, dice, now = self.venue, self.dice, self.now
        if venue.lots == 0:
            venue.move(dice.choice((-1, 1)) * dice.randint(1, 20), now)
            self.tell()
        elif roll < 0.15:
            self.take(
                e.ReduceAsked(key=KEY, epoch=self.state.books[KEY].epoch, fraction=Fraction(1, 2), decision=f"d{now}")
            )
        elif roll < 0.2:
            self.take(e.FlattenAsked(key=KEY, decision=f"d{now}"))
        elif roll > 1 - self.meddling:
            self._foreign(dice.randint(0, 5))

    def _foreign(self, which: int) -> None:
        venue, dice, now = self.venue, self.dice, self.now
        venue.excused_at = venue.uncovered_at = now
        if which == 0:
            venue.move(venue.side * dice.randint(1, 5), now)
        elif which == 1:
            venue.move(-venue.side * dice.randint(1, abs(venue.lots)), now)
        elif which == 2:
            venue.move(-venue.lots, now)
        elif which == 3:
            own = [o for o in venue.open_orders() if o.own and o.status is Status.OPEN]
            if own:
                venue.cancel(dice.choice(own).id, now)
        elif which == 4:
            kind = dice.choice((OrderKind.STOP_MARKET, OrderKind.LIMIT))
            away = -venue.side if kind is OrderKind.STOP_MARKET else venue.side
            level = venue.price + away * dice.randint(5, 30)
            id_ = f"foreign{now}"
            lots = dice.randint(1, abs(venue.lots))
            venue.orders[id_] = VenueOrder(id_, -venue.side, kind, level, lots, False, False, venue.life)
        else:
            foreign = [o for o in venue.open_orders() if not o.own and o.status is Status.OPEN]
            if foreign:
                venue.cancel(foreign[0].id, now)
        self.tell()

    def deny(self) -> None:
        """The venue says of an order that stands that it does not."""
        orders = [o for o in self.venue.open_orders() if o.own]
        if orders and self.faulty and self.dice.random() < self.lying:
            self.dice.choice(orders).hidden_until = self.now + self.dice.randint(1, 20) * SECOND
            self.faults += 1
        self.later(SECOND, self.deny)

    # laws

    def check_send(self, send: e.Send) -> None:
        book = self.state.books[KEY]
        law(book.lots != 0 and send.side == -book.side, "an order that could open or add", send)
        law(send.close_position or 0 < send.lots <= book.size, "an order above the position", send, book.size)
        law(all(s.id != send.id for s in self.sends[-50:]), "an id used twice", send)
        order = book.orders[send.id]
        if order.role is Role.TAKE:
            own = sum(o.open_lots for o in book.present() if o.role is Role.TAKE)
            own += sum(o.lots - o.filled for o in book.foreign if o.kind in TAKES and o.side == -book.side)
            law(own <= book.size, "takes above the position", own, book.size)
        if order.role is Role.CLOSE:
            law(book.target is not None and send.lots <= book.size - book.target.lots, "past the target", send)
            self.goals[send.id] = (book.target.lots, self.venue.life, self.now)
        self.sends.append(send)

    def check_cancel(self, cancel: e.Cancel) -> None:
        """No cancel of ours takes the cover below the position."""
        venue = self.venue
        order = venue.orders[cancel.id]
        law(order.own, "a cancel of another's order", cancel)
        if order.status is not Status.OPEN or order.kind is not OrderKind.STOP_MARKET or not venue.lots:
            return
        if order.life != venue.life or self.now - venue.uncovered_at < 8 * SECOND:
            return
        covered = venue.cover()
        order.status = Status.CANCELED
        left = venue.cover()
        order.status = Status.OPEN
        law(left >= min(covered, abs(venue.lots)), "a cancel laid the position bare", cancel, covered, left)

    def look(self) -> None:
        venue = self.venue
        while self.seen_fills < len(venue.fills):
            id_, _, after = venue.fills[self.seen_fills]
            self.seen_fills += 1
            self.look_at_fill(id_, after)
        book = self.state.books[KEY]
        bare = self.up and venue.lots and venue.cover() < abs(venue.lots)
        knows = book.lots * venue.lots > 0 and book.size >= abs(venue.lots) and book.started_at >= 0
        if not bare or not knows or book.target is not None:
            self.naked_from = None
            return
        self.naked_from = max(self.naked_from or self.now, venue.excused_at)
        self.naked = self.now - self.naked_from
        self.naked_most = max(self.naked_most, self.naked)
        law(self.naked <= NAKED_AT_MOST, "naked for", self.naked / SECOND, "s")

    def look_at_fill(self, id_: str, after: int) -> None:
        goal = self.goals.get(id_)
        if goal is None:
            self.other_fill_at = self.now
            return
        lots, life, sent_at = goal
        # Others, a rung or a stop may fill while it is under way: nobody can know of that when it is sized.
        meanwhile = self.other_fill_at > sent_at - 3 * SECOND or self.venue.excused_at > sent_at - 3 * SECOND
        if life == self.venue.life and not meanwhile:
            law(after >= lots, "past the target", id_, after, lots)

    def check_quiet(self) -> None:
        """Nothing is lost any more, and time has passed: venue and belief are what they should be."""
        venue, book = self.venue, self.state.books[KEY]
        law(book.lots == venue.lots, "belief", book.lots, "venue", venue.lots)
        own = [o for o in venue.open_orders() if o.own]
        if venue.lots == 0:
            law(not own, "orders of ours without a position", own)
            return
        law(venue.cover() == abs(venue.lots), "uncovered", venue.cover(), venue.lots, own)
        takes = [o for o in venue.open_orders() if o.kind in TAKES and o.side == -venue.side]
        law(sum(o.lots - o.filled for o in takes if o.own) <= abs(venue.lots), "takes above the position", takes)
        # A position that was closed and opened again between two readings is one to whoever reads.
        law(all(book.orders[o.id].epoch == book.epoch for o in own), "an order of a past position", own)
        lanes = [book.orders[o.id].lane for o in own]
        law(len(lanes) == len(set(lanes)), "two orders in one lane", lanes)
        working = sum(o.lots - o.filled for o in own if o.kind is OrderKind.STOP_MARKET and not o.close_position)
        law(working <= abs(venue.lots), "working stops above the position", own)
        law(book.target is None, "a target not reached", book.target)
        unresolved = [o.id for o in book.present() if o.stage.value in ("SENDING", "UNKNOWN", "CANCELING")]
        law(not unresolved, "unresolved", unresolved)

    def play(self, length: int = 40 * SECOND, quiet: int = 30 * SECOND) -> History:
        self.take(e.Managed(key=KEY, instrument=INSTRUMENT))
        self.take(e.Started(fence=1))
        for what in (self.tick, self.trade, self.meddle, self.deny):
            self.later(self.delay(), what)
        self.run_until(length)
        self.faulty = self.venue.faulty = False
        for order in self.venue.orders.values():
            order.hidden_until = 0
        self.run_until(length + quiet)
        self.check_quiet()
        return self

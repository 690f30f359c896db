"""What lies between the process and the venue: requests and answers that are lost, late, doubled, refused or old."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exitbrain.core.live import events as e
from exitbrain.core.live.orders import OrderKind
from exitbrain.core.live.rejects import AMBIGUOUS
from exitbrain.live.simulation.agenda import Agenda, Dice
from exitbrain.live.simulation.swarm import SECOND, Swarm
from exitbrain.live.simulation.venue import KEY, RECEIVE_WINDOW, Venue

if TYPE_CHECKING:
    from exitbrain.live.simulation.judging import Judge
    from exitbrain.live.simulation.process import Process

REFUSALS = (
    -1008,
    -1003,
    -1015,
    -2022,
    -4118,
    -1111,
    -4164,
    -4131,
    -9999,
    -2025,
    -4045,
    -1021,
    -5028,
    -1000,
    -1007,
    503,
)
STALE_AT_MOST = 5 * SECOND
AGED = 3 * SECOND
SOON = SECOND // 20


class Wire:
    def __init__(self, swarm: Swarm, agenda: Agenda, dice: Dice, venue: Venue) -> None:
        self.swarm, self.agenda, self.dice, self.venue = swarm, agenda, dice, venue
        self.process: Process
        self.judge: Judge
        self.silent_until = 0  # the stream
        self.banned_until = 0
        self.aged_until = 0  # until when every snapshot is old

    def delay(self) -> int:
        return self.dice.of("delay").randint(1_000, self.swarm.latest if self.dice.on else SOON)

    def deliver(self, event: e.Event, wait: int) -> None:
        """To the run of the process that is up now: what was meant for it is lost with it."""
        process = self.process
        run = process.run
        self.agenda.later(wait, lambda: process.arrived(event, run))

    def _twice(self, *events: e.Event) -> None:
        """One message, which may be several events."""
        wait, again = self.delay(), 0
        if self.dice.happens("doubling", self.swarm.doubling):
            again = 8 * self.delay()
        for event in events:
            self.deliver(event, wait)
            if again:
                self.deliver(event, again)

    # requests that change something

    def send(self, effect: e.Send | e.Cancel) -> None:
        cancel = isinstance(effect, e.Cancel)
        swarm, dice = self.swarm, self.dice
        channel = "cancel" if isinstance(effect, e.Cancel) else _channel(effect)
        met = dice.one_of(
            channel,
            (
                ("refused", 0.0 if cancel else swarm.refusals), ("loss", swarm.loss), ("ack_loss", swarm.ack_loss),
                ("late", swarm.late),
            ),
        )  # fmt: skip
        if met:
            self.judge.excuse(channel)
        if self.agenda.now < self.banned_until:
            self.judge.excuse("banned")
            self._banned(effect, cancel)
        elif met == "loss":
            if dice.of("silence").random() < 0.5:
                self.deliver(self.answered(effect, cancel, e.Outcome.UNKNOWN), self.delay())
        elif met == "refused":
            self._refused(effect, dice.of("code").choice(REFUSALS))
        else:
            sent_at = self.agenda.now
            wait = dice.of("lateness").randint(1, 80) * SECOND // 10 if met == "late" else self.delay()
            self.agenda.later(wait, lambda: self._arrive(effect, sent_at, met == "ack_loss"))

    def answered(self, effect: e.Send | e.Cancel, cancel: bool, outcome: e.Outcome, code: int = 0) -> e.Answered:
        return e.Answered(key=KEY, id=effect.id, cancel=cancel, outcome=outcome, code=code)

    def _banned(self, effect: e.Send | e.Cancel, cancel: bool) -> None:
        left = self.banned_until - self.agenda.now
        code = 418 if left > 10 * SECOND else 429
        event = e.Answered(
            key=KEY, id=effect.id, cancel=cancel, outcome=e.Outcome.REFUSED, code=code, retry_after=left
        )  # fmt: skip
        self.deliver(event, self.delay())

    def _refused(self, effect: e.Send | e.Cancel, code: int) -> None:
        if code in AMBIGUOUS:
            self.deliver(self.answered(effect, False, e.Outcome.UNKNOWN), self.delay())
        else:
            self.deliver(self.answered(effect, False, e.Outcome.REFUSED, code), self.delay())

    def _arrive(self, effect: e.Send | e.Cancel, sent_at: int, silent: bool) -> None:
        cancel = isinstance(effect, e.Cancel)
        spoken: tuple[e.Event, ...] = ()
        if self.swarm.spoken and self.agenda.now - sent_at <= RECEIVE_WINDOW:
            spoken = self.venue.answer(effect, self.process.clock())
            code = next((one.code for one in spoken if isinstance(one, e.Answered)), 0)
            if isinstance(effect, e.Send):
                self.judge.placed(effect, code, self.agenda.now - sent_at)
        elif isinstance(effect, e.Cancel):
            code = self.venue.cancel(effect.id)
        else:
            code = self.venue.place(effect, sent_at)
            self.judge.placed(effect, code, self.agenda.now - sent_at)
        self.process.boundary("venue applied")
        self.tell()
        if silent:
            if self.dice.of("silence").random() < 0.5:
                self.deliver(self.answered(effect, cancel, e.Outcome.UNKNOWN), self.delay())
            return
        if spoken:
            self._twice(*spoken)
            return
        seen = self.venue.order_seen(effect.id) if cancel and not code else None
        answered = self.answered(effect, cancel, e.Outcome.REFUSED if code else e.Outcome.OK, code)
        if seen is not None and seen.filled:
            self._twice(seen, answered)  # the answer to a cancel tells what was filled before it
        else:
            self._twice(answered)

    # questions

    def ask(self, ask: e.Ask) -> None:
        if ask.what is e.Question.PLAN:
            self.process.plan_asked(ask)
            return
        if ask.what is e.Question.FILTERS:
            self.deliver(e.Managed(key=KEY, instrument=self.venue.instrument), self.delay())
            return
        if ask.what is e.Question.CLOCK:
            return
        met = self.dice.one_of(ask.what, (("loss", self.swarm.loss + self.swarm.ack_loss), ("stale", self.swarm.stale)))
        if met or self.agenda.now < self.banned_until:
            self.judge.excuse("banned" if not met else ask.what)
        if met == "loss" or self.agenda.now < self.banned_until:
            return
        asked_at, old = self.process.clock(), 0
        if met == "stale" and ask.what is not e.Question.ORDER:
            old = self.dice.of("age").randint(0, STALE_AT_MOST)
        if self.agenda.now < self.aged_until:
            old = AGED
        self.agenda.later(self.delay(), lambda: self._answer(ask, asked_at, old))

    def _answer(self, ask: e.Ask, asked_at: int, old: int) -> None:
        # What it shows is at most so old when it was asked for; what it denies, it denies now.
        now, venue = self.agenda.now, self.venue
        if self.swarm.spoken and not old:
            for event in venue.answer(ask, asked_at):
                self.deliver(event, self.delay())
        elif ask.what is e.Question.POSITION:
            held = venue.position_at(now - old) if old else venue.position()
            shown = e.PositionSeen(
                key=KEY, lots=held.lots, entry=held.entry, version=held.version, asked_at=asked_at
            )  # fmt: skip
            self.deliver(shown, self.delay())
        elif ask.what is e.Question.ORDERS:
            listed = venue.listing_at(now - old)
            self.deliver(e.OrdersSeen(key=KEY, asked_at=asked_at, orders=listed), self.delay())
        else:
            seen = venue.order_seen(ask.id)
            self.deliver(seen or e.OrderAbsent(key=KEY, id=ask.id, asked_at=asked_at), self.delay())

    # the stream

    def tell(self) -> None:
        """What the venue has to say since it was last asked."""
        told = self.venue.told
        while told:
            event = told.popleft()
            if self.agenda.now < self.silent_until or self.dice.one_of("stream", (("loss", self.swarm.stream_loss),)):
                self.judge.excuse("stream")
            else:
                self._twice(event)

    def price(self) -> None:
        if self.agenda.now >= self.silent_until and not self.dice.one_of("price", (("loss", self.swarm.stream_loss),)):
            self.deliver(e.PriceSeen(key=KEY, ticks=self.venue.price), self.delay() // 4)

    # what goes wrong by itself, once a second

    def trouble(self) -> None:
        dice, swarm, now = self.dice, self.swarm, self.agenda.now
        if not dice.on:
            return
        if now >= self.silent_until and dice.happens("gaps", swarm.gaps):
            self.silent_until = now + dice.of("gap").randint(1, 20) * SECOND
            if not swarm.untold_gaps:
                self.agenda.later(self.silent_until - now, self._reconnect)
        if now >= self.banned_until and dice.happens("bans", swarm.bans):
            self.banned_until = now + dice.of("ban").choice((1, 2, 5, 30)) * SECOND
        if dice.happens("lies", swarm.lies):
            own = self.venue.own_open() + list(self.venue.orders)[-1:]
            if own:
                until = dice.of("lie").choice((1, 5, 20, 30 * 60)) * SECOND
                self.venue.hidden[dice.of("lie").choice(own)] = now + until
        self.agenda.later(SECOND, self.trouble)

    def _reconnect(self) -> None:
        if self.process.up:
            self.process.take(e.Started(fence=self.process.run))

    def settle(self) -> None:
        """Nothing goes wrong any more."""
        self.dice.on = False  # a ban lasts as long as the venue said
        self.venue.settle()
        self.tell()
        if self.silent_until > self.agenda.now and not self.swarm.untold_gaps:
            self._reconnect()
        self.silent_until = 0


def _channel(send: e.Send) -> str:
    """Faults in a row are counted for each kind of order: the adversary may not single out one for ever."""
    if send.kind is OrderKind.STOP_MARKET:
        return "disaster" if send.close_position else "stop"
    return "take" if send.kind in (OrderKind.LIMIT, OrderKind.TAKE_PROFIT_MARKET) else "close"

"""The laws, looked at after everything that happens. The venue's own log is the judge; the core's belief is read only to
tell what an order was sent for.

    I1  a position that the core can know of is covered: within 2 s on a healthy venue, else within `PATIENCE` of the last
        fault that touched its protection, and within `AT_MOST` whatever happens; no cancel of ours lays it bare
    I2  stops only tighten            I3  reduce-only, and no order of ours turns a position
    I4  what the market orders of one decision close is at most what it was to close; so for a rung, with its own order
    I5  orders of one lane stay few   I6  every order of ours at the venue is a row of the journal, written before it
    I7  a replay comes to the same    I8  an event that is heard twice asks for nothing more
    I9  each order's row leads to the event that caused it
    I10 a target is reached           I11 takes and runner never sum above the position, nor do takes of all
    I12 the venue's filters refuse nothing of ours         I13 orders of others are left alone
    I15 no plan widens a stop, or takes more than there is I16 no event makes the core fail; it only protects then

I14 (one writer) is the journal's and is held by tests/store and tests/live.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exitbrain.core.live import events as e
from exitbrain.core.live import step as stepping
from exitbrain.core.live.book import Book, State, Target
from exitbrain.core.live.client_ids import parsed_id
from exitbrain.core.live.orders import PROTECTIVE, OrderKind, Role, Stage, Status
from exitbrain.core.stop_moves import REASONS
from exitbrain.live.simulation.swarm import SECOND, Swarm
from exitbrain.live.simulation.venue import KEY, Venue
from exitbrain.venues.simulated.markets import Market

if TYPE_CHECKING:
    from exitbrain.live.simulation.agenda import Agenda, Dice
    from exitbrain.live.simulation.process import Process

HEALTHY = 2 * SECOND
AFTER_START = 5 * SECOND
PATIENCE = 6 * SECOND
AT_MOST = 20 * SECOND
# News of a change at the venue reaches the core by the next reading that is neither lost nor old.
NEWS_WITHIN = 14 * SECOND
TARGET_WITHIN = 30 * SECOND
MOST_IN_A_LANE = 8
HEARD_TWICE = 0.03
TAKE = "take_profit_"
TAKES = (OrderKind.LIMIT, OrderKind.TAKE_PROFIT_MARKET)
STOP_REASONS = frozenset(REASONS.values())
FILTER_CODES = (-1111, -4014, -4023, -1013, -4003, -4004, -4005, -4164, -4137, -4138, -1102, -1106)


class Broken(AssertionError):
    """A law was broken; `law` is its name."""

    def __init__(self, name: str, *said: object) -> None:
        self.law = name
        super().__init__(f"{name}: " + " ".join(str(one) for one in said))


def law(holds: bool, name: str, *said: object) -> None:
    if not holds:
        raise Broken(name, *said)


def _wire(state: State, event: e.Event, at: int) -> tuple[e.Effect, ...]:
    return tuple(one for one in stepping.step(state, event, at)[1] if isinstance(one, e.Send | e.Cancel))


def _nothing(book: Book) -> e.Event:
    """An event that tells nothing: what a step would do anyway."""
    return e.Ticked() if book.price is None else e.PriceSeen(key=KEY, ticks=book.price)


@dataclass(slots=True)
class Decision:
    """What the market orders of one decision may close, and what they did. `rung` counts its own order's fills too."""

    budget: int
    closed: int = 0


@dataclass(slots=True)
class Judge:
    swarm: Swarm
    agenda: Agenda
    dice: Dice
    venue: Venue
    process: Process = field(init=False)
    market: Market = field(init=False)

    settled_at: int = 1 << 62
    # I1
    bare_since: int | None = None
    met_since: int | None = None
    excused_at: int = 0
    acted_at: int = 0  # when people or the venue last took cover away or changed the position
    others_at: int = -NEWS_WITHIN  # when a stop of others came or went
    seen_version: int = -1
    known_since: int | None = None
    banned_at: int = 0  # the venue takes nothing: what it asked to wait for is waited for
    naked: int = 0
    naked_most: int = 0
    # I4
    seen_fills: int = 0
    held: int = 0
    decisions: dict[str, Decision] = field(default_factory=dict)
    order_of: dict[str, tuple[str, ...]] = field(default_factory=dict)  # order → decisions that it counts for
    numbers: dict[int, tuple[int, e.LivePlan]] = field(default_factory=dict)  # plans, kept so that no id comes again
    # what was heard
    target_leg: str = ""  # the rung that the last target of a rung was for
    rung_target: Target | None = None
    heard_version: int = -1
    heard_lots: int = 0
    heard_ended: set[str] = field(default_factory=set)
    lowest: int = 1 << 62  # prices of this life at the venue
    highest: int = 0
    life: int = 0
    prices: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=32))
    # I2, I6
    tightest: dict[tuple[int, Role], tuple[int, int]] = field(default_factory=dict)
    sent: dict[str, e.Send] = field(default_factory=dict)
    sends: int = 0
    cancels: int = 0
    fills: int = 0
    alerts: dict[str, int] = field(default_factory=dict)

    def excuse(self, why: str) -> None:
        if why not in ("take", "cancel"):
            self.excused_at = self.agenda.now
        if why == "banned":
            self.banned_at = self.agenda.now

    def people_acted(self, *, on_stops: bool = False) -> None:
        self.acted_at = self.agenda.now
        if on_stops:
            self.others_at = self.agenda.now

    def __post_init__(self) -> None:
        self.market = self.venue.exchange.markets[KEY]

    # what the core decided

    def stepped(self, before: State, event: e.Event, effects: tuple[e.Effect, ...], at: int) -> None:
        state, book, old = self.process.state, self.process.book, before.books.get(KEY)
        if book is None:
            return
        self._heard(event, book)
        self._kept(old, book)
        self._aimed(old, book)
        self._look_at_met(book)
        if isinstance(event, e.OrderSeen) and event.id in book.orders:
            filled = self.venue.filled_of(event.id)
            law(book.orders[event.id].filled <= filled, "I9", "fills are believed that were not", event, filled)
        for effect in effects:
            if isinstance(effect, e.Send):
                self._send(effect, book)
            elif isinstance(effect, e.Cancel):
                self._cancel(effect, book)
            elif isinstance(effect, e.Alert):
                self.alerts[effect.name] = self.alerts.get(effect.name, 0) + 1
        if self.dice.of("twice").random() < HEARD_TWICE:
            law(
                _wire(state, event, at) in ((), _wire(state, _nothing(book), at)),
                "I8",
                "heard twice, it asks for more:",
                event,
            )

    def _heard(self, event: e.Event, book: Book) -> None:
        """What is believed is the newest that was heard."""
        if isinstance(event, e.PositionSeen):
            if event.version >= self.heard_version:
                self.heard_version, self.heard_lots = event.version, event.lots
        elif isinstance(event, e.OrderSeen) and event.status not in (Status.OPEN, Status.TRIGGERED):
            self.heard_ended.add(event.id)
        law(book.version >= self.heard_version, "I8", "an older position is believed", book.version, event)

    def _aimed(self, before: Book | None, book: Book) -> None:
        """I10, and I16: what was to be closed stays so until it is, and a market exit has a reason that the venue saw."""
        if before is None or before.epoch != book.epoch:
            return
        old, new = before.target, book.target
        if old is new:
            return
        if old is not None and new is None:
            law(book.size <= old.lots, "I10", "a target is forgotten", old, book.size)
        elif old is not None and new is not None:
            law(new.lots <= old.lots, "I10", "a target rises", old, new)
        if new is None or (old is not None and new.cause == old.cause):
            return
        if new.cause.startswith(TAKE):
            self._aimed_by_rung(new, book if book.plan is before.plan else before, book.size)
        if new.cause in STOP_REASONS:
            law(
                self._was_met(before) or self._was_met(book),
                "I16",
                "closed though no stop was met",
                new,
                self.lowest,
                self.highest,
            )

    def _aimed_by_rung(self, target: Target, planned: Book, size: int) -> None:
        self.rung_target, self.target_leg = target, self._leg(planned, int(target.cause.removeprefix(TAKE)))
        # What others added, unseen as yet, goes with it: a target is a size, not a difference.
        self.decisions[self.target_leg].budget += max(0, abs(self.venue.lots) - size)

    def _look_at_met(self, book: Book) -> None:
        """I1: where price stays through the stop, and the venue does not act, the engine does."""
        now = self.agenda.now
        level = book.working_levels().get(Role.STOP) if book.lots and book.target is None else None
        if level is None or not book.is_met(Role.STOP, level):
            self.met_since = None
            return
        if self.met_since is None:
            self.met_since = now
        since = max(self.met_since, self.excused_at, self.acted_at, self.process.started_at)
        patience = self.process.settings.software_stop_after + PATIENCE + 4 * self.swarm.latest
        law(now - since <= patience, "I1", "a stop is met, and nothing acts for", (now - since) / SECOND, "s")

    def _was_met(self, book: Book) -> bool:
        levels = [] if not book.walk else [book.stop_level(), book.trail_level() or book.stop_level()]
        self._look_at_price()
        return any(self.lowest <= level if book.side > 0 else self.highest >= level for level in levels)

    def _look_at_price(self) -> None:
        """The extremes of what the core takes for one position, from the last price that may be on its way when it begins."""
        book, price, prices = self.process.book, self.market.last, self.prices
        life = book.epoch if book is not None else 0
        if self.life == life and prices and prices[-1][1] == price:
            return
        now = self.agenda.now
        if not prices or prices[-1][1] != price:
            prices.append((now, price))
        if self.life != life:
            self.life, since = life, now - self.swarm.latest
            while len(prices) > 1 and prices[1][0] <= since:
                prices.popleft()
            self.lowest, self.highest = min(one for _, one in prices), max(one for _, one in prices)
        self.lowest, self.highest = min(self.lowest, price), max(self.highest, price)

    def _kept(self, before: Book | None, book: Book) -> None:
        """I2: the level that the engine holds never moves away while a position lives."""
        if before is None or before.epoch != book.epoch or not book.lots or not before.lots:
            return
        law(before.plan is None or book.plan is not None, "I9", "the plan is forgotten")
        if not (before.walk and book.walk):
            return
        if before.walk == book.walk and before.lots == book.lots:
            return
        moved = book.side * (book.stop_level() - before.stop_level())
        law(moved >= 0, "I2", "the stop moved away", before.stop_level(), book.stop_level())
        if before.size == book.size and before.runner_left() == book.runner_left():
            old, new = before.trail_level(), book.trail_level()
            law(
                old is None
                or (new is not None and book.side * (new - old) >= 0)
                or book.side * (book.stop_level() - old) >= 0,
                "I2",
                "the trail moved away",
                old,
                new,
            )

    def _send(self, send: e.Send, book: Book) -> None:
        order = book.orders[send.id]
        law(send.id not in self.sent, "I6", "an id is used again", send)
        self.sent[send.id] = send
        self.sends += 1
        law(book.lots != 0 and send.side == -book.side, "I3", "an order that could open or add", send, book.lots)
        law(send.close_position or 0 < send.lots <= book.size, "I3", "an order above the position", send, book.size)
        # One that is believed absent and is not counts with those that the venue holds.
        mine = [o for o in book.present() if o.lane == order.lane and o.stage is not Stage.GHOST]
        law(len(mine) <= MOST_IN_A_LANE, "I5", "too many orders of one lane", order.lane, len(mine))
        if order.role is Role.TAKE:
            own = sum(o.open_lots for o in book.present() if o.role is Role.TAKE)
            law(own + book.foreign_take_lots() <= book.size, "I11", "takes above the position", own, book.size)
            plan = book.plan
            law(plan is not None, "I15", "a take without a plan", send)
            self._counted(send.id, self._leg(book, order.leg))
        elif order.role is Role.CLOSE:
            self._closing(send, book)
        else:
            self._ratchet(send, order.role, book)

    def _leg(self, book: Book, leg: int) -> str:
        assert book.plan is not None
        number = self.numbers.setdefault(id(book.plan), (len(self.numbers), book.plan))[0]
        name = f"rung {leg} of plan {number} in epoch {book.epoch}"
        if name not in self.decisions:
            # A rung closes at most what its plan gave it, counted from when the plan was made.
            rung = next((one for one in book.plan.rungs if one.index == leg), None)
            self.decisions[name] = Decision(rung.lots if rung else 0)
        return name

    def _closing(self, send: e.Send, book: Book) -> None:
        target = book.target
        law(target is not None, "I4", "a market order without a target", send)
        assert target is not None
        law(send.lots <= book.size - target.lots, "I4", "past the target", send, book.size, target)
        name = f"target {book.epoch} {target.cause} {target.lots} {target.since}"
        if name not in self.decisions:
            self.decisions[name] = Decision(max(book.size, abs(self.venue.lots)) - target.lots)
        names = [name]
        if target.cause.startswith(TAKE):
            if self.rung_target != target:  # decided in a step after which the process died
                self._aimed_by_rung(target, book, book.size)
            names.append(self.target_leg)
        self._counted(send.id, *names)

    def _counted(self, id_: str, *names: str) -> None:
        self.order_of[id_] = names

    def _ratchet(self, send: e.Send, role: Role, book: Book) -> None:
        if role is Role.DISASTER or not book.walk:
            return
        key = (book.epoch, role)
        level, size = self.tightest.get(key, (book.side * send.level, book.size))
        if size >= book.size and role is Role.STOP and book.trail_level() is None:
            law(
                book.side * send.level >= min(level, book.side * book.stop_level()),
                "I2",
                "a stop is placed farther away",
                send,
                level,
            )
        self.tightest[key] = (book.side * send.level, book.size)

    def _cancel(self, cancel: e.Cancel, book: Book) -> None:
        """I1: a cancel leaves the position covered, but where the cover that it relied on went a moment ago."""
        self.cancels += 1
        venue = self.venue
        law(parsed_id(cancel.id) is not None, "I13", "a cancel of another's order", cancel)
        if not venue.lots or not venue.is_open_stop(cancel.id):
            return
        algo = venue.exchange.algos[venue.algos[cancel.id]].request
        if algo.side != -venue.side:
            return
        covered, left = venue.cover(), venue.cover(without=cancel.id)
        if left >= min(covered, abs(venue.lots)):
            return
        relied = [
            o for o in book.present()
            if o.stage is Stage.LIVE and o.role in PROTECTIVE and o.id != cancel.id and not venue.is_open_stop(o.id)
        ]  # fmt: skip
        unheard = any(o.id in venue.killed and o.id not in self.heard_ended for o in relied)
        others = self.agenda.now - self.others_at <= NEWS_WITHIN
        # Changes within one millisecond have one version: which came last, only the next reading tells.
        moved = (self.heard_version, self.heard_lots) != (venue.position().version, venue.lots)
        law(
            unheard or moved or others, "I1", "a cancel lays the position bare", cancel, "cover", covered, "then", left,
            "of", venue.lots,
        )  # fmt: skip

    # what arrived at the venue

    def placed(self, send: e.Send, code: int, late: int) -> None:
        law(send.id in self.sent, "I6", "an order that no row of the journal knows", send)
        law(code not in FILTER_CODES, "I12", "refused by a filter", code, send)
        if code:
            return
        exchange, id_ = self.venue.exchange, send.id
        if id_ in self.venue.algos:
            request = exchange.algos[self.venue.algos[id_]].request
            law(request.reduce_only or request.close_position, "I3", "a stop that could open", send)
        elif id_ in self.venue.orders:
            law(exchange.orders[self.venue.orders[id_]].reduce_only, "I3", "an order that could open", send)

    # after everything that happens

    def look(self) -> None:
        venue, now = self.venue, self.agenda.now
        self._look_at_price()
        if venue.version != self.seen_version:
            self.seen_version = venue.version
            self._look_at_fills()
            self._look_at_lanes()
            bare = venue.lots != 0 and venue.cover() < abs(venue.lots)
            if not bare:
                self._covered(now)
            elif self.bare_since is None:
                self.bare_since = now
        if self.bare_since is not None:
            self._look_at_bare(now)

    def _covered(self, now: int) -> None:
        self.bare_since = None

    def _look_at_bare(self, now: int) -> None:
        process, venue = self.process, self.venue
        assert self.bare_since is not None
        book = process.book
        knows = (
            process.up and now >= process.frozen_until and book is not None
            and book.lots * venue.lots > 0 and book.size >= abs(venue.lots)
        )  # fmt: skip
        if not knows:
            self.known_since = None
            return
        assert book is not None
        if self.known_since is None:
            self.known_since = now
        if book.target is not None and book.target.lots == 0:
            return  # I10 looks at it
        since = max(self.bare_since, self.known_since, self.acted_at, venue.acted_at, self.banned_at)
        self.naked_most = max(self.naked_most, now - since)
        at_most = AT_MOST if not self.swarm.is_healthy else AFTER_START if process.crashes else HEALTHY
        if self.swarm.latest > SECOND // 2:
            at_most += 8 * self.swarm.latest
        law(now - since <= at_most, "I1", "bare for", (now - since) / SECOND, "s", venue.lots, venue.cover())
        excused = max(since, self.excused_at)
        patience = PATIENCE + 4 * self.swarm.latest
        law(
            now - excused <= patience, "I1", "bare though nothing failed for", (now - excused) / SECOND, "s", venue.lots
        )

    def _look_at_fills(self) -> None:
        exchange = self.venue.exchange
        while self.seen_fills < len(exchange.fills):
            fill = exchange.fills[self.seen_fills]
            self.seen_fills += 1
            before, self.held = self.held, self.held + fill.side * fill.lots
            id_ = exchange.orders[fill.order_id].client_id
            if parsed_id(id_) is None:
                self._others_filled(before)
                continue
            self.fills += 1
            law(id_ in self.sent, "I6", "a fill that no row of the journal knows", id_)
            law(
                before * fill.side < 0 and before * self.held >= 0, "I3", "a fill of ours opened or turned", id_, before
            )
            for name in self.order_of.get(id_, ()):
                decision = self.decisions[name]
                decision.closed += fill.lots
                law(
                    decision.closed <= decision.budget + 1, "I4", name, "closed", decision.closed, "of", decision.budget
                )

    def _others_filled(self, before: int) -> None:
        self.people_acted()
        grown = abs(self.held) - abs(before) if before * self.held >= 0 else abs(self.held)
        if grown > 0:
            book = self.process.book
            target = book.target if book is not None else None
            of_rung = target is not None and target == self.rung_target
            # What others add while a target stands is to be closed as well.
            for name, decision in self.decisions.items():
                # So is what they open anew after the position was gone, unseen: to the core it is the same position.
                if name.startswith("target") or before * self.held <= 0 or (of_rung and name == self.target_leg):
                    decision.budget += grown

    def _look_at_lanes(self) -> None:
        lanes: dict[str, int] = {}
        for id_ in self.venue.own_open():
            name = id_[-4:-2]
            lanes[name] = lanes.get(name, 0) + 1
        for name, count in lanes.items():
            law(count <= MOST_IN_A_LANE, "I5", "too many orders of one lane", name, count)

    # the quiet at the end

    def check_protected(self) -> None:
        """Ten seconds after the last fault."""
        venue, book = self.venue, self.process.state.books[KEY]
        covered = venue.cover() == abs(venue.lots) or (book.target is not None and self._is_blocked(book))
        law(covered, "I1", "uncovered in the quiet", venue.cover(), venue.lots)
        if venue.lots and book.plan is not None and book.target is None:
            working = sum(
                algo.request.lots for algo in venue.exchange.open_algos()
                if algo.request.kind.is_stop and algo.request.side == -venue.side and not algo.request.close_position
            )  # fmt: skip
            whole = any(
                a.request.close_position and not parsed_id(a.request.client_id) for a in venue.exchange.open_algos()
            )
            law(whole or working >= abs(venue.lots), "I1", "no working stop in the quiet", working, venue.lots)

    def _is_blocked(self, book: Book) -> bool:
        """Orders of others stand in the way of closing: they are left alone (I13), and it is told."""
        return "blocked" in book.told and book.foreign_take_lots() > 0

    def is_at_rest(self) -> bool:
        """Whether the laws of the quiet hold already."""
        try:
            self.check_quiet()
        except Broken:
            return False
        return True

    def check_quiet(self) -> None:
        """Time enough for what was in doubt: nothing is left over."""
        self.check_protected()
        venue, book = self.venue, self.process.state.books[KEY]
        own = venue.own_open()
        blocked = self._is_blocked(book)
        law(book.target is None or blocked, "I10", "a target not reached", book.target, book.size)
        if venue.lots == 0:
            law(not own, "I5", "orders of ours without a position", own)
            return
        unknown = [id_ for id_ in own if id_ not in book.orders]
        law(not unknown, "I5", "orders of ours that the core does not know", unknown)
        law(all(book.orders[id_].epoch == book.epoch for id_ in own), "I5", "an order of a past position", own)
        lanes = [book.orders[id_].lane for id_ in own]
        law(blocked or len(lanes) == len(set(lanes)), "I5", "two orders of one lane", sorted(str(one) for one in lanes))
        working = sum(book.orders[id_].open_lots for id_ in own if book.orders[id_].role in (Role.STOP, Role.TRAIL))
        law(blocked or working <= abs(venue.lots), "I5", "working stops above the position", working, venue.lots)
        takes = [book.orders[id_] for id_ in own if book.orders[id_].role is Role.TAKE]
        law(sum(o.open_lots for o in takes) <= abs(venue.lots), "I11", "takes above the position", takes)
        left = [o.id for o in book.present() if o.stage in (Stage.SENDING, Stage.UNKNOWN, Stage.CANCELING)]
        law(blocked or not left, "I5", "unresolved", left)

    def check_audit(self, rows: list[tuple[int, e.Event, tuple[e.Effect, ...]]]) -> None:
        """I6, I9: each order of ours at the venue is of one row, which has its event."""
        written: dict[str, int] = {}
        for number, (_, _, effects) in enumerate(rows):
            for effect in effects:
                if isinstance(effect, e.Send):
                    law(effect.id not in written, "I6", "an id in two rows", effect.id)
                    written[effect.id] = number
        venue = self.venue
        for id_ in [*venue.algos, *venue.orders]:
            law(parsed_id(id_) is None or id_ in written, "I9", "an order without a row", id_)

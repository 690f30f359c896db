"""What is believed of one position, and of all. A `Book` is changed only inside one `step`, on its own copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from exitbrain.core import walk as rules
from exitbrain.core.ladder import REMAINING
from exitbrain.core.live.books import Books
from exitbrain.core.live.events import Effect, LivePlan, Mode, Policy, Resting
from exitbrain.core.live.orders import PROTECTIVE, Order, OrderKind, Role, Stage
from exitbrain.core.market import Instrument
from exitbrain.core.stop_moves import reason_of
from exitbrain.core.trailing import adapted

if TYPE_CHECKING:
    from exitbrain.core.live.calm import Calm

SECOND = 1_000_000
HOUR = 3600 * SECOND
FAR_BELOW = -(1 << 62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """`install` marks this installation's orders. Durations are microseconds."""

    install: str = "0000"
    disaster_fraction: Fraction = Fraction(1, 10)  # of the entry, away from it
    close_position_stops: bool = True  # whether the venue has them
    answer_within: int = 2 * SECOND
    word_within: int = SECOND // 2  # of the position, after a fill that ends it
    look_every: int = SECOND // 2  # while something is open to doubt
    reconcile_every: int = 5 * SECOND
    stop_absent_after: int = 3 * SECOND
    absent_after: int = 10 * SECOND  # above the venue's window for late requests, so that no market order can still act
    ghost_for: int = 24 * HOUR
    replace_every: int = SECOND
    first_backoff: int = SECOND // 5
    last_backoff: int = 2 * SECOND
    software_stop_after: int = 2 * SECOND
    hard_patience: int = 3 * SECOND
    soft_patience: int = 10 * SECOND
    cancel_wait: int = 2 * SECOND
    flatten_cancel_wait: int = 300_000
    naked_after: int = 2 * SECOND
    flatten_when_naked_for: int | None = None
    kept_final: int = 60 * SECOND
    differs_for: int = 3 * SECOND
    agree_for: int = SECOND


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One (role, leg): what its last attempts came to."""

    failures: int = 0
    not_before: int = 0
    sent_at: int = -(1 << 62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The size to come down to, decided once; every attempt counts against it."""

    lots: int
    cause: str
    since: int


@dataclass(slots=True, kw_only=True)
class Book:
    key: str
    instrument: Instrument
    policy: Policy

    # the position
    lots: int = 0
    entry: Fraction = Fraction(0)
    version: int = -1
    epoch: int = 0
    opened_at: int = 0
    started_at: int = 0
    found: bool = False  # it was there when the process first looked: others opened it before
    position_at: int = -1  # asked_at of the last snapshot that was not older than what is known
    orders_at: int = -1
    agreed_since: int = -1  # asked_at of the first of the snapshots, up to the last, that all say the same
    sized_at: int = -1  # when the size last changed
    account: int | None = None  # size that our own fills explain: what differs from it was done by others

    # the plan
    plan: LivePlan | None = None
    legs: dict[int, int] = field(default_factory=dict)  # lots planned by rung
    walk: list[int] = field(default_factory=list)  # state of core.walk, mirrored for shorts
    taken: frozenset[int] = frozenset()  # rungs that the engine took by itself
    late_since: dict[int, int] = field(default_factory=dict)
    overdue: frozenset[int] = frozenset()  # rungs that the engine takes once their orders are gone
    trail_overdue: bool = False
    grown: bool = False  # since the plan was made
    plan_asked: int = 0  # the epoch for which a plan was last asked for

    # the life of the position, for stops that ask for it
    opened_entry: Fraction = Fraction(0)
    opened_price: int | None = None  # the last price before it was seen
    most: int = 0  # its largest size
    paid: Fraction = Fraction(0)  # fees of what was bought and of forgotten orders, in the instrument's money unit
    risk: Fraction = Fraction(0)  # R of the opening, for life
    moved: frozenset[int] = frozenset()  # rungs whose break-even after fees was computed
    distance: int = -1
    ratio: Fraction = Fraction(1)
    bar_at: int = -1  # when the last closed bar opened
    opening_bar_at: int = -1
    used: frozenset[str] = frozenset()  # triggers that have fired and are not armed again
    bars_held: int = -1  # -1 before the opening's own bar has closed

    # the venue's books
    orders: dict[str, Order] = field(default_factory=dict)
    foreign: tuple[Resting, ...] = ()
    booked: dict[str, int] = field(default_factory=dict)  # fills of our orders in this epoch, by lane
    lanes: dict[str, Lane] = field(default_factory=dict)

    # what is to be done
    target: Target | None = None
    decided: tuple[str, ...] = ()
    clear_takes: bool = False
    by_limit: bool = False  # a market order was out of the venue's price band

    price: int | None = None
    priced: dict[Role, int] = field(default_factory=dict)  # the stop levels that stood when it was seen
    through_since: int | None = None
    through_level: int = 0  # the level that price went through then
    trail_through_since: int | None = None
    naked_since: int | None = None
    differs_since: int | None = None  # the size is not what our own fills explain
    protect_only: bool = False  # it differs for long: stops alone, until it is explained
    halted: str = ""
    told: frozenset[str] = frozenset()
    asked: dict[str, int] = field(default_factory=dict)

    # What the rules would say again (core.live.calm): computed from the rest, and no part of the value.
    calm: Calm | None = field(default=None, compare=False, repr=False, metadata={"derived": True})
    # Within a step only: orders that may still act, of any epoch and of this one.
    unfinished_now: list[Order] | None = field(default=None, compare=False, repr=False, metadata={"derived": True})
    present_now: list[Order] | None = field(default=None, compare=False, repr=False, metadata={"derived": True})

    def copy(self) -> Book:
        made = self.shared()
        for name in _CONTAINERS:
            setattr(made, name, getattr(self, name).copy())
        made.calm = None
        return made

    def shared(self) -> Book:
        """Another book with the very same parts."""
        made: Book = object.__new__(Book)
        for put, value in zip(_PUT, _ALL(self)):
            put(made, value)
        return made

    def keep_track(self) -> None:
        """Within a step the lists of orders are made when orders change, not when they are read."""
        self.unfinished_now = [o for o in self.orders.values() if not o.is_final]
        self.present_now = [o for o in self.unfinished_now if o.epoch == self.epoch]

    def lose_track(self) -> None:
        self.unfinished_now = self.present_now = None

    @property
    def side(self) -> int:
        return 1 if self.lots > 0 else -1

    @property
    def size(self) -> int:
        return abs(self.lots)

    @property
    def largest_order(self) -> int:
        """Lots of one order at most; what never binds where the venue sets no limit."""
        most = self.instrument.max_order_quantity
        return max(1, self.size) if most is None else max(1, self.instrument.lots_down(most))

    @property
    def goal(self) -> int:
        """What the size is to be once the target is reached: resting exits may not sum above it."""
        return self.size if self.target is None else min(self.size, self.target.lots)

    @property
    def wants_plan(self) -> bool:
        return bool(self.lots) and self.policy is Policy.ADOPT and (self.plan is None or self.grown)

    @property
    def is_synced(self) -> bool:
        """Whether position and open orders were both read since the start, the orders since the position opened."""
        return self.position_at >= self.started_at and self.orders_at >= max(self.started_at, self.opened_at)

    def unfinished(self) -> list[Order]:
        """Orders of any epoch that may still act."""
        if self.unfinished_now is not None:
            return self.unfinished_now
        return [o for o in self.orders.values() if not o.is_final]

    def present(self) -> list[Order]:
        """Those of this epoch."""
        if self.present_now is not None:
            return self.present_now
        return [o for o in self.orders.values() if o.epoch == self.epoch and not o.is_final]

    def filled_of(self, role: Role, leg: int) -> int:
        return self.booked.get(f"{role}{leg}", 0)

    def trail_filled(self) -> int:
        """Over all pieces of the runner's stop."""
        return sum(lots for lane, lots in self.booked.items() if lane[0] == Role.TRAIL)

    def own_filled(self) -> int:
        return sum(self.booked.values())

    def cover(self, *, without: str = "", working_only: bool = False) -> int:
        """Lots that stops at the venue would close, as far as we know; at most the size."""
        covered = 0
        for order in self.present():
            if order.stage is not Stage.LIVE or order.role not in PROTECTIVE or order.id == without:
                continue
            if working_only and order.role is Role.DISASTER:
                continue
            if order.close_position:
                covered += self.size
            else:
                covered += order.open_lots
        if not working_only:
            covered += sum(self.size if one.close_position else one.lots - one.filled for one in self.foreign_stops())
        return min(covered, self.size)

    def foreign_stops(self) -> Iterator[Resting]:
        return (one for one in self.foreign if one.side == -self.side and one.kind is OrderKind.STOP_MARKET)

    def foreign_take_lots(self) -> int:
        return sum(
            self.size if one.close_position else one.lots - one.filled
            for one in self.foreign
            if one.side == -self.side and one.kind in (OrderKind.LIMIT, OrderKind.TAKE_PROFIT_MARKET)
        )

    # levels, in ticks

    def stop_level(self) -> int:
        return self.side * self.walk[rules.STOP]

    def working_levels(self) -> dict[Role, int]:
        """Where price ends the position, or its runner: the trail is the stop where it covers all."""
        if not self.walk:
            return {}
        trail = self.trail_level()
        if trail is None:
            return {Role.STOP: self.stop_level()}
        if self.runner_left() >= self.size:
            return {Role.STOP: trail}
        return {Role.STOP: self.stop_level(), Role.TRAIL: trail}

    def is_met(self, role: Role, level: int) -> bool:
        """Whether the price that was seen is at the level or beyond. One that was seen before the level stood says
        nothing: a rung that filled far from it may have moved the stop there."""
        return self.price is not None and self.priced.get(role) == level and self.side * (self.price - level) <= 0

    def stop_reason(self) -> str:
        return reason_of(self.walk[rules.STOP_KIND] if self.walk else rules.BY_STOP)

    def runner_left(self) -> int:
        """Lots of the TRAIL leg that still trail: the whole size where it covers what remains."""
        if not self.walk or self.walk[rules.RUNNER] == 0:
            return 0
        runner = self.walk[rules.RUNNER]
        return self.size if runner == REMAINING else max(0, min(runner - self.trail_filled(), self.size))

    def trail_level(self) -> int | None:
        """Where the trail stands, if it stands tighter than the stop."""
        if not self.walk or not self.walk[rules.ARMED] or self.walk[rules.TRAIL] <= self.walk[rules.STOP]:
            return None
        return self.side * self.walk[rules.TRAIL] if self.runner_left() else None

    def callbacks(self) -> tuple[list[int], list[int], list[int]]:
        """Columns for core.walk: peak level, numerator, denominator, mirrored."""
        rows = self.plan.callbacks if self.plan else ()
        levels = [self.side * level for level, _, _ in rows]
        if self.plan is not None and self.plan.adaptive is not None:
            multipliers = adapted(rows, self.side, self.ratio)
            return levels, [num for num, _ in multipliers], [den for _, den in multipliers]
        return levels, [den - self.side * num for _, num, den in rows], [den for _, _, den in rows]

    def fees_paid(self) -> Fraction:
        """Of this life so far, by the instrument's rates; a fill whose price was not told counts at its order's level."""
        rate = {True: Fraction(self.instrument.maker_fee), False: Fraction(self.instrument.taker_fee)}
        orders = [one for one in self.orders.values() if one.epoch == self.epoch and one.filled]
        return self.paid + sum(
            (
                (one.average or one.level or self.entry) * one.filled * rate[one.kind is OrderKind.LIMIT]
                for one in orders
            ),
            Fraction(0),
        )


_CONTAINERS = tuple(
    one.name for one in fields(Book) if one.name in ("legs", "walk", "late_since", "orders", "booked", "lanes", "asked")
)
_NAMES = tuple(one.name for one in fields(Book))
_ALL = attrgetter(*_NAMES)
_PUT = tuple(vars(Book)[name].__set__ for name in _NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    settings: Settings = Settings()
    mode: Mode = Mode.ACTIVE
    fence: int = 0
    sequence: int = 0
    books: Books = field(default_factory=Books)

    def __post_init__(self) -> None:
        if not isinstance(self.books, Books):
            object.__setattr__(self, "books", Books(self.books))

    latch: dict[str, dict[str, int]] = field(default_factory=dict)  # core.latch


@dataclass(slots=True)
class Step:
    """One step in the making: the book's copy, the counter of ids, and the effects so far."""

    book: Book
    settings: Settings
    mode: Mode
    fence: int
    sequence: int
    now: int
    effects: list[Effect] = field(default_factory=list)

    def change(self, order: Order, **parts: Any) -> Order:
        book = self.book
        if "stage" in parts and parts["stage"] is not order.stage:
            parts.setdefault("since", self.now)
        changed = replace(order, **parts)
        if changed.filled > order.filled and order.epoch == book.epoch:
            lane = f"{order.role}{order.leg}"
            book.booked[lane] = book.booked.get(lane, 0) + changed.filled - order.filled
        self.put(changed)
        return changed

    def put(self, order: Order) -> None:
        self.book.orders[order.id] = order
        self.book.keep_track()

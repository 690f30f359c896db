"""state, event, now → state, effects. The state that was handed in is not changed."""

from __future__ import annotations

from typing import Any

from exitbrain.core.latch import CLEARED, PORTFOLIO, SET, Latch
from exitbrain.core.live import believing as belief
from exitbrain.core.live.acting import act
from exitbrain.core.live.asking import ask, is_in_doubt
from exitbrain.core.live.book import Book, State, Step
from exitbrain.core.live.calm import calm_of, is_calm_at, priced
from exitbrain.core.live.events import (
    Alert,
    Answered,
    BarSeen,
    Effect,
    Event,
    FlattenAsked,
    LatchAnswered,
    LatchAsked,
    Managed,
    ModeSet,
    OrderAbsent,
    OrderSeen,
    OrdersSeen,
    PlanGiven,
    PositionSeen,
    PriceSeen,
    ReduceAsked,
    Started,
    Ticked,
    TriggersUsed,
)
from exitbrain.core.live.placing import place


def step(state: State, event: Event, now: int) -> tuple[State, tuple[Effect, ...]]:
    """An event of a key that is not managed is dropped: what is not ours is not touched."""
    match event:
        case Started():
            return _every(_with(state, fence=event.fence), event, now)
        case ModeSet():
            return _every(_with(state, mode=event.mode), event, now)
        case Ticked():
            return _every(state, event, now)
        case Managed():
            return _managed(state, event, now)
        case PriceSeen():
            return _priced(state, event, now)
        case LatchAnswered() | LatchAsked():
            return _latched(state, event)
        case OrderSeen() | PositionSeen():
            if _is_no_news(state.books.get(event.key), event):
                return state, ()
    return _some(state, event, now, (event.key,) if event.key in state.books else ())


def _is_no_news(book: Book | None, event: OrderSeen | PositionSeen) -> bool:
    """An order of others that rests nowhere in what is known, or a position from before the one that is."""
    if book is None:
        return True
    if isinstance(event, PositionSeen):
        return event.version < book.version
    return event.id not in book.orders and all(one.id != event.id for one in book.foreign)


def _with(state: State, **parts: Any) -> State:
    values = {name: getattr(state, name) for name in ("settings", "mode", "fence", "sequence", "books", "latch")}
    return State(**{**values, **parts})


def _latched(state: State, event: LatchAnswered | LatchAsked) -> tuple[State, tuple[Effect, ...]]:
    """The latch of one symbol, or of all; every change is told."""
    standing = dict(state.latch.get(event.key, {}))
    scope = "portfolio" if event.key == PORTFOLIO else "symbol"
    change: str | None
    if isinstance(event, LatchAnswered):
        latch = Latch(scope, event.clear_after, {event.key: standing})
        change = latch.answer(event.key, event.cause, event.truth)
    elif event.on:
        change = SET if Latch(scope, 0, {event.key: standing}).set(event.key, event.cause) else None
    else:
        change = CLEARED if standing and (not event.cause or event.cause in standing) else None
        standing = {cause: count for cause, count in standing.items() if event.cause and cause != event.cause}
    latched = {key: causes for key, causes in {**state.latch, event.key: standing}.items() if causes}
    by = f"by {event.cause}" if event.cause else "in full"
    told = Alert(key=event.key, name=f"latch_{change}", detail=f"risk_off latch {change} {by}, scope {scope}")
    return _with(state, latch=latched), (() if change is None else (told,))


def _managed(state: State, event: Managed, now: int) -> tuple[State, tuple[Effect, ...]]:
    book = state.books.get(event.key)
    if book is None:
        book = Book(key=event.key, instrument=event.instrument, policy=event.policy, started_at=now)
    else:
        book = book.copy()
        book.instrument, book.policy = event.instrument, event.policy
    return _some(_with(state, books=state.books.put(book)), event, now, (event.key,))


def _every(state: State, event: Event, now: int) -> tuple[State, tuple[Effect, ...]]:
    keys = tuple(state.books)
    if isinstance(event, Ticked):
        keys = tuple(book.key for book in state.books.all() if _is_due(book, state, now))
    return _some(state, event, now, keys)


def _is_due(book: Book, state: State, now: int) -> bool:
    """A quiet book is passed over until its next questions: a tick over many positions costs what happens in few."""
    every = state.settings.reconcile_every
    if min((book.asked.get(what, -every) for what in ("position", "orders")), default=-every) + every <= now:
        return True
    return is_in_doubt(book) or book.late_since != {} or (book.lots != 0 and book.plan is None)


def _priced(state: State, event: PriceSeen, now: int) -> tuple[State, tuple[Effect, ...]]:
    """Most prices change nothing else: then the rules are not asked (core.live.calm)."""
    old = state.books.get(event.key)
    if old is None:
        return state, ()
    if is_calm_at(old, event.ticks, state.settings, state.mode, now):
        return _with(state, books=state.books.put(priced(old, event.ticks))), ()
    after, effects = _some(state, event, now, (event.key,))
    book = after.books[event.key]
    if not effects and book == priced(old, event.ticks):
        book.calm = calm_of(book, state.settings, state.mode, now)
    return after, effects


def _some(state: State, event: Event, now: int, keys: tuple[str, ...]) -> tuple[State, tuple[Effect, ...]]:
    if not keys:
        return state, ()
    books, sequence = state.books, state.sequence
    effects: list[Effect] = []
    for key in keys:
        one = Step(books[key].copy(), state.settings, state.mode, state.fence, sequence, now)
        one.book.keep_track()
        _believe(one, event)
        _follow(one)
        one.book.lose_track()
        books, sequence = books.put(one.book), one.sequence
        effects += one.effects
    return _with(state, books=books, sequence=sequence), tuple(effects)


def _believe(one: Step, event: Event) -> None:
    match event:
        case Started():
            belief.restarted(one)
        case PriceSeen():
            belief.price_seen(one, event.ticks)
        case BarSeen():
            belief.bar_seen(one, event)
        case PositionSeen():
            belief.position_seen(one, event)
        case OrderSeen():
            belief.order_seen(one, event)
        case OrdersSeen():
            belief.orders_seen(one, event)
        case OrderAbsent():
            belief.order_absent(one, event)
        case Answered():
            belief.answered(one, event)
        case PlanGiven():
            belief.plan_given(one, event)
        case ReduceAsked():
            belief.reduce_asked(one, event)
        case FlattenAsked():
            belief.flatten_asked(one, event)
        case TriggersUsed():
            belief.triggers_used(one, event)
        case Managed() | ModeSet() | Ticked() | LatchAnswered() | LatchAsked():
            pass


def _follow(one: Step) -> None:
    """Always the same way, whatever came in: that is what level-triggered means."""
    belief.age_orders(one)
    belief.settle_account(one)
    belief.stop_moves(one)
    act(one)
    place(one)
    ask(one)

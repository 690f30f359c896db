"""Planted bugs, each a failure that other products had (numbers of the catalogue in docs/reliability.md): what proves that
the laws see. A mutant replaces functions for the time of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from exitbrain.core import walk as rules
from exitbrain.core.live import acting, asking, believing, desired, placing
from exitbrain.core.live import events as e
from exitbrain.core.live import step as stepping
from exitbrain.core.live.book import Book, Step, Target
from exitbrain.core.live.orders import PROTECTIVE, Order, OrderKind, Role, Stage, Status, Want
from exitbrain.core.live.rejects import Refusal, refusal_of
from exitbrain.live.simulation import process, venue
from exitbrain.venues.simulated.orders import OrderRequest

Patch = tuple[object, str, Any]


@dataclass(frozen=True, slots=True)
class Mutant:
    failure: str
    said: str
    patches: tuple[Patch, ...]


_answered, _refused, _report = believing.answered, believing._refused, believing.report
_position_seen, _orders_seen, _order_absent = believing.position_seen, believing.orders_seen, believing.order_absent
_plan_given, _price_seen, _restarted = believing.plan_given, believing.price_seen, believing.restarted
_protect, _withdraw, _close, _take = placing._protect, placing._withdraw, placing._close, placing._take
_place, _ask, _listing = placing.place, asking.ask, venue.Venue.listing
_order_request, _cover, _take_process = venue.order_request, Book.cover, process.Process.take


def gives_up(step: Step, want: Want) -> None:
    if placing._lane(step, want.role, want.leg).failures < 2:
        _protect(step, want)


def bare_cancel(step: Step, order: Order) -> None:
    if order.stage is Stage.LIVE and order.kind is not OrderKind.MARKET:
        step.change(order, stage=Stage.CANCELING, cancel_at=step.now)
        step.effects.append(e.Cancel(key=step.book.key, id=order.id))


def old_before_new(step: Step, want: Want) -> None:
    for order in placing._in_lane(step, want.role, want.leg):
        if not order.fits(want):
            bare_cancel(step, order)
    _protect(step, want)


def moved_disaster(book: Book) -> None:
    """The far stop follows the plan, and is taken away for that."""
    return None


def moving_disaster(step: Step, want: Want) -> None:
    if want.role is Role.DISASTER:
        old_before_new(step, want)
    else:
        _protect(step, want)


def takes_stay(step: Step, since: int, target: int) -> bool:
    step.book.clear_takes = False
    return False


def takes_wanted(book: Book) -> list[Want]:
    book.clear_takes, kept = False, book.target
    book.target = None
    wants = desired_takes(book)
    book.target = kept
    return wants


desired_takes = desired._takes


def close_again(step: Step) -> None:
    """No single flight: a market order goes while another is under way."""
    book, target = step.book, step.book.target
    if target is None or book.size <= target.lots or step.now < placing._lane(step, Role.CLOSE, 0).not_before:
        return
    lots = min(book.size - target.lots, book.largest_order)
    placing._send(step, Want(Role.CLOSE, 0, OrderKind.MARKET, 0, lots, cause=target.cause))


def old_reading(step: Step) -> None:
    """One at a time, but sized from whatever was read last."""
    book, target = step.book, step.book.target
    if target is None or book.size <= target.lots or step.now < placing._lane(step, Role.CLOSE, 0).not_before:
        return
    if any(o.stage is not Stage.GHOST for o in placing._in_lane(step, Role.CLOSE, 0)):
        return
    lots = min(book.size - target.lots, book.largest_order)
    placing._send(step, Want(Role.CLOSE, 0, OrderKind.MARKET, 0, lots, cause=target.cause))


def by_amount(step: Step) -> None:
    """A retry sends the amount of the attempt before it."""
    book, target = step.book, step.book.target
    tried = [o for o in book.orders.values() if o.epoch == book.epoch and o.role is Role.CLOSE]
    last = max(tried, key=lambda o: o.id, default=None)
    retried = last is not None and last.sent_at >= (target.since if target else 0)
    if target is None or last is None or not retried or last.stage not in (Stage.UNKNOWN, Stage.GHOST, Stage.CANCELED):
        _close(step)
    elif book.size > target.lots and step.now >= placing._lane(step, Role.CLOSE, 0).not_before:
        placing._send(step, Want(Role.CLOSE, 0, OrderKind.MARKET, 0, min(last.lots, book.size), cause=target.cause))


def timeout_is_refusal(step: Step, event: e.Answered) -> None:
    order = step.book.orders.get(event.id)
    if order is not None and event.outcome is e.Outcome.UNKNOWN and not event.cancel and order.stage is Stage.SENDING:
        step.change(order, stage=Stage.REJECTED)
    else:
        _answered(step, event)


def absent_at_once(step: Step, event: e.OrderAbsent) -> None:
    order = step.book.orders.get(event.id)
    if order is not None and not order.is_final:
        step.change(order, stage=Stage.REJECTED)


def triggered_covers(book: Book, *, without: str = "", working_only: bool = False) -> int:
    waiting = [o for o in book.present() if o.stage is Stage.TRIGGERED and o.role in PROTECTIVE]
    return book.size if waiting else _cover(book, without=without, working_only=working_only)


def waits_for_triggered(step: Step, want: Want) -> None:
    if not any(o.stage is Stage.TRIGGERED for o in placing._in_lane(step, want.role, want.leg)):
        _protect(step, want)


def waits_to_stop(step: Step) -> None:
    if not any(o.stage is Stage.TRIGGERED for o in step.book.present()):
        _stop(step)


_stop = acting._stop


def finished_is_filled(step: Step, order: Order, status: Status, filled: int) -> None:
    if status in (Status.CANCELED, Status.FILLED) and order.stage not in (Stage.CANCELING, Stage.CANCELED):
        _report(step, order, Status.FILLED, order.lots)
    else:
        _report(step, order, status, filled)


def old_stops_stay(step: Step, order: Order) -> None:
    if order.role not in PROTECTIVE or order.epoch != step.book.epoch or not step.book.lots:
        _withdraw(step, order)


def outlives(step: Step, order: Order) -> None:
    if step.book.lots and order.epoch == step.book.epoch:
        _withdraw(step, order)


def one_epoch(step: Step) -> None:
    """What belonged to the position before belongs to the next one."""
    step.book.epoch -= 1


def planned_size(book: Book) -> list[Want]:
    wants = _working(book)
    return [want._replace(lots=book.plan.lots) if book.plan and len(wants) == 1 else want for want in wants]


_working = desired._working


def stream_only(step: Step, event: e.PositionSeen) -> None:
    book = step.book
    if event.asked_at is not None and book.position_at >= 0:
        book.position_at = max(book.position_at, event.asked_at)
    else:
        _position_seen(step, event)


def without_whole(step: Step, event: e.OrdersSeen) -> None:
    _orders_seen(step, replace(event, orders=tuple(one for one in event.orders if not one.close_position)))


def any_version(step: Step, event: e.PositionSeen) -> None:
    step.book.version = -1
    _position_seen(step, event)


def asks_once(step: Step) -> None:
    """Only after a start: what the stream does not tell is not known."""
    book = step.book
    if book.position_at < book.started_at or book.orders_at < book.started_at:
        _ask(step)


def done_by_answer(step: Step, event: e.Answered) -> None:
    _answered(step, event)
    order = step.book.orders.get(event.id)
    if order is not None and order.role is Role.CLOSE and event.outcome is e.Outcome.OK:
        step.book.target = None


def may_open(send: e.Send) -> OrderRequest:
    return replace(_order_request(send), reduce_only=False)


def target_lost(step: Step) -> None:
    _restarted(step)
    step.book.target = None


def peak_lost(step: Step) -> None:
    _restarted(step)
    book = step.book
    if book.walk and book.price is not None:
        book.walk[rules.PEAK] = book.walk[rules.TRAIL] = book.side * book.price - 40
        book.walk[rules.STOP] = min(book.walk[rules.STOP], book.side * book.plan.stop) if book.plan else 0


def plan_lost(step: Step) -> None:
    _restarted(step)
    step.book.plan, step.book.walk, step.book.legs = None, [], {}


def sells_on_refusal(step: Step, order: Order, event: e.Answered) -> None:
    _refused(step, order, event)
    if order.role in PROTECTIVE and refusal_of(event.code) is not Refusal.PRICE_THROUGH and step.book.lots:
        believing.aim(step, 0, "stop_loss")


def same_id(install: str, fence: int, sequence: int, role: Role, leg: int) -> str:
    return _client_id(install, fence, 7, role, leg)


_client_id = placing.client_id


def cancels_all(step: Step) -> None:
    _place(step)
    for one in step.book.foreign:
        step.effects.append(e.Cancel(key=step.book.key, id=one.id))


def wire_first(self: process.Process, event: e.Event) -> None:
    """The row is written when the requests have gone out."""
    rows = self.rows
    self.rows = _Late(rows)
    try:
        _take_process(self, event)
        if self.up:
            rows.extend(self.rows.held)
    finally:
        self.rows = rows


class _Late(list[Any]):
    def __init__(self, rows: list[Any]) -> None:
        super().__init__(rows)
        self.held: list[Any] = []

    def append(self, row: Any) -> None:
        self.held.append(row)


def plain_only(self: venue.Venue) -> tuple[e.Resting, ...]:
    return tuple(one for one in _listing(self) if one.kind is OrderKind.LIMIT)


def trail_follows_price(step: Step, ticks: int) -> None:
    book = step.book
    if book.walk and book.walk[rules.ARMED]:
        book.walk[rules.PEAK] = book.side * ticks
        book.walk[rules.TRAIL] = -(1 << 62)
    _price_seen(step, ticks)


def plan_wins(step: Step, event: e.PlanGiven) -> None:
    if event.epoch == step.book.epoch:
        step.book.walk = []
    _plan_given(step, event)


def target_may_rise(step: Step, lots: int, cause: str) -> None:
    step.book.target = Target(lots=lots, cause=cause, since=step.now)


def heard_is_done(step: Step, event: e.ReduceAsked) -> None:
    """Every hearing of a decision takes its share again."""
    if event.epoch == step.book.epoch and step.book.lots:
        part = event.fraction.numerator * step.book.goal // event.fraction.denominator
        believing.aim(step, step.book.goal - part, event.decision)


def never(*_: object, **__: object) -> None:
    return None


MUTANTS: dict[str, Mutant] = {
    "gives-up": Mutant("F1", "a stop that was refused twice is not tried again", ((placing, "_protect", gives_up),)),
    "cancel-before-place": Mutant("F2", "the old stop goes before the new one stands", ((placing, "_protect", old_before_new),)),
    "disaster-moves": Mutant("F3", "the close-position stop is taken away to be moved", (
        (desired, "_standing_disaster", moved_disaster), (placing, "_protect", moving_disaster))),
    "takes-block-close": Mutant("F4", "resting takes stay when a market order is refused for them", (
        (placing, "_takes_in_the_way", takes_stay), (desired, "_takes", takes_wanted))),
    "exit-repeated": Mutant("F5", "a market order goes while another is under way", ((placing, "_close", close_again),)),
    "retry-by-amount": Mutant("F5", "a retry sends the amount again, not what is missing to the target", ((placing, "_close", by_amount),)),
    "old-reading": Mutant("F5", "a market order is sized from a reading before the last one ended", ((placing, "_close", old_reading),)),
    "timeout-is-refusal": Mutant("F6", "no answer is taken for a refusal", ((believing, "answered", timeout_is_refusal),)),
    "absent-at-once": Mutant("F7", "one denial ends an order", ((believing, "order_absent", absent_at_once),)),
    "triggered-covers": Mutant("F8", "a stop that triggered counts as protection", (
        (Book, "cover", triggered_covers), (placing, "_protect", waits_for_triggered), (acting, "_stop", waits_to_stop))),
    "finished-is-filled": Mutant("F8", "a finished order is taken for a filled one", ((believing, "report", finished_is_filled),)),
    "no-software-stop": Mutant("F9", "nothing acts when the venue's stop does not", ((acting, "_stop", never),)),
    "old-stops-stay": Mutant("F10", "replaced stops are not cancelled", ((placing, "_withdraw", old_stops_stay),)),
    "outlives-position": Mutant("F11", "orders of a position that is gone stay", ((placing, "_withdraw", outlives),)),
    "no-epoch": Mutant("F12", "the next position inherits what the last one had", ((believing, "_end_epoch", one_epoch),)),
    "sized-by-plan": Mutant("F13", "the stop has the plan's size, not the position's", ((desired, "_working", planned_size),)),
    "stream-only": Mutant("F14", "readings of the position are not believed", ((believing, "position_seen", stream_only),)),
    "drops-close-position": Mutant("F15", "orders without a quantity are not seen in the list", ((believing, "orders_seen", without_whole),)),
    "stale-wins": Mutant("F16", "an old position overwrites a newer one", (
        (believing, "position_seen", any_version), (stepping, "_is_no_news", lambda book, event: False))),
    "asks-once": Mutant("F16", "position and orders are read after a start only", ((stepping, "ask", asks_once),)),
    "too-large": Mutant("F17", "the venue's largest order is not minded", ((Book, "largest_order", property(lambda book: max(1, book.size))),)),
    "closed-by-answer": Mutant("F18", "an accepted market order counts as closed", ((believing, "answered", done_by_answer),)),
    "may-open": Mutant("F19", "market and limit orders are not reduce-only", ((venue, "order_request", may_open),)),
    "target-lost": Mutant("F22", "what was to be closed is forgotten at a restart", ((believing, "restarted", target_lost),)),
    "peak-lost": Mutant("F22", "the trail forgets its peak at a restart", ((believing, "restarted", peak_lost),)),
    "plan-lost": Mutant("F22", "the plan is forgotten at a restart", ((believing, "restarted", plan_lost),)),
    "engine-only": Mutant("F23", "stops are kept in the engine alone", ((desired, "_stops", lambda book, settings: []),)),
    "sells-on-refusal": Mutant("F24", "a refused stop closes the position", ((believing, "_refused", sells_on_refusal),)),
    "id-again": Mutant("I6", "an attempt uses the id of the one before", ((placing, "client_id", same_id),)),
    "wire-first": Mutant("I6", "requests go out before their row is written", ((process.Process, "take", wire_first),)),
    "forgets-algo-list": Mutant("F15", "conditional orders are left out when open orders are read", ((venue.Venue, "listing", plain_only),)),
    "cancels-blindly": Mutant("I1", "a cancel does not look at the cover that is left", ((placing, "_withdraw", bare_cancel),)),
    "takes-uncounted": Mutant("F4", "takes that may rest are not counted", ((placing, "take_lots", lambda step: 0),)),
    "others-uncounted": Mutant("I11", "takes of others leave no less room", ((Book, "foreign_take_lots", lambda book: 0),)),
    "cancels-others": Mutant("I13", "orders of others are cancelled", ((stepping, "place", cancels_all),)),
    "trail-follows-price": Mutant("I2", "the trail follows price down", ((believing, "price_seen", trail_follows_price),)),
    "plan-loosens": Mutant("I15", "a fresh plan sets the stop anew", ((believing, "plan_given", plan_wins),)),
    "decision-twice": Mutant("I8", "a decision that is heard twice is taken twice", ((believing, "reduce_asked", heard_is_done),)),
}  # fmt: skip


@contextmanager
def planted(name: str | None) -> Iterator[None]:
    """The named bug for as long as the block lasts."""
    if name is None:
        yield
        return
    patches = MUTANTS[name].patches
    kept = [(owner, attribute, vars(owner)[attribute]) for owner, attribute, _ in patches]
    try:
        for owner, attribute, broken in patches:
            setattr(owner, attribute, broken)
        yield
    finally:
        for owner, attribute, whole in kept:
            setattr(owner, attribute, whole)

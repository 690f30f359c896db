"""What to ask the venue, and when: often while something is in doubt, now and then while it is quiet."""

from __future__ import annotations

from exitbrain.core.live.book import Book, Step
from exitbrain.core.live.desired import is_ours
from exitbrain.core.live.events import Ask, Question
from exitbrain.core.live.orders import OrderKind, Stage

_DOUBTFUL = (Stage.UNKNOWN, Stage.CANCELING, Stage.TRIGGERED)
_ON_REQUEST = (Question.FILTERS, Question.CLOCK)


def ask(step: Step) -> None:
    book, now, settings = step.book, step.now, step.settings
    every = settings.look_every if is_in_doubt(book) else settings.reconcile_every
    for what, answered_at in ((Question.POSITION, book.position_at), (Question.ORDERS, book.orders_at)):
        asked_at = book.asked.get(what, -every)
        is_lost = asked_at > answered_at and now >= asked_at + settings.answer_within
        if is_lost or now >= asked_at + every:
            book.asked[what] = now
            step.effects.append(Ask(key=book.key, what=what))
    for what in _ON_REQUEST:
        if book.asked.pop(what, 0) < 0:
            step.effects.append(Ask(key=book.key, what=what))
    # Not before the open orders are read: a stop of another's may be the plan's (spec P4).
    if book.is_synced and book.wants_plan and now >= book.asked.get(Question.PLAN, -every) + settings.look_every:
        book.asked[Question.PLAN], book.plan_asked = now, book.epoch
        step.effects.append(Ask(key=book.key, what=Question.PLAN, epoch=book.epoch, lots=book.lots, entry=book.entry))
    for order in book.unfinished():
        at_once = order.kind in (OrderKind.MARKET, OrderKind.LIMIT_IOC)
        is_doubtful = order.stage in _DOUBTFUL or (order.stage is Stage.LIVE and (order.misses or at_once))
        if is_doubtful and now >= order.looked_at + settings.look_every and now > order.since:
            step.change(order, looked_at=now)
            step.effects.append(Ask(key=book.key, what=Question.ORDER, id=order.id))


def is_in_doubt(book: Book) -> bool:
    if not book.is_synced or book.target is not None or book.differs_since is not None:
        return True
    for order in book.unfinished():
        if order.misses if order.stage is Stage.LIVE else order.stage is not Stage.GHOST:
            return True
    if book.through_since is not None or book.trail_through_since is not None or book.late_since:
        return bool(book.lots)
    return bool(book.lots) and is_ours(book) and book.cover() < book.size

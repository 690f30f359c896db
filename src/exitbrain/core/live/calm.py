"""A book at which a price changes nothing but the price: what lies between its levels, until its next question.

Most prices are such. A step that turned out to change nothing says how far price may go, and how long, before a step
can have anything to do; till then a price is put into the book and the rules are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from exitbrain.core import walk as rules
from exitbrain.core.live.asking import is_in_doubt
from exitbrain.core.live.book import Book, Settings
from exitbrain.core.live.desired import disaster_level, is_ours
from exitbrain.core.live.events import Mode, Policy, Question
from exitbrain.core.live.orders import Stage

_FAR = 1 << 62


@dataclass(frozen=True, slots=True)
class Calm:
    """Prices strictly between `low` and `high` (ticks), before `until`, under these settings and mode."""

    low: int
    high: int
    until: int
    settings: Settings
    mode: Mode


def calm_of(book: Book, settings: Settings, mode: Mode, now: int) -> Calm | None:
    """For a book that a step has just left as it was; None where time alone, or any price, may have something to do."""
    until = _until(book, settings, now)
    if until is None or book.price is None:
        return None
    price, low, high = book.price, -_FAR, _FAR
    for level in _levels(book, settings):
        if level == price:
            return None
        if level < price:
            low = max(low, level)
        else:
            high = min(high, level)
    return Calm(low, high, until, settings, mode)


def is_calm_at(book: Book, ticks: int, settings: Settings, mode: Mode, now: int) -> bool:
    calm = book.calm
    return (
        calm is not None
        and calm.low < ticks < calm.high
        and now < calm.until
        and calm.mode is mode
        and calm.settings is settings
    )


def priced(book: Book, ticks: int) -> Book:
    """The book with another price. What else it holds is shared with the old one: a step copies before it writes."""
    made = book.shared()
    made.price = ticks
    mirrored = book.side * ticks
    if book.lots and book.walk and mirrored < book.walk[rules.WORST]:
        made.walk = book.walk.copy()
        made.walk[rules.WORST] = mirrored
    return made


def _until(book: Book, settings: Settings, now: int) -> int | None:
    """When time has something to do, if not now."""
    if book.target is not None or book.clear_takes or is_in_doubt(book) or book.naked_since is not None:
        return None
    if book.through_since is not None or book.trail_through_since is not None or book.late_since:
        return None
    if book.lots and (book.plan is None or book.grown) and book.policy is Policy.ADOPT:
        return None
    until = _FAR
    for what, answered_at in ((Question.POSITION, book.position_at), (Question.ORDERS, book.orders_at)):
        if what not in book.asked:
            return None
        asked_at = book.asked[what]
        until = min(until, asked_at + settings.reconcile_every)
        if asked_at > answered_at:
            until = min(until, asked_at + settings.answer_within)
    if len(book.asked) > 2 + (Question.PLAN in book.asked):
        return None
    for order in book.orders.values():
        if order.is_final:
            until = min(until, order.since + settings.kept_final)
        elif order.stage is not Stage.LIVE or order.misses or order.epoch != book.epoch:
            return None
    if any(now < max(lane.not_before, lane.sent_at + settings.replace_every) for lane in book.lanes.values()):
        return None
    return until


def _levels(book: Book, settings: Settings) -> list[int]:
    """Every price that a rule compares with; the peak is passed a tick beyond it."""
    if not book.lots:
        return []
    side = book.side
    levels = [order.level for order in book.present()] + [one.level for one in book.foreign]
    if book.plan is not None:
        levels += [rung.level for rung in book.plan.rungs]
        levels += [level for level, _, _ in book.plan.callbacks]
    if book.walk:
        levels += [side * book.walk[rules.STOP], side * book.walk[rules.TRAIL], side * (book.walk[rules.PEAK] + 1)]
    if is_ours(book):
        levels.append(disaster_level(book, settings))
    return levels

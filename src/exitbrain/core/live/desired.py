"""What should rest at the venue for a position: the same ladder, stop and trail as in a backtest.

Two layers of stops: a close-position stop far away, placed once, and the working stop at the plan's level. Where the
trail covers only the runner, the runner's stop and the stop of the rest sum to the position.
"""

from __future__ import annotations

from exitbrain.core import walk as rules
from exitbrain.core.ladder import toward_market
from exitbrain.core.live.book import Book, Settings
from exitbrain.core.live.events import Mode, Policy
from exitbrain.core.live.orders import Order, OrderKind, Role, Stage, Want
from exitbrain.core.stop_moves import REASONS, reason_of

FAR = "disaster_stop"


def desired(book: Book, settings: Settings, mode: Mode) -> list[Want]:
    """In order of urgency. Nothing for a flat position, and for one that policy leaves to its owner."""
    if not book.lots or not is_ours(book):
        return []
    wants = _stops(book, settings)
    if book.plan is not None and mode is Mode.ACTIVE and not book.halted and not book.protect_only:
        wants += _takes(book)
    return wants


def is_ours(book: Book) -> bool:
    return book.policy is Policy.ADOPT or book.plan is not None


def _stops(book: Book, settings: Settings) -> list[Want]:
    standing = _standing_disaster(book)
    level = standing.level if standing else disaster_level(book, settings)
    wants, working = [], _working(book)
    if not settings.close_position_stops:
        # A sized one instead: where the working stop's level is passed, and closing is refused, it still stands.
        wants += _pieces(book, Want(Role.DISASTER, 0, OrderKind.STOP_MARKET, level, book.size, cause=FAR))
    elif not any(one.close_position for one in book.foreign_stops()):
        wants.append(Want(Role.DISASTER, 0, OrderKind.STOP_MARKET, level, 0, True, FAR))
    return wants + [piece for want in _uncovered(book, working) for piece in _pieces(book, want)]


def _pieces(book: Book, want: Want) -> list[Want]:
    """A stop above the venue's largest order, as several, each in a lane of its own."""
    most = book.largest_order
    starts = range(0, want.lots, most)
    return [want._replace(leg=number, lots=min(most, want.lots - start)) for number, start in enumerate(starts)]


def _working(book: Book) -> list[Want]:
    if not book.walk:
        return []
    trail, stop, size = book.trail_level(), book.stop_level(), book.size
    runner, by_stop, by_trail = book.runner_left(), book.stop_reason(), REASONS[rules.BY_TRAIL]
    if trail is None or (book.trail_overdue and runner < size):
        return [Want(Role.STOP, 0, OrderKind.STOP_MARKET, stop, size, cause=by_stop)]
    if runner >= size:
        return [Want(Role.STOP, 0, OrderKind.STOP_MARKET, trail, size, cause=by_trail)]
    return [
        Want(Role.TRAIL, 0, OrderKind.STOP_MARKET, trail, runner, cause=by_trail),
        Want(Role.STOP, 0, OrderKind.STOP_MARKET, stop, size - runner, cause=by_stop),
    ]


def _uncovered(book: Book, working: list[Want]) -> list[Want]:
    """The working stops less what others' stops cover at the same level or tighter."""
    left = []
    spent: dict[str, int] = {}
    for want in working:
        lots = want.lots
        for one in book.foreign_stops():
            if book.side * one.level < book.side * want.level:
                continue
            can = (book.size if one.close_position else one.lots - one.filled) - spent.get(one.id, 0)
            used = min(lots, max(0, can))
            spent[one.id] = spent.get(one.id, 0) + used
            lots -= used
        left.append(want._replace(lots=lots))
    return left


def disaster_level(book: Book, settings: Settings) -> int:
    """A fraction of the entry away, and at least one R beyond the plan's stop."""
    level = toward_market(book.entry * (1 - book.side * settings.disaster_fraction), book.side)
    if book.plan is None:
        return max(1, level)
    beyond = toward_market(book.plan.stop - book.side * abs(book.entry - book.plan.stop), book.side)
    return max(1, min(level, beyond) if book.side > 0 else max(level, beyond))


def _standing_disaster(book: Book) -> Order | None:
    """It is not moved: a second close-position stop would be refused, and a gap between two is what it is there to stop."""
    return next((o for o in book.present() if o.role is Role.DISASTER and o.stage is Stage.LIVE), None)


def _takes(book: Book) -> list[Want]:
    """Rungs in ascending order, as long as they fit in what is left beside others' exits."""
    assert book.plan is not None
    if book.clear_takes:
        return []
    room = book.goal - book.foreign_take_lots()
    wants = []
    for rung in book.plan.rungs:
        if rung.index in book.overdue:
            continue
        lots = min(rung_left(book, rung.index), room, book.largest_order)
        if lots <= 0:
            continue
        room -= lots
        kind = OrderKind.LIMIT if rung.soft else OrderKind.TAKE_PROFIT_MARKET
        cause = reason_of(rules.TARGET + rung.index)
        wants.append(Want(Role.TAKE, rung.index, kind, rung.level, lots, cause=cause))
    return wants


def rung_left(book: Book, index: int) -> int:
    if index in book.taken:
        return 0
    return max(0, book.legs.get(index, 0) - book.filled_of(Role.TAKE, index))

"""What the engine does by itself when the venue does not: the second layer of the stop, and takes that price has passed.

The engine's stop waits for the venue's own to act, and does not wait where none stands. A take that price has left
behind is taken by market once its patience is over. Both only set a target.
"""

from __future__ import annotations

from exitbrain.core import walk as rules
from exitbrain.core.ladder import REMAINING
from exitbrain.core.live.believing import aim
from exitbrain.core.live.book import Book, Step
from exitbrain.core.live.desired import is_ours, rung_left
from exitbrain.core.live.events import Alert, Mode, Policy, Resting
from exitbrain.core.live.orders import Order, Role, Stage
from exitbrain.core.live.telling import alert
from exitbrain.core.stop_moves import REASONS, reason_of


def act(step: Step) -> None:
    book = step.book
    if not book.lots or not book.is_synced:
        return
    if not is_ours(book):
        if book.policy is Policy.ALERT:
            alert(step, "unplanned", f"{book.lots} lots that nobody planned are left to their owner")
        return
    _stop(step)
    _trail(step)
    if step.mode is Mode.ACTIVE and not book.halted:
        _late_takes(step)
    _naked(step)


def _stop(step: Step) -> None:
    book = step.book
    cause = book.stop_reason()
    if book.walk:
        level = book.working_levels()[Role.STOP]
        if level != book.stop_level():
            cause = REASONS[rules.BY_TRAIL]
        if book.side * (level - book.through_level) < 0:
            book.through_since = None  # what was met was the runner's level, and the runner is gone
        if book.through_since is None and book.is_met(Role.STOP, level):
            book.through_since, book.through_level = step.now, level
    if book.through_since is None:
        return
    if _venue_did_not_see_it(step, Role.STOP, book.through_level, book.through_since):
        book.through_since = None
        return
    if not _standing(book, Role.STOP) or step.now >= book.through_since + step.settings.software_stop_after:
        aim(step, 0, cause)


def _venue_did_not_see_it(step: Step, role: Role, level: int, since: int) -> bool:
    """A price that came late met the level: stops there, or tighter, still rest untouched for all that they are for in a
    list that was asked for after it, and price is not there now."""
    book = step.book
    if book.price is None or book.side * (book.price - level) <= 0 or book.orders_at <= since:
        return False
    mine = _in_lane(book, role)
    if any(o.stage is Stage.TRIGGERED for o in mine):
        return False
    rest = sum(o.open_lots for o in mine if o.stage is Stage.LIVE and not o.misses and _is_as_tight(book, o, level))
    rest += sum(
        book.size if one.close_position else one.lots - one.filled
        for one in book.foreign_stops()
        if _is_as_tight(book, one, level)
    )
    runner = book.runner_left() if book.trail_level() is not None else 0
    needed = runner if role is Role.TRAIL else book.size - runner if runner < book.size else book.size
    return 0 < needed <= rest


def _is_as_tight(book: Book, stop: Order | Resting, level: int) -> bool:
    return book.side * (stop.level - level) >= 0


def _trail(step: Step) -> None:
    """The runner's own stop, where it covers a part."""
    book = step.book
    trail = book.trail_level()
    if trail is None or book.walk[rules.RUNNER] == REMAINING:
        return
    if book.trail_through_since is None and book.is_met(Role.TRAIL, trail):
        book.trail_through_since = step.now  # a level once met stays met until the position ends
    since = book.trail_through_since
    if since is None or book.target is not None:
        return
    if not book.trail_overdue and _venue_did_not_see_it(step, Role.TRAIL, trail, since):
        book.trail_through_since = None
        return
    if not book.trail_overdue and _standing(book, Role.TRAIL) and step.now < since + step.settings.software_stop_after:
        return
    book.trail_overdue = True  # its own order goes first, so that the runner does not leave twice
    left = book.runner_left()
    if left and _is_over(step, Role.TRAIL, None, since, "the runner"):
        book.walk[rules.RUNNER] = 0
        aim(step, max(0, book.size - left), REASONS[rules.BY_TRAIL])


def _is_over(step: Step, role: Role, leg: int | None, since: int, said: str) -> bool:
    """Whether no order of a leg can act any more, and the position was read after that. A leg in doubt is not closed by
    market on top of an order that may be filled: it is told, and the stop stands."""
    book = step.book
    mine = [o for o in book.orders.values() if o.epoch == book.epoch and o.role is role and leg in (None, o.leg)]
    if any(o.stage is Stage.GHOST for o in mine):
        alert(
            step,
            f"doubt {role}{leg or 0}",
            f"{said} is left to the stop: an order of it is believed absent, not known to be",
        )
    if any(not o.is_final for o in mine):
        return False
    return _is_read_since(book, max((o.since for o in mine), default=since))


def _late_takes(step: Step) -> None:
    book, settings = step.book, step.settings
    assert book.plan is not None or not book.legs
    for rung in book.plan.rungs if book.plan else ():
        left = rung_left(book, rung.index)
        # A price that was seen before the plan was there tells nothing of its rungs.
        passed = book.price is not None and book.priced != {} and book.side * (book.price - rung.level) >= 0
        if not left or not (passed or rung.index in book.late_since):
            book.late_since.pop(rung.index, None)
            continue
        since = book.late_since.setdefault(rung.index, step.now)
        patience = settings.soft_patience if rung.soft else settings.hard_patience
        if step.now < since + patience or book.target is not None or not _is_read_since(book, since):
            continue
        if not passed and since + patience > step.now - settings.hard_patience:
            continue
        book.overdue |= {rung.index}  # its own order goes first, so that the rung does not leave twice
        if not _is_over(step, Role.TAKE, rung.index, since, f"rung {rung.index}"):
            continue
        book.taken |= {rung.index}
        aim(step, max(0, book.size - left), reason_of(rules.TARGET + rung.index))


def _is_read_since(book: Book, since: int) -> bool:
    return min(book.position_at, book.orders_at) > since


def _in_lane(book: Book, role: Role) -> list[Order]:
    return [o for o in book.present() if o.role is role]


def _standing(book: Book, role: Role) -> bool:
    """Whether a stop is at the venue, or on its way."""
    stages = (Stage.LIVE, Stage.TRIGGERED, Stage.SENDING)
    return any(o.stage in stages for o in _in_lane(book, role)) or any(book.foreign_stops())


def _naked(step: Step) -> None:
    """Protection is proven by what rests, and by the position; a stop that triggered is none any more."""
    book, settings, now = step.book, step.settings, step.now
    if book.cover() >= book.size:
        if "naked" in book.told:
            book.told -= {"naked"}
            step.effects.append(Alert(key=book.key, name="covered", detail=f"{book.size} lots are covered again"))
        book.naked_since = None
        return
    if book.naked_since is None:
        book.naked_since = now
    if now >= book.naked_since + settings.naked_after:
        alert(step, "naked", f"{book.size - book.cover()} of {book.size} lots have no stop at the venue")
    limit = settings.flatten_when_naked_for
    if limit is not None and now >= book.naked_since + limit:
        aim(step, 0, "naked")

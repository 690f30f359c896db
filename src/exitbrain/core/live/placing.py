"""From what should rest to what is sent: one order at a time in a lane, new before old for stops, old before new for
takes, and targets for everything at market.

- A stop is replaced by placing the new one, hearing that it rests, and only then cancelling the old one. No cancel of
  ours takes the cover below the position.
- Takes together never sum above the position, those included that may or may not rest (unanswered, unknown, ghosts).
- A market order is sized from the position that was read after the last one ended, less what we know has filled since.
"""

from __future__ import annotations

from dataclasses import replace

from exitbrain.core.live.book import Lane, Step
from exitbrain.core.live.client_ids import client_id
from exitbrain.core.live.desired import desired, is_ours
from exitbrain.core.live.events import Cancel, Mode, Send
from exitbrain.core.live.orders import PROTECTIVE, RESTING, Order, OrderKind, Role, Stage, Want
from exitbrain.core.live.telling import alert

MOST_IN_A_LANE = 4
BAND = (96, 100)  # a limit inside the venue's price band, as a share of the price


def place(step: Step) -> None:
    """Nothing is sent before position and open orders are both known."""
    book = step.book
    if step.mode is Mode.OBSERVE or not book.is_synced:
        return
    wants = desired(book, step.settings, step.mode)
    if book.lots and (is_ours(book) or book.target is not None):
        _close(step)
    if book.wants_plan and book.plan is None and book.plan_asked != book.epoch:
        # The disaster stop is placed once, beyond the plan's stop: the plan is asked for first, and given in the same
        # breath or not waited for. What of a life before covers still stays till then.
        return
    for want in wants:
        if want.role in PROTECTIVE:
            _protect(step, want)
        else:
            _take(step, want)
    lanes = {(want.role, want.leg) for want in wants}
    for order in book.unfinished():
        if order.epoch != book.epoch or order.lane not in lanes or not book.lots:
            _withdraw(step, order)


def _lane(step: Step, role: Role, leg: int) -> Lane:
    return step.book.lanes.get(f"{role}{leg}", Lane())


def _in_lane(step: Step, role: Role, leg: int) -> list[Order]:
    return [o for o in step.book.present() if o.role is role and o.leg == leg]


def _protect(step: Step, want: Want) -> None:
    mine = [o for o in _in_lane(step, want.role, want.leg) if o.stage is not Stage.GHOST]
    good = next((o for o in mine if o.stage is Stage.LIVE and o.fits(want)), None)
    if good is not None:
        for order in mine:
            if order is not good:
                _withdraw(step, order)
        return
    _keep_the_best(step, want, mine)
    lane = _lane(step, want.role, want.leg)
    if any(o.stage is Stage.SENDING for o in mine) or step.now < lane.not_before:
        return
    covered = any(o.stage is Stage.LIVE and (o.close_position or o.open_lots >= want.lots) for o in mine)
    if covered and (step.now < lane.sent_at + step.settings.replace_every or len(mine) >= MOST_IN_A_LANE):
        return
    if _is_through(step, want) or _has_left(step) or _is_at_work(step, want):
        return
    _send(step, want)


def _is_at_work(step: Step, want: Want) -> bool:
    """A stop that has triggered is about to fill, or to show that it does not: for so long the sizes are not known."""
    return want.role is not Role.DISASTER and any(
        o.stage is Stage.TRIGGERED and step.now < o.triggered_at + step.settings.software_stop_after
        for o in step.book.present()
        if o.role in (Role.STOP, Role.TRAIL)
    )


def _has_left(step: Step) -> bool:
    """A fill of ours took all that was seen last. The position's own word is on its way; without it, for so long only."""
    book, now = step.book, step.now
    return any(
        o.stage is Stage.FILLED and o.since >= book.sized_at and o.filled >= book.size
        for o in book.orders.values()
        if o.epoch == book.epoch and now < o.since + step.settings.word_within
    )


def _keep_the_best(step: Step, want: Want, mine: list[Order]) -> None:
    """While none is as it should be, the tightest that covers stays."""
    covering = [o for o in mine if o.stage is Stage.LIVE and o.open_lots >= want.lots]
    best = max(covering, key=lambda o: (step.book.side * o.level, o.id), default=None)
    for order in mine if best is not None else ():
        if order is not best:
            _withdraw(step, order)


def _is_through(step: Step, want: Want) -> bool:
    """The venue would refuse it, and the engine's own stop is about to act."""
    book = step.book
    return want.role is not Role.DISASTER and book.is_met(want.role, want.level)


def _take(step: Step, want: Want) -> None:
    mine = _in_lane(step, want.role, want.leg)
    if len(mine) == 1 and mine[0].stage is Stage.LIVE and mine[0].fits(want):
        return
    for order in mine:
        _withdraw(step, order)
    if mine or step.now < _lane(step, want.role, want.leg).not_before:
        return
    if want.lots <= step.book.goal - step.book.foreign_take_lots() - take_lots(step):
        _send(step, want)


def take_lots(step: Step) -> int:
    """Lots of takes that rest, or may."""
    return sum(o.open_lots for o in step.book.present() if o.role is Role.TAKE)


def _withdraw(step: Step, order: Order) -> None:
    """Ask for its end, again where no answer came. A stop goes only if the others cover the position without it."""
    book, now = step.book, step.now
    if order.kind not in RESTING or order.stage not in (Stage.LIVE, Stage.CANCELING):
        return
    if order.stage is Stage.CANCELING and now < order.cancel_at + step.settings.cancel_wait:
        return
    stands = order.kind is OrderKind.STOP_MARKET and order.side == -book.side
    if stands and order.epoch != book.epoch and book.lots and is_ours(book) and book.cover() < book.size:
        return  # of a position before, yet it covers this one until its own stops stand
    current = order.epoch == book.epoch and book.lots != 0
    if current and order.role in PROTECTIVE and is_ours(book):
        working = order.role is not Role.DISASTER
        covered = book.cover(without=order.id, working_only=working) + (_foreign_cover(step) if working else 0)
        if covered < book.size:
            return
    step.change(order, stage=Stage.CANCELING, cancel_at=now)
    step.effects.append(Cancel(key=book.key, id=order.id))


def _foreign_cover(step: Step) -> int:
    book = step.book
    return sum(book.size if one.close_position else one.lots - one.filled for one in book.foreign_stops())


def _close(step: Step) -> None:
    """Toward the target, by market; a market order that went outside the venue's band is followed by a limit in it."""
    book, now = step.book, step.now
    target = book.target
    if target is None or book.size <= target.lots or now < _lane(step, Role.CLOSE, 0).not_before:
        return
    last = max((o.since for o in book.orders.values() if o.epoch == book.epoch and o.role is Role.CLOSE), default=-1)
    pending = [o for o in _in_lane(step, Role.CLOSE, 0) if o.stage is not Stage.GHOST]
    if target.lots == 0:
        # Down to nothing the same order twice does no harm: both only reduce.
        pending = [o for o in pending if o.stage is not Stage.UNKNOWN]
    if pending or book.position_at <= last or _takes_in_the_way(step, target.since, target.lots):
        return
    if (
        target.lots
        and _is_in_doubt(step, target.since)
        and book.position_at < book.agreed_since + step.settings.agree_for
    ):
        alert(step, "doubt C0", f"closing down to {target.lots} lots waits for two readings that agree")
        return
    lots = _known_size(step) - target.lots
    if lots <= 0:
        return
    lots = min(lots, book.largest_order, _room(step))
    if lots <= 0:
        return
    kind, level = OrderKind.MARKET, 0
    if book.by_limit and book.price is not None:
        inside, whole = BAND
        kind = OrderKind.LIMIT_IOC
        level = book.price * inside // whole if book.side > 0 else -(-book.price * whole // inside)
    _send(step, Want(Role.CLOSE, 0, kind, level, lots, cause=target.cause))


def _is_in_doubt(step: Step, since: int) -> bool:
    """Whether what an earlier attempt at this target came to is not known."""
    book = step.book
    tried = (o for o in book.present() if o.role is Role.CLOSE and o.sent_at >= since)
    return any(o.stage is Stage.GHOST for o in tried)


def _known_size(step: Step) -> int:
    """The size that was read, less fills of ours that the venue's snapshot may not show yet: what has the version that
    an order was sent under shows no fill of it."""
    book = step.book
    size = unseen = book.size
    for order in book.orders.values():
        if order.epoch != book.epoch or order.role is not Role.CLOSE or not order.filled:
            continue
        if step.now >= order.since + 5 * step.settings.answer_within:
            continue
        if order.version_before == book.version:
            unseen -= order.filled
        elif order.size_before >= book.size:
            size = min(size, order.size_before - order.filled)
    return min(size, unseen)


def _room(step: Step) -> int:
    """After a refusal for resting orders: what those of others leave. They are theirs, so that the rest has to wait."""
    book = step.book
    theirs = sum(
        one.lots - one.filled
        for one in book.foreign
        if one.side == -book.side and one.reduce_only and one.kind is OrderKind.LIMIT
    )
    if not book.clear_takes or not theirs:
        return book.size
    alert(step, "blocked", f"orders of others for {theirs} lots stand in the way of closing {book.size}")
    return book.size - theirs


def _takes_in_the_way(step: Step, since: int, target: int) -> bool:
    """Resting takes could fill beside the market order, or make the venue refuse it; but not for long."""
    settings = step.settings
    wait = settings.flatten_cancel_wait if target == 0 else settings.answer_within + settings.cancel_wait
    return take_lots(step) > target and step.now < since + wait


def _send(step: Step, want: Want) -> None:
    book, now = step.book, step.now
    step.sequence += 1
    made = client_id(step.settings.install, step.fence, step.sequence, want.role, want.leg)
    order = Order(
        id=made, role=want.role, leg=want.leg, kind=want.kind, level=want.level, lots=want.lots, epoch=book.epoch,
        close_position=want.close_position, stage=Stage.SENDING, since=now, sent_at=now, side=-book.side,
        size_before=book.size, version_before=book.version,
        cause=want.cause,
    )  # fmt: skip
    step.put(order)
    name = f"{want.role}{want.leg}"
    book.lanes[name] = replace(book.lanes.get(name, Lane()), sent_at=now, not_before=now + step.settings.first_backoff)
    step.effects.append(
        Send(
            key=book.key, id=made, side=-book.side, kind=want.kind, level=want.level, lots=want.lots,
            close_position=want.close_position,
        )
    )  # fmt: skip

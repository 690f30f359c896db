"""Events into belief: each only corrects what is known of position, orders and price. Nothing is sent from here."""

from __future__ import annotations

from fractions import Fraction

from exitbrain.core import walk as rules
from exitbrain.core.ladder import OpenLeg, shrink_legs
from exitbrain.core.live.book import FAR_BELOW, HOUR, SECOND, Book, Lane, Step, Target
from exitbrain.core.live.desired import is_ours, rung_left
from exitbrain.core.live.events import (
    Answered,
    BarSeen,
    FlattenAsked,
    LivePlan,
    Mode,
    OrderAbsent,
    OrderSeen,
    OrdersSeen,
    Outcome,
    PlanGiven,
    PositionSeen,
    ReduceAsked,
    Resting,
    TriggersUsed,
)
from exitbrain.core.live.orders import PROTECTIVE, Order, OrderKind, Role, Stage, Status, after_report
from exitbrain.core.live.rejects import Refusal, refusal_of
from exitbrain.core.live.telling import alert, ask_soon
from exitbrain.core.numbers import floor_fraction
from exitbrain.core.stop_moves import breakeven_with_fees

REMEMBERED_DECISIONS = 64
MOST_PATIENCE = 4


# the position


def position_seen(step: Step, event: PositionSeen) -> None:
    book = step.book
    if event.version < book.version:
        return
    before, entry, known = book.lots, book.entry, (book.lots, book.version)
    is_first = book.version < 0 or book.position_at < book.started_at
    if event.version == book.version and event.lots != book.lots and event.asked_at is None:
        ask_soon(step, "position")  # two changes within one of the venue's milliseconds: which came last is not known
    if event.version > book.version or event.asked_at is not None:
        book.lots, book.entry, book.version = event.lots, event.entry, event.version
    if event.asked_at is not None:
        if (book.lots, book.version) != known:
            book.agreed_since = event.asked_at
        book.position_at = max(book.position_at, event.asked_at)
    # A venue rounds the average when a part leaves; that is no add.
    if book.lots and abs(book.entry - entry) >= 1:
        book.account, book.grown = None, True  # others added, unseen perhaps: a fresh plan is asked for
    if book.lots == before:
        return
    book.sized_at = step.now
    ask_soon(step, "orders")
    if before and book.lots * before <= 0:
        _end_epoch(step)
    if book.lots and book.lots * before <= 0:
        book.epoch += 1
        book.opened_at, book.found = step.now, is_first
        book.opened_entry, book.opened_price, book.most = book.entry, book.price, book.size
        book.paid = book.size * book.entry * Fraction(book.instrument.taker_fee)
    elif book.size > abs(before):
        bought = book.size * book.entry - abs(before) * entry
        book.paid += max(Fraction(0), bought) * Fraction(book.instrument.taker_fee)
        book.most = max(book.most, book.size)
        book.account, book.grown = None, True
    if book.target is not None and book.size <= book.target.lots:
        _target_reached(step)


def _end_epoch(step: Step) -> None:
    book = step.book
    book.plan, book.target, book.account = None, None, None
    book.walk, book.legs, book.late_since, book.booked, book.lanes = [], {}, {}, {}, {}
    book.taken, book.told, book.moved, book.overdue = frozenset(), frozenset(), frozenset(), frozenset()
    book.paid = book.risk = book.opened_entry = Fraction(0)
    book.used, book.priced = frozenset(), {}
    book.distance, book.ratio, book.opening_bar_at, book.bars_held = -1, Fraction(1), -1, -1
    book.clear_takes = book.by_limit = book.grown = book.trail_overdue = book.protect_only = False
    book.through_since = book.trail_through_since = book.naked_since = book.differs_since = None


def _target_reached(step: Step) -> None:
    step.book.target = None
    step.book.clear_takes = step.book.by_limit = False


def plan_given(step: Step, event: PlanGiven) -> None:
    """A plan may tighten the stop that stands, never loosen it; peak and a raised trail stay (spec F20)."""
    book = step.book
    if event.epoch != book.epoch or not book.lots:
        return
    plan, side, old = event.plan, book.side, book.walk
    state = [0] * rules.STATE_SIZE
    state[rules.QTY] = book.size
    stays = bool(old) and side * plan.stop <= old[rules.STOP]
    state[rules.STOP] = old[rules.STOP] if stays else side * plan.stop
    state[rules.STOP_KIND] = old[rules.STOP_KIND] if stays else plan.stop_kind
    state[rules.PEAK] = old[rules.PEAK] if old else _opened_at(book)
    state[rules.WORST] = old[rules.WORST] if old else state[rules.PEAK]
    state[rules.TRAIL] = old[rules.TRAIL] if old else FAR_BELOW
    state[rules.ARMED] = old[rules.ARMED] if old else 0
    state[rules.STAGE] = 0 if state[rules.ARMED] and plan.callbacks else -1
    state[rules.RUNNER] = plan.runner
    state[rules.MODE] = _mode_of(plan)
    state[rules.CAP] = rules.NO_CAP
    book.plan, book.walk = plan, state
    book.distance, book.ratio = plan.distance, plan.ratio
    book.risk = book.risk or plan.risk
    # Fills so far belong to the plan before: what is planned now comes on top of them.
    book.legs = {rung.index: rung.lots + book.filled_of(Role.TAKE, rung.index) for rung in plan.rungs}
    if plan.runner > 0:
        state[rules.RUNNER] = plan.runner + book.trail_filled()
    book.taken, book.moved, book.overdue, book.late_since = frozenset(), frozenset(), frozenset(), {}
    book.trail_overdue, book.trail_through_since = False, None
    book.account, book.grown = book.size + book.own_filled(), plan.lots < book.size
    if plan.lots > book.goal:
        shrink(step, plan.lots, book.goal)  # made for lots that are gone since, or that a decision is closing
    rules.raise_peak(state, [], state[rules.PEAK], book.distance, *book.callbacks())
    if book.price is not None:
        price_seen(step, book.price)
        book.priced = {}


def _opened_at(book: Book) -> int:
    """Where the peak starts, mirrored: at the market price of the opening, not at the slipped fill (spec F21). A price
    that was seen before may be old, so only the one that claims less for the trail counts."""
    opened = floor_fraction(book.side * book.entry)
    return opened if book.opened_price is None else min(opened, book.side * book.opened_price)


def _mode_of(plan: LivePlan) -> int:
    if not plan.callbacks:
        return rules.NO_TRAIL
    return rules.PERCENT if plan.chandelier is None else rules.DISTANCE


def settle_account(step: Step) -> None:
    """What others did to the size. Only when nothing of ours is under way can it be told from our own fills; then the
    open legs shrink in proportion (spec P9)."""
    book = step.book
    _doubt_the_account(step)
    if book.plan is None or not book.lots or book.target is not None:
        return
    busy = any(o.stage is not Stage.LIVE or o.misses or o.kind is OrderKind.MARKET for o in book.present())
    # A new size may be known before the fill of ours that made it: both are read after it, and show all orders there.
    quiet_since = max((o.since for o in book.orders.values()), default=0)
    quiet_since = max(quiet_since, book.sized_at)
    if busy or min(book.position_at, book.orders_at) <= quiet_since:
        return
    expected = book.size if book.account is None else book.account - book.own_filled()
    if book.size < expected:
        shrink(step, expected, book.size)
    book.account = book.size + book.own_filled()
    _doubt_the_account(step)


def _doubt_the_account(step: Step) -> None:
    """A size that our own fills do not explain for long: stops are kept, takes and rules wait until it is explained."""
    book = step.book
    gap = 0 if book.account is None or not book.lots else abs(book.size - book.account + book.own_filled())
    if gap <= 1:
        book.differs_since, book.protect_only = None, False
        return
    if book.differs_since is None:
        book.differs_since = step.now
    if step.now >= book.differs_since + step.settings.differs_for and not book.protect_only:
        book.protect_only = True
        alert(step, "discrepancy", f"{book.size} lots are held, {book.size - gap} or {book.size + gap} are explained")


def shrink(step: Step, before: int, after: int) -> None:
    """The open rungs and a sized runner after a cut that no leg made."""
    book = step.book
    assert book.plan is not None
    legs = [
        OpenLeg(rung.index, rung.level, rung_left(book, rung.index))
        for rung in book.plan.rungs
        if rung_left(book, rung.index)
    ]
    sized = book.walk[rules.RUNNER] > 0
    runner = min(book.walk[rules.RUNNER] - book.trail_filled(), before) if sized else 0
    kept, runner, _ = shrink_legs(legs, max(0, runner), book.entry, book.instrument, before, after)
    lots = {leg.number: leg.lots for leg in kept}
    for leg in legs:
        book.legs[leg.number] = lots.get(leg.number, 0) + book.filled_of(Role.TAKE, leg.number)
    if sized:
        book.walk[rules.RUNNER] = runner + book.trail_filled() if runner else 0


# decisions


def reduce_asked(step: Step, event: ReduceAsked) -> None:
    book = step.book
    if event.decision in book.decided or event.epoch != book.epoch or not book.lots:
        return
    _decided(step, event.decision)
    before = book.goal
    part = event.fraction.numerator * before // event.fraction.denominator
    if part == 0:
        return
    if book.plan is not None:
        shrink(step, before, before - part)
    aim(step, before - part, event.cause or event.decision)


def triggers_used(step: Step, event: TriggersUsed) -> None:
    if event.epoch == step.book.epoch and step.book.lots:
        step.book.used = frozenset(event.used)


def flatten_asked(step: Step, event: FlattenAsked) -> None:
    book = step.book
    if event.decision in book.decided or not book.lots:
        return
    _decided(step, event.decision)
    aim(step, 0, event.cause or event.decision)


def _decided(step: Step, decision: str) -> None:
    step.book.decided = (*step.book.decided, decision)[-REMEMBERED_DECISIONS:]


def aim(step: Step, lots: int, cause: str) -> None:
    """A target only ever comes down."""
    book = step.book
    if book.target is None or lots < book.target.lots:
        book.target = Target(lots=lots, cause=cause, since=step.now)
        ask_soon(step, "position")
    # The account is told anew when this is done: till then legs shrink by decision, not by what is seen.
    book.account = None


# the price


def price_seen(step: Step, ticks: int) -> None:
    book = step.book
    book.price = ticks
    if not book.lots or not book.walk:
        return
    mirrored = book.side * ticks
    rules.raise_peak(book.walk, [], mirrored, book.distance, *book.callbacks())
    book.walk[rules.WORST] = min(book.walk[rules.WORST], mirrored)
    book.priced = book.working_levels()


def stop_moves(step: Step) -> None:
    """Rungs that are full move the stop, by the rule of the backtest; it only ever tightens."""
    book = step.book
    if book.plan is None or not book.lots:
        return
    for rung in book.plan.rungs:
        if not book.legs.get(rung.index) or rung_left(book, rung.index):
            continue
        if rung.move:
            how = rules.BY_BREAKEVEN if rung.move == rules.MOVE_BREAKEVEN else rules.BY_STOP
            rules.move_stop(book.walk, [], book.side * rung.move_to, how)
        if rung.fees and rung.index not in book.moved and _fills_are_told(book):
            book.moved |= {rung.index}
            entry = book.plan.entry or book.entry
            level = breakeven_with_fees(entry, book.side, book.fees_paid(), book.size, book.instrument)
            rules.move_stop(book.walk, [], book.side * level, rules.BY_BREAKEVEN)


def _fills_are_told(book: Book) -> bool:
    """Whether the size is what our own fills leave: fees are shared by the lots that are left, and once."""
    return book.account is None or book.size == book.account - book.own_filled()


def bar_seen(step: Step, event: BarSeen) -> None:
    """Bars are counted from the one in which the position opened (spec F4); an old one changes nothing."""
    book = step.book
    if event.time <= book.bar_at:
        return
    book.bar_at = event.time
    if not book.lots or event.until <= book.opened_at:
        return
    book.bars_held += 1
    if book.bars_held == 0:
        book.opening_bar_at = event.time
    if book.plan is None or not book.walk:
        return
    book.distance, book.ratio = event.distance, event.ratio
    _follow_volatility(book)
    paused = step.mode is not Mode.ACTIVE or book.halted or book.protect_only
    if not paused and is_ours(book) and _is_over(book.plan, book):
        aim(step, 0, "time_stop")


def _follow_volatility(book: Book) -> None:
    """The trail under the new distance, or the new callbacks, at the peak so far."""
    state = book.walk
    if not state[rules.ARMED]:
        return
    if state[rules.MODE] == rules.DISTANCE and book.distance >= 0:
        rules.raise_trail(state, [], state[rules.PEAK] - book.distance)
    elif state[rules.MODE] == rules.PERCENT:
        _, numerators, denominators = book.callbacks()
        stage = state[rules.STAGE]
        rules.raise_trail(state, [], rules.trail_level(state[rules.PEAK], numerators[stage], denominators[stage]))


def _is_over(plan: LivePlan, book: Book) -> bool:
    """Whether a time stop is due at this close (spec F16)."""
    if plan.time_stop_bars is not None and book.bars_held >= plan.time_stop_bars:
        return True
    return plan.time_stop_after is not None and book.bar_at >= book.opening_bar_at + plan.time_stop_after


# orders


def order_seen(step: Step, event: OrderSeen) -> None:
    book = step.book
    order = book.orders.get(event.id)
    if order is None and event.status is not Status.OPEN and any(one.id == event.id for one in book.foreign):
        # Another's order that triggered or ended covers nothing any more, whatever the last list said.
        book.foreign = tuple(one for one in book.foreign if one.id != event.id)
        ask_soon(step, "position", "orders")
    if order is not None:
        if event.average:
            order = step.change(order, average=event.average)
        report(step, order, event.status, event.filled)


def report(step: Step, order: Order, status: Status, filled: int) -> None:
    stage = after_report(order.stage, status)
    grown = max(order.filled, filled)
    if grown > order.filled or (stage is not order.stage and stage is not Stage.LIVE):
        ask_soon(step, "position")
    if stage is order.stage and grown == order.filled and not (order.absences or order.misses):
        return
    parts: dict[str, object] = {"stage": stage, "filled": grown, "absences": 0, "misses": 0}
    if stage is Stage.TRIGGERED and order.stage is not Stage.TRIGGERED:
        parts["triggered_at"] = step.now
    step.change(order, **parts)
    if stage is Stage.LIVE and order.stage is not Stage.LIVE:
        _succeeded(step, order)


def orders_seen(step: Step, event: OrdersSeen) -> None:
    book = step.book
    if event.asked_at < book.orders_at:
        return
    again = event.asked_at == book.orders_at  # the same list twice is one sign, not two
    book.orders_at = event.asked_at
    book.foreign = tuple(one for one in event.orders if not one.own)
    listed = {one.id: one for one in event.orders if one.own}
    for id_, resting in listed.items():
        order = book.orders.get(id_)
        if order is None:
            step.put(_orphan(resting, step.now))
        elif not order.is_final:
            report(step, order, Status.TRIGGERED if resting.triggered else Status.OPEN, resting.filled)
    for order in () if again else book.unfinished():
        if order.id not in listed and order.stage is not Stage.SENDING and event.asked_at >= order.since:
            missed = step.change(order, misses=order.misses + 1)
            if missed.stage is Stage.LIVE and missed.misses >= 2 * _patience(step, missed):
                step.change(missed, stage=Stage.UNKNOWN)
    _forget_old(step)


def _orphan(resting: Resting, now: int) -> Order:
    """Ours by its id, of no epoch that we know: cancelled on sight."""
    return Order(
        id=resting.id, role=Role.CLOSE, leg=0, kind=resting.kind, level=resting.level, lots=resting.lots, epoch=0,
        close_position=resting.close_position, stage=Stage.LIVE, since=now, sent_at=now, filled=resting.filled,
        side=resting.side,
    )  # fmt: skip


def order_absent(step: Step, event: OrderAbsent) -> None:
    order = step.book.orders.get(event.id)
    if order is None or order.is_final or order.stage is Stage.GHOST or event.asked_at < order.since:
        return
    if order.absences and event.asked_at < order.absent_at + SECOND:
        return
    order = step.change(order, absences=order.absences + 1, absent_at=event.asked_at)
    is_missed = order.misses > 0 or order.kind is OrderKind.MARKET
    if order.stage is Stage.LIVE and order.absences >= 2 * _patience(step, order) and is_missed:
        step.change(order, stage=Stage.UNKNOWN)


def _patience(step: Step, order: Order) -> int:
    """By how much more it takes to doubt an order that rests: a venue that denied those before it in their lane, and took
    this one, is likelier to lie about this one too than to have lost it. Without that a stop a second is placed for as
    long as it lies (I5)."""
    denied = sum(
        other.lane == order.lane
        and other.id != order.id
        and other.epoch == order.epoch
        and other.level == order.level
        and other.stage in (Stage.UNKNOWN, Stage.GHOST)
        for other in step.book.orders.values()
    )
    return 1 << min(denied, MOST_PATIENCE)


def age_orders(step: Step) -> None:
    """What time does to orders: an answer that did not come, an absence that was seen from all sides."""
    settings, now = step.settings, step.now
    for order in step.book.unfinished():
        age = now - order.since
        if order.stage is Stage.SENDING:
            if age >= settings.answer_within:
                step.change(order, stage=Stage.UNKNOWN)
        elif _is_absent(order) and age >= (
            settings.stop_absent_after if order.role in PROTECTIVE else settings.absent_after
        ):
            step.change(order, stage=Stage.GHOST)
            alert(step, f"ghost {order.id}", f"{order.id} is believed absent; the venue may still show it")


def _is_absent(order: Order) -> bool:
    doubtful = order.stage in (Stage.UNKNOWN, Stage.CANCELING, Stage.TRIGGERED)
    return doubtful and order.absences >= 3 and order.misses > 0


def _forget_old(step: Step) -> None:
    book, settings, now = step.book, step.settings, step.now
    for order in list(book.orders.values()):
        kept = settings.kept_final if order.is_final else settings.ghost_for if order.stage is Stage.GHOST else None
        if kept is None or now < order.since + kept:
            continue
        del book.orders[order.id]
        if order.epoch == book.epoch and order.filled:
            rate = book.instrument.maker_fee if order.kind is OrderKind.LIMIT else book.instrument.taker_fee
            book.paid += (order.average or order.level or book.entry) * order.filled * Fraction(rate)
    book.keep_track()


def restarted(step: Step) -> None:
    """The one way back: after a start, after a lost connection. Everything in flight is open again."""
    book = step.book
    book.started_at = step.now
    book.asked = {}
    for order in book.unfinished():
        if order.stage is Stage.SENDING:
            step.change(order, stage=Stage.UNKNOWN)
        elif order.stage is Stage.CANCELING:
            step.change(order, cancel_at=0)


# answers


def answered(step: Step, event: Answered) -> None:
    order = step.book.orders.get(event.id)
    if order is None:
        return
    if event.cancel:
        _cancel_answered(step, order, event)
    elif event.outcome is Outcome.OK:
        report(step, order, Status.OPEN, 0)
    elif event.outcome is Outcome.UNKNOWN:
        if order.stage is Stage.SENDING:
            step.change(order, stage=Stage.UNKNOWN)
    elif order.stage in (Stage.SENDING, Stage.UNKNOWN):
        _refused(step, order, event)


def _cancel_answered(step: Step, order: Order, event: Answered) -> None:
    if event.outcome is Outcome.OK:
        report(step, order, Status.CANCELED, 0)
    elif event.outcome is Outcome.REFUSED:
        if refusal_of(event.code) is Refusal.TRIGGERING and not order.is_final:
            step.change(order, stage=Stage.TRIGGERED, triggered_at=step.now)
        ask_soon(step, "position", "orders")
        step.change(step.book.orders[order.id], looked_at=0)


def _succeeded(step: Step, order: Order) -> None:
    lane = f"{order.role}{order.leg}"
    if lane in step.book.lanes:
        step.book.lanes[lane] = Lane(sent_at=step.book.lanes[lane].sent_at)


def _refused(step: Step, order: Order, event: Answered) -> None:
    """What each class of refusal asks for. None of them gives up: the lane waits, and is asked again."""
    book, now = step.book, step.now
    refusal = refusal_of(event.code)
    if refusal is Refusal.DUPLICATE_ID:
        step.change(order, stage=Stage.UNKNOWN)
        return
    step.change(order, stage=Stage.REJECTED)
    name = f"{order.role}{order.leg}"
    lane = book.lanes.get(name, Lane())
    wait = min(step.settings.first_backoff << min(lane.failures, 10), step.settings.last_backoff)
    match refusal:
        case Refusal.PRICE_THROUGH:
            _price_was_through(step, order)
        case Refusal.REDUCE_ONLY:
            book.clear_takes = book.clear_takes or order.role is Role.CLOSE
            ask_soon(step, "position", "orders")
        case Refusal.CLOSE_POSITION_EXISTS:
            _adopt_standing(step)
            ask_soon(step, "orders")
            wait = SECOND
        case Refusal.TRIGGERING:
            wait = step.settings.software_stop_after
            ask_soon(step, "position")
        case Refusal.FILTER:
            ask_soon(step, "filters")
            if lane.failures:
                alert(step, f"filter {name}", f"{order.id} was refused twice with {event.code}")
        case Refusal.BAND:
            book.by_limit = not book.by_limit
        case Refusal.LIMITS:
            ask_soon(step, "orders")
            alert(step, f"limits {name}", f"the venue takes no more orders ({event.code})")
        case Refusal.AUTH | Refusal.MODE:
            book.halted = f"{refusal} {event.code}"
            alert(step, "halted", f"{order.id} was refused with {event.code}: {refusal}")
        case Refusal.CLOCK:
            ask_soon(step, "clock")
        case Refusal.RATE:
            wait = max(wait, event.retry_after)
        case Refusal.OVERLOAD:
            wait = step.settings.first_backoff
        case Refusal.NO_SUCH_ORDER | Refusal.OTHER:
            alert(step, f"refused {name}", f"{order.id} was refused with {event.code}")
    book.lanes[name] = Lane(failures=lane.failures + 1, not_before=now + min(wait, HOUR), sent_at=lane.sent_at)


def _adopt_standing(step: Step) -> None:
    """The one that stands may be ours, of the position before: as good a last stop as any."""
    book = step.book
    for order in book.unfinished():
        mine = order.role is Role.DISASTER and order.stage is Stage.LIVE and order.side == -book.side
        if mine and order.epoch != book.epoch and book.lots:
            step.change(order, epoch=book.epoch)


def _price_was_through(step: Step, order: Order) -> None:
    """The level is passed already: what the order was for is done by market, now. The refusal may come so late that the
    position is gone: the next one has levels of its own."""
    book = step.book
    if order.epoch != book.epoch or not book.lots:
        return
    long_ago = step.now - HOUR
    if order.role is Role.TAKE:
        book.late_since[order.leg] = long_ago
    elif order.role is Role.TRAIL:
        book.trail_through_since = long_ago
    elif is_ours(book):
        book.through_since, book.through_level = long_ago, order.level

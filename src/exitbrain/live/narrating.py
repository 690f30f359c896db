"""What happened between two states of a position, and what an effect does, in one line each for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from exitbrain.core.live.book import Book, Settings, State
from exitbrain.core.live.desired import desired
from exitbrain.core.live.events import Alert, Cancel, Mode, Send
from exitbrain.core.live.orders import OrderKind, Role, Stage, Want
from exitbrain.core.market import Instrument
from exitbrain.core.numbers import plain

if TYPE_CHECKING:
    from exitbrain.live.deciding import Decided

NAMES = {
    Role.DISASTER: "disaster stop",
    Role.STOP: "stop",
    Role.TRAIL: "trailing stop",
    Role.TAKE: "take",
    Role.CLOSE: "close",
}


class Line(NamedTuple):
    """`kind` is what a list of events is filtered by."""

    kind: str
    text: str


def lines_between(before: Book | None, after: Book) -> Iterator[Line]:
    was = 0 if before is None else before.lots
    if after.lots != was:
        yield _size(was, after)
    if after.plan is not None and (before is None or before.plan is not after.plan):
        yield Line("plan", _plan(after))
    if after.target is not None and (before is None or before.target != after.target):
        goal = _amount(after, after.target.lots) if after.target.lots else "nothing"
        yield Line("target", f"comes down to {goal}: {after.target.cause}")
    for id_, order in after.orders.items():
        old = None if before is None else before.orders.get(id_)
        if old is not None and order.filled > old.filled:
            part = _amount(after, order.filled - old.filled)
            yield Line("fill", f"{_named(order.role, order.leg)} filled {part}")
        if old is not None and order.stage is not old.stage and order.stage is Stage.LIVE:
            yield Line("placed", f"{_named(order.role, order.leg)} rests {_where(after, order.kind, order.level)}")
        if old is not None and order.stage is Stage.REJECTED and old.stage is not Stage.REJECTED:
            yield Line("refused", f"{_named(order.role, order.leg)} was refused")


def _size(was: int, after: Book) -> Line:
    amount = _amount(after, after.size)
    if not after.lots:
        return Line("closed", "position closed")
    side = "long" if after.lots > 0 else "short"
    if was * after.lots <= 0:
        entry = plain(after.instrument.price(round(after.entry)))
        return Line("opened", f"{side} {amount} @ {entry}, life {after.epoch}")
    return Line("resized", f"{side} {amount}, was {_amount(after, abs(was))}")


def _plan(book: Book) -> str:
    plan = book.plan
    assert plan is not None
    rungs = ", ".join(f"{_amount(book, one.lots)} @ {_price(book, one.level)}" for one in plan.rungs)
    name = plan.profile or "legacy ladder"
    return f"plan {name}: stop {_price(book, plan.stop)}{f', takes {rungs}' if rungs else ''}"


def effect_line(effect: Send | Cancel, instrument: Instrument, role: Role, leg: int) -> str:
    if isinstance(effect, Cancel):
        return f"cancels {_named(role, leg)} {effect.id}"
    side = "buy" if effect.side > 0 else "sell"
    size = "all of it" if effect.close_position else plain(instrument.quantity(effect.lots))
    at = "" if effect.kind is OrderKind.MARKET else f" @ {plain(instrument.price(effect.level))}"
    return f"sends {_named(role, leg)}: {effect.kind} {side} {size}{at}"


def alert_line(alert: Alert) -> str:
    """Its detail is a sentence, but for the latch's."""
    if alert.name not in ("latch_set", "latch_cleared"):
        return alert.detail
    return alert.detail.replace("risk_off latch", "the risk-off latch is").replace(", scope ", ", for the ")


ASKED = {
    "kill": "asked for the kill switch",
    "resume": "asked to go on without the kill switch",
    "latch_set": "asked to set the latch",
    "latch_clear": "asked to clear the latch",
}


def command_line(command: Mapping[str, Any], outcome: str, detail: str) -> str:
    """What an operator asked, and what came of it."""
    kind, body = command["kind"], command["body"]
    what = {
        "flatten": f"asked to close {body.get('key') or body.get('symbol')}",
        "mode": f"asked for mode {body.get('mode')}",
    }
    asked = f"{command['by']} {what.get(kind) or ASKED.get(kind) or f'asked for {kind}'}"
    if outcome != "done":
        return f"{asked}, which was {outcome}: {detail or 'without a word'}"
    return f"{asked}: {detail}" if detail else asked


def left_lines(state: State) -> Iterator[tuple[str, str, bool]]:
    """What a monitor that ends leaves at the venue: key, words, and whether stops cover it."""
    held = [book for book in state.books.values() if book.lots]
    if not held:
        yield "", "nothing is open", True
    for book in held:
        resting = Counter(order.role for order in book.present() if order.stage is Stage.LIVE)
        takes = resting.pop(Role.TAKE, 0)
        stops = sum(resting[role] for role in (Role.DISASTER, Role.STOP, Role.TRAIL))
        stays = [_counted(count, word) for count, word in ((stops, "stop"), (takes, "take")) if count]
        side, is_covered = "long" if book.lots > 0 else "short", book.cover() >= book.size
        words = f"{' and '.join(stays)} of it {'stay' if stops + takes > 1 else 'stays'} at the venue" if stays else ""
        bare = "" if is_covered else "no stop covers it"
        told = "; ".join(one for one in (words, bare) if one)
        yield (
            book.key,
            f"{side} {_amount(book, book.size)} stays open: {told or 'a stop of others covers it'}",
            is_covered,
        )


def _counted(count: int, one: str) -> str:
    return f"{count} {one}{'' if count == 1 else 's'}"


def decision_line(one: Decided) -> str:
    """A candidate of a decision at a closed bar, and what became of it."""
    named = one.trigger_id if one.trigger_id == one.category else f"{one.trigger_id} ({one.category})"
    if one.outcome == "won":
        share = "all" if one.exit_fraction in (None, 1.0) else f"{one.exit_fraction:.6g}"
        return (
            f"{named} decides: close {share} of it" if one.kind != "time_stop" else "its time is over: close all of it"
        )
    return f"{named} {one.outcome}{f', {one.detail}' if one.detail and one.outcome != 'lost' else ''}{_by(one)}"


def _by(one: Decided) -> str:
    return f" to {one.preempted_by}" if one.preempted_by else ""


def would_lines(book: Book, settings: Settings) -> tuple[str, ...]:
    """What an active monitor would have resting, and would close: for one that only observes."""
    if not book.lots:
        return ()
    side = "sell" if book.lots > 0 else "buy"
    lines = [f"would place {_wanted(book, want, side)}" for want in desired(book, settings, Mode.ACTIVE)]
    if book.target is not None:
        lines.append(f"would {side} down to {_amount(book, book.target.lots)} at market: {book.target.cause}")
    return tuple(lines)


def _wanted(book: Book, want: Want, side: str) -> str:
    size = "all of it" if want.close_position else _amount(book, want.lots)
    return f"{_named(want.role, want.leg)}: {want.kind} {side} {size} @ {_price(book, want.level)}"


def _named(role: Role, leg: int) -> str:
    return f"{NAMES[role]} {leg}" if role is Role.TAKE else NAMES[role]


def _where(book: Book, kind: OrderKind, level: int) -> str:
    return "at market" if kind is OrderKind.MARKET else f"@ {_price(book, level)}"


def _price(book: Book, ticks: int) -> str:
    return plain(book.instrument.price(ticks))


def _amount(book: Book, lots: int) -> str:
    return plain(book.instrument.quantity(lots))

"""Why an order was sent, from the journal alone: the event, what was decided, the intent, the venue's answers, the fills."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from exitbrain.core.live import events as e
from exitbrain.core.live.book import Book, State
from exitbrain.core.live.client_ids import parsed_id
from exitbrain.core.live.orders import Role
from exitbrain.core.live.text import digest, read
from exitbrain.errors import Halted, InvalidInput
from exitbrain.live.recording import EVENT, SETTINGS, replayed, snapshot_parts
from exitbrain.store.journal import SNAPSHOT, START, Journal, Row, Rows, chained, checked, whole

_CAUSES = (e.ReduceAsked, e.FlattenAsked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One row of the chain: what came in, and what of it went out for this order."""

    row: Row
    what: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseChain:
    """`why` tells the rule; `links` go from the decision, where there was one, to the last that was heard of the order."""

    order: e.Send
    why: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    rows: int
    first: int
    by_kind: dict[str, int]
    openings: int
    orders: int
    head: str
    state: str


def verified(rows: Rows) -> Verdict:
    """The whole chain, and a replay of all of it; every snapshot against the rows before. Halted at what differs."""
    state, kinds, fences, count, head = State(), dict[str, int](), set[int](), 0, ""
    orders = first = 0
    for row in checked(rows):
        if not first and row.kind == SNAPSHOT:
            state = snapshot_parts(row)[0]  # what came before is in a file of its own
        first = first or row.seq
        before = state.sequence
        state = replayed(state, row)
        orders += state.sequence - before
        kinds[row.kind] = kinds.get(row.kind, 0) + 1
        fences.add(row.fence)
        count, head = count + 1, row.hash
    return Verdict(
        rows=count,
        first=first,
        by_kind=dict(sorted(kinds.items())),
        openings=len(fences),
        orders=orders,
        head=head,
        state=digest(state),
    )


def copied(source: Journal, open_target: Callable[[], Journal]) -> Verdict:
    """The rows of `source` into a journal that holds none; both verified, with the same state, or Halted."""
    before = verified(source.read)
    target = open_target()
    try:
        target.adopt(source.rows())
        after = verified(target.read)
    finally:
        target.close()
    if after != before:
        raise Halted(f"journal {target.name}: its rows lead to another state than those of {source.name}")
    return after


def cause_chain(rows: Rows, order_id: str) -> CauseChain:
    """InvalidInput for an id that no row sent. The state of the time is replayed from the snapshot before."""
    naming = [row for row in whole(rows.name, rows.naming(order_id)) if row.kind == EVENT]
    sent = next((row for row in naming if _sends(row, order_id)), None)
    if sent is None:
        raise InvalidInput(f"no order {order_id} was sent", accepted=f"the id of an order of {rows.name}")
    order = next(one for one in _effects(sent) if isinstance(one, e.Send) and one.id == order_id)
    book = _book_after(rows, sent, order.key)
    links = [_event_link(sent, order_id)]
    links += [_event_link(row, order_id) for row in naming if row.seq > sent.seq and _tells_of(row, order_id)]
    decision = book.target.cause if book.target is not None and _role(order) is Role.CLOSE else ""
    before = _decided(rows, decision, sent) if decision else []
    return CauseChain(order=order, why=_why(order, book), links=tuple(before + links))


def described(row: Row) -> str:
    """A row in a line: the event, and what it led to."""
    if row.kind != EVENT:
        return row.body if row.kind != SNAPSHOT else "the whole state"
    effects = "; ".join(_words(one) for one in _effects(row))
    return f"{_words(_event(row))}{f'  ->  {effects}' if effects else ''}"


def _event(row: Row) -> e.Event:
    event: e.Event = read(json.loads(row.body)["event"])
    return event


def _effects(row: Row) -> tuple[e.Effect, ...]:
    effects: tuple[e.Effect, ...] = read(json.loads(row.body)["effects"])
    return effects


def _sends(row: Row, order_id: str) -> bool:
    return any(isinstance(one, e.Send) and one.id == order_id for one in _effects(row))


def _tells_of(row: Row, order_id: str) -> bool:
    event = _event(row)
    if getattr(event, "id", "") == order_id:
        return True
    return any(isinstance(one, e.Cancel) and one.id == order_id for one in _effects(row))


def _event_link(row: Row, order_id: str) -> Link:
    of_it = "; ".join(_words(one) for one in _effects(row) if getattr(one, "id", "") == order_id)
    event = _words(_event(row))
    return Link(row=row, what=type(_event(row)).__name__, text=f"{event}{f'  ->  {of_it}' if of_it else ''}")


def _decided(rows: Rows, decision: str, sent: Row) -> list[Link]:
    """The notes that tell of a decision, and the event by which it came in; a target of the core's own rules has none."""
    found = []
    for row in whole(rows.name, rows.naming(decision)):
        if row.seq >= sent.seq:
            break
        if row.kind not in (EVENT, SETTINGS, SNAPSHOT):
            found.append(Link(row=row, what=row.kind, text=row.body))
        elif row.kind == EVENT and isinstance(_event(row), _CAUSES):
            found.append(Link(row=row, what=type(_event(row)).__name__, text=_words(_event(row))))
    return found


def _book_after(rows: Rows, sent: Row, key: str) -> Book:
    snapshot = rows.last(SNAPSHOT, before=sent.seq)
    state, seq, last = State(), 0, START
    if snapshot is not None:
        (snapshot,) = whole(rows.name, (snapshot,))
        state, seq, last = snapshot_parts(snapshot)[0], snapshot.seq, snapshot.hash
    for row in chained(rows.name, rows.after(seq), seq, last):
        state = replayed(state, row)
        if row.seq == sent.seq:
            break
    return state.books[key]


def _role(order: e.Send) -> Role | None:
    parsed = parsed_id(order.id)
    return parsed.role if parsed else None


def _why(order: e.Send, book: Book) -> str:
    where = f"position {book.key}, life {book.epoch}, {book.lots} lots entered at {float(book.entry):g} ticks"
    match _role(order):
        case Role.DISASTER:
            return f"every position has a stop far away: {where}"
        case Role.STOP:
            trail = book.trail_level() if book.walk else None
            which = "the trail" if trail is not None and trail == order.level else "the plan's stop"
            return f"{which} stands at {order.level}: {where}"
        case Role.TRAIL:
            return f"the runner's trail stands at {order.level}: {where}"
        case Role.TAKE:
            leg = parsed_id(order.id)
            return f"the plan takes {order.lots} lots at {order.level}, rung {leg.leg if leg else '?'}: {where}"
    if book.target is not None:
        return f"to come down to {book.target.lots} lots, because of {book.target.cause}: {where}"
    return where


def _words(value: Any) -> str:
    """A dataclass as NAME field=value; fields at their defaults are left out, and the key that all have."""
    parts = []
    for one in fields(value):
        part = getattr(value, one.name)
        if part != one.default and one.name not in ("key", "instrument", "version", "asked_at"):
            parts.append(f"{one.name}={_short(part)}")
    return " ".join([type(value).__name__, *parts])


def _short(part: Any) -> str:
    if isinstance(part, tuple):
        return f"({len(part)})"
    text = str(part)
    return text if len(text) <= 120 else f"{text[:117]}..."

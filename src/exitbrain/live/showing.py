"""What is believed, as documents for screens: positions, orders, and the figures of a heartbeat. Decimals are text."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

from exitbrain.core import walk as rules
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.live.book import SECOND, Book, State
from exitbrain.core.live.desired import disaster_level, is_ours, rung_left
from exitbrain.core.live.events import Resting
from exitbrain.core.live.orders import PROTECTIVE, Order, OrderKind, Role, Stage
from exitbrain.core.numbers import plain

Document = dict[str, Any]
CENT, SIX = Decimal("0.01"), Decimal("0.000001")
IN_FLIGHT = (Stage.SENDING, Stage.UNKNOWN, Stage.CANCELING)


def positions_shown(state: State, marks: Mapping[str, int], mode: str, now: int) -> list[Document]:
    """Open ones, by key. `marks` are ticks, the last price where there is none; `mode` is the monitor's."""
    return [
        _position(book, state, marks.get(key) or book.price, mode, now)
        for key, book in sorted(state.books.items())
        if book.lots
    ]


def orders_shown(state: State) -> list[Document]:
    """Ours that may still act, and others' that were seen, by key and id."""
    rows = []
    for _, book in sorted(state.books.items()):
        rows += [_own_order(book, one) for one in book.orders.values() if not one.is_final]
        rows += [_foreign_order(book, one) for one in book.foreign]
    return sorted(rows, key=lambda row: (row["key"], row["id"]))


def figures_of(state: State, now: int) -> Document:
    """What a heartbeat sums up of the books."""
    held = [book for book in state.books.values() if book.lots]
    naked = [book for book in held if is_ours(book) and book.cover() < book.size]
    orders = [order for book in state.books.values() for order in book.orders.values()]
    oldest = min((min(book.position_at, book.orders_at) for book in held), default=now)
    return {
        "naked": len(naked),
        "unknown_intents": sum(order.stage is Stage.UNKNOWN for order in orders),
        "ghosts": sum(order.stage is Stage.GHOST for order in orders),
        "reconcile_lag": max(0, now - oldest) / SECOND,
        "mode": state.mode.value,
        "reduce_only_budget": min((_unspoken(book) for book in held), default=1.0),
    }


def _unspoken(book: Book) -> float:
    """The share of a position that no resting limit order of ours is to close."""
    resting = sum(one.lots - one.filled for one in book.present() if one.kind is OrderKind.LIMIT)
    return round(max(0, book.size - resting) / book.size, 3)


def _price(book: Book, ticks: int | Fraction | None) -> str | None:
    if ticks is None:
        return None
    if isinstance(ticks, int):
        return plain(book.instrument.price(ticks))
    exact = book.instrument.tick_size * ticks.numerator / ticks.denominator
    return plain(exact.quantize(Decimal("1e-8"), rounding=ROUND_HALF_EVEN))


def _quantity(book: Book, lots: int) -> str:
    return plain(book.instrument.quantity(lots))


def _position(book: Book, state: State, mark: int | None, mode: str, now: int) -> Document:
    unrealized = None if mark is None else (mark - book.entry) * book.lots
    money = None
    if unrealized is not None:
        money = plain(
            (book.instrument.money_unit * unrealized.numerator / unrealized.denominator).quantize(
                CENT, rounding=ROUND_HALF_EVEN
            )
        )
    trail = book.trail_level() if book.walk else None
    level, kind = _stop(book, trail)
    return {
        "key": book.key,
        "symbol": book.instrument.symbol,
        "side": "long" if book.lots > 0 else "short",
        "quantity": _quantity(book, book.size),
        "entry_price": _price(book, book.entry),
        "mark_price": _price(book, mark),
        "unrealized_pnl": money,
        "r": _r(book, mark),
        "epoch": book.epoch,
        "opened_at": iso(instant_of(book.opened_at)),
        "policy": book.policy.value,
        "managed": is_ours(book),
        "mode": mode,
        "stop_price": _price(book, level),
        "stop_kind": kind,
        "trail": _trail(book, trail),
        "protection": _protection(book, state, now),
        "plan": _plan(book),
        "target": None
        if book.target is None
        else {"quantity": _quantity(book, book.target.lots), "cause": book.target.cause},
        "halted": book.halted,
    }


def _r(book: Book, mark: int | None) -> str | None:
    """How many R the mark is from the entry."""
    if mark is None or not book.risk or book.plan is None:
        return None
    away = Fraction(book.side * (mark - book.entry)) / book.risk
    return plain((Decimal(away.numerator) / away.denominator).quantize(CENT, rounding=ROUND_HALF_EVEN))


def _stop(book: Book, trail: int | None) -> tuple[int | None, str | None]:
    if not book.walk:
        return None, None
    if trail is not None and book.runner_left() >= book.size:
        return trail, "trailing_stop"
    return book.stop_level(), book.stop_reason()


def _trail(book: Book, level: int | None) -> Document | None:
    if not book.walk or book.plan is None or not book.plan.callbacks:
        return None
    _, numerator, denominator = book.plan.callbacks[0]
    for peak, num, den in book.plan.callbacks:
        if book.side * peak <= book.walk[rules.PEAK]:
            numerator, denominator = num, den
    share = Decimal(numerator) / Decimal(denominator)
    return {
        "armed": bool(book.walk[rules.ARMED]),
        "level": _price(book, level),
        "callback_pct": plain(share.quantize(SIX, rounding=ROUND_HALF_EVEN)),
    }


def _protection(book: Book, state: State, now: int) -> Document:
    covered = book.cover()
    naked = 0.0 if book.naked_since is None else (now - book.naked_since) / SECOND
    standing = next((o for o in book.present() if o.role is Role.DISASTER and not o.is_final), None)
    foreign = next((one for one in book.foreign_stops() if one.close_position), None)
    level = disaster_level(book, state.settings)
    if standing is not None:
        level = standing.level
    elif foreign is not None:
        level = foreign.level
    return {
        "state": _protection_state(book, covered, naked),
        "covered": _quantity(book, covered),
        "naked_seconds": round(naked, 1),
        "disaster_price": _price(book, level) if is_ours(book) else None,
        "disaster_state": "foreign"
        if standing is None and foreign is not None
        else None
        if standing is None
        else standing.stage.value,
    }


def _protection_state(book: Book, covered: int, naked: float) -> str:
    if covered >= book.size:
        return "protected"
    if not is_ours(book):
        return "unmanaged"
    refused = any(book.lanes[name].failures for name in book.lanes if name[0] in PROTECTIVE)
    if refused and book.walk and book.price is not None:
        return "software"
    return "pending" if naked < 2 else "naked"


def _plan(book: Book) -> Document | None:
    plan = book.plan
    if plan is None:
        return None
    placed = {o.leg: o for o in book.present() if o.role is Role.TAKE and o.stage is not Stage.GHOST}
    rungs = []
    for rung in plan.rungs:
        planned = book.legs.get(rung.index, 0)
        filled, left = book.filled_of(Role.TAKE, rung.index), rung_left(book, rung.index)
        order = placed.get(rung.index)
        stood = "placed" if order is not None and order.stage is Stage.LIVE else "pending"
        if not left:
            stood = "filled" if filled or rung.index in book.taken else "cancelled"
        multiple = None if not plan.risk else Fraction(book.side * (rung.level - plan.entry)) / plan.risk
        rungs.append(
            {
                "leg": rung.index,
                "reason": f"take_profit_{rung.index}",
                "price": _price(book, rung.level),
                "quantity": _quantity(book, planned),
                "soft": rung.soft,
                "r_multiple": None
                if multiple is None
                else plain((Decimal(multiple.numerator) / multiple.denominator).quantize(CENT)),
                "state": stood,
                "filled": _quantity(book, filled),
                "order_id": None if order is None else order.id,
            }
        )
    return {
        "name": plan.profile or plan.strategy or "legacy",
        "profile": plan.profile or None,
        "source": f"regime {plan.regime}" if plan.regime else None,
        "rungs": rungs,
        "runner": _runner(book),
    }


def _runner(book: Book) -> Document | None:
    if book.plan is None or not book.plan.runner:
        return None
    state = "armed" if book.walk and book.walk[rules.ARMED] else "waiting"
    return {"quantity": _quantity(book, book.runner_left()), "state": state}


def _own_order(book: Book, order: Order) -> Document:
    side = "sell" if book.side > 0 else "buy"
    return _order(book, order.id, order.role.name.lower(), order.leg, order.kind, side, order.level, order.lots,
                  order.filled, order.stage.value, True, order.close_position, iso(instant_of(order.sent_at)))  # fmt: skip


def _foreign_order(book: Book, one: Resting) -> Document:
    side = "buy" if one.side > 0 else "sell"
    stage = (Stage.TRIGGERED if one.triggered else Stage.LIVE).value
    return _order(book, one.id, None, None, one.kind, side, one.level, one.lots, one.filled, stage, False,
                  one.close_position, None)  # fmt: skip


def _order(
    book: Book, id_: str, role: str | None, leg: int | None, kind: OrderKind, side: str, level: int, lots: int,
    filled: int, stage: str, own: bool, close_position: bool, sent_at: str | None,
) -> Document:  # fmt: skip
    return {
        "id": id_,
        "key": book.key,
        "role": role,
        "leg": leg,
        "kind": kind.value,
        "side": side,
        "price": None if kind is OrderKind.MARKET else _price(book, level),
        "quantity": _quantity(book, lots),
        "filled": _quantity(book, filled),
        "stage": stage,
        "own": own,
        "close_position": close_position,
        "sent_at": sent_at,
    }

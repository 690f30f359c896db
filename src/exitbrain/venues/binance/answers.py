"""Replies as events. What a reply leaves open is UNKNOWN, whatever its status: the raw code decides, not the class that
a client library makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from exitbrain.core.live.events import (
    Answered,
    Ask,
    Cancel,
    Event,
    OrderAbsent,
    OrderSeen,
    OrdersSeen,
    Outcome,
    PositionSeen,
    Question,
    Send,
)
from exitbrain.core.live.orders import Status
from exitbrain.core.live.rejects import AMBIGUOUS, Refusal, refusal_of
from exitbrain.core.market import Instrument
from exitbrain.errors import InvalidInput
from exitbrain.venues.binance import reading
from exitbrain.venues.binance.asking import ON_ALGO, request_of
from exitbrain.venues.binance.wire import Reply

SECOND = 1_000_000
NO_ORDER = Refusal.NO_SUCH_ORDER


def answer_events(
    effect: Send | Cancel | Ask,
    replies: tuple[Reply, ...],
    asked_at: int,
    instrument: Instrument,
    *,
    install: str | None = None,
) -> tuple[Event, ...]:
    """One reply for each request of `request_of`. `install` tells our orders from those of another installation.

    A question that was not answered gives no event: it is asked again. FILTERS and CLOCK give none either.
    """
    if isinstance(effect, Send):
        return _sent(effect, replies[0], instrument)
    if isinstance(effect, Cancel):
        return _canceled(effect, replies, instrument)
    try:
        match effect.what:
            case Question.POSITION:
                return _position(effect, replies[0], asked_at, instrument)
            case Question.ORDERS:
                return _orders(effect, replies, asked_at, instrument, install)
            case Question.ORDER:
                return _order(effect, replies, asked_at, instrument)
    except InvalidInput:
        pass
    return ()


def outcome_of(reply: Reply) -> tuple[Outcome, int]:
    """What became of a request, and the raw code of a refusal."""
    if reply.status == 0:
        return Outcome.UNKNOWN, 0
    code = _code(reply.body)
    if 200 <= reply.status < 300:
        # A cancel on the algo endpoint says "200", as text, where it worked.
        return (Outcome.OK, 0) if code is None or code >= 0 else _judged(code)
    if reply.status in (418, 429):
        return Outcome.REFUSED, reply.status
    if code is None or code >= 0:
        return (Outcome.UNKNOWN if reply.status >= 500 or reply.status in AMBIGUOUS else Outcome.REFUSED), reply.status
    return _judged(code)


def _judged(code: int) -> tuple[Outcome, int]:
    return (Outcome.UNKNOWN if code in AMBIGUOUS else Outcome.REFUSED), code


def _code(body: Any) -> int | None:
    code = body.get("code") if isinstance(body, dict) else None
    try:
        return None if code is None or isinstance(code, bool) else int(code)
    except (TypeError, ValueError):
        return None


def retry_after(reply: Reply) -> int:
    """Microseconds."""
    for name, value in reply.headers.items():
        if name.lower() == "retry-after" and value.strip().isdigit():
            return int(value) * SECOND
    return 0


def _answered(effect: Send | Cancel, reply: Reply, outcome: Outcome, code: int) -> Answered:
    return Answered(
        key=effect.key,
        id=effect.id,
        cancel=isinstance(effect, Cancel),
        outcome=outcome,
        code=code,
        retry_after=retry_after(reply),
    )


def _sent(send: Send, reply: Reply, instrument: Instrument) -> tuple[Event, ...]:
    outcome, code = outcome_of(reply)
    if outcome is not Outcome.OK:
        return (_answered(send, reply, outcome, code),)
    try:
        row = reading.mapping(reply.body, "the answer")
        seen = _algo_seen(send.key, row, instrument) if send.kind in ON_ALGO else _plain_seen(send.key, row, instrument)
    except InvalidInput:
        seen = None
    if seen is None or seen.id != send.id:
        return (_answered(send, reply, Outcome.UNKNOWN, 0),)
    answered = _answered(send, reply, Outcome.OK, 0)
    return (answered,) if seen.status is Status.OPEN and not seen.filled else (answered, seen)


def _canceled(cancel: Cancel, replies: tuple[Reply, ...], instrument: Instrument) -> tuple[Event, ...]:
    """Where both endpoints were asked, one that did it counts, then one that leaves it open, then the reason of one
    that knew the order."""
    judged = [(*outcome_of(reply), reply) for reply in replies]
    done = [one for one in judged if one[0] is Outcome.OK]
    open_ = [one for one in judged if one[0] is Outcome.UNKNOWN]
    knew = [one for one in judged if refusal_of(one[1]) is not NO_ORDER]
    outcome, code, reply = (done or open_ or knew or judged)[0]
    answered = _answered(cancel, reply, outcome, code)
    if outcome is Outcome.OK and isinstance(reply.body, dict) and reply.body.get("executedQty") is not None:
        try:
            seen = _plain_seen(cancel.key, reply.body, instrument)
        except InvalidInput:
            return (answered,)
        if seen.id == cancel.id and seen.filled:
            return seen, answered
    return (answered,)


def _position(ask: Ask, reply: Reply, asked_at: int, instrument: Instrument) -> tuple[Event, ...]:
    if outcome_of(reply)[0] is not Outcome.OK:
        return ()
    seen = positions_of(reply.body, {instrument.symbol: instrument}, asked_at)
    return tuple(one for one in seen if one.key == ask.key)


def positions_of(body: Any, instruments: Mapping[str, Instrument], asked_at: int | None) -> tuple[PositionSeen, ...]:
    """All rows of positionRisk that are of these instruments, in one-way mode."""
    if not isinstance(body, list):
        raise InvalidInput("positions are no list", accepted="a JSON array")
    seen = []
    for one in body:
        row = reading.mapping(one, "a position")
        instrument = instruments.get(reading.text(row, "symbol"))
        if instrument is None or row.get("positionSide", "BOTH") != "BOTH":
            continue
        lots = reading.lots(row, "positionAmt", instrument)
        seen.append(
            PositionSeen(
                key=instrument.symbol,
                lots=lots,
                entry=reading.exact_ticks(row, "entryPrice", instrument) if lots else Fraction(0),
                version=reading.whole(row, "updateTime"),
                asked_at=asked_at,
            )
        )
    return tuple(seen)


def _orders(
    ask: Ask, replies: tuple[Reply, ...], asked_at: int, instrument: Instrument, install: str | None
) -> tuple[Event, ...]:
    """Both lists or nothing: half of them would show the other half as missing."""
    if any(outcome_of(reply)[0] is not Outcome.OK or not isinstance(reply.body, list) for reply in replies):
        return ()
    plain, algo = (
        [row for row in (reading.mapping(one, "an order") for one in reply.body) if row.get("symbol") == ask.key]
        for reply in replies
    )
    read = [reading.resting_algo(row, instrument, install) for row in algo]
    read += [reading.resting_plain(row, instrument, install) for row in plain]
    listed: dict[str, Any] = {}
    for one in read:
        # A triggered order may be in both lists, under one id: as a conditional order and as its child.
        if one is not None and (one.id not in listed or one.triggered):
            listed[one.id] = one
    return (OrdersSeen(key=ask.key, asked_at=asked_at, orders=tuple(listed.values())),)


def _order(ask: Ask, replies: tuple[Reply, ...], asked_at: int, instrument: Instrument) -> tuple[Event, ...]:
    """Absent only where every endpoint that was asked says so."""
    absent = 0
    for request, reply in zip(request_of(ask, instrument), replies, strict=True):
        outcome, code = outcome_of(reply)
        if outcome is Outcome.OK:
            row = reading.mapping(reply.body, "an order")
            on_algo = "clientAlgoId" in request.params
            seen = _algo_seen(ask.key, row, instrument) if on_algo else _plain_seen(ask.key, row, instrument)
            return (seen,) if seen.id == ask.id else ()
        absent += outcome is Outcome.REFUSED and refusal_of(code) is NO_ORDER
    if absent == len(replies):
        return (OrderAbsent(key=ask.key, id=ask.id, asked_at=asked_at),)
    return ()


def _plain_seen(key: str, row: Mapping[str, Any], instrument: Instrument) -> OrderSeen:
    return OrderSeen(
        key=key,
        id=reading.text(row, "clientOrderId"),
        status=reading.plain_status(
            reading.text(row, "status"), of_conditional=row.get("origType") in reading.CONDITIONAL
        ),
        filled=reading.lots(row, "executedQty", instrument),
        average=reading.average(row, "avgPrice", instrument),
    )


def _algo_seen(key: str, row: Mapping[str, Any], instrument: Instrument) -> OrderSeen:
    filled = reading.lots(row, "actualQty", instrument) if row.get("actualQty") else 0
    quantity = 0 if reading.flag(row, "closePosition") else reading.lots(row, "quantity", instrument)
    return OrderSeen(
        key=key,
        id=reading.text(row, "clientAlgoId"),
        status=reading.algo_status(reading.text(row, "algoStatus"), quantity, filled),
        filled=filled,
        average=reading.average(row, "actualPrice", instrument),
    )


def differences(send: Send, reply: Reply, instrument: Instrument) -> tuple[str, ...]:
    """Where the order that stands is not the one that was asked for: a line for each part.

    A client that drops `reduceOnly` on the way makes an exit that can open a position; the venue's answer shows it.
    """
    if outcome_of(reply)[0] is not Outcome.OK or not isinstance(reply.body, dict):
        return ()
    (request,) = request_of(send, instrument)
    names = {"side": "side", "type": "orderType" if send.kind in ON_ALGO else "type"}
    names |= {"workingType": "workingType"} if send.kind in ON_ALGO else {}
    found = []
    for asked, answered in names.items():
        if reply.body.get(answered) != request.params[asked]:
            found.append(f"{answered} is {reply.body.get(answered)!r}, {request.params[asked]} was asked for")
    if bool(reply.body.get("closePosition")) is not send.close_position:
        found.append(f"closePosition is {reply.body.get('closePosition')!r}")
    if not send.close_position and reply.body.get("reduceOnly") is not True:
        found.append(f"reduceOnly is {reply.body.get('reduceOnly')!r}")
    return (*found, *_other_numbers(send, reply.body, instrument))


def _other_numbers(send: Send, row: Mapping[str, Any], instrument: Instrument) -> list[str]:
    found = []
    try:
        if send.kind.value != "MARKET":
            name = "triggerPrice" if send.kind in ON_ALGO else "price"
            if reading.exact_ticks(row, name, instrument) != send.level:
                found.append(f"{name} is {row.get(name)!r}, {instrument.price(send.level)} was asked for")
        name = "quantity" if send.kind in ON_ALGO else "origQty"
        # The venue may take less than was asked for, where the position is smaller; never more.
        if not send.close_position and reading.lots(row, name, instrument) > send.lots:
            found.append(f"{name} is {row.get(name)!r}, {instrument.quantity(send.lots)} was asked for")
    except InvalidInput as error:
        found.append(str(error))
    return found

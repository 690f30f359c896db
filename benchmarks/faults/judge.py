"""What the venue's log says of one run: seconds without a stop, exits too many, what was left behind.

Nothing that a bot says counts. A position is what the fills make it; a stop protects from its creation until it
triggers or ends, with its quantity (a closePosition stop with all), if it is on the right side. With a `level`, only a
stop at least as tight as that counts. Times are the venue's milliseconds.

    long 2 from 1,000 to 9,000, a stop of 2 from 4,000 on that triggers at 9,000: bare for 3.0 s
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

Log = Mapping[str, Any]
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """`quantity` None: all there is. `until` None: it still rests."""

    side: str
    quantity: Decimal | None
    price: Decimal
    since: int
    until: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """`bare_ms` without a stop of the plan's level, `unstopped_ms` without any; `closed_at` None: still open."""

    opened_at: int | None
    covered_at: int | None
    closed_at: int | None
    bare_ms: int
    unstopped_ms: int
    stops_placed: int
    exits_too_many: Decimal
    left_behind: int


def judge(log: Log, *, until: int, level: Decimal = ZERO) -> Judged:
    held = positions(log)
    stops = [*stops_of(log)]
    tight = [stop for stop in stops if is_tight(stop, level)]
    covered = [
        since
        for since, end, quantity in spans(held, until)
        if quantity
        for since in covered_from(quantity, tight, since, end)
    ]
    return Judged(
        opened_at=held[0][0] if held else None,
        covered_at=min(covered, default=None),
        closed_at=held[-1][0] if held and not held[-1][1] else None,
        bare_ms=bare(held, tight, until),
        unstopped_ms=bare(held, stops, until),
        stops_placed=len(stops),
        exits_too_many=flipped(held),
        left_behind=0 if held and held[-1][1] else resting(log),
    )


def positions(log: Log) -> list[tuple[int, Decimal]]:
    """The signed quantity from each instant on."""
    held = ZERO
    steps: list[tuple[int, Decimal]] = []
    for fill in sorted(log["fills"], key=lambda one: one["id"]):
        quantity = Decimal(fill["qty"])
        held += quantity if fill["side"] == "BUY" else -quantity
        steps.append((fill["time"], held))
    return steps


def stops_of(log: Log) -> Iterator[Stop]:
    for algo in log["algo_orders"]:
        if algo["orderType"] not in ("STOP_MARKET", "STOP", "TRAILING_STOP_MARKET"):
            continue
        ended = None if algo["algoStatus"] == "NEW" else algo["triggerTime"] or algo["updateTime"]
        quantity = None if algo["closePosition"] else Decimal(algo["quantity"])
        yield Stop(
            side=algo["side"],
            quantity=quantity,
            price=Decimal(algo["triggerPrice"]),
            since=algo["createTime"],
            until=ended,
        )


def is_tight(stop: Stop, level: Decimal) -> bool:
    return not level or (stop.price >= level if stop.side == "SELL" else stop.price <= level)


def spans(held: list[tuple[int, Decimal]], until: int) -> Iterator[tuple[int, int, Decimal]]:
    for (since, quantity), (end, _) in pairwise([*held, (until, ZERO)]):
        yield since, max(since, min(end, until)), quantity


def covers(quantity: Decimal, stops: Iterable[Stop], at: int) -> bool:
    side = "SELL" if quantity > 0 else "BUY"
    alive = [
        stop for stop in stops if stop.side == side and stop.since <= at and (stop.until is None or at < stop.until)
    ]
    return any(stop.quantity is None for stop in alive) or sum(stop.quantity or ZERO for stop in alive) >= abs(quantity)


def instants(stops: Iterable[Stop], since: int, end: int) -> list[int]:
    """Where cover may change between two instants, with these."""
    changes = {at for stop in stops for at in (stop.since, stop.until) if at is not None and since < at < end}
    return sorted({since, end} | changes)


def covered_from(quantity: Decimal, stops: list[Stop], since: int, end: int) -> list[int]:
    return [at for at in instants(stops, since, end)[:-1] if covers(quantity, stops, at)]


def bare(held: list[tuple[int, Decimal]], stops: list[Stop], until: int) -> int:
    total = 0
    for since, end, quantity in spans(held, until):
        if quantity:
            for start, after in pairwise(instants(stops, since, end)):
                total += 0 if covers(quantity, stops, start) else after - start
    return total


def flipped(held: list[tuple[int, Decimal]]) -> Decimal:
    """By how much the position was ever on the other side than the one it was opened on."""
    first = next((quantity for _, quantity in held if quantity), ZERO)
    return max((-quantity if first > 0 else quantity for _, quantity in held), default=ZERO).max(ZERO)


def resting(log: Log, at: int | None = None) -> int:
    """Orders and conditional orders at the end, or just before an instant."""
    rows = [(order["time"], order["updateTime"], order["status"]) for order in log["orders"]]
    rows += [(algo["createTime"], algo["updateTime"], algo["algoStatus"]) for algo in log["algo_orders"]]
    if at is None:
        return sum(status in ("NEW", "PARTIALLY_FILLED") for _, _, status in rows)
    return sum(since < at and (status in ("NEW", "PARTIALLY_FILLED") or ended >= at) for since, ended, status in rows)

"""Which resting order price meets next on a piece of its path.

Along a move orders are met in the order of their prices; at one price stop before trail before limit and target
(spec X4), then the older first. A jump meets everything that it passed at its end. A trailing order is armed at its
activation price and its peak moves with price.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from exitbrain.core.numbers import power_of_ten_denominator
from exitbrain.core.walk import trail_level
from exitbrain.venues.simulated.orders import SELL, AlgoOrder, Kind, Order

ARM, STOP, TRAIL, TARGET, RUIN = range(5)


@dataclass(frozen=True, slots=True)
class Level:
    """Met when price is at or above `price` where `above`, else at or below it; `number` is the order's own id."""

    price: int
    above: bool
    rank: int
    number: int


def order_level(order: Order) -> Level:
    assert order.price is not None, order
    return Level(order.price, order.side == SELL, TARGET, order.order_id)


def algo_level(algo: AlgoOrder) -> Level:
    request = algo.request
    if request.kind is Kind.TRAILING_STOP_MARKET:
        if algo.peak is not None:
            return Level(trail_of(algo), request.side != SELL, TRAIL, algo.algo_id)
        assert request.activate is not None, algo
        return Level(request.activate, request.side == SELL, ARM, algo.algo_id)
    assert request.trigger is not None, algo
    above = (request.side == SELL) != request.kind.is_stop
    return Level(request.trigger, above, STOP if request.kind.is_stop else TARGET, algo.algo_id)


def trail_of(algo: AlgoOrder) -> int:
    """peak × (1 ∓ callback), rounded toward the market: the backtest's own rule, mirrored for a buy."""
    assert algo.peak is not None and algo.request.callback is not None, algo
    side = -algo.request.side  # of the position that it protects
    numerator, denominator = power_of_ten_denominator(1 - side * algo.request.callback / Decimal(100))
    return side * trail_level(side * algo.peak, numerator, denominator)


def followed(algo: AlgoOrder, price: int) -> AlgoOrder:
    """The order with its peak moved to `price` where that is better."""
    if algo.peak is None:
        return algo
    best = max(algo.peak, price) if algo.request.side == SELL else min(algo.peak, price)
    return algo if best == algo.peak else replace(algo, peak=best)


def crosses(side: int, price: int, last: int) -> bool:
    """Whether a limit order would trade at once; at the last price itself it rests."""
    return price < last if side == SELL else price > last


def is_met(level: Level, price: int) -> bool:
    return price >= level.price if level.above else price <= level.price


def next_met(levels: Iterable[Level], start: int, end: int) -> tuple[Level, int] | None:
    """The level met first on the way from `start` to `end`, and the price at which."""
    best: tuple[tuple[int, int, int], Level, int] | None = None
    for level in levels:
        if is_met(level, start):
            at = start
        elif is_met(level, end):
            at = level.price
        else:
            continue
        key = (abs(at - start), level.rank, level.number)
        if best is None or key < best[0]:
            best = (key, level, at)
    return None if best is None else best[1:]


def next_passed(levels: Iterable[Level], before: int, price: int) -> Level | None:
    """The level served first after a jump from `before` to `price`."""
    passed = [level for level in levels if is_met(level, price)]
    return min(passed, key=lambda one: (one.rank, abs(one.price - before), one.number), default=None)

"""vectorbt: the full ladder as a callback of its flexible order function, and its own stop and target signals.

A ladder is beyond what its signals express (one stop and one target a column, each taking all), so the callback is the
whole state machine, called again for a bar until it has no more orders. Prices are ticks as float64, which are exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import vectorbt as vbt
from numba import njit
from vectorbt.portfolio.enums import Direction, SizeType
from vectorbt.portfolio.nb import order_nb, order_nothing_nb

from matched.workload import PARTS, Ladder, Market, Openings, rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = vbt.__version__
CASH = 1e15
PHASE, ENTRY, STOP, PEAK, TRAIL, STAGE, RUNG, QUANTITY, RUNNER, LAST, OPENED = range(11)
R, SHARE, FROM, CALLBACK = 2, 10, 18, 26


@njit
def sell(column: int, quantity: float, price: float):
    return column, order_nb(-quantity, price, SizeType.Amount, Direction.LongOnly)


@njit
def raise_peak(s: Any, ladder: Any, price: float):
    """The peak, the callback's stage and the trail."""
    s[PEAK] = price
    risk = s[ENTRY] - s[STOP]
    while s[STAGE] + 1 < ladder[1]:
        r = ladder[FROM + int(s[STAGE]) + 1]
        if price < np.ceil((s[ENTRY] * PARTS + r * risk) / PARTS):
            break
        s[STAGE] += 1
    if s[STAGE] >= 0:
        level = np.ceil(price * (PARTS - ladder[CALLBACK + int(s[STAGE])]) / PARTS)
        s[TRAIL] = max(s[TRAIL], level)


@njit
def rung_level(s: Any, ladder: Any):
    risk = s[ENTRY] - s[STOP]
    r = ladder[R + int(s[RUNG])]
    return max(np.floor((s[ENTRY] * PARTS + r * risk) / PARTS), s[ENTRY] + 1)


@njit
def sell_runner(column: int, s: Any, price: float):
    quantity = min(s[RUNNER], s[QUANTITY])
    s[RUNNER] = 0
    s[QUANTITY] -= quantity
    return sell(column, quantity, price)


@njit
def sell_rung(column: int, s: Any, ladder: Any, lots: float, price: float):
    quantity = min(np.floor(ladder[SHARE + int(s[RUNG])] * lots / PARTS), s[QUANTITY])
    s[RUNG] += 1
    s[QUANTITY] -= quantity
    return sell(column, quantity, price)


@njit
def sell_all(column: int, s: Any, price: float):
    quantity = s[QUANTITY]
    s[QUANTITY] = 0
    return sell(column, quantity, price)


@njit
def ladder_order(c: Any, o: Any, h: Any, l: Any, close: Any, stops: Any, lots: Any, states: Any, ladders: Any):
    """stops, lots: by bar, 0 lots where there is no entry. states [columns, 11], ladders [columns, 34]."""
    column, i = c.from_col, c.i
    s, ladder = states[column], ladders[column]
    if c.call_idx == 0:
        s[PHASE] = 0
    if s[QUANTITY] == 0:
        if c.call_idx == 0 and lots[i] > 0 and i > s[LAST]:
            s[ENTRY], s[STOP], s[PEAK] = o[i], stops[i], o[i]
            s[TRAIL], s[STAGE], s[RUNG], s[QUANTITY], s[RUNNER] = -np.inf, -1, 0, lots[i], 0
            s[OPENED] = lots[i]
            if ladder[1] > 0:
                s[RUNNER] = lots[i]
                for k in range(int(ladder[0])):
                    s[RUNNER] -= np.floor(ladder[SHARE + k] * lots[i] / PARTS)
            return column, order_nb(lots[i], o[i], SizeType.Amount, Direction.LongOnly)
        return -1, order_nothing_nb()
    s[LAST] = i
    if s[PHASE] == 0:  # open: peak, stop, trail
        s[PHASE] = 1
        if o[i] > s[PEAK]:
            raise_peak(s, ladder, o[i])
        if o[i] <= s[STOP]:
            return sell_all(column, s, o[i])
        if s[RUNNER] > 0 and s[TRAIL] > s[STOP] and o[i] <= s[TRAIL]:
            return sell_runner(column, s, o[i])
    if s[PHASE] == 1:  # open: rungs
        if s[RUNG] < ladder[0] and o[i] >= rung_level(s, ladder):
            return sell_rung(column, s, ladder, s[OPENED], o[i])
        s[PHASE] = 2
    if s[PHASE] == 2:  # low: trail
        s[PHASE] = 3
        if s[RUNNER] > 0 and s[TRAIL] > s[STOP] and l[i] <= s[TRAIL]:
            return sell_runner(column, s, s[TRAIL])
    if s[PHASE] == 3:  # low: stop
        s[PHASE] = 4
        if l[i] <= s[STOP]:
            return sell_all(column, s, s[STOP])
    if s[PHASE] == 4:  # high: rungs
        if s[RUNG] < ladder[0]:
            level = rung_level(s, ladder)
            if h[i] >= level:
                return sell_rung(column, s, ladder, s[OPENED], level)
        s[PHASE] = 5
        if h[i] > s[PEAK]:
            raise_peak(s, ladder, h[i])
            if s[RUNNER] > 0 and s[TRAIL] > s[STOP] and close[i] <= s[TRAIL]:
                return sell_runner(column, s, s[TRAIL])
    return -1, order_nothing_nb()


def _by_bar(market: Market, openings: Openings) -> tuple[Any, Any]:
    stops, lots = np.zeros(len(market)), np.zeros(len(market))
    stops[openings.bar], lots[openings.bar] = openings.stop, openings.lots
    return stops, lots


def follow(market: Market, openings: Openings, ladders: Sequence[Ladder]) -> Any:
    """Order records of the full ladder, one column a ladder, entries ignored while a position is open."""
    columns = len(ladders)
    o, h, l, c = market.floats
    states = np.zeros((columns, 11))
    states[:, LAST] = -1
    close = c if columns == 1 else np.broadcast_to(c[:, None], (len(c), columns))
    portfolio = vbt.Portfolio.from_order_func(
        close, ladder_order, o, h, l, c, *_by_bar(market, openings), states, rows_of(ladders).astype(np.float64),
        flexible=True, init_cash=CASH, max_orders=(len(openings) * 5 + 5) * columns, max_logs=1, freq="1min",
        ffill_val_price=False, fill_pos_record=False,
    )  # fmt: skip
    return portfolio.orders.values


def stop_and_target(market: Market, openings: Openings, engine: str) -> Any:
    """Order records of one stop and one target of 2R, each taking all; no ladder, no trail."""
    o, h, l, c = market.floats
    entries, exits = np.zeros(len(c), dtype=bool), np.zeros(len(c), dtype=bool)
    entries[openings.bar] = True
    fraction = np.full(len(c), np.nan)
    fraction[openings.bar] = 1 - openings.stop / openings.price
    portfolio = vbt.Portfolio.from_signals(
        c, entries=entries, exits=exits, price=o, open=o, high=h, low=l, sl_stop=fraction, tp_stop=2 * fraction,
        size=float(openings.lots[0]), init_cash=CASH, max_orders=2 * len(openings) + 2, max_logs=1, engine=engine, stop_entry_price="fillprice",
        freq="1min",
    )  # fmt: skip
    return portfolio.orders.values


def exits_of(records: Any) -> Any:
    """Rows of bar, price, lots: int64 [F, 3]."""
    sold = records[records["side"] == 1]
    return np.column_stack([sold["idx"], np.rint(sold["price"]), np.rint(sold["size"])]).astype(np.int64)

"""hftbacktest: a book of one level a side that goes through each bar's open, low, high and close.

It knows neither candles nor stop orders: the algorithm looks at the bid after each of the four prices and sells at it.
Ours is given the same prices, each as a candle of its own, and the ask, a tick above, as the entry's price.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

from matched import workload
from matched.event_driven import Peer
from matched.workload import PARTS, Ladder, Market, Openings, rows_of

STEP = 15_000_000_000
R, SHARE, FROM, CALLBACK = 2, 10, 18, 26


def market_of(bars: int) -> Market:
    o, h, l, c = workload.market_of(bars).columns
    prices = np.column_stack([o, l, h, c]).ravel()
    return Market(prices, prices, prices, prices)


def openings_of(market: Market, seed: int) -> Openings:
    bar = workload.openings_of(market, seed, every=800).bar
    return workload.opened(bar, market.open[bar] + 1)


def feed_of(market: Market) -> Any:
    """Old bid and ask taken away, new ones put there; nothing where the price stays."""
    prices = market.floats[0]
    before = np.concatenate((prices[:1], prices[:-1]))
    moved = prices != before
    moved[0] = True
    prices, before, times = prices[moved], before[moved], ((np.arange(len(prices)) + 1) * STEP)[moved]
    events = np.zeros(4 * len(prices), event_dtype)
    bid, ask = (side | DEPTH_EVENT | EXCH_EVENT | LOCAL_EVENT for side in (BUY_EVENT, SELL_EVENT))
    changes = ((bid, before, 0.0), (ask, before + 1, 0.0), (bid, prices, 1e9), (ask, prices + 1, 1e9))
    for k, (side, price, quantity) in enumerate(changes):
        events["ev"][k::4], events["px"][k::4], events["qty"][k::4] = side, price, quantity
        events["exch_ts"][k::4] = events["local_ts"][k::4] = times
    return events[2:]  # nothing was there before the first


@njit
def sell(hbt: Any, number: int, quantity: float, fills: Any, i: int):
    """Numbers of orders begin at 1, and one bought before is none of the fills."""
    hbt.submit_sell_order(0, number, hbt.depth(0).best_bid, quantity, GTC, MARKET, True)
    order = hbt.orders(0).get(number)
    fills[number, 0], fills[number, 1], fills[number, 2] = i, order.exec_price, order.exec_qty
    return number + 1


@njit
def follow_bids(hbt: Any, stops: Any, lots: Any, ladder: Any, fills: Any):
    """stops, lots: by price, 0 lots where there is no entry. ladder [34], fills [orders, 3]."""
    number, held = 1, 0.0
    for i in range(1, len(stops)):
        if hbt.elapse(STEP) != 0:
            break
        bid = hbt.depth(0).best_bid
        if held == 0:
            if lots[i] == 0:
                continue
            entry, stop, held, opened = hbt.depth(0).best_ask, stops[i], lots[i], lots[i]
            risk, peak, trail, stage, rung, runner = entry - stop, entry, -np.inf, -1, 0, lots[i]
            for k in range(int(ladder[0])):
                runner -= np.floor(ladder[SHARE + k] * opened / PARTS)
            hbt.submit_buy_order(0, number, entry, opened, GTC, MARKET, True)
            hbt.clear_inactive_orders(0)
            number += 1
        if bid > peak:
            peak = bid
            while stage + 1 < ladder[1] and bid >= np.ceil((entry * PARTS + ladder[FROM + stage + 1] * risk) / PARTS):
                stage += 1
            if stage >= 0:
                trail = max(trail, np.ceil(bid * (PARTS - ladder[CALLBACK + stage]) / PARTS))
        if bid <= stop:
            number, held = sell(hbt, number, held, fills, i), 0.0
        elif runner > 0 and trail > stop and bid <= trail:
            quantity = min(runner, held)
            number, held, runner = sell(hbt, number, quantity, fills, i), held - quantity, 0.0
        while held > 0 and rung < ladder[0] and bid >= np.floor((entry * PARTS + ladder[R + rung] * risk) / PARTS):
            quantity = min(np.floor(ladder[SHARE + rung] * opened / PARTS), held)
            number, held, rung = sell(hbt, number, quantity, fills, i), held - quantity, rung + 1
    return number


def prepare(market: Market) -> Callable[[Openings, Ladder], Any]:
    feed = feed_of(market)

    def follow(openings: Openings, ladder: Ladder) -> Any:
        stops, lots = np.zeros(len(market)), np.zeros(len(market))
        stops[openings.bar], lots[openings.bar] = openings.stop, openings.lots
        asset = (
            BacktestAsset().data(feed).linear_asset(1.0).constant_order_latency(0, 0).risk_adverse_queue_model()
            .no_partial_fill_exchange().trading_value_fee_model(0, 0).tick_size(1.0).lot_size(1.0).last_trades_capacity(0)
        )  # fmt: skip
        hbt = HashMapMarketDepthBacktest([asset])
        fills = np.zeros((7 * len(openings) + 1, 3))
        follow_bids(hbt, stops, lots, rows_of([ladder])[0].astype(np.float64), fills)
        hbt.close()
        return np.rint(fills[fills[:, 2] > 0]).astype(np.int64)

    return follow


# A quarter of a million bars are a million prices and a feed of 256 MB.
PEER = Peer(250_000, prepare, market_of, openings_of)

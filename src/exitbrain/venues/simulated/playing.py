"""Bars of one or several symbols, played on the exchange up to an instant, in order of time, then of symbol.

A bar of length L opens at its time; price is at the first extreme after L/4, at the second after 3L/4, at the close
just before L. An instant between two of these finds price on the straight line between them, which changes no fill:
what lies between is met in the same order.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.markets import Bar, path_of

FUNDING_EVERY = 8 * 3_600_000
POINTS = 4


@dataclass(slots=True)
class _Line:
    """Where a symbol stands: its bar, how many of the bar's points are passed, and the way through it; `lift` is by
    how much price was moved by hand since the last point."""

    symbol: str
    bars: Sequence[Bar]
    bar: int = 0
    point: int = 0
    way: tuple[int, int, int] | None = None
    lift: int = 0

    def due(self) -> int | None:
        if self.bar >= len(self.bars):
            return None
        return point_time(self.bars[self.bar], self.point)


def _moved(bar: Bar, ticks: int) -> Bar:
    o, h, l, c = (max(1, price + ticks) for price in (bar.open, bar.high, bar.low, bar.close))
    return replace(bar, open=o, high=h, low=l, close=c)


def point_time(bar: Bar, point: int) -> int:
    return bar.at + (0, bar.length // 4, 3 * bar.length // 4, bar.length - 1)[point]


class Player:
    def __init__(self, exchange: Exchange, bars: Mapping[str, Sequence[Bar]]) -> None:
        self.exchange = exchange
        self.bars = {symbol: tuple(bars[symbol]) for symbol in sorted(bars)}
        self._lines = [_Line(symbol, series) for symbol, series in self.bars.items()]

    @property
    def ends_at(self) -> int:
        return max(series[-1].at + series[-1].length for series in self.bars.values() if series)

    def advance(self, now: int) -> None:
        """Everything up to and at `now`."""
        while line := self._next(now):
            self._play(line)
        for line in self._lines:
            self._approach(line, now)
        self.exchange.now = max(self.exchange.now, now)

    def _next(self, now: int) -> _Line | None:
        due = [(at, line.symbol, line) for line in self._lines if (at := line.due()) is not None and at <= now]
        return min(due, key=lambda one: one[:2])[2] if due else None

    def _play(self, line: _Line) -> None:
        bar, venue = line.bars[line.bar], self.exchange
        venue.now = max(venue.now, point_time(bar, line.point))
        if line.point == 0:
            rate = venue.contracts[line.symbol].funding_rate
            if rate and bar.at % FUNDING_EVERY < bar.length:
                venue.pay_funding(line.symbol, rate, bar.open)
            venue.begin_bar(line.symbol, bar)
        else:
            venue.move(line.symbol, self._way(line)[line.point - 1])
        line.point, line.lift = line.point + 1, 0
        if line.point == POINTS:
            line.bar, line.point, line.way = line.bar + 1, 0, None

    def _way(self, line: _Line) -> tuple[int, int, int]:
        """Chosen when price first leaves the open, by the position that is there then."""
        if line.way is None:
            side = self.exchange.account.position(line.symbol).side
            line.way = path_of(line.bars[line.bar], side, self.exchange.path)
        return line.way

    def _approach(self, line: _Line, now: int) -> None:
        if line.bar >= len(line.bars) or line.point == 0:
            return
        bar = line.bars[line.bar]
        since, until = point_time(bar, line.point - 1), point_time(bar, line.point)
        if not since < now < until:
            return
        way = (bar.open, *self._way(line))
        start, end = max(1, way[line.point - 1] + line.lift), way[line.point]
        price = start + (end - start) * (now - since) // (until - since)
        if price != self.exchange.markets[line.symbol].last:
            self.exchange.now = max(self.exchange.now, now)
            self.exchange.move(line.symbol, price)

    def shift(self, symbol: str, ticks: int) -> None:
        """Price moves by so much at once, through everything in between, and all that is still to come with it."""
        line = next(one for one in self._lines if one.symbol == symbol)
        market = self.exchange.markets[symbol]
        last, begun = max(1, market.last + ticks), line.point > 0
        coming = [_moved(bar, ticks) for bar in line.bars[line.bar + begun :]]
        if begun:
            bar, way = line.bars[line.bar], self._way(line)
            # Of the bar that forms, what has been stays; what is to come moves.
            been = way[: line.point - 1]
            line.way = way = (*been, *(max(1, price + ticks) for price in way[line.point - 1 :]))  # type: ignore[assignment]
            line.lift += ticks
            prices = (bar.open, *way, market.last, last)
            forming = replace(bar, high=max(prices), low=min(prices), close=way[-1])
            market.low, market.high = forming.low, forming.high
            coming.insert(0, forming)
        line.bars = self.bars[symbol] = (*line.bars[: line.bar], *coming)
        self.exchange.move(symbol, last)

    def seen(self, symbol: str, since: int | None = None) -> list[Bar]:
        """Bars so far, or those that end after `since`. The last may still be forming: it shows only where price has
        been."""
        line = next(one for one in self._lines if one.symbol == symbol)
        first = 0 if since is None else bisect_right(line.bars, since, key=lambda bar: bar.at + bar.length)
        done = list(line.bars[min(first, line.bar) : line.bar])
        if line.point and line.bar < len(line.bars):
            bar, last = line.bars[line.bar], self.exchange.markets[symbol].last
            been = (bar.open, *(self._way(line)[: line.point - 1] if line.point > 1 else ()), last)
            volume = bar.volume * line.point / POINTS
            done.append(Bar(bar.at, bar.length, bar.open, max(been), min(been), last, volume))
        return done

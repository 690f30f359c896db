"""The candles of a run through monitor, translation and simulated venue, in virtual time.

The driver plays the strategy: it opens, adds and reverses where the backtest did, by market orders of the same size. All
that leaves otherwise is the monitor's doing. Price takes the way of the backtest through each bar:

    open of t: the market orders that were decided at the close before → the strategy's → what the open has passed
    path of t: one extreme, the other, the close; after each piece the monitor hears of its fills and of the price
    close of t: price stands at the next open; the bar is told, and what is decided goes out

Between pieces time passes until all that should rest does, with price standing still.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

from exitbrain.backtesting.market import Market
from exitbrain.backtesting.settings import PATHS
from exitbrain.core.live.book import SECOND, Settings, State
from exitbrain.core.live.desired import desired
from exitbrain.core.live.events import (
    Alert,
    Ask,
    Cancel,
    Effect,
    Event,
    Managed,
    Mode,
    PriceSeen,
    Send,
    Started,
    Ticked,
)
from exitbrain.core.live.orders import Stage
from exitbrain.core.live.step import step
from exitbrain.core.market import Instrument
from exitbrain.features.lines import ClosedBar
from exitbrain.live.planning import Terms
from exitbrain.venues.binance.answers import answer_events
from exitbrain.venues.binance.asking import request_of
from exitbrain.venues.binance.in_process import ask_in_process
from exitbrain.venues.binance.streams import stream_events
from exitbrain.venues.binance.wire import Request
from exitbrain.venues.simulated.contracts import Contract, assets_of
from exitbrain.venues.simulated.dialect.venue import SimulatedVenue
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.markets import Bar, path_of
from exitbrain.venues.simulated.playing import Player
from exitbrain.wiring.inputs import RunInputs
from exitbrain.wiring.live.brain import Brain
from exitbrain.wiring.parity.entering import Entered, RunAgain

STRATEGY = "strategy"
MILLISECOND = 1_000
TICK = SECOND // 4
LONGEST_SETTLING = 60  # ticks
ENOUGH = Decimal(10) ** 18
MOST_LOTS = 10**18
PATH_WORDS = {number: word for word, number in PATHS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFill:
    """A fill at the venue: in which bar, why, signed lots, ticks."""

    symbol: str
    bar: int
    reason: str
    lots: int
    ticks: int
    maker: bool


class Unwritten:
    """The core without a journal: what is played here is played again at will."""

    def __init__(self) -> None:
        self.state = State(settings=Settings())

    def take(self, event: Event, now: int) -> tuple[Effect, ...]:
        self.state, effects = step(self.state, event, now)
        return effects


@dataclass(slots=True)
class _Line:
    """One symbol: its market, and where the venue's log of fills was last read."""

    market: Market
    bar: int = 0
    came_from: int = 0
    managed: bool = False
    is_standing: bool = False  # price stands at the open of `bar`, which is not served yet


@dataclass(slots=True)
class Played:
    fills: list[LiveFill] = field(default_factory=list)
    alerts: list[tuple[int, Alert]] = field(default_factory=list)
    steps: int = 0
    unsettled: int = 0


class Playing:
    def __init__(self, inputs: RunInputs, again: RunAgain) -> None:
        self._again, self._inputs = again, inputs
        self.played = Played()
        self._lines = {symbol: _Line(market) for symbol, market in sorted(inputs.markets.items())}
        self._instruments = {symbol: line.market.instrument for symbol, line in self._lines.items()}
        self._venue = self._made_venue()
        self._exchange = self._venue.exchange
        core = Unwritten()
        timeframe = min(line.market.timeframe for line in self._lines.values())
        self._brain = Brain(
            core, self._lines, timeframe, settings=inputs.settings, registry=inputs.registry, plan=inputs.plan,
            heed_stops=False,
        )  # fmt: skip
        self._monitor = self._brain.monitor
        self._causes: dict[str, str] = {}
        self._read_fills = 0
        self._orders = 0
        self.now = 0

    def _made_venue(self) -> SimulatedVenue:
        """The venue has room for any order: what it would refuse of a strategy's is no question of exits."""
        contracts = [_contract(instrument) for instrument in self._instruments.values()]
        num, den = self._again.settings.slippage
        exchange = Exchange(
            contracts, wallet=ENOUGH, path=PATH_WORDS[self._again.settings.path],
            slippage_bps=Decimal(num * 10_000) / Decimal(den),
        )  # fmt: skip
        return SimulatedVenue(Player(exchange, dict.fromkeys(self._instruments, ())))

    # time

    def play(self) -> Played:
        times = sorted({int(time) for line in self._lines.values() for time in line.market.times})
        self.now = times[0]
        self._take(Started(fence=1))
        for time in times:
            here = [
                line
                for line in self._lines.values()
                if line.bar < len(line.market) and line.market.times[line.bar] == time
            ]
            self.now = max(self.now, time)
            for line in here:
                self._open(line)
            for line in here:
                self._through(line)
            self._close([line for line in here if line.bar < len(line.market) - 1], time)
            for line in here:
                line.bar += 1
        return self.played

    def _open(self, line: _Line) -> None:
        market, symbol = line.market, line.market.symbol
        first = _bars(market, line.bar)[0]
        if not line.is_standing:
            line.came_from = self._exchange.stand_at(symbol, first)
        line.is_standing = False
        if not line.managed:
            line.managed = True
            self._take(Managed(key=symbol, instrument=market.instrument))
            self._settle(symbol)
        entered = self._again.entered.get((symbol, line.bar), ())
        if entered:
            self._take(PriceSeen(key=symbol, ticks=first.open))
        for one in entered:
            self._enter(one)
        self._exchange.serve(symbol, line.came_from)
        self._hear(line, first.open)

    def _through(self, line: _Line) -> None:
        """Price takes the rest of the bar: its own path, or that of the finer bars inside it."""
        symbol = line.market.symbol
        for place, bar in enumerate(_bars(line.market, line.bar)):
            if place:
                self._exchange.begin_bar(symbol, bar)
                self._hear(line, bar.open)
            side = self._exchange.account.position(symbol).side
            for number, price in enumerate(path_of(bar, side, self._exchange.path)):
                self.now = max(self.now, bar.at * MILLISECOND + (1, 2, 3)[number] * bar.length * MILLISECOND // 4)
                self._exchange.now = max(self._exchange.now, self.now // MILLISECOND)
                self._exchange.move(symbol, price)
                self._hear(line, price)

    def _close(self, lines: list[_Line], time: int) -> None:
        """The bars of one time close: price stands at each next open, and then they are told (spec F6, F8)."""
        bars = {}
        for line in lines:
            market, symbol = line.market, line.market.symbol
            self.now = max(self.now, time + market.timeframe)
            line.came_from = self._exchange.stand_at(symbol, _bars(market, line.bar + 1)[0])
            line.is_standing = True
            bars[symbol] = _closed_bar(market, line.bar)
        self._carry_out(self._monitor.bars_closed(bars, self.now))
        for line in lines:
            self._settle(line.market.symbol)
        self._read_log()

    # the strategy

    def _enter(self, entered: Entered) -> None:
        held = self._exchange.account.position(entered.symbol).lots
        side = 1 if entered.lots > 0 else -1
        lots = entered.lots
        if entered.lots == 0 or (held and held * side < 0):
            lots = entered.lots - held
        if lots == 0:
            return
        terms = entered.terms
        self._brain.planner.expect(
            entered.symbol,
            Terms(stop_price=terms.stop_price, stop_loss_pct=terms.stop_loss_pct, strategy_id=terms.strategy_id),
        )
        self._orders += 1
        instrument = self._instruments[entered.symbol]
        request = Request(
            method="POST",
            path="/fapi/v1/order",
            params={
                "symbol": entered.symbol, "side": "BUY" if lots > 0 else "SELL", "type": "MARKET",
                "quantity": str(instrument.quantity(abs(lots))), "newClientOrderId": f"{STRATEGY}{self._orders}",
            },
        )  # fmt: skip
        reply = ask_in_process(self._venue, request)
        assert reply.status == 200, (entered, reply)
        self._said(entered.symbol)
        self._settle(entered.symbol)

    # the monitor

    def _take(self, event: Event) -> None:
        self._carry_out(self._monitor.take(event, self.now))

    def _carry_out(self, effects: Iterable[Effect]) -> None:
        waiting = list(effects)
        while waiting:
            effect = waiting.pop(0)
            self.played.steps += 1
            if isinstance(effect, Alert):
                self.played.alerts.append((self.now, effect))
                continue
            waiting += self._asked(effect)

    def _asked(self, effect: Send | Cancel | Ask) -> list[Effect]:
        instrument = self._instruments[effect.key]
        if isinstance(effect, Send):
            self._causes[effect.id] = self._monitor.state.books[effect.key].orders[effect.id].cause
        self._exchange.now = max(self._exchange.now, self.now // MILLISECOND)
        replies = tuple(ask_in_process(self._venue, one) for one in request_of(effect, instrument))
        more: list[Effect] = []
        for event in answer_events(effect, replies, self.now, instrument):
            more += self._monitor.take(event, self.now)
        for payload in self._venue.said(self._exchange.now):
            for event in stream_events(payload, self._instruments, self.now):
                more += self._monitor.take(event, self.now)
        return more

    def _said(self, symbol: str) -> None:
        for payload in self._venue.said(self._exchange.now):
            for event in stream_events(payload, self._instruments, self.now):
                self._take(event)

    def _hear(self, line: _Line, price: int) -> None:
        """Fills first, as they happened on the way; then where price stands now."""
        symbol = line.market.symbol
        if len(self._exchange.fills) > self._read_fills:
            self._said(symbol)
        if self._exchange.account.position(symbol).lots or self._monitor.state.books[symbol].lots:
            self._take(PriceSeen(key=symbol, ticks=price))
            self._settle(symbol)
        self._read_log()

    def _settle(self, symbol: str) -> None:
        for _ in range(LONGEST_SETTLING):
            if self._is_settled(symbol):
                return
            self.now += TICK
            self._take(Ticked())
        self.played.unsettled += 1

    def _is_settled(self, symbol: str) -> bool:
        """Position and open orders are known, and what should rest does, and nothing else."""
        book = self._monitor.state.books[symbol]
        if book.lots != self._exchange.account.position(symbol).lots or not book.is_synced:
            return False
        if book.lots and (book.plan is None or book.grown or book.target is not None):
            return False
        if book.lots and (book.through_since is not None or book.trail_through_since is not None):
            return False  # the engine is about to act
        wants = desired(book, self._monitor.state.settings, Mode.ACTIVE)
        present = [order for order in book.orders.values() if not order.is_final]
        return len(present) == len(wants) and all(
            any(
                order.lane == (want.role, want.leg) and order.stage is Stage.LIVE and order.fits(want)
                for order in present
            )
            for want in wants
        )

    def _read_log(self) -> None:
        """The venue's log is the judge of what was filled. Where price stands at the next open, that bar has begun."""
        fills = self._exchange.fills
        for fill in fills[self._read_fills :]:
            made = self._exchange.orders[fill.order_id].client_id
            reason = STRATEGY if made.startswith(STRATEGY) else self._causes.get(made, made)
            line = self._lines[fill.symbol]
            self.played.fills.append(
                LiveFill(
                    symbol=fill.symbol, bar=line.bar + line.is_standing, reason=reason, lots=fill.side * fill.lots,
                    ticks=fill.price, maker=fill.maker,
                )
            )  # fmt: skip
        self._read_fills = len(fills)


def _contract(instrument: Instrument) -> Contract:
    base, quote = assets_of(instrument.symbol)
    # Least sizes are left to the run: it may have switched its own off.
    free = replace(instrument, min_quantity=None, min_notional=None)
    return Contract(
        instrument=free, base=base, quote=quote, max_lots=MOST_LOTS, market_max_lots=MOST_LOTS, band=Decimal(1000)
    )


def _bars(market: Market, bar: int) -> list[Bar]:
    """The bar as the venue plays it, or the finer bars inside it where they cover it."""
    o, h, l, c = market.steps(1)
    first, after = market.step_of(bar), market.step_of(bar + 1)
    length = market.timeframe // MILLISECOND // (after - first)
    at = market.times[bar] // MILLISECOND
    return [
        Bar(at + (s - first) * length, length, int(o[s]), int(h[s]), int(l[s]), int(c[s])) for s in range(first, after)
    ]


def _closed_bar(market: Market, bar: int) -> ClosedBar:
    high, low, close = market.floats
    spread = None if market.spread_bps is None else float(market.spread_bps[bar])
    return ClosedBar(
        time=int(market.times[bar]), open=float(market.opens[bar]), high=float(high[bar]), low=float(low[bar]),
        close=float(close[bar]), volume=float(market.volume[bar]), spread_bps=spread,
    )  # fmt: skip

"""The matching model: requests, prices and times in; orders, fills and events out. No clock, no dice, no I/O.

The caller says what time it is and where price goes (`begin_bar`, `finish_bar`, or `move` piece by piece). What the
account's owner would be told gathers in `events` until it is taken.

    venue = Exchange([contract], wallet=Decimal(10_000))
    venue.begin_bar("BTCUSDT", bar)
    venue.place(OrderRequest(symbol="BTCUSDT", side=BUY, kind=Kind.MARKET, lots=10, client_id="a"))
    venue.finish_bar("BTCUSDT")
    venue.take_events()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

from exitbrain.core.market import FEE_STEP
from exitbrain.core.numbers import fraction_of
from exitbrain.venues.simulated import checks, conditional
from exitbrain.venues.simulated.account import ZERO, Account
from exitbrain.venues.simulated.contracts import Contract
from exitbrain.venues.simulated.markets import Bar, Market, path_of, slipped
from exitbrain.venues.simulated.orders import (
    SELL,
    AccountEvent,
    AlgoEvent,
    AlgoOrder,
    AlgoRequest,
    Event,
    Fate,
    Fill,
    Kind,
    LeverageEvent,
    Order,
    OrderEvent,
    OrderRequest,
    Position,
    Status,
)
from exitbrain.venues.simulated.refusals import Refusal
from exitbrain.venues.simulated.touching import (
    RUIN,
    Level,
    algo_level,
    crosses,
    followed,
    is_met,
    next_met,
    next_passed,
    order_level,
)


class Exchange:
    """`slippage_bps` and `path` as in a backtest's config; `depth` is how many lots one touch of price fills of an
    order, None for all; `fates` decides what becomes of a triggered conditional order."""

    def __init__(
        self,
        contracts: Iterable[Contract],
        *,
        wallet: Decimal = Decimal(10_000),
        now: int = 0,
        path: str = "adverse",
        slippage_bps: Decimal = ZERO,
        depth: int | None = None,
        fates: Callable[[AlgoOrder], Fate] = lambda _: Fate.FILL,
    ) -> None:
        self.contracts = {contract.symbol: contract for contract in contracts}
        self.account = Account(ZERO, self.contracts)
        self.markets: dict[str, Market] = {}
        self.orders: dict[int, Order] = {}
        self.algos: dict[int, AlgoOrder] = {}
        self.fills: list[Fill] = []
        self.now = now
        self.path = path
        self.depth = depth
        self.fates = fates
        exact = fraction_of(slippage_bps, "slippage_bps") / 10_000
        self.slippage = (exact.numerator, exact.denominator)
        self._open_orders: dict[int, None] = {}
        self._open_algos: dict[int, None] = {}
        self._bars: dict[str, Bar] = {}
        self._numbers = 0
        self._events: list[Event] = []
        self.account.book("TRANSFER", "", wallet, now)

    # what is asked of it

    def place(self, request: OrderRequest) -> Order:
        """The order as it stands once matched. Raises Refusal, with nothing changed."""
        checks.check_order(self, request)
        lots = request.lots
        if request.reduce_only:
            lots = min(lots, abs(self.account.position(request.symbol).lots))
        order = self.accept(request, lots)
        return self.match(order)

    def place_algo(self, request: AlgoRequest) -> AlgoOrder:
        checks.check_algo(self, request)
        return conditional.rest(self, request)

    def cancel(self, order_id: int) -> Order:
        order = self.orders.get(order_id)
        if order is None or not order.status.is_open:
            raise Refusal(-2011)
        return self.close_order(order, Status.CANCELED)

    def cancel_algo(self, algo_id: int) -> AlgoOrder:
        return conditional.cancel(self, algo_id)

    def set_leverage(self, symbol: str, leverage: int) -> Position:
        checks.check_symbol(self, symbol)
        if not 1 <= leverage <= self.contracts[symbol].max_leverage:
            raise Refusal(-4028, leverage=leverage)
        position = replace(self.account.position(symbol), leverage=leverage)
        self.account.positions[symbol] = position
        self.tell(LeverageEvent(symbol=symbol, leverage=leverage, at=self.now))
        return position

    def set_isolated(self, symbol: str, isolated: bool) -> Position:
        checks.check_symbol(self, symbol)
        position = self.account.position(symbol)
        if position.isolated == isolated:
            raise Refusal(-4046)
        if position.lots:
            raise Refusal(-4048)
        if self.open_orders(symbol) or self.open_algos(symbol):
            raise Refusal(-4047)
        self.account.positions[symbol] = replace(position, isolated=isolated)
        return self.account.positions[symbol]

    # what can be read

    def open_orders(self, symbol: str | None = None) -> list[Order]:
        return [
            order for number in self._open_orders if (order := self.orders[number]).symbol == symbol or symbol is None
        ]

    def open_algos(self, symbol: str | None = None) -> list[AlgoOrder]:
        return [
            algo
            for number in self._open_algos
            if (algo := self.algos[number]).request.symbol == symbol or symbol is None
        ]

    def resting_reductions(self, symbol: str) -> int:
        return sum(order.remaining for order in self.open_orders(symbol) if order.reduce_only)

    def available(self) -> Decimal:
        """What new positions may use as margin: all that is there, less what positions and resting orders hold."""
        free = self.account.cross_wallet
        for symbol in self.account.open_symbols():
            if not self.account.position(symbol).isolated:
                mark = self.markets[symbol].mark
                free += self.account.unrealized(symbol, mark) - self.account.initial_margin(symbol, mark)
        return max(ZERO, free - self.order_margin())

    def order_margin(self, symbol: str | None = None) -> Decimal:
        held = ZERO
        for order in self.open_orders(symbol):
            if not order.reduce_only and order.price is not None:
                notional = self.contracts[order.symbol].notional(order.price, order.remaining)
                held += notional / self.account.position(order.symbol).leverage
        return held.quantize(FEE_STEP, rounding=ROUND_HALF_EVEN)

    def would_trigger(self, request: AlgoRequest) -> bool:
        """Whether its price is there already. A trailing order without activation price is armed at once."""
        market = self.markets[request.symbol]
        price = market.mark if request.working_type == "MARK_PRICE" else market.last
        if request.kind is Kind.TRAILING_STOP_MARKET:
            return False
        assert request.trigger is not None, request
        above = (request.side == SELL) != request.kind.is_stop
        return price >= request.trigger if above else price <= request.trigger

    def take_events(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken

    # prices and time

    def begin_bar(self, symbol: str, bar: Bar) -> None:
        """Price jumps to the open; what it passed is served there."""
        self.serve(symbol, self.stand_at(symbol, bar))

    def stand_at(self, symbol: str, bar: Bar) -> int:
        """Price jumps to the open, and nothing is served yet: a market order that comes now goes before what the open
        has passed, as one does that was decided at the close before (spec F8). Returns where price came from."""
        self.now = max(self.now, bar.at)
        self._bars[symbol] = bar
        market = self.markets.get(symbol)
        if market is None:
            self.markets[symbol] = Market(
                symbol=symbol, last=bar.open, mark=bar.open, low=bar.low, high=bar.high, updated_at=self.now
            )
            return bar.open
        market.low, market.high = bar.low, bar.high
        before = market.last
        self._stand(market, bar.open)
        return before

    def finish_bar(self, symbol: str) -> None:
        """Price takes the rest of the bar's path; time moves to a quarter, three quarters and the end of it."""
        bar = self._bars[symbol]
        way = path_of(bar, self.account.position(symbol).side, self.path)
        for number, price in enumerate(way):
            self.now = max(self.now, bar.at + (1, 3, 4)[number] * bar.length // 4 - (number == 2))
            self.move(symbol, price)

    def jump(self, symbol: str, price: int) -> None:
        market = self.markets[symbol]
        before = market.last
        self._stand(market, price)
        self.serve(symbol, before)

    def serve(self, symbol: str, before: int) -> None:
        """What a jump from `before` to where price stands has passed."""
        market = self.markets[symbol]
        while level := next_passed(self._levels(market), before, market.last):
            self._serve(level, market.last)

    def move(self, symbol: str, price: int) -> None:
        """Price goes to `price` through everything in between."""
        market = self.markets[symbol]
        market.step += 1
        while met := next_met(self._levels(market), market.last, price):
            level, at = met
            self._stand(market, at, counts=False)
            self._serve(level, at)
        self._stand(market, price, counts=False)

    def set_mark(self, symbol: str, price: int) -> None:
        """From now on the mark is what the caller says, and conditional orders on it trigger by it."""
        market = self.markets[symbol]
        market.mark_follows, market.mark = False, price
        for algo in self.open_algos(symbol):
            if algo.request.working_type == "MARK_PRICE":
                if is_met(algo_level(algo), price):
                    conditional.reach(self, algo, price)
                else:
                    self.algos[algo.algo_id] = followed(algo, price)
        self._liquidate()

    def pay_funding(self, symbol: str, rate: Decimal, mark: int | None = None) -> None:
        """Longs pay shorts `rate` of the notional at the mark, or at the mark given."""
        position = self.account.position(symbol)
        if not position.lots:
            return
        at = self.markets[symbol].mark if mark is None else mark
        money = self.contracts[symbol].instrument.money(position.lots * at)
        amount = -(money * rate).quantize(FEE_STEP, rounding=ROUND_HALF_EVEN)
        self.account.book("FUNDING_FEE", symbol, amount, self.now)
        self.tell_account("FUNDING_FEE", amount, symbol if position.isolated else None)

    def _stand(self, market: Market, price: int, *, counts: bool = True) -> None:
        market.step += counts
        market.last = price
        market.updated_at = self.now
        if market.mark_follows:
            market.mark = price
        for algo in self.open_algos(market.symbol):
            if algo.peak is not None and (market.mark_follows or algo.request.working_type != "MARK_PRICE"):
                self.algos[algo.algo_id] = followed(algo, price)

    def _levels(self, market: Market) -> list[Level]:
        levels = [order_level(order) for order in self.open_orders(market.symbol) if order.touched != market.step]
        for algo in self.open_algos(market.symbol):
            if market.mark_follows or algo.request.working_type != "MARK_PRICE":
                levels.append(algo_level(algo))
        position = self.account.position(market.symbol)
        if position.lots and market.mark_follows:
            marks = {symbol: one.mark for symbol, one in self.markets.items()}
            ruin = self.account.liquidation_ticks(market.symbol, marks)
            if ruin is not None:
                levels.append(Level(ruin, position.side < 0, RUIN, 0))
        return levels

    def _serve(self, level: Level, price: int) -> None:
        if level.rank == RUIN:
            self._liquidate()
        elif level.number in self._open_algos:
            conditional.reach(self, self.algos[level.number], price)
        else:
            order = self.orders[level.number]
            market = self.markets[order.symbol]
            self.orders[level.number] = replace(order, touched=market.step)
            self.fill(self.orders[level.number], price, self._served(order), maker=True)

    def _served(self, order: Order) -> int:
        return order.remaining if self.depth is None else min(self.depth, order.remaining)

    # orders and fills

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def accept(self, request: OrderRequest, lots: int, algo: AlgoOrder | None = None) -> Order:
        number = self.number()
        order = Order(
            order_id=number,
            client_id=request.client_id or f"venue-{number}",
            symbol=request.symbol,
            side=request.side,
            kind=request.kind,
            lots=lots,
            price=request.price,
            time_in_force=request.time_in_force,
            reduce_only=request.reduce_only,
            created_at=self.now,
            updated_at=self.now,
            algo_id=algo.algo_id if algo else None,
            original=algo.request.kind if algo else None,
            trigger=algo.request.trigger if algo else None,
            close_position=bool(algo and algo.request.close_position),
        )
        self.orders[number] = order
        self._open_orders[number] = None
        self.tell(OrderEvent(order=order, execution="NEW", at=self.now))
        return order

    def match(self, order: Order) -> Order:
        """What can be done at once is; the rest of a limit order rests or expires."""
        if order.price is None or crosses(order.side, order.price, self.markets[order.symbol].last):
            self.take(order)
        order = self.orders[order.order_id]
        if order.status.is_open and (order.kind is not Kind.LIMIT or order.time_in_force in ("IOC", "FOK")):
            order = self.close_order(order, Status.EXPIRED)
        return order

    def take(self, order: Order) -> None:
        """Fills against the book at the market, in pieces of `depth`."""
        market = self.markets[order.symbol]
        price = market.last
        if order.kind is not Kind.LIMIT:
            price = slipped(market, price, order.side, *self.slippage)
        while order.status.is_open:
            self.fill(order, price, self._served(order), maker=False)
            order = self.orders[order.order_id]

    def fill(self, order: Order, price: int, lots: int, *, maker: bool) -> None:
        """Books a fill. Reduce-only is asked again here: the position may have changed since the order came."""
        position = self.account.position(order.symbol)
        if order.reduce_only or order.close_position:
            lots = min(lots, abs(position.lots)) if position.side == -order.side else 0
        if not lots:
            self.close_order(order, Status.EXPIRED)
            return
        instrument = self.contracts[order.symbol].instrument
        fill = Fill(
            trade_id=len(self.fills) + 1,
            order_id=order.order_id,
            symbol=order.symbol,
            side=order.side,
            price=price,
            lots=lots,
            maker=maker,
            fee=instrument.fee(price, lots, maker=maker),
            realized=ZERO,
            at=self.now,
        )
        fill = self.account.apply(fill)
        self.fills.append(fill)
        filled = order.filled + lots
        order = replace(
            order,
            filled=filled,
            cost=order.cost + price * lots,
            status=Status.FILLED if filled == order.lots else Status.PARTIALLY_FILLED,
            updated_at=self.now,
        )
        self.orders[order.order_id] = order
        if not order.status.is_open:
            del self._open_orders[order.order_id]
        self.tell_account("ORDER", ZERO, order.symbol)
        kind = "CALCULATED" if order.kind is Kind.LIQUIDATION else "TRADE"
        self.tell(OrderEvent(order=order, execution=kind, at=self.now, fill=fill))
        conditional.note_child(self, order)
        after = self.account.position(order.symbol)
        if order.reduce_only and order.status.is_open and not after.lots:
            self.close_order(order, Status.EXPIRED)
        if position.side and after.side != position.side:
            self._end_position(order.symbol)

    def _end_position(self, symbol: str) -> None:
        """What was there only to reduce the position goes with it."""
        for order in self.open_orders(symbol):
            if order.reduce_only:
                self.close_order(order, Status.EXPIRED)
        for algo in self.open_algos(symbol):
            if algo.request.close_position:
                conditional.expire(self, algo)

    def close_order(self, order: Order, status: Status) -> Order:
        order = replace(self.orders[order.order_id], status=status, updated_at=self.now)
        self.orders[order.order_id] = order
        self._open_orders.pop(order.order_id, None)
        self.tell(OrderEvent(order=order, execution=status.value, at=self.now))
        conditional.note_child(self, order)
        return order

    def _liquidate(self) -> None:
        """The venue takes over every position whose margin is spent, and cancels what rests on it."""
        for symbol in self.account.open_symbols():
            market = self.markets[symbol]
            marks = {name: one.mark for name, one in self.markets.items()}
            ruin = self.account.liquidation_ticks(symbol, marks)
            position = self.account.position(symbol)
            if ruin is None or (market.mark > ruin if position.side > 0 else market.mark < ruin):
                continue
            for order in self.open_orders(symbol):
                self.close_order(order, Status.CANCELED)
            request = OrderRequest(
                symbol=symbol,
                side=-position.side,
                kind=Kind.LIQUIDATION,
                lots=abs(position.lots),
                time_in_force="IOC",
                client_id=f"autoclose-{self.now}{self._numbers}",
            )
            order = self.accept(request, request.lots)
            self.fill(order, market.last, order.lots, maker=False)

    # events

    def tell(self, event: Event) -> None:
        self._events.append(event)

    def tell_algo(self, algo: AlgoOrder) -> None:
        """Keeps the order as it is now, and tells so."""
        self.algos[algo.algo_id] = algo
        if algo.is_open:
            self._open_algos[algo.algo_id] = None
        else:
            self._open_algos.pop(algo.algo_id, None)
        self.tell(AlgoEvent(algo=algo, at=self.now))

    def tell_account(self, reason: str, change: Decimal, symbol: str | None) -> None:
        self.tell(
            AccountEvent(
                reason=reason,
                wallet=self.account.wallet,
                cross_wallet=self.account.cross_wallet,
                change=change,
                positions=() if symbol is None else (self.account.position(symbol),),
                at=self.now,
            )
        )

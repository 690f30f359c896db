"""The simulated venue as the judge knows it: the one matching model, what it tells, and what it would have told before."""

from __future__ import annotations

import contextlib
from bisect import bisect_right
from collections import deque
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from exitbrain.core.live import events as e
from exitbrain.core.live.client_ids import parsed_id
from exitbrain.core.live.orders import OrderKind, Status
from exitbrain.core.market import Instrument
from exitbrain.live.simulation.agenda import Agenda, Dice
from exitbrain.live.simulation.swarm import MINUTE, SECOND, Swarm
from exitbrain.venues.binance.answers import answer_events
from exitbrain.venues.binance.asking import EXCHANGE_INFO, request_of
from exitbrain.venues.binance.contracts import instruments_of
from exitbrain.venues.binance.in_process import ask_in_process
from exitbrain.venues.binance.streams import stream_events
from exitbrain.venues.binance.wire import Reply, Request
from exitbrain.venues.simulated import conditional
from exitbrain.venues.simulated.contracts import Contract
from exitbrain.venues.simulated.dialect.telling import payload
from exitbrain.venues.simulated.dialect.venue import SimulatedVenue
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.orders import (
    AccountEvent,
    AlgoEvent,
    AlgoOrder,
    AlgoRequest,
    AlgoStatus,
    Fate,
    Kind,
    Order,
    OrderEvent,
    OrderRequest,
)
from exitbrain.venues.simulated.orders import Status as OrderStatus
from exitbrain.venues.simulated.playing import Player
from exitbrain.venues.simulated.refusals import Refusal

KEY = "XUSDT"
RECEIVE_WINDOW = 5 * SECOND
START_PRICE = 1000
KINDS = {
    OrderKind.STOP_MARKET: Kind.STOP_MARKET,
    OrderKind.TAKE_PROFIT_MARKET: Kind.TAKE_PROFIT_MARKET,
    OrderKind.LIMIT: Kind.LIMIT,
    OrderKind.LIMIT_IOC: Kind.LIMIT,
    OrderKind.MARKET: Kind.MARKET,
}
RESTING_KINDS = {
    Kind.STOP_MARKET: OrderKind.STOP_MARKET,
    Kind.TAKE_PROFIT_MARKET: OrderKind.TAKE_PROFIT_MARKET,
    Kind.LIMIT: OrderKind.LIMIT,
}
STOPS = (Kind.STOP_MARKET,)
DENIED = Reply(status=400, body={"code": -2013, "msg": "Order does not exist."})
TICK, LOT = Decimal("0.1"), Decimal("0.001")


def contract_of(swarm: Swarm) -> Contract:
    tick, lot = (TICK, LOT) if swarm.spoken else (Decimal(1), Decimal(1))
    largest = lot * swarm.largest_order if swarm.largest_order else None
    instrument = Instrument(
        symbol=KEY, tick_size=tick, lot_size=lot, max_order_quantity=largest, maker_fee=Decimal(0), taker_fee=Decimal(0),
    )  # fmt: skip
    return Contract(instrument=instrument, base="X", quote="USDT", market_max_lots=swarm.largest_order or 10**6)


class Venue:
    def __init__(self, swarm: Swarm, agenda: Agenda, dice: Dice) -> None:
        self.swarm, self.agenda, self.dice = swarm, agenda, dice
        self.contract = contract_of(swarm)
        self.instrument = self.contract.instrument
        self.exchange = Exchange(
            [self.contract],
            wallet=(400 if swarm.thin_margin else 10**9) * self.instrument.money_unit,
            slippage_bps=Decimal(swarm.slippage_bps),
            depth=swarm.depth or None,
            fates=self._fate,
        )
        self._bar = Bar(0, 1 << 50, START_PRICE, 1 << 40, 1, START_PRICE)
        self.dialect = SimulatedVenue(Player(self.exchange, {KEY: (self._bar,)}))
        self.exchange.fates = self._fate
        self.exchange.begin_bar(KEY, self._bar)
        if swarm.spoken:
            said = ask_in_process(self.dialect, Request(method="GET", path=EXCHANGE_INFO)).body
            self.instrument = instruments_of(said, maker_fee=Decimal(0), taker_fee=Decimal(0))[KEY]
        self.algos: dict[str, int] = {}  # own and others' ids → numbers
        self.orders: dict[str, int] = {}
        self.hidden: dict[str, int] = {}  # until when the venue denies an order
        self.told: deque[e.PositionSeen | e.OrderSeen] = deque()
        self.version = 0  # of what rests: counts changes
        self.life = 0  # of positions: counts openings
        self.acted_at = -MINUTE  # when the venue last took a stop away without filling it
        self.killed: dict[str, int] = {}  # when a stop went without a cancel of ours
        self._books: list[tuple[int, tuple[e.Resting, ...]]] = []
        self._places: list[tuple[int, e.PositionSeen]] = [(0, self.position())]
        self._lots = 0

    # the account

    @property
    def price(self) -> int:
        return self.exchange.markets[KEY].last

    @property
    def lots(self) -> int:
        held = self.exchange.account.positions.get(KEY)
        return held.lots if held else 0

    @property
    def side(self) -> int:
        return (self.lots > 0) - (self.lots < 0)

    def position(self) -> e.PositionSeen:
        held = self.exchange.account.position(KEY)
        entry = Fraction(held.cost, held.lots) if held.lots else Fraction(0)
        return e.PositionSeen(key=KEY, lots=held.lots, entry=entry, version=held.updated_at)

    def cover(self, without: str = "") -> int:
        """Lots that resting stops would close, whoever placed them."""
        size, side, covered = abs(self.lots), self.side, 0
        for algo in self.exchange.open_algos():
            request = algo.request
            if request.side != -side or request.kind not in STOPS or request.client_id == without:
                continue
            covered += size if request.close_position else request.lots
        return min(size, covered)

    def own_open(self) -> list[str]:
        exchange = self.exchange
        ids = [algo.request.client_id for algo in exchange.open_algos()]
        ids += [order.client_id for order in exchange.open_orders() if order.algo_id is None]
        return [id_ for id_ in ids if parsed_id(id_)]

    def is_open_stop(self, id_: str) -> bool:
        number = self.algos.get(id_)
        return number is not None and self.exchange.algos[number].is_open

    def filled_of(self, id_: str) -> int:
        if id_ in self.algos:
            return self.exchange.algos[self.algos[id_]].filled
        return self.exchange.orders[self.orders[id_]].filled if id_ in self.orders else 0

    # requests

    def answer(self, effect: e.Send | e.Cancel | e.Ask, asked_at: int) -> tuple[e.Event, ...]:
        """The same through the venue's own words, in both directions."""
        self._now()
        spoken, denied = self.dialect, isinstance(effect, e.Ask) and self.is_hidden(effect.id)
        replies = tuple(
            DENIED
            if denied or (isinstance(effect, e.Cancel) and self.is_hidden(effect.id))
            else ask_in_process(spoken, one)
            for one in request_of(effect, self.instrument)
        )
        self.gather()
        events = answer_events(effect, replies, asked_at, self.instrument)
        return tuple(self._undenied(one) for one in events)

    def _undenied(self, event: e.Event) -> e.Event:
        if isinstance(event, e.OrdersSeen):
            return replace(event, orders=tuple(one for one in event.orders if not self.is_hidden(one.id)))
        return event

    def place(self, send: e.Send, sent_at: int) -> int:
        """0, or the code of a refusal."""
        if self.agenda.now - sent_at > RECEIVE_WINDOW:
            return -1021
        try:
            if send.kind in (OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET):
                self.rest(algo_request(send))
            else:
                self.order(order_request(send))
        except Refusal as refusal:
            return refusal.code
        finally:
            self.gather()
        return 0

    def rest(self, request: AlgoRequest) -> None:
        self._now()
        algo = self.exchange.place_algo(request)
        self.algos[request.client_id] = algo.algo_id

    def order(self, request: OrderRequest) -> None:
        self._now()
        order = self.exchange.place(request)
        self.orders[request.client_id] = order.order_id

    def cancel(self, id_: str) -> int:
        self._now()
        try:
            if self.is_hidden(id_):
                return -2011
            if id_ in self.algos:
                self.exchange.cancel_algo(self.algos[id_])
            elif id_ in self.orders:
                self.exchange.cancel(self.orders[id_])
            else:
                return -2011
        except Refusal as refusal:
            return refusal.code
        finally:
            self.gather()
        return 0

    def is_hidden(self, id_: str) -> bool:
        return self.hidden.get(id_, 0) > self.agenda.now

    # what it answers

    def order_seen(self, id_: str) -> e.OrderSeen | None:
        """None: it says that there is no such order."""
        if self.is_hidden(id_):
            return None
        if id_ in self.algos:
            return algo_seen(self.exchange.algos[self.algos[id_]], self.exchange)
        if id_ in self.orders:
            return plain_seen(self.exchange.orders[self.orders[id_]])
        return None

    def position_at(self, at: int) -> e.PositionSeen:
        return self._places[bisect_right(self._places, at, key=lambda one: one[0]) - 1][1]

    def listing_at(self, at: int) -> tuple[e.Resting, ...]:
        index = bisect_right(self._books, at, key=lambda one: one[0]) - 1
        known = self._books[index][1] if index >= 0 else ()
        return tuple(one for one in known if not self.is_hidden(one.id))

    def listing(self) -> tuple[e.Resting, ...]:
        listed = []
        for algo in self.exchange.open_algos():
            request = algo.request
            listed.append(
                e.Resting(
                    id=request.client_id, side=request.side, kind=RESTING_KINDS[request.kind],
                    level=request.trigger or 0, lots=request.lots, close_position=request.close_position,
                    reduce_only=request.reduce_only or request.close_position, own=bool(parsed_id(request.client_id)),
                )
            )  # fmt: skip
        for order in self.exchange.open_orders():
            if order.price is not None and order.algo_id is None:
                listed.append(
                    e.Resting(
                        id=order.client_id, side=order.side, kind=OrderKind.LIMIT, level=order.price, lots=order.lots,
                        filled=order.filled, reduce_only=order.reduce_only, own=bool(parsed_id(order.client_id)),
                    )
                )  # fmt: skip
        return tuple(listed)

    # the market

    def move(self, price: int, *, leaps: bool) -> None:
        self._now()
        if leaps:
            self.exchange.jump(KEY, price)
        else:
            self.exchange.move(KEY, price)
        self.gather()

    def change(self, lots: int, id_: str) -> None:
        """Others trade: a market order of theirs."""
        request = OrderRequest(symbol=KEY, side=1 if lots > 0 else -1, kind=Kind.MARKET, lots=abs(lots), client_id=id_)
        with contextlib.suppress(Refusal):
            self.order(request)
        self.gather()

    def deleverage(self, lots: int) -> None:
        """The venue takes a part of the position; its order is neither ours nor reduce-only."""
        self._now()
        request = OrderRequest(
            symbol=KEY, side=-self.side, kind=Kind.LIQUIDATION, lots=lots, client_id=f"adl_autoclose{self.agenda.now}",
            time_in_force="IOC",
        )  # fmt: skip
        order = self.exchange.accept(request, lots)
        self.exchange.fill(order, self.price, lots, maker=False)
        self.gather()

    def _fate(self, algo: AlgoOrder) -> Fate:
        if algo.request.kind not in STOPS:
            return Fate.FILL
        met = self.dice.one_of(
            "trigger",
            (("unfilled", self.swarm.unfilled), ("rejected", self.swarm.rejected), ("stuck", self.swarm.stuck)),
        )
        if not met:
            return Fate.FILL
        self.acted_at = self.agenda.now
        if met == "stuck":
            wait = self.dice.of("stuck").randint(1, 150) * SECOND // 10
            self.agenda.later(wait, lambda: self._unstick(algo.algo_id))
        return {"unfilled": Fate.UNFILLED, "rejected": Fate.REJECT, "stuck": Fate.STUCK}[met]

    def settle(self) -> None:
        """Nothing is denied, nothing is stuck."""
        self.hidden.clear()
        for number in list(self.exchange.algos):
            self._unstick(number)

    def _unstick(self, number: int) -> None:
        self._now()
        if self.exchange.algos[number].status is AlgoStatus.TRIGGERING:
            conditional.execute(self.exchange, self.exchange.algos[number])
        self.gather()

    def _now(self) -> None:
        self.exchange.now = max(self.exchange.now, self.agenda.now // 1000)

    def gather(self) -> None:
        """What happened becomes what is told, and what a stale snapshot will show."""
        happened = self.exchange.take_events()
        if not happened:
            return
        now, told = self.agenda.now, self.told
        for event in happened:
            if isinstance(event, AlgoEvent):
                self.algos[event.algo.request.client_id] = event.algo.algo_id
            elif isinstance(event, OrderEvent) and event.order.algo_id is None:
                self.orders[event.order.client_id] = event.order.order_id
            if self.swarm.spoken:
                said = stream_events(payload(self.exchange, event), {KEY: self.instrument}, now)
                told.extend(one for one in said if isinstance(one, e.PositionSeen | e.OrderSeen))
                if isinstance(event, AlgoEvent) and event.algo.status not in (AlgoStatus.NEW, AlgoStatus.CANCELED):
                    self.killed.setdefault(event.algo.request.client_id, now)
                continue
            if isinstance(event, AccountEvent):
                if event.positions:
                    told.append(self.position())
            elif isinstance(event, AlgoEvent):
                told.append(algo_seen(event.algo, self.exchange))
                if event.algo.status not in (AlgoStatus.NEW, AlgoStatus.CANCELED):
                    self.killed.setdefault(event.algo.request.client_id, now)
            elif isinstance(event, OrderEvent) and event.order.algo_id is None:
                told.append(plain_seen(event.order))
        self.version += 1
        lots = self.lots
        if lots != self._lots:
            if self._lots * lots <= 0 and lots:
                self.life += 1
            self._lots = lots
            self._places.append((now, self.position()))
        self._books.append((now, self.listing()))
        if len(self._books) > 64:
            del self._books[:32]


def algo_request(send: e.Send) -> AlgoRequest:
    return AlgoRequest(
        symbol=KEY, side=send.side, kind=KINDS[send.kind], lots=0 if send.close_position else send.lots,
        trigger=send.level, reduce_only=not send.close_position, close_position=send.close_position, client_id=send.id,
    )  # fmt: skip


def order_request(send: e.Send) -> OrderRequest:
    return OrderRequest(
        symbol=KEY, side=send.side, kind=KINDS[send.kind], lots=send.lots,
        price=None if send.kind is OrderKind.MARKET else send.level,
        time_in_force="IOC" if send.kind is OrderKind.LIMIT_IOC else "GTC", reduce_only=True, client_id=send.id,
    )  # fmt: skip


_ALGO = {
    AlgoStatus.NEW: Status.OPEN,
    AlgoStatus.TRIGGERING: Status.TRIGGERED,
    AlgoStatus.TRIGGERED: Status.TRIGGERED,
    AlgoStatus.CANCELED: Status.CANCELED,
    AlgoStatus.EXPIRED: Status.CANCELED,
    AlgoStatus.REJECTED: Status.REJECTED,
}
_PLAIN = {
    OrderStatus.NEW: Status.OPEN,
    OrderStatus.PARTIALLY_FILLED: Status.OPEN,
    OrderStatus.FILLED: Status.FILLED,
    OrderStatus.CANCELED: Status.CANCELED,
    OrderStatus.EXPIRED: Status.CANCELED,
    OrderStatus.REJECTED: Status.REJECTED,
}


def algo_seen(algo: AlgoOrder, exchange: Exchange) -> e.OrderSeen:
    """FINISHED tells nothing: what its order did is what counts."""
    if algo.status is AlgoStatus.FINISHED:
        child = exchange.orders.get(algo.order_id or -1)
        whole = child is not None and child.filled >= child.lots
        status = Status.FILLED if whole else Status.CANCELED
    else:
        status = _ALGO[algo.status]
    return e.OrderSeen(key=KEY, id=algo.request.client_id, status=status, filled=algo.filled)


def plain_seen(order: Order) -> e.OrderSeen:
    return e.OrderSeen(key=KEY, id=order.client_id, status=_PLAIN[order.status], filled=order.filled)

"""What the venue keeps of orders, conditional (algo) orders, fills and positions, and what it tells about them.

All prices are ticks, all quantities lots. `side` is +1 for a buy, -1 for a sell.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

BUY, SELL = 1, -1


class Kind(StrEnum):
    LIMIT = "LIMIT"
    MARKET = "MARKET"
    STOP = "STOP"
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    TRAILING_STOP_MARKET = "TRAILING_STOP_MARKET"
    LIQUIDATION = "LIQUIDATION"

    @property
    def is_stop(self) -> bool:
        return self in (Kind.STOP, Kind.STOP_MARKET)


PLAIN = frozenset({Kind.LIMIT, Kind.MARKET})
CONDITIONAL = frozenset(
    {Kind.STOP, Kind.STOP_MARKET, Kind.TAKE_PROFIT, Kind.TAKE_PROFIT_MARKET, Kind.TRAILING_STOP_MARKET}
)


class Status(StrEnum):
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def is_open(self) -> bool:
        return self in (Status.NEW, Status.PARTIALLY_FILLED)


class AlgoStatus(StrEnum):
    NEW = "NEW"
    TRIGGERING = "TRIGGERING"
    TRIGGERED = "TRIGGERED"
    FINISHED = "FINISHED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


class Fate(StrEnum):
    """What becomes of a conditional order whose price has come."""

    FILL = "fill"
    REJECT = "reject"  # by margin, though it would have closed
    UNFILLED = "unfilled"  # FINISHED with nothing done
    STUCK = "stuck"  # TRIGGERING and nothing more


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """`price` None: MARKET. `lots` 0 with `close_position`: all of it."""

    symbol: str
    side: int
    kind: Kind
    lots: int
    price: int | None = None
    time_in_force: str = "GTC"
    reduce_only: bool = False
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoRequest:
    """`callback` is a percentage, as the venue writes it: 1 is one percent."""

    symbol: str
    side: int
    kind: Kind
    lots: int
    trigger: int | None = None
    price: int | None = None
    activate: int | None = None
    callback: Decimal | None = None
    working_type: str = "CONTRACT_PRICE"
    time_in_force: str = "GTC"
    reduce_only: bool = False
    close_position: bool = False
    price_protect: bool = False
    client_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`cost` is Σ ticks × lots of its fills; `algo_id` the conditional order that became it."""

    order_id: int
    client_id: str
    symbol: str
    side: int
    kind: Kind
    lots: int
    price: int | None
    time_in_force: str
    reduce_only: bool
    created_at: int
    updated_at: int
    status: Status = Status.NEW
    filled: int = 0
    cost: int = 0
    algo_id: int | None = None
    original: Kind | None = None
    trigger: int | None = None
    close_position: bool = False
    touched: int = -1

    @property
    def remaining(self) -> int:
        return self.lots - self.filled


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoOrder:
    """`peak` is the best price since a trailing order was armed, None before."""

    algo_id: int
    request: AlgoRequest
    created_at: int
    updated_at: int
    status: AlgoStatus = AlgoStatus.NEW
    peak: int | None = None
    order_id: int | None = None
    filled: int = 0
    cost: int = 0
    triggered_at: int = 0
    reason: str = ""

    @property
    def is_open(self) -> bool:
        return self.status is AlgoStatus.NEW


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    trade_id: int
    order_id: int
    symbol: str
    side: int
    price: int
    lots: int
    maker: bool
    fee: Decimal
    realized: Decimal
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """`lots` and `cost` are signed; `realized` is what it has brought since it was opened, before fees."""

    symbol: str
    lots: int = 0
    cost: int = 0
    leverage: int = 20
    isolated: bool = False
    isolated_wallet: Decimal = Decimal(0)
    realized: Decimal = Decimal(0)
    updated_at: int = 0

    @property
    def side(self) -> int:
        return (self.lots > 0) - (self.lots < 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Income:
    """A change of the wallet: REALIZED_PNL, COMMISSION, FUNDING_FEE or TRANSFER."""

    transaction_id: int
    symbol: str
    kind: str
    amount: Decimal
    at: int
    trade_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    order: Order
    execution: str  # NEW, TRADE, CANCELED, EXPIRED, CALCULATED
    at: int
    fill: Fill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoEvent:
    algo: AlgoOrder
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEvent:
    reason: str  # ORDER, FUNDING_FEE, DEPOSIT, MARGIN_TYPE_CHANGE
    wallet: Decimal
    cross_wallet: Decimal
    change: Decimal
    positions: tuple[Position, ...]
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeverageEvent:
    symbol: str
    leverage: int
    at: int


Event = OrderEvent | AlgoEvent | AccountEvent | LeverageEvent

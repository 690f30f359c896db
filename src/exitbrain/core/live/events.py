"""What comes in, and what goes out. An adapter speaks the venue's words to these and back.

`asked_at` is when a snapshot was asked for: it tells of the venue at that time or later. `version` orders what is said
of one position (the venue's update time); what is older than what is known is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from exitbrain.core.live.orders import OrderKind, Status
from exitbrain.core.market import Instrument


class Mode(StrEnum):
    OBSERVE = "OBSERVE"  # decides, sends nothing
    PROTECT_ONLY = "PROTECT_ONLY"  # stops and flatten
    ACTIVE = "ACTIVE"


class Policy(StrEnum):
    """What becomes of a position that nobody planned."""

    ADOPT = "adopt"
    ALERT = "alert"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRung:
    """`lots` leave at `level`; `move` and `move_to` are what then happens to the stop (core.walk, not mirrored). `fees`:
    it goes to break-even after the fees paid so far, too (spec F52)."""

    index: int
    level: int
    lots: int
    soft: bool = False
    move: int = 0
    move_to: int = 0
    fees: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlan:
    """A compiled ladder for `lots`. `callbacks` are those of `core.ladder.Trail`; `runner` is 0, lots, or REMAINING.

    `entry` and `risk` (R) in ticks are what it was made from, 0 where nobody said. `chandelier` is (ATR period, multiple)
    of a trail by ATR, `adaptive` is (least, most, ATR at entry) of a callback that follows volatility; `distance` and
    `ratio` are their values when the plan is made, BarSeen brings the later ones. Durations are microseconds.
    """

    lots: int
    stop: int
    rungs: tuple[PlanRung, ...] = ()
    runner: int = 0
    callbacks: tuple[tuple[int, int, int], ...] = ()
    entry: Fraction = Fraction(0)
    risk: Fraction = Fraction(0)
    stop_kind: int = 0  # of core.walk
    chandelier: tuple[int, Fraction] | None = None
    adaptive: tuple[Fraction, Fraction, Fraction] | None = None
    distance: int = -1
    ratio: Fraction = Fraction(1)
    time_stop_bars: int | None = None
    time_stop_after: int | None = None
    stop_price: Decimal | None = None  # where it was given, not computed
    stop_loss_pct: Decimal | None = None
    profile: str = ""
    regime: str = ""
    strategy: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """An order in the venue's list of open orders. `side` is +1 to buy, -1 to sell."""

    id: str
    side: int
    kind: OrderKind
    level: int
    lots: int
    filled: int = 0
    close_position: bool = False
    reduce_only: bool = True
    own: bool = True
    triggered: bool = False


# events


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The process has begun, or the connection was lost: nothing that was believed counts until it is seen again."""

    fence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeSet:
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """A position key to look after, under which policy."""

    key: str
    instrument: Instrument
    policy: Policy = Policy.ADOPT


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSeen:
    key: str
    ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BarSeen:
    """A bar that opened at `time` has closed at `until`. `distance` and `ratio` are what the plan's trail follows until
    the next one closes (core.trailing)."""

    key: str
    time: int
    until: int
    distance: int = -1
    ratio: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSeen:
    """`entry` is the average entry in ticks. `asked_at` None: from the stream, a hint and no snapshot."""

    key: str
    lots: int
    entry: Fraction
    version: int
    asked_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """`filled` is cumulative, so that hearing it twice changes nothing; `average` is the price of it all in ticks, 0 where
    that was not told."""

    key: str
    id: str
    status: Status
    filled: int = 0
    average: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrdersSeen:
    """All open orders of the key, plain and conditional."""

    key: str
    asked_at: int
    orders: tuple[Resting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderAbsent:
    """Asked for by its id, the venue knows no such order. It may lie for minutes."""

    key: str
    id: str
    asked_at: int


class Outcome(StrEnum):
    OK = "ok"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to a request of ours. UNKNOWN: a timeout, a dropped connection, a code that leaves it open."""

    key: str
    id: str
    cancel: bool
    outcome: Outcome
    code: int = 0
    retry_after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanGiven:
    """The plan for one epoch of a position; for another epoch it is dropped."""

    key: str
    epoch: int
    plan: LivePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ReduceAsked:
    """A decision to close `fraction` of what is open now; the same `decision` twice is one."""

    key: str
    epoch: int
    fraction: Fraction
    decision: str
    cause: str = ""  # the exit reason of its fills; the decision's name where it is blank


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenAsked:
    key: str
    decision: str
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggersUsed:
    """Which triggers of the position have fired and wait for a definite false (spec T6, F14): all of them, each time."""

    key: str
    epoch: int
    used: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchAnswered:
    """What the rule of one of the latch's causes said at a close (spec D6). `key` is a symbol, or `core.latch.PORTFOLIO`."""

    key: str
    cause: str
    truth: bool | None
    clear_after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchAsked:
    """The latch is set or cleared by an operator, or set by a trigger. Blank `cause` with `on` False clears all causes."""

    key: str
    cause: str
    on: bool


Event = (
    Started | Ticked | ModeSet | Managed | PriceSeen | BarSeen | PositionSeen | OrderSeen | OrdersSeen | OrderAbsent | Answered
    | PlanGiven | ReduceAsked | FlattenAsked | TriggersUsed | LatchAnswered | LatchAsked
)  # fmt: skip


# effects


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Place this order. Always reduce-only, or close-position. `side` is +1 to buy, -1 to sell."""

    key: str
    id: str
    side: int
    kind: OrderKind
    level: int
    lots: int
    close_position: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    key: str
    id: str


class Question(StrEnum):
    POSITION = "position"
    ORDERS = "orders"
    ORDER = "order"
    PLAN = "plan"
    FILTERS = "filters"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """`epoch`, `lots` and `entry` are for a plan: what it is asked for."""

    key: str
    what: Question
    id: str = ""
    epoch: int = 0
    lots: int = 0
    entry: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    key: str
    name: str
    detail: str


Effect = Send | Cancel | Ask | Alert

"""One order of ours and its life at the venue, as far as we know it.

What a report of the venue makes of a stage is a table (`after_report`). Final stages never reopen, but for a ghost: an
order that we believe absent, and that the venue may still show. A fill wins over a cancel.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple


class Role(StrEnum):
    DISASTER = "D"  # close-position stop far away; stands while the position stands
    STOP = "S"
    TRAIL = "T"  # the runner's stop, where it covers a part only
    TAKE = "P"
    CLOSE = "C"  # market, toward a target


PROTECTIVE = frozenset({Role.DISASTER, Role.STOP, Role.TRAIL})


class OrderKind(StrEnum):
    STOP_MARKET = "STOP_MARKET"
    TAKE_PROFIT_MARKET = "TAKE_PROFIT_MARKET"
    LIMIT = "LIMIT"
    LIMIT_IOC = "LIMIT_IOC"
    MARKET = "MARKET"


RESTING = frozenset({OrderKind.STOP_MARKET, OrderKind.TAKE_PROFIT_MARKET, OrderKind.LIMIT})


class Stage(StrEnum):
    SENDING = "SENDING"
    LIVE = "LIVE"
    TRIGGERED = "TRIGGERED"  # at the matching engine: no protection any more, no fill yet
    CANCELING = "CANCELING"
    UNKNOWN = "UNKNOWN"
    GHOST = "GHOST"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"


FINAL = frozenset({Stage.FILLED, Stage.CANCELED, Stage.REJECTED})
UNRESOLVED = frozenset({Stage.SENDING, Stage.UNKNOWN})


class Status(StrEnum):
    """What a venue says of an order, in our words. An algo order that finished is FILLED or CANCELED by its quantity."""

    OPEN = "OPEN"
    TRIGGERED = "TRIGGERED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"


_FINALS = {Status.FILLED: Stage.FILLED, Status.CANCELED: Stage.CANCELED, Status.REJECTED: Stage.REJECTED}
AFTER_REPORT: dict[tuple[Stage, Status], Stage] = {
    **{(stage, Status.OPEN): Stage.LIVE for stage in (Stage.SENDING, Stage.LIVE, Stage.UNKNOWN, Stage.GHOST)},
    (Stage.CANCELING, Status.OPEN): Stage.CANCELING,
    (Stage.TRIGGERED, Status.OPEN): Stage.TRIGGERED,
    **{(stage, Status.TRIGGERED): Stage.TRIGGERED for stage in Stage if stage not in FINAL},
    **{(stage, status): final for stage in Stage if stage not in FINAL for status, final in _FINALS.items()},
    (Stage.CANCELED, Status.FILLED): Stage.FILLED,
    (Stage.REJECTED, Status.FILLED): Stage.FILLED,
}


def after_report(stage: Stage, status: Status) -> Stage:
    return AFTER_REPORT.get((stage, status), stage)


class Want(NamedTuple):
    """An order that should rest, or a market order that should go. `leg` tells takes apart (the rung's index)."""

    role: Role
    leg: int
    kind: OrderKind
    level: int
    lots: int
    close_position: bool = False
    cause: str = ""  # the exit reason that a fill of it has


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """`lots` of a close-position order is 0. `absent_at` and the counts after it are the signs that it is not there."""

    id: str
    role: Role
    leg: int
    kind: OrderKind
    level: int
    lots: int
    close_position: bool
    epoch: int
    stage: Stage
    since: int
    sent_at: int
    side: int = 0  # +1 to buy, -1 to sell
    size_before: int = 0  # of the position when this was sent, and the version that told it
    version_before: int = -1
    filled: int = 0
    cancel_at: int = 0
    looked_at: int = 0
    absent_at: int = 0
    absences: int = 0
    misses: int = 0
    triggered_at: int = 0
    cause: str = ""
    average: Fraction = Fraction(0)

    @property
    def lane(self) -> tuple[Role, int]:
        return self.role, self.leg

    @property
    def is_final(self) -> bool:
        return self.stage in FINAL

    @property
    def open_lots(self) -> int:
        return max(0, self.lots - self.filled)

    def fits(self, want: Want) -> bool:
        return (
            self.kind is want.kind
            and self.level == want.level
            and self.close_position == want.close_position
            and (want.close_position or self.open_lots == want.lots)
        )

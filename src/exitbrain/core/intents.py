"""What a trigger or an entry asks for at a decision point, and what became of it.

An `Intent` is a wish. Guardrails answer it (`Blocked` when the answer is no), the arbiter ranks what is left, and
every loser is `Preempted` by the winner. Nothing here has happened yet: an order comes out of the winner alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Kind(StrEnum):
    """The columns of the guard table."""

    ENTRY = "entry"
    NORMAL_EXIT = "normal exit"
    RISK_REDUCE = "risk_reduce"
    RISK_OFF = "risk_off"
    EMERGENCY_EXIT = "emergency_exit"


KIND_OF_CATEGORY = {
    "risk_reduce": Kind.RISK_REDUCE,
    "risk_off": Kind.RISK_OFF,
    "emergency_exit": Kind.EMERGENCY_EXIT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryTerms:
    """What an entry brings: its side, its size (at most one of three), its stop, whose it is."""

    side: int
    quantity: Decimal | None = None
    notional: Decimal | None = None
    risk: Decimal | None = None
    stop_price: Decimal | None = None
    stop_loss_pct: Decimal | None = None
    strategy_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An exit of `exit_fraction` of the position (None: all of it), or an entry with its terms."""

    kind: Kind
    trigger_id: str
    category: str
    grade: str | None = None
    exit_fraction: Fraction | None = None
    entry: EntryTerms | None = None
    order: int = 0  # the row of an entries file; breaks the last tie of equal ids
    from_trigger: bool = False

    @property
    def is_entry(self) -> bool:
        return self.entry is not None


def exit_kind(category: str) -> Kind:
    return KIND_OF_CATEGORY.get(category, Kind.NORMAL_EXIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A guard's no."""

    intent: Intent
    guard: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preempted:
    """Lost to another intent, for a reason of spec D5."""

    intent: Intent
    by: Intent
    reason: str

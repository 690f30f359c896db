"""What goes wrong in the history of one seed. Each kind is absent in many histories, so that none hides another."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from random import Random

SECOND = 1_000_000
MINUTE = 60 * SECOND
SPOKEN = 10  # one history in so many goes through the venue's own words: they cost more than the rest of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Swarm:
    """Chances are of one request, message or row, or of a second of the history where the comment says so."""

    # the way to the venue and back
    loss: float = 0.0  # a request that never arrives
    ack_loss: float = 0.0  # one that arrives, and whose answer does not
    late: float = 0.0  # one that arrives up to eight seconds later
    doubling: float = 0.0  # answers and stream messages that come twice
    stream_loss: float = 0.0
    gaps: float = 0.0  # a second: the stream goes silent for up to 20 s
    untold_gaps: bool = False  # nobody notices that it was silent
    latest: int = SECOND // 10  # of a message; each is late by itself, so that they overtake one another
    # the venue
    refusals: float = 0.0
    bans: float = 0.0  # a second: 429 or 418 to everything for a while
    stale: float = 0.0  # a snapshot of up to five seconds ago
    lies: float = 0.0  # a second: an order that stands is denied for up to 30 minutes
    unfilled: float = 0.0  # a stop that triggers and finishes with nothing done
    stuck: float = 0.0  # a stop that stays TRIGGERING for up to 15 s
    rejected: float = 0.0  # a stop that is rejected at its trigger
    depth: int = 0  # lots of one touch, 0 for all
    slippage_bps: int = 0
    close_position_stops: bool = True
    thin_margin: bool = False  # liquidation is near
    largest_order: int = 0  # lots of a market order, 0 for no limit
    spoken: bool = False  # every request, reply and stream message in the venue's own words
    # the process
    crashes: float = 0.0  # a boundary
    crashes_again: float = 0.0  # a boundary within two seconds of a start
    full_disk: float = 0.0  # a row
    freezes: float = 0.0  # a second: stopped for up to a minute
    clock_jumps: bool = False  # between two runs of the process
    # price and people
    leaps: float = 0.01  # a price step
    people: float = 0.0
    deleveraging: float = 0.0  # of what people do
    operators: float = 0.2
    hostile_plans: float = 0.0
    late_plans: float = 0.0  # a planner that has no answer yet
    # pace
    tick_every: int = SECOND // 4
    price_every: int = SECOND // 2
    length: int = 12 * SECOND

    def without(self, name: str) -> Swarm:
        default = next(one.default for one in fields(self) if one.name == name)
        return replace(self, **{name: default})

    def raised(self) -> list[str]:
        """What goes wrong at all, by name."""
        return [one.name for one in fields(self) if one.name in FAULTS and getattr(self, one.name) != one.default]

    @property
    def is_healthy(self) -> bool:
        return not any(getattr(self, name) for name in FAULTS if name not in _HARMLESS) and self.latest <= SECOND // 10


# What can be left out when a failing history is made smaller.
FAULTS = (
    "loss", "ack_loss", "late", "doubling", "stream_loss", "gaps", "untold_gaps", "refusals", "bans", "stale", "lies",
    "unfilled", "stuck", "rejected", "depth", "slippage_bps", "thin_margin", "largest_order", "crashes",
    "crashes_again", "full_disk", "freezes", "clock_jumps", "people", "deleveraging", "operators", "hostile_plans",
    "late_plans", "leaps", "latest",
)  # fmt: skip
_HARMLESS = (
    "doubling", "depth", "slippage_bps", "largest_order", "people", "deleveraging", "operators", "hostile_plans",
    "leaps", "latest", "late_plans", "untold_gaps", "clock_jumps",
)  # fmt: skip


def swarm_of(seed: int) -> Swarm:
    dice = Random(f"swarm {seed}")

    def some(most: float, share: float = 0.5) -> float:
        """Nothing in 1 - share of the histories; else a chance that is more often small than large."""
        return most * dice.random() ** 2 if dice.random() < share else 0.0

    if dice.random() < 0.06:
        return Swarm(
            doubling=some(0.5),
            depth=dice.choice((0, 3)),
            people=some(1.0, 0.7),
            operators=0.5,
            spoken=seed % SPOKEN == 0,
        )
    return Swarm(
        loss=some(0.2),
        ack_loss=some(0.2),
        late=some(0.1, 0.3),
        doubling=some(0.5),
        stream_loss=some(0.3),
        gaps=some(0.1, 0.3),
        untold_gaps=dice.random() < 0.3,
        latest=dice.choice((SECOND // 20, SECOND // 10, SECOND // 2, SECOND, 2 * SECOND)),
        refusals=some(0.3),
        bans=some(0.1, 0.2),
        stale=some(0.5, 0.4),
        lies=some(0.3, 0.4),
        unfilled=some(0.3, 0.3),
        stuck=some(0.4, 0.3),
        rejected=some(0.3, 0.3),
        depth=dice.choice((0, 0, 0, 1, 2, 3)),
        slippage_bps=dice.choice((0, 0, 10, 50)),
        close_position_stops=dice.random() < 0.85,
        thin_margin=dice.random() < 0.05,
        largest_order=dice.choice((0, 0, 0, 0, 3, 7)),
        crashes=some(0.01, 0.4),
        crashes_again=some(0.2, 0.3),
        full_disk=some(0.004, 0.2),
        freezes=some(0.03, 0.2),
        clock_jumps=dice.random() < 0.3,
        leaps=dice.choice((0.0, 0.01, 0.05)),
        people=some(1.0, 0.6),
        deleveraging=some(0.2, 0.3),
        operators=dice.choice((0.0, 0.2, 0.6)),
        hostile_plans=some(0.3, 0.2),
        late_plans=some(0.5, 0.2),
        tick_every=dice.choice((SECOND // 4, SECOND // 2, SECOND // 2)),
        price_every=dice.choice((SECOND // 4, SECOND // 2, SECOND // 2)),
        length=dice.choice((6, 10, 20)) * SECOND,
        spoken=seed % SPOKEN == 0,
    )

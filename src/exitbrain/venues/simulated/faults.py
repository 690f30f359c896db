"""What goes wrong between a bot and its venue, drawn from a seed: the same seed and requests, the same faults.

Each is a probability. A request may be turned away (`rate_limit`, `reject`), be lost on the way (`lost_request`), be
done while its answer is lost (`lost_ack`), or end in -1007, done or not (`unknown`). An order that exists may be
denied (`absent`). What the user stream says may come twice (`duplicate`), late (`delay`), or not at all while the
stream is down (`disconnect`). A conditional order whose price has come may be rejected, stay unfilled or be stuck.

`on` keeps what happens to requests to one kind of them, such as "POST /fapi/v1/algoOrder"; `code` makes every `reject`
that one refusal.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from exitbrain.errors import InvalidInput
from exitbrain.venues.simulated.orders import AlgoOrder, Fate
from exitbrain.venues.simulated.refusals import MESSAGES

REJECTIONS = (-1008, -2019, -2022, -4131, -1001)
# Refusals that need no words of the request's own.
PLAIN_REFUSALS = tuple(code for code, message in MESSAGES.items() if "{" not in message)


class Outcome(StrEnum):
    """What a request meets on its way."""

    CLEAN = "clean"
    RATE_LIMITED = "rate_limited"
    REJECTED = "rejected"
    LOST_REQUEST = "lost_request"
    LOST_ACK = "lost_ack"
    UNKNOWN_DONE = "unknown_done"
    UNKNOWN_NOT_DONE = "unknown_not_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRates:
    """Probabilities from 0 to 1; `delay_ms` is the longest delay of what the stream says; `on` is how a request begins."""

    rate_limit: float = 0.0
    reject: float = 0.0
    lost_request: float = 0.0
    lost_ack: float = 0.0
    unknown: float = 0.0
    absent: float = 0.0
    duplicate: float = 0.0
    delay: float = 0.0
    disconnect: float = 0.0
    trigger_rejected: float = 0.0
    trigger_unfilled: float = 0.0
    trigger_stuck: float = 0.0
    delay_ms: int = 2_000
    on: str = ""
    code: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.on, str):
            raise InvalidInput(f"fault on is {self.on!r}", accepted="how a request begins: POST /fapi/v1/algoOrder")
        if isinstance(self.code, bool) or (self.code and self.code not in PLAIN_REFUSALS):
            known = ", ".join(str(code) for code in PLAIN_REFUSALS)
            raise InvalidInput(f"fault code is {self.code!r}", accepted=f"0 for any, or one of {known}")
        for one in fields(self):
            if one.name in ("on", "code"):
                continue
            value = getattr(self, one.name)
            late = one.name == "delay_ms"
            kind, largest, word = (int, 600_000, "a whole number") if late else (int | float, 1, "a number")
            if isinstance(value, bool) or not isinstance(value, kind) or not 0 <= value <= largest:
                raise InvalidInput(f"fault {one.name} is {value!r}", accepted=f"{word} from 0 to {largest}")


def fault_rates(given: Mapping[str, object]) -> FaultRates:
    """Raises InvalidInput for a name that is none."""
    names = [one.name for one in fields(FaultRates)]
    for name in given:
        if name not in names:
            raise InvalidInput(f"unknown fault {name!r}", accepted=", ".join(names))
    return FaultRates(**given)  # type: ignore[arg-type]


@dataclass(slots=True)
class Faults:
    rates: FaultRates = field(default_factory=FaultRates)
    seed: int = 0
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def outcome(self, *, changes: bool, request: str = "") -> Outcome:
        """Of one request ("POST /fapi/v1/order"); only those that change something are rejected or end unknown."""
        rates = self.rates
        if not request.startswith(rates.on):
            return Outcome.CLEAN
        if self._happens(rates.rate_limit):
            return Outcome.RATE_LIMITED
        if changes and self._happens(rates.reject):
            return Outcome.REJECTED
        if self._happens(rates.lost_request):
            return Outcome.LOST_REQUEST
        if self._happens(rates.lost_ack):
            return Outcome.LOST_ACK
        if changes and self._happens(rates.unknown):
            return Outcome.UNKNOWN_DONE if self._dice.random() < 0.5 else Outcome.UNKNOWN_NOT_DONE
        return Outcome.CLEAN

    def rejection(self) -> int:
        return self.rates.code or self._dice.choice(REJECTIONS)

    def denies(self) -> bool:
        return self._happens(self.rates.absent)

    def disconnects(self) -> bool:
        return self._happens(self.rates.disconnect)

    def arrivals(self) -> list[int]:
        """How many milliseconds late each copy of something said arrives."""
        copies = 2 if self._happens(self.rates.duplicate) else 1
        return [
            self._dice.randint(1, max(1, self.rates.delay_ms)) if self._happens(self.rates.delay) else 0
            for _ in range(copies)
        ]

    def fate(self, _: AlgoOrder) -> Fate:
        rates = self.rates
        for rate, fate in (
            (rates.trigger_rejected, Fate.REJECT),
            (rates.trigger_unfilled, Fate.UNFILLED),
            (rates.trigger_stuck, Fate.STUCK),
        ):
            if self._happens(rate):
                return fate
        return Fate.FILL

    def _happens(self, probability: float) -> bool:
        # A fault that never happens draws nothing, so that one more kind leaves old seeds as they were.
        return probability > 0 and self._dice.random() < probability

"""How much of the venue's rate limit is spent, and what is kept back for exits. No clock: seconds are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exitbrain.venues.binance.asking import OPEN_POSITIONS, POSITIONS
from exitbrain.venues.binance.wire import Reply, Request

MINUTE = 60.0
WEIGHTS = {
    POSITIONS: 5,
    OPEN_POSITIONS: 5,
    "/fapi/v2/account": 5,
    "/fapi/v1/positionSide/dual": 30,
    "/fapi/v1/userTrades": 5,
}


def weight_of(request: Request) -> int:
    if request.path in ("/fapi/v1/openOrders", "/fapi/v1/openAlgoOrders") and "symbol" not in request.params:
        return 40
    if request.path == "/fapi/v1/klines":
        limit = int(request.params.get("limit", "500"))
        return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10
    return WEIGHTS.get(request.path, 1)


@dataclass(slots=True)
class Budget:
    """`limit` a minute, of which the share `reserve` is for requests that place or cancel."""

    limit: int = 2400
    reserve: float = 0.25
    used: int = 0
    window: float = -1.0
    blocked_until: float = 0.0

    def wait(self, request: Request, *, urgent: bool, now: float) -> float:
        """Seconds until it may go; 0 spends its weight."""
        if now < self.blocked_until:
            return self.blocked_until - now
        self._turn(now)
        most = self.limit if urgent else self.limit * (1 - self.reserve)
        weight = weight_of(request)
        if self.used + weight > most:
            return self.window + MINUTE - now
        self.used += weight
        return 0.0

    def heard(self, reply: Reply, now: float) -> None:
        """The venue's own count, which holds what others of this address spent; and its word to wait."""
        self._turn(now)
        headers: Mapping[str, str] = {name.lower(): value for name, value in reply.headers.items()}
        told = headers.get("x-mbx-used-weight-1m", "")
        if told.isdigit():
            self.used = max(self.used, int(told))
        if reply.status in (418, 429):
            after = headers.get("retry-after", "")
            self.blocked_until = max(self.blocked_until, now + (float(after) if after.isdigit() else 1.0))

    def left(self, now: float) -> float:
        """The share that is not spent, 0 to 1."""
        self._turn(now)
        return max(0.0, (self.limit - self.used) / self.limit)

    def _turn(self, now: float) -> None:
        window = now - now % MINUTE
        if window > self.window:
            self.window, self.used = window, 0

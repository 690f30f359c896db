"""The simulated venue without a socket between: the same requests, the same replies."""

from __future__ import annotations

from exitbrain.venues.binance.wire import NO_REPLY, Reply, Request
from exitbrain.venues.simulated.dialect.venue import SimulatedVenue


def ask_in_process(venue: SimulatedVenue, request: Request, now: int | None = None) -> Reply:
    """`now` (ms) is brought about first, None for the venue's own."""
    reply = venue.request(request.method, request.path, request.params, now)
    return NO_REPLY if reply.dropped else Reply(status=reply.status, body=reply.body, headers=reply.headers)

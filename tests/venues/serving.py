"""The simulated venue on a port of loopback for as long as a test wants it, and clients pointed at it."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import uvicorn

from exitbrain.venues.simulated.dialect.venue import SimulatedVenue
from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.faults import FaultRates, Faults
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.playing import Player
from exitbrain.venues.simulated.server import Clock, VenueServer
from venues.worlds import bars, contract


@dataclass(frozen=True, slots=True)
class Served:
    port: int
    venue: SimulatedVenue

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def advance(self, bars: int = 1) -> Any:
        return self.post("/sim/advance", {"bars": bars})


def simulated(
    made: list[Bar] | None = None, *, rates: Mapping[str, float] | None = None, seed: int = 0
) -> SimulatedVenue:
    series = made or bars(random.Random(5), 50, price=500_000, reach=2_000)
    one = contract(min_notional=Decimal(100))
    exchange = Exchange([one], wallet=Decimal(10_000), now=series[0].at)
    player = Player(exchange, {"BTCUSDT": series})
    player.advance(series[0].at)
    return SimulatedVenue(player, faults=Faults(FaultRates(**(rates or {})), seed))  # type: ignore[arg-type]


@contextmanager
def served(venue: SimulatedVenue) -> Iterator[Served]:
    """With time that moves by /sim/advance alone."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = VenueServer(venue, Clock(venue.exchange.now, 0)).app()
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield Served(listener.getsockname()[1], venue)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


def point_ccxt(exchange: Any, port: int) -> Any:
    """A ccxt binanceusdm that knows no other address than ours."""
    base = f"http://127.0.0.1:{port}"
    api = exchange.urls["api"]
    for name, value in list(api.items()):
        if isinstance(value, str):
            api[name] = "http://127.0.0.1:9"
    for name, version in (("fapiPublic", "v1"), ("fapiPublicV2", "v2"), ("fapiPublicV3", "v3")):
        api[name] = f"{base}/fapi/{version}"
    for name, version in (("fapiPrivate", "v1"), ("fapiPrivateV2", "v2"), ("fapiPrivateV3", "v3")):
        api[name] = f"{base}/fapi/{version}"
    api["fapiData"] = f"{base}/futures/data"
    api["sapi"] = f"{base}/sapi/v1"
    ws = f"ws://127.0.0.1:{port}"
    api["ws"] = {"linear": f"{ws}/ws", "future": f"{ws}/ws", "ws-api": {"linear": f"{ws}/ws-api/v1"}}
    exchange.options |= {"fetchCurrencies": False, "fetchMargins": False, "fetchMarkets": {"types": ["linear"]}}
    return exchange


CCXT_OPTIONS = {"apiKey": "venue-sim", "secret": "venue-sim", "timeout": 10_000}

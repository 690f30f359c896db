"""Paper without anything at hand: a simulated venue in this process, and a bot that enters now and then.

The monitor looks after what the bot opens, over the same requests and streams as elsewhere.
"""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from exitbrain.config.settings import Settings
from exitbrain.core.numbers import plain
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.venues.binance.http import HttpWire
from exitbrain.venues.binance.wire import Request

if TYPE_CHECKING:
    from exitbrain.venues.simulated.dialect.venue import SimulatedVenue
    from exitbrain.wiring.venue_sim import OpenedVenue

KEY = "venue-sim"
BARS_BEFORE = 600
BARS_A_SECOND = 4
UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "m"))
REST = (1.0, 4.0)  # seconds between positions
NOTIONAL = Decimal(10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Playground:
    """`timeframe` is that of the candles, `ends_at` (ms) their end, in the venue's time."""

    url: str
    symbols: tuple[str, ...]
    timeframe: str
    speed: float
    notes: tuple[str, ...]
    stop: Callable[[], None]


def play(candles: Any, settings: Settings, *, speed: float | None, is_demo: bool) -> Playground:
    """A venue on a free port of loopback, served by a thread, until `stop`. Its candles are moved so as to begin now."""
    from exitbrain.wiring.venue_sim import open_venue

    def opened_after(history: int) -> OpenedVenue:
        now = int(time.time() * 1000)
        return open_venue(candles, config=settings, repair=is_demo, speed=speed or 1.0, history=history, shift_to=now)

    try:
        opened = opened_after(BARS_BEFORE)
    except InvalidInput:
        opened = opened_after(0)  # a short file has less of a past
    venue = opened.venue
    length = next(iter(venue.player.bars.values()))[0].length
    pace = speed if speed is not None else length / 1000 * BARS_A_SECOND if is_demo else 1.0
    venue.listen_key_life = int(venue.listen_key_life * max(1.0, pace))
    port, stop = _served(venue, pace)
    return Playground(
        url=f"http://127.0.0.1:{port}", symbols=tuple(venue.exchange.contracts), timeframe=_timeframe(length),
        speed=pace, notes=opened.notes, stop=stop,
    )  # fmt: skip


def _timeframe(length: int) -> str:
    for unit, letter in UNITS:
        if length % unit == 0:
            return f"{length // unit}{letter}"
    raise InvalidInput(Problem(found=f"candles of {length / 1000:g} s", accepted="candles of whole minutes"))


def _served(venue: SimulatedVenue, speed: float) -> tuple[int, Callable[[], None]]:
    import uvicorn

    from exitbrain.venues.simulated.server import Clock, VenueServer

    listener = socket.create_server(("127.0.0.1", 0))
    app = VenueServer(venue, Clock(venue.exchange.now, speed)).app()
    config = uvicorn.Config(app, log_level="critical", lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="venue", daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started:
        if time.monotonic() > until or not thread.is_alive():
            raise Unavailable("the simulated venue did not start")
        time.sleep(0.01)

    def stop() -> None:
        server.should_exit = True
        thread.join(3)
        listener.close()

    return listener.getsockname()[1], stop


async def trade(wire: HttpWire, symbols: tuple[str, ...], tell: Callable[[str, str], None], *, seed: int) -> None:
    """Enters at market when it has been flat for a few seconds, and leaves the rest to the monitor."""
    dice = random.Random(seed)
    steps = await _steps(wire)
    entered = 0
    while True:
        for symbol in symbols:
            if await _is_flat(wire, symbol):
                await asyncio.sleep(dice.uniform(*REST) if entered else 0)
                entered += 1
                await _enter(wire, symbol, dice.choice(("BUY", "SELL")), steps[symbol], entered, tell)
        await asyncio.sleep(1.0)


async def _steps(wire: HttpWire) -> dict[str, Decimal]:
    from exitbrain.venues.binance.contracts import instruments_of

    reply = await wire.ask(Request(method="GET", path="/fapi/v1/exchangeInfo", signed=False))
    return {symbol: one.lot_size for symbol, one in instruments_of(reply.body).items()}


async def _is_flat(wire: HttpWire, symbol: str) -> bool:
    reply = await wire.ask(Request(method="GET", path="/fapi/v2/positionRisk", params={"symbol": symbol}))
    rows = reply.body if isinstance(reply.body, list) else []
    return len(rows) == 1 and Decimal(rows[0]["positionAmt"]) == 0


async def _enter(
    wire: HttpWire, symbol: str, side: str, step: Decimal, number: int, tell: Callable[[str, str], None]
) -> None:
    reply = await wire.ask(Request(method="GET", path="/fapi/v1/ticker/price", params={"symbol": symbol}, signed=False))
    if not isinstance(reply.body, dict):
        return
    quantity = max(step, NOTIONAL / Decimal(reply.body["price"]) // step * step)
    params = {
        "symbol": symbol, "side": side, "type": "MARKET", "quantity": plain(quantity),
        "newClientOrderId": f"demo-bot-{number}-{int(time.time())}",
    }  # fmt: skip
    reply = await wire.ask(Request(method="POST", path="/fapi/v1/order", params=params))
    if reply.status == 200:
        tell(symbol, f"the demo bot enters: {side.lower()} {plain(quantity)} at market")

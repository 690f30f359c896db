"""The venue over HTTP and WebSocket, on loopback: REST as the dialect answers it, the user stream, market streams.

One thread, one order of things: a request first brings the venue to the present, then is answered. Beside the venue's
own paths there are five of the simulation: POST /sim/advance (time moves by hand where speed is 0), POST /sim/price
(price moves by hand), POST /sim/faults, GET /sim/log (every order, conditional order and fill, as a judge would want
them) and GET /sim/state.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from exitbrain.errors import InvalidInput
from exitbrain.venues.simulated.dialect import market_data, shapes
from exitbrain.venues.simulated.dialect.signing import check_key, check_signature, check_time
from exitbrain.venues.simulated.dialect.venue import PUBLIC, SECURITY, SIGNED, Reply, SimulatedVenue, refused
from exitbrain.venues.simulated.faults import Faults, fault_rates
from exitbrain.venues.simulated.refusals import Refusal

TICK_SECONDS = 0.05
LARGEST_BODY = 1 << 20
LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]


@dataclass(slots=True)
class Clock:
    """Venue time: `speed` times as fast as the wall's from `start` (ms); by hand where speed is 0."""

    start: int
    speed: float
    began: float = field(default_factory=time.monotonic)
    by_hand: int = 0

    def now(self) -> int:
        return self.start + self.by_hand + int((time.monotonic() - self.began) * 1000 * self.speed)


@dataclass(slots=True, eq=False)
class Listener:
    """One WebSocket and what it listens to. `wrapped`: payloads come inside {"stream", "data"}."""

    socket: WebSocket
    streams: set[str] = field(default_factory=set)
    listen_key: str | None = None
    wrapped: bool = False
    seen: dict[str, int] = field(default_factory=dict)


class VenueServer:
    def __init__(self, venue: SimulatedVenue, clock: Clock) -> None:
        self.venue, self.clock = venue, clock
        self.listeners: set[Listener] = set()

    def app(self, hosts: Iterable[str] = LOOPBACK) -> Starlette:
        return Starlette(
            routes=[
                Route("/sim/advance", self._advance, methods=["POST"]),
                Route("/sim/price", self._price, methods=["POST"]),
                Route("/sim/faults", self._faults, methods=["POST"]),
                Route("/sim/log", self._log),
                Route("/sim/state", self._state),
                WebSocketRoute("/{path:path}", self._listen),
                Route("/{path:path}", self._rest, methods=["GET", "POST", "PUT", "DELETE"]),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))],
            lifespan=self._living,
        )

    @contextlib.asynccontextmanager
    async def _living(self, _: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()
            for listener in list(self.listeners):
                with contextlib.suppress(Exception):
                    await listener.socket.close(1001)

    async def _tick(self) -> None:
        while True:
            await self._publish()
            await asyncio.sleep(TICK_SECONDS)

    # REST

    async def _rest(self, request: Request) -> Response:
        body = await _body(request)
        query = request.url.query
        params = dict(parse_qsl(query, keep_blank_values=True)) | dict(parse_qsl(body, keep_blank_values=True))
        now = self.clock.now()
        self.venue.advance(now)
        try:
            self._authorize(request, query, body, params, now)
        except Refusal as refusal:
            return _answered(refused(refusal))
        reply = self.venue.request(request.method, request.url.path, params)
        # What it did is told before the next request is heard.
        await self._publish()
        return _Dropped() if reply.dropped else _answered(reply)

    def _authorize(self, request: Request, query: str, body: str, params: dict[str, str], now: int) -> None:
        security = SECURITY.get((request.method, request.url.path), PUBLIC)
        if security == PUBLIC:
            return
        check_key(request.headers.get("x-mbx-apikey"), self.venue.key)
        if security == SIGNED:
            if not params.get("timestamp"):
                raise Refusal(-1102, name="timestamp")
            check_time(params["timestamp"], params.get("recvWindow"), (now, int(time.time() * 1000)))
            check_signature(self.venue.secret, query, body, params.get("signature", ""))

    # streams

    async def _listen(self, socket: WebSocket) -> None:
        listener = Listener(socket)
        path = socket.url.path.rstrip("/").split("/")
        names = socket.query_params.get("streams", "").split("/") + ([path[-1]] if "@" in path[-1] else [])
        listener.wrapped = "stream" in path
        listener.streams = {name for name in names if "@" in name}
        # A client may number its connections in the path; only a key of ours opens the user stream.
        for given in (socket.query_params.get("listenKey"), path[-1], *names):
            if given in self.venue.listen_keys:
                listener.listen_key = given
        await socket.accept()
        self.listeners.add(listener)
        try:
            while True:
                await self._told(listener, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            pass
        finally:
            self.listeners.discard(listener)

    async def _told(self, listener: Listener, text: str) -> None:
        try:
            asked = json.loads(text)
            names = [str(name) for name in asked.get("params") or []]
            number = asked.get("id")
        except (ValueError, AttributeError, TypeError):
            await listener.socket.send_json({"error": {"code": 2, "msg": "Invalid request: it is no JSON object"}})
            return
        match asked.get("method"):
            case "SUBSCRIBE":
                listener.streams |= {name for name in names if "@" in name}
                listener.listen_key = next(
                    (name for name in names if name in self.venue.listen_keys), listener.listen_key
                )
            case "UNSUBSCRIBE":
                listener.streams -= set(names)
            case "LIST_SUBSCRIPTIONS":
                await listener.socket.send_json({"result": sorted(listener.streams), "id": number})
                return
            case other:
                error = {"code": 2, "msg": f"Invalid request: unknown method {other}"}
                await listener.socket.send_json({"error": error, "id": number})
                return
        await listener.socket.send_json({"result": None, "id": number})

    async def _publish(self) -> None:
        now = self.clock.now()
        self.venue.advance(now)
        said = self.venue.said(now)
        private = [one for one in self.listeners if one.listen_key]
        if private and self.venue.faults.disconnects():
            for listener in private:
                self.listeners.discard(listener)
                with contextlib.suppress(Exception):
                    await listener.socket.close(1011)
            return
        for listener in private:
            for payload in said:
                await self._send(listener, listener.listen_key or "", payload)
        for listener in list(self.listeners):
            for stream in sorted(listener.streams):
                await self._market(listener, stream)

    async def _market(self, listener: Listener, stream: str) -> None:
        """Once for every move of the price."""
        market = self.venue.exchange.markets.get(stream.partition("@")[0].upper())
        if market is None or listener.seen.get(stream) == market.step:
            return
        listener.seen[stream] = market.step
        try:
            payload = market_data.stream_payload(self.venue, stream)
        except Refusal:
            payload = None
        if payload is not None:
            await self._send(listener, stream, payload)

    async def _send(self, listener: Listener, stream: str, payload: Any) -> None:
        try:
            await listener.socket.send_json({"stream": stream, "data": payload} if listener.wrapped else payload)
        except (RuntimeError, WebSocketDisconnect):
            self.listeners.discard(listener)

    # the simulation's own

    async def _advance(self, request: Request) -> Response:
        given = await _json(request)
        length = next(iter(self.venue.player.bars.values()))[0].length
        move = given.get("ms", given.get("bars", 0) * length if isinstance(given.get("bars", 0), int) else None)
        if isinstance(move, bool) or not isinstance(move, int) or not 0 <= move <= 10**13:
            return JSONResponse({"error": 'accepted: {"ms": 60000} or {"bars": 1}'}, 400)
        self.clock.by_hand += move
        await self._publish()
        return await self._state(request)

    async def _price(self, request: Request) -> Response:
        given = await _json(request)
        symbol, share = given.get("symbol"), given.get("by")
        known = symbol in self.venue.exchange.markets
        if not known or isinstance(share, bool) or not isinstance(share, int | float) or not -1 < share <= 10:
            accepted = '{"symbol": "BTCUSDT", "by": -0.02} for two percent down'
            return JSONResponse({"error": f"accepted: {accepted}"}, 400)
        self.venue.advance(self.clock.now())
        self.venue.player.shift(str(symbol), round(self.venue.exchange.markets[str(symbol)].last * share))
        await self._publish()
        return await self._state(request)

    async def _faults(self, request: Request) -> Response:
        given = await _json(request)
        seed = given.pop("seed", self.venue.faults.seed)
        if isinstance(seed, bool) or not isinstance(seed, int):
            return JSONResponse({"error": "seed: accepted is a whole number"}, 400)
        try:
            self.venue.faults = Faults(fault_rates(given), seed)
        except InvalidInput as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse({"seed": seed, **asdict(self.venue.faults.rates)})

    async def _state(self, _: Request) -> Response:
        exchange = self.venue.exchange
        prices = {
            symbol: shapes.price(exchange.contracts[symbol], one.last) for symbol, one in exchange.markets.items()
        }
        ends = self.venue.player.ends_at
        return JSONResponse({"now": exchange.now, "ends_at": ends, "prices": prices, "over": exchange.now >= ends})

    async def _log(self, _: Request) -> Response:
        exchange = self.venue.exchange
        contracts = exchange.contracts
        return JSONResponse(
            {
                "orders": [shapes.order(contracts[one.symbol], one) for one in exchange.orders.values()],
                "algo_orders": [shapes.algo(contracts[one.request.symbol], one) for one in exchange.algos.values()],
                "fills": [shapes.fill(contracts[one.symbol], one) for one in exchange.fills],
            }
        )


async def _body(request: Request) -> str:
    """The body as text; of one that is too large nothing, which no check of a request passes."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            return ""
    return body.decode(errors="replace")


async def _json(request: Request) -> dict[str, Any]:
    try:
        given = json.loads(await _body(request) or "{}")
    except ValueError:
        given = None
    return given if isinstance(given, dict) else {"unknown": given}


def _answered(reply: Reply) -> Response:
    return JSONResponse(reply.body, reply.status, dict(reply.headers))


class _Dropped(Response):
    """A connection that ends in the middle of its answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"1000"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})

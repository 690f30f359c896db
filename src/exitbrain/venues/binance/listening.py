"""The two streams: the account's, by a listen key that is kept alive, and the market's, by subscription.

A stream that is silent for a minute counts as lost, as one whose key has expired: it is opened anew with a fresh key,
and what happened meanwhile is read over REST.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Collection
from importlib import import_module
from typing import Any

from exitbrain.errors import InvalidInput
from exitbrain.venues.binance.answers import outcome_of
from exitbrain.venues.binance.http import HttpWire
from exitbrain.venues.binance.streams import is_stream_over
from exitbrain.venues.binance.wire import Request

SILENCE = 60.0
KEEP_EVERY = 20 * 60.0
FIRST_BACKOFF, LAST_BACKOFF = 0.2, 5.0
LISTEN_KEY = "/fapi/v1/listenKey"
LARGEST_MESSAGE = 4 << 20
SUBSCRIBED_AT_ONCE = 100


class Lost(Exception):
    """The stream is over; the words say why."""


async def listen_account(
    wire: HttpWire, url: str, said: Callable[[Any], None], connected: Callable[[], None], lost: Callable[[str], None],
    *, silence: float = SILENCE, keep_every: float = KEEP_EVERY,
) -> None:  # fmt: skip
    """Until it is cancelled."""

    async def once() -> None:
        reply = await wire.ask(Request(method="POST", path=LISTEN_KEY))
        key = reply.body.get("listenKey") if isinstance(reply.body, dict) else None
        if not isinstance(key, str):
            raise Lost(f"no listen key ({outcome_of(reply)[1] or reply.status or 'no answer'})")
        async with _socket(f"{url}/private/ws?listenKey={key}") as socket:
            connected()
            keeping = asyncio.create_task(_keep_alive(wire, keep_every))
            try:
                async for payload in _messages(socket, silence):
                    if is_stream_over(payload):
                        raise Lost("its key has expired")
                    said(payload)
            finally:
                keeping.cancel()

    await _again_and_again(once, lost)


class MarketStream:
    """Streams by name, such as btcusdt@aggTrade; `want` may be called at any time."""

    def __init__(self, url: str, said: Callable[[Any], None], lost: Callable[[str], None]) -> None:
        self.url, self._said, self._lost = url, said, lost
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()

    def want(self, names: Collection[str]) -> None:
        if self._wanted != frozenset(names):
            self._wanted = frozenset(names)
            self._changed.set()

    async def listen(self, *, silence: float = SILENCE) -> None:
        async def once() -> None:
            while not self._wanted:
                self._changed.clear()
                await self._changed.wait()
            async with _socket(f"{self.url}/market/ws") as socket:
                subscribing = asyncio.create_task(self._subscribe(socket))
                try:
                    async for payload in _messages(socket, silence):
                        self._said(payload)
                finally:
                    subscribing.cancel()

        await _again_and_again(once, self._lost)

    async def _subscribe(self, socket: Any) -> None:
        have: frozenset[str] = frozenset()
        number = 0
        while True:
            self._changed.clear()
            for method, names in (
                ("SUBSCRIBE", sorted(self._wanted - have)),
                ("UNSUBSCRIBE", sorted(have - self._wanted)),
            ):
                for start in range(0, len(names), SUBSCRIBED_AT_ONCE):
                    number += 1
                    part = names[start : start + SUBSCRIBED_AT_ONCE]
                    await socket.send(json.dumps({"method": method, "params": part, "id": number}))
            have = self._wanted
            await self._changed.wait()


async def _keep_alive(wire: HttpWire, every: float) -> None:
    """A key that the venue does not know any more is told on the stream, or by its silence."""
    while True:
        await asyncio.sleep(every)
        await wire.ask(Request(method="PUT", path=LISTEN_KEY))


async def _again_and_again(once: Callable[[], Any], lost: Callable[[str], None]) -> None:
    # In a thread: at a start, questions about what is open are under way, and their answers do not wait for an import.
    await asyncio.to_thread(import_module, "websockets.asyncio.client")
    from websockets.exceptions import WebSocketException

    backoff = FIRST_BACKOFF
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await once()
            why = "it ended"
        except Lost as error:
            why = str(error)
        except TimeoutError:
            why = "it was silent, or could not be reached in time"
        except (OSError, WebSocketException, InvalidInput) as error:
            why = f"{type(error).__name__} {error}".strip()
        lost(why)
        backoff = FIRST_BACKOFF if loop.time() - began > LAST_BACKOFF else min(2 * backoff, LAST_BACKOFF)
        await asyncio.sleep(backoff)


@contextlib.asynccontextmanager
async def _socket(url: str) -> AsyncIterator[Any]:
    from websockets.asyncio.client import connect

    async with connect(
        url, open_timeout=5, ping_interval=20, ping_timeout=10, close_timeout=1, max_size=LARGEST_MESSAGE, proxy=None
    ) as socket:
        yield socket


async def _messages(socket: Any, silence: float) -> AsyncIterator[Any]:
    """What is no JSON is no message, but it breaks the silence."""
    while True:
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with a message.
        async with asyncio.timeout(silence):
            text = await socket.recv()
        with contextlib.suppress(ValueError, RecursionError):
            yield json.loads(text)

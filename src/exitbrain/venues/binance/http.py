"""Requests over HTTPS: signed, within the rate limit, and never more certain than the answer.

The adapter signs by itself and needs no client library: loading ccxt takes seconds, in which a position that was found
at a start would lie bare, and its classes of errors differ from the venue's codes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from exitbrain.errors import Unavailable
from exitbrain.venues.binance.budget import Budget
from exitbrain.venues.binance.signing import signer
from exitbrain.venues.binance.wire import NO_REPLY, Reply, Request

if TYPE_CHECKING:
    import aiohttp

RECEIVE_WINDOW = 5_000
TIMEOUT = 5.0
LARGEST_ANSWER = 32 << 20


class HttpWire:
    """`url` answers /fapi, `account_url` /sapi. `offset` (ms) is what the venue's clock is ahead of ours."""

    def __init__(
        self, url: str, key: str, secret: str, *, account_url: str | None = None, budget: Budget | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        try:
            import aiohttp  # noqa: F401  # before the first request: the venue's clock is told from how long one takes
        except ImportError:
            raise Unavailable("live needs the package aiohttp: install exitbrain[exchange]") from None
        self.url, self.account_url = url.rstrip("/"), (account_url or url).rstrip("/")
        self._key, self._sign = key, signer(secret)
        self.budget = budget or Budget()
        self.offset = 0
        self._wall = wall
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"HttpWire({self.url})"

    async def ask(self, request: Request, *, urgent: bool = False, timeout: float = TIMEOUT) -> Reply:
        """NO_REPLY where none came. A request that the rate limit has no room for is not sent, and answered as such."""
        wait = self.budget.wait(request, urgent=urgent, now=self._wall())
        if wait > 0:
            return Reply(status=429, body=None, headers={"Retry-After": str(int(wait) + 1)})
        reply = await self._sent(request, timeout)
        self.budget.heard(reply, self._wall())
        return reply

    def now(self) -> float:
        """The wall's seconds, as the budget counts them."""
        return self._wall()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _sent(self, request: Request, timeout: float) -> Reply:
        import aiohttp

        session = self._opened()
        method, url, headers = self._prepared(request)
        try:
            limit = aiohttp.ClientTimeout(total=timeout)
            async with session.request(method, url, headers=headers, timeout=limit, allow_redirects=False) as answer:
                content = await answer.content.read(LARGEST_ANSWER)
                if answer.content_length is not None and len(content) < answer.content_length:
                    return NO_REPLY
                return Reply(status=answer.status, body=_parsed(content), headers=dict(answer.headers))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            return NO_REPLY

    def _prepared(self, request: Request) -> tuple[str, Any, Mapping[str, str]]:
        from yarl import URL

        params = dict(request.params)
        if request.signed and not request.path.endswith("/listenKey"):
            params |= {"recvWindow": str(RECEIVE_WINDOW), "timestamp": str(int(self._wall() * 1000) + self.offset)}
        query = urlencode(params)
        if request.signed and not request.path.endswith("/listenKey"):
            query += f"&signature={self._sign(query)}"
        base = self.account_url if request.path.startswith("/sapi/") else self.url
        headers = {"X-MBX-APIKEY": self._key} if request.signed else {}
        return request.method, URL(f"{base}{request.path}{'?' if query else ''}{query}", encoded=True), headers

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(auto_decompress=True, trust_env=False)
        return self._session


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None

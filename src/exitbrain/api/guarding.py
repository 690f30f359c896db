"""The door of the server, around the application: who is heard, how much is read, and the heads of all answers."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from exitbrain.api.access import MOST_BYTES, SAFE, Access, Refusal, too_large
from exitbrain.api.measuring import Measures
from exitbrain.api.problems import MEDIA, document

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
BODY_SECONDS = 30.0
NOT_FOUND_ROUTE = "none"
POLICY = (
    "default-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; base-uri 'none'; object-src 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
ALWAYS = (
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
)


class Guarded:
    """An ASGI application around another. `scope["nonce"]` is what a page may mark its own styles with."""

    def __init__(self, app: Any, access: Access, measures: Measures) -> None:
        self.app = app
        self.access = access
        self.measures = measures

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "websocket":
                await self._websocket(scope, receive, send)
            case _:
                await self.app(scope, receive, send)

    async def _http(self, scope: Message, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        scope["nonce"] = nonce = secrets.token_urlsafe(12)
        begun: list[int] = []

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                begun.append(message["status"])
                message["headers"] = _headed(message.get("headers", []), nonce)
                self._measured(scope, message["status"], time.perf_counter() - started)
            await send(message)

        headers = _headers(scope)
        has_body = _has_body(headers)
        refusal = self.access.refusal(scope["method"], scope["path"], headers, has_body)
        if refusal is None and has_body:
            body, refusal = await _whole(receive)
            receive = _replayed(body, receive)
        if refusal is not None:
            await self._refuse(scope, refusal, answer)
            return
        try:
            await self.app(scope, receive, answer)
        except Exception:
            # The application has answered 500 and written the fault to the log; nothing more is told.
            if not begun:
                raise

    async def _websocket(self, scope: Message, receive: Receive, send: Send) -> None:
        given: dict[str, list[str]] = {}
        for name, value in _headers(scope):
            given.setdefault(name, []).append(value)
        refusal = self.access.foreign(given)
        if refusal is None and self.access.scope_of("GET", given) is None:
            refusal = Refusal(401, "token", "a token is needed")
        if refusal is None:
            await self.app(scope, receive, send)
            return
        self.measures.refused.labels(refusal.reason).inc()
        await receive()  # the request to connect
        # Closed before it was accepted: the asker is answered 403.
        await send({"type": "websocket.close", "code": 1008})

    async def _refuse(self, scope: Message, refusal: Refusal, answer: Send) -> None:
        self.measures.refused.labels(refusal.reason).inc()
        for message in _problem(refusal, scope["path"]):
            await answer(message)

    def _measured(self, scope: Message, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", NOT_FOUND_ROUTE)
        method = scope["method"] if scope["method"] in (*SAFE, "POST", "PUT", "DELETE", "PATCH") else "other"
        self.measures.requests.labels(method, route, str(status)).inc()
        self.measures.seconds.labels(method, route).observe(seconds)


def _headers(scope: Message) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]


def _has_body(headers: list[tuple[str, str]]) -> bool:
    given = dict(headers)
    return "transfer-encoding" in given or given.get("content-length", "0") != "0"


async def _whole(receive: Receive) -> tuple[bytes, Refusal | None]:
    """The body, read before anything is done: whatever its head said, it ends at the limit, in bytes and in time."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return b"", Refusal(400, "left", "the body has no end")
                body += message.get("body", b"")
                if len(body) > MOST_BYTES:
                    return b"", too_large()
                if not message.get("more_body", False):
                    return bytes(body), None
    except TimeoutError:
        return b"", Refusal(408, "slow", f"the body did not come within {BODY_SECONDS:g} seconds")


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _headed(headers: Any, nonce: str) -> list[tuple[bytes, bytes]]:
    given = {name.lower() for name, _ in headers}
    own = [*ALWAYS, ("content-security-policy", POLICY.format(nonce=nonce)), ("cache-control", "no-store")]
    return [*headers, *((name.encode(), value.encode()) for name, value in own if name.encode() not in given)]


def _problem(refusal: Refusal, path: str) -> tuple[Message, Message]:
    body = json.dumps(document(refusal.status, refusal.detail, path)).encode()
    headers = [("content-type", MEDIA), ("content-length", str(len(body))), *refusal.headers]
    start = {
        "type": "http.response.start",
        "status": refusal.status,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }
    return start, {"type": "http.response.body", "body": body}

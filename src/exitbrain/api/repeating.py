"""Idempotency-Key: the same key with the same body gets the same answer, whatever it would do a second time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from exitbrain.api.access import SAFE
from exitbrain.api.problems import problem

KEY = re.compile(r"[!-~]{1,200}")
KEPT_HEADERS = ("content-type", "location", "etag", "deprecation", "link")


class Repeatable:
    """An ASGI application around another. An answer of 500 and above frees the key again."""

    def __init__(self, app: Any, workbench: Any) -> None:
        self.app = app
        self.workbench = workbench

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE:
            await self.app(scope, receive, send)
            return
        keys = [value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"idempotency-key"]
        if not keys:
            await self.app(scope, receive, send)
            return
        if len(keys) > 1 or not KEY.fullmatch(keys[0]):
            await _refuse(scope, receive, send, 422, "Idempotency-Key has to be 1 to 200 visible ASCII characters")
            return
        await self._once(scope, receive, send, keys[0])

    async def _once(self, scope: Any, receive: Any, send: Any, key: str) -> None:
        body = await _whole(receive)
        if body is None:
            return
        asked = hashlib.sha256(body).hexdigest()
        where = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}"[:500]
        store = self.workbench.store
        claim = await run_in_threadpool(store.claim_key, where, key, asked)
        match claim.state:
            case "answered":
                await _again(claim, send)
                return
            case "pending":
                await _refuse(scope, receive, send, 409, "a request with this Idempotency-Key is under way")
                return
            case "other_body":
                await _refuse(scope, receive, send, 422, "this Idempotency-Key came with another body before")
                return
        heard = _Heard(send)
        try:
            await self.app(scope, _replayed(body, receive), heard)
        except BaseException:
            await run_in_threadpool(store.release_key, where, key)
            raise
        if heard.status is None or heard.status >= 500:
            await run_in_threadpool(store.release_key, where, key)
            return
        await run_in_threadpool(
            lambda: store.answer_key(where, key, status=heard.status, headers=heard.headers, body=heard.text)
        )


class _Heard:
    """Sends on, and keeps what was sent."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._body = bytearray()
        self.status: int | None = None
        self.headers: dict[str, str] = {}

    @property
    def text(self) -> str:
        return self._body.decode("utf-8")

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]}
            self.headers = {name: named[name] for name in KEPT_HEADERS if name in named}
        else:
            self._body += message.get("body", b"")
        await self._send(message)


async def _whole(receive: Any) -> bytes | None:
    """None where the asker has left."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _replayed(body: bytes, receive: Any) -> Any:
    given = False

    async def replay() -> Any:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def _again(claim: Any, send: Any) -> None:
    body = (claim.body or "").encode()
    headers: Mapping[str, str] = claim.headers
    head = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    if claim.status != 204:
        head.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": claim.status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def _refuse(scope: Any, receive: Any, send: Any, status: int, detail: str) -> None:
    field = {"field": "Idempotency-Key", "message": detail}
    await problem(status, detail, scope["path"], [field])(scope, receive, send)

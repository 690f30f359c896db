"""HTTP connections that are closed where the head of a request does not come in time."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20.0


class Punctual(H11Protocol):
    """uvicorn limits how long a line is idle after an answer, not how slowly the head of a request may trickle in."""

    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._due is not None:
            self._due.cancel()
        super().connection_lost(exc)

    def _expect(self) -> None:
        if self._due is not None:
            self._due.cancel()
        self._due = self.loop.call_later(HEAD_SECONDS, self._close_if_late)

    def _close_if_late(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        # After an upgrade the line belongs to another protocol.
        if not is_answering and self.transport.get_protocol() is self and not self.transport.is_closing():
            self.transport.close()

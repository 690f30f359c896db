"""Words that consent to what a preview showed: bound to its state, good for a minute, made by this server alone."""

from __future__ import annotations

import hashlib
import hmac
import time

from exitbrain.api.problems import Refused

SECONDS = 60


class Confirmations:
    """`key` is a secret of the server."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def word(self, state: str, now: float | None = None) -> str:
        until = int(time.time() if now is None else now) + SECONDS
        return f"{until}.{state}.{self._signed(until, state)}"

    def state(self, word: str, now: float | None = None) -> str:
        """What the word consents to. Refused with 409 where it is not of this server, or too old."""
        until, _, rest = word.partition(".")
        state, _, signature = rest.partition(".")
        whole = until.isascii() and until.isdigit() and len(until) < 16
        if not whole or not hmac.compare_digest(signature.encode(), self._signed(int(until), state).encode()):
            raise Refused(409, "this word consents to nothing", [_fault("not of a preview of this server")])
        if (time.time() if now is None else now) > int(until):
            raise Refused(409, f"the preview is older than {SECONDS} s", [_fault("too old")])
        return state

    def _signed(self, until: int, state: str) -> str:
        return hmac.new(self._key, f"confirm:{until}:{state}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _fault(message: str) -> dict[str, str]:
    return {"field": "confirm", "message": message, "accepted": "the confirm of a new preview"}

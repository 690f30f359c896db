"""The venue's signature: HMAC-SHA256 over the query text and the body text, in the order in which they came."""

from __future__ import annotations

import hashlib
import hmac

from exitbrain.venues.simulated.refusals import Refusal

DEFAULT_WINDOW = 5_000
LARGEST_WINDOW = 60_000


def signature(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def check_key(given: str | None, key: str) -> None:
    if not given:
        raise Refusal(-2014)
    if not hmac.compare_digest(given.encode(), key.encode()):
        raise Refusal(-2015)


def check_signature(secret: str, query: str, body: str, given: str) -> None:
    """What was signed is everything but the signature itself."""
    signed = "".join(_without_signature(part) for part in (query, body))
    if not given:
        raise Refusal(-1102, name="signature")
    if not hmac.compare_digest(signature(secret, signed).encode(), given.lower().encode()):
        raise Refusal(-1022)


def _without_signature(text: str) -> str:
    return "&".join(part for part in text.split("&") if not part.startswith("signature="))


def check_time(timestamp: str, window: str | None, clocks: tuple[int, ...]) -> None:
    """`clocks` are the instants (ms) that count as now: the venue's, and the wall's where candles are of another day."""
    try:
        at, width = int(timestamp), int(window or DEFAULT_WINDOW)
    except ValueError:
        raise Refusal(-1102, name="timestamp") from None
    if not any(now - min(width, LARGEST_WINDOW) <= at < now + 1_000 for now in clocks):
        raise Refusal(-1021)

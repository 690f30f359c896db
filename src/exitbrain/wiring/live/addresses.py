"""Addresses of a venue: what is one, and how it may be told. A key or a password in one is never repeated."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from exitbrain.errors import InvalidInput, Problem
from exitbrain.venues.binance.adapter import ACCOUNT_URL, STREAM_URL, URL

LOOPBACK = ("127.0.0.1", "localhost", "::1")
HTTP, STREAMS = ("http", "https"), ("ws", "wss")
HOST = re.compile(r"[\w.:-]+")
MOST_SHOWN = 80


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def check_url(url: str, name: str, schemes: tuple[str, ...]) -> None:
    """InvalidInput where `url`, the value of `name`, is none of these schemes with a host, or holds more than that."""
    accepted = f"{schemes[0]}://host:port or {schemes[1]}://host, without a key in it"
    if any(mark in url for mark in "@?#"):  # what stands around these may be a password or a key
        raise InvalidInput(Problem(found=f"{name} holds more than a place", accepted=accepted))
    parts = _parts(url)
    if parts is None or parts.scheme not in schemes or not HOST.fullmatch(parts.hostname or ""):
        raise InvalidInput(Problem(found=f"{name} is {url[:MOST_SHOWN]}", accepted=accepted))


def _parts(url: str) -> SplitResult | None:
    """None where it is no address: its brackets or its port are none."""
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 or any(letter.isspace() for letter in url) else parts
    except ValueError:
        return None


def check_encrypted(url: str, name: str) -> None:
    if not is_loopback(url) and urlsplit(url).scheme != "https":
        raise InvalidInput(Problem(found=f"{name} {url} is not encrypted", accepted="https:// beyond this machine"))


def beside(url: str) -> tuple[str, str]:
    """Where the streams and the account of a venue are that answers at `url`."""
    return (STREAM_URL, ACCOUNT_URL) if url == URL else (url.replace("http", "ws", 1), url)

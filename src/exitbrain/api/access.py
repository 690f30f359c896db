"""Whether a request is heard at all, and whether it may do what it asks: one function of its head.

A page of another site can make a browser send us requests, under our own name too once it has rebound its name to this
machine's address. So the Host must be one of ours, and an Origin, where there is one, as well; for what changes
something a token is needed, or the session of our page together with a word that only our page can read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from ipaddress import ip_address

from exitbrain.api.tokens import Scope, Tokens, is_csrf_of

SAFE = ("GET", "HEAD", "OPTIONS")
SESSION_COOKIE = "exitbrain_session"
CSRF_COOKIE = "exitbrain_csrf"
CSRF_HEADER = "x-exitbrain-csrf"
MOST_BYTES = 1024 * 1024
OPEN_PATHS = ("/health/live",)
# What comes into force, or goes out of it.
FOR_OPERATORS = (re.compile(r"/api/strategist/proposals/[^/]*/(promote|withdraw)/?"),)
# What closes positions, or lets a halted monitor act again.
FOR_FLATTENING = (re.compile(r"/api/(flatten|flatten/preview|kill/resume)/?"),)


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    reason: str  # a word for the counters
    detail: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Access:
    """`hosts` as they stand in a Host header, with their port; `remote` where others than this machine can reach us."""

    tokens: Tokens
    hosts: frozenset[str]
    remote: bool = False

    @property
    def origins(self) -> frozenset[str]:
        schemes = ("http", "https") if self.remote else ("http",)
        return frozenset(f"{scheme}://{host}" for scheme in schemes for host in self.hosts)

    def refusal(self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bool) -> Refusal | None:
        """None where the request may go on. `headers` in lower case, repeated ones repeated; `body`: it has one."""
        given = _grouped(headers)
        return self.foreign(given) or _unfit(method, given, body) or self._unallowed(method, path, given)

    def foreign(self, given: Mapping[str, list[str]]) -> Refusal | None:
        hosts = given.get("host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return Refusal(421, "host", "the Host is not one of this server's names")
        if any(origin not in self.origins for origin in given.get("origin", [])):
            return Refusal(403, "origin", "the Origin is not this server's")
        return None

    def _unallowed(self, method: str, path: str, given: Mapping[str, list[str]]) -> Refusal | None:
        needed = needed_scope(method, path)
        if needed is None or (method in SAFE and not self.remote):
            return None
        scope = self.scope_of(method, given)
        if scope is None:
            return _no_token(path)
        if scope < needed:
            return Refusal(403, "scope", f"this needs the scope {needed.name.lower()}")
        return None

    def scope_of(self, method: str, given: Mapping[str, list[str]]) -> Scope | None:
        """What the token or the session of a request allows; None without either."""
        if "authorization" in given:
            return self._token_scope(given["authorization"])
        session = self.tokens.session(_cookie(given, SESSION_COOKIE))
        if session is None:
            return None
        if method not in SAFE and not any(is_csrf_of(session, word) for word in given.get(CSRF_HEADER, [])):
            return None
        return session.scope

    def _token_scope(self, given: list[str]) -> Scope | None:
        kind, _, rest = given[0].partition(" ")
        if len(given) != 1:
            return None
        if kind.lower() == "basic":
            # What a browser asks its user for: the token is the password.
            try:
                rest = base64.b64decode(rest, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError, ValueError):
                return None
        elif kind.lower() != "bearer":
            return None
        return self.tokens.scope_of(rest.strip())


def needed_scope(method: str, path: str) -> Scope | None:
    if path in OPEN_PATHS:
        return None
    if method in SAFE:
        return Scope.READ
    if method == "DELETE" or any(pattern.fullmatch(path) for pattern in FOR_OPERATORS):
        return Scope.ADMIN
    return Scope.FLATTEN if any(pattern.fullmatch(path) for pattern in FOR_FLATTENING) else Scope.OPERATE


def loopback_hosts(port: int) -> frozenset[str]:
    return hosts_of(("127.0.0.1", "localhost", "[::1]"), port)


def hosts_of(names: Iterable[str], port: int) -> frozenset[str]:
    """As a browser writes them: the port is left out where it is 80."""
    lowered = [name.lower() for name in names]
    return frozenset([f"{name}:{port}" for name in lowered] + (lowered if port == 80 else []))


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _grouped(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _unfit(method: str, given: Mapping[str, list[str]], body: bool) -> Refusal | None:
    if body and any(not length.isdigit() or int(length) > MOST_BYTES for length in given.get("content-length", [])):
        return too_large()
    kinds = given.get("content-type", [])
    if body and [kind.partition(";")[0].strip().lower() for kind in kinds] != ["application/json"]:
        return Refusal(415, "media_type", "the body has to be application/json")
    return None


def too_large() -> Refusal:
    return Refusal(413, "size", f"the body is larger than {MOST_BYTES} bytes")


def _no_token(path: str) -> Refusal:
    # A browser that opens the page asks its user; programs are told what they lack.
    is_page = not path.startswith("/api/")
    scheme = 'Basic realm="exitbrain", charset="UTF-8"' if is_page else 'Bearer realm="exitbrain"'
    detail = "a token is needed: Authorization: Bearer, or the page's session with its X-Exitbrain-CSRF"
    return Refusal(401, "token", detail, (("www-authenticate", scheme),))


def _cookie(given: Mapping[str, list[str]], name: str) -> str:
    for header in given.get("cookie", []):
        try:
            found = SimpleCookie(header).get(name)
        except CookieError:
            continue
        if found is not None:
            return found.value
    return ""

"""Who may do what: tokens of a file that only its owner can read, and the sessions of our own pages.

    # scope token
    admin   Jx0…
    read    9fQ…      a word for whom it is

A scope holds those before it: read, operate (runs, profiles, experiments), flatten (close positions), admin. A line of
one word is an admin token. A session is signed with the first token's hash, so that it outlives a restart and ends when
that token is changed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from exitbrain.errors import InvalidInput, Problem

FEWEST_CHARACTERS = 32
LINE = "a line of a scope (read, operate, flatten or admin) and a token"


class Scope(IntEnum):
    READ = 1
    OPERATE = 2
    FLATTEN = 3
    ADMIN = 4


SCOPES = {scope.name.lower(): scope for scope in Scope}


@dataclass(frozen=True, slots=True)
class Token:
    scope: Scope
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Session:
    scope: Scope
    csrf: str


@dataclass(frozen=True, slots=True)
class Tokens:
    tokens: tuple[Token, ...]

    def scope_of(self, text: str) -> Scope | None:
        """The widest scope of a token; None for one that is not in the file. Every line is compared in full."""
        asked = hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
        fitting = [token.scope for token in self.tokens if hmac.compare_digest(token.sha256, asked)]
        return max(fitting, default=None)

    def new_session(self, scope: Scope) -> tuple[str, str]:
        """A session's cookie, and the word that its pages send along with what they change."""
        nonce = secrets.token_urlsafe(18)
        text = f"{scope.name.lower()}.{nonce}"
        return f"{text}.{self._signed('session', text)}", self._signed("csrf", text)

    def session(self, cookie: str) -> Session | None:
        """The session of a cookie that this server, or one with the same token file, has made."""
        text, _, signature = cookie.rpartition(".")
        scope = SCOPES.get(text.partition(".")[0])
        if scope is None or not _same(signature, self._signed("session", text)):
            return None
        return Session(scope, self._signed("csrf", text))

    @property
    def secret(self) -> bytes:
        """For other words that this server signs."""
        return hmac.new(self.tokens[0].sha256, b"confirmations", hashlib.sha256).digest()

    def _signed(self, purpose: str, text: str) -> str:
        key = self.tokens[0].sha256
        return hmac.new(key, f"{purpose}:{text}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _same(first: str, second: str) -> bool:
    return hmac.compare_digest(first.encode("utf-8", "surrogateescape"), second.encode())


def is_csrf_of(session: Session, word: str) -> bool:
    return _same(word, session.csrf)


def read_tokens(path: Path) -> Tokens:
    """The tokens of a file, made with one admin token where there is none. InvalidInput where others could read it."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _tokens(path)
    with os.fdopen(made, "w", encoding="utf-8") as file:
        file.write(
            f"# scope token; a scope holds those before it: {', '.join(SCOPES)}\nadmin {secrets.token_urlsafe(32)}\n"
        )
    return _tokens(path)


def _tokens(path: Path) -> Tokens:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise InvalidInput(Problem(found="others can read this file", accepted="mode 0600", file=str(path)))
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [_token(line.split(), number, path) for number, line in enumerate(lines, 1) if _speaks(line)]
    if not found:
        raise InvalidInput(Problem(found="no token", accepted=LINE, file=str(path)))
    return Tokens(tuple(found))


def _speaks(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _token(words: Sequence[str], line: int, path: Path) -> Token:
    """What was found is never said: it may be a token."""
    scope, text = ("admin", words[0]) if len(words) == 1 else (words[0].lower(), words[1])
    if scope not in SCOPES:
        raise InvalidInput(Problem(found="no scope begins this line", accepted=LINE, file=str(path), line=line))
    if len(text) < FEWEST_CHARACTERS:
        accepted = f"at least {FEWEST_CHARACTERS} characters"
        raise InvalidInput(Problem(found="a short token", accepted=accepted, file=str(path), line=line))
    return Token(SCOPES[scope], hashlib.sha256(text.encode()).digest())

"""Files of a monitor in the home folder, and what is remembered there: install, consent, heartbeat."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exitbrain.errors import InvalidInput, Unavailable

KEY, SECRET = "EXITBRAIN_VENUE_API_KEY", "EXITBRAIN_VENUE_API_SECRET"
WORDS = "I understand that real orders are sent"
BASE32 = "0123456789abcdefghijklmnopqrstuv"


@dataclass(frozen=True, slots=True)
class Places:
    """`home/live`."""

    folder: Path

    @classmethod
    def of(cls, home: Path) -> Places:
        folder = home / "live"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"{folder}: {error.strerror}") from None
        return cls(folder)

    def journal(self, mode: str) -> Path:
        """Shadow, paper and live do not know each other's orders."""
        return self.folder / f"{mode}.sqlite3"

    @property
    def heartbeat(self) -> Path:
        return self.folder / "heartbeat.json"

    @property
    def watchdog_lock(self) -> Path:
        return self.folder / "watchdog.lock"

    @property
    def watchdog_log(self) -> Path:
        return self.folder / "watchdog.log"

    def install(self) -> str:
        """Four letters that mark this installation's orders, made once."""
        file = self.folder / "install"
        try:
            if not file.exists():
                write(file, "".join(secrets.choice(BASE32) for _ in range(4)))
            text = file.read_text().strip()
        except OSError as error:
            raise Unavailable(f"{file}: {error.strerror}") from None
        if len(text) != 4 or any(letter not in BASE32 for letter in text):
            raise InvalidInput(f"{file} holds {text[:20]!r}", accepted=f"four of {BASE32}")
        return text

    # consent

    def has_consent(self, key: str) -> bool:
        try:
            given = json.loads((self.folder / "consent.json").read_text())
        except (OSError, ValueError):
            return False
        return isinstance(given, dict) and given.get("words") == WORDS and given.get("key") == fingerprint(key)

    def keep_consent(self, key: str) -> None:
        """For this key, once."""
        given = {"words": WORDS, "key": fingerprint(key), "at": int(time.time())}
        write(self.folder / "consent.json", json.dumps(given))

    # heartbeat

    def beat(self, terms: Mapping[str, Any], *, ended: bool) -> None:
        """For the watchdog: when this process was last well, and what it looks after."""
        write(self.heartbeat, json.dumps({"at": time.time(), "pid": os.getpid(), "ended": ended, **terms}))


def write(file: Path, text: str) -> None:
    """Whole or not at all, for its user alone."""
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as made:
        made.write(text)
    os.replace(beside, file)


def fingerprint(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:16]


def keys_of(environment: Mapping[str, str]) -> tuple[str, str]:
    """Only from the environment. Unavailable where one is missing."""
    given = [environment.get(name, "").strip() for name in (KEY, SECRET)]
    missing = [name for name, value in zip((KEY, SECRET), given, strict=True) if not value]
    if missing:
        raise Unavailable(f"{' and '.join(missing)} not set: the venue's API key is read from the environment alone")
    return given[0], given[1]


def in_rollout(symbol: str, percent: int) -> bool:
    """The same symbols every time, and more of them as the percentage grows."""
    return int.from_bytes(hashlib.sha256(symbol.encode()).digest()[:4]) % 100 < percent

"""Alerts to where an operator reads them: webhooks, Telegram and whatever else Apprise knows.

    alerts = Alerts.open(["env:ALERTS", "https://example.org/hook"], environment, about="paper at venue-sim")
    alerts.send("naked", "BTCUSDT", "4 of 4 lots have no stop at the venue")
    alerts.close()

An address holds secrets: it is never told in an error, a log or a shown config (`shown` is what may be), and `env:NAME`
keeps it out of the config file altogether. Sending is done by a thread: whoever calls never waits for a network. The
same alert of a position is told once in five minutes, unless another of it came between; of all, ten may come at once
and then one every half minute. What was held back is counted in the next one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from exitbrain.errors import InvalidInput, Problem, Unavailable, one_line

QUIET_SECONDS = 300.0
BURST = 10
SECONDS_EACH = 30.0
MOST_WAITING = 200
MOST_LETTERS = 1500
PAUSES = (2.0, 10.0)  # before the second and the third try
ACCEPTED = "an address as Apprise has them (json://, tgram://TOKEN/CHAT, mailto://), http(s)://, or env:NAME"
ENVIRONMENT = "env:"
WEBHOOKS = (("https://", "jsons://"), ("http://", "json://"))
logger = logging.getLogger("exitbrain.alerts")

Post = Callable[[str, str], bool]


@dataclass(slots=True)
class Limits:
    """Which alerts are told, by the clock that is given."""

    last: dict[str, tuple[str, float]] = field(default_factory=dict)
    tokens: float = BURST
    at: float | None = None
    held_back: int = 0

    def allows(self, name: str, key: str, now: float) -> bool:
        said, when = self.last.get(key, ("", now - QUIET_SECONDS))
        if said == name and now - when < QUIET_SECONDS:
            self.held_back += 1
            return False
        passed = 0.0 if self.at is None else now - self.at
        self.tokens, self.at = min(float(BURST), self.tokens + passed / SECONDS_EACH), now
        if self.tokens < 1:
            self.held_back += 1
            return False
        self.tokens -= 1
        self.last[key] = (name, now)
        return True


class Alerts:
    """Threads may share it."""

    def __init__(
        self, posts: Mapping[str, Post], *, about: str = "", clock: Callable[[], float] = time.monotonic,
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:  # fmt: skip
        """`posts` by the address as it may be shown."""
        self.posts = dict(posts)
        self.about = about
        self.failed = 0
        self._clock = clock
        self._pauses = pauses
        self._limits = Limits()
        self._waiting: deque[tuple[str, str]] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._thread: threading.Thread | None = None

    @classmethod
    def open(cls, urls: Iterable[str], environment: Mapping[str, str], *, about: str = "") -> Alerts:
        """Raises InvalidInput for what is no address, and Unavailable where Apprise is not installed."""
        return cls(dict(_post_of(number, url, environment) for number, url in enumerate(urls)), about=about)

    @property
    def shown(self) -> list[str]:
        """The addresses without their secrets."""
        return list(self.posts)

    def send(self, name: str, key: str, detail: str) -> bool:
        """Whether it is told: `key` is the position's, or "" for the monitor; `detail` says the cause."""
        if not self.posts:
            return False
        with self._changed:
            if self._closing or not self._limits.allows(name, key, self._clock()):
                return False
            held, self._limits.held_back = self._limits.held_back, 0
            self._waiting.append(_words(name, key, detail, self.about, held))
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popleft()
                self._limits.held_back += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return True

    def close(self, seconds: float = 5.0) -> None:
        """What waits is still sent, for so long."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                title, body = self._waiting.popleft()
            for shown, post in self.posts.items():
                if not self._posted(post, title, body):
                    self.failed += 1
                    logger.warning("an alert could not be sent to %s: %s", shown, one_line(title))

    def _posted(self, post: Post, title: str, body: str) -> bool:
        for pause in (0.0, *self._pauses):
            if pause:
                with self._changed:
                    # Whoever closes does not wait for another try.
                    if self._changed.wait_for(lambda: self._closing, pause):
                        return False
            try:
                if post(title, body):
                    return True
            except Exception as error:  # a plugin's fault is not the monitor's; its words may hold the address
                logger.debug("%s while an alert was sent", type(error).__name__)
        return False


def _words(name: str, key: str, detail: str, about: str, held_back: int) -> tuple[str, str]:
    what = name.replace("_", " ")
    title = f"Exit Brain, {about}: {key or 'monitor'} {what}" if about else f"Exit Brain: {key or 'monitor'} {what}"
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
    more = f"\n{held_back} more held back since the last one." if held_back else ""
    return one_line(title), f"{one_line(f'{key}: {detail}' if key else detail)[:MOST_LETTERS]}\n{at}{more}"


def _post_of(number: int, url: str, environment: Mapping[str, str]) -> tuple[str, Post]:
    where = ("live", "alerts", number)
    if url.startswith(ENVIRONMENT):
        variable = url.removeprefix(ENVIRONMENT)
        if not environment.get(variable, "").strip():
            raise InvalidInput(Problem(found=f"no variable {variable!r}", accepted="one that is set", at=where))
        url = environment[variable].strip()
    made = _notifier(url)
    if made is None:
        # What was found is never said: it may hold a token.
        raise InvalidInput(Problem(found=f"live.alerts[{number}] is no address", accepted=ACCEPTED, at=where))
    shown = f"{number + 1}: {_shown(made)}"
    return shown, lambda title, body: bool(made.send(body=body, title=title))


def _notifier(url: str) -> Any:
    try:
        import apprise
    except ImportError:
        raise Unavailable('alerts need the package apprise: pip install "exitbrain[alerts]"') from None
    # It logs addresses where it fails.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    found = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if found is None:
        for plain, webhook in WEBHOOKS:
            if url.startswith(plain):
                return apprise.Apprise.instantiate(webhook + url.removeprefix(plain), suppress_exceptions=True)
    return found


def _shown(notifier: Any) -> str:
    """The service and its host: paths and tokens of a webhook are secrets too."""
    host = getattr(notifier, "host", None)
    return f"{notifier.service_name} {host}" if host and notifier.service_name == "JSON" else str(notifier.service_name)

"""Reads what `live` was asked, sets the log up, and runs it."""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from exitbrain.config.settings import Settings
    from exitbrain.wiring.live.starting import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAsked:
    config: str | None
    mode: str | None
    candles: list[str] | None
    url: str | None
    speed: float | None
    port: int | None
    serve: bool | None
    once: bool
    seconds: float | None
    consent: str | None
    home: str | None


def run_live(asked: LiveAsked) -> None:
    from exitbrain.features.ta_lib import spare_pandas
    from exitbrain.wiring.live.starting import start

    wanted = _wanted(asked)
    log_to_stderr()
    spare_pandas()
    start(wanted, lambda words: print(words, flush=True))


def asked_of(config: str | None, mode: str | None) -> Asked:
    """What a start with this config would be asked, for who only looks."""
    return _wanted(
        LiveAsked(
            config=config, mode=mode, candles=None, url=None, speed=None, port=None, serve=None, once=False,
            seconds=None, consent=None, home=None,
        )
    )  # fmt: skip


def _wanted(asked: LiveAsked) -> Asked:
    """Paths of a config lie beside it, those of the command line are the caller's."""
    from exitbrain.wiring.live.starting import Asked
    from exitbrain.wiring.workbench.home import open_home

    return Asked(
        settings=live_settings(asked),
        home=open_home(asked.home, os.environ).folder,
        environment=dict(os.environ),
        base=Path(asked.config).parent if asked.config else Path(),
        once=asked.once,
        seconds=asked.seconds,
        consent=asked.consent,
    )


def live_settings(asked: LiveAsked) -> Settings:
    """The config with what the command line says over it."""
    from exitbrain.config.settings import load_config

    settings = load_config(asked.config, os.environ)
    given: dict[str, Any] = {
        "mode": asked.mode, "candles": _full(asked.candles), "url": asked.url, "speed": asked.speed, "port": asked.port,
        "serve": asked.serve,
    }  # fmt: skip
    said = {name: value for name, value in given.items() if value is not None}
    if not said:
        return settings
    content = settings.to_dict(live=True)
    try:
        return load_config({**content, "live": {**content["live"], **said}})
    except InvalidInput as error:
        problems = (Problem(found=f"{one.found}", accepted=one.accepted, file=one.file) for one in error.problems)
        raise InvalidInput(*problems) from None


def _full(files: list[str] | None) -> list[str] | None:
    return None if files is None else [os.path.abspath(one) for one in files]


def run_watchdog(home: str | None, seconds: float | None) -> None:
    import asyncio

    from exitbrain.wiring.live.standing_by import stand_by
    from exitbrain.wiring.workbench.home import open_home

    place = open_home(home, os.environ).folder
    log_to_stderr()
    try:
        asyncio.run(stand_by(place, dict(os.environ), seconds))
    except KeyboardInterrupt:
        print(file=sys.stderr)


class _Lines(logging.Formatter):
    """21:03:11 BTCUSDT stop rests @ 49000"""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        from exitbrain.errors import one_line

        mark = "! " if record.levelno >= logging.WARNING else ""
        line = f"{self.formatTime(record, '%H:%M:%S')} {mark}{one_line(record.getMessage())}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def log_to_stderr() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    for name in ("exitbrain.live", "exitbrain.watchdog", "exitbrain.exit_brain"):
        log = logging.getLogger(name)
        log.handlers, log.propagate = [handler], False
        log.setLevel(logging.INFO)

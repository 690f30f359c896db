"""The watchdog as a process: one for a home, with the keys of the environment and the monitor's own words on the venue."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from exitbrain.config.written import shown
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.venues.binance.adapter import BinanceAdapter
from exitbrain.venues.binance.http import HttpWire
from exitbrain.wiring.live.addresses import HTTP, beside, check_encrypted, check_url, is_loopback
from exitbrain.wiring.live.guarding import Watchdog, heartbeat
from exitbrain.wiring.live.places import KEY, Places, keys_of

LOG = logging.getLogger("exitbrain.watchdog")


async def stand_by(home: Path, environment: Mapping[str, str], seconds: float | None = None) -> None:
    """Unavailable where no monitor has ever run here, InvalidInput where what it left does not say at which venue."""
    places = Places.of(home)
    told = heartbeat(places) or {}
    door = _door(places, told)
    lock = os.open(places.watchdog_lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            LOG.info("another watchdog stands by already")
            return
        is_paper = door.simulated and not environment.get(KEY)
        key, secret = ("venue-sim", "venue-sim") if is_paper else keys_of(environment)
        wire = HttpWire(door.url, key, secret, account_url=door.account_url)
        adapter = BinanceAdapter(wire, stream_url=door.stream_url, simulated=door.simulated)
        LOG.info("stands by at %s", door.url)
        await Watchdog(adapter, places, told).run(seconds)
    finally:
        os.close(lock)


class _Door(NamedTuple):
    url: str
    stream_url: str
    account_url: str
    simulated: bool


def _door(places: Places, told: Mapping[str, Any]) -> _Door:
    """At which venue is never guessed: another one's positions are not this monitor's."""
    if not places.heartbeat.exists():
        raise Unavailable(f"no monitor has left a heartbeat in {places.folder}: exitbrain live starts its watchdog")
    accepted = "what exitbrain live writes; a start of it writes it anew"
    try:
        url = told.get("url")
        if not isinstance(url, str):
            raise InvalidInput(f"url is {shown(url)}")
        check_url(url, "url", HTTP)
        check_encrypted(url, "url")
    except InvalidInput as error:
        found = f"it does not say at which venue positions are watched: {error.problems[0].found}"
        raise InvalidInput(Problem(found=found, accepted=accepted, file=str(places.heartbeat))) from None
    return _Door(url, *beside(url), is_loopback(url))

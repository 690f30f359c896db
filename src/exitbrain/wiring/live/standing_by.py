"""The watchdog as a process: one for a home, with the keys of the environment and the monitor's own words on the venue."""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Mapping
from pathlib import Path

from exitbrain.errors import Unavailable
from exitbrain.venues.binance.adapter import BinanceAdapter
from exitbrain.venues.binance.http import HttpWire
from exitbrain.wiring.live.guarding import Watchdog, heartbeat
from exitbrain.wiring.live.places import Places, keys_of

LOG = logging.getLogger("exitbrain.watchdog")


async def stand_by(home: Path, environment: Mapping[str, str], seconds: float | None = None) -> None:
    """Unavailable where no monitor has ever run here."""
    places = Places.of(home)
    told = heartbeat(places)
    if told is None:
        raise Unavailable(f"no monitor has left a heartbeat in {places.folder}: exitbrain live starts its watchdog")
    lock = os.open(places.watchdog_lock, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            LOG.info("another watchdog stands by already")
            return
        key, secret = ("venue-sim", "venue-sim") if _is_plain_paper(told, environment) else keys_of(environment)
        wire = HttpWire(str(told["url"]), key, secret, account_url=str(told["account_url"]))
        adapter = BinanceAdapter(wire, stream_url=str(told["stream_url"]), simulated=bool(told.get("simulated")))
        LOG.info("stands by at %s", told["url"])
        await Watchdog(adapter, places, told).run(seconds)
    finally:
        os.close(lock)


def _is_plain_paper(told: Mapping[str, object], environment: Mapping[str, str]) -> bool:
    return bool(told.get("simulated")) and not environment.get("EXITBRAIN_VENUE_API_KEY")

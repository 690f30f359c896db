"""Whether a monitor could start, and would be well: keys, account, clock, journal, disk, switch, streams. Sends nothing."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Iterator

from exitbrain.errors import ExitBrainError
from exitbrain.venues.adapter import Connected, Finding, Heard
from exitbrain.venues.binance.adapter import BinanceAdapter
from exitbrain.venues.binance.http import HttpWire
from exitbrain.wiring.live.places import Places
from exitbrain.wiring.live.starting import LIVE, PAPER, Asked, Door, door_of, journal_of, plan_of, registry_of
from exitbrain.wiring.live.switch import KillSwitch

LEAST_BYTES = 1 << 30
STREAM_WITHIN = 10.0


def examine(asked: Asked) -> list[Finding]:
    places = Places.of(asked.home)
    return [*_files(asked, places), *_own(asked, places), *_venue(asked, places)]


def _files(asked: Asked, places: Places) -> Iterator[Finding]:
    try:
        registry, plan = registry_of(asked), plan_of(asked)
    except ExitBrainError as error:
        yield Finding(subject="profiles and plan", ok=False, detail=str(error))
        return
    rules = "rules of written plans" if plan is None else f"{len(plan.triggers)} rules"
    yield Finding(subject="profiles and plan", ok=True, detail=f"{len(registry.profiles)} profiles, {rules}")


def _own(asked: Asked, places: Places) -> Iterator[Finding]:
    from exitbrain.store.journal import Held, open_journal

    live = asked.settings.live
    target = journal_of(asked, places, "playground" if live.mode == PAPER and live.url is None else live.mode)
    try:
        journal = open_journal(target)
        rows = journal.seq
        journal.close()
        yield Finding(subject="journal", ok=True, detail=f"{rows} rows, whole, can be written")
    except Held:
        yield Finding(subject="journal", ok=True, detail="a monitor is running, and writes it")
    except ExitBrainError as error:
        yield Finding(subject="journal", ok=False, detail=str(error))
    free = shutil.disk_usage(places.folder).free
    yield Finding(subject="disk", ok=free >= LEAST_BYTES, detail=f"{free / (1 << 30):.1f} GiB free", needed=False)
    switch = KillSwitch(asked.home).read()
    detail = "off" if switch is None else f"on since {switch['at']}: stops only, until exitbrain kill --resume"
    yield Finding(subject="kill switch", ok=switch is None, detail=detail, needed=False)


def _venue(asked: Asked, places: Places) -> Iterator[Finding]:
    live = asked.settings.live
    if live.mode == PAPER and live.url is None:
        yield Finding(subject="venue", ok=True, detail="paper: it is simulated in the monitor's process")
        return
    try:
        door = door_of(asked, None)
    except ExitBrainError as error:
        yield Finding(subject="venue", ok=False, detail=str(error))
        return
    if live.mode == LIVE:
        given = places.has_consent(door.key)
        detail = "given for this key" if given else "not given yet: a start asks for it"
        yield Finding(subject="consent", ok=given, detail=detail, needed=False)
    yield from asyncio.run(_asked(door, live.timeframe))


async def _asked(door: Door, timeframe: str) -> list[Finding]:
    try:
        wire = HttpWire(door.url, door.key, door.secret, account_url=door.account_url)
    except ExitBrainError as error:
        return [Finding(subject="venue", ok=False, detail=str(error))]
    adapter = BinanceAdapter(wire, stream_url=door.stream_url, timeframe=timeframe, simulated=door.simulated)
    try:
        found = list(await adapter.open())
        if all(one.ok for one in found if one.needed):
            found += [await _positions(adapter), await _stream(adapter)]
        return found
    except ExitBrainError as error:
        return [Finding(subject="venue", ok=False, detail=str(error))]
    finally:
        await adapter.close()


async def _positions(adapter: BinanceAdapter) -> Finding:
    seen = await adapter.positions()
    if seen is None:
        return Finding(subject="positions", ok=False, detail="they could not be read")
    return Finding(
        subject="positions", ok=True, detail=f"{len(seen)} open: {', '.join(one.key for one in seen)}".rstrip(": ")
    )


async def _stream(adapter: BinanceAdapter) -> Finding:
    heard: list[Heard] = []
    task = asyncio.create_task(adapter.listen(heard.append))
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STREAM_WITHIN):
                while not any(isinstance(one, Connected) for one in heard):
                    await asyncio.sleep(0.05)
                return Finding(subject="account's stream", ok=True, detail="opens")
        return Finding(subject="account's stream", ok=False, detail=f"not open within {STREAM_WITHIN:g} s")
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

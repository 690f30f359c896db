"""A monitor from a config to its end: mode, keys, venue, journal, screen, watchdog, and what runs beside it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from exitbrain.config.environment import exit_brain_enabled
from exitbrain.config.settings import Settings
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.live.running import Running
from exitbrain.live.terms import Clock, Terms
from exitbrain.store.journal import is_postgres
from exitbrain.venues.binance.adapter import URL, BinanceAdapter
from exitbrain.venues.binance.http import HttpWire
from exitbrain.wiring.live.addresses import HTTP, STREAMS, beside, check_encrypted, check_url, is_loopback
from exitbrain.wiring.live.alerts import Alerts
from exitbrain.wiring.live.minding import Mind
from exitbrain.wiring.live.places import WORDS, Places, fingerprint, keys_of
from exitbrain.wiring.live.screening import StoreScreen
from exitbrain.wiring.live.switch import KillSwitch

if TYPE_CHECKING:
    from exitbrain.core.registry import ProfileRegistry
    from exitbrain.core.triggers import StrategyPlan
    from exitbrain.wiring.live.demo import Playground

LOG = logging.getLogger("exitbrain.live")
SHADOW, PAPER, LIVE = "shadow", "paper", "live"
PORTS_TRIED = 20
BOT_SEED = 1
SERVED_WITHIN = 5.0  # seconds: where protection takes that long, somebody wants to look
WATCHDOG_AFTER = 3  # beats: the venue has answered, and what was found has had its time


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`base` is the folder that the config's paths are read from. `consent`: the words, where they were given."""

    settings: Settings
    home: Path
    environment: Mapping[str, str]
    base: Path = field(default_factory=Path)
    once: bool = False
    seconds: float | None = None
    consent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the venue is, and with which key."""

    url: str
    stream_url: str
    account_url: str
    key: str
    secret: str
    simulated: bool
    name: str


def door_of(asked: Asked, playground: Playground | None) -> Door:
    """Raises InvalidInput and Unavailable for a mode that may not have this venue, a URL that is none, missing keys."""
    live = asked.settings.live
    url = playground.url if playground is not None else live.url or URL
    check_url(url, "live.url", HTTP)
    simulated = is_loopback(url)
    check_encrypted(url, "live.url")
    if live.mode == PAPER and (urlsplit(url).hostname or "").rstrip(".") == urlsplit(URL).hostname:
        found = f"mode paper with {url}, where orders are real"
        raise InvalidInput(Problem(found=found, accepted="a simulated venue or a test net; or mode live"))
    if live.mode != LIVE and simulated:  # a venue of this machine has no money to lose
        key = asked.environment.get("EXITBRAIN_VENUE_API_KEY") or "venue-sim"
        secret = asked.environment.get("EXITBRAIN_VENUE_API_SECRET") or "venue-sim"
    else:
        key, secret = keys_of(asked.environment)
    streams, account = beside(url)
    stream = live.stream_url or streams
    check_url(stream, "live.stream_url", STREAMS)
    name = "venue-sim" if simulated else live.venue
    return Door(url=url, stream_url=stream, account_url=account, key=key, secret=secret, simulated=simulated, name=name)


def check_consent(asked: Asked, door: Door, places: Places) -> None:
    """Live needs all three: the mode, a key, and the words, once for each key."""
    if asked.settings.live.mode != LIVE or places.has_consent(door.key):
        return
    given = asked.consent
    if given is None and sys.stdin.isatty():
        print(f"Live sends real orders to {door.url} with the key {door.key[:4]}…", file=sys.stderr)
        print(f'Type: "{WORDS}"', file=sys.stderr)
        given = sys.stdin.readline()
    if given is None or given.strip().strip('"') != WORDS:
        raise InvalidInput(Problem(found="live without consent", accepted=f'--consent "{WORDS}", once for each key'))
    places.keep_consent(door.key)


def journal_of(asked: Asked, places: Places, name: str) -> str | Path:
    """As `open_journal` takes it: what the config names, or the home's own of that name."""
    journal = asked.settings.live.journal
    if journal is None:
        return places.journal(name)
    path = journal.removeprefix("sqlite:///")
    return journal if "://" in path or is_postgres(path) else asked.base / path


def registry_of(asked: Asked) -> ProfileRegistry:
    from exitbrain.core.registry import ProfileRegistry

    live = asked.settings.live
    if live.profiles is None:
        return ProfileRegistry()
    from exitbrain.wiring.loading import load_profiles

    return load_profiles(asked.base / live.profiles)


def plan_of(asked: Asked) -> StrategyPlan | None:
    live = asked.settings.live
    if live.plan is None:
        return None
    from exitbrain.config.plans import load_plan

    return load_plan(asked.base / live.plan)


def _shown(settings: Settings, alerts: Alerts) -> dict[str, Any]:
    """The config for a screen: addresses of alerts and a database's URL hold secrets."""
    config = settings.to_dict(live=True)
    config["live"]["alerts"] = alerts.shown
    if config["live"]["journal"] and "://" in config["live"]["journal"]:
        config["live"]["journal"] = config["live"]["journal"].partition("://")[0] + "://…"
    return config


def start(asked: Asked, announce: Callable[[str], None]) -> None:
    """Until Ctrl-C, or as long as asked. Raises what a person has to hear."""
    exit_brain_enabled(asked.environment)  # refuses what is neither true nor false before anything begins
    _check_distances(asked.settings)
    places = Places.of(asked.home)
    registry, plan = registry_of(asked), plan_of(asked)
    alerts = Alerts.open(asked.settings.live.alerts, asked.environment, about=asked.settings.live.mode)
    playground = _playground(asked)
    try:
        if playground is not None:
            asked = _fitted(asked, playground)
            _tell_notes(playground.notes, is_demo=not asked.settings.live.candles)
        door = door_of(asked, playground)
        check_consent(asked, door, places)
        _run(asked, door, places, Rules(registry, plan), playground, alerts, announce)
    finally:
        alerts.close()
        if playground is not None:
            playground.stop()


def _tell_notes(notes: Sequence[str], *, is_demo: bool) -> None:
    """Of candles that came with the program nobody asked how they were read."""
    if is_demo and notes:
        LOG.info("%d notes on the demo's candles, which exitbrain demo tells", len(notes))
        return
    for note in notes:
        LOG.info("%s", note)


def _check_distances(settings: Settings) -> None:
    """A position that is found gets its last stop before its plan: it must not stand in the plan's way."""
    stop, last = settings.exits.default_stop_pct, settings.live.disaster_pct
    if stop >= last:
        found = f"live.disaster_pct {last} with exits.default_stop_pct {stop}"
        raise InvalidInput(Problem(found=found, accepted="a last stop beyond the plan's"))


def _playground(asked: Asked) -> Playground | None:
    live = asked.settings.live
    if live.mode != PAPER or live.url is not None:
        if live.candles:
            accepted = "mode paper without url: a venue of another process has its own candles"
            raise InvalidInput(Problem(found=f"live.candles in mode {live.mode}", accepted=accepted))
        return None
    from exitbrain.wiring.live.demo import play

    speed = None if live.speed is None else float(live.speed)
    if live.candles:
        files = [str(asked.base / one) for one in live.candles]
        return play(files, asked.settings, speed=speed, is_demo=False)
    from exitbrain.candles import demo_candles

    return play(demo_candles()[0], asked.settings, speed=speed, is_demo=True)


def _fitted(asked: Asked, playground: Playground) -> Asked:
    """Bars of the candles' own length, for which a finer config would find none."""
    live = asked.settings.live.model_copy(update={"timeframe": playground.timeframe, "watchdog": False})
    settings = asked.settings.model_copy(update={"live": live})
    return Asked(**{name: getattr(asked, name) for name in Asked.__dataclass_fields__} | {"settings": settings})


@dataclass(frozen=True, slots=True)
class Rules:
    registry: ProfileRegistry
    plan: StrategyPlan | None


def _run(
    asked: Asked, door: Door, places: Places, rules: Rules, playground: Playground | None, alerts: Alerts,
    announce: Callable[[str], None],
) -> None:  # fmt: skip
    from exitbrain.store.journal import open_journal

    live = asked.settings.live
    target = journal_of(asked, places, "playground" if playground is not None else live.mode)
    # The venue in this process begins anew, and so does what is known of it; a journal that was named is kept.
    afresh = playground is not None and live.journal is None
    journal = open_journal(target, account=fingerprint(door.key), afresh=afresh)
    screen: StoreScreen | None = None
    beside: list[subprocess.Popen[bytes]] = []
    try:
        install = places.install()
        account = fingerprint(door.key)
        mind = Mind(
            journal, asked.settings, install=install, registry=rules.registry, plan=rules.plan,
            environment=asked.environment, account=account, opened=_store_of(asked),
        )  # fmt: skip
        clock = Clock(_last_at(mind))
        screen = StoreScreen(
            _store_of(asked), mode=live.mode, venue=door.name, config=_shown(asked.settings, alerts), clock=clock,
            alerts=alerts,
        )  # fmt: skip
        port = _free_port(live.port) if live.serve and not asked.once else None
        if port is not None:
            announce(f"Live screen: http://127.0.0.1:{port}/live")
        why = "failed"
        try:
            asyncio.run(_monitor(asked, door, places, mind, screen, clock, playground, install, beside, port))
            why = "ended"
        finally:
            screen.close(why)
            mind.close(clock())
    except BaseException:
        with contextlib.suppress(Exception):
            journal.close()
        raise
    finally:
        for process in beside:
            _end(process)


def _last_at(mind: Mind) -> int:
    """The clock does not go back behind what was written, even where the machine's did."""
    return max((row.at for row in mind.journal.rows(mind.journal.seq - 1)), default=0)


def _store_of(asked: Asked) -> Callable[[], Any]:
    def opened() -> Any:
        from exitbrain.store import Store
        from exitbrain.wiring.workbench.home import Home, database_url

        return Store.open(database_url(Home(asked.home), asked.environment)[0])

    return opened


async def _monitor(
    asked: Asked, door: Door, places: Places, mind: Mind, screen: StoreScreen, clock: Clock,
    playground: Playground | None, install: str, beside: list[subprocess.Popen[bytes]], port: int | None,
) -> None:  # fmt: skip
    live = asked.settings.live
    wire = HttpWire(door.url, door.key, door.secret, account_url=door.account_url)
    adapter = BinanceAdapter(
        wire, stream_url=door.stream_url, timeframe=live.timeframe, install=install, clock=clock,
        simulated=door.simulated,
    )  # fmt: skip
    switch = KillSwitch(asked.home)
    beats = {
        "url": door.url, "stream_url": door.stream_url, "account_url": door.account_url,
        "simulated": door.simulated, "symbols": None if live.symbols is None else list(live.symbols),
        "policy": live.policy, "rollout_pct": live.rollout_pct, "disaster_pct": str(live.disaster_pct),
    }  # fmt: skip

    beaten = itertools.count(1)
    guarded = live.watchdog and live.mode != SHADOW and not asked.once

    def beat(ended: bool) -> None:
        try:
            places.beat(beats, ended=ended)
            if next(beaten) == WATCHDOG_AFTER and guarded and not ended:
                beside_watchdog(asked, places)
        except OSError as error:
            LOG.warning("heartbeat %s: %s", places.heartbeat, error.strerror)

    running = Running(
        mind, adapter, screen,
        Terms(
            mode=live.mode, symbols=live.symbols or (playground.symbols if playground else ()),
            venue_stays=playground is None,
        ),
        clock=clock, fence=mind.journal.fence, killed=switch.read, turn_off=switch.turn_off, beat=beat,
        budget=lambda: wire.budget.left(wire.now()),
    )  # fmt: skip
    _on_signals(running.stop)
    guests = [_trading(door, playground, running)] if playground is not None else []
    if port is not None:
        guests.append(asyncio.create_task(_serving(running, lambda: beside.append(_serve(asked, port)))))
    try:
        await running.run(once=asked.once, seconds=asked.seconds)
        beat(True)  # only an end in peace sends the watchdog home
    finally:
        for guest in guests:
            guest.cancel()


async def _serving(running: Running, serve: Callable[[], None]) -> None:
    """Once what is open is protected: a start of the API takes a processor for seconds."""
    until = time.monotonic() + SERVED_WITHIN
    while time.monotonic() < until and not running.is_protected:
        await asyncio.sleep(0.05)
    serve()


def _trading(door: Door, playground: Playground, running: Running) -> asyncio.Task[None]:
    """The demo's bot has a connection of its own, as any other program would."""
    from exitbrain.wiring.live.demo import trade

    async def work() -> None:
        wire = HttpWire(door.url, door.key, door.secret)
        try:
            await trade(wire, playground.symbols, lambda key, text: running.tell("bot", key, text), seed=BOT_SEED)
        finally:
            await wire.close()

    return asyncio.create_task(_logged(work()))


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:  # the bot is a guest: the monitor goes on without it
        LOG.warning("the demo bot ended: %s: %s", type(error).__name__, error)


def _on_signals(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(one, stop)


# processes beside it


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "exitbrain.cli", *words]


def _serve(asked: Asked, port: int) -> subprocess.Popen[bytes]:
    """The API in a process of its own: nothing that a browser asks for holds up a stop. Its input is a pipe of which
    this process alone holds the other end, so that it ends with this one, however that ends."""
    words = ("serve", "--port", str(port), "--home", str(asked.home), "--no-open", "--until-input-ends")
    return subprocess.Popen(
        _command(*words), env=dict(asked.environment), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip


def beside_watchdog(asked: Asked, places: Places) -> None:
    """It outlives this process, which is what it is there for; a second one leaves at once."""
    with places.watchdog_log.open("ab") as log:
        os.chmod(places.watchdog_log, 0o600)
        subprocess.Popen(
            _command("watchdog", "--home", str(asked.home)), env=dict(asked.environment), stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
    finally:
        if process.stdin is not None:
            process.stdin.close()


def _free_port(wanted: int) -> int:
    for port in range(wanted, min(wanted + PORTS_TRIED, 65536)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Unavailable(f"no port from {wanted} to {wanted + PORTS_TRIED - 1} can be had; another: --port")

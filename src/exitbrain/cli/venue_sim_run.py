"""Checks what `venue-sim` was asked, opens the venue and serves it."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from exitbrain.core.numbers import decimal_of, plain
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    from exitbrain.venues.simulated.server import VenueServer
    from exitbrain.wiring.venue_sim import OpenedVenue

ENDING_SECONDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    candles: list[str]
    config: str | None
    host: str
    port: int
    speed: float
    balance: str | None
    history: int
    now: bool
    funding_rate: str
    key: str
    secret: str
    faults: list[str]
    seed: int
    repair: bool
    hedge_mode: bool = False
    withdrawals: bool = False


def run_venue(asked: Asked) -> None:
    from exitbrain.api.access import is_loopback
    from exitbrain.api.serving import listening
    from exitbrain.venues.simulated.server import Clock, VenueServer
    from exitbrain.wiring.venue_sim import open_venue

    if not is_loopback(asked.host):
        accepted = "127.0.0.1, ::1 or localhost: the simulated venue is for this machine"
        raise InvalidInput(Problem(found=f"--host {asked.host} can be reached from other machines", accepted=accepted))
    opened = open_venue(
        asked.candles,
        config=asked.config,
        repair=asked.repair,
        balance=_amount(asked.balance, "--balance"),
        history=asked.history,
        shift_to=int(time.time() * 1000) if asked.now else None,
        funding_rate=_rate(asked.funding_rate),
        key=_given(asked.key, "--api-key"),
        secret=_given(asked.secret, "--api-secret"),
        faults=_faults(asked.faults),
        seed=asked.seed,
        speed=asked.speed,
    )
    opened.venue.says_hedge_mode, opened.venue.says_withdrawals = asked.hedge_mode, asked.withdrawals
    with listening(asked.host, asked.port) as listener:
        server = VenueServer(opened.venue, Clock(opened.venue.exchange.now, asked.speed))
        _serve(server, listener, opened, asked)


def _serve(server: VenueServer, listener: socket.socket, opened: OpenedVenue, asked: Asked) -> None:
    import uvicorn

    shown = f"[{asked.host}]" if ":" in asked.host else asked.host
    for note in opened.notes:
        print(note)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            _announce(opened, asked, shown)

    config = uvicorn.Config(
        server.app(),
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=ENDING_SECONDS,
        lifespan="on",
    )
    try:
        Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        print()


def _announce(opened: OpenedVenue, asked: Asked, host: str) -> None:
    from exitbrain.wiring.venue_sim import span_words

    exchange = opened.venue.exchange
    speed = "time moves by POST /sim/advance" if not asked.speed else f"{asked.speed:g} times as fast as the clock"
    print(f"{', '.join(exchange.contracts)} from {span_words(opened)}, {speed}")
    print(f"wallet {plain(exchange.account.wallet)} {opened.venue.quote}, key {asked.key}")
    print(f"REST http://{host}:{asked.port}/fapi, streams ws://{host}:{asked.port}/ws (Ctrl-C ends)", flush=True)


def _amount(text: str | None, option: str) -> Decimal | None:
    if text is None:
        return None
    value = decimal_of(text, option)
    if value <= 0:
        raise InvalidInput(f"{option} is {text}", accepted="an amount above 0")
    return value


def _rate(text: str) -> Decimal:
    value = decimal_of(text, "--funding-rate")
    if not -1 < value < 1:
        raise InvalidInput(f"--funding-rate is {text}", accepted="a fraction such as 0.0001")
    return value


def _given(text: str, option: str) -> str:
    if not text.strip() or not text.isascii() or not text.isprintable():
        raise InvalidInput(f"{option} is {text!r}", accepted="ASCII letters, digits and signs")
    return text


def _faults(rows: list[str]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for row in rows:
        name, sign, text = row.partition("=")
        try:
            value = float(text)
            rates[name.strip()] = int(value) if value.is_integer() else value
        except ValueError:
            sign = ""
        if not sign:
            raise InvalidInput(f"--fault {row}", accepted="a name and a probability, such as lost_ack=0.05")
    return rates

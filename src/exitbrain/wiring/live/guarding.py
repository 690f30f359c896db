"""The watchdog: a second process that only looks, and places the last stop where nothing else does.

It reads the monitor's heartbeat file, positions and open orders; it has no journal and no rules. A position that had no
stop at the venue for some seconds, or has none while the heartbeat is old, gets a close-position stop far away. Nothing
else is ever sent from here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from exitbrain.core.ladder import toward_market
from exitbrain.core.live.events import Answered, Ask, OrdersSeen, Outcome, PositionSeen, Question, Resting, Send
from exitbrain.core.live.orders import OrderKind
from exitbrain.core.market import Instrument
from exitbrain.errors import ExitBrainError, InvalidInput, one_line
from exitbrain.venues.binance.adapter import BinanceAdapter
from exitbrain.wiring.live.places import Places, in_rollout

LOG = logging.getLogger("exitbrain.watchdog")
LOOK_EVERY = 1.0
NAKED_FOR = 5.0
OLD_AFTER = 15.0
LEAVES_AFTER = 120.0  # without a monitor and without a position
NEVER = 1e12


@dataclass(slots=True)
class Guard:
    """Of one account. `now` and `wall` in seconds are given, so that tests need not wait."""

    disaster: Fraction
    naked_since: dict[str, float] = field(default_factory=dict)
    placed_at: dict[str, float] = field(default_factory=dict)

    def wants(self, seen: PositionSeen, orders: tuple[Resting, ...], now: float, *, alone: bool) -> bool:
        """Whether the last stop is to be placed: naked for long enough, at once where nobody else is there."""
        if not seen.lots or covered(seen.lots, orders) >= abs(seen.lots):
            self.naked_since.pop(seen.key, None)
            return False
        since = self.naked_since.setdefault(seen.key, now)
        if now < self.placed_at.get(seen.key, -NAKED_FOR) + NAKED_FOR:
            return False
        return alone or now >= since + NAKED_FOR

    def stop(self, seen: PositionSeen, mark: int | None, instrument: Instrument, name: str) -> Send:
        """From entry or mark, whichever is worse for the position: it must not be met already."""
        side = 1 if seen.lots > 0 else -1
        from_ = seen.entry
        if mark is not None:
            from_ = min(from_, Fraction(mark)) if side > 0 else max(from_, Fraction(mark))
        level = max(1, toward_market(from_ * (1 - side * self.disaster), side))
        return Send(
            key=seen.key, id=name, side=-side, kind=OrderKind.STOP_MARKET, level=level, lots=0, close_position=True
        )


def covered(lots: int, orders: tuple[Resting, ...]) -> int:
    """Lots that stops which have not triggered yet would close."""
    side = 1 if lots > 0 else -1
    stops = [one for one in orders if one.side == -side and one.kind is OrderKind.STOP_MARKET and not one.triggered]
    return sum(abs(lots) if one.close_position else one.lots - one.filled for one in stops)


def heartbeat(places: Places) -> Mapping[str, Any] | None:
    """What the monitor wrote last; None where that cannot be read."""
    try:
        told = json.loads(places.heartbeat.read_text())
    except (OSError, ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _beaten_at(beat: Mapping[str, Any] | None) -> float:
    """Seconds; for ever ago where nothing says when."""
    at = None if beat is None else beat.get("at")
    return float(at) if isinstance(at, int | float) and -NEVER < at < NEVER else -NEVER


@dataclass(frozen=True, slots=True)
class Watched:
    """Which positions it guards and how far away it places a stop: the config's words of the monitor, as it told them."""

    symbols: tuple[str, ...] | None = None
    policy: str = "adopt"
    rollout_pct: int = 100
    disaster_pct: Decimal = Decimal(10)

    def heard(self, told: Mapping[str, Any]) -> Watched:
        """What can be understood; the rest stays as it was, which is all symbols at the start: a stop too many can be
        taken away, one that is missing is found out too late."""
        from exitbrain.config.settings import load_config

        understood: dict[str, Any] = {}
        for name in self.__dataclass_fields__:
            if name in told:
                try:
                    understood[name] = getattr(load_config({"live": {name: told[name]}}).live, name)
                except InvalidInput as error:
                    LOG.warning("heartbeat: %s; %s stays", one_line(str(error)), _words(getattr(self, name)))
        return replace(self, **understood)

    def guards(self, symbol: str) -> bool:
        if self.policy != "adopt" or not in_rollout(symbol, self.rollout_pct):
            return False
        return self.symbols is None or symbol in self.symbols


def _words(value: object) -> str:
    return "all symbols" if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)


class Watchdog:
    def __init__(self, adapter: BinanceAdapter, places: Places, told: Mapping[str, Any]) -> None:
        self.adapter, self.places = adapter, places
        self._told: Mapping[str, Any] = {}
        self.watched = Watched()
        self.guard = Guard(Fraction(0))
        self._hear(told)
        self._idle_since = time.monotonic()
        self._opened = False
        self._made = 0
        self._said: set[str] = set()

    def _hear(self, told: Mapping[str, Any]) -> None:
        told = {name: told[name] for name in self.watched.__dataclass_fields__ if name in told}
        if told != self._told or not self.guard.disaster:
            self._told, self.watched = told, self.watched.heard(told)
            self.guard.disaster = Fraction(self.watched.disaster_pct) / 100

    async def run(self, seconds: float | None = None) -> None:
        """Until the monitor has ended in peace, or nobody is left to be guarded."""
        until = None if seconds is None else time.monotonic() + seconds
        try:
            while until is None or time.monotonic() < until:
                beat = heartbeat(self.places)
                if beat is not None:
                    self._hear(beat)
                    if beat.get("ended") is True:
                        LOG.info("the monitor has ended; its stops stay at the venue")
                        return
                alone = time.time() > _beaten_at(beat) + OLD_AFTER
                self._once("alone", alone, f"no heartbeat for {OLD_AFTER:g} s: positions are watched alone")
                if await self._look(alone) or not alone:
                    self._idle_since = time.monotonic()
                elif time.monotonic() > self._idle_since + LEAVES_AFTER:
                    LOG.info("no monitor and no position: nothing to guard")
                    return
                await asyncio.sleep(LOOK_EVERY)
        finally:
            await self.adapter.close()

    def _once(self, name: str, holds: bool, words: str) -> None:
        if holds and name not in self._said:
            LOG.warning("%s", words)
        (self._said.add if holds else self._said.discard)(name)

    async def _look(self, alone: bool) -> bool:
        """Whether anything is open that it guards."""
        try:
            if not self._opened:
                await self.adapter.open()
                self._opened = True
            positions = await self.adapter.positions()
        except ExitBrainError as error:
            self._once("away", True, str(error))
            return False
        self._once("away", positions is None, "the venue does not answer")
        mine = [seen for seen in positions or () if self.watched.guards(seen.key)]
        for gone in set(self.guard.naked_since) - {seen.key for seen in mine}:
            del self.guard.naked_since[gone]
        for seen in mine:
            await self._look_at(seen, alone)
        return bool(mine)

    async def _look_at(self, seen: PositionSeen, alone: bool) -> None:
        events = await self.adapter.carry_out(Ask(key=seen.key, what=Question.ORDERS))
        if len(events) != 1 or not isinstance(events[0], OrdersSeen):
            return
        now = time.monotonic()
        if not self.guard.wants(seen, events[0].orders, now, alone=alone):
            return
        # Read once more: between the two answers it may have been closed.
        again = await self.adapter.carry_out(Ask(key=seen.key, what=Question.POSITION))
        if not any(isinstance(one, PositionSeen) and one.lots * seen.lots > 0 for one in again):
            return
        await self._place(seen, now)

    async def _place(self, seen: PositionSeen, now: float) -> None:
        self._made += 1
        instrument = self.adapter.instruments[seen.key]
        mark = await self.adapter.mark(seen.key)
        send = self.guard.stop(seen, mark, instrument, f"watchdog{int(time.time())}x{self._made}")
        self.guard.placed_at[seen.key] = now
        LOG.warning("%s has no stop at the venue: places one at %s", seen.key, instrument.price(send.level))
        for event in await self.adapter.carry_out(send):
            LOG.warning("%s %s", seen.key, _answer(event))


def _answer(event: object) -> str:
    if not isinstance(event, Answered):
        return f"{event}"
    code = f" ({event.code})" if event.code else ""
    return {Outcome.OK: "it rests", Outcome.UNKNOWN: "no answer"}.get(event.outcome, "it was refused") + code

"""Binance USD-M, or what speaks as it does, as the monitor's shell needs it: requests, both streams, the first look."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any

from exitbrain.core.live.events import Ask, Cancel, Event, Outcome, PositionSeen, PriceSeen, Question, Send
from exitbrain.core.live.rejects import Refusal, refusal_of
from exitbrain.core.market import Instrument
from exitbrain.errors import InvalidInput, Unavailable
from exitbrain.venues.adapter import (
    BarsClosed,
    Connected,
    Disconnected,
    Finding,
    Heard,
    Kline,
    MarkSeen,
    Told,
)
from exitbrain.venues.binance import reading
from exitbrain.venues.binance.answers import answer_events, differences, outcome_of, positions_of
from exitbrain.venues.binance.asking import EXCHANGE_INFO, OPEN_POSITIONS, TIME, request_of
from exitbrain.venues.binance.contracts import instruments_of
from exitbrain.venues.binance.http import TIMEOUT, HttpWire
from exitbrain.venues.binance.listening import MarketStream, listen_account
from exitbrain.venues.binance.streams import stream_events, told_of
from exitbrain.venues.binance.wire import Reply, Request

URL, STREAM_URL, ACCOUNT_URL = "https://fapi.binance.com", "wss://fstream.binance.com", "https://api.binance.com"
LARGEST_OFFSET = 60_000  # ms: beyond it, it is another clock than the wall's, as a simulated venue's
UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
MOST_BARS = 1_500
CLOCK_EVERY = 5.0
SILENT_PRICES = 3.0
PRICE = "/fapi/v1/ticker/price"


class BinanceAdapter:
    """`timeframe` is that of the bars which are told. `clock` gives the core's µs."""

    name = "binanceusdm"

    def __init__(
        self, wire: HttpWire, *, stream_url: str = STREAM_URL, timeframe: str = "5m", install: str | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000, simulated: bool = False,
    ) -> None:  # fmt: skip
        self.wire, self.stream_url, self.timeframe = wire, stream_url.rstrip("/"), timeframe
        self.install, self.simulated = install, simulated
        self.instruments: Mapping[str, Instrument] = {}
        self._clock = clock
        self._length = UNITS[timeframe[-1]] * int(timeframe[:-1])
        self._followed: tuple[str, ...] = ()
        self._price_at = time.monotonic()
        self._clock_at = 0.0
        self._last_bar: dict[str, int] = {}
        self._reading: set[str] = set()
        self._hear: Callable[[Heard], None] = lambda _: None
        self._market = MarketStream(self.stream_url, self._market_said, lambda why: self._gone(f"prices: {why}"))
        self._tasks: set[asyncio.Task[None]] = set()

    # the first look

    async def open(self) -> tuple[Finding, ...]:
        """In two rounds: what is signed needs the venue's clock. Positions wait for it, so that it must not take four."""
        found = await _together(self._clock_finding(), self._contracts_finding())
        if found[-1].ok:
            found += await _together(self._mode_finding(), self._key_finding())
        return tuple(found)

    async def _answered(self, request: Request, timeout: float = TIMEOUT) -> Reply:
        """What the venue decided; Unavailable where it did not, three times in a row."""
        for pause in (0.2, 0.5, None):
            reply = await self.wire.ask(request, timeout=timeout)
            outcome, code = outcome_of(reply)
            busy = refusal_of(code) in (Refusal.RATE, Refusal.OVERLOAD)
            if outcome is not Outcome.UNKNOWN and not busy and reply.body is not None:  # a gateway's page is no answer
                return reply
            if pause is not None:
                await asyncio.sleep(pause)
        raise Unavailable(f"the venue at {self.wire.url} does not answer {request.path}{_status(reply)}")

    async def _clock_finding(self) -> Finding:
        asked = time.time()
        reply = await self._answered(Request(method="GET", path=TIME, signed=False))
        answered = time.time()
        said = reply.body.get("serverTime") if isinstance(reply.body, dict) else None
        if outcome_of(reply)[1] or not isinstance(said, int):
            raise Unavailable(f"the venue at {self.wire.url} does not tell its time{_status(reply)}")
        self._clock_at = time.monotonic()
        offset = said - round((asked + answered) / 2 * 1000)
        if self.simulated:
            return Finding(subject="clock", ok=True, detail="simulated time")
        self.wire.offset = offset if abs(offset) <= LARGEST_OFFSET else 0
        detail = f"the venue is {offset} ms ahead of this machine"
        return Finding(subject="clock", ok=abs(offset) <= LARGEST_OFFSET, detail=detail)

    async def _contracts_finding(self) -> Finding:
        reply = await self._answered(Request(method="GET", path=EXCHANGE_INFO, signed=False), timeout=15)
        try:
            # One that is left out later, as when it is settled, may still be open here.
            self.instruments = {**self.instruments, **instruments_of(reply.body)}
        except InvalidInput as error:
            return Finding(subject="contracts", ok=False, detail=str(error))
        return Finding(subject="contracts", ok=True, detail=f"{len(self.instruments)} perpetuals with their filters")

    async def _mode_finding(self) -> Finding:
        reply = await self._answered(Request(method="GET", path="/fapi/v1/positionSide/dual"))
        dual = reply.body.get("dualSidePosition") if isinstance(reply.body, dict) else None
        if not isinstance(dual, bool):
            return Finding(subject="account", ok=False, detail=f"its position mode could not be read{_status(reply)}")
        if dual:
            detail = "hedge mode: a position has two sides there, and reduce-only orders are refused; set one-way mode"
            return Finding(subject="account", ok=False, detail=detail)
        return Finding(subject="account", ok=True, detail="one-way mode")

    async def _key_finding(self) -> Finding:
        """A key that can withdraw is not taken. Where the venue does not tell (its test net), that is said."""
        reply = await self._answered(Request(method="GET", path="/sapi/v1/account/apiRestrictions"))
        told = reply.body if outcome_of(reply)[1] == 0 and isinstance(reply.body, dict) else None
        may = None if told is None else told.get("enableWithdrawals")
        if may is True:
            detail = "it may withdraw: make one that may only read and trade futures"
            return Finding(subject="key", ok=False, detail=detail)
        if may is False and told is not None:
            return Finding(subject="key", ok=True, detail=_may(told))
        detail = f"what it may do could not be read{_status(reply)}"
        return Finding(subject="key", ok=False, detail=detail, needed=False)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self.wire.close()

    # what is asked

    async def carry_out(self, effect: Send | Cancel | Ask) -> tuple[Event | Told, ...]:
        instrument = self.instruments[effect.key]
        asked_at = self._clock()
        if isinstance(effect, Ask) and effect.what in (Question.FILTERS, Question.CLOCK):
            return await self._renewed(effect)
        urgent = not isinstance(effect, Ask)
        replies = await asyncio.gather(*(self.wire.ask(one, urgent=urgent) for one in request_of(effect, instrument)))
        if any(refusal_of(outcome_of(one)[1]) is Refusal.CLOCK for one in replies):
            await self._set_clock()
        events: list[Event | Told] = [
            *answer_events(effect, tuple(replies), asked_at, instrument, install=self.install)
        ]
        if isinstance(effect, Send):
            for line in differences(effect, replies[0], instrument):
                events.append(Told(key=effect.key, name="differs", text=f"{effect.id}: {line}"))
        return tuple(events)

    async def _set_clock(self) -> None:
        """Questions fail too where the clocks have drifted apart, and they tell nobody: it is set anew at once."""
        if time.monotonic() > self._clock_at + CLOCK_EVERY:
            self._clock_at = time.monotonic()
            with contextlib.suppress(Unavailable):
                await self._clock_finding()

    async def _renewed(self, ask: Ask) -> tuple[Event | Told, ...]:
        try:
            finding = await (self._contracts_finding() if ask.what is Question.FILTERS else self._clock_finding())
        except Unavailable as error:
            return (Told(key=ask.key, name="away", text=str(error)),)
        return () if finding.ok else (Told(key="", name=finding.subject, text=finding.detail),)

    async def positions(self) -> tuple[PositionSeen, ...] | None:
        asked_at = self._clock()
        reply = await self.wire.ask(Request(method="GET", path=OPEN_POSITIONS))
        try:
            return tuple(one for one in positions_of(reply.body, self.instruments, asked_at) if one.lots)
        except InvalidInput:
            return None

    async def mark(self, symbol: str) -> int | None:
        """In ticks."""
        params = {"symbol": symbol}
        reply = await self.wire.ask(Request(method="GET", path="/fapi/v1/premiumIndex", params=params, signed=False))
        try:
            return reading.ticks(reading.mapping(reply.body, "the mark"), "markPrice", self.instruments[symbol])
        except InvalidInput:
            return None

    async def bars(self, symbol: str, count: int) -> tuple[Kline, ...]:
        """One more is asked for: the last of them is still forming."""
        rows = await self._klines(symbol, limit=min(count + 1, MOST_BARS))
        if rows:
            self._last_bar[symbol] = rows[-1].time - self._length * 1_000
        return rows[:-1]

    async def _klines(self, symbol: str, **asked: int) -> tuple[Kline, ...]:
        params = {"symbol": symbol, "interval": self.timeframe} | {name: str(value) for name, value in asked.items()}
        reply = await self.wire.ask(Request(method="GET", path="/fapi/v1/klines", params=params, signed=False))
        try:
            rows = reply.body if isinstance(reply.body, list) else []
            return tuple(Kline(int(row[0]) * 1_000, *(float(one) for one in row[1:6])) for row in rows)
        except (ValueError, TypeError, IndexError):
            return ()

    # what is heard

    async def listen(self, hear: Callable[[Heard], None]) -> None:
        self._hear = hear
        account = listen_account(
            self.wire, self.stream_url, self._account_said, lambda: hear(Connected()),
            lambda why: self._gone(f"account: {why}"),
        )  # fmt: skip
        async with asyncio.TaskGroup() as both:
            both.create_task(account)
            both.create_task(self._market.listen())
            both.create_task(self._ask_prices())

    async def _ask_prices(self) -> None:
        """While the market's stream says nothing, prices are asked for: the engine's own stop lives by them."""
        while True:
            await asyncio.sleep(1.0)
            if time.monotonic() < self._price_at + SILENT_PRICES:
                continue
            for symbol in self._followed:
                params = {"symbol": symbol}
                reply = await self.wire.ask(Request(method="GET", path=PRICE, params=params, signed=False))
                with contextlib.suppress(InvalidInput):
                    ticks = reading.ticks(reading.mapping(reply.body, "a price"), "price", self.instruments[symbol])
                    self._hear(PriceSeen(key=symbol, ticks=ticks))

    def follow(self, symbols: Collection[str]) -> None:
        self._followed = tuple(symbols)
        kinds = ("aggTrade", "markPrice@1s", f"kline_{self.timeframe}")
        self._market.want({f"{symbol.lower()}@{kind}" for symbol in symbols for kind in kinds})

    def _gone(self, why: str) -> None:
        self._hear(Disconnected(why=why))

    def _account_said(self, payload: Any) -> None:
        try:
            told = told_of(payload)
            if told is not None:
                self._hear(Told(key=told[0], name="venue", text=told[1]))
            for event in stream_events(payload, self.instruments, self._clock()):
                self._hear(event)
        except InvalidInput as error:
            # Belief may be behind what was said: everything is read anew.
            self._hear(Told(key="", name="unreadable", text=str(error)))
            self._hear(Connected())

    def _market_said(self, payload: Any) -> None:
        self._price_at = time.monotonic()
        try:
            for event in stream_events(payload, self.instruments, self._clock()):
                self._hear(event)
            self._mark_or_bar(payload)
        except InvalidInput as error:
            self._hear(Told(key="", name="unreadable", text=str(error)))

    def _mark_or_bar(self, payload: Any) -> None:
        said = payload.get("data", payload)
        instrument = self.instruments.get(str(said.get("s")))
        if instrument is None:
            return
        if said.get("e") == "markPriceUpdate":
            self._hear(MarkSeen(key=instrument.symbol, ticks=reading.ticks(said, "p", instrument)))
        elif said.get("e") == "kline":
            row = reading.mapping(said.get("k"), "k")
            self._bar(instrument.symbol, reading.whole(row, "t") * 1_000, row)

    def _bar(self, symbol: str, opened: int, row: Mapping[str, Any]) -> None:
        """A bar that is told closed, next to the last one, is taken; where one was missed, all since are read."""
        length, last = self._length * 1_000, self._last_bar.get(symbol)
        if last is None:
            return  # nobody has asked for its past yet
        if row.get("x") is True and opened == last + length:
            parts = [float(reading.number(row, name)) for name in ("o", "h", "l", "c", "v")]
            self._last_bar[symbol] = opened
            self._hear(BarsClosed(key=symbol, bars=(Kline(opened, *parts),)))
        elif opened > last + length and symbol not in self._reading:
            self._reading.add(symbol)
            task = asyncio.create_task(self._read_missed(symbol, last + length, (opened - last) // length))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read_missed(self, symbol: str, since: int, missed: int) -> None:
        try:
            rows = (await self._klines(symbol, startTime=since // 1_000, limit=min(missed + 1, MOST_BARS)))[:-1]
            if rows and rows[-1].time > self._last_bar[symbol]:
                fresh = tuple(row for row in rows if row.time > self._last_bar[symbol])
                self._last_bar[symbol] = rows[-1].time
                self._hear(BarsClosed(key=symbol, bars=fresh))
        finally:
            self._reading.discard(symbol)


async def _together(*questions: Coroutine[Any, Any, Finding]) -> list[Finding]:
    """The answers in the order of the questions; one that raises takes the others back."""
    tasks = [asyncio.create_task(one) for one in questions]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _status(reply: Reply) -> str:
    code = outcome_of(reply)[1]
    words = reply.body.get("msg") if isinstance(reply.body, dict) else None
    return f" ({code or reply.status or 'no answer'}{f': {words}' if words else ''})"


def _may(told: Mapping[str, Any]) -> str:
    futures = "may trade futures" if told.get("enableFutures") else "may not trade futures"
    return f"{futures}, may not withdraw, {'bound to addresses' if told.get('ipRestrict') else 'from any address'}"

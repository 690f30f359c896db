"""What any venue's adapter must do. A venue's tests subclass `AdapterContract` and give it a `world`.

Nothing here knows the venue: an adapter is opened, effects are carried out, and the world's owner trades beside it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from exitbrain.core.live.client_ids import client_id
from exitbrain.core.live.events import (
    Answered,
    Ask,
    Cancel,
    OrderAbsent,
    OrderSeen,
    OrdersSeen,
    Outcome,
    PositionSeen,
    PriceSeen,
    Question,
    Resting,
    Send,
)
from exitbrain.core.live.orders import OrderKind, Role, Status
from exitbrain.core.live.rejects import Refusal, refusal_of
from exitbrain.venues.adapter import Connected, Heard, VenueAdapter
from loops import run_in_a_loop

INSTALL = "a7f3"
PATIENCE = 10.0


class World(ABC):
    """One symbol at `price` ticks that only moves when told to; flat at first."""

    symbol: str
    price: int
    lots = 10

    @abstractmethod
    def adapter(self) -> VenueAdapter: ...

    @abstractmethod
    def enter(self, side: int, lots: int) -> None:
        """By market, by the owner."""

    @abstractmethod
    def move(self, ticks: int) -> None: ...

    @abstractmethod
    def vanish(self) -> None:
        """From now on the venue does not answer."""


class Opened:
    def __init__(self, world: World, adapter: VenueAdapter) -> None:
        self.world, self.adapter = world, adapter
        self.heard: list[Heard] = []
        self._made = 0

    def id(self, role: Role, leg: int = 0) -> str:
        self._made += 1
        return client_id(INSTALL, 1, self._made, role, leg)

    def send(self, role: Role, kind: OrderKind, level: int = 0, lots: int = 10, *, closes: bool = False) -> Send:
        return Send(
            key=self.world.symbol, id=self.id(role), side=-1, kind=kind, level=level, lots=0 if closes else lots,
            close_position=closes,
        )  # fmt: skip

    async def ask(self, what: Question, id_: str = "") -> Any:
        (event,) = await self.adapter.carry_out(Ask(key=self.world.symbol, what=what, id=id_))
        return event

    async def listed(self) -> dict[str, Resting]:
        seen = await self.ask(Question.ORDERS)
        assert isinstance(seen, OrdersSeen)
        return {one.id: one for one in seen.orders}

    async def hears(self, wanted: Callable[[Heard], bool]) -> Heard:
        loop = asyncio.get_running_loop()
        until = loop.time() + PATIENCE
        while loop.time() < until:
            for one in self.heard:
                if wanted(one):
                    return one
            await asyncio.sleep(0.02)
        raise AssertionError(f"not heard; heard {self.heard}")


@asynccontextmanager
async def opened(world: World, *, listening: bool = False) -> Any:
    adapter = world.adapter()
    findings = await adapter.open()
    assert all(one.ok for one in findings), findings
    one = Opened(world, adapter)
    task = asyncio.create_task(adapter.listen(one.heard.append)) if listening else None
    try:
        if listening:
            adapter.follow([world.symbol])
            await one.hears(lambda said: isinstance(said, Connected))
        yield one
    finally:
        if task is not None:
            task.cancel()
        await adapter.close()


class AdapterContract:
    @pytest.fixture
    def world(self) -> Any:
        raise NotImplementedError

    def lives(self, world: World, story: Callable[[Opened], Awaitable[None]], *, listening: bool = False) -> None:
        async def told() -> None:
            async with opened(world, listening=listening) as one:
                await story(one)

        run_in_a_loop(told())

    @pytest.mark.parametrize(
        ("role", "kind", "away", "closes"),
        [
            (Role.DISASTER, OrderKind.STOP_MARKET, -50_000, True),
            (Role.STOP, OrderKind.STOP_MARKET, -10_000, False),
            (Role.TRAIL, OrderKind.STOP_MARKET, -5_000, False),
            (Role.TAKE, OrderKind.TAKE_PROFIT_MARKET, 10_000, False),
            (Role.TAKE, OrderKind.LIMIT, 10_000, False),
        ],
    )
    def test_an_order_that_rests_is_listed_as_it_was_sent_and_goes_when_cancelled(
        self, world: World, role: Role, kind: OrderKind, away: int, closes: bool
    ) -> None:
        async def story(one: Opened) -> None:
            sent = one.send(role, kind, world.price + away, closes=closes)
            answered = Answered(key=world.symbol, id=sent.id, cancel=False, outcome=Outcome.OK)
            assert await one.adapter.carry_out(sent) == (answered,)
            resting = (await one.listed())[sent.id]
            assert (resting.side, resting.kind, resting.level) == (-1, kind, sent.level)
            assert (resting.close_position, resting.own, resting.triggered) == (closes, True, False)
            assert closes or (resting.lots, resting.reduce_only) == (10, True)
            seen = await one.ask(Question.ORDER, sent.id)
            assert seen == OrderSeen(key=world.symbol, id=sent.id, status=Status.OPEN)
            (gone,) = await one.adapter.carry_out(Cancel(key=world.symbol, id=sent.id))
            assert isinstance(gone, Answered) and (gone.cancel, gone.outcome) == (True, Outcome.OK)
            assert sent.id not in await one.listed()
            seen = await one.ask(Question.ORDER, sent.id)
            assert isinstance(seen, OrderAbsent) or seen.status is Status.CANCELED

        world.enter(1, 10)
        self.lives(world, story)

    def test_a_market_order_reduces_and_never_turns_the_position(self, world: World) -> None:
        async def story(one: Opened) -> None:
            sent = one.send(Role.CLOSE, OrderKind.MARKET, lots=4)
            events = await one.adapter.carry_out(sent)
            assert isinstance(events[0], Answered) and events[0].outcome is Outcome.OK
            seen = await one.ask(Question.POSITION)
            assert isinstance(seen, PositionSeen) and seen.lots == 6 and seen.asked_at is not None
            await one.adapter.carry_out(one.send(Role.CLOSE, OrderKind.MARKET, lots=10))
            assert (await one.ask(Question.POSITION)).lots == 0
            refused = await one.adapter.carry_out(one.send(Role.CLOSE, OrderKind.MARKET, lots=10))
            assert isinstance(refused[0], Answered) and refused[0].outcome is Outcome.REFUSED
            assert refusal_of(refused[0].code) is Refusal.REDUCE_ONLY
            assert (await one.ask(Question.POSITION)).lots == 0

        world.enter(1, 10)
        self.lives(world, story)

    def test_a_stop_beyond_the_price_is_refused_as_passed(self, world: World) -> None:
        async def story(one: Opened) -> None:
            (answered,) = await one.adapter.carry_out(one.send(Role.STOP, OrderKind.STOP_MARKET, world.price + 5_000))
            assert isinstance(answered, Answered) and answered.outcome is Outcome.REFUSED
            assert refusal_of(answered.code) is Refusal.PRICE_THROUGH
            assert await one.listed() == {}

        world.enter(1, 10)
        self.lives(world, story)

    def test_what_the_venue_does_not_know_is_absent(self, world: World) -> None:
        async def story(one: Opened) -> None:
            for role in Role:
                id_ = one.id(role)
                assert isinstance(await one.ask(Question.ORDER, id_), OrderAbsent)
                (answered,) = await one.adapter.carry_out(Cancel(key=world.symbol, id=id_))
                assert isinstance(answered, Answered) and refusal_of(answered.code) is Refusal.NO_SUCH_ORDER

        self.lives(world, story)

    def test_a_stop_that_price_meets_closes_and_the_stream_says_so(self, world: World) -> None:
        async def story(one: Opened) -> None:
            sent = one.send(Role.STOP, OrderKind.STOP_MARKET, world.price - 1_000)
            await one.adapter.carry_out(sent)
            await asyncio.to_thread(world.move, world.price - 1_500)
            await one.hears(lambda said: isinstance(said, OrderSeen) and said.status is Status.FILLED)
            await one.hears(lambda said: isinstance(said, PositionSeen) and said.lots == 0)
            await one.hears(lambda said: isinstance(said, PriceSeen) and said.ticks == world.price - 1_500)
            filled = [said for said in one.heard if isinstance(said, OrderSeen) and said.status is Status.FILLED]
            assert {(said.id, said.filled) for said in filled} == {(sent.id, 10)}

        world.enter(1, 10)
        self.lives(world, story, listening=True)

    def test_open_positions_are_found_without_their_names(self, world: World) -> None:
        async def story(one: Opened) -> None:
            found = await one.adapter.positions()
            assert found is not None and [(seen.key, seen.lots) for seen in found] == [(world.symbol, -7)]

        world.enter(-1, 7)
        self.lives(world, story)

    def test_a_venue_that_does_not_answer_leaves_it_open(self, world: World) -> None:
        async def story(one: Opened) -> None:
            await asyncio.to_thread(world.vanish)
            sent = one.send(Role.STOP, OrderKind.STOP_MARKET, world.price - 1_000)
            (answered,) = await one.adapter.carry_out(sent)
            assert isinstance(answered, Answered) and answered.outcome is Outcome.UNKNOWN
            assert await one.adapter.carry_out(Ask(key=world.symbol, what=Question.ORDERS)) == ()
            assert await one.adapter.positions() is None

        self.lives(world, story)

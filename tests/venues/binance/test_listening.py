"""The account's stream: a key that expires, a stream that is cut, one that is silent; each time it is opened anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from exitbrain.venues.binance.http import HttpWire
from exitbrain.venues.binance.listening import listen_account
from exitbrain.venues.simulated.faults import FaultRates
from loops import run_in_a_loop
from venues.contract.test_binance import venue
from venues.serving import Served

pytest.importorskip("aiohttp")


def heard(one: Served, spoil: Callable[[], Any], *, silence: float = 60.0) -> tuple[int, list[str]]:
    """How often the stream was opened within a few seconds, of which one is after `spoil`, and why it was lost."""

    async def listen() -> tuple[int, list[str]]:
        wire = HttpWire(one.url, "venue-sim", "venue-sim")
        opened: list[None] = []
        lost: list[str] = []
        task = asyncio.create_task(
            listen_account(
                wire, one.url.replace("http", "ws"), lambda _: None, lambda: opened.append(None), lost.append,
                silence=silence,
            )
        )  # fmt: skip
        try:
            async with asyncio.timeout(15):
                while len(opened) < 1:
                    await asyncio.sleep(0.02)
                await asyncio.to_thread(spoil)
                while len(opened) < 2:
                    await asyncio.sleep(0.02)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await wire.close()
        return len(opened), lost

    return run_in_a_loop(listen())


def test_a_key_that_expires_is_followed_by_a_fresh_one() -> None:
    with venue() as one:
        opened, lost = heard(one, lambda: one.advance(61))
        assert opened == 2 and lost == ["its key has expired"]


def test_a_stream_that_is_cut_is_opened_again() -> None:
    with venue() as one:

        def cut() -> None:
            one.venue.faults.rates = FaultRates(disconnect=1.0)
            one.advance(0)
            one.venue.faults.rates = FaultRates()

        opened, lost = heard(one, cut)
        assert opened >= 2 and len(lost) == opened - 1


def test_silence_counts_as_a_loss() -> None:
    with venue() as one:
        opened, lost = heard(one, lambda: None, silence=0.3)
        assert opened == 2 and "silent" in lost[0]


def test_a_venue_that_gives_no_key_is_asked_again() -> None:
    with venue() as one:
        one.venue.faults.rates = FaultRates(rate_limit=1.0)

        async def listen() -> list[str]:
            wire = HttpWire(one.url, "venue-sim", "venue-sim")
            lost: list[str] = []
            task = asyncio.create_task(
                listen_account(wire, "ws://127.0.0.1:9", lambda _: None, lambda: None, lost.append)
            )
            async with asyncio.timeout(15):
                while len(lost) < 2:
                    await asyncio.sleep(0.02)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await wire.close()
            return lost

        assert run_in_a_loop(listen())[0] == "no listen key (429)"

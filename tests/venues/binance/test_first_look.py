"""A first look at a venue that answers anything: waited for where nothing was decided, and never an error of ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from exitbrain.core.live.events import Ask, Question
from exitbrain.errors import Unavailable
from exitbrain.venues.binance.adapter import BinanceAdapter
from exitbrain.venues.binance.asking import EXCHANGE_INFO, TIME
from exitbrain.venues.binance.wire import Reply, Request
from loops import run_in_a_loop

FILTERS = [
    {"filterType": "PRICE_FILTER", "tickSize": "0.1", "minPrice": "0.1", "maxPrice": "1000000"},
    {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "1000"},
]
CONTRACT = {"symbol": "BTCUSDT", "contractType": "PERPETUAL", "status": "TRADING", "filters": FILTERS}


class Answers:
    """A wire that answers each path with a body of the given ones."""

    url = "http://venue"
    offset = 0

    def __init__(self, bodies: Mapping[str, Any]) -> None:
        self.bodies = {TIME: {"serverTime": int(time.time() * 1000)}, EXCHANGE_INFO: {"symbols": [CONTRACT]}, **bodies}

    async def ask(self, request: Request, **_: object) -> Reply:
        told = {"dualSidePosition": False, "enableWithdrawals": False}
        return Reply(status=200, body=self.bodies.get(request.path, told), headers={})


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = asyncio.sleep
    monkeypatch.setattr("exitbrain.venues.binance.adapter.asyncio.sleep", lambda _: sleep(0))


@pytest.mark.parametrize("said", [None, [], "x", {}, *({"serverTime": one} for one in ("x", None, float("nan"), 1.5))])
@pytest.mark.parametrize("simulated", [True, False])
def test_a_time_that_is_none_is_no_time(said: object, simulated: bool) -> None:
    adapter = BinanceAdapter(Answers({TIME: said}), simulated=simulated)  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match="the venue at http://venue does not"):
        run_in_a_loop(adapter.open())


@pytest.mark.parametrize("path", [EXCHANGE_INFO, "/fapi/v1/positionSide/dual"])
def test_a_page_of_a_gateway_is_no_answer(path: str) -> None:
    """It has status 200 and is no JSON. The venue is away (3), and nobody has to change the config (2)."""
    adapter = BinanceAdapter(Answers({path: None}))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match=f"does not answer {path}"):
        run_in_a_loop(adapter.open())


def test_a_contract_that_is_left_out_later_can_still_be_asked_for() -> None:
    """Its position may be open: without its filters no order of it could be read, sent or taken back."""

    async def look() -> None:
        wire = Answers({})
        adapter = BinanceAdapter(wire)  # type: ignore[arg-type]
        await adapter.open()
        wire.bodies[EXCHANGE_INFO] = {"symbols": []}
        assert await adapter.carry_out(Ask(key="BTCUSDT", what=Question.FILTERS)) == ()
        assert list(adapter.instruments) == ["BTCUSDT"]

    run_in_a_loop(look())

"""The judge of `benchmarks/beside_freqtrade.py` counts what the venue's log says, whoever's log it is."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from faults import page
from faults.judge import Judged, judge, resting

from venues.serving import simulated

FOREVER = 10_000


def fill(number: int, at: int, side: str, quantity: str = "2") -> dict[str, Any]:
    return {"id": number, "time": at, "side": side, "qty": quantity}


def stop(
    since: int, until: int | None = None, *, quantity: str | None = "2", price: str = "98", side: str = "SELL",
    triggered: bool = False,
) -> dict[str, Any]:  # fmt: skip
    return {
        "orderType": "STOP_MARKET", "side": side, "closePosition": quantity is None, "quantity": quantity or "0",
        "triggerPrice": price, "createTime": since, "updateTime": until or since, "triggerTime": until if triggered else 0,
        "algoStatus": "NEW" if until is None else "FINISHED" if triggered else "CANCELED",
    }  # fmt: skip


def judged(fills: list[dict[str, Any]], stops: list[dict[str, Any]], level: str = "0") -> Judged:
    log = {"fills": fills, "algo_orders": stops, "orders": []}
    return judge(log, until=FOREVER, level=Decimal(level))


OPEN = [fill(1, 1_000, "BUY")]


@pytest.mark.parametrize(
    ("stops", "bare"),
    [
        ([], 9_000),
        ([stop(4_000)], 3_000),
        ([stop(500)], 0),  # stood before the position did
        ([stop(4_000, 6_000)], 7_000),
        ([stop(4_000, 6_000, triggered=True)], 7_000),  # what has triggered protects no more
        ([stop(1_000, 6_000), stop(5_000)], 0),  # new before old
        ([stop(1_000, 5_000), stop(6_000)], 1_000),
        ([stop(1_000, quantity="1")], 9_000),  # half is not covered
        ([stop(1_000, quantity="1"), stop(3_000, quantity="1")], 2_000),
        ([stop(1_000, quantity=None)], 0),
        ([stop(1_000, side="BUY")], 9_000),
    ],
)
def test_bare_is_every_instant_without_enough_stops(stops: list[dict[str, Any]], bare: int) -> None:
    assert judged(OPEN, stops).bare_ms == bare


def test_mirrored_a_short_is_judged_alike() -> None:
    short = judged([fill(1, 1_000, "SELL")], [stop(4_000, side="BUY", price="102")], level="103")
    assert (short.bare_ms, short.covered_at, short.exits_too_many) == (3_000, 4_000, 0)


def test_a_stop_looser_than_the_plans_is_a_stop_and_not_the_plans() -> None:
    one = judged(OPEN, [stop(2_000, price="90"), stop(5_000, price="98")], level="97")
    assert (one.bare_ms, one.unstopped_ms, one.covered_at, one.stops_placed) == (4_000, 1_000, 5_000, 2)


def test_nothing_is_bare_once_the_position_is_closed() -> None:
    one = judged([*OPEN, fill(2, 3_000, "SELL")], [stop(2_000)])
    assert (one.bare_ms, one.closed_at, one.exits_too_many, one.left_behind) == (1_000, 3_000, 0, 1)


def test_an_exit_too_many_is_counted_by_what_it_opens() -> None:
    one = judged([*OPEN, fill(2, 3_000, "SELL"), fill(3, 4_000, "SELL", "1.5")], [])
    assert (one.exits_too_many, one.closed_at) == (Decimal("1.5"), None)


def test_fills_of_one_instant_leave_no_time_between() -> None:
    one = judged([fill(1, 1_000, "BUY", "1"), fill(2, 1_000, "BUY", "1")], [stop(1_000)])
    assert one.bare_ms == 0


def test_what_rests_is_counted_at_an_instant_too() -> None:
    log = {"fills": OPEN, "algo_orders": [stop(2_000, 6_000), stop(3_000)], "orders": []}
    assert [resting(log, at) for at in (1_500, 2_500, 6_000, 9_000)] == [0, 1, 2, 1]
    assert resting(log) == 1


def test_the_venues_own_log_is_read() -> None:
    """A buy of 0.010, its stop 20 s later, and the fall through it 40 s later: bare for 20 s, flat at once."""
    venue = simulated()
    start = venue.exchange.now
    asked = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.010"}
    assert venue.request("POST", "/fapi/v1/order", asked, start).status == 200
    asked = {"symbol": "BTCUSDT", "side": "SELL", "algoType": "CONDITIONAL", "type": "STOP_MARKET", "quantity": "0.010",
             "reduceOnly": "true", "triggerPrice": "45000"}  # fmt: skip
    assert venue.request("POST", "/fapi/v1/algoOrder", asked, start + 20_000).status == 200
    venue.advance(start + 40_000)
    venue.exchange.move("BTCUSDT", 440_000)
    one = judge(log_of(venue), until=start + 50_000, level=Decimal(45_000))
    assert (one.bare_ms, one.covered_at, one.closed_at) == (20_000, start + 20_000, start + 40_000)
    assert (one.stops_placed, one.left_behind, one.exits_too_many) == (1, 0, 0)


def log_of(venue: Any) -> dict[str, Any]:
    from exitbrain.venues.simulated.dialect import shapes

    (contract,) = venue.exchange.contracts.values()
    return {
        "orders": [shapes.order(contract, one) for one in venue.exchange.orders.values()],
        "algo_orders": [shapes.algo(contract, one) for one in venue.exchange.algos.values()],
        "fills": [shapes.fill(contract, one) for one in venue.exchange.fills],
    }


def test_a_cell_says_of_how_many() -> None:
    assert (
        page.seconds([(None, {}, 1.0), (None, {}, 3.0), (None, {}, None)], lambda run: run[2]) == "2.0 s (3.0, 2 of 3)"
    )  # type: ignore[list-item]

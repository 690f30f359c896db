"""Price moved by hand: what rests meets it, and the candles to come go on from there."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.playing import Player
from venues.serving import Served, served, simulated
from venues.worlds import MINUTE, START, exchange


def flat(count: int, price: int = 100_000) -> list[Bar]:
    return [Bar(START + number * MINUTE, MINUTE, price, price + 40, price - 40, price, 1.0) for number in range(count)]


@pytest.mark.parametrize("since", range(0, 3 * MINUTE, 7_001))
@pytest.mark.parametrize("ticks", [-2_000, 1_500])
def test_price_stays_where_it_was_moved_to(since: int, ticks: int) -> None:
    """Beside a player that was not touched: the same path, so much lower or higher, from that instant on."""
    plain, moved = (Player(exchange(now=START), {"BTCUSDT": flat(6)}) for _ in range(2))
    for player in (plain, moved):
        player.advance(START + since)
    moved.shift("BTCUSDT", ticks)
    for now in range(START + since, START + 5 * MINUTE, 1_999):
        for player in (plain, moved):
            player.advance(now)
        lasts = [player.exchange.markets["BTCUSDT"].last for player in (plain, moved)]
        # Whole ticks of a line that is drawn anew may differ by one.
        assert abs(lasts[1] - lasts[0] - ticks) <= 1, (now - START, lasts)
    bar = moved.seen("BTCUSDT")[since // MINUTE]
    assert bar.low <= min(100_000, 100_000 + ticks) + 40
    assert bar.high >= max(100_000, 100_000 + ticks) - 40


def test_a_stop_between_is_met_at_its_own_level() -> None:
    with served(simulated(flat(10, 500_000))) as venue:
        act(venue, "/fapi/v1/order", side="BUY", type="MARKET", quantity="0.010")
        act(venue, "/fapi/v1/algoOrder", side="SELL", algoType="CONDITIONAL", type="STOP_MARKET", closePosition="true",
            triggerPrice="49500")  # fmt: skip
        state = venue.post("/sim/price", {"symbol": "BTCUSDT", "by": -0.03})
    assert state["prices"] == {"BTCUSDT": "48500"}
    (_, fill) = venue.venue.exchange.fills
    assert (fill.price, fill.lots, fill.side) == (495_000, 10, -1)


@pytest.mark.parametrize(
    "given", [{}, {"symbol": "BTCUSDT"}, {"symbol": "X", "by": 0.1}, {"symbol": "BTCUSDT", "by": -1}]
)
def test_what_is_no_move_is_refused(given: dict[str, object]) -> None:
    with served(simulated(flat(10, 500_000))) as venue:
        request = urllib.request.Request(venue.url + "/sim/price", json.dumps(given).encode(), method="POST")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)
        assert refused.value.code == 400
        assert venue.venue.exchange.markets["BTCUSDT"].last == 500_000


def act(venue: Served, path: str, **params: str) -> None:
    assert venue.venue.request("POST", path, {"symbol": "BTCUSDT", **params}).status == 200

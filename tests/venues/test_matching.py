"""The matching model by hand. Ticks of 0.1, lots of 0.001, from a price of 1,000 ticks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from exitbrain.venues.simulated.exchange import Exchange
from exitbrain.venues.simulated.markets import Bar
from exitbrain.venues.simulated.orders import AlgoRequest, AlgoStatus, Kind, OrderRequest, Status
from exitbrain.venues.simulated.refusals import Refusal
from venues.worlds import START, contract, exchange


def opened(**changes: object) -> Exchange:
    venue = exchange(**changes)
    venue.begin_bar("BTCUSDT", Bar(START, 60_000, 1_000, 1_200, 800, 1_000))
    return venue


def order(side: int, lots: int, price: int | None = None, **changes: object) -> OrderRequest:
    kind = Kind.MARKET if price is None else Kind.LIMIT
    return OrderRequest(symbol="BTCUSDT", side=side, kind=kind, lots=lots, price=price, **changes)  # type: ignore[arg-type]


def stop(side: int, trigger: int, lots: int = 0, kind: Kind = Kind.STOP_MARKET, **changes: object) -> AlgoRequest:
    terms: dict[str, object] = {"close_position": not lots} | changes
    return AlgoRequest(symbol="BTCUSDT", side=side, kind=kind, lots=lots, trigger=trigger, **terms)  # type: ignore[arg-type]


def lots(venue: Exchange) -> int:
    return venue.account.position("BTCUSDT").lots


def test_reduce_only_is_asked_again_when_price_comes() -> None:
    """100 long, 100 resting to sell; 60 are sold by hand: only 40 may fill, the rest expires (live.md F20)."""
    venue = opened()
    venue.place(order(1, 100))
    resting = venue.place(order(-1, 100, 1_020, reduce_only=True))
    venue.place(order(-1, 60))
    venue.move("BTCUSDT", 1_050)
    assert lots(venue) == 0
    assert venue.orders[resting.order_id].filled == 40
    assert venue.orders[resting.order_id].status is Status.EXPIRED


def test_resting_reductions_block_a_reduction_beyond_the_position() -> None:
    venue = opened()
    venue.place(order(1, 100))
    venue.place(order(-1, 60, 1_020, reduce_only=True))
    with pytest.raises(Refusal) as refused:
        venue.place(order(-1, 100, reduce_only=True))
    assert refused.value.code == -4118
    venue.place(order(-1, 40, reduce_only=True))
    assert lots(venue) == 60


def test_a_second_stop_that_closes_the_position_is_refused_a_sized_one_is_not() -> None:
    venue = opened()
    venue.place(order(1, 100))
    venue.place_algo(stop(-1, 900))
    with pytest.raises(Refusal) as refused:
        venue.place_algo(stop(-1, 950))
    assert refused.value.code == -4130
    venue.place_algo(stop(-1, 950, lots=100, reduce_only=True))
    venue.place_algo(stop(-1, 1_100, kind=Kind.TAKE_PROFIT_MARKET))


def test_a_closed_position_takes_its_closing_stops_along_and_leaves_sized_ones() -> None:
    venue = opened()
    venue.place(order(1, 100))
    closing = venue.place_algo(stop(-1, 900))
    sized = venue.place_algo(stop(-1, 950, lots=100, reduce_only=True))
    resting = venue.place(order(-1, 50, 1_020, reduce_only=True))
    venue.place(order(-1, 100))
    assert venue.algos[closing.algo_id].status is AlgoStatus.EXPIRED
    assert venue.orders[resting.order_id].status is Status.EXPIRED
    assert venue.algos[sized.algo_id].is_open
    venue.move("BTCUSDT", 940)
    assert venue.algos[sized.algo_id].status is AlgoStatus.REJECTED
    assert lots(venue) == 0


def test_a_triggered_stop_says_every_state_it_passes() -> None:
    venue = opened()
    venue.place(order(1, 100))
    algo = venue.place_algo(stop(-1, 900, lots=100, reduce_only=True))
    venue.take_events()
    venue.move("BTCUSDT", 890)
    told = [one.algo.status.value for one in venue.take_events() if hasattr(one, "algo")]
    assert told == ["TRIGGERING", "TRIGGERED", "FINISHED"]
    assert venue.algos[algo.algo_id].cost == 900 * 100  # at its level, not where price went


def test_a_stop_passed_by_a_gap_fills_at_the_open() -> None:
    venue = opened()
    venue.place(order(1, 100))
    algo = venue.place_algo(stop(-1, 900))
    venue.begin_bar("BTCUSDT", Bar(START + 60_000, 60_000, 850, 870, 840, 860))
    assert venue.algos[algo.algo_id].cost == 850 * 100


def test_an_ambiguous_moment_serves_stop_before_trail_before_target() -> None:
    """A gap to 850 passes a buyer's limit at 900, a stop at 950 and a trail; the stop takes all, the limit opens anew."""
    venue = opened()
    venue.place(order(1, 100))
    venue.place_algo(
        AlgoRequest(
            symbol="BTCUSDT", side=-1, kind=Kind.TRAILING_STOP_MARKET, lots=100, callback=Decimal(1), reduce_only=True
        )
    )
    venue.place(order(1, 30, 960))
    venue.place_algo(stop(-1, 950))
    venue.jump("BTCUSDT", 850)
    assert [(one.side, one.lots) for one in venue.fills] == [(1, 100), (-1, 100), (1, 30)]


def test_a_trailing_stop_is_armed_at_its_price_and_follows() -> None:
    """Armed at 1,050; peak 1,100; 2% behind is 1,078."""
    venue = opened()
    venue.place(order(1, 100))
    algo = venue.place_algo(
        AlgoRequest(
            symbol="BTCUSDT", side=-1, kind=Kind.TRAILING_STOP_MARKET, lots=100, activate=1_050, callback=Decimal(2),
            reduce_only=True,
        )
    )  # fmt: skip
    venue.move("BTCUSDT", 1_040)
    venue.move("BTCUSDT", 990)
    assert lots(venue) == 100
    venue.move("BTCUSDT", 1_100)
    venue.move("BTCUSDT", 1_079)
    assert lots(venue) == 100
    venue.move("BTCUSDT", 1_000)
    assert venue.algos[algo.algo_id].cost == 1_078 * 100


def test_a_liquidation_takes_all_and_is_the_venues_own_order() -> None:
    """Wallet 10, 1,000 lots at 1,000 ticks are 100 USDT: ruin where 9.95 + 0.1·(P - 1,000) = 0.4% · 0.1·P."""
    venue = opened(wallet=Decimal(10))
    venue.place(order(1, 1_000))
    assert venue.account.liquidation_ticks("BTCUSDT", {"BTCUSDT": 1_000}) == 904  # (1000 - 99.5) ÷ 0.996
    venue.move("BTCUSDT", 905)
    assert lots(venue) == 1_000
    venue.move("BTCUSDT", 850)
    assert lots(venue) == 0
    last = venue.orders[venue.fills[-1].order_id]
    assert last.client_id.startswith("autoclose-") and venue.fills[-1].price == 904
    assert venue.account.wallet > 0


def test_the_mark_triggers_what_works_on_it() -> None:
    venue = opened()
    venue.place(order(1, 100))
    venue.place_algo(stop(-1, 950, working_type="MARK_PRICE"))
    venue.set_mark("BTCUSDT", 960)
    venue.move("BTCUSDT", 940)
    assert lots(venue) == 100
    venue.set_mark("BTCUSDT", 949)
    assert lots(venue) == 0
    assert venue.fills[-1].price == 940


def test_funding_is_paid_by_longs() -> None:
    """100 lots at 1,000 ticks are 10 USDT; 0.01% of it is 0.001."""
    venue = opened()
    venue.place(order(1, 100))
    before = venue.account.wallet
    venue.pay_funding("BTCUSDT", Decimal("0.0001"))
    assert venue.account.wallet - before == Decimal("-0.001")


def test_client_ids_are_unique_among_open_orders_only() -> None:
    venue = opened()
    first = venue.place(order(1, 100, 900, client_id="one"))
    with pytest.raises(Refusal) as refused:
        venue.place(order(1, 100, 900, client_id="one"))
    assert refused.value.code == -4116
    venue.cancel(first.order_id)
    venue.place(order(1, 100, 900, client_id="one"))


def test_partial_fills_take_what_a_touch_offers() -> None:
    venue = opened(depth=30)
    resting = venue.place(order(1, 100, 990))
    done = []
    for price in (990, 995, 985, 1_000, 990):
        venue.move("BTCUSDT", price)
        done.append(venue.orders[resting.order_id].filled)
    assert done == [30, 60, 90, 100, 100]


def test_a_listed_symbol_without_a_price_is_no_symbol_yet() -> None:
    venue = Exchange([contract()], wallet=Decimal(100))
    with pytest.raises(Refusal) as refused:
        venue.place(order(1, 100))
    assert refused.value.code == -1121

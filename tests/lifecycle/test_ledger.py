"""The ledger's laws: cost is stored, the last part takes the rest, money is exact (spec L1 L2 L4 Q4)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitbrain.core.lifecycle import FLAT, Books, Fill, Position, apply_fill, book, fee_units, in_order, release_cost
from exitbrain.core.market import Instrument
from exitbrain.core.trade_sets import TradeSet, trade_set

from .streams import VENUE_LOT, Account, assert_holds_the_laws, quote_fees

INSTRUMENT = Instrument(symbol="TST", tick_size=Decimal(1), lot_size=Decimal("0.1"))


def fills(*steps: tuple[int, int], fee: int = 0) -> list[Fill]:
    """(signed lots, ticks) at times 0, 1, 2 …"""
    return [Fill(f"f{i}", i, 1 if lots > 0 else -1, abs(lots), ticks, fee) for i, (lots, ticks) in enumerate(steps)]


def books_of(*steps: tuple[int, int], fee: int = 0) -> Books:
    books = Books("TST", INSTRUMENT)
    for fill in fills(*steps, fee=fee):
        books.take(fill)
    return books


moves = st.lists(
    st.tuples(st.integers(-(10**12), 10**12).filter(bool), st.integers(1, 10**12), st.integers(-(10**6), 10**9)),
    min_size=1,
    max_size=30,
)


@given(moves)
def test_a_closed_lifecycle_realizes_exactly_the_cash_it_moved(steps):
    # spec Q4 L1 L2
    stream = [Fill(str(i), i, 1 if q > 0 else -1, abs(q), p, f) for i, (q, p, f) in enumerate(steps)]
    lifecycles = book(stream, "TST", INSTRUMENT)
    for lifecycle in lifecycles:
        signs = [row.fill.side * row.lots for row in lifecycle.rows]
        cash = -sum(signed * row.fill.ticks for signed, row in zip(signs, lifecycle.rows))
        if lifecycle.closed_at is not None:
            assert sum(signs) == 0
            assert lifecycle.realized == cash
        assert_holds_the_laws(trade_set(lifecycle))
    assert sum(lifecycle.fees for lifecycle in lifecycles) == sum(fill.fee for fill in stream)
    assert [one.closed_at is None for one in lifecycles[:-1]] == [False] * (len(lifecycles) - 1)


@given(moves)
def test_a_set_lasts_from_flat_to_flat_and_never_touches_zero_between(steps):
    # spec L1
    for lifecycle in book(fills(*((q, p) for q, p, _ in steps)), "TST", INSTRUMENT):
        after = [row.position_after for row in lifecycle.rows]
        assert all(position * lifecycle.side > 0 for position in after[:-1])
        assert (after[-1] == 0) == (lifecycle.closed_at is not None)


@given(st.integers(1, 10**30), st.integers(1, 10**15), st.sampled_from([1, -1]), st.data())
def test_cost_is_released_in_proportion_and_the_last_part_takes_the_rest(cost, quantity, side, data):
    # spec L2 Q4
    part = data.draw(st.integers(1, quantity))
    released = release_cost(side * cost, side * quantity, part)
    exact = Fraction(side * cost * part, quantity)
    assert abs(released - exact) <= Fraction(1, 2)
    if abs(released - exact) == Fraction(1, 2):
        assert released % 2 == 0
    assert release_cost(side * cost, side * quantity, quantity) == side * cost


def test_ten_thousand_random_lifecycles_close_and_balance_to_the_last_digit():
    # spec Q4 L1 L2 L7: adds, cuts, flips, fees in base and in quote, dust.
    dice, sets = Random(20_240_101), 0
    while sets < 10_000:
        account = Account(dice)
        for _ in range(20):
            account.lifecycle()
        instrument = Instrument(symbol="BTCUSDT", tick_size=Decimal("0.1"), lot_size=VENUE_LOT)
        found = TradeSet.from_fills(account.rows, instrument)
        assert len(found) == account.sets
        assert all(one.is_closed for one in found)
        for one in found:
            assert_holds_the_laws(one)
        in_quote = sum((leg.fees for one in found for leg in one.legs if not leg.is_adjustment), Decimal(0))
        assert in_quote == quote_fees(account.rows)
        sets += len(found)


def test_the_four_legs_of_the_seed_are_one_set():
    # spec L6: +1@40000, -.3@41000, +.2@40500, -.9@42000: 300 + 1700 = 2000
    books = books_of((10, 40000), (-3, 41000), (2, 40500), (-9, 42000))
    (one,) = [trade_set(lifecycle) for lifecycle in books.lifecycles]
    assert [leg.realized_pnl for leg in one.legs] == [0, 300, 0, 1700]
    assert one.pnl_realized_total == 2000
    assert (one.num_legs, one.num_entries, one.num_exits) == (4, 2, 2)
    assert one.max_exposure_quantity == 1
    assert one.legs[-1].wac_at_fill == Decimal("40111.1111111")
    assert [leg.position_after for leg in one.legs] == [1, Decimal("0.7"), Decimal("0.9"), 0]


@pytest.mark.parametrize(
    ("steps", "realized", "average"),
    [
        # 2@100 + 2@120: (200 + 240) / 4 = 110; selling 1@130 leaves the rest at 110 (spec L6)
        ([(20, 100), (20, 120)], 0, 110),
        ([(20, 100), (20, 120), (-10, 130)], 20, 110),
        # short 2@100 covered at 90: +20 (spec L6)
        ([(-20, 100), (20, 90)], 20, None),
        # a short is mirrored: -2@100 - 2@80 is an average of 90; covering 1@70 realizes 20 (spec L2)
        ([(-20, 100), (-20, 80), (10, 70)], 20, 90),
        # 334 + 666 = 1000 over three lots releases 333, 334 (half of 667 is 333.5, even) and 333: 1200 - 1000 in all
        ([(1, 334), (2, 333), (-1, 400), (-1, 400), (-1, 400)], 20, None),
    ],
)
def test_reductions_leave_the_average_where_it_was(steps, realized, average):
    books = books_of(*steps)
    lifecycle = books.lifecycles[0]
    assert INSTRUMENT.money(lifecycle.realized) == realized
    assert books.position.average_entry_price == average


def test_one_entry_and_three_exits_are_one_set_of_four_legs_whose_total_is_the_sum():
    # spec L6
    books = books_of((10, 100), (-3, 110), (-3, 120), (-4, 90))
    (one,) = [trade_set(lifecycle) for lifecycle in books.closed]
    # 0.3 × 10 + 0.3 × 20 - 0.4 × 10 = 5
    assert [leg.realized_pnl for leg in one.legs] == [0, 3, 6, -4]
    assert one.pnl_realized_total == 5
    assert one.num_legs == 4


def test_a_fill_through_zero_is_two_legs_of_two_sets_and_the_opener_takes_the_rest_of_the_fee():
    # spec L1: 30 lots close 10 and open 20; a fee of 100 splits 33 (33.3) and 67
    position, rows = apply_fill(Position(10, 1000), Fill("x", 5, -1, 30, 110, 100))
    closing, opening = rows
    assert position == Position(-20, -2200)
    assert (closing.lots, closing.fee, closing.realized, closing.position_after) == (10, 33, 100, 0)
    assert (opening.lots, opening.fee, opening.realized, opening.position_after) == (20, 67, 0, -20)
    books = books_of((10, 100), (-30, 110), (20, 100))
    assert [lifecycle.side for lifecycle in books.closed] == [1, -1]
    first, second = [trade_set(lifecycle) for lifecycle in books.closed]
    assert [leg.leg_id for leg in first.legs] == ["f0.0", "f1.0"]
    assert [leg.leg_id for leg in second.legs] == ["f1.1", "f2.0"]
    assert first.closed_at == second.opened_at


def test_flatten_and_reopen_at_one_time_are_two_sets():
    # spec L1
    stream = [Fill("a", 1, 1, 5, 100), Fill("b", 2, -1, 5, 110), Fill("c", 2, 1, 5, 110), Fill("d", 3, -1, 5, 90)]
    assert [(one.opened_at, one.closed_at) for one in book(stream, "TST", INSTRUMENT)] == [(1, 2), (2, 3)]


def test_two_fills_of_one_time_stay_two_legs_in_order():
    # spec L4
    stream = [Fill("a", 7, 1, 5, 100), Fill("b", 7, 1, 5, 100), Fill("c", 7, -1, 10, 110)]
    (one,) = book(stream, "TST", INSTRUMENT, run_id="r1")
    assert [leg.leg_id for leg in trade_set(one).legs] == ["r1-a.0", "r1-b.0", "r1-c.0"]
    assert one.set_id == "set-r1-a.0"


def test_ids_do_not_hang_on_time_and_a_replay_makes_the_same():
    # spec L4
    stream = fills((5, 100), (-8, 110), (3, 100))
    shifted = [fill._replace(time=fill.time + 1000) for fill in stream]
    ids = [[one.leg_id(row) for row in one.rows] for one in book(stream, "TST", INSTRUMENT)]
    assert ids == [[one.leg_id(row) for row in one.rows] for one in book(shifted, "TST", INSTRUMENT)]


def test_quantities_and_prices_of_any_size_stay_exact():
    # spec Q1: nothing wraps and nothing becomes a float
    huge = 10**40 + 1
    (one,) = book(fills((huge, huge), (-huge, huge + 1)), "TST", INSTRUMENT)
    assert one.realized == huge
    value = trade_set(one)
    assert str(value.pnl_realized_total) == f"{10**39}.1"
    assert value.to_dict()["legs"][0]["qty"] == f"{10**39}.1"


def test_max_exposure_is_taken_just_after_a_fill():
    # spec L3: 10 @ 100 is 1000; 9 left @ 200 is 1800, the larger, though the quantity shrank
    (one,) = book(fills((10, 100), (-1, 200), (-9, 100)), "TST", INSTRUMENT)
    assert (one.max_quantity, one.max_notional) == (10, 1800)
    value = trade_set(one)
    assert (value.max_exposure_quantity, value.max_exposure_notional) == (1, 180)


def test_funding_is_booked_apart_from_price_and_fees():
    # spec X6 F46: net = realized - fees + funding = 10 - 0.00000003 - 1.5
    books = books_of((10, 100), fee=1)
    books.fund(1, Decimal("-2"))
    books.fund(2, Decimal("0.5"))
    books.take(Fill("out", 3, -1, 10, 110, 2))
    one = trade_set(books.closed[0])
    assert (one.pnl_realized_total, one.fees_total, one.funding_total) == (10, Decimal("0.00000003"), Decimal("-1.5"))
    assert one.pnl_net == Decimal("8.49999997")
    assert one.num_legs == 2
    assert [payment.amount for payment in one.adjustments] == [Decimal("-2"), Decimal("0.5")]


def test_fees_are_rounded_to_eight_decimals_half_to_even():
    # spec Q4
    assert [fee_units(Decimal(text)) for text in ("0.000000005", "0.000000015", "-0.000000025", "1")] == [
        0,
        2,
        -2,
        10**8,
    ]


def test_lifecycles_are_ordered_by_opening_then_symbol():
    # spec F46
    one = book(fills((1, 5), (-1, 5)), "B", INSTRUMENT) + book(fills((1, 5), (-1, 5)), "A", INSTRUMENT)
    assert [lifecycle.symbol for lifecycle in in_order(one)] == ["A", "B"]


def test_a_flat_position_has_no_average():
    assert FLAT.is_flat
    assert FLAT.average_entry_price is None

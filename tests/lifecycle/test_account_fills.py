"""Sets from an account's fills: base fees, dust, steps, ids and refusals (spec L7 L4 Q4 Q5)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitbrain.core.assets import base_and_quote, fee_currency, is_inverse
from exitbrain.core.instants import microseconds
from exitbrain.core.market import Instrument
from exitbrain.core.trade_sets import TradeSet
from exitbrain.errors import InvalidInput

from .streams import Account, assert_holds_the_laws, quote_fees


def fill(number: int, side: str, qty: Any, price: Any, fee: Any = 0, asset: str | None = None, **more: Any) -> dict:
    row = {"id": number, "symbol": "BTCUSDT", "side": side, "qty": qty, "price": price, "fee": fee}
    return {**row, "timestamp": 1_704_067_200 + number, "fee_asset": asset, **more}


def lines(one: TradeSet) -> list[tuple[str, str, str, str | None]]:
    return [(leg.side, str(leg.qty), str(leg.fees), leg.reason) for leg in one.legs]


def test_a_base_fee_leaves_at_its_cost_and_counts_as_a_fee():
    # spec L7: 0.001 of a cost of 40000 is 40; 0.999 × 1000 = 999 realized, as without the fee; net 959
    (one,) = TradeSet.from_fills([fill(1, "buy", "1", "40000", "0.001", "BTC"), fill(2, "sell", "0.999", "41000")])
    assert lines(one) == [
        ("buy", "1", "0", None),
        ("sell", "0.001", "40", "base_fee"),
        ("sell", "0.999", "0", None),
    ]
    assert one.legs[1].category == "adjustment"
    assert (one.pnl_realized_total, one.fees_total, one.pnl_net) == (999, 40, 959)
    assert (one.num_legs, one.num_entries, one.num_exits) == (3, 1, 1)
    assert one.is_closed
    assert one.legs[1].position_after == Decimal("0.999")


def test_what_is_left_under_one_venue_lot_closes_as_dust():
    # spec L7: 1 - 0.0015 - 0.998 = 0.0005, under the venue's 0.001; its cost is 20
    rows = [fill(1, "buy", 1, 40000, "0.0015", "BTC"), fill(2, "sell", ".998", 41000)]
    for instruments in (None, Instrument(symbol="BTCUSDT", tick_size=Decimal(1), lot_size=Decimal("0.001"))):
        (one,) = TradeSet.from_fills(rows, instruments)
        assert lines(one)[-1] == ("sell", "0.0005", "20", "dust")
        assert (one.pnl_realized_total, one.fees_total) == (998, 80)
        assert one.is_closed
        assert one.closed_at == one.legs[-1].timestamp
        assert_holds_the_laws(one)


def test_exits_that_sell_a_little_more_than_the_fees_left_close_their_set():
    # 2 - 0.002 = 1.998; the first exit leaves 0.998, under the lot of 1 that was seen, and the second sells it as 1.
    rows = [fill(1, "buy", 2, 100, "0.002", "BTC"), fill(2, "sell", 1, 110), fill(3, "sell", 1, 120)]
    (one,) = TradeSet.from_fills(rows)
    assert (one.num_entries, one.num_exits, one.is_closed) == (1, 2, True)
    # The 0.002 came from elsewhere in the account: cash 230 - 200, as if no fee had been taken.
    assert one.pnl_net == 30
    assert_holds_the_laws(one)


def test_dust_is_written_off_where_the_exit_left_it():
    rows = [fill(1, "buy", 1, 100, "0.0005", "BTC"), fill(2, "sell", "0.999", 110), fill(3, "sell", "2", 120)]
    first, second = TradeSet.from_fills(rows)
    assert lines(first)[-1] == ("sell", "0.0005", "0.05", "dust")
    assert first.closed_at == first.legs[-2].timestamp < second.opened_at
    assert (second.side, second.max_exposure_quantity) == ("short", 2)


def test_dust_that_stayed_in_the_account_can_be_sold_with_a_later_set():
    # Two remainders of 0.6 lot are 1.2 lots: the third exit sells one lot more than its set holds, and stays long only.
    instrument = Instrument(symbol="BTCUSDT", tick_size=Decimal(1), lot_size=Decimal("0.01"))
    rows = []
    for number in range(2):
        rows.append(fill(2 * number, "buy", "1.00", 100, "0.004", "BTC"))
        rows.append(fill(2 * number + 1, "sell", "0.99", 110))
    rows += [fill(10, "buy", "1.00", 100), fill(11, "sell", "1.01", 110)]
    found = TradeSet.from_fills(rows, instrument)
    assert [one.side for one in found] == ["long", "long", "long"]
    assert all(one.is_closed for one in found)
    # The lot that comes back brings its cost of 1 with it: 1.01 × 110 - 101 = 10.1, fee -1, net 11.1 = 111.1 - 100
    assert (found[2].pnl_realized_total, found[2].fees_total, found[2].pnl_net) == (
        Decimal("10.1"),
        -1,
        Decimal("11.1"),
    )


@pytest.mark.parametrize(
    ("rows", "side", "net"),
    [
        # a short covers 1.001 and pays 0.001 of it: 40000 - 1.001 × 39000 = 961
        ([fill(1, "sell", 1, 40000), fill(2, "buy", "1.001", 39000, "0.001", "BTC")], "short", 961),
        # a short that is opened with a base fee owes 1.001: 100 - 1.001 × 90 = 9.91
        ([fill(1, "sell", 1, 100, ".001", "BTC"), fill(2, "buy", "1.001", 90)], "short", Decimal("9.91")),
        # nothing is left to pay the fee of the last sale: it is priced at the fill, 0.001 × 110
        ([fill(1, "buy", 1, 100), fill(2, "sell", 1, 110, "0.001", "BTC")], "long", Decimal("9.89")),
        # a rebate in base is worth 0.001 × 100 and can be sold: 1.001 × 110 - 100 = 10.11
        ([fill(1, "buy", 1, 100, "-0.001", "BTC"), fill(2, "sell", "1.001", 110)], "long", Decimal("10.11")),
    ],
)
def test_base_fees_of_shorts_of_last_exits_and_rebates_keep_the_cash_exact(rows, side, net):
    # spec L7 Q4
    (one,) = TradeSet.from_fills(rows)
    assert (one.side, one.pnl_net, one.is_closed) == (side, net, True)
    assert_holds_the_laws(one)


def test_a_position_that_only_a_base_fee_took_under_a_known_lot_does_not_hang_open():
    # spec L7
    instrument = Instrument(symbol="BTCUSDT", tick_size=Decimal(1), lot_size=Decimal("0.1"))
    (one,) = TradeSet.from_fills([fill(1, "buy", ".1", 100, ".0001", "BTC")], instrument)
    assert one.is_closed
    # Where nobody gave the lot, a whole unit less its fee may still be sold.
    (one,) = TradeSet.from_fills([fill(1, "buy", "1", 100, ".001", "BTC")])
    assert not one.is_closed


@given(st.randoms(use_true_random=False), st.booleans())
def test_random_histories_close_what_should_close_and_balance(dice, known):
    # spec Q4 L1 L7, with and without an instrument
    account = Account(dice)
    for _ in range(3):
        account.lifecycle()
    instrument = Instrument(symbol="BTCUSDT", tick_size=Decimal("0.1"), lot_size=Decimal("0.001"))
    found = TradeSet.from_fills(account.rows, instrument if known else None)
    assert len(found) == account.sets
    for one in found:
        assert one.is_closed
        assert_holds_the_laws(one)
        assert TradeSet.from_dict(one.to_dict()) == one
    in_quote = [leg.fees for one in found for leg in one.legs if not leg.is_adjustment]
    assert sum(in_quote, Decimal(0)) == quote_fees(account.rows)


def test_numbers_are_the_decimals_that_are_written():
    # spec Q5: 0.1 + 0.2 as floats is three tenths
    rows = [fill(1, "buy", 0.1, 0.1), fill(2, "buy", 0.2, 0.3), fill(3, "sell", Decimal("0.3"), "0.5")]
    (one,) = TradeSet.from_fills(rows)
    # 0.15 - 0.01 - 0.06 = 0.08
    assert one.pnl_realized_total == Decimal("0.08")
    assert one.max_exposure_quantity == Decimal("0.3")


def test_rows_are_booked_by_time_and_those_of_one_time_in_the_order_given():
    # spec L4
    late = fill(1, "sell", 2, 110, timestamp="2024-01-01T01:00:00Z")
    first = fill(2, "buy", 1, 100, timestamp=datetime(2024, 1, 1, tzinfo=UTC))
    second = fill(3, "buy", 1, 102, timestamp=1_704_067_200_000)
    (one,) = TradeSet.from_fills([late, first, second])
    assert [leg.leg_id for leg in one.legs] == ["BTCUSDT-2.0", "BTCUSDT-3.0", "BTCUSDT-1.0"]
    assert one.set_id == "set-BTCUSDT-2.0"


def test_symbols_have_sets_of_their_own_even_where_their_fill_ids_are_equal():
    # spec L1 L4 F46
    rows = [fill(1, "buy", 1, 100), {**fill(1, "sell", 3, 50), "symbol": "ETH/USDT"}, fill(2, "sell", 1, 110)]
    found = TradeSet.from_fills(rows)
    assert [(one.symbol, one.side, one.is_closed) for one in found] == [
        ("BTCUSDT", "long", True),
        ("ETH/USDT", "short", False),
    ]
    ids = [leg.leg_id for one in found for leg in one.legs]
    assert len(set(ids)) == len(ids)
    assert (found[1].closed_at, found[1].r_multiple, found[1].hold_duration) == (None, None, None)


def test_a_hedged_account_has_a_long_and_a_short_of_one_symbol_at_once():
    rows = [
        fill(1, "buy", 1, 100, position_side="LONG"),
        fill(2, "sell", 1, 110, position_side="SHORT"),
        fill(3, "sell", 1, 120, position_side="LONG"),
        fill(4, "buy", 1, 100, position_side="SHORT"),
    ]
    assert [(one.side, one.pnl_net) for one in TradeSet.from_fills(rows)] == [("long", 20), ("short", 10)]


@pytest.mark.parametrize("shape", ["one", "list", "mapping"])
def test_a_given_instrument_is_used_and_refined_where_a_fill_is_finer(shape):
    # spec L7
    given = Instrument(symbol="BTCUSDT", tick_size=Decimal(1), lot_size=Decimal("0.5"), multiplier=Decimal(10))
    instruments = {"one": given, "list": [given], "mapping": {"BTCUSDT": given}}[shape]
    (one,) = TradeSet.from_fills([fill(1, "buy", "1.5", 100), fill(2, "sell", "1.5", "100.5")], instruments)
    # 1.5 × 0.5 × a multiplier of 10 = 7.5; 1.5 × 100 × 10 = 1500
    assert (one.pnl_realized_total, one.max_exposure_notional) == (Decimal("7.5"), 1500)


def test_quote_fees_carry_at_most_eight_decimals():
    # spec F46 Q4: half to even
    (one,) = TradeSet.from_fills([fill(1, "buy", 1, 100, "0.123456785", "USDT")])
    assert one.fees_total == Decimal("0.12345678")


def test_a_fee_in_a_third_asset_takes_its_worth_from_fee_quote():
    rows = [fill(1, "buy", 1, 100, "0.01", "BNB", fee_quote="6"), fill(2, "sell", 1, 110, 0, "BNB")]
    (one,) = TradeSet.from_fills(rows)
    assert (one.fees_total, one.pnl_net) == (6, 4)


def test_no_fills_make_no_sets():
    assert TradeSet.from_fills([]) == []


GOOD = fill(1, "buy", 1, 100)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"side": "hold"}, "row 2: side is 'hold'; accepted: buy or sell"),
        ({"qty": 0}, "row 2: qty is 0; accepted: a number above 0"),
        ({"qty": "-1"}, "row 2: qty is '-1'; accepted: a number above 0"),
        ({"qty": "many"}, "row 2: qty is 'many'; accepted: a number"),
        ({"qty": True}, "row 2: qty is True; accepted: a number"),
        ({"price": "inf"}, "row 2: price is 'inf'; accepted: a finite number"),
        ({"price": float("nan")}, "row 2: price missing"),
        ({"price": "1e99999"}, "row 2: price is 1e99999; accepted: 0, or a number from 1e-30 to 1e24"),
        ({"qty": "1e-99999"}, "row 2: qty is 1e-99999; accepted: 0, or a number from 1e-30 to 1e24"),
        ({"fee": "x"}, "row 2: fee is 'x'; accepted: a number"),
        ({"fee": None}, "row 2: fee missing"),
        ({"id": None, "symbol": " "}, "row 2: id, symbol missing; accepted: each of id, symbol, side, qty"),
        ({"timestamp": "yesterday"}, "row 2: timestamp is 'yesterday'; accepted: ISO 8601"),
        ({"timestamp": "9" * 400}, "row 2: timestamp is "),
        (
            {"fee": 1, "fee_asset": "BNB"},
            "row 2: fee_asset 'BNB' is neither BTC nor USDT of BTCUSDT; accepted: BTC, USDT",
        ),
        ({"fee": 1, "fee_asset": "BNB"}, "or fee_quote: what the fee was worth in USDT"),
        ({"id": 1}, "row 2: id '1' of BTCUSDT was given before; accepted: each fill once"),
        ({"symbol": "BTCUSD_PERP"}, "row 2: BTCUSD_PERP is an inverse contract"),
        ({"position_side": "up"}, "row 2: position_side is 'up'; accepted: long, short or both"),
        ({"exit_fraction": "half"}, "row 2: exit_fraction is 'half'; accepted: a number"),
    ],
)
def test_a_bad_row_is_refused_by_its_number(change, message):
    # spec L7: one line a problem, what was found and what would be accepted
    with pytest.raises(InvalidInput) as refused:
        TradeSet.from_fills([GOOD, {**fill(2, "sell", 1, 110), **change}])
    assert message in str(refused.value)
    assert len(refused.value.problems) == 1


def test_every_bad_row_is_named_and_a_row_that_is_no_mapping_too():
    with pytest.raises(InvalidInput) as refused:
        TradeSet.from_fills([{**GOOD, "side": "x"}, "buy 1", {**GOOD, "qty": 0}])
    assert [str(problem).partition(":")[0] for problem in refused.value.problems] == ["row 1", "row 2", "row 3"]


def test_many_bad_rows_are_counted_and_the_first_twenty_shown():
    with pytest.raises(InvalidInput) as refused:
        TradeSet.from_fills([{**GOOD, "side": "x"}] * 50)
    assert len(refused.value.problems) == 21
    assert "and 30 more such rows" in str(refused.value)


@pytest.mark.parametrize(
    ("symbol", "base", "quote"),
    [
        ("BTCUSDT", "BTC", "USDT"),
        ("BTC/USDT", "BTC", "USDT"),
        ("BTC-USD", "BTC", "USD"),
        ("BTC/USDT:USDT", "BTC", "USDT"),
        ("BTC-USDT-SWAP", "BTC", "USDT"),
        ("1INCHFDUSD", "1INCH", "FDUSD"),
        ("ETHBTC", "ETH", "BTC"),
        ("btcusdc", "BTC", "USDC"),
    ],
)
def test_base_and_quote_are_read_from_a_symbol(symbol, base, quote):
    assert base_and_quote(symbol) == (base, quote)
    assert fee_currency(symbol, base.lower()) == "base"
    assert fee_currency(symbol, quote) == "quote"
    assert fee_currency(symbol, "XYZ") is None


def test_a_quote_nobody_listed_is_still_told_by_the_fee():
    assert fee_currency("BTCQQQ", "BTC") == "base"
    assert fee_currency("BTCQQQ", "QQQ") == "quote"


def test_contracts_that_pay_in_their_base_are_told():
    assert [is_inverse(s) for s in ("BTCUSD_PERP", "BTCUSD_240628", "BTC/USD:BTC", "BTC/USD:BTC-240628")] == [True] * 4
    assert [is_inverse(s) for s in ("BTCUSDT", "BTC/USDT:USDT", "BTC-USD", "BTCUSDT_240628")] == [False] * 4


def test_times_of_every_dress_are_one_time():
    at = 1_704_067_200_000_000
    dresses = [
        "2024-01-01T00:00:00Z", "2024-01-01 00:00:00", "2024-01-01T01:00:00+01:00", "2024-01-01 00:00:00 UTC", "2024-01-01",
        datetime(2024, 1, 1), 1_704_067_200, "1704067200", 1_704_067_200.0, 1_704_067_200_000, at, at * 1000, 1.7040672e12,
    ]  # fmt: skip
    assert {microseconds(dress) for dress in dresses} == {at}

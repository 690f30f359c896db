"""TradeSets and PairedTrades as values: derived fields, R, JSON (spec L3 L5 F27 F46 M1)."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from exitbrain.core.lifecycle import Books, Fill
from exitbrain.core.market import Instrument
from exitbrain.core.paired import paired_trade, paired_trades
from exitbrain.core.trade_sets import TradeSet, trade_set
from exitbrain.errors import InvalidInput

HOUR = 3_600_000_000
START = 1_704_067_200_000_000
INSTRUMENT = Instrument(symbol="TST", tick_size=Decimal("0.5"), lot_size=Decimal("0.1"))


def one_set(*steps: tuple[int, int, dict[str, Any]], risk: int | None = None, books: Books | None = None) -> TradeSet:
    """(signed lots, ticks, more of the fill), an hour apart."""
    books = books or Books("TST", INSTRUMENT, "1h", "run")
    for number, (lots, ticks, more) in enumerate(steps):
        side = 1 if lots > 0 else -1
        books.take(Fill(str(number), START + number * HOUR, side, abs(lots), ticks, **more))
    lifecycle = books.lifecycles[0]
    lifecycle.initial_risk = risk
    lifecycle.mfe, lifecycle.mae = 30, -5
    lifecycle.profile, lifecycle.regime, lifecycle.strategy_id = "RANGE_DEFAULT", "RANGE", "s"
    return trade_set(lifecycle)


ENTRY = {"fee": 5_000_000, "trigger_id": "breakout", "category": "trend_continuation", "reason": "breakout"}
TRIM = {
    "fee": 3_000_000,
    "trigger_id": "trim",
    "category": "risk_reduce",
    "reason": "trim_exit",
    "exit_fraction": Decimal("0.3"),
}
STOP = {"fee": 2_000_000, "category": "plan", "reason": "stop_loss"}


def test_r_is_net_over_the_risk_at_opening():
    # spec L3: long 1 @ 100, 0.4 out @ 110, 0.6 @ 105: 4 + 3 = 7, fees 0.1; risk 10 lots × 4 ticks × 0.05 = 2
    one = one_set((10, 200, ENTRY), (-4, 220, TRIM), (-6, 210, STOP), risk=40)
    assert (one.pnl_realized_total, one.fees_total, one.initial_risk) == (7, Decimal("0.1"), 2)
    assert one.r_multiple == 3.45
    assert [leg.r_multiple for leg in one.legs] == [0.0, 2.0, 1.5]
    # best 30 ticks of 4 at risk, worst 5
    assert (one.mfe_r, one.mae_r) == (7.5, -1.25)
    assert (one.entry_triggers, one.exit_triggers) == (("breakout",), ("trim", "stop_loss"))
    assert one.hold_duration == timedelta(hours=2)
    assert (one.avg_entry_price, one.avg_exit_price) == (100, 107)


def test_an_open_set_and_one_of_unknown_risk_have_no_r():
    # spec F46
    still_open = one_set((10, 200, ENTRY), (-4, 220, TRIM), risk=40)
    assert (still_open.closed_at, still_open.r_multiple, still_open.hold_duration) == (None, None, None)
    unknown = one_set((10, 200, ENTRY), (-10, 220, STOP))
    assert (unknown.initial_risk, unknown.r_multiple, unknown.mfe_r) == (None, None, None)


@pytest.mark.parametrize(
    ("steps", "risk"),
    [
        (((10, 200, ENTRY), (-4, 220, TRIM), (-6, 210, STOP)), 40),
        (((-10, 200, ENTRY), (3, 190, TRIM)), None),
        (((10, 201, ENTRY), (3, 207, ENTRY), (-13, 210, STOP)), 7),
    ],
)
def test_a_set_survives_json(steps, risk):
    # spec L3
    books = Books("TST", INSTRUMENT, "1h", "run")
    one = one_set(*steps, risk=risk, books=books)
    assert TradeSet.from_dict(json.loads(json.dumps(one.to_dict()))) == one
    assert TradeSet.from_dict(one.to_dict()).to_dict() == one.to_dict()


def test_json_writes_decimals_as_plain_text_and_times_with_z():
    written = one_set((10, 200, ENTRY), (-4, 220, TRIM), (-6, 210, STOP), risk=40).to_dict()
    assert written["legs"][1] == {
        "leg_id": "run-1.0", "side": "sell", "qty": "0.4", "price": "110", "fees": "0.03",
        "timestamp": "2024-01-01T01:00:00Z", "trigger_id": "trim", "category": "risk_reduce", "reason": "trim_exit",
        "is_entry": False, "exit_fraction": 0.3, "wac_at_fill": "100", "realized_pnl": "4", "position_after": "0.6",
        "r_multiple": 2.0,
    }  # fmt: skip
    del written["legs"]
    assert written == {
        "set_id": "set-run-0.0", "symbol": "TST", "side": "long", "timeframe": "1h",
        "opened_at": "2024-01-01T00:00:00Z", "closed_at": "2024-01-01T02:00:00Z",
        "pnl_realized_total": "7", "fees_total": "0.1", "funding_total": "0", "pnl_net": "6.9",
        "initial_risk": "2", "r_multiple": 3.45, "mfe_r": 7.5, "mae_r": -1.25,
        "num_legs": 3, "num_entries": 1, "num_exits": 2, "avg_entry_price": "100", "avg_exit_price": "107",
        "max_exposure_quantity": "1", "max_exposure_notional": "100", "hold_duration": 7200,
        "entry_triggers": ["breakout"], "exit_triggers": ["trim", "stop_loss"],
        "profile": "RANGE_DEFAULT", "regime": "RANGE", "strategy_id": "s", "multiplier": "1", "adjustments": [],
    }  # fmt: skip


def test_the_average_has_twelve_digits_before_exits_and_after_entries():
    # spec F27: (10 × 201 + 3 × 208) / 13 = 202.615384615… ticks of 0.5
    one = one_set((10, 201, {}), (3, 208, {}), (-13, 210, {}))
    assert [leg.wac_at_fill for leg in one.legs] == [
        Decimal("100.5"),
        Decimal("101.307692308"),
        Decimal("101.307692308"),
    ]


def test_a_short_is_written_unsigned_but_for_its_position():
    # spec F27
    one = one_set((-10, 200, ENTRY), (10, 180, STOP), risk=40)
    assert one.side == "short"
    assert [(leg.side, leg.wac_at_fill, leg.position_after) for leg in one.legs] == [
        ("sell", 100, -1),
        ("buy", 100, 0),
    ]
    assert one.pnl_realized_total == 10


def test_a_set_of_one_entry_and_one_exit_is_the_pair_of_old_field_for_field():
    # spec L5: 1 @ 100 out @ 110: 10 - 0.07 = 9.93; risk 2, so 4.965 R
    one = one_set((10, 200, ENTRY), (-10, 220, STOP), risk=40)
    pair = paired_trade(one)
    assert pair is not None
    assert pair.to_dict() == {
        "symbol": "TST", "side": "buy", "entry_trigger": "breakout", "exit_trigger": "stop_loss",
        "entry_timestamp": "2024-01-01T00:00:00Z", "exit_timestamp": "2024-01-01T01:00:00Z",
        "entry_price": "100", "exit_price": "110", "qty": "1", "fees": "0.07", "pnl": "9.93", "hold_duration": 3600,
        "risk": "2", "r_multiple": 4.965,
    }  # fmt: skip
    assert (pair.pnl, pair.fees, pair.risk, pair.r_multiple) == (one.pnl_net, one.fees_total, one.initial_risk, 4.965)


def test_sets_that_a_pair_cannot_show_have_no_pair():
    # spec L5
    shown = one_set((10, 200, ENTRY), (-10, 220, STOP))
    three_legs = one_set((10, 200, ENTRY), (-4, 220, TRIM), (-6, 220, STOP))
    still_open = one_set((10, 200, ENTRY), (-4, 220, TRIM))
    assert [pair.qty for pair in paired_trades([three_legs, shown, still_open])] == [1]


def test_where_every_set_is_a_pair_the_totals_are_equal():
    # spec M1
    sets = [one_set((n, 200, ENTRY), (-n, 200 + 7 * n, STOP), risk=3 * n) for n in range(1, 30)]
    pairs = paired_trades(sets)
    assert sum(pair.pnl for pair in pairs) == sum(one.pnl_net for one in sets)
    assert [pair.r_multiple for pair in pairs] == [one.r_multiple for one in sets]


@pytest.mark.parametrize("missing", ["set_id", "legs", "opened_at", "pnl_realized_total"])
def test_a_set_without_what_defines_it_is_refused(missing):
    written = one_set((10, 200, ENTRY)).to_dict()
    del written[missing]
    with pytest.raises(InvalidInput, match=f"{missing} is missing"):
        TradeSet.from_dict(written)


def test_a_set_has_at_least_the_leg_that_opened_it():
    with pytest.raises(InvalidInput, match="has no legs"):
        TradeSet.from_dict({**one_set((10, 200, ENTRY)).to_dict(), "legs": []})

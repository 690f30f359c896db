"""Entry guards, sizes and what an entry does to an open position, each with its arithmetic.

Cash is 1000 unless said otherwise; long @ 100 with a stop at 98 risks 2 a unit.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from engine.worlds import FLAT, MIDNIGHT, at, blocks, candles, fills, hours, run

CASH = {"initial_cash": 1000}
STOPPED = "100 100 97.9 98"  # the stop at 98 is hit
STILL = [FLAT] * 8


def test_a_stop_at_or_beyond_the_fill_refuses_the_entry() -> None:
    """spec F23: the entry is refused with the fill's bar; the decision's close is its price (the open at bar 0)."""
    for row in ("0 long 1 101 e", "0 long 1 100 e", "0 short 1 99 e", "0 short 1 100 e"):
        result = run(STILL, [row])
        assert (blocks(result), result.trade_sets) == (["e invalid_stop"], []), row
    result = run(["100 100.5 99.5 99.7", "100 100.5 99.5 100", FLAT], ["1 long 1 100 e"])
    (event,) = result.events
    assert (event["time"], event["price"]) == ("2024-01-01T01:00:00Z", "99.7")


@pytest.mark.parametrize(
    ("quantity", "venue"),
    [
        ("0.0009", {}),  # no whole lot of 0.001
        ("0.4", {"min_notional": 50}),  # 0.4 × 100 = 40
        ("0.4", {"min_quantity": "0.5"}),
    ],
)
def test_an_entry_under_the_venues_minimum_is_refused(quantity: str, venue: dict[str, Any]) -> None:
    """spec F22 D2."""
    result = run(STILL, [f"0 long {quantity} 98 e"], instrument=venue)
    assert (blocks(result), result.trade_sets) == (["e min_trade"], [])


CUTS = {
    # 1% of 1000 may be lost: 10 ÷ 2 a unit
    "max_position_risk_pct": ({"guardrails": {"max_position_risk_pct": 1}}, "5"),
    # 30% of 1000 may stand in one symbol: 300 ÷ 100
    "max_symbol_exposure_pct": ({"guardrails": {"max_symbol_exposure_pct": 30}}, "3"),
    "max_portfolio_exposure_pct": ({"guardrails": {"max_portfolio_exposure_pct": 25}}, "2.5"),
    # the smallest of the caps holds
    "both": ({"guardrails": {"max_symbol_exposure_pct": 30, "max_position_risk_pct": "0.25"}}, "1.25"),
    # 0.2 × 1000 ÷ 100
    "max_leverage": ({"account": {**CASH, "max_leverage": "0.2"}}, "2"),
}


@pytest.mark.parametrize("name", CUTS)
def test_an_order_is_cut_to_its_cap(name: str) -> None:
    """spec F39 F22: 8 are asked for."""
    settings, quantity = CUTS[name]
    result = run(STILL, ["0 long 8 98 e"], **{"account": CASH, **settings})
    assert fills(result) == f"e {quantity}@100 end_of_data {quantity}@100"


def test_an_order_of_which_the_cap_leaves_nothing_is_refused() -> None:
    """spec F39 F50: 3 × 100 fill the 30% of 1000; the add finds no room."""
    result = run(
        STILL,
        ["0 long 8 98 e", "2 long 1 98 f"],
        account={**CASH, "max_adds": 1},
        guardrails={"max_symbol_exposure_pct": 30},
    )
    assert (fills(result), blocks(result)) == ("e 3@100 end_of_data 3@100", ["f risk_cap"])


SIZES = {
    # 2% of 1000 at a risk of 2 a unit
    "risk": ({"mode": "risk", "value": "0.02"}, "10"),
    # 30% of 1000 ÷ 100
    "fraction": ({"mode": "fraction", "value": "0.3"}, "3"),
    # 123.4567 ÷ 100 = 1.234567, down to a lot
    "notional": ({"mode": "notional", "value": "123.4567"}, "1.234"),
    "quantity": ({"mode": "quantity", "value": "0.0299"}, "0.029"),
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes_are_rounded_down_to_a_lot(name: str) -> None:
    """spec F22 Q5."""
    sizing, quantity = SIZES[name]
    result = run(STILL, ["0 long - 98 e"], account={**CASH, "sizing": sizing})
    assert fills(result) == f"e {quantity}@100 end_of_data {quantity}@100"


def test_size_follows_the_equity_marked_at_the_open_before_the_order() -> None:
    """spec F34: −20 on the first set leave 980; 2% of it ÷ 2 = 9.8."""
    sizing = {"mode": "risk", "value": "0.02"}
    result = run([FLAT, STOPPED, FLAT, FLAT], ["0 long - 98 e", "3 long - 98 f"], account={**CASH, "sizing": sizing})
    assert fills(result, 0) == "e 10@100 stop_loss 10@98"
    assert fills(result, 1) == "f 9.8@100 end_of_data 9.8@100"


def test_cooldown_counts_bars_since_the_last_closing_fill() -> None:
    """spec F39: closed in bar 1. Row 3 is decided at the close of 2 (1 bar since); row 5 at the close of 4 (3 bars)."""
    bars = [FLAT, STOPPED, *STILL]
    rows = ["0 long 1 98 e", "3 long 1 98 f", "5 long 1 98 g"]
    result = run(bars, rows, guardrails={"cooldown_bars": 3})
    assert blocks(result) == ["f cooldown"]
    assert [hours(one)[0] for one in result.trade_sets] == [0, 5]


def test_daily_count_is_of_the_decisions_utc_day() -> None:
    """spec F39 F50: row 24 opens on the second day but is decided at 23:00 of the first; row 26 on the second."""
    bars = [FLAT, STOPPED, *[FLAT] * 30]
    rows = ["0 long 1 98 e", "5 long 1 98 f", "24 long 1 98 g", "26 long 1 98 h"]
    result = run(bars, rows, guardrails={"max_entries_per_day": 1})
    assert blocks(result) == ["f daily_count", "g daily_count"]
    assert [hours(one)[0] for one in result.trade_sets] == [0, 26]


@pytest.mark.parametrize(("limit", "refused"), [("2", ["f daily_loss"]), ("2.01", [])])
def test_daily_loss_is_against_the_days_first_open(limit: str, refused: list[str]) -> None:
    """spec F39: 10 × −2 = −20 of 1000 is 2%."""
    rows = ["0 long 10 98 e", "3 long 1 98 f"]
    result = run([FLAT, STOPPED, *STILL], rows, account=CASH, guardrails={"max_daily_loss_pct": limit})
    assert blocks(result) == refused


@pytest.mark.parametrize(("limit", "refused"), [("1", ["f budget"]), ("1.01", [])])
def test_the_days_risk_budget_counts_sets_opened(limit: str, refused: list[str]) -> None:
    """spec F39: 5 × 2 = 10 of 1000 is 1%."""
    rows = ["0 long 5 98 e", "3 long 1 98 f"]
    result = run(STILL, rows, account={**CASH, "independent": True}, guardrails={"daily_risk_budget_pct": limit})
    assert blocks(result) == refused


@pytest.mark.parametrize(
    "guardrails",
    [{"allowed_directions": ["long"]}, {"allowed_symbols": ["OTHER"]}, {"allowed_categories": ["reversal"]}],
)
def test_what_no_allow_list_names_is_refused(guardrails: dict[str, Any]) -> None:
    """spec F39: the rows of an entries file are of category other."""
    assert blocks(run(STILL, ["1 short 1 102 e"], guardrails=guardrails)) == ["e allow_list"]


def test_data_with_a_hole_is_stale_for_one_decision() -> None:
    """spec F5: bars 2 and 6: four hours apart, three allowed. Row 7 is decided at the close after the hole."""
    times = [at(0), at(1), at(2), at(6), at(7), at(8)]
    bars = candles([FLAT] * 6, times=times)
    assert blocks(run(bars, ["7 long 1 98 e"])) == ["e stale_data"]
    assert blocks(run(bars, ["8 long 1 98 e"])) == []
    assert blocks(run(bars, ["6 long 1 98 e"])) == []  # decided at the close before the hole
    assert blocks(run(bars, ["7 long 1 98 e"], guardrails={"stale_after_bars": 4})) == []


REVERSALS = {
    # One order of 1 + 2: the fill through zero closes one set and opens the next.
    "reverse": (["e 1@100 g 1@100", "g 2@100 end_of_data 2@100"], []),
    "exit": (["e 1@100 g_exit 1@100"], []),
    "ignore": (["e 1@100 end_of_data 1@100"], ["g opposite_ignored"]),
}


@pytest.mark.parametrize("on_opposite", REVERSALS)
def test_an_entry_against_the_position(on_opposite: str) -> None:
    """spec D7 F13."""
    sets, refused = REVERSALS[on_opposite]
    result = run(STILL, ["0 long 1 98 e", "3 short 2 102 g"], account={"on_opposite": on_opposite})
    assert ([fills(one) for one in result.trade_sets], blocks(result)) == (sets, refused)


def test_a_reversal_splits_its_fee_by_quantity() -> None:
    """spec L1: 3 × 100 × 0.001 = 0.3; a third closes, the opener takes the remainder."""
    result = run(STILL, ["0 long 1 98 e", "3 short 2 102 g"], fees=(0, "0.001"))
    closing, opening = result.trade_sets[0].legs[-1], result.trade_sets[1].legs[0]
    assert (closing.fees, opening.fees) == (Decimal("0.1"), Decimal("0.2"))
    assert closing.timestamp == opening.timestamp
    assert closing.leg_id != opening.leg_id


def test_a_reversal_passes_the_same_bar_veto_and_min_hold() -> None:
    """spec F13 F31: opened in bar 1; row 2 is decided at that bar's close, where it is held 0 bars."""
    rows = ["1 long 1 98 e", "2 short 1 102 f"]
    assert blocks(run(STILL, rows)) == ["f same_bar_veto"]
    free = run(STILL, rows, guardrails={"same_bar_veto": False})
    assert [fills(one) for one in free.trade_sets] == ["e 1@100 f 1@100", "f 1@100 end_of_data 1@100"]
    rows = ["1 long 1 98 e", "3 short 1 102 f", "4 short 1 102 g"]
    held = run(STILL, rows, guardrails={"min_hold_bars": 2})  # row 3: held 1 of 2; row 4: held 2
    assert blocks(held) == ["f min_hold"]
    assert hours(held.trade_sets[0]) == [1, 4]
    ignored = run(STILL, rows, guardrails={"min_hold_bars": 2}, account={"on_opposite": "ignore"})
    assert blocks(ignored) == ["f opposite_ignored", "g opposite_ignored"]


def test_a_refused_reversal_leaves_the_position_as_it_was() -> None:
    """spec F31: refused at the fill; nothing else happens."""
    result = run(STILL, ["0 long 1 98 e", "3 short 1 99 g"])
    assert ([fills(one) for one in result.trade_sets], blocks(result)) == (
        ["e 1@100 end_of_data 1@100"],
        ["g invalid_stop"],
    )


def test_one_entry_of_a_decision_wins_and_the_other_is_told_by_whom() -> None:
    """spec D4 F10: equal ranks and grades, so the smaller id."""
    result = run(STILL, ["2 long 1 98 zeta", "2 short 1 102 alpha"])
    (event,) = result.events
    assert (event["reason"], event["trigger_id"], event["preempted_by"]) == ("outranked_by_peer", "zeta", "alpha")
    assert fills(result) == "alpha 1@100 end_of_data 1@100"


def test_wide_spread_and_thin_volume_refuse_an_entry() -> None:
    """spec F26 D2: quote volume of the decision bar is 100 × 10 = 1000."""
    assert blocks(run(STILL, ["2 long 1 98 e"], guardrails={"min_liquidity": 1001})) == ["e liquidity"]
    assert blocks(run(STILL, ["2 long 1 98 e"], guardrails={"min_liquidity": 1000})) == []
    spread: dict[str, Any] = {"execution": {"spread_bps": 5}}
    assert blocks(run(STILL, ["2 long 1 98 e"], guardrails={"max_spread_bps": 4}, **spread)) == ["e spread"]
    assert blocks(run(STILL, ["2 long 1 98 e"], guardrails={"max_spread_bps": 5}, **spread)) == []


def test_the_spread_of_a_decision_is_the_last_quote_at_or_before_its_close() -> None:
    """spec X6: (100.1 − 99.9) ÷ 100 is 20 bps from 01:30 on, 2 bps from 04:00 on; nothing is known before."""
    quotes = pl.DataFrame(
        {"timestamp": [at(1) + timedelta(minutes=30), at(4)], "bid": [99.9, 99.99], "ask": [100.1, 100.01]}
    )
    refused = []
    for bar in range(1, 6):  # decided at the close of the bar before, which is this bar's open time
        rows = [f"{bar} long 1 98 e{bar}"]
        refused += blocks(run(STILL, rows, guardrails={"max_spread_bps": 10}, inputs={"quotes": quotes}))
    assert refused == ["e2 spread", "e3 spread"]


def test_every_guards_answer_is_kept() -> None:
    """spec F11 D2: the first no is the event; decisions.parquet keeps every answer."""
    import json

    from exitbrain.backtesting.files import decisions_frame

    result = run(
        STILL,
        ["2 short 1 102 e"],
        guardrails={"min_liquidity": 1001, "allowed_directions": ["long"]},
    )
    assert blocks(result) == ["e liquidity"]
    (row,) = decisions_frame(result).to_dicts()
    refused = {guard for guard, detail in json.loads(row["guards"]).items() if detail is not None}
    assert refused == {"liquidity", "allow_list"}
    assert row["time"] == MIDNIGHT + timedelta(hours=1)

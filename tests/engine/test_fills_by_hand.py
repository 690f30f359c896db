"""Fills worked out with a pocket calculator: levels, gaps, slippage, fees, the order at one price, scale-ins."""

from __future__ import annotations

from decimal import Decimal

import pytest

from engine.worlds import FLAT, blocks, fills, hours, run, trailing

TRAIL = {"trailing": trailing(0.02, 1)}


def test_hard_and_soft_differ_in_fee_slippage_through_and_gap_price() -> None:
    """spec P7 X3 F25: the same entry, the same level, the same bars; only the leg's kind differs.

    Long 1 @ 100, slippage 10 bps: 100 × 1.001 = 100.1. Stop 98: R = 2.1, the 1R target is 102.2.
    HARD pays the taker fee of 0.05% on a market order, SOFT the maker fee of 0.02% on its limit.
    """
    touched, passed, gap = "101 102.2 100.9 102", "101 103 100.9 103", "105 106 104 105"
    cases = {
        # touched exactly: HARD 102.2 × 0.999 = 102.0978, down to 102.09, × 0.0005 = 0.051045; SOFT at 102.2 × 0.0002
        ("HARD", "touch", touched): ("102.09", "0.051045"),
        ("SOFT", "touch", touched): ("102.2", "0.02044"),
        # through: the limit wants 102.21 and stays; the market order does not care
        ("HARD", "through", touched): ("102.09", "0.051045"),
        ("SOFT", "through", touched): None,
        # passed: the limit fills at its level, never better inside a bar
        ("HARD", "through", passed): ("102.09", "0.051045"),
        ("SOFT", "through", passed): ("102.2", "0.02044"),
        # gap: both at the open of 105; HARD less 0.105, to 104.89, × 0.0005 = 0.052445; SOFT 105 × 0.0002
        ("HARD", "touch", gap): ("104.89", "0.052445"),
        ("SOFT", "touch", gap): ("105", "0.021"),
        ("SOFT", "through", gap): ("105", "0.021"),
    }
    for (kind, limit_fill, bar), expected in cases.items():
        result = run(
            [FLAT, bar, "102 102.1 101 101"],
            ["0 long 1 98 e"],
            f"1/1/{kind}",
            fees=(0.0002, 0.0005),
            slippage_bps=10,
            execution={"limit_fill": limit_fill},
        )
        legs = [leg for leg in result.legs if leg.reason == "take_profit_1"]
        found = [(format(leg.price.normalize(), "f"), format(leg.fees.normalize(), "f")) for leg in legs]
        assert found == ([] if expected is None else [expected]), (kind, limit_fill, bar)
        assert (result.legs[0].price, result.legs[0].fees) == (Decimal("100.1"), Decimal("0.05005"))


@pytest.mark.parametrize(
    ("open_price", "limit_fill", "price"),
    [
        # The level is 102. A tick past it at the open is "met": filled at the level; two ticks past: at the open.
        ("102", "touch", "102"),
        ("102.01", "through", "102"),
        ("102.02", "through", "102.02"),
        ("102.02", "touch", "102.02"),
    ],
)
def test_a_soft_leg_at_the_open(open_price: str, limit_fill: str, price: str) -> None:
    """spec F25."""
    bar = f"{open_price} 102.02 101 101.5"
    result = run([FLAT, bar], ["0 long 1 98 e"], "1/1/SOFT", execution={"limit_fill": limit_fill})
    assert fills(result) == f"e 1@100 take_profit_1 1@{price}"


WALKS = {
    "X3: a gap through the stop fills at the open": (
        [FLAT, "97 97.5 96 97"],
        ["0 long 1 98 e"],
        {},
        "e 1@100 stop_loss 1@97",
    ),
    "X4: a gap through stop and trail is the stop's": (
        # Peak 103 is 1.5R and trails at 100.94. The open at 97 passed both; the stop covers all that remains.
        [FLAT, "100 103 100 103", "97 97 96 96.5"],
        ["0 long 1 98 e"],
        {"legs": "3/0.6/HARD", "recipe": TRAIL},
        "e 1@100 stop_loss 1@97",
    ),
    "X4: a gap through the trail alone takes the runner there, the stop the rest at its level": (
        [FLAT, "100 103 100 103", "99 99 96 96.5"],
        ["0 long 1 98 e"],
        {"legs": "3/0.6/HARD", "recipe": TRAIL},
        "e 1@100 trailing_stop 0.4@99 stop_loss 0.6@98",
    ),
    "X4: targets on one tick fill in ascending R": (
        # 1R = 102; 1.004R = 102.008, rounded toward the entry: 102 as well.
        [FLAT, "100 102 100 101"],
        ["0 long 1 98 e"],
        {"legs": "1/0.5/HARD 1.004/0.5/HARD"},
        "e 1@100 take_profit_1 0.5@102 take_profit_2 0.5@102",
    ),
    "X4: a stop that the first target moves to its own level goes before the second target there": (
        [FLAT, "100 102 100 101"],
        ["0 long 1 98 e"],
        {"legs": "1/0.5/HARD 1.004/0.5/HARD", "recipe": {"stop_moves": [{"after_leg": 1, "to": 1}]}},
        "e 1@100 take_profit_1 0.5@102 stop_loss 0.5@102",
    ),
    "P6 F17: a runner of what the targets leave trails; the stop holds the rest": (
        # 0.3 + 0.3 leave 0.4. Peak 103.5: 103.5 × 0.98 = 101.43; the fall to 97 meets it, then the stop at 98.
        [FLAT, "100 103.5 100 103.5", "103 103 97 98"],
        ["0 long 1 98 e"],
        {"legs": "1/0.3/HARD 3/0.3/HARD", "recipe": TRAIL},
        "e 1@100 take_profit_1 0.3@102 trailing_stop 0.4@101.43 stop_loss 0.3@98",
    ),
    "P6 F17: the same for a short, rounded toward the market": (
        # Trough 96.53 is 1.735R: 96.53 × 1.02 = 98.4606, down to 98.46.
        [FLAT, "100 100 96.53 97", "97 103 97 102"],
        ["0 short 1 102 e"],
        {"legs": "1/0.3/HARD 3/0.3/HARD", "recipe": TRAIL},
        "e 1@100 take_profit_1 0.3@98 trailing_stop 0.4@98.46 stop_loss 0.3@102",
    ),
    "P6: a sum of one that trails covers whatever remains": (
        # Half is out at 102. Peak 103 trails the other half at 100.94, before the second target at 106.
        [FLAT, "100 103 100 103", "103 103 100.5 101"],
        ["0 long 1 98 e"],
        {"legs": "1/0.5/HARD 3/0.5/HARD", "recipe": TRAIL},
        "e 1@100 take_profit_1 0.5@102 trailing_stop 0.5@100.94",
    ),
    "P8: the curve tightens at its threshold, inclusive": (
        # 2R = 104 is touched: 1% instead of 2%: 104 × 0.99 = 102.96.
        [FLAT, "100 104 100 104", "104 104 102 103"],
        ["0 long 1 98 e"],
        {"legs": "9/1/HARD", "recipe": {"trailing": trailing(0.02, 1, [2, 0.01])}},
        "e 1@100 trailing_stop 1@102.96",
    ),
    "P8: a tick under the threshold it does not": (
        # 103.99 × 0.98 = 101.9102, up to 101.92.
        [FLAT, "100 103.99 100 103.99", "103.99 103.99 101 103"],
        ["0 long 1 98 e"],
        {"legs": "9/1/HARD", "recipe": {"trailing": trailing(0.02, 1, [2, 0.01])}},
        "e 1@100 trailing_stop 1@101.92",
    ),
    "X3: a trail raised on the way up fills on the way down of the same bar": (
        # Low first, then 104, then the close at 101: the trail of 104 × 0.98 = 101.92 lies between.
        [FLAT, "100 104 100 101"],
        ["0 long 1 98 e"],
        {"legs": "9/1/HARD", "recipe": TRAIL},
        "e 1@100 trailing_stop 1@101.92",
    ),
    "X3: slippage is a tick against you and stays inside the bar": (
        # Entry 100 × 1.001 = 100.1; the stop at 98 sells at 97.902, down to 97.9, but the low is 97.95.
        [FLAT, "100 100 97.95 98"],
        ["0 long 1 98 e"],
        {"slippage_bps": 10},
        "e 1@100.1 stop_loss 1@97.95",
    ),
    "Q3: an explicit stop between two ticks is rounded toward the market": (
        # 98.004 becomes 98.01, so R = 1.99 and the 1R target is 101.99.
        [FLAT, "100 102 99 101", "101 101 98 98.5"],
        ["0 long 1 98.004 e"],
        {"legs": "1/0.5/HARD 2/0.5/HARD"},
        "e 1@100 take_profit_1 0.5@101.99 stop_loss 0.5@98.01",
    ),
    "Q3: a target under one tick from the entry stands one tick from it": (
        # R = 0.02, 0.25R = 0.005, rounded down to the entry itself: one tick beyond instead.
        ["100 100 99.99 100", "100 100.5 99.99 100"],
        ["0 long 1 99.98 e"],
        {"legs": "0.25/1/HARD"},
        "e 1@100 take_profit_1 1@100.01",
    ),
    "F18: a rung under a lot gives its share toward the entry": (
        # 3 lots: 20% of 3 is none, so TP2 goes into TP1: 80% of 3 is 2; the stop holds the third.
        [FLAT, "100 105 100 105", "105 105 97 98"],
        ["0 long 0.003 98 e"],
        {"legs": "1/0.6/HARD 2/0.2/HARD"},
        "e 0.003@100 take_profit_1 0.002@102 stop_loss 0.001@98",
    ),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_by_hand_fills_as_written(name: str) -> None:
    bars, rows, settings, expected = WALKS[name]
    assert fills(run(bars, rows, **settings)) == expected


SCALE_INS = {
    "F20: the explicit stop stays, targets come from the exact average": (
        # 1@100 + 1@101: average 100.5; stop 98, R = 2.5: targets 103 and 105.5, one unit each.
        "2 long 1 - g",
        "e 1@100 g 1@101 take_profit_1 1@103 take_profit_2 1@105.5",
    ),
    "F20: the add brings a tighter stop": (
        # Stop 99: R = 1.5: targets 102 and 103.5.
        "2 long 1 99 g",
        "e 1@100 g 1@101 take_profit_1 1@102 take_profit_2 1@103.5",
    ),
    "Q3: an average between two ticks": (
        # 1@100 + 2@101: average 100.6667, R = 2.6667; 1R = 103.3333 → 103.33, 2R = 106, exactly.
        "2 long 2 - g",
        "e 1@100 g 2@101 take_profit_1 1.5@103.33 take_profit_2 1.5@106",
    ),
}


@pytest.mark.parametrize("name", SCALE_INS)
def test_a_scale_in_lays_a_fresh_ladder(name: str) -> None:
    """spec F20: R for statistics stays that of the opening."""
    row, expected = SCALE_INS[name]
    bars = [FLAT, FLAT, "101 101.5 100.9 101", "101 107 100.9 106"]
    result = run(bars, ["0 long 1 98 e", row], account={"max_adds": 1})
    assert fills(result) == expected
    assert result.trade_sets[0].initial_risk == 2


def test_a_scale_in_never_loosens_the_stop_and_an_active_trail_stays() -> None:
    """spec F20 F35: the present stop of 98 holds against the add's 97; the trail raised to 100.94 holds too."""
    bars = [FLAT, "100 101 99 100", "101 101.5 100.9 101", "101 101 97.5 98"]
    loose = run(bars, ["0 long 1 98 e", "2 long 1 97 g"], account={"max_adds": 1})
    assert fills(loose) == "e 1@100 g 1@101 stop_loss 2@98"
    # Peak 103 at bar 1: trail 103 × 0.98 = 100.94. After the add at 101 it takes all of what is open.
    bars = [FLAT, "100 103 100 102", "101 101.5 100.95 101", "101 101 100 100"]
    active = run(bars, ["0 long 1 98 e", "2 long 1 - g"], "9/1/HARD", recipe=TRAIL, account={"max_adds": 1})
    assert fills(active) == "e 1@100 g 1@101 trailing_stop 2@100.94"


def test_adds_beyond_max_adds_are_refused() -> None:
    """spec D7."""
    rows = ["0 long 1 98 e", "1 long 1 - f", "2 long 1 - g"]
    result = run([FLAT] * 4, rows, account={"max_adds": 1})
    assert (fills(result), blocks(result)) == ("e 1@100 f 1@100 end_of_data 2@100", ["g max_adds"])


def test_the_three_paths_of_a_bar_that_touches_stop_and_target() -> None:
    """spec X2 F25: low and high equally near the open is adverse; nearer the high it goes up first."""
    near_low, near_high, even = "100 102.5 97.9 100", "100 102 97.5 100", "100 102 98 100"
    stopped, taken = "e 1@100 stop_loss 1@98", "e 1@100 take_profit_1 1@102"
    cases = {
        ("adverse", near_high): stopped,
        ("favorable", near_low): taken,
        ("ohlc_nearest", near_low): stopped,
        ("ohlc_nearest", near_high): taken,
        ("ohlc_nearest", even): stopped,
    }
    for (path, bar), expected in cases.items():
        result = run([FLAT, bar], ["0 long 1 98 e"], "1/1/HARD", execution={"path": path})
        assert fills(result) == expected, (path, bar)


def test_a_fill_belongs_to_the_bar_in_which_it_happens() -> None:
    """spec X0: a row is taken at the open of the first bar at or after its time."""
    result = run([FLAT, FLAT, "100 103 100 102"], ["1 long 1 98 e"], "1/1/HARD")
    assert hours(result.trade_sets[0]) == [1, 2]

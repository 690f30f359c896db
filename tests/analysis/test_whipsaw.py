"""Whipsaw: shaken out, then back in no better or 1 R further without us (spec M3)."""

from dataclasses import replace

import numpy as np
import pytest
from lifecycle_columns import Entry, Exit, Lifecycle, bars_of, columns

from exitbrain.analysis import whipsaws
from exitbrain.analysis.whipsaw import whipsaw_metrics

pytestmark = pytest.mark.filterwarnings("error")

QUIET = [99.0] * 40


def shaken_out(*, price=99.0, quantity=2.0, category="risk_off", side=1, at=3, fee=0.125, symbol="TST"):
    """2 from 100 with R = 2 (initial risk 4), out by a risk category."""
    return Lifecycle(
        entries=(Entry(at=0, price=100, quantity=2),),
        exits=(Exit(at=at, price=price, quantity=quantity, reason="risk_exit", category=category, fee=fee),),
        risk_per_unit=2,
        side=side,
        symbol=symbol,
    )


def back_in(*, at=8, price=101.0, side=1, fee=0.125, symbol="TST"):
    return Lifecycle(
        entries=(Entry(at=at, price=price, quantity=2, fee=fee),),
        exits=(Exit(at=at + 20, price=price, quantity=2),),
        risk_per_unit=2,
        side=side,
        symbol=symbol,
    )


def spike(at, price, base=99.0):
    return bars_of(
        [price if i == at else base for i in range(40)], [min(price, base) if i == at else base for i in range(40)]
    )


def measured(lifecycles, bars=None, **options):
    return whipsaw_metrics(*columns(lifecycles), {"TST": bars or bars_of(QUIET), "OTHER": bars_of(QUIET)}, **options)


def test_a_reentry_at_a_worse_price_costs_the_distance_and_both_fees():  # spec M3
    # 1 × (101 − 99) × 2 + 0.125 + 0.125 = 4.25; ÷ 4 = 1.0625 R
    metrics = measured([shaken_out(), back_in()])
    assert metrics == {
        "num_risk_exits": 1,
        "whipsaw_count": 1,
        "whipsaw_rate": 1.0,
        "whipsaw_cost": 4.25,
        "whipsaw_cost_r": 1.0625,
    }


def test_a_recovery_of_1r_costs_1r_on_what_was_closed_and_the_exit_fee():  # spec M3
    # 99 + 2 = 101 is touched: 1 × 2 × 2 + 0.125 = 4.125; a partial exit of 0.5: 2 × 0.5 + 0.125 = 1.125
    assert measured([shaken_out()], spike(8, 101.0))["whipsaw_cost"] == 4.125
    assert measured([shaken_out(quantity=0.5)], spike(8, 101.0))["whipsaw_cost"] == 1.125


@pytest.mark.parametrize(
    ("opened", "stop", "out", "level"), [(100.01, 98.0, 100.04, 102.05), (100.01, 98.39, 100.04, 101.66)]
)
@pytest.mark.parametrize("side", [1, -1])
def test_the_very_level_is_touched_whatever_floats_make_of_it(opened, stop, out, level, side):  # spec M3 Q1
    # 100.04 + 2.01 is 102.05000000000001 in floats; a high of 102.05 is a touch, one tick less is none.
    if side < 0:
        opened, stop, out, level = (200 - price for price in (opened, stop, out, level))
    shaken = Lifecycle(
        entries=(Entry(at=0, price=opened, quantity=2),),
        exits=(Exit(at=3, price=out, quantity=1, reason="risk_exit", category="risk_off"),),
        risk_per_unit=abs(opened - stop),
        side=side,
    )
    touched, missed = (
        measured([shaken], spike(8, round(price, 2), out))["whipsaw_count"] for price in (level, level - side * 0.01)
    )
    assert (touched, missed) == (1, 0)


def test_the_reentry_is_the_reference_where_both_happen():  # spec M3
    assert measured([shaken_out(), back_in(price=99.5)], spike(6, 105.0))["whipsaw_cost"] == 0.5 * 2 + 0.25


def in_parts(*parts, whole=True):
    """Out by a risk category in parts of (bar, price, quantity), which are one exit where `whole`."""
    exits = tuple(
        Exit(at=at, price=price, quantity=quantity, reason="risk_exit", category="risk_off", fee=0.125)
        for at, price, quantity in parts
    )
    sets, legs = columns([Lifecycle(entries=(Entry(at=0, price=100, quantity=2),), exits=exits, risk_per_unit=2)])
    return sets, replace(legs, first_part=np.array([0, *([1] * len(parts) if whole else range(1, len(parts) + 1))]))


def test_the_parts_of_a_cut_exit_are_one_exit_at_their_average_price():  # spec M3 P14
    # 1 at 99 and 1 at 98: 98.5, so 1 R beyond is 100.5: 2 × 2 + 0.25 = 4.25; ÷ 4 = 1.0625 R
    one = in_parts((3, 99.0, 1.0), (4, 98.0, 1.0))
    bars = {"TST": spike(8, 100.5)}
    assert whipsaw_metrics(*one, bars) == {
        "num_risk_exits": 1,
        "whipsaw_count": 1,
        "whipsaw_rate": 1.0,
        "whipsaw_cost": 4.25,
        "whipsaw_cost_r": 1.0625,
    }
    assert whipsaw_metrics(*one, {"TST": spike(8, 100.25)})["whipsaw_count"] == 0
    apart = whipsaw_metrics(*in_parts((3, 99.0, 1.0), (4, 98.0, 1.0), whole=False), bars)
    assert (apart["num_risk_exits"], apart["whipsaw_count"]) == (2, 1)


def test_the_window_of_a_cut_exit_runs_from_its_last_part():  # spec M3 P14
    late = {"TST": spike(4 + 24, 101.0)}
    assert whipsaw_metrics(*in_parts((3, 99.0, 1.0), (4, 99.0, 1.0)), late)["whipsaw_count"] == 1
    assert whipsaw_metrics(*in_parts((2, 99.0, 1.0), (3, 99.0, 1.0)), late)["whipsaw_count"] == 0


def test_whole_exits_are_the_same_whether_or_not_some_could_have_been_cut():  # spec M3
    cases = [shaken_out(price=99.1), back_in(), shaken_out(at=30, price=98.7)]
    sets, legs = columns(cases)
    bars = {"TST": spike(8, 103.0)}
    marked = replace(legs, first_part=np.arange(len(legs)))
    assert whipsaw_metrics(sets, marked, bars) == whipsaw_metrics(sets, legs, bars)


def test_shorts_are_mirrored():  # spec M3
    # Short from 100, out at 101, short again at 99: −1 × (99 − 101) × 2 + 0.25 = 4.25
    assert (
        measured([shaken_out(side=-1, price=101.0), back_in(side=-1, price=99.0)], bars_of([101.0] * 40))[
            "whipsaw_cost"
        ]
        == 4.25
    )
    # Recovery downward: 101 − 2 = 99 is touched by a low.
    recovered = measured([shaken_out(side=-1, price=101.0)], spike(8, 99.0, base=101.0))
    assert recovered["whipsaw_cost"] == 4.125
    assert measured([shaken_out(side=-1, price=101.0)], spike(8, 103.0, base=101.0))["whipsaw_count"] == 0


NO_WHIPSAW = {
    "a better price": [shaken_out(), back_in(price=98.5)],
    "the other direction": [shaken_out(), back_in(side=-1)],
    "another symbol": [shaken_out(), back_in(symbol="OTHER")],
    "a plan's exit": [shaken_out(category="plan"), back_in()],
    "a reversal's exit": [shaken_out(category="reversal"), back_in()],
    "an entry before the exit": [shaken_out(at=10), back_in(at=9)],
    "one bar past the window": [shaken_out(at=3), back_in(at=3 + 25)],
    "nothing after it": [shaken_out()],
}


@pytest.mark.parametrize("case", NO_WHIPSAW)
def test_no_whipsaw_after(case):  # spec M3
    metrics = measured(NO_WHIPSAW[case])
    assert (metrics["whipsaw_count"], metrics["whipsaw_cost"], metrics["whipsaw_cost_r"]) == (0, 0.0, 0.0)


@pytest.mark.parametrize("category", ["risk_reduce", "risk_off", "emergency_exit"])
def test_each_risk_category_can_be_whipsawed(category):  # spec M3
    assert measured([shaken_out(category=category), back_in()])["whipsaw_count"] == 1


def test_the_window_counts_bars_and_includes_its_last():  # spec M3
    assert measured([shaken_out(at=3), back_in(at=3 + 24)])["whipsaw_count"] == 1
    assert measured([shaken_out(at=3), back_in(at=8)], window_bars=5)["whipsaw_count"] == 1
    assert measured([shaken_out(at=3), back_in(at=8)], window_bars=4)["whipsaw_count"] == 0
    assert measured([shaken_out(at=3)], spike(8, 101.0), window_bars=5)["whipsaw_count"] == 1
    assert measured([shaken_out(at=3)], spike(8, 101.0), window_bars=4)["whipsaw_count"] == 0


def test_a_reentry_at_the_very_price_is_no_better():  # spec M3
    assert measured([shaken_out(), back_in(price=99.0)])["whipsaw_cost"] == 0.25


def test_a_scale_in_after_a_trim_is_a_reentry_and_the_first_no_better_one_counts():  # spec M3
    # Out 1 at 99; adds at 98 (better), then 100 (not), then 102: 1 × (100 − 99) × 1 = 1
    trimmed = Lifecycle(
        entries=(
            Entry(at=0, price=100, quantity=2),
            Entry(at=5, price=98, quantity=1),
            Entry(at=6, price=100, quantity=1),
            Entry(at=7, price=102, quantity=1),
        ),
        exits=(
            Exit(at=3, price=99, quantity=1, reason="trim_exit", category="risk_reduce"),
            Exit(at=30, price=100, quantity=4),
        ),
        risk_per_unit=2,
    )
    metrics = measured([trimmed])
    assert (metrics["whipsaw_count"], metrics["whipsaw_cost"]) == (1, 1.0)


def test_an_independent_run_counts_only_the_recovery():  # spec M3
    assert measured([shaken_out(), back_in()], independent=True)["whipsaw_count"] == 0
    assert measured([shaken_out(), back_in()], spike(8, 101.0), independent=True)["whipsaw_cost"] == 4.125


def test_the_bar_of_the_exit_lies_ahead_of_a_fill_at_its_open_and_behind_one_at_its_close():  # spec M3 X1
    assert measured([shaken_out(at=3)], spike(3, 101.0))["whipsaw_count"] == 1
    assert measured([shaken_out(at=3)], spike(3, 101.0), exits_at_open=False)["whipsaw_count"] == 0


def test_the_rate_is_the_share_of_risk_exits():  # spec M3
    metrics = measured([shaken_out(), back_in(at=8), shaken_out(at=35, price=120.0, symbol="OTHER")])
    assert (metrics["num_risk_exits"], metrics["whipsaw_count"], metrics["whipsaw_rate"]) == (2, 1, 0.5)


def test_without_risk_exits_the_rate_is_none_and_without_bars_everything_is():  # spec M3
    assert measured([back_in()])["whipsaw_rate"] is None
    assert measured([back_in()])["whipsaw_cost"] == 0.0
    assert set(whipsaw_metrics(*columns([shaken_out()]), None).values()) == {None}


def test_an_unknown_risk_has_no_recovery_and_no_cost_in_r():  # spec M3
    sets, legs = columns([shaken_out(), back_in()])
    unknown = replace(sets, initial_risk=np.full(2, np.nan))
    found = whipsaws(unknown, legs, {"TST": spike(8, 200.0)})
    assert found.recovered.tolist() == [False]
    assert found.cost.tolist() == [4.25]
    assert np.isnan(found.cost_r).all()


def test_a_contract_multiplier_scales_the_money_and_not_the_distance_of_1r():  # spec M3 Q2
    sets, legs = columns([shaken_out()])
    contracts = replace(sets, multiplier=np.array([10.0]), initial_risk=sets.initial_risk * 10)
    found = whipsaws(contracts, legs, {"TST": spike(8, 101.0)})
    assert found.cost.tolist() == [2 * 2 * 10 + 0.125]


def test_r_stays_that_of_the_opening_after_a_scale_in():  # spec M3 P9
    # Initial risk 4 on 2 opened: R = 2 also after adding 1, so 101 is a recovery: 1 × 2 × 3 = 6.
    scaled = Lifecycle(
        entries=(Entry(at=0, price=100, quantity=2), Entry(at=1, price=100, quantity=1)),
        exits=(Exit(at=3, price=99, quantity=3, reason="risk_exit", category="risk_off"),),
        risk_per_unit=2,
    )
    assert measured([scaled], spike(8, 101.0))["whipsaw_cost"] == 6.0

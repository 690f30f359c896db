"""Exits by reason, category and rung (spec M2)."""

from dataclasses import replace

import pytest
from lifecycle_columns import Entry, Exit, Lifecycle, columns

from exitbrain.analysis import by_category, by_reason, reversing_tags, rungs, with_reversals_gathered
from exitbrain.analysis.exits import breakeven_scratches, exit_metrics, runner_share

pytestmark = pytest.mark.filterwarnings("error")


def ladder(*exits, opened=0, planned=0b11, profile="TREND_DEFAULT", quantity=4.0, symbol="TST"):
    """Long `quantity` from 100 with R = 10; each exit is (price, quantity, reason) or (…, category)."""
    return Lifecycle(
        entries=(Entry(at=opened, price=100, quantity=quantity),),
        exits=tuple(
            Exit(at=opened + 1 + i, price=p, quantity=q, reason=reason, category=rest[0] if rest else "plan")
            for i, (p, q, reason, *rest) in enumerate(exits)
        ),
        risk_per_unit=10,
        planned_rungs=planned,
        profile=profile,
        symbol=symbol,
    )


TP1, TP2 = (105, 1, "take_profit_1"), (110, 1, "take_profit_2")  # +5 and +10; the initial risk is 4 × 10 = 40
RUN = [
    ladder(TP1, TP2, (120, 2, "trailing_stop")),  # +5 +10 +40
    ladder(TP1, (100, 3, "breakeven_stop"), opened=10),  # +5 +0
    ladder((90, 4, "stop_loss"), opened=20),  # −40
    ladder(TP1, (98, 3, "weak_exit", "risk_reduce"), opened=30),  # +5 −6
]


def named(name, count, pnl, mean_r):
    return {"name": name, "count": count, "pnl": pnl, "mean_r": mean_r}


def test_legs_that_entries_reversed_stand_in_one_row():  # spec F13 M2
    rows = [named("e1", 1, 10.0, 1.0), named("stop_loss", 2, -8.0, -0.5), named("e2", 3, 2.0, None)]
    rows += [named("e3", 3, 6.0, 2.0)]
    # mean R over the legs that have one: (1 × 1.0 + 3 × 2.0) ÷ 4 = 1.75
    assert with_reversals_gathered(rows, {"e1", "e2", "e3"}) == [
        named("reversed by an entry (3 tags)", 7, 18.0, 1.75),
        named("stop_loss", 2, -8.0, -0.5),
    ]
    one_tag = with_reversals_gathered(rows, {"e1"})
    assert sorted(row["name"] for row in one_tag) == ["e1", "e2", "e3", "stop_loss"]
    assert with_reversals_gathered([], set()) == []


def test_a_tag_is_told_from_the_exits_of_triggers_and_plans():  # spec F13
    legs = [("e1", "e1", True), ("e2", "e2", False), ("e3", "e3", True), ("weak_exit", "weak", False)]
    legs += [("stop_loss", None, False), ("stop_loss", "stop_loss", False)]
    assert reversing_tags(legs) == {"e2"}


def test_pnl_is_booked_to_the_leg_that_made_it():  # spec M2
    _, legs = columns(RUN)
    rows = {row["reason"]: row for row in by_reason(legs)}
    assert {name: (row["count"], row["pnl"]) for name, row in rows.items()} == {
        "breakeven_stop": (1, 0.0),
        "stop_loss": (1, -40.0),
        "take_profit_1": (3, 15.0),
        "take_profit_2": (1, 10.0),
        "trailing_stop": (1, 40.0),
        "weak_exit": (1, -6.0),
    }
    assert rows["take_profit_1"]["mean_r"] == pytest.approx(5 / 40)
    assert rows["take_profit_1"]["share"] == 3 / 8
    assert [(row["category"], row["count"], row["pnl"]) for row in by_category(legs)] == [
        ("plan", 7, 25.0),
        ("risk_reduce", 1, -6.0),
    ]


def test_rungs_have_hit_rates_and_rates_given_the_rung_below():  # spec M2
    sets, legs = columns(RUN)
    first, second = rungs(sets, legs)
    assert (first["planned"], first["count"], first["hit_rate"], first["conditional_rate"]) == (4, 3, 3 / 4, 3 / 4)
    assert (second["planned"], second["count"], second["hit_rate"], second["conditional_rate"]) == (4, 1, 1 / 4, 1 / 3)
    assert (first["mean_r"], second["mean_r"]) == pytest.approx((5 / 40, 10 / 40))


def test_a_rung_counts_only_where_it_was_planned():  # spec M2 P13
    # The second set's ladder was merged to rung 2 alone: it is asked about rung 2 with no rung below it.
    sets, legs = columns(
        [ladder(TP1, (90, 3, "stop_loss")), ladder((110, 4, "take_profit_2"), opened=10, planned=0b10)]
    )
    first, second = rungs(sets, legs)
    assert (first["planned"], first["hit_rate"]) == (1, 1.0)
    assert (second["planned"], second["count"], second["hit_rate"]) == (2, 1, 1 / 2)
    assert second["conditional_rate"] == 1 / 2


def test_a_planned_rung_that_none_took_is_listed():  # spec M2
    sets, legs = columns([ladder((90, 4, "stop_loss"), planned=0b1)])
    assert rungs(sets, legs) == [
        {"rung": 1, "planned": 1, "count": 0, "hit_rate": 0.0, "conditional_rate": 0.0, "mean_r": None, "pnl": 0.0}
    ]


def test_an_open_set_neither_hits_nor_misses_a_rung():  # spec M2
    sets, legs = columns([*RUN, ladder(TP1, opened=40)])
    assert rungs(sets, legs) == rungs(*columns(RUN))


def test_a_rung_cut_into_parts_is_one_hit_with_their_sum():  # spec M2 P14
    sets, legs = columns([ladder(TP1, TP1, (110, 2, "take_profit_2"))])
    first, second = rungs(sets, legs)
    assert (first["count"], first["mean_r"], second["conditional_rate"]) == (1, pytest.approx(10 / 40), 1.0)


def test_without_planned_rungs_each_profile_is_taken_to_have_the_rungs_that_it_showed():  # spec M2
    sets, legs = columns([*RUN, ladder((90, 4, "stop_loss"), opened=50, profile="CHOP_DEFAULT")])
    first, second = rungs(replace(sets, planned_rungs=None), legs)
    assert (first["planned"], second["planned"]) == (4, 4)


def test_the_runner_share_is_the_quantity_that_the_trail_took_out():  # spec M2
    sets, legs = columns(RUN)
    assert runner_share(sets, legs) == 2 / 16


def test_shares_of_two_symbols_weigh_by_notional():  # spec M2
    # AAA leaves 4 × 120 = 480, all by the trail; BBB leaves 4000 × 90 = 360,000, none of it.
    both = [
        ladder((120, 4, "trailing_stop"), symbol="AAA"),
        ladder((90, 4000, "stop_loss"), quantity=4000.0, symbol="BBB"),
    ]
    assert runner_share(*columns(both)) == pytest.approx(480 / 360_480)


def test_a_base_asset_fee_is_no_exit_of_the_runner():  # spec L7 M2
    with_fee = ladder((100, 1, "base_fee", "adjustment"), (120, 3, "trailing_stop"))
    assert runner_share(*columns([with_fee])) == 1.0


def test_a_scratch_is_a_set_that_ends_at_break_even():  # spec M2
    sets, _ = columns(RUN)
    assert breakeven_scratches(sets) == 1


def test_the_reasons_add_up_to_the_gross_total_open_sets_included():  # spec M2
    sets, legs = columns([*RUN, ladder(TP1, opened=40)])
    assert sum(row["pnl"] for row in by_reason(legs)) == sets.pnl_realized.sum() == 24.0
    assert sum(row["pnl"] for row in by_category(legs)) == 24.0
    assert sum(row["share"] for row in by_reason(legs)) == pytest.approx(1)


def test_the_flat_keys_hold_the_tables():  # spec M2
    metrics = exit_metrics(*columns(RUN))
    assert metrics["exit_reason.take_profit_1.pnl"] == 15.0
    assert metrics["category.risk_reduce.count"] == 1
    assert metrics["rung.2.conditional_rate"] == 1 / 3
    assert metrics["breakeven_scratches"] == 1


def test_reasons_are_ordered_by_name_with_numbers_by_size():  # spec M2
    exits = [(101 + n, 1, f"take_profit_{n}") for n in (10, 2, 1)]
    _, legs = columns([ladder(*exits, (90, 1, "stop_loss"))])
    assert [row["reason"] for row in by_reason(legs)] == [
        "stop_loss",
        "take_profit_1",
        "take_profit_2",
        "take_profit_10",
    ]

"""How much hangs on the path inside a bar (spec X5)."""

import pytest
from lifecycle_columns import columns, one_exit

from exitbrain.analysis import ambiguity

pytestmark = pytest.mark.filterwarnings("error")


def compared(adverse, favorable):
    return ambiguity(columns(adverse)[0], columns(favorable)[0])


def test_the_share_counts_sets_that_differ_and_sets_without_a_partner():  # spec X5
    # Opening bars 0 and 2 agree, 1 differs, 3 is in the favorable run alone: 2 of 4.
    adverse = [one_exit(10, opened=0), one_exit(-100, opened=1), one_exit(5, opened=2)]
    favorable = [one_exit(10, opened=0), one_exit(50, opened=1), one_exit(5, opened=2), one_exit(-20, opened=3)]
    result = compared(adverse, favorable)
    assert (result["share"], result["num_sets"], result["num_different"], result["num_unpaired"]) == (0.5, 4, 2, 1)
    assert result["net_pnl"] == [-85.0, 45.0]
    assert result["net_r"] == pytest.approx([-0.85, 0.45])


def test_the_interval_is_ordered_also_where_adverse_turned_out_better():  # spec X5
    assert compared([one_exit(10)], [one_exit(-10)])["net_pnl"] == [-10.0, 10.0]


def test_equal_runs_are_not_ambiguous():  # spec X5
    run = [one_exit(10, opened=i) for i in range(4)]
    assert (compared(run, run)["share"], compared(run, run)["advice"]) == (0.0, None)


def test_sets_of_one_symbol_and_bar_pair_in_order():  # spec X5
    run = [one_exit(10), one_exit(20)]
    assert compared(run, run)["share"] == 0.0
    assert compared(run, [one_exit(20), one_exit(10)])["share"] == 1.0
    assert compared(run, run[:1])["num_unpaired"] == 1


def test_the_same_bar_of_another_symbol_is_no_partner():  # spec X5
    assert compared([one_exit(10)], [one_exit(10, symbol="OTHER")])["share"] == 1.0


@pytest.mark.parametrize(("different", "advised"), [(0, False), (1, False), (2, True)])
def test_a_finer_file_is_advised_above_5_percent(different, advised):  # spec X5
    adverse = [one_exit(10, opened=i) for i in range(20)]
    favorable = [one_exit(11 if i < different else 10, opened=i) for i in range(20)]
    assert (compared(adverse, favorable)["advice"] is not None) == advised


@pytest.mark.parametrize(
    ("finest", "told"),
    [(None, "15-minute bars are enough"), (16, "15-minute bars are enough"), (15, "set them wider"), (1, "wider")],
)
def test_the_advice_is_of_the_bars_of_the_run(finest, told):  # spec X5
    micros = None if finest is None else finest * 60_000_000
    advice = ambiguity(columns([one_exit(10)])[0], columns([one_exit(11)])[0], finest=micros)["advice"]
    assert told in advice and ("15-minute" in advice) == ("15-minute" in told)


def test_the_note_says_that_a_trail_makes_it_no_bound():  # spec X5
    assert "not a bound" in compared([one_exit(1)], [one_exit(1)])["note"]


def test_two_empty_runs_have_no_share():  # spec X5
    result = compared([], [])
    assert (result["share"], result["net_pnl"], result["advice"]) == (None, [0.0, 0.0], None)

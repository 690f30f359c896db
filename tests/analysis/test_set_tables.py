"""Tables over sets: groups, the R histogram, excursions, block events (spec M1 M5 D5)."""

import pytest
from lifecycle_columns import Entry, Lifecycle, columns, one_exit

from exitbrain.analysis import by_event, by_profile, by_regime, by_side, excursions, r_histogram
from exitbrain.analysis.groups import excursion_metrics

pytestmark = pytest.mark.filterwarnings("error")


def test_groups_split_the_run_and_add_up_to_it():  # spec M1
    sets, _ = columns(
        [
            one_exit(100, regime="TREND", profile="A"),
            one_exit(-50, regime="CHOP", profile="A"),
            one_exit(20, regime="TREND", profile="B"),
            one_exit(7, regime=None, profile="B"),
        ]
    )
    regimes = by_regime(sets)
    assert [(row["regime"], row["num_sets"], row["net_pnl"]) for row in regimes] == [
        ("CHOP", 1, -50.0),
        ("TREND", 2, 120.0),
        (None, 1, 7.0),
    ]
    assert [(row["profile"], row["win_rate"], row["net_r_mean"]) for row in by_profile(sets)] == [
        ("A", 0.5, pytest.approx(0.25)),  # (1 − 0.5) ÷ 2
        ("B", 1.0, pytest.approx(0.135)),  # (0.2 + 0.07) ÷ 2
    ]
    assert [row["side"] for row in by_side(sets)] == ["long"]


def test_the_histogram_counts_each_r_once_in_half_open_cells():  # spec M1
    r = [-1.0, -0.75, 0.0, 0.49, 0.5, 2.0]
    sets, _ = columns([one_exit(100 * value) for value in r])
    rows = r_histogram(sets)
    assert rows[0] == {"low": -1.0, "high": -0.5, "count": 2}
    assert [(row["low"], row["count"]) for row in rows if row["count"]] == [(-1.0, 2), (0.0, 2), (0.5, 1), (2.0, 1)]
    assert sum(row["count"] for row in rows) == len(r)


def test_far_values_gather_in_open_cells():  # spec M1
    sets, _ = columns([one_exit(100 * value) for value in (-800.0, -5.0, 20.0, 1e9)])
    rows = r_histogram(sets)
    assert (rows[0], rows[1]) == ({"low": None, "high": -5.0, "count": 1}, {"low": -5.0, "high": -4.5, "count": 1})
    assert rows[-1] == {"low": 20.0, "high": None, "count": 2}
    assert r_histogram(columns([])[0]) == []


def test_excursions_stand_against_the_stop_and_the_first_target():  # spec M5
    sets, _ = columns(
        [
            one_exit(100, mfe_r=2.0, mae_r=-0.25, tp1_r=0.5),
            one_exit(-100, mfe_r=0.25, mae_r=-1.0, tp1_r=0.5),
            one_exit(0, mfe_r=0.0, mae_r=-0.5),
            Lifecycle(entries=(Entry(at=0, price=100, quantity=1),)),
        ]
    )
    table = excursions(sets)
    assert table["reached_tp1"] == [True, False, None]
    assert table["reached_stop"] == [False, True, False]
    assert table["efficiency"] == [0.5, -4.0, None]
    assert table["tp1_r"] == [0.5, 0.5, None]
    assert len({len(column) for column in table.values()}) == 1


def test_exit_efficiency_is_captured_over_available_r_of_the_whole_run():  # spec M5
    # Captured 1.5 − 1 + 0 = 0.5; available 2 + 0.25 + 0 = 2.25
    sets, _ = columns(
        [one_exit(150, mfe_r=2.0, mae_r=-0.25), one_exit(-100, mfe_r=0.25, mae_r=-1.0), one_exit(0, mae_r=-0.25)]
    )
    metrics = excursion_metrics(sets)
    assert metrics["exit_efficiency"] == pytest.approx(0.5 / 2.25)
    assert metrics["mfe_r_mean"] == pytest.approx(2.25 / 3)
    assert metrics["mae_r_mean"] == pytest.approx(-1.5 / 3)
    assert metrics["best_exit_r_total"] == 2.25


def test_with_nothing_available_there_is_no_efficiency():  # spec M5
    sets, _ = columns([one_exit(-100, mfe_r=0.0, mae_r=-1.0)])
    assert excursion_metrics(sets)["exit_efficiency"] is None


def test_block_events_are_counted_by_name():  # spec D5
    assert by_event(["min_hold", "stale_data", "min_hold"]) == [
        {"reason": "min_hold", "count": 2},
        {"reason": "stale_data", "count": 1},
    ]

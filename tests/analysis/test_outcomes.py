"""Win rate, payoff, expectancy, SQN: by set, never by fill (spec M1 F46)."""

import math
import statistics

import numpy as np
import pytest
from lifecycle_columns import Entry, Exit, Lifecycle, columns, one_exit

from exitbrain.analysis.outcomes import outcome_metrics, outcomes_of_sets, paired_metrics, pairs_of_sets

pytestmark = pytest.mark.filterwarnings("error")


def metrics_of(lifecycles):
    sets, _ = columns(lifecycles)
    return outcome_metrics(outcomes_of_sets(sets))


# Net P&L of four sets that each risk 100, and what follows by hand.
FOUR = [
    one_exit(300, closed=2),
    one_exit(-100, opened=3, closed=4),
    one_exit(0, opened=5, closed=8),
    one_exit(100, opened=9, closed=11),
]
BY_HAND = {
    "num_closed": 4,
    "num_wins": 2,
    "num_losses": 1,  # the scratch is neither
    "win_rate": 2 / 4,
    "profit_factor": 400 / 100,
    "payoff": (400 / 2) / (100 / 1),
    "average_pnl": 300 / 4,
    "net_r": 3 - 1 + 0 + 1,
    "net_r_mean": 3 / 4,
    "expectancy_r": 3 / 4,
    "median_r": (0 + 1) / 2,
    "best_r": 3,
    "worst_r": -1,
    # deviations 2.25, −1.75, −0.75, 0.25: squares 5.0625 + 3.0625 + 0.5625 + 0.0625 = 8.75; sd = √(8.75 ÷ 3)
    "sqn": math.sqrt(4) * 0.75 / math.sqrt(8.75 / 3),
    "average_hold_hours": (2 + 1 + 3 + 2) / 4,
    "longest_losing_streak": 1,
}


@pytest.mark.parametrize("name", BY_HAND)
def test_four_sets_give_the_numbers_worked_out_by_hand(name):  # spec M1
    assert metrics_of(FOUR)[name] == pytest.approx(BY_HAND[name], rel=1e-15)


def test_a_set_with_three_exits_counts_once_with_its_net_result():  # spec M1 F46
    # 3 @ 100: +10 at 110, +10 at 110, −25 at 75, gross −5; fees 1 + 0.5; funding +8: net 1.5 = a win. Risk 3 × 5 = 15.
    ladder = Lifecycle(
        entries=(Entry(at=0, price=100, quantity=3, fee=1.0),),
        exits=(
            Exit(at=1, price=110, quantity=1, reason="take_profit_1"),
            Exit(at=2, price=110, quantity=1, reason="take_profit_2", fee=0.5),
            Exit(at=3, price=75, quantity=1),
        ),
        risk_per_unit=5,
        funding=8.0,
    )
    metrics = metrics_of([ladder])
    assert (metrics["num_closed"], metrics["num_wins"], metrics["num_losses"]) == (1, 1, 0)
    assert metrics["net_r"] == 1.5 / 15


def test_an_open_set_has_no_outcome_yet():  # spec F46
    still_open = Lifecycle(entries=(Entry(at=0, price=100, quantity=1),))
    assert metrics_of([*FOUR, still_open]) == metrics_of(FOUR)


def test_sets_and_the_paired_view_agree_to_the_last_digit_where_each_set_is_a_pair():  # spec M1 L5
    rng = np.random.default_rng(7)
    pairs = [
        one_exit(round(float(p), 2), opened=i, closed=i + 1 + i % 5, risk=33.3, fee=0.01)
        for i, p in enumerate(rng.normal(0, 50, 200))
    ]
    sets, _ = columns(pairs)
    assert paired_metrics(pairs_of_sets(sets)) == outcome_metrics(outcomes_of_sets(sets))


def test_the_paired_view_has_no_row_for_a_set_with_more_legs():  # spec L5
    two_exits = Lifecycle(
        entries=(Entry(at=0, price=100, quantity=2),),
        exits=(Exit(at=1, price=110, quantity=1), Exit(at=2, price=110, quantity=1)),
    )
    sets, _ = columns([one_exit(5), two_exits])
    assert pairs_of_sets(sets).pnl.tolist() == [5.0]


@pytest.mark.parametrize(
    ("pnls", "streak"),
    [([], 0), ([1], 0), ([-1], 1), ([-1, -1, 1, -1], 2), ([-1, 0, -1], 1), ([1, -1, -1, -1], 3)],
)
def test_the_losing_streak_is_the_longest_row_of_losses_and_a_scratch_ends_it(pnls, streak):  # spec M1
    assert (
        metrics_of([one_exit(p, opened=i, closed=i + 1) for i, p in enumerate(pnls)])["longest_losing_streak"] == streak
    )


def test_the_losing_streak_goes_by_time_of_closing():  # spec M1
    # By opening: loss, win, loss. By closing: win (2), loss (3), loss (4).
    sets = [one_exit(-1, opened=0, closed=3), one_exit(1, opened=1, closed=2), one_exit(-1, opened=2, closed=4)]
    assert metrics_of(sets)["longest_losing_streak"] == 2


UNDEFINED = {
    "no set": (
        [],
        ["win_rate", "profit_factor", "payoff", "net_r_mean", "median_r", "best_r", "sqn", "average_hold_hours"],
    ),
    "one set": ([one_exit(5)], ["profit_factor", "payoff", "sqn"]),
    "only wins": ([one_exit(5), one_exit(6)], ["profit_factor", "payoff"]),
    "all R equal": ([one_exit(0.1), one_exit(0.1), one_exit(0.1)], ["sqn"]),
    "no risk known": (
        [one_exit(5, risk=float("nan")), one_exit(-6, risk=float("nan"))],
        ["net_r_mean", "sqn", "worst_r"],
    ),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_what_is_undefined_is_none(case):  # spec M1
    sets, names = UNDEFINED[case]
    metrics = metrics_of(sets)
    assert {name: metrics[name] for name in names} == dict.fromkeys(names)


def test_sqn_is_the_textbook_formula():  # spec M1, Van Tharp
    r = [0.7, -1.0, 2.25, -0.4, 1.1, -1.05, 0.0]
    metrics = metrics_of([one_exit(100 * value, opened=i, closed=i + 1) for i, value in enumerate(r)])
    assert metrics["sqn"] == pytest.approx(len(r) ** 0.5 * statistics.mean(r) / statistics.stdev(r), rel=1e-12)

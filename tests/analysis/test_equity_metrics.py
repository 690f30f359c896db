"""Return, CAGR, Sharpe, Sortino and drawdowns from daily UTC equity (spec M1)."""

import math
import statistics

import numpy as np
import pytest
from lifecycle_columns import DAY, HOUR, START, equity_of

from exitbrain.analysis import EquityColumns, daily_equity, drawdowns, monthly_returns
from exitbrain.analysis.equity import equity_metrics

pytestmark = pytest.mark.filterwarnings("error")


def reference(levels, cash):
    """The textbook formulas, written without the code under test."""
    returns = [b / a - 1 for a, b in zip([cash, *levels], levels)]
    downside = math.sqrt(sum(min(r, 0.0) ** 2 for r in returns) / len(returns))
    peak, deepest = cash, 0.0
    for level in levels:
        peak = max(peak, level)
        deepest = min(deepest, level / peak - 1)
    return {
        "return": levels[-1] / cash - 1,
        "cagr": (levels[-1] / cash) ** (365 / len(returns)) - 1,
        "sharpe": statistics.mean(returns) / statistics.stdev(returns) * math.sqrt(365),
        "sortino": statistics.mean(returns) / downside * math.sqrt(365),
        "max_drawdown": deepest,
        "best_day": max(returns),
        "worst_day": min(returns),
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_curve_gives_what_the_textbook_formulas_give(seed):  # spec M1
    levels = (1000 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.001, 0.02, 400)))).tolist()
    metrics, expected = equity_metrics(equity_of(levels, cash=1000.0)), reference(levels, 1000.0)
    assert {name: metrics[name] for name in expected} == pytest.approx(expected, rel=1e-9)


def test_three_days_by_hand():  # spec M1
    # 100 → 110 (+10%) → 99 (−10%) → 99 (0%): mean 0, so Sharpe and Sortino are 0; 99/100 − 1 = −1%.
    metrics = equity_metrics(equity_of([110, 99, 99], exposed=[True, True, False]))
    assert metrics["return"] == pytest.approx(-0.01)
    assert metrics["sharpe"] == pytest.approx(0, abs=1e-12)
    assert metrics["sortino"] == pytest.approx(0, abs=1e-12)
    assert metrics["cagr"] == pytest.approx(0.99 ** (365 / 3) - 1)
    assert metrics["max_drawdown"] == pytest.approx(-0.1)
    # The peak stands at the close of day 1; the data ends at the close of day 3, still under water.
    assert (metrics["max_drawdown_bars"], metrics["max_drawdown_days"]) == (2, 2.0)
    assert metrics["exposure"] == 2 / 3


def test_a_day_is_worth_its_last_equity_and_a_day_without_bars_carries_it():  # spec M1
    # Hours 0 and 23 of day 1, hour 5 of day 3. The bar of hour 23 closes at midnight, which ends day 1.
    equity = EquityColumns(
        time=START + HOUR * np.array([0, 23, 48 + 5]),
        timeframe=HOUR,
        equity=np.array([90.0, 110.0, 121.0]),
        exposed=np.array([0.5, 0.0, 0.0]),
        initial_cash=100.0,
    )
    daily = daily_equity(equity)
    assert daily.equity.tolist() == [110.0, 110.0, 121.0]
    assert daily.returns.tolist() == pytest.approx([0.1, 0.0, 0.1])
    assert equity_metrics(equity)["exposure"] == 1 / 3


def test_a_weekly_bar_belongs_to_the_day_on_which_it_closes():  # spec M1
    daily = daily_equity(equity_of([101, 102], timeframe=7 * DAY))
    assert daily.day.tolist() == [19723 + 6 + i for i in range(8)]  # 2024-01-01 is day 19723
    assert daily.equity.tolist() == [101.0] * 7 + [102.0]


def test_drawdowns_are_listed_deepest_first_with_their_peak_trough_and_recovery():  # spec M1
    # Cash 100: under water 95 (−5%) at once, recovered at 120; then 90 (−25%), 60 (−50%), recovered at 120; then 114 (−5%).
    rows = drawdowns(equity_of([95, 120, 90, 60, 120, 114]))
    assert [row["depth"] for row in rows] == pytest.approx([-0.5, -0.05, -0.05])
    assert rows[0] == {
        "depth": -0.5,
        "peak_at": "2024-01-03T00:00:00Z",  # the close of the second daily bar
        "trough_at": "2024-01-05T00:00:00Z",
        "recovered_at": "2024-01-06T00:00:00Z",
        "bars": 3,
        "days": 3.0,
    }
    assert (rows[1]["peak_at"], rows[1]["recovered_at"], rows[1]["bars"]) == (
        "2024-01-01T00:00:00Z",
        "2024-01-03T00:00:00Z",
        2,
    )
    assert (rows[2]["recovered_at"], rows[2]["bars"]) == (None, 1)
    assert len(drawdowns(equity_of([95, 120, 90, 60, 120, 114]), top=1)) == 1


def test_months_multiply_to_the_whole_return():  # spec M1
    levels = np.linspace(100, 180, 100).tolist()
    months = monthly_returns(equity_of(levels))
    assert [(row["year"], row["month"]) for row in months] == [(2024, 1), (2024, 2), (2024, 3), (2024, 4)]
    assert months[0]["return"] == pytest.approx(levels[30] / 100 - 1)  # 31 January is the 31st bar
    assert math.prod(1 + row["return"] for row in months) == pytest.approx(180 / 100)


UNDEFINED = {
    "no bars": (
        [],
        100.0,
        ["return", "cagr", "sharpe", "sortino", "max_drawdown", "max_drawdown_days", "exposure", "best_day"],
    ),
    "one day": ([110.0], 100.0, ["sharpe", "sortino"]),
    "all flat": ([100.0] * 5, 100.0, ["sharpe", "sortino"]),
    "only gains": ([101.0, 103.0, 104.0], 100.0, ["sortino"]),
    "equity through zero": ([50.0, -10.0, 20.0], 100.0, ["cagr", "sharpe", "sortino", "best_day", "worst_day"]),
    "equity at zero": ([50.0, 0.0], 100.0, ["cagr", "sharpe", "sortino"]),
    "no cash": ([50.0, 60.0], 0.0, ["return", "cagr", "sharpe", "sortino", "max_drawdown"]),
    "beyond a float": ([1e300], 100.0, ["cagr"]),
}


@pytest.mark.parametrize("case", UNDEFINED)
def test_what_is_undefined_is_none_without_a_warning(case):  # spec M1
    levels, cash, names = UNDEFINED[case]
    metrics = equity_metrics(equity_of(levels, cash=cash))
    assert {name: metrics[name] for name in names} == dict.fromkeys(names)


def test_a_flat_curve_has_no_drawdown():  # spec M1
    metrics = equity_metrics(equity_of([100.0] * 5))
    assert (metrics["return"], metrics["cagr"], metrics["max_drawdown"], metrics["max_drawdown_bars"]) == (0, 0, 0, 0)
    assert drawdowns(equity_of([100.0] * 5)) == []


def test_a_loss_beyond_all_equity_is_a_drawdown_beyond_one():  # spec M1
    metrics = equity_metrics(equity_of([50.0, -10.0]))
    assert (metrics["return"], metrics["max_drawdown"]) == pytest.approx((-1.1, -1.1))


def test_months_after_ruin_have_no_return():  # spec M1
    months = monthly_returns(equity_of([-5.0] * 31 + [10.0]))
    assert [row["return"] for row in months] == [pytest.approx(-1.05), None]

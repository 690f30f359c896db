"""Laws of the whole mapping, and inputs with nothing in them (spec M1 M2 M3)."""

import json
import time
from dataclasses import fields, replace

import numpy as np
import pytest
from lifecycle_columns import Entry, Exit, Lifecycle, bars_of, columns, equity_of, one_exit

from exitbrain.analysis import run_metrics
from exitbrain.analysis.columns import take

pytestmark = pytest.mark.filterwarnings("error")

MONEY = (
    "initial_cash", "final_equity", "net_pnl", "gross_pnl", "fees_total", "funding_total", "average_pnl", "best_pnl",
    "worst_pnl", "whipsaw_cost",
)  # fmt: skip
REQUIRED = (
    *MONEY, "return", "cagr", "sharpe", "sortino", "max_drawdown", "max_drawdown_days", "max_drawdown_bars", "exposure",
    "num_sets", "num_open", "num_wins", "num_losses", "win_rate", "profit_factor", "payoff", "expectancy_r", "net_r",
    "median_r", "best_r", "worst_r", "net_r_mean", "sqn", "average_hold_hours", "longest_losing_streak", "best_day",
    "worst_day", "exit_efficiency", "mfe_r_mean", "mae_r_mean", "runner_share", "breakeven_scratches",
    "whipsaw_count", "whipsaw_rate", "whipsaw_cost_r",
)  # fmt: skip


def random_run(seed, count=120):
    """Ladders with a first target, then a stop, a trail or a risk exit; prices in sixteenths, so that sums are exact."""
    rng = np.random.default_rng(seed)
    run, hour = [], 0
    for _ in range(count):
        move = rng.integers(-64, 64, 2) / 16
        second = [("stop_loss", "plan"), ("trailing_stop", "plan"), ("weak_exit", "risk_off")][rng.integers(3)]
        run.append(
            Lifecycle(
                entries=(Entry(at=hour, price=100, quantity=4, fee=0.25),),
                exits=(
                    Exit(at=hour + 1, price=100 + abs(move[0]), quantity=1, reason="take_profit_1"),
                    Exit(at=hour + 2, price=100 + move[1], quantity=3, reason=second[0], category=second[1], fee=0.125),
                ),
                risk_per_unit=2,
                side=int(rng.choice([-1, 1])),
                planned_rungs=0b11,
                mfe_r=2.0,
                mae_r=-0.5,
                funding=float(rng.integers(-4, 4)) / 16,
            )
        )
        hour += int(rng.integers(3, 9))
    bars = bars_of(
        (100 + rng.integers(0, 64, hour + 40) / 16).tolist(), (100 - rng.integers(0, 64, hour + 40) / 16).tolist()
    )
    return run, bars


def measured(sets, legs, bars=None, scale=1.0):
    levels = [scale * level for level in (100.0, 120.0, 90.0, 130.0, 125.0)]
    equity = equity_of(levels, cash=100.0 * scale, exposed=[True] * 5)
    return run_metrics(sets, legs, equity, bars={"TST": bars} if bars else None)


def test_every_promised_key_is_there():  # spec M1 M2 M3
    run, bars = random_run(0)
    assert set(REQUIRED) <= measured(*columns(run), bars).keys()


def test_the_mapping_is_json_without_nan_in_one_order():  # spec M1
    run, bars = random_run(1)
    once, again = (json.dumps(measured(*columns(run), bars), allow_nan=False) for _ in range(2))
    assert once == again
    for value in json.loads(once).values():
        assert value is None or type(value) in (int, float)


@pytest.mark.parametrize("seed", range(8))
def test_the_reasons_and_the_categories_add_up_to_the_gross_total(seed):  # spec M2
    run, bars = random_run(seed)
    metrics = measured(*columns(run), bars)
    for prefix in ("exit_reason.", "category."):
        parts = [value for name, value in metrics.items() if name.startswith(prefix) and name.endswith(".pnl")]
        assert sum(parts) == metrics["gross_pnl"]
    assert metrics["net_pnl"] == metrics["gross_pnl"] - metrics["fees_total"] + metrics["funding_total"]


@pytest.mark.parametrize("seed", range(8))
def test_the_order_of_the_rows_changes_nothing(seed):  # spec M1
    run, bars = random_run(seed)
    sets, legs = columns(run)
    order = np.random.default_rng(seed).permutation(len(sets))
    place = np.argsort(order)
    moved_legs = replace(legs, set_index=place[legs.set_index])
    assert measured(take(sets, order), moved_legs, bars) == measured(sets, legs, bars)


@pytest.mark.parametrize("seed", range(8))
def test_scaling_money_scales_money_and_leaves_r_and_shares_alone(seed):  # spec M1 M3
    run, bars = random_run(seed)
    sets, legs = columns(run)
    # Eight times the quantity: a power of two, so that floats stay exact.
    scaled_sets = replace(
        sets,
        **{
            name: 8 * getattr(sets, name)
            for name in ("pnl_realized", "fees", "funding", "pnl_net", "initial_risk", "max_exposure_notional")
        },
    )
    scaled_legs = replace(legs, **{name: 8 * getattr(legs, name) for name in ("quantity", "fees", "realized_pnl")})
    before, after = measured(sets, legs, bars), measured(scaled_sets, scaled_legs, bars, scale=8.0)
    for name, value in before.items():
        is_money = name in MONEY or name.endswith(".pnl")
        assert after[name] == (8 * value if is_money and value is not None else value), name


NOTHING = {
    "no sets, no bars": ([], []),
    "no sets": ([], [100.0, 100.0]),
    "one open set": ([Lifecycle(entries=(Entry(at=0, price=100, quantity=1),))], [100.0]),
    "one set, one day": ([one_exit(5)], [105.0]),
    "scratches on a flat curve": ([one_exit(0), one_exit(0)], [100.0, 100.0]),
    "ruin": ([one_exit(-300)], [50.0, -200.0]),
    "no risk known": ([one_exit(5, risk=float("nan"))], [105.0, 104.0]),
}


@pytest.mark.parametrize("case", NOTHING)
def test_degenerate_runs_have_metrics_without_a_warning(case):  # spec M1
    lifecycles, levels = NOTHING[case]
    sets, legs = columns(lifecycles)
    metrics = run_metrics(sets, legs, equity_of(levels), bars={"TST": bars_of([1000.0] * 3)})
    assert set(REQUIRED) <= metrics.keys()
    json.dumps(metrics, allow_nan=False)


def test_open_sets_count_with_what_they_have_booked():  # spec M1 F46
    trimmed = Lifecycle(
        entries=(Entry(at=0, price=100, quantity=2, fee=0.5),),
        exits=(Exit(at=1, price=110, quantity=1, reason="take_profit_1"),),
    )
    metrics = measured(*columns([trimmed, one_exit(-4, opened=5, closed=6)]))
    assert (metrics["num_sets"], metrics["num_open"], metrics["num_closed"]) == (2, 1, 1)
    assert (metrics["gross_pnl"], metrics["net_pnl"]) == (6.0, 5.5)


def test_a_hundred_thousand_sets_take_seconds_at_most():  # spec M1: measures work on columns
    run, bars = random_run(0, count=100)
    sets, legs = columns(run)
    copies = 1000
    many_sets = take(sets, np.tile(np.arange(len(sets)), copies))
    shift = np.repeat(np.arange(copies) * len(sets), len(legs))
    many_legs = replace(
        legs,
        **{
            field.name: np.tile(column, copies) if isinstance(column, np.ndarray) else list(column) * copies
            for field in fields(legs)
            for column in [getattr(legs, field.name)]
            if column is not None
        },
    )
    many_legs = replace(many_legs, set_index=many_legs.set_index + shift)
    start = time.perf_counter()
    metrics = run_metrics(many_sets, many_legs, equity_of([100.0]), bars={"TST": bars}, independent=True)
    # About 0.5 s on an idle core; the limit only catches work per row in Python objects.
    assert time.perf_counter() - start < 5
    assert metrics["gross_pnl"] == copies * sets.pnl_realized.sum()

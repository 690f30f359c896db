"""A run that the kernel follows has the sets, the columns and the measures of a simulation."""

from __future__ import annotations

from dataclasses import fields, replace
from random import Random
from typing import Any

import numpy as np
import polars as pl
import pytest

from exitbrain.backtesting import following
from exitbrain.backtesting.result import Result
from exitbrain.wiring.backtest import backtest
from kernel.worlds import random_candles, random_profile

START = 1_700_000_000_000_000
MINUTE = 60_000_000


@pytest.fixture(autouse=True)
def also_few_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "FEW_ENTRIES", 1)


def frame_of(dice: Random, bars: int) -> pl.DataFrame:
    columns = dict(zip(("open", "high", "low", "close"), random_candles(dice, bars)))
    times = pl.Series("timestamp", START + np.arange(bars) * MINUTE).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame([times]).with_columns(
        *[pl.Series(name, column / 100) for name, column in columns.items()], volume=pl.lit(1.0)
    )


def entries_of(dice: Random, frame: pl.DataFrame, *, one_side: bool) -> pl.DataFrame:
    bars = sorted(dice.sample(range(len(frame)), min(len(frame), dice.randint(1, 25))))
    side = dice.choice(["long", "short"])
    sides = [side if one_side else dice.choice(["long", "short"]) for _ in bars]
    lows = frame["low"].to_list()
    stops = [
        f"{lows[bar] * (0.97 if side == 'long' else 1.03):.2f}" if dice.random() < 0.3 else None
        for bar, side in zip(bars, sides)
    ]
    return frame.select("timestamp")[bars].with_columns(
        side=pl.Series(sides), stop_price=pl.Series(stops, dtype=pl.String),
        quantity=pl.Series([dice.choice([None, "0.5", "0.001"]) for _ in bars], dtype=pl.String),
    )  # fmt: skip


def config_of(dice: Random, independent: bool) -> dict[str, Any]:
    return {
        "instrument": {
            "symbol": "TST", "tick_size": "0.01", "lot_size": "0.001", "min_notional": dice.choice([None, "5"]),
            "min_quantity": dice.choice([None, "0.002"]), "max_order_quantity": dice.choice([None, "0.7"]),
            "multiplier": dice.choice([1, "0.1"]),
        },
        "execution": {
            "path": dice.choice(["adverse", "favorable", "ohlc_nearest"]), "slippage_bps": dice.choice([0, 1, 25]),
            "limit_fill": dice.choice(["touch", "through"]),
        },
        "account": {
            "independent": independent, "sizing": dice.choice([{"mode": "quantity", "value": 1}, {"mode": "notional", "value": 500}]),
            "close_at_end": dice.random() < 0.7, "on_opposite": dice.choice(["ignore", "reverse", "exit"]),
        },
        "exits": {
            "regime": dice.choice(["TREND", "RANGE", "auto"]), "time_stop_bars": dice.choice([None, None, 7]),
            "stop_atr_mult": dice.choice([None, None, 2]),
        },
        "guardrails": {"min_trade": dice.random() < 0.7},
    }  # fmt: skip


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    return bool(one == other)


def both_ways(seed: int) -> tuple[Result, Result]:
    dice = Random(seed)
    frame = frame_of(dice, dice.choice([3, 60, 400, 2_500]))
    independent = dice.random() < 0.5
    given = {
        "entries": entries_of(dice, frame, one_side=dice.random() < 0.6),
        "profiles": None if dice.random() < 0.3 else [random_profile(dice, "OWN")],
        "config": config_of(dice, independent),
        "environment": {},
        "traced": False,
    }
    return backtest(frame, **given), backtest(frame, **given, progress=lambda stage, share: None)


@pytest.mark.parametrize("first", range(0, 200, 50))
def test_sets_columns_and_measures_are_those_of_a_simulation(first: int) -> None:  # spec L1-L4, M1, M2
    met = 0
    for seed in range(first, first + 50):
        quick, slow = both_ways(seed)
        assert slow.followed is None
        met += quick.followed is not None
        assert quick.trade_sets == slow.trade_sets, seed
        for columns in ("set_columns", "leg_columns", "equity_columns"):
            one, other = getattr(quick, columns), getattr(slow, columns)
            for field in fields(one):
                assert same(getattr(one, field.name), getattr(other, field.name)), (seed, columns, field.name)
        assert repr(quick.metrics) == repr(slow.metrics), seed
        assert quick.about == slow.about, seed
        ladders = [(one.position.opening_ladder, one.position.attached["strategy_id"]) for one in quick.booked]
        assert ladders == [(one.position.opening_ladder, one.position.attached["strategy_id"]) for one in slow.booked]
    assert met > 15, met


def test_what_only_a_simulation_tells_is_told_when_it_is_asked() -> None:
    for seed in range(12):
        quick, slow = both_ways(seed)
        assert quick.events == slow.events
        assert quick.decisions.equals(slow.decisions)
        assert quick.plans == slow.plans


def test_both_paths_are_followed() -> None:
    dice = Random(4)
    frame = frame_of(dice, 400)
    given = {"entries": entries_of(dice, frame, one_side=True), "config": config_of(dice, True), "environment": {}}
    quick = backtest(frame, **given, paths="both")
    slow = backtest(frame, **given, paths="both", progress=lambda stage, share: None)
    assert quick.followed is not None and quick.other is not None and quick.other.followed is not None
    assert quick.ambiguity == slow.ambiguity


@pytest.mark.parametrize(
    "changed",
    [
        {"account": {"sizing": {"mode": "risk", "value": 0.01}, "independent": True}},
        {"account": {"sizing": {"mode": "quantity", "value": 1}, "max_adds": 1}},
        {"account": {"sizing": {"mode": "quantity", "value": 1}, "independent": True, "max_leverage": 3}},
        {
            "account": {"sizing": {"mode": "quantity", "value": 1}, "independent": True},
            "execution": {"fill_at": "close"},
        },
        {"account": {"sizing": {"mode": "quantity", "value": 1}}, "guardrails": {"cooldown_bars": 2}},
        {"account": {"sizing": {"mode": "quantity", "value": 1}}, "guardrails": {"max_entries_per_day": 2}},
        {"account": {"sizing": {"mode": "quantity", "value": 1}}, "exits": {"use_profiles": False}},
    ],
)
def test_what_hangs_on_more_than_price_is_simulated(changed: dict[str, Any]) -> None:
    frame = frame_of(Random(2), 200)
    entries = frame.select("timestamp")[[5, 50, 90]].with_columns(side=pl.lit("long"))
    config = {"instrument": {"symbol": "TST"}} | changed
    assert backtest(frame, entries=entries, config=config, environment={}).followed is None


def test_a_hole_that_makes_data_stale_is_simulated() -> None:
    frame = frame_of(Random(2), 200)
    entries = frame.select("timestamp")[[5, 150]].with_columns(side=pl.lit("long"))
    config = {"instrument": {"symbol": "TST"}, "account": {"sizing": {"mode": "quantity", "value": 1}}}
    assert backtest(frame, entries=entries, config=config, environment={}).followed is not None
    holed = pl.concat([frame[:100], frame[110:]])
    assert backtest(holed, entries=entries, config=config, environment={}).followed is None


def test_a_profile_that_looks_at_every_bar_is_simulated() -> None:
    from exitbrain.core.profiles import AtrTrail, TrailingProfile

    frame = frame_of(Random(2), 200)
    entries = frame.select("timestamp")[[5, 150]].with_columns(side=pl.lit("long"))
    config = {"instrument": {"symbol": "TST"}, "account": {"sizing": {"mode": "quantity", "value": 1}}}
    profile = replace(random_profile(Random(1), "OWN"), trailing=TrailingProfile(0.01, 1), atr_trail=AtrTrail())
    assert backtest(frame, entries=entries, config=config, profiles=[profile], environment={}).followed is None

"""Only bars at which something can be said are visited, and nothing is missed by that (spec D1 D6 F14 F15 F41)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.differential import repeat_with, run_seed, sound_run
from engine.worlds import HOUR, MIDNIGHT, config
from exitbrain.backtesting import asking
from exitbrain.backtesting.agenda import Agenda
from exitbrain.backtesting.asking import Board, bits
from exitbrain.backtesting.deciding import Decider
from exitbrain.backtesting.files import trade_sets_of
from exitbrain.backtesting.latch import changes, false_runs
from exitbrain.backtesting.result import Result
from exitbrain.wiring.backtest import backtest

TRIGGERS = [
    {"id": "in", "direction": "long", "entry_rule": "crosses_above(close, ema_20) and is_flat"},
    {"id": "short", "direction": "short", "entry_rule": "rsi_14 > 72 and not is_long", "confidence_grade": "B"},
    {"id": "late", "exit_rule": "bars_held >= 300 and unrealized_r < 0.1"},
    {"id": "deep", "category": "risk_off", "exit_rule": "unrealized_r < -0.62"},
    {"id": "given_back", "category": "risk_reduce", "exit_rule": "mfe_r > 0.7 and unrealized_r < 0.31", "exit_fraction": 0.5},
    {"id": "once", "category": "risk_reduce", "exit_rule": "mae_r < -0.4", "exit_fraction": 0.3, "rearm": "once"},
    {"id": "little", "exit_rule": "position_fraction < 0.6 and close < entry_price * 0.999"},
    {"id": "guarded", "exit_rule": "close < stop_price * 1.002", "hold_rule": "bars_held < 5"},
    {"id": "coarse", "category": "risk_reduce", "exit_rule": "rsi_14 > 70 and unrealized_r > 0", "timeframe": "4h", "exit_fraction": 0.4},
    {"id": "latch", "category": "risk_off", "latch": True, "exit_rule": "roc_10 < -2.5"},
]  # fmt: skip


def walk_of(bars: int, seed: int) -> pl.DataFrame:
    dice = np.random.default_rng(seed)
    closes = np.round(100 * np.exp(np.cumsum(dice.standard_normal(bars) * 0.004)), 2)
    opens = np.r_[100.0, closes[:-1]]
    spread = np.round(np.abs(dice.standard_normal((2, bars))) * 0.2, 2)
    times = pl.Series([MIDNIGHT + i * HOUR for i in range(bars)])
    return pl.DataFrame({"timestamp": times, "symbol": "TST", "open": opens, "close": closes}).with_columns(
        high=pl.Series(np.maximum(opens, closes) + spread[0]).round(2),
        low=pl.Series(np.minimum(opens, closes) - spread[1]).round(2),
        volume=pl.lit(10.0),
    )


def run(seed: int, **settings: Any) -> Result:
    triggers = [{"symbol": "TST", "direction": "exit", **trigger} for trigger in TRIGGERS]
    plan = {"plan_id": "p", "triggers": triggers, "risk_regime_rule": "roc_20 < -4"}
    return backtest(walk_of(3_000, seed), plan=plan, config=config(**settings), environment={}, traced=False)


def told(result: Result) -> tuple[Any, Any, Any]:
    return trade_sets_of(result), result.events, result.decisions.to_dicts()


@pytest.fixture
def every_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bar is visited and every rule is asked there."""
    monkeypatch.setattr(asking, "next_visit", lambda position, bar, loose: bar + 1)
    monkeypatch.setattr(Board, "next_visit", lambda self, position, bar: bar + 1)
    monkeypatch.setattr(Board, "flat_entry_bars", lambda self: np.ones(len(self._none), dtype=bool))


@pytest.mark.parametrize("seed", range(60))
def test_visiting_every_bar_gives_the_same_small_run(worlds: Path, seed: int, request: pytest.FixtureRequest) -> None:
    sparing = told(sound_run(seed, worlds, triggers=True))
    request.getfixturevalue("every_bar")
    assert told(run_seed(seed, worlds, triggers=True)) == sparing, repeat_with(seed, True)


@pytest.mark.parametrize("independent", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_visiting_every_bar_gives_the_same_long_run(
    seed: int, independent: bool, request: pytest.FixtureRequest
) -> None:
    """Positions that are held for hundreds of bars, valued far ahead, under every position feature."""
    settings = {"account": {"independent": independent}, "exits": {"default_stop_pct": 5}}
    sparing = told(run(seed, **settings))
    assert len(sparing[0]) > 5
    request.getfixturevalue("every_bar")
    assert told(run(seed, **settings)) == sparing


def test_few_bars_are_decisions(monkeypatch: pytest.MonkeyPatch) -> None:
    """A latch, a regime rule and rules that read the position do not make every bar a decision."""
    visited: list[int] = []
    decide = Decider.decide
    monkeypatch.setattr(Decider, "decide", lambda self, line, bar: (visited.append(bar), decide(self, line, bar))[1])
    result = run(1)
    assert len(visited) == len(set(visited))
    assert len(visited) < 3_000 / 3
    assert {"latch", "deep", "given_back"} <= set(result.decisions["trigger_id"])


def test_changes_of_a_latch_are_those_of_counting_bar_by_bar() -> None:
    """spec D6 F15: a true sets, N definite falses in a row clear, an unknown breaks the row."""
    dice = np.random.default_rng(5)
    for _ in range(300):
        truths, after = dice.choice([1, 0, 0, -1], 30).astype(np.int8), int(dice.integers(1, 4))
        stands, falses, expected = False, 0, []
        for place, truth in enumerate(truths):
            falses = falses + 1 if truth == 0 else 0
            if (truth == 1 and not stands) or (stands and falses >= after):
                stands = not stands
                expected.append((place, stands))
        assert list(changes(truths, after)) == expected
        assert false_runs(truths)[-1] == falses


def test_an_agenda_gives_each_time_once_in_order() -> None:
    agenda, seen = Agenda(np.array([3, 5, 9])), []
    for time in agenda.until(6):
        seen.append(time)
        for added in (time, time - 1, time + 1, 9):
            if added < 8:
                agenda.add(added)
    assert (seen, list(agenda.until(100))) == ([3, 4, 5, 6], [7, 9])


def test_bits_are_the_places_of_the_ones() -> None:
    assert [list(bits(mask)) for mask in (0, 1, 0b1010, 1 << 150)] == [[], [0], [1, 3], [150]]

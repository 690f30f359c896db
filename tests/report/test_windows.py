"""Candle windows: the right bars, no price changed, small."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exitbrain.report.windows import candle_window, telling_sets

BAR = 60_000_000
START = 1_700_000_040_000_000  # a whole minute


def bars(count: int, seed: int = 7, digits: int = 2) -> dict[str, Any]:
    dice = np.random.default_rng(seed)
    ticks = 1_000_000 + np.cumsum(dice.integers(-50, 51, count + 1))
    open_, close = ticks[:-1], ticks[1:]
    unit = 10.0**digits
    return {
        "time": START + np.arange(count) * BAR,
        "open": open_ / unit,
        "high": (np.maximum(open_, close) + dice.integers(0, 20, count)) / unit,
        "low": (np.minimum(open_, close) - dice.integers(0, 20, count)) / unit,
        "close": close / unit,
    }


def iso(bar: int) -> str:
    return str(np.datetime64(START + bar * BAR, "us"))[:19] + "Z"


def unpack(window: dict[str, Any]) -> list[tuple[float, float, float, float]]:
    unit, before, found = 10 ** window["digits"], 0, []
    for open_, close, high, low in zip(window["open"], window["close"], window["high"], window["low"], strict=True):
        first = before + open_
        before = first + close
        found.append(tuple(v / unit for v in (first, max(first, before) + high, min(first, before) - low, before)))
    return found


def times(window: dict[str, Any]) -> list[int]:
    found = [window["start"]]
    for count, step in window["steps"]:
        found.extend([found[-1] + step * (i + 1) for i in range(count)])
    return found


def test_a_window_runs_from_30_bars_before_to_30_after() -> None:
    window = candle_window({"opened_at": iso(100), "closed_at": iso(110)}, bars(500))
    assert window is not None
    assert times(window)[0] == (START + 70 * BAR) // 1_000_000
    assert times(window)[-1] == (START + 140 * BAR) // 1_000_000
    assert window["bars_per_candle"] == 1 and len(window["open"]) == 71


@pytest.mark.parametrize("digits", [0, 1, 2, 5, 8, 12])
def test_prices_come_back_as_they_were(digits: int) -> None:
    candles = bars(300, seed=digits, digits=digits)
    window = candle_window({"opened_at": iso(100), "closed_at": iso(150)}, candles)
    assert window is not None
    expected = [tuple(float(candles[name][i]) for name in ("open", "high", "low", "close")) for i in range(70, 181)]
    assert np.array(unpack(window)) == pytest.approx(np.array(expected), rel=1e-12, abs=0)


@pytest.mark.parametrize("held", [341, 1_000, 4_999])
def test_a_long_set_is_shown_in_at_most_400_candles_with_the_same_extremes(held: int) -> None:
    candles = bars(6_000)
    window = candle_window({"opened_at": iso(500), "closed_at": iso(500 + held)}, candles)
    assert window is not None
    shown = unpack(window)
    assert len(shown) <= 400
    span = slice(470, 500 + held + 31)
    assert max(high for _, high, _, _ in shown) == candles["high"][span].max()
    assert min(low for _, _, low, _ in shown) == candles["low"][span].min()
    assert shown[0][0] == candles["open"][470] and shown[-1][3] == candles["close"][span][-1]


def test_an_open_set_is_shown_to_the_last_bar() -> None:
    window = candle_window({"opened_at": iso(100), "closed_at": None}, bars(200))
    assert window is not None and times(window)[-1] == (START + 199 * BAR) // 1_000_000


def test_a_hole_in_the_candles_stays_a_hole() -> None:
    candles = {name: np.delete(column, range(105, 110)) for name, column in bars(300).items()}
    window = candle_window({"opened_at": iso(100), "closed_at": iso(120)}, candles)
    assert window is not None and [34, 60] in window["steps"] and [1, 360] in window["steps"]


@pytest.mark.parametrize("opened, closed", [(-50, -40), (400, 410)])
def test_a_set_outside_the_candles_has_no_window(opened: int, closed: int) -> None:
    assert candle_window({"opened_at": iso(opened), "closed_at": iso(closed)}, bars(300)) is None


def test_windows_go_to_the_first_sets_to_open_ones_and_to_the_largest_results() -> None:
    """Six windows: one for the first set, one for the open one (place 5), four for |R| 9, 8, 7, 6."""
    multiples = [0.1, 1, 9, 2, -8, None, 3, 7, -6, 0.5]
    sets = [{"set_id": str(i), "r_multiple": r} for i, r in enumerate(multiples)]
    assert [s["set_id"] for s in telling_sets(sets, 6)] == ["0", "2", "4", "5", "7", "8"]
    assert telling_sets(sets, 10) == sets
    assert telling_sets(sets, 0) == []

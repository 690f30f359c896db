"""Small markets as files: a random walk of hours, an entry every few of them, and a space to try."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2023, 1, 2, tzinfo=UTC)
CONFIG = "instrument: {symbol: TST, tick_size: 0.1, lot_size: 0.001}\nexits: {regime: NORMAL}\n"
SPACE = """\
base: TREND_DEFAULT
space:
  tp_legs.0.r_multiple: [0.4, 0.5, 0.6]
  trailing.callback_pct: {low: 0.015, high: 0.025, step: 0.005}
objective: [net_r_mean, max_drawdown]
"""


def write_world(folder: Path, *, bars: int = 240, every: int = 12, seed: int = 1, space: str = SPACE) -> dict[str, str]:
    """The files of a sweep by the names of its arguments."""
    dice = np.random.default_rng(seed)
    closes = np.round(1000 * np.exp(np.cumsum(dice.normal(0, 0.006, bars))), 1)
    lines, before = ["timestamp,open,high,low,close,volume"], 1000.0
    for i, close in enumerate(closes.tolist()):
        high = round(max(before, close) * (1 + abs(dice.normal(0, 0.002))), 1)
        low = round(min(before, close) * (1 - abs(dice.normal(0, 0.002))), 1)
        lines.append(f"{time(i)},{before},{high},{low},{close},10")
        before = close
    entries = ["timestamp,symbol,side"]
    entries += [f"{time(i)},TST,{'long' if dice.random() < 0.5 else 'short'}" for i in range(5, bars - 5, every)]
    files = {
        "candles": ("TST_1h.csv", "\n".join(lines) + "\n"),
        "entries": ("entries.csv", "\n".join(entries) + "\n"),
        "config": ("config.yaml", CONFIG),
        "space": ("space.yaml", space),
    }
    for name, text in files.values():
        (folder / name).write_text(text, encoding="utf-8")
    return {role: str(folder / name) for role, (name, _) in files.items()}


def time(hour: int) -> str:
    return (START + timedelta(hours=hour)).isoformat()


def options(given: dict[str, str]) -> list[str]:
    return [part for role, path in given.items() for part in (f"--{role}", path)]


def write_tides(folder: Path, *, days: int = 60, seed: int = 3) -> dict[str, str]:
    """A market with a better exit planted in it: each day a long at 100 with its stop at 98.

    On three days of four price rises to 102.4, which is 1.2 R, before it falls through the stop; else it falls at once.
    So a target at 1 R wins most days and one at 2 R never does.
    """
    dice = np.random.default_rng(seed)
    bars, entries = ["timestamp,open,high,low,close,volume"], ["timestamp,symbol,side,quantity,stop_price"]
    for day in range(days):
        rises = dice.random() < 0.75
        path = [100, 100, 102.4 if rises else 97.5, 97.5, 97.5, 100, 100]
        for i, (before, after) in enumerate(zip(path, path[1:], strict=False)):
            high, low = max(before, after), min(before, after)
            bars.append(f"{time(24 * day + 4 * i)},{before},{high},{low},{after},10")
        entries.append(f"{time(24 * day + 4)},TST,long,1,98")
    space = """\
base: NORMAL_DEFAULT
space:
  tp_legs:
    - [{r_multiple: 2, size_fraction: 1}]
    - [{r_multiple: 1, size_fraction: 1}]
    - [{r_multiple: 3, size_fraction: 1}]
  trailing: [null]
"""
    files = {
        "candles": ("TST_4h.csv", "\n".join(bars) + "\n"),
        "entries": ("entries.csv", "\n".join(entries) + "\n"),
        "config": ("config.yaml", CONFIG),
        "space": ("space.yaml", space),
    }
    for name, text in files.values():
        (folder / name).write_text(text, encoding="utf-8")
    return {role: str(folder / name) for role, (name, _) in files.items()}

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

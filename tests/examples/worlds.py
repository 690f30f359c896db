"""The example worlds, and candles to run them on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
NAMES = ("trend", "mean_reversion", "scalper", "conservative")
SYMBOL = "BTCUSDT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    name: str
    folder: Path = EXAMPLES

    def file(self, kind: str) -> Path:
        return self.folder / self.name / f"{kind}.yaml"

    @property
    def readme(self) -> str:
        return (self.folder / self.name / "README.md").read_text(encoding="utf-8")


def synthetic_candles(seed: int, bars: int = 3000) -> pl.DataFrame:
    """Hourly bars of a walk whose drift and volatility change every 150 bars, so that each example finds its market."""
    dice = np.random.default_rng(seed)
    parts = -(-bars // 150)
    drift = np.repeat(dice.choice([-0.0015, 0.0, 0.0015], parts), 150)[:bars]
    volatility = np.repeat(dice.uniform(0.003, 0.008, parts), 150)[:bars]
    closes = 30_000 * np.exp(np.cumsum(drift + volatility * dice.standard_normal(bars)))
    opens = np.concatenate([[30_000.0], closes[:-1]])
    wick = 1 + volatility * np.abs(dice.standard_normal((2, bars))) / 2
    start = datetime(2024, 1, 1, tzinfo=UTC)
    prices = {
        "open": opens,
        "high": np.maximum(opens, closes) * wick[0],
        "low": np.minimum(opens, closes) / wick[1],
        "close": closes,
    }
    return pl.DataFrame(
        {"timestamp": [start + timedelta(hours=hour) for hour in range(bars)], "symbol": [SYMBOL] * bars}
        | {name: np.round(values, 2) for name, values in prices.items()}
        | {"volume": np.round(dice.lognormal(5, 0.6, bars), 3)}
    )

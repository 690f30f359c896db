"""Recorded market situations: candles up to a moment, and the days after it that no writer sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from exitbrain.candles import Candles, read_candles
from exitbrain.core.instants import microseconds
from exitbrain.wiring.strategist.windows import DAY, sliced

BEFORE_DAYS = 60  # what a writer is told of: enough for every feature that the briefing holds
AFTER_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`at` is the last close that a writer sees."""

    name: str
    file: str
    symbol: str
    at: str


SITUATIONS = (
    Situation(
        name="crash", file="1h/binance_perp_BTCUSDT_1h_20200101_20230101.parquet", symbol="BTCUSDT", at="2020-03-05T00:00:00Z",
    ),
    Situation(
        name="rise", file="1h/binance_spot_BTCUSDT_1h_20190101_20241231.parquet", symbol="BTCUSDT", at="2020-12-10T00:00:00Z",
    ),
    Situation(
        name="fall", file="1h/binance_spot_ETHUSDT_1h_20190101_20241231.parquet", symbol="ETHUSDT", at="2022-05-28T00:00:00Z",
    ),
    Situation(
        name="collapse", file="1h/binance_spot_LUNAUSDT_1h_20200821_20220711.parquet", symbol="LUNAUSDT", at="2022-04-18T00:00:00Z",
    ),
    Situation(
        name="range", file="1h/binance_spot_BTCUSDT_1h_20190101_20241231.parquet", symbol="BTCUSDT", at="2023-07-01T00:00:00Z",
    ),
    Situation(
        name="shock", file="1h/binance_spot_SOLUSDT_1h_20200811_20241231.parquet", symbol="SOLUSDT", at="2022-10-25T00:00:00Z",
    ),
    Situation(
        name="unsettled", file="15m/binance_spot_OPUSDT_15m_20230401_20240409.parquet", symbol="OPUSDT", at="2024-03-01T00:00:00Z",
    ),
    Situation(
        name="quick", file="5m/binance_spot_BTCUSDT_5m_20240301_20241231.parquet", symbol="BTCUSDT", at="2024-07-20T00:00:00Z",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cut:
    """`seen` ends at the moment; `whole` goes on for the days after it."""

    seen: Candles
    whole: Candles
    at: int


def cut(situation: Situation, data: Path) -> Cut:
    held = read_candles(data / situation.file).candles[0]
    at = microseconds(situation.at)
    first, now, end = (int(np.searchsorted(held.time, at + days * DAY)) for days in (-BEFORE_DAYS, 0, AFTER_DAYS))
    named = replace(held, symbol=situation.symbol)
    assert first < now < end, situation.name
    return Cut(sliced(named, first, now), sliced(named, first, end), at)


def what_came(held: Cut) -> tuple[float, float, float]:
    """The last close, the lowest low and the highest high of the days after, as fractions of the last close seen."""
    base, first = int(held.seen.close[-1]), len(held.seen)
    whole = held.whole
    came = int(whole.close[-1]), int(whole.low[first:].min()), int(whole.high[first:].max())
    return tuple(value / base - 1 for value in came)  # type: ignore[return-value]


def missing(data: Path) -> Iterator[str]:
    return (one.file for one in SITUATIONS if not (data / one.file).is_file())

"""Columns for charts. Times are whole seconds since 1970, which is what charts take; prices are floats to draw."""

from __future__ import annotations

from pydantic import Field

from exitbrain.api.models.shapes import Answer, Seconds, Time


class Equity(Answer):
    """Thinned so that of each stretch the highest, lowest and deepest point stay."""

    time: list[Seconds]
    equity: list[float | None]
    drawdown: list[float | None] = Field(description="A fraction ≤ 0.")
    exposure: list[float | None] = Field(description="|notional| ÷ equity; empty where the run has none.")
    bars: int = Field(description="How many there were before thinning.")


class RegimeBand(Answer):
    start: Seconds
    end: Seconds = Field(description="Where the next band begins.")
    regime: str


class Candles(Answer):
    symbol: str
    timeframe: str
    bars_per_candle: int = Field(description="How many bars one candle stands for, so that max_bars holds.")
    start: Time | None = Field(description="The first bar of the run's candles.")
    end: Time | None = Field(description="The last bar of the run's candles.")
    time: list[Seconds]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[float | None]
    regimes: list[RegimeBand] = Field(description="Bands over the window; empty where regimes are not known.")


class CandleFile(Answer):
    """Candles in the home folder that a run can name."""

    name: str
    file: str
    size: int = Field(description="Bytes.")


class CandleFiles(Answer):
    items: list[CandleFile]

"""Which files the study takes, and each of them as pieces of hourly bars with the finer candles beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from exitbrain.candles import inferred_tick, read_candles, to_frame
from exitbrain.errors import InvalidInput

CANDLE_FOLDERS = ("15m", "1h", "1m", "5m", "quotes")
OTHER_FOLDERS = {
    "seconds": "seconds, not 1m to 1h candles",
    "book": "order book and prints, not candles",
    "funding": "funding and marks, not candles",
    "dirty": "kept defective on purpose: columns misordered",
}
NAME = re.compile(r"(?P<venue>[^_]+)_(?P<market>[^_]+)_(?P<symbol>[^_]+)_(?P<timeframe>[^_]+)_.+\.parquet")
DOLLAR_COINS = ("USDC", "USDT", "BUSD", "TUSD", "FDUSD", "USDP", "DAI", "USD")
WARM_UP = 200
FEWEST_BARS = 400
LONGEST_HOLE_HOURS = 24
REPEATED = ("repeated", "duplicate", "same timestamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A file of the data folder; `reason` says why it is left out by its name alone, None where it is to be read."""

    path: Path
    name: str
    symbol: str
    timeframe: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Piece:
    """Hourly bars without a long hole; `detail` is None where the file itself is hourly."""

    symbol: str
    tick: Decimal
    hours: pl.DataFrame
    detail: pl.DataFrame | None


def listed(folder: Path) -> list[Listed]:
    """Every Parquet file of the folder, by name. Raises InvalidInput where there is none."""
    paths = sorted(folder.glob("*/*.parquet")) if folder.is_dir() else []
    if not any(path.parent.name in CANDLE_FOLDERS for path in paths):
        accepted = "a folder with candle files in 1m, 5m, 15m, 1h, as VENUE_MARKET_SYMBOL_TIMEFRAME_DATES.parquet"
        raise InvalidInput(f"no candle files in {folder}", accepted=accepted)
    return [_listed(path) for path in paths]


def _listed(path: Path) -> Listed:
    name = f"{path.parent.name}/{path.name}"
    parts = NAME.fullmatch(path.name)
    if path.parent.name not in CANDLE_FOLDERS or parts is None:
        reason = OTHER_FOLDERS.get(path.parent.name, "not a candle file by its name")
        return Listed(path=path, name=name, symbol="", timeframe="", reason=reason)
    reason = None
    if parts["market"] == "equity":
        reason = "equity sessions, not around the clock"
    elif any(parts["symbol"] == a + b for a in DOLLAR_COINS for b in DOLLAR_COINS):
        reason = "a pair of two dollar coins"
    return Listed(path=path, name=name, symbol=parts["symbol"], timeframe=parts["timeframe"], reason=reason)


def pieces(one: Listed) -> list[Piece]:
    """The file's pieces of at least 400 hours. Raises InvalidInput with the reason where there is none."""
    read = read_candles(one.path, symbol=one.symbol, repair=True)
    odd = [line for line in read.repairs if not any(word in line for word in REPEATED)]
    if odd:
        raise InvalidInput(f"does not read clean: {odd[0]}")
    candles = read.candles[0]
    frame, minutes = to_frame(candles), candles.timeframe // 60_000_000
    found = [_piece(part, minutes, one.symbol, inferred_tick(candles)) for part in _cut(frame, minutes)]
    long_enough = [piece for piece in found if len(piece.hours) >= FEWEST_BARS]
    if not long_enough:
        longest = max(len(piece.hours) for piece in found)
        raise InvalidInput(f"{longest} hourly bars in one piece, {FEWEST_BARS} are needed")
    return long_enough


def _cut(frame: pl.DataFrame, minutes: int) -> Iterator[pl.DataFrame]:
    hole = pl.duration(minutes=minutes) + pl.duration(hours=LONGEST_HOLE_HOURS)
    numbered = frame.with_columns(piece=(pl.col("timestamp").diff() > hole).fill_null(False).cum_sum())
    for part in numbered.partition_by("piece", maintain_order=True):
        yield part.drop("piece")


def _piece(frame: pl.DataFrame, minutes: int, symbol: str, tick: Decimal) -> Piece:
    columns = ["timestamp", "symbol", "open", "high", "low", "close", "volume"]
    frame = frame.select(columns)
    if minutes >= 60:
        return Piece(symbol=symbol, tick=tick, hours=frame, detail=None)
    hours = frame.group_by_dynamic("timestamp", every="1h").agg(
        pl.col("symbol").first(),
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
        parts=pl.len(),
    )
    whole = 60 // minutes
    first = 0 if hours["parts"][0] == whole else 1
    last = len(hours) if hours["parts"][-1] == whole else len(hours) - 1
    hours = hours[first:last].drop("parts")
    if not len(hours):
        return Piece(symbol=symbol, tick=tick, hours=hours, detail=frame.clear())
    inside = pl.col("timestamp").is_between(hours["timestamp"][0], hours["timestamp"][-1] + pl.duration(minutes=59))
    return Piece(symbol=symbol, tick=tick, hours=hours, detail=frame.filter(inside))

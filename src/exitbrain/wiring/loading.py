"""Files as values, for programs: candles as a checked frame, plans and profiles as core's values."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING

from exitbrain.config.plans import load_plan
from exitbrain.config.profiles import load_registry
from exitbrain.core.registry import ProfileRegistry

if TYPE_CHECKING:
    import polars as pl


def load_candles(path: str | PathLike[str], *, symbol: str | None = None, repair: bool = False) -> pl.DataFrame:
    """A checked candle file as a polars frame: timestamp (UTC), symbol, open, high, low, close, volume.

    Raises InvalidInput naming the first bad rows; `repair` mends what can be mended.
    """
    import polars as pl

    from exitbrain.candles import read_candles, to_frame

    read = read_candles(str(path), symbol=symbol, repair=repair)
    return pl.concat([to_frame(candles) for candles in read.candles], how="diagonal")


def load_profiles(path: str | PathLike[str]) -> ProfileRegistry:
    """A profiles file registered in file order on top of the five defaults, with its policy where it has one."""
    return load_registry(path)


__all__ = ["load_candles", "load_plan", "load_profiles"]

"""Market data files: candles, funding, quotes and entries, read, told apart, checked, mended and written."""

from exitbrain.candles.reading import read_candles
from exitbrain.candles.series import CandleFile, Candles
from exitbrain.candles.ticks import inferred_tick, ticks

__all__ = ["CandleFile", "Candles", "inferred_tick", "read_candles", "ticks"]

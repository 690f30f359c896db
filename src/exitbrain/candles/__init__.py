"""Market data files: candles, funding, quotes and entries, read, told apart, checked, mended and written."""

from exitbrain.candles.demo import demo_candles
from exitbrain.candles.entries import EntryRow, read_entries
from exitbrain.candles.frames import candles_from_frame, to_frame
from exitbrain.candles.funding import Funding, read_funding
from exitbrain.candles.quotes import Quotes, read_quotes
from exitbrain.candles.reading import read_candles
from exitbrain.candles.series import CandleFile, Candles
from exitbrain.candles.ticks import inferred_tick, ticks
from exitbrain.candles.writing import convert, write_candles

__all__ = [
    "CandleFile",
    "Candles",
    "EntryRow",
    "Funding",
    "Quotes",
    "candles_from_frame",
    "convert",
    "demo_candles",
    "inferred_tick",
    "read_candles",
    "read_entries",
    "read_funding",
    "read_quotes",
    "ticks",
    "to_frame",
    "write_candles",
]

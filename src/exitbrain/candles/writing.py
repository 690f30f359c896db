"""Candles as files, whole or not at all, and other programs' files as ours."""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Callable, Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from exitbrain.candles.frames import to_frame
from exitbrain.candles.numbers import FIFTEEN_DIGITS
from exitbrain.candles.reading import read_candles
from exitbrain.candles.series import PRICES, CandleFile, Candles
from exitbrain.errors import InvalidInput, Problem, Unavailable, is_out_of_space

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

SUFFIXES = (".parquet", ".feather", ".arrow", ".csv", ".csv.gz")
SOURCES = {
    "freqtrade": ("freqtrade feather", "feather", "parquet", "ccxt json"),
    "binance": ("binance csv",),
    "ccxt": ("ccxt json", "json"),
    "csv": ("csv", "binance csv"),
}


def write_candles(candles: Candles | Iterable[Candles], path: str | Path) -> None:
    """The suffix tells the format. Prices that a float cannot hold exactly are written as text."""
    import polars as pl

    path = Path(path)
    series = (candles,) if isinstance(candles, Candles) else tuple(candles)
    suffix = next((one for one in SUFFIXES if path.name.lower().endswith(one)), None)
    if suffix is None:
        raise InvalidInput(
            Problem(found=f"a file called {path.name}", accepted=f"a name ending in {', '.join(SUFFIXES)}")
        )
    as_text = suffix.startswith(".csv") or any(_needs_text(one) for one in series)
    frame = pl.concat([_frame(one, as_text) for one in series], how="diagonal")
    _replace(path, lambda file: _write(frame, file, suffix))


def convert(
    source_kind: str,
    path: str | Path,
    out: str | Path,
    *,
    symbol: str | None = None,
    repair: bool = False,
    tick_size: Decimal | None = None,
) -> CandleFile:
    """A file of freqtrade, Binance Vision, ccxt or any CSV as a candle file of ours at `out`."""
    if source_kind not in SOURCES:
        raise InvalidInput(Problem(found=f"import {source_kind}", accepted=f"one of {', '.join(SOURCES)}"))
    file = read_candles(path, symbol=symbol, repair=repair, tick_size=tick_size)
    found = file.format.removesuffix(" gz").removesuffix(" zip")
    if found not in SOURCES[source_kind]:
        fitting = " or ".join(kind for kind, formats in SOURCES.items() if found in formats)
        accepted = f"import {fitting}" if fitting else "the file as it is: every command reads it"
        raise InvalidInput(
            Problem(found=f"this is {file.format}, not from {source_kind}", accepted=accepted, file=str(path))
        )
    write_candles(file.candles, out)
    return file


def _frame(candles: Candles, as_text: bool) -> pl.DataFrame:
    frame = to_frame(candles)
    if not as_text:
        return frame
    return frame.with_columns(_price_text(getattr(candles, name), candles.scale).alias(name) for name in PRICES)


def _price_text(whole: NDArray[np.int64], scale: int) -> pl.Series:
    """Plain decimals, made from the digits, so that not one is lost: 1005 of scale 1 is 100.5."""
    import polars as pl

    digits = pl.Series(whole).cast(pl.String)
    if scale <= 0:
        return digits + "0" * -scale
    digits = digits.str.zfill(scale + 1)
    return digits.str.head(-scale) + "." + digits.str.tail(scale)


def _needs_text(candles: Candles) -> bool:
    return any(int(np.abs(getattr(candles, name)).max(initial=0)) >= FIFTEEN_DIGITS for name in PRICES)


def _write(frame: pl.DataFrame, file: BinaryIO, suffix: str) -> None:
    import polars as pl

    if suffix == ".parquet":
        frame.write_parquet(file, compression="zstd")
    elif suffix in (".feather", ".arrow"):
        frame.write_ipc(file, compression="zstd")
    else:
        whole_seconds = bool((frame["timestamp"].dt.microsecond() == 0).all())
        form = "%Y-%m-%dT%H:%M:%SZ" if whole_seconds else "%Y-%m-%dT%H:%M:%S%.6fZ"
        text = frame.with_columns(pl.col("timestamp").dt.strftime(form)).write_csv().encode()
        # No time of writing in the archive: equal candles are equal files.
        file.write(gzip.compress(text, mtime=0) if suffix.endswith(".gz") else text)


def _replace(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Written beside its place and moved there when complete: a reader never sees half a file."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except Exception as error:
        if is_out_of_space(error):
            raise Unavailable(f"{path}: no space left on its disk; nothing was written") from None
        if isinstance(error, OSError):
            raise _unwritable(path, error) from None
        raise
    finally:
        Path(name).unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> InvalidInput:
    found = f"cannot be written: {error.strerror or error}"
    return InvalidInput(Problem(found=found, accepted="a file in a folder that exists", file=str(path)))

"""Data frames in and out: polars as it is, pandas column by column (no pyarrow is needed or imported)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.candles.columns import TIMESTAMP
from exitbrain.candles.fingerprints import frame_sha256
from exitbrain.candles.numbers import as_decimal
from exitbrain.candles.reading import candles_of
from exitbrain.candles.series import OPTIONAL, PRICES, CandleFile, Candles
from exitbrain.candles.tables import Table, row_numbers
from exitbrain.errors import InvalidInput, Problem

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

SOURCE = "data frame"


def candles_from_frame(
    frame: Any, *, symbol: str | None = None, repair: bool = False, tick_size: Decimal | None = None
) -> CandleFile:
    """A polars or pandas frame, with the columns of a candle file; a pandas DatetimeIndex may be the timestamp."""
    return candles_of(table_of_frame(frame), symbol=symbol, mend=repair, tick_size=tick_size)


def to_frame(candles: Candles) -> pl.DataFrame:
    """timestamp (µs, UTC), symbol, open … volume as floats, and the optional columns that are there."""
    import polars as pl

    columns: dict[str, Any] = {
        "timestamp": pl.Series(candles.time).cast(pl.Datetime("us", "UTC")),
        "symbol": pl.repeat(candles.symbol, len(candles), eager=True),
        **{name: float_prices(getattr(candles, name), candles.scale) for name in PRICES},
        "volume": candles.volume,
    }
    columns |= {name: getattr(candles, name) for name in OPTIONAL if getattr(candles, name) is not None}
    return pl.DataFrame(columns)


def float_prices(whole: NDArray[np.int64], scale: int) -> NDArray[np.float64]:
    """The float nearest to each price, so that its shortest decimal is the price again."""
    exact = -22 <= scale <= 22 and (not len(whole) or int(np.abs(whole).max()) < 2**53)
    if not exact:
        return np.array([float(as_decimal(value, scale)) for value in whole.tolist()], dtype=np.float64)
    return whole / 10.0**scale if scale >= 0 else whole * 10.0**-scale


def is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and (hasattr(value, "iloc") or hasattr(value, "collect_schema"))


def table_of_frame(frame: Any) -> Table:
    import polars as pl

    if hasattr(frame, "iloc"):
        frame = _from_pandas(frame)
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, pl.DataFrame):
        found = f"a {type(frame).__module__}.{type(frame).__qualname__}"
        raise InvalidInput(Problem(found=found, accepted="a polars or pandas data frame, or the path of a file"))
    objects = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    frame = frame.with_columns(_from_objects(name, frame[name].to_list()) for name in objects)
    return Table(
        frame=frame,
        rows=row_numbers(len(frame)),
        unit="row",
        source=SOURCE,
        sha256=frame_sha256(frame),
        format=SOURCE,
    )


def _from_pandas(frame: Any) -> pl.DataFrame:
    import polars as pl

    names = [str(name) for name in frame.columns]
    if getattr(frame.columns, "nlevels", 1) > 1:
        raise InvalidInput(
            Problem(found="columns of several levels", accepted="one level of column names", file=SOURCE)
        )
    if len({name.strip().casefold() for name in names}) < len(names):
        raise InvalidInput(
            Problem(found=f"columns {', '.join(names)}", accepted="each name once, whatever its case", file=SOURCE)
        )
    columns = [_from_pandas_column(name, frame.iloc[:, place]) for place, name in enumerate(names)]
    index = frame.index
    has_time = any(name.strip().casefold() in TIMESTAMP for name in names)
    if not has_time and (_is_time(index.dtype) or str(index.name).strip().casefold() in TIMESTAMP):
        columns.insert(0, _from_pandas_column("timestamp", index.to_series()))
    return pl.DataFrame(columns)


def _from_pandas_column(name: str, column: Any) -> pl.Series:
    import polars as pl

    dtype = column.dtype
    if _is_time(dtype):
        zone = getattr(dtype, "tz", None)
        values = (column.dt.tz_convert("UTC").dt.tz_localize(None) if zone is not None else column).to_numpy()
        series = pl.Series(name, values.astype("datetime64[us]"))
        return series.dt.replace_time_zone("UTC") if zone is not None else series
    if isinstance(dtype, np.dtype) and dtype.kind in "iufb":
        return pl.Series(name, np.ascontiguousarray(column.to_numpy()))
    return _from_objects(name, column.astype(object).where(column.notna(), None).tolist())


def _is_time(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") == "M"


def _from_objects(name: str, values: list[Any]) -> pl.Series:
    import polars as pl

    return pl.Series(name, [_text(value) for value in values], dtype=pl.String)


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)

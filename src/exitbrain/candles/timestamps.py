"""Timestamps of every dress become microseconds since 1970, UTC.

Taken: dates and datetimes of any unit, with or without a zone; ISO 8601 texts with `Z`, an offset or nothing
(nothing is UTC, and a note says so); epochs in s, ms, µs or ns, told apart by magnitude, row by row, because
exchanges changed the unit in the middle of their history.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.core.instants import ACCEPTED as ACCEPTED

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_FIRST = -2_208_988_800_000_000
_LAST = 7_258_118_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Seconds end at 59: a leap second has no place among instants, and Polars would make it the second after. No place on
# earth is more than 14 hours from UTC.
_CLOCK = r"\d\d?:\d\d(?::[0-5]\d(?:\.\d+)?)?"
_OFFSET = r"[+-](?:(?:0\d|1[0-3])(?::?[0-5]\d)?|14(?::?00)?)"
_ISO = rf"^(\d{{4}}-\d\d?-\d\d?)(?:[T ]\s*({_CLOCK}))?\s*(Z|z|UTC|{_OFFSET})?$"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Times:
    """`time` is 0 where `known` is false."""

    time: NDArray[np.int64]
    known: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def times(column: pl.Series) -> Times:
    import polars as pl

    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        micro = column.to_physical() if dtype.time_unit == "us" else column.dt.timestamp("us")
        return _in_range(micro, _zone_notes(dtype.time_zone))
    if dtype == pl.Date:
        return _in_range(column.cast(pl.Datetime("us")).dt.timestamp("us"), ("dates are taken as 00:00 UTC",))
    if dtype.is_numeric():
        return _from_epoch(column)
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return _from_text(column.cast(pl.String).str.strip_chars())
    return Times(time=np.zeros(len(column), dtype=np.int64), known=np.zeros(len(column), dtype=np.bool_))


def iso(time: int) -> str:
    """2024-01-01T00:00:00Z"""
    instant = _EPOCH + timedelta(microseconds=int(time))
    return instant.replace(tzinfo=None).isoformat(timespec="microseconds" if time % 1_000_000 else "seconds") + "Z"


def duration(microseconds: int) -> str:
    """900 s is 15m, 3 600 s is 1h: the largest unit that divides it."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        if microseconds % (size * 1_000_000) == 0:
            return f"{microseconds // (size * 1_000_000)}{unit}"
    return f"{microseconds}µs"


def _zone_notes(zone: str | None) -> tuple[str, ...]:
    if zone is None:
        return ("timestamps carry no zone: taken as UTC",)
    return () if zone in ("UTC", "Etc/UTC", "+00:00") else (f"timestamps are in {zone}: converted to UTC",)


def _from_epoch(column: pl.Series) -> Times:
    import polars as pl

    if column.dtype.is_float() and not column.drop_nulls().is_finite().all():
        column = column.set(~column.is_finite(), None)
    if column.dtype.is_float() and (column.drop_nulls() % 1 == 0).all():
        column = column.cast(pl.Int64, strict=False)
    known = column.is_not_null().to_numpy()
    raw = column.fill_null(0).to_numpy()
    unit = np.select([np.abs(raw) < limit for limit in (1e11, 1e14, 1e17)], [0, 1, 2], default=3)
    notes = () if len(np.unique(unit[known])) < 2 else ("timestamps mix epoch units: each told apart by its magnitude",)
    if raw.dtype.kind == "f":
        micro = np.rint(raw * np.array([1e6, 1e3, 1.0, 1e-3])[unit])
        micro = np.where(np.abs(micro) < 2**62, micro, 2.0**62).astype(np.int64)
    else:
        raw = raw.astype(np.int64)
        # Only seconds and milliseconds grow, and their magnitude is bounded, so nothing wraps.
        micro = np.where(unit == 3, raw // 1000, raw * np.array([10**6, 10**3, 1, 0])[unit])
    return _in_range(pl.Series(micro).set(pl.Series(~known), None), notes)


def _from_text(column: pl.Series) -> Times:
    import polars as pl

    if column.drop_nulls().str.contains(r"^[+-]?\d+$").all() and column.count():
        return _from_epoch(column.cast(pl.Int64, strict=False))
    quick = column.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", strict=False, time_unit="us")
    if quick.null_count() == 0 and not column.str.ends_with(":60Z").any():
        return _in_range(quick.dt.timestamp("us"), ())
    parts = column.str.extract_groups(_ISO).struct.unnest()
    day, clock, offset = (parts[name] for name in parts.columns)
    naive = day + " " + clock.fill_null("00:00")
    moment = naive.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    short = naive.str.to_datetime("%Y-%m-%d %H:%M", strict=False, time_unit="us")
    shift = _offset_microseconds(offset)
    # Where some rows carry a zone, nobody can tell what the others meant: they are no times.
    zoned = offset.is_not_null()
    moments = moment.fill_null(short).dt.timestamp("us") - shift
    times_ = _in_range(moments.set(~zoned, None) if zoned.any() else moments, ())
    return Times(time=times_.time, known=times_.known, notes=_offset_notes(offset, shift, times_.known))


def _offset_microseconds(offset: pl.Series) -> pl.Series:
    import polars as pl

    parts = offset.str.extract_groups(r"^([+-])(\d\d):?(\d\d)?$").struct.unnest()
    sign, hours, minutes = (parts[name] for name in parts.columns)
    magnitude = hours.cast(pl.Int64).fill_null(0) * 60 + minutes.cast(pl.Int64).fill_null(0)
    return magnitude * (1 - 2 * (sign == "-").fill_null(False).cast(pl.Int64)) * 60_000_000


def _offset_notes(offset: pl.Series, shift: pl.Series, known: NDArray[np.bool_]) -> tuple[str, ...]:
    notes = []
    naive = int((offset.is_null().to_numpy() & known).sum())
    if naive:
        notes.append("timestamps carry no zone: taken as UTC")
    if (shift != 0).any():
        notes.append(f"timestamps carry offsets ({offset.filter(shift != 0)[0]} first): converted to UTC")
    return tuple(notes)


def _in_range(micro: pl.Series, notes: tuple[str, ...]) -> Times:
    time = (micro.fill_null(0) if micro.null_count() else micro).to_numpy().astype(np.int64)
    known = (time >= _FIRST) & (time <= _LAST)
    if micro.null_count():
        known &= micro.is_not_null().to_numpy()
    time[~known] = 0
    return Times(time=time, known=known, notes=notes if known.any() else ())

"""Curves and counts for the screen: equity thinned to what a screen can show, months, and the R histogram.

Thinning keeps what a reader looks for. The curve is cut into buckets of equal length and of each bucket its highest,
its lowest and its deepest point stay, with the first and last point of the whole:

    equity 100 103 99 104 | 105 90 95 96   two buckets   →   100 99 104 | 105 90 96
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil, floor, isfinite
from typing import Any

import numpy as np

from exitbrain.analysis import EquityColumns, monthly_returns

MAX_POINTS = 4_000
POINTS_PER_BUCKET = 3
HISTOGRAM_WIDTHS = (0.1, 0.25, 0.5, 1.0)
HISTOGRAM_BINS = 44
HISTOGRAM_REACH = (-5.0, 15.0)


def equity_curve(equity: Mapping[str, Sequence[Any]], points: int = MAX_POINTS) -> dict[str, list[Any]]:
    time, value = epoch_micros(equity.get("time", ())), _floats(equity.get("equity", ()))
    drawdown = _floats(equity["drawdown"]) if "drawdown" in equity else _drawdown(value)
    exposure = _floats(equity["exposure"]) if "exposure" in equity else None
    keep = telling_points(value, drawdown, points)
    return {
        "time": [int(t) // 1_000_000 for t in time[keep]],
        "equity": [short(v) for v in value[keep]],
        "drawdown": [short(v) for v in drawdown[keep]],
        "exposure": [] if exposure is None else [short(v) for v in exposure[keep]],
    }


def months(
    equity: Mapping[str, Sequence[Any]], closed_at: Iterable[str], initial_cash: float | None
) -> list[dict[str, Any]]:
    """Per UTC month: the return of the equity curve over it, and how many sets closed in it."""
    time, value = epoch_micros(equity.get("time", ())), _floats(equity.get("equity", ()))
    if not len(value):
        return []
    columns = EquityColumns(
        time=time,
        timeframe=_spacing(time),
        equity=value,
        exposed=np.zeros(len(value)),
        initial_cash=float(value[0]) if initial_cash is None else initial_cash,
    )
    closed = Counter((int(text[:4]), int(text[5:7])) for text in closed_at)
    return [
        {
            "year": row["year"],
            "month": row["month"],
            "return": _short_or_none(row["return"]),
            "sets": closed[row["year"], row["month"]],
        }
        for row in monthly_returns(columns)
    ]


def years(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The months of a year, compounded."""
    grown: dict[int, float | None] = {}
    for row in rows:
        before = grown.get(row["year"], 1.0)
        grown[row["year"]] = None if before is None or row["return"] is None else before * (1 + row["return"])
    return [{"year": year, "return": None if value is None else short(value - 1)} for year, value in grown.items()]


def r_histogram(multiples: Iterable[float | None]) -> dict[str, Any] | None:
    """Counts over equal bins of R; the first and last bin also hold what lies beyond them."""
    values = np.array([r for r in multiples if r is not None and isfinite(r)], dtype=float)
    if not len(values):
        return None
    low = max(HISTOGRAM_REACH[0], min(-1.0, floor(values.min())))
    high = min(HISTOGRAM_REACH[1], max(1.0, ceil(values.max() + 1e-9)))
    width = next((w for w in HISTOGRAM_WIDTHS if (high - low) / w <= HISTOGRAM_BINS), HISTOGRAM_WIDTHS[-1])
    bins = round((high - low) / width)
    # A value on an edge belongs to the bin above it; the small lift keeps -1 R from falling to -1.0000000001.
    index = np.clip(np.floor((values - low) / width + 1e-9).astype(int), 0, bins - 1)
    return {
        "low": low,
        "width": width,
        "counts": np.bincount(index, minlength=bins).tolist(),
        "below": bool(values.min() < low),
        "above": bool(values.max() > high),
        "mean": short(float(values.mean())),
        "median": short(float(np.median(values))),
    }


def short(value: float) -> float | None:
    """Nine significant digits; what is not a number is null."""
    return float(f"{float(value):.9g}") if isfinite(value) else None


def _short_or_none(value: float | None) -> float | None:
    return None if value is None else short(value)


def _spacing(time: np.ndarray) -> int:
    """The most common distance between two bars."""
    apart, counts = np.unique(np.diff(time), return_counts=True)
    return int(apart[counts.argmax()]) if len(apart) else 0


def epoch_micros(times: Sequence[Any]) -> np.ndarray:
    if len(times) and isinstance(times[0], datetime):
        return np.array([_micros(t) for t in times], dtype=np.int64)
    return np.asarray(times, dtype=np.int64)


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _floats(values: Sequence[Any]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def _drawdown(value: np.ndarray) -> np.ndarray:
    peak = np.maximum.accumulate(value) if len(value) else value
    return np.divide(value, peak, out=np.ones_like(value), where=peak > 0) - 1


def telling_points(value: np.ndarray, drawdown: np.ndarray, points: int = MAX_POINTS) -> np.ndarray:
    """Indices of what stays of a curve of more than `points`."""
    count = len(value)
    if count <= points:
        return np.arange(count)
    borders = np.linspace(0, count, (points - 2) // POINTS_PER_BUCKET + 1).astype(int)
    keep = {0, count - 1}
    for start, end in zip(borders[:-1], borders[1:], strict=True):
        part = np.nan_to_num(value[start:end])
        deep = np.nan_to_num(drawdown[start:end])
        keep.update(start + int(i) for i in (part.argmin(), part.argmax(), deep.argmin()))
    return np.array(sorted(keep))

"""Decimals, exactly: columns of floats or texts become whole numbers of one power of ten.

A float counts as its shortest decimal (spec Q5): 0.1 is 1/10. For a column this needs no text at all: where
n = round(p × 10**k) is below 10**15 and n ÷ 10**k gives p back, n × 10**-k has at most 15 digits and reads as p,
so it *is* the shortest decimal of p. `whole_numbers` looks for the smallest such k.
Example: 43547.55859375 and 43435.5 fit k = 8: 4354755859375 and 4343550000000.
What has more digits goes the slow way, value by value, through `Decimal`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

FIFTEEN_DIGITS = 10**15
FINEST_SCALE = 17
_SAMPLE = 512
_PIECE = 2**15
_WIDE = Context(prec=1200)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """`values` is NaN where there is no finite number; `exact` holds decimals where a float would lose digits."""

    values: NDArray[np.float64]
    exact: NDArray[Any] | None = None

    @property
    def finite(self) -> NDArray[np.bool_]:
        return np.isfinite(self.values)

    def decimals(self) -> NDArray[Any]:
        return self.exact if self.exact is not None else decimals_of(self.values)


def numbers(column: pl.Series, *, exact: bool = True) -> Numbers:
    """`exact=False` is for what is a statistic and no price: the nearest float will do."""
    import polars as pl

    if column.dtype.is_float():
        return Numbers(values=_filled(column.cast(pl.Float64)))
    if column.dtype.is_integer():
        wide = column.drop_nulls().cast(pl.Float64).abs().max()
        if wide is None or wide < FIFTEEN_DIGITS:
            return Numbers(values=_filled(column.cast(pl.Float64)))
        return _from_text(column.cast(pl.String), exact)
    if column.dtype == pl.String or column.dtype.is_decimal() or column.dtype in (pl.Categorical, pl.Enum):
        return _from_text(column.cast(pl.String), exact)
    return Numbers(values=np.full(len(column), np.nan))


def whole_numbers(columns: Sequence[Numbers]) -> tuple[list[NDArray[Any]], int]:
    """Each column as whole numbers of 10**-scale: int64, or Python integers where int64 is too narrow."""
    if any(column.exact is not None for column in columns):
        return _whole_decimals([column.decimals() for column in columns])
    floats = [column.values for column in columns]
    samples = [column[:: max(1, len(column) // _SAMPLE)] for column in floats]
    for scale in range(FINEST_SCALE + 1):
        # The sample is a quick *no*; only a *yes* has to look at every row.
        if _at_scale(samples, scale) is not None and (whole := _at_scale(floats, scale)) is not None:
            return coarsest(whole, scale)
    return _whole_decimals([decimals_of(values) for values in floats])


def coarsest(columns: Sequence[NDArray[Any]], scale: int) -> tuple[list[NDArray[Any]], int]:
    """The same numbers in the coarsest power of ten that still holds all of them."""
    columns = list(columns)
    while any(column.any() for column in columns) and _are_tens(columns):
        columns = [column // 10 for column in columns]
        scale -= 1
    return [narrow(column) for column in columns], scale


def _are_tens(columns: Sequence[NDArray[Any]]) -> bool:
    # The first rows mostly answer for all.
    return not any((column[:_SAMPLE] % 10).any() for column in columns) and not any(
        (column % 10).any() for column in columns
    )


def narrow(column: NDArray[Any]) -> NDArray[Any]:
    if column.dtype != object:
        return column
    fits = all(-(2**63) < value < 2**63 for value in column)
    return column.astype(np.int64) if fits else column


def times_power_of_ten(column: NDArray[Any], power: int) -> NDArray[Any]:
    """`column` × 10**power, in Python integers where int64 could wrap."""
    largest = max((abs(int(value)) for value in (column.min(), column.max())), default=0) if len(column) else 0
    if column.dtype != object and largest * 10**power >= 2**62:
        column = column.astype(object)
    return column * 10**power if power else column


def decimals_of(values: NDArray[np.float64]) -> NDArray[Any]:
    return np.array([Decimal(repr(value)) for value in values.tolist()], dtype=object)


def plain(value: Decimal) -> str:
    """100, 0.5: no exponent, no trailing zeros."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def as_decimal(whole: int, scale: int) -> Decimal:
    return _WIDE.scaleb(Decimal(whole), -scale)


def _at_scale(columns: Sequence[NDArray[np.float64]], scale: int) -> list[NDArray[np.int64]] | None:
    """The columns as whole numbers of 10**-scale; None where a value is no such number of at most 15 digits."""
    whole = [np.empty(len(column), dtype=np.int64) for column in columns]
    power = 10.0**scale
    for column, counts in zip(columns, whole):
        # Piece by piece, so that what is computed of a piece stays in the processor's cache.
        for first in range(0, len(column), _PIECE):
            values = column[first : first + _PIECE]
            with np.errstate(over="ignore"):
                count = np.rint(values * power)
            if not (np.abs(count) < FIFTEEN_DIGITS).all() or not (count / power == values).all():
                return None
            counts[first : first + _PIECE] = count
    return whole


def _whole_decimals(columns: Sequence[NDArray[Any]]) -> tuple[list[NDArray[Any]], int]:
    scale = max((-_WIDE.normalize(value).as_tuple().exponent for column in columns for value in column), default=0)
    whole = [np.array([int(_WIDE.scaleb(value, scale)) for value in column], dtype=object) for column in columns]
    return coarsest(whole, scale)


def _filled(column: pl.Series) -> NDArray[np.float64]:
    column = column.fill_null(float("nan")) if column.null_count() else column
    return np.ascontiguousarray(column.to_numpy())


def _from_text(column: pl.Series, exact: bool) -> Numbers:
    import polars as pl

    text = column.str.strip_chars()
    values = _filled(text.cast(pl.Float64, strict=False))
    if not exact or not _has_long_numbers(text):
        return Numbers(values=values)
    finite = np.isfinite(values).tolist()
    decimals = [Decimal(cell) if usable else Decimal(0) for cell, usable in zip(text.to_list(), finite)]
    return Numbers(values=values, exact=np.array(decimals, dtype=object))


def _has_long_numbers(text: pl.Series) -> bool:
    if (text.str.len_chars().max() or 0) <= 16:
        return False
    digits = text.str.replace(r"[eE].*$", "").str.replace_all(r"[^0-9]", "").str.strip_chars("0")
    return (digits.str.len_chars().max() or 0) > 15

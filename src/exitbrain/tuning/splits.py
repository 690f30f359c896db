"""Which TradeSets a choice may be made on, and which it is judged by: walk-forward and combinatorial purged splits.

Days on which sets were opened are the samples. Walk-forward chooses on all days before a window and is judged in it.
Combinatorial purged cross-validation (López de Prado, "Advances in Financial Machine Learning", chapter 12) cuts the
days into groups and lets every combination of some groups be the test. Both come from the package purgedcv.

A set belongs to the day on which it was opened and lives until it closes. So a set of a training day is left out
(purged) where its life meets that of a test set, and for a while (the embargo) after the last of these has closed.

Example: a test block of day 10, whose last set closes on day 12 at noon, embargo one day: a set opened on day 9 that
closes on day 10 is purged; so is one opened on day 11; one opened on day 13 in the morning falls to the embargo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from exitbrain.analysis.columns import MICROSECONDS_PER_DAY, Flags, Integers
from exitbrain.errors import InvalidInput, Unavailable

WALK_FORWARD, COMBINATORIAL = "walk_forward", "cpcv"
FEWEST_DAYS_A_BLOCK = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """Days since 1970 of the two sides; `blocks` are (first, last) of each stretch of test days."""

    kind: str
    train_days: Integers
    blocks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sides:
    """Rows of a table of sets."""

    train: Flags
    test: Flags


def walk_forward(days: Integers, folds: int) -> list[Fold]:
    """`folds` windows of equal length one after another, each after all days that it is chosen on."""
    size = len(days) // (folds + 1)
    _enough(len(days), (folds + 1) * FEWEST_DAYS_A_BLOCK, f"{folds} walk-forward windows")
    first, last = _times(days)
    splitter = _purgedcv().WalkForwardSplit(folds, size, prediction_times=first, evaluation_times=last)
    return [_fold(WALK_FORWARD, days, train, test) for train, test in splitter.split(np.zeros(len(days)))]


def combinatorial(days: Integers, groups: int, test_groups: int, embargo: timedelta) -> list[Fold]:
    """Every choice of `test_groups` among `groups` stretches of days is once the test."""
    if not 1 <= test_groups < groups:
        raise InvalidInput(f"{test_groups} test groups of {groups}", accepted="fewer test groups than groups")
    _enough(len(days), groups * FEWEST_DAYS_A_BLOCK, f"{groups} groups")
    first, last = _times(days)
    splitter = _purgedcv().CombinatorialPurgedCV(
        groups, test_groups, prediction_times=first, evaluation_times=last, embargo=_pandas_duration(embargo)
    )
    return [_fold(COMBINATORIAL, days, train, test) for train, test in splitter.split(np.zeros(len(days)))]


def sides(fold: Fold, opened_at: Integers, closed_at: Integers, embargo: timedelta) -> Sides:
    """Rows that a fold chooses on and is judged by; µs since 1970, every set closed."""
    day = opened_at // MICROSECONDS_PER_DAY
    train = np.isin(day, fold.train_days)
    test = np.zeros(len(day), dtype=bool)
    wait = embargo // timedelta(microseconds=1)
    for first, last in fold.blocks:
        own = (day >= first) & (day <= last)
        test |= own
        start, end = first * MICROSECONDS_PER_DAY, (last + 1) * MICROSECONDS_PER_DAY
        if own.any():
            end = max(end, int(closed_at[own].max()) + 1)
        train &= (closed_at < start) | (opened_at >= end + wait)
    return Sides(train=train & ~test, test=test)


def _fold(kind: str, days: Integers, train: Integers, test: Integers) -> Fold:
    ends = np.flatnonzero(np.diff(test) > 1)
    starts = np.concatenate(([0], ends + 1))
    stops = np.concatenate((ends, [len(test) - 1]))
    blocks = tuple((int(days[test[a]]), int(days[test[b]])) for a, b in zip(starts, stops, strict=True))
    return Fold(kind=kind, train_days=days[train], blocks=blocks)


def _enough(found: int, needed: int, what: str) -> None:
    if found < needed:
        raise InvalidInput(
            f"sets were opened on {found} days, {what} need {needed}", accepted="longer candles, or fewer parts"
        )


def _times(days: Integers) -> tuple[Any, Any]:
    import pandas as pd

    first = pd.Series(pd.to_datetime(days, unit="D", utc=True))
    return first, first + pd.Timedelta(days=1)


def _pandas_duration(duration: timedelta) -> Any:
    import pandas as pd

    return pd.Timedelta(duration)


def _purgedcv() -> Any:
    try:
        import purgedcv
    except ImportError:
        raise Unavailable("purgedcv is not installed: pip install 'exitbrain[stats]'") from None
    return purgedcv


def days_of(opened_at: Sequence[Integers]) -> Integers:
    """Days since 1970 on which any configuration opened a set, in order."""
    found = [np.unique(one // MICROSECONDS_PER_DAY) for one in opened_at if len(one)]
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)

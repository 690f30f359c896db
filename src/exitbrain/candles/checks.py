"""What can be wrong with a series of bars, and how each fault is mended: one table of steps.

`check` tells every fault at once and changes nothing. `repair` walks the same steps in their order, mending as it
goes, so that each sentence of its list tells what was true at that step: what a dropped duplicate had is not
counted again as an impossible bar.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.candles.bars import Bars
from exitbrain.candles.faults import Fault, fault
from exitbrain.candles.numbers import as_decimal, coarsest, plain
from exitbrain.candles.series import PRICES
from exitbrain.candles.ticks import Tick, rounded, whole_ticks
from exitbrain.candles.timestamps import iso

if TYPE_CHECKING:
    from numpy.typing import NDArray

Find = Callable[[Bars, Tick | None], Fault | None]
Mend = Callable[[Bars, Fault, Tick | None], Bars]


@dataclass(frozen=True, slots=True)
class Step:
    """`settles`: `check` judges what follows as if this were mended, since it would be."""

    find: Find
    mend: Mend
    settles: bool = False


def check(bars: Bars, tick: Tick | None = None) -> list[Fault]:
    faults: list[Fault] = []
    for step in STEPS:
        found = step.find(bars, tick)
        if found is None:
            continue
        faults.append(found)
        if step.settles:
            bars = step.mend(bars, found, tick)
    return faults


def repair(bars: Bars, tick: Tick | None = None) -> tuple[Bars, list[Fault]]:
    mended: list[Fault] = []
    for step in STEPS:
        found = step.find(bars, tick)
        if found is not None and found.mend is not None:
            bars = step.mend(bars, found, tick)
            mended.append(found)
    return bars, mended


def _not_positive(bars: Bars, tick: Tick | None) -> Fault | None:
    wrong = (bars.open <= 0) | (bars.high <= 0) | (bars.low <= 0) | (bars.close <= 0)
    return _fault(bars, wrong, "a price is 0 or below", _bar_samples(bars, wrong), "prices above 0", "drops them")


def _out_of_order(bars: Bars, tick: Tick | None) -> Fault | None:
    wrong = np.zeros(len(bars.time), dtype=np.bool_)
    wrong[1:] = bars.time[1:] < bars.time[:-1]
    if not wrong.any():
        return None
    newest_first = bool((bars.time[1:] <= bars.time[:-1]).all())
    samples = (f"{iso(bars.time[at])} after {iso(bars.time[at - 1])}" for at in np.flatnonzero(wrong).tolist())
    return fault(
        "rows stand newest first" if newest_first else "time goes back",
        bars.rows[wrong],
        samples,
        accepted="rows sorted by time, oldest first",
        mend="sorts them",
        mended="turned around" if newest_first else "sorted by time, moving",
    )


def _repeated(bars: Bars, tick: Tick | None) -> Fault | None:
    wrong, first = _same_time(bars)
    if not wrong.any():
        return None
    wrong &= _equal(bars, first)
    samples = (iso(time) for time in bars.time[wrong])
    accepted = "one row a time"
    return _fault(bars, wrong, "an earlier bar is repeated", samples, accepted, "keeps the first row")


def _conflicting(bars: Bars, tick: Tick | None) -> Fault | None:
    wrong, first = _same_time(bars)
    if not wrong.any():
        return None
    wrong &= ~_equal(bars, first)
    samples = (_difference(bars, at, int(first[at])) for at in np.flatnonzero(wrong).tolist())
    what = "an earlier bar's time comes again with other numbers"
    return _fault(bars, wrong, what, samples, "one row a time", "keeps the first row")


def _misnamed(bars: Bars, tick: Tick | None) -> Fault | None:
    wrong = _impossible(bars)
    order = _better_order(bars) if wrong.sum() * 2 > len(wrong) else None
    if order is None:
        return None
    listed = ", ".join(order)
    return fault(
        f"the columns open, high, low, close hold {listed}: named so every bar is possible, but as they are named not",
        bars.rows[wrong],
        _bar_samples(bars, wrong),
        accepted="columns named for what they hold",
        mend=f"reads them as {listed}",
        mended="renamed the columns of",
    )


def _off_tick(bars: Bars, tick: Tick | None) -> Fault | None:
    if tick is None:
        return None
    columns = [whole_ticks(getattr(bars, name), bars.scale, tick) for name in PRICES]
    wrong = np.any([~whole for _, whole in columns], axis=0)
    fits = plain(as_decimal(1, bars.scale))
    return _fault(
        bars,
        wrong,
        f"a price is no whole tick of {tick}",
        _bar_samples(bars, wrong),
        f"whole multiples of {tick}, or tick_size {fits}, which would fit",
        f"rounds them to the tick {tick} (high up, low down, open and close half to even)",
        mended=f"rounded to the tick {tick} (high up, low down, open and close half to even), changing",
    )


def _low_high(bars: Bars, tick: Tick | None) -> Fault | None:
    wrong = bars.high < np.maximum(bars.open, bars.close)
    what = "high is below open or close"
    accepted = "high at or above open and close"
    return _fault(
        bars, wrong, what, _bar_samples(bars, wrong), accepted, "raises high to them", mended="raised high in"
    )


def _high_low(bars: Bars, tick: Tick | None) -> Fault | None:
    wrong = bars.low > np.minimum(bars.open, bars.close)
    what = "low is above open or close"
    accepted = "low at or below open and close"
    return _fault(bars, wrong, what, _bar_samples(bars, wrong), accepted, "lowers low to them", mended="lowered low in")


def _too_wide(bars: Bars, tick: Tick | None) -> Fault | None:
    columns = [getattr(bars, name) for name in PRICES]
    if not any(column.dtype == object for column in columns):
        return None
    huge = np.any([column >= 2**63 * 10 ** max(bars.scale, 0) for column in columns], axis=0).astype(np.bool_)
    wrong = huge if huge.any() else np.any([column >= 2**63 for column in columns], axis=0).astype(np.bool_)
    if not wrong.any():
        return None
    # A huge price can go; where none is huge, one that is too fine has made the others too wide.
    return fault(
        f"a price has too many digits in units of {_price(bars, 1)}, which the finest price asks for",
        bars.rows[wrong],
        _bar_samples(bars, wrong),
        accepted="prices of at most 18 digits in all"
        + ("" if huge.any() else ", or a tick_size to which --repair rounds them"),
        mend="drops them" if huge.any() else None,
    )


def _drop(bars: Bars, found: Fault, tick: Tick | None) -> Bars:
    bars = bars.take(~np.isin(bars.rows, found.rows))
    # What is gone may have been all that asked for so fine a unit.
    prices, scale = coarsest([getattr(bars, name) for name in PRICES], bars.scale)
    return replace(bars, scale=scale, **dict(zip(PRICES, prices)))


def _sort(bars: Bars, found: Fault, tick: Tick | None) -> Bars:
    return bars.take(np.argsort(bars.time, kind="stable"))


def _rename_columns(bars: Bars, found: Fault, tick: Tick | None) -> Bars:
    order = _better_order(bars)
    assert order is not None, found
    return replace(bars, **{name: getattr(bars, held) for held, name in zip(PRICES, order)})


def _round(bars: Bars, found: Fault, tick: Tick | None) -> Bars:
    assert tick is not None, found
    columns, scale = rounded({name: getattr(bars, name) for name in PRICES}, bars.scale, tick)
    return replace(bars, scale=scale, **columns)


def _raise_high(bars: Bars, found: Fault, tick: Tick | None) -> Bars:
    return replace(bars, high=np.maximum(bars.high, np.maximum(bars.open, bars.close)))


def _lower_low(bars: Bars, found: Fault, tick: Tick | None) -> Bars:
    return replace(bars, low=np.minimum(bars.low, np.minimum(bars.open, bars.close)))


STEPS = (
    Step(_not_positive, _drop, settles=True),
    Step(_out_of_order, _sort),
    Step(_repeated, _drop),
    Step(_conflicting, _drop),
    # Misnamed columns break nearly every bar; what is wrong besides shows only once they are named right.
    Step(_misnamed, _rename_columns, settles=True),
    Step(_off_tick, _round),
    Step(_low_high, _raise_high),
    Step(_high_low, _lower_low),
    Step(_too_wide, _drop),
)


def _fault(
    bars: Bars, wrong: NDArray[np.bool_], what: str, samples: Iterator[str], accepted: str, mend: str, mended: str = ""
) -> Fault | None:
    wrong = wrong.astype(np.bool_)
    if not wrong.any():
        return None
    return fault(what, bars.rows[wrong], samples, accepted=accepted, mend=mend, mended=mended)


def _bar_samples(bars: Bars, wrong: NDArray[Any]) -> Iterator[str]:
    for at in np.flatnonzero(wrong.astype(np.bool_)).tolist():
        yield ", ".join(f"{name} {_price(bars, getattr(bars, name)[at])}" for name in PRICES)


def _difference(bars: Bars, at: int, first: int) -> str:
    for name in PRICES:
        one, other = getattr(bars, name)[at], getattr(bars, name)[first]
        if one != other:
            return f"{iso(bars.time[at])}, {name} {_price(bars, one)} after {_price(bars, other)}"
    return f"{iso(bars.time[at])}, volume {bars.volume[at]:g} after {bars.volume[first]:g}"


def _price(bars: Bars, whole: Any) -> str:
    price = as_decimal(int(whole), bars.scale)
    return plain(price) if abs(price.adjusted()) < 30 else f"{price:.6e}"


def _same_time(bars: Bars) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which rows come again at a time already seen, and for every row the place of the first with its time."""
    if bool((bars.time[1:] > bars.time[:-1]).all()):
        return np.zeros(len(bars.time), dtype=np.bool_), np.arange(len(bars.time))
    _, first, back = np.unique(bars.time, return_index=True, return_inverse=True)
    first_of_each = first[back]
    return first_of_each != np.arange(len(bars.time)), first_of_each


def _equal(bars: Bars, first: NDArray[np.int64]) -> NDArray[np.bool_]:
    columns = [getattr(bars, name) for name in (*PRICES, "volume")]
    return np.all([(column == column[first]).astype(np.bool_) for column in columns], axis=0)


def with_carried_opens(bars: Bars) -> tuple[Bars, NDArray[np.bool_]]:
    """Bars whose open is the close before and lies outside their range: the range is taken to include it.

    Some venues stamp a bar's open with the last price of the bar before, although nothing traded there in the bar.
    Where most bars are impossible the columns are misnamed, and nothing is widened.
    """
    carried = np.zeros(len(bars.time), dtype=np.bool_)
    outside = ((bars.open < bars.low) | (bars.open > bars.high)).astype(np.bool_)
    if outside[1:].any() and _impossible(bars).sum() * 2 <= len(bars.time):
        inside = (bars.low <= bars.close) & (bars.close <= bars.high)
        carried[1:] = (inside & outside)[1:] & (bars.open[1:] == bars.close[:-1])
    if not carried.any():
        return bars, carried
    high = np.where(carried, np.maximum(bars.high, bars.open), bars.high)
    low = np.where(carried, np.minimum(bars.low, bars.open), bars.low)
    return replace(bars, high=high, low=low), carried


def _impossible(bars: Bars) -> NDArray[np.bool_]:
    body_high, body_low = np.maximum(bars.open, bars.close), np.minimum(bars.open, bars.close)
    return ((bars.high < body_high) | (bars.low > body_low)).astype(np.bool_)


def _better_order(bars: Bars) -> tuple[str, ...] | None:
    """The names under which the four columns make possible bars; open is told from close by continuity."""
    if len(bars.time) < 20:
        return None
    ordered = bars.take(np.argsort(bars.time, kind="stable"))
    breaks: list[tuple[float, tuple[str, ...]]] = []
    for order in permutations(PRICES):
        named = replace(ordered, **{name: getattr(ordered, held) for held, name in zip(PRICES, order)})
        if _impossible(named).mean() < 0.01:
            jumps = np.abs(named.open[1:] - named.close[:-1]).astype(np.float64)
            breaks.append((float(jumps.sum()), order))
    breaks.sort()
    if not breaks or (len(breaks) > 1 and breaks[0][0] * 2 > breaks[1][0]):
        return None
    return breaks[0][1]


def tick_of(tick_size: Decimal | None) -> Tick | None:
    return None if tick_size is None else Tick.of(tick_size)

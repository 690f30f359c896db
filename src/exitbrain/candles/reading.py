"""Candle files, checked and, on request, mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from exitbrain.candles.bars import Bars, Reading, read_bars
from exitbrain.candles.checks import check, repair, tick_of, with_carried_opens
from exitbrain.candles.faults import Fault, counted, merged, problem, repair_sentence
from exitbrain.candles.numbers import coarsest
from exitbrain.candles.series import PRICES, CandleFile, Candles, common_spacing
from exitbrain.candles.tables import Table, load_table
from exitbrain.candles.ticks import Tick
from exitbrain.candles.timestamps import duration, iso
from exitbrain.errors import InvalidInput, Problem

# Fewer decimals than this are also what honest halves, quarters and 64ths look like.
_FLOAT32_SCALE = 7


def read_candles(
    path: str | Path, *, symbol: str | None = None, repair: bool = False, tick_size: Decimal | None = None
) -> CandleFile:
    """`symbol` is for files without a symbol column; every kind of fault of a broken file is told at once."""
    return candles_of(load_table(path), symbol=symbol, mend=repair, tick_size=tick_size)


def candles_of(table: Table, *, symbol: str | None, mend: bool, tick_size: Decimal | None) -> CandleFile:
    tick = tick_of(tick_size)
    reading = read_bars(table, symbol)
    reading, carried = _carried(reading, table.unit)
    repairs: list[str] = []
    series = reading.bars
    if mend:
        series, mended = _mended(reading, tick)
        repairs = [repair_sentence(one, unit=table.unit) for one in mended]
    faults = [one for bars in series for one in check(bars, tick)]
    faults = [_left(one) for one in faults] if mend else [*reading.faults, *faults]
    _refuse(table, series, merged(faults))
    candles = tuple(_candles(bars, table.source) for bars in series)
    return CandleFile(
        candles=candles,
        notes=(*reading.notes, *carried, *(note for one in candles for note in _notes(one, named=len(candles) > 1))),
        repairs=tuple(repairs),
        sha256=table.sha256,
        source=table.source,
        format=table.format,
    )


def _carried(reading: Reading, unit: str) -> tuple[Reading, list[str]]:
    """The reading with opens that were carried over from the close before, and a note for each series."""
    notes, series = [], []
    for bars in reading.bars:
        widened, carried = with_carried_opens(bars)
        series.append(widened)
        if carried.any():
            rows = ", ".join(str(row) for row in bars.rows[carried][:3].tolist())
            notes.append(
                f"{bars.symbol}: {counted(int(carried.sum()), 'bar')} open at the close before, outside their low..high "
                f"({unit} {rows}): the range is taken to include the open"
            )
    return replace(reading, bars=tuple(series)), notes


def _mended(reading: Reading, tick: Tick | None) -> tuple[tuple[Bars, ...], list[Fault]]:
    results = [repair(bars, tick) for bars in reading.bars]
    mended = [*reading.faults, *(one for _, faults in results for one in faults)]
    return tuple(bars for bars, _ in results if len(bars.rows)), merged(mended)


def _left(one: Fault) -> Fault:
    return replace(one, what=f"after the repairs {one.what}", mend=None)


def _refuse(table: Table, series: Sequence[Bars], faults: Sequence[Fault]) -> None:
    problems = [problem(one, unit=table.unit, source=table.source) for one in faults]
    problems += [
        Problem(
            found=f"{bars.symbol} has {counted(len(bars.rows), 'readable bar')}, from which no timeframe can be told",
            accepted="two bars or more of each symbol",
            file=table.source,
        )
        for bars in series
        if len(bars.rows) < 2
    ]
    if not series:
        problems.append(Problem(found="no readable bar", accepted="two bars or more", file=table.source))
    if problems:
        raise InvalidInput(*problems)


def _candles(bars: Bars, source: str) -> Candles:
    # A widened or renamed bar may no longer hold the price that asked for so fine a unit.
    prices, scale = coarsest([getattr(bars, name) for name in PRICES], bars.scale)
    return Candles(
        symbol=bars.symbol,
        timeframe=common_spacing(bars.time),
        time=np.ascontiguousarray(bars.time),
        scale=scale,
        volume=np.ascontiguousarray(bars.volume),
        spread_bps=bars.spread_bps,
        bid=bars.bid,
        ask=bars.ask,
        source=source,
        **{name: np.ascontiguousarray(column) for name, column in zip(PRICES, prices)},
    )


def _notes(candles: Candles, *, named: bool) -> list[str]:
    lead = f"{candles.symbol}: " if named else ""
    notes = [_gaps(candles), _off_grid(candles), _narrow_floats(candles)]
    return [lead + note for note in notes if note is not None]


def _gaps(candles: Candles) -> str | None:
    spacing = np.diff(candles.time)
    wide = np.flatnonzero(spacing > candles.timeframe)
    if not len(wide):
        return None
    missing = int((-(-spacing[wide] // candles.timeframe) - 1).sum())
    at = int(wide[np.argmax(spacing[wide])])
    longest = f"the longest from {iso(candles.time[at])} to {iso(candles.time[at + 1])}"
    return f"{counted(len(wide), 'gap')}, {counted(missing, 'bar')} of {duration(candles.timeframe)} missing, {longest}; not filled"


def _off_grid(candles: Candles) -> str | None:
    phase = candles.time % candles.timeframe
    if bool((phase == phase[0]).all()):
        return None
    values, counts = np.unique(phase, return_counts=True)
    off = np.flatnonzero(phase != values[np.argmax(counts)])
    if not len(off):
        return None
    bars = counted(len(off), "bar")
    return f"{bars} off the grid of {duration(candles.timeframe)}, the first at {iso(candles.time[off[0]])}"


def _narrow_floats(candles: Candles) -> str | None:
    if candles.scale < _FLOAT32_SCALE:
        return None
    prices = np.concatenate([getattr(candles, name) for name in PRICES]) / 10.0**candles.scale
    if not (prices.astype(np.float32) == prices).all():
        return None
    return (
        f"prices look like 32-bit floats written out ({candles.scale} decimals): "
        "no sensible tick fits; give instrument.tick_size and --repair to round them"
    )

"""Liquidity-aware exits of a profile: market exits in parts, SOFT legs that turn HARD (spec P14, docs/decisions.md).

A market exit that may be cut goes through `leave`: what its bar takes is a leg at once, the rest waits in
`position.rests` and is sent at the opens that follow, the oldest first.

CHOICES
1. A rest is cut to what the position holds whenever the position shrinks, for good.
2. The room of a bar is a position's own; it counts only lots of exits that may be cut.
3. SOFT legs are asked after the orders of an open, so one question serves old and fresh ladders.
"""

import math
from dataclasses import dataclass

from .ledger import close_lots, slipped
from .planning import shrink


@dataclass(slots=True)
class Rest:
    """What is left of a market exit."""

    lots: int
    reason: str
    tag: tuple | None
    shrinks: bool


def room(position):
    """Lots that the bar still takes from this position."""
    liquidity, series = position.recipe.liquidity, position.series
    if liquidity is None or liquidity.max_share is None or not any(bar.volume for bar in series.bars):
        return position.lots
    instrument = series.instrument
    volume = series.bars[position.run_index].volume
    return math.floor(liquidity.max_share * volume / (instrument.lot * instrument.multiplier)) - position.taken


def leave(run, position, lots, base, bar, reason, tag=None, shrinks=False):
    """A market exit that may be cut; `shrinks` where a decision made it."""
    rest = Rest(min(lots, position.lots), reason, tag, shrinks)
    position.rests.append(rest)
    send(run, position, rest, base, bar)


def send_rests(run, position, bar):
    for rest in list(position.rests):
        if rest in position.rests:
            send(run, position, rest, bar.open, bar)


def send(run, position, rest, base, bar):
    """Sell what the bar takes of a rest, unless that is under the venue's minimum and not all of it."""
    instrument, before = position.series.instrument, position.lots
    part = min(rest.lots, room(position))
    price = slipped(base, -position.direction, run.settings["execution"]["slippage_bps"], bar)
    if part < rest.lots and instrument.too_small(part, price):
        return
    position.taken += part
    rest.lots -= part
    close_lots(run, position, part, base, bar, rest.reason, tag=rest.tag)
    if rest.shrinks and position.lots:
        shrink_legs(run, position, before)


def shrink_legs(run, position, before):
    noted = len(position.ladder.notes)
    shrink(position.ladder, position.series.instrument, before, position.lots)
    for text in position.ladder.notes[noted:]:
        run.note(position.run_time, position.series, text)


def harden(run, position, index):
    """At an open: SOFT legs that rest while the spread is wide become HARD for good."""
    liquidity, series = position.recipe.liquidity, position.series
    if liquidity is None or liquidity.max_spread is None or index == 0:
        return
    spread = series.spread(index - 1)
    if spread is None or spread <= liquidity.max_spread:
        return
    for target in position.ladder.targets:
        if target.kind == "SOFT":
            target.kind = "HARD"
            run.note(position.run_time, series, f"take_profit_{target.index} HARD: spread")

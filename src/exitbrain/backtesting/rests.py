"""Exits in a thin market (spec P14): what a bar takes of them, and the rests that the following opens sell.

A market exit above `max_volume_share` of its bar's volume is cut; the rest is a market order at each following open,
oldest exit first, before any other order of that open. Example, 10% of volumes 3, 4 and 50, a HARD rung of 1.0 met in
the first bar:

    bar 0: 0.3 at the rung · open of bar 1: 0.4 · open of bar 2: the last 0.3
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from exitbrain.core.numbers import fraction_of, plain
from exitbrain.core.profiles import TPProfile
from exitbrain.core.walk import NO_CAP

if TYPE_CHECKING:
    from exitbrain.backtesting.market import Market
    from exitbrain.backtesting.position import OpenPosition
    from exitbrain.backtesting.simulation import Line, Simulation


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """How an exit is written down, and whether it shrinks the open legs (spec P9): rungs and the trail do not."""

    reason: str
    category: str = "plan"
    trigger_id: str | None = None
    exit_fraction: Fraction | None = None
    shrinks: bool = True


@dataclass(slots=True)
class Rest:
    """Lots of a cut exit that are still to be sold."""

    leaving: Leaving
    lots: int


class Rests:
    """One position's rests, oldest first; `bar` is the last bar whose open they have seen.

    `parts` has the row of the lifecycle of every sale with what asked for it: the parts of one exit share that object.
    """

    __slots__ = ("bar", "max_spread", "parts", "share", "waiting")

    def __init__(self, share: Fraction | None, max_spread: Fraction | None) -> None:
        self.share = share
        self.max_spread = max_spread
        self.waiting: list[Rest] = []
        self.parts: list[tuple[Leaving, int]] = []
        self.bar = -1

    @classmethod
    def of(cls, profile: TPProfile | None) -> Rests | None:
        """None where the profile leaves liquidity out of account."""
        asked = None if profile is None else profile.liquidity
        if asked is None or (asked.max_spread_bps is None and asked.max_volume_share is None):
            return None
        share, spread = asked.max_volume_share, asked.max_spread_bps
        return cls(None if share is None else fraction_of(share), None if spread is None else fraction_of(spread))

    def cap(self, market: Market, bar: int) -> int:
        """Lots that the bar takes of this position's exits; NO_CAP where nothing limits them."""
        if self.share is None or not market.has_volumes:
            return NO_CAP
        return market.lots_traded(bar, self.share)

    def trim(self, held: int) -> None:
        """No rest is larger than the position."""
        for rest in self.waiting:
            rest.lots = min(rest.lots, held)
        self.waiting = [rest for rest in self.waiting if rest.lots]

    def first_parts(self) -> dict[int, int]:
        """Row of the lifecycle of each sale to the row of the first part of the same exit."""
        first: dict[int, int] = {}
        return {row: first.setdefault(id(leaving), row) for leaving, row in self.parts}

    def holds(self, reason: str) -> bool:
        return any(rest.leaving.reason == reason for rest in self.waiting)


def begin_bar(run: Simulation, line: Line, position: OpenPosition, bar: int, *, dropped: bool = False) -> None:
    """The open of `bar`, once: the bar's share, SOFT legs where the spread is wide, then the rests. They are `dropped`
    where an emergency exit takes all at this open."""
    rests = position.rests
    if rests is None or rests.bar >= bar:
        return
    rests.bar = bar
    position.set_cap(rests.cap(line.market, bar))
    harden(run, line, position, bar)
    if dropped:
        rests.waiting.clear()
    for rest in list(rests.waiting):
        ticks = run.executor.fill_ticks(line, bar, -position.side, at_open=True)
        part = position.part_taken(ticks, rest.lots)
        if part:
            rest.lots -= part
            position.see(int(line.market.open[bar]))
            run.executor.sell(line, position, part, ticks, bar, rest.leaving)
        if not position.lots:
            return


def harden(run: Simulation, line: Line, position: OpenPosition, bar: int) -> None:
    """SOFT legs that still rest become HARD for good where the spread known at the close before is too wide."""
    limit = None if position.rests is None else position.rests.max_spread
    spread = None if limit is None else run.decider.spread_at(line, bar - 1)
    if limit is None or spread is None or fraction_of(spread) <= limit:
        return
    names = [f"take_profit_{index}" for index in position.harden()]
    if names:
        becomes = "becomes" if len(names) == 1 else "become"
        asked = position.profile.liquidity.max_spread_bps if position.profile and position.profile.liquidity else None
        position.notes.append(f"{', '.join(names)} {becomes} HARD: the spread is {spread:.9g} bps, above {asked}")
        run.record_plan_note(line, position, bar, position.notes[-1])


def note_cut(run: Simulation, line: Line, position: OpenPosition, bar: int, reason: str, part: int, asked: int) -> None:
    """A plan note: what was cut, how much of how much, and the limit."""
    rests, quantity = position.rests, line.market.instrument.quantity
    assert rests is not None and rests.share is not None and position.profile is not None
    assert position.profile.liquidity is not None
    most = rests.cap(line.market, bar)
    limit = f"{position.profile.liquidity.max_volume_share} of the bar's volume is {plain(quantity(most))}"
    position.notes.append(f"{reason} sells {plain(quantity(part))} of {plain(quantity(asked))}: {limit}")
    run.record_plan_note(line, position, bar, position.notes[-1])

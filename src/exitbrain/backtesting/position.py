"""An open position in a run: its resting legs as the walk wants them, and what they did.

The ladder is planned by `core.ladder`; here it becomes arrays (mirrored for shorts), is walked by the compiled rules
or, where numbers are too wide for a machine word or the callback changes every bar, by the same rules as plain Python.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from exitbrain.backtesting.market import Market
from exitbrain.backtesting.rests import Leaving, Rest, Rests
from exitbrain.core import walk as rules
from exitbrain.core.ladder import Ladder, OpenLeg, Rung, shrink_legs
from exitbrain.core.numbers import fraction_of
from exitbrain.core.profiles import TPProfile
from exitbrain.core.stop_moves import REASONS, is_breakeven, move_after, moved_level, moves_after, reason_of
from exitbrain.core.trailing import ADAPTIVE_PERIOD, adapted, adaptive_ratio, atr_fraction

WIDE = 1 << 62
NARROW = 1 << 30  # a product of two of these, doubled, is still below WIDE
TRACE_ROOM = 256
FEW_BARS = 10_000
KEPT = (rules.PEAK, rules.WORST, rules.ARMED, rules.TRAIL, rules.CAP, rules.LEAST_LOTS, rules.LEAST_WORTH)
NO_DISTANCE = np.array([-1], dtype=np.int64)


class LegFill(NamedTuple):
    """A resting leg filled: in which bar, why, at how many ticks, how many lots, as maker or taker; and how many lots it
    asked for, of which a thin bar takes fewer, or none."""

    bar: int
    how: int
    ticks: int
    lots: int
    maker: bool
    asked: int

    @property
    def reason(self) -> str:
        return reason_of(self.how)


class StopMark(NamedTuple):
    bar: int
    ticks: int
    how: str


class OpenPosition:
    """Mutable on purpose: it is the walk's state with a name for each part."""

    __slots__ = (
        "market", "side", "profile", "ladder", "opening_ladder", "entry_bar", "entry_ticks", "opened_lots", "initial_risk",
        "state", "fills", "trace", "rungs", "callbacks", "distances", "compiled", "slip", "path", "through",
        "stop_marks", "seen_fills", "adaptive_base", "notes", "reduced", "adds", "attached", "lots", "number", "fill_count",
        "rests",
    )  # fmt: skip

    def __init__(
        self,
        market: Market,
        ladder: Ladder,
        profile: TPProfile | None,
        *,
        entry_bar: int,
        decided_at: int,
        entry_ticks: int,
        market_ticks: int,
        lots: int,
        first_bar: int,
        path: int,
        through: bool,
        slip: tuple[int, int],
        number: int,
        traced: bool = True,
    ) -> None:
        self.market = market
        self.side = ladder.side
        self.profile = profile
        self.ladder = self.opening_ladder = ladder
        self.entry_bar = entry_bar
        self.entry_ticks = entry_ticks
        self.opened_lots = self.lots = lots
        self.initial_risk = ladder.risk
        self.path = path
        self.through = through
        num, den = slip
        self.slip = (den - self.side * num, den)
        self.number = number
        self.fill_count = 0
        self.adds = 0
        self.stop_marks: list[StopMark] = []
        self.notes: list[str] = []
        self.reduced: dict[int, int] | None = None  # lots by leg after the last reduction of the ladder in force
        self.attached: dict[str, Any] = {}
        self.rests = Rests.of(profile)
        self.adaptive_base = self._adaptive_base(decided_at)
        self.distances: Any = None
        self.compiled = self._fits_a_machine_word()
        self.trace = self._room(TRACE_ROOM * rules.TRACE_SIZE if traced else 0)
        self.state: Any = None
        self._rest(ladder, stop=ladder.stop, peak=market_ticks * self.side, first_bar=first_bar)
        self._arm(first_bar)

    @property
    def opening_rungs(self) -> tuple[Rung, ...]:
        return self.opening_ladder.rungs

    # what rests

    def _fits_a_machine_word(self) -> bool:
        if self.profile is not None and (self.profile.adaptive is not None or self._moves_far()):
            return False
        if self.rests is not None:
            # Walked bar by bar, so the compiled rules would save nothing.
            return False
        if len(self.market) < FEW_BARS and "numba" not in sys.modules:
            # A small run is done before the compiler's library is loaded; the rules are the same.
            return False
        if self.opened_lots < NARROW and self._is_narrow():
            return True
        widest = self.slip[1] + abs(self.slip[0])
        if self.ladder.trail is not None:
            widest = max([widest, *(num + den for _, num, den in self.ladder.trail.callbacks)])
        levels = [abs(rung.level) for rung in self.ladder.rungs] + [self.market.largest_price, abs(self.ladder.stop)]
        if self.ladder.trail is not None:
            levels += [abs(level) for level, _, _ in self.ladder.trail.callbacks]
        return max(levels) * widest < WIDE and self.opened_lots < WIDE

    def _moves_far(self) -> bool:
        """Whether a stop move is so many R away that its level may leave a machine word."""
        assert self.profile is not None
        if not self.profile.stop_moves:
            return False
        plain = [move for move in self.profile.stop_moves if move.to not in ("breakeven", "previous_target")]
        return any(abs(moved_level(self.profile, self.ladder, move)) >= NARROW for move in plain)

    def _is_narrow(self) -> bool:
        """A quick yes for everyday numbers: prices and ratios well inside a machine word."""
        callbacks = self.ladder.trail.callbacks if self.ladder.trail else ()
        ratios = [self.slip[1], *(den for _, _, den in callbacks)]
        levels = [abs(rung.level) for rung in self.ladder.rungs] + [abs(level) for level, _, _ in callbacks]
        return self.market.largest_price < NARROW and max(ratios) < NARROW and max(levels, default=0) < NARROW

    def _ints(self, values: list[int]) -> Any:
        return np.array(values, dtype=np.int64) if self.compiled else list(values)

    def _room(self, size: int) -> Any:
        return np.zeros(size, dtype=np.int64) if self.compiled else [0] * size

    def _columns(self, rows: Sequence[tuple[int, ...]], width: int) -> list[Any]:
        """Each column of the rows; compiled, they are views of one array."""
        if not self.compiled:
            return [list(column) for column in zip(*rows)] if rows else [[] for _ in range(width)]
        block = np.array([row[i] for i in range(width) for row in rows], dtype=np.int64)
        return [block[i * len(rows) : (i + 1) * len(rows)] for i in range(width)]

    def _rest(self, ladder: Ladder, *, stop: int, peak: int, first_bar: int, stop_kind: int = rules.BY_STOP) -> None:
        side = self.side
        self.ladder = ladder
        self.reduced = None
        self.notes.extend(ladder.notes)
        self._place_rungs(ladder)
        trail = ladder.trail
        callbacks = () if trail is None else trail.callbacks
        rows = [(side * level, den - side * num, den) for level, num, den in callbacks]
        self.callbacks = tuple(self._columns(rows, 3))
        mode = rules.NO_TRAIL
        if trail is not None:
            mode = rules.PERCENT
            if self.profile is not None and self.profile.atr_trail is not None:
                mode = rules.DISTANCE
                chandelier = self.profile.atr_trail
                column = self.market.distances(chandelier.period, chandelier.mult)
                self.distances = column if self.compiled else column.tolist()
        if self.distances is None:
            self.distances = NO_DISTANCE if self.compiled else [-1]
        state = [0] * rules.STATE_SIZE
        state[rules.QTY] = self.lots
        state[rules.STOP] = side * stop
        state[rules.STOP_KIND] = stop_kind
        state[rules.PEAK] = state[rules.WORST] = peak
        state[rules.TRAIL] = -WIDE
        state[rules.STAGE] = -1
        state[rules.RUNNER] = ladder.runner
        state[rules.MODE] = mode
        state[rules.STEP] = self.market.step_of(first_bar)
        state[rules.CAP] = rules.NO_CAP
        self.state = self._ints(state)
        self.seen_fills = 0
        self._mark(first_bar, stop, REASONS[stop_kind])

    def _arm(self, bar: int) -> None:
        """The peak so far may already be past the activation: the trail stands from here on."""
        if bar >= len(self.market):
            return
        if self.adaptive_base is not None:
            self._adapt(bar)
        distance = int(self.distances[self.market.step_of(bar)]) if len(self.distances) > 1 else -1
        rules.raise_peak(self.state, self.trace, self.state[rules.PEAK], distance, *self.callbacks)

    def _place_rungs(self, ladder: Ladder) -> None:
        side, stays = self.side, (rules.STAY, 0)
        has_moves = self.profile is not None and bool(self.profile.stop_moves)
        rows = []
        for rung in ladder.rungs:
            level = side * rung.level
            meet = level + 1 if rung.soft and self.through else level
            rows.append(
                (
                    meet,
                    rung.index,
                    level,
                    rung.lots,
                    int(rung.soft),
                    *(move_after(self.profile, ladder, rung.index) if has_moves else stays),
                )
            )
        rows.sort()
        meet, index, level, lots, soft, move, move_to = self._columns(rows, 7)
        self.rungs = (meet, level, lots, soft, index, move, move_to)
        self.fills = self._room((len(rows) + 2) * rules.FILL_SIZE)

    def void_stop_moves(self) -> list[str]:
        """Plan notes for stop moves whose leg was merged away."""
        if self.profile is None or not self.profile.stop_moves:
            return []
        resting = {rung.index for rung in self.ladder.rungs}
        return [
            f"the stop move after take_profit_{move.after_leg} is void: that leg was merged away"
            for move in self.profile.stop_moves
            if move.after_leg not in resting
        ]

    # walking

    def walk(
        self, bar: int, *, through_open: bool = False, ask: Callable[[OpenPosition], int] | None = None
    ) -> Iterator[LegFill]:
        """Walk to before `bar` (or just past its open) and yield what filled, in order of happening."""
        if not through_open and self.adaptive_base is None and self.state[rules.STEP] >= self.market.step_of(bar):
            return
        while self.lots:
            until, opening, last = self.market.step_of(bar), through_open, True
            if self.adaptive_base is not None:
                here = self.market.bar_of(self.state[rules.STEP])
                if self.state[rules.PHASE] == 0:
                    self._adapt(here)
                if here < bar:
                    until, opening, last = self.market.step_of(here + 1), False, False
            result = self._run(until, opening)
            yield from self._filled()
            if result == rules.ASK:
                assert ask is not None
                self._move_as_asked(ask(self))
            elif result == rules.FULL:
                self._take_marks()
            elif last:
                return

    def _run(self, until: int, through_open: bool) -> int:
        if self.compiled:
            function, columns = self.market.compiled_walk, self.market.steps(self.side)
        else:
            function, columns = rules.walk, self.market.lists[self.side]
        return function(
            *columns, self.distances, until, int(through_open), self.side, self.path, *self.slip,
            self.state, self.fills, self.trace, *self.rungs, *self.callbacks,
        )  # fmt: skip

    def _filled(self) -> Iterator[LegFill]:
        count = int(self.state[rules.FILLS])
        while self.seen_fills < count:
            at = self.seen_fills * rules.FILL_SIZE
            row = self.fills[at : at + rules.FILL_SIZE]
            step, how, price, lots, maker, asked = row.tolist() if self.compiled else row
            self.seen_fills += 1
            self.lots -= lots
            fill = LegFill(self.market.bar_of(step), how, self.side * price, lots, bool(maker), asked)
            if self.rests is not None:
                self.rests.trim(self.lots)
                if lots < asked:
                    self.rests.waiting.append(Rest(Leaving(reason=fill.reason, shrinks=False), asked - lots))
            yield fill

    def _move_as_asked(self, breakeven_with_fees: int) -> None:
        """The moves after the leg that filled last, where one of them counts fees."""
        leg = int(self.fills[(self.seen_fills - 1) * rules.FILL_SIZE + 1]) - rules.TARGET
        assert self.profile is not None
        for move in moves_after(self.profile, leg):
            with_fees = move.fees and is_breakeven(move)
            level = breakeven_with_fees if with_fees else moved_level(self.profile, self.ladder, move)
            self.move_stop(level, rules.BY_BREAKEVEN if is_breakeven(move) else rules.BY_STOP)

    def move_stop(self, ticks: int, how: int) -> None:
        """Move the stop, never looser."""
        rules.move_stop(self.state, self.trace, self.side * ticks, how)

    # a callback that follows volatility

    def _adaptive_base(self, decided_at: int) -> Fraction | None:
        """ATR of the bar at whose close the opening was decided; 0 where it is unknown, None without the option."""
        if self.profile is None or self.profile.adaptive is None:
            return None
        return self._atr_at(decided_at)

    def _atr_at(self, bar: int) -> Fraction:
        return atr_fraction(float(self.market.atr(ADAPTIVE_PERIOD)[bar]) if bar >= 0 else None)

    def _adapt(self, bar: int) -> None:
        """Callbacks of this bar: callback × clamp(ATR now ÷ ATR at entry); the trail follows before the open."""
        assert self.profile is not None and self.profile.adaptive is not None
        assert self.adaptive_base is not None
        least, most = fraction_of(self.profile.adaptive.min), fraction_of(self.profile.adaptive.max)
        ratio = adaptive_ratio(least, most, self._atr_at(bar - 1), self.adaptive_base)
        trail = self.ladder.trail
        if trail is None:
            return
        for i, multiplier in enumerate(adapted(trail.callbacks, self.side, ratio)):
            self.callbacks[1][i], self.callbacks[2][i] = multiplier
        if self.state[rules.ARMED] and self.state[rules.MODE] == rules.PERCENT:
            stage = self.state[rules.STAGE]
            level = rules.trail_level(self.state[rules.PEAK], self.callbacks[1][stage], self.callbacks[2][stage])
            rules.raise_trail(self.state, self.trace, level)

    # what triggers and adds change

    @property
    def stop_ticks(self) -> int:
        return self.side * int(self.state[rules.STOP])

    @property
    def peak_ticks(self) -> int:
        return self.side * int(self.state[rules.PEAK])

    @property
    def worst_ticks(self) -> int:
        return self.side * int(self.state[rules.WORST])

    def open_legs(self) -> list[OpenLeg]:
        """The legs not yet hit, as they rest now, in order of their numbers."""
        _, levels, lots, _, indices, *_ = (column.tolist() if self.compiled else column for column in self.rungs)
        return sorted([OpenLeg(*leg) for leg in zip(indices, [self.side * level for level in levels], lots) if leg[2]])

    def sell(self, lots: int) -> None:
        """`lots` left, and the open legs stay as they are."""
        self.lots -= lots
        self.state[rules.QTY] = self.lots
        if self.rests is not None:
            self.rests.trim(self.lots)

    def reduce(self, lots: int, bar: int) -> None:
        """A trigger took `lots`: open legs shrink in proportion (spec P9)."""
        before = self.lots
        self.sell(lots)
        if not self.lots:
            return
        legs, runner, notes = shrink_legs(
            self.open_legs(),
            int(self.state[rules.RUNNER]),
            self.ladder.entry,
            self.market.instrument,
            before,
            self.lots,
        )
        self.reduced = {leg.number: leg.lots for leg in legs}
        lots_of = self.rungs[2]
        for k, index in enumerate(self.rungs[4]):
            lots_of[k] = self.reduced.get(int(index), 0)
        rules.skip_filled(self.state, lots_of)
        self.state[rules.RUNNER] = runner
        self.notes.extend(notes)

    def replan(self, ladder: Ladder, stop: int, lots: int, bar: int) -> None:
        """A scale-in: a fresh ladder for the whole position under the stop in force; peak and a raised trail stay
        (spec F20, F35)."""
        kept = {place: int(self.state[place]) for place in KEPT}
        present, kind = int(self.state[rules.STOP]), int(self.state[rules.STOP_KIND])
        self._take_marks()
        self.lots += lots
        self.adds += 1
        stays = self.side * stop <= present
        self._rest(ladder, stop=stop, peak=kept[rules.PEAK], first_bar=bar, stop_kind=kind if stays else rules.BY_STOP)
        for place, value in kept.items():
            self.state[place] = value
        if self.state[rules.ARMED]:
            self.state[rules.STAGE] = 0
        self._arm(bar)

    def see(self, ticks: int) -> None:
        """A price that the position lived through outside its walk: an open at which an order fills."""
        price = self.side * ticks
        self.state[rules.PEAK] = max(self.state[rules.PEAK], price)
        self.state[rules.WORST] = min(self.state[rules.WORST], price)

    # a thin market

    def still_sells(self, reason: str) -> bool:
        """Whether part of such an exit is unsold."""
        return self.rests is not None and self.rests.holds(reason)

    @property
    def bar(self) -> int:
        """The bar in which the walk stands."""
        return self.market.bar_of(int(self.state[rules.STEP]))

    def set_cap(self, lots: int) -> None:
        """What this bar takes of market exits, and the venue's minimum of a part."""
        instrument = self.market.instrument
        self.state[rules.CAP] = lots
        least = (
            0 if instrument.min_quantity is None else Fraction(instrument.min_quantity) / Fraction(instrument.lot_size)
        )
        worth = (
            0
            if instrument.min_notional is None
            else Fraction(instrument.min_notional) / Fraction(instrument.money_unit)
        )
        self.state[rules.LEAST_LOTS], self.state[rules.LEAST_WORTH] = math.ceil(least), math.ceil(worth)

    def part_taken(self, ticks: int, lots: int) -> int:
        """Lots of a market exit at `ticks` that the bar takes now."""
        return rules.part_taken(self.state, ticks, lots)

    def harden(self) -> list[int]:
        """SOFT legs that still rest become HARD; their numbers."""
        meet, level, lots, soft, index, move, move_to = self.rungs
        resting = [k for k in range(len(meet)) if lots[k] and soft[k]]
        if resting:
            numbers = {index[k] for k in resting}
            rungs = (replace(rung, soft=rung.soft and rung.index not in numbers) for rung in self.ladder.rungs)
            self.ladder = replace(self.ladder, rungs=tuple(rungs))
            for k in resting:
                meet[k], soft[k] = level[k], 0
            rows = sorted(zip(meet, index, level, lots, soft, move, move_to))
            meet, index, level, lots, soft, move, move_to = self._columns(rows, 7)
            self.rungs = (meet, level, lots, soft, index, move, move_to)
            self.state[rules.NEXT] = 0
            rules.skip_filled(self.state, lots)
            return sorted(numbers)
        return []

    # the stop's path

    def _mark(self, bar: int, ticks: int, how: str) -> None:
        self.stop_marks.append(StopMark(bar, ticks, how))

    def _take_marks(self) -> None:
        for i in range(int(self.state[rules.TRACES])):
            step, level, how = (int(x) for x in self.trace[i * rules.TRACE_SIZE : (i + 1) * rules.TRACE_SIZE])
            self._mark(self.market.bar_of(step), self.side * level, REASONS[how])
        self.state[rules.TRACES] = 0

    def put_away(self) -> None:
        """The position is flat for good: of its walk only the stop's path is kept."""
        self._take_marks()
        self.fills = self.trace = self.rungs = self.callbacks = self.distances = ()

    def stop_path(self) -> list[StopMark]:
        self._take_marks()
        return list(self.stop_marks)

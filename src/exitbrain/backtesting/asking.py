"""Which bars of one symbol have to be asked, and which triggers speak there.

A rule that reads no position is a column of truths; packed bit by bit, a bar's row says in one number who fires. Such a
trigger is worth asking where its rule is true and, once it is used up, where the rule next turns false. A rule that
reads the position is valued ahead (`looking_ahead`) at the bars at which its market part leaves it open.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.backtesting.looking_ahead import Loose, next_visit
from exitbrain.backtesting.triggers import BoundTrigger
from exitbrain.core.triggers import Rearm

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from exitbrain.backtesting.position import OpenPosition
    from exitbrain.core.rules import Value

    Marks = NDArray[np.bool_]

NEVER = 1 << 62
FAR = 64  # bars with a true exit rule that are looked at before somebody has to come by


def bits(mask: int) -> Iterator[int]:
    """The places of the ones, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class Board:
    """The triggers of one symbol over its bars. Where `independent`, entry rules see a flat symbol (spec F28)."""

    def __init__(self, triggers: Sequence[BoundTrigger], bars: int, *, independent: bool = False) -> None:
        self.triggers = tuple(triggers)
        self._none = np.zeros(bars, dtype=bool)
        exits = [trigger.exit_marks for trigger in triggers]
        entries = [trigger.entry_marks for trigger in triggers]
        packed_exits = self._packed(exits)
        self._flat_entries = self._packed([trigger.flat_entry_marks for trigger in triggers])
        self._exits_of = _Rows(packed_exits)
        self._entries_of = _Rows(self._packed(entries))
        self._flat_entries_of = _Rows(self._flat_entries)
        self.open_exits = tuple(i for i, marks in enumerate(exits) if marks is None)
        self.open_entries = tuple(i for i, marks in enumerate(entries) if marks is None)
        self._speaks = {side: self._mask(trigger.side in (0, side) for trigger in triggers) for side in (1, -1)}
        self._places = {trigger.id: i for i, trigger in enumerate(triggers)}
        self._exit_bars = {side: memoryview(self._bars_of(packed_exits, self._speaks[side])) for side in (1, -1)}
        self._unforeseen = tuple(i for i in self.open_entries if not triggers[i].foresees_entry)
        loose = [Loose(triggers[i], triggers[i].exit, is_entry=False) for i in self.open_exits]
        if not independent:
            loose += [Loose(triggers[i], triggers[i].entry, is_entry=True) for i in self.open_entries]
        self.loose = tuple(loose)
        self.latching = tuple(trigger for trigger in triggers if trigger.condition.latch and trigger.exit is not None)
        self.reads_position = bool(self.open_exits or self.open_entries) or any(
            trigger.hold is not None and trigger.hold.reads_position for trigger in triggers
        )

    # what is known beforehand

    @staticmethod
    def _mask(yes: Iterator[bool]) -> int:
        return sum(1 << i for i, each in enumerate(yes) if each)

    def _packed(self, marks: Sequence[Marks | None]) -> NDArray[np.uint8]:
        rows = np.zeros((len(self._none), (len(marks) + 7) // 8), dtype=np.uint8)
        for i, column in enumerate(marks):
            if column is not None:
                rows[:, i // 8] |= column.astype(np.uint8) << np.uint8(i % 8)
        return rows

    def _bars_of(self, rows: NDArray[np.uint8], mask: int) -> NDArray[np.int64]:
        wanted = np.frombuffer(mask.to_bytes(rows.shape[1], "little"), dtype=np.uint8)
        found = self._none.copy()
        for column, of_it in zip(rows.T, wanted):
            found |= (column & of_it) != 0
        return np.flatnonzero(found)

    def flat_entry_bars(self) -> NDArray[np.bool_]:
        """Bars at which an entry rule fires for a flat symbol; every bar where that is not known beforehand."""
        found = self._none.copy()
        for column in self._flat_entries.T:
            found |= column != 0
        return found

    # at a bar

    def trigger(self, name: str) -> BoundTrigger:
        return self.triggers[self._places[name]]

    def entries_at(self, bar: int, position: OpenPosition | None, view: Mapping[str, Value]) -> int:
        """Triggers whose entry rule is true, as bits; `position` None where rules see a flat symbol."""
        if position is None:
            fired, asked = self._flat_entries_of.at(bar), self._unforeseen
        else:
            fired, asked = self._entries_of.at(bar), self.open_entries
        if position is not None and position.attached.get("visit", bar) > bar:
            return fired
        for place in asked:
            trigger = self.triggers[place]
            is_true = trigger.entry is not None and trigger.is_asked(bar) and trigger.entry.at(bar, view) is True
            fired = fired | 1 << place if is_true else fired & ~(1 << place)
        return fired

    def exits_at(self, bar: int, position: OpenPosition, view: Mapping[str, Value]) -> int:
        """Triggers whose exit rule fires for this position, as bits; a definite false of a rule that reads the position
        re-arms its trigger on the way."""
        fired = self._armed_exits_at(bar, position)
        # Where the position was valued ahead to a later bar, its own rules have nothing to say here.
        if position.attached.get("visit", bar) <= bar:
            for place in self.open_exits:
                if self.triggers[place].fires(position, bar, view):
                    fired |= 1 << place
        return fired

    def _armed_exits_at(self, bar: int, position: OpenPosition) -> int:
        """Of the rules that read no position."""
        fired = self._exits_of.at(bar) & self._speaks[position.side]
        if fired:
            for name, armed_at in position.attached["used"].items():
                if armed_at > bar:
                    fired &= ~(1 << self._places[name])
        return fired

    # what a firing uses up

    def use(self, position: OpenPosition, name: str, bar: int) -> None:
        """A trigger's exit won at `bar`: until its rule is definitely false it is used up (spec T6, F14)."""
        trigger, attached = self.trigger(name), position.attached
        attached["used"][name] = self._armed_again(trigger, bar)
        attached.pop("fires", None)

    def expect_order(self, position: OpenPosition, bar: int) -> None:
        """An order was decided at `bar`: the position is valued ahead when that has filled, not before."""
        if self.loose:
            position.attached["visit"] = bar + 1

    @staticmethod
    def _armed_again(trigger: BoundTrigger, bar: int) -> int:
        """The first bar after `bar` at which a used up trigger's rule is false, where the position has no part in it."""
        if not trigger.rearms or trigger.fires_again:
            return bar
        if trigger.condition.rearm is not Rearm.EDGE or trigger.exit_marks is None:
            return NEVER
        found = trigger.next_false(bar)
        return NEVER if found is None else found

    def pass_over(self, position: OpenPosition, bar: int) -> None:
        """Exit rules are not evaluated at `bar`, so nothing re-arms there (spec F16)."""
        used: dict[str, int] = position.attached["used"]
        for name, armed_at in used.items():
            if armed_at == bar and self.trigger(name).rearms:
                used[name] = self._armed_again(self.trigger(name), bar)
        position.attached.pop("fires", None)

    def next_visit(self, position: OpenPosition, bar: int) -> int | None:
        """The next bar after `bar` at whose close this position's triggers have something to say."""
        found = self._next_firing(position, bar)
        if self.loose:
            ahead = position.attached.get("visit")
            if ahead is None or ahead <= bar:
                ahead = position.attached["visit"] = next_visit(position, bar, self.loose)
            found = min(found, ahead)
        return None if found == NEVER else found

    def _next_firing(self, position: OpenPosition, bar: int) -> int:
        """The next bar at which an exit rule that reads no position fires, or that is far enough to ask again."""
        known: int = position.attached.get("fires", bar)
        if known > bar:
            return known
        bars = self._exit_bars[position.side]
        first = bisect_right(bars, bar)
        found = NEVER
        for place in range(first, min(first + FAR, len(bars))):
            found = bars[place]
            if self._armed_exits_at(found, position):
                break
        position.attached["fires"] = found
        return found


class _Rows:
    """Bit by bit what a bar's row of marks holds, as one number."""

    def __init__(self, rows: NDArray[np.uint8]) -> None:
        self._bytes, self._width = rows.tobytes(), rows.shape[1]

    def at(self, bar: int) -> int:
        start = bar * self._width
        return int.from_bytes(self._bytes[start : start + self._width], "little")

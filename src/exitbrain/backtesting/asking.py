"""Which bars of one symbol have to be asked, and which triggers speak there.

A rule that reads no position is a column of truths; packed bit by bit, a bar's row says in one number who fires. Such a
trigger is worth asking where its rule is true and, once it is used up, where the rule next turns false. A rule that
reads the position is valued ahead (`looking_ahead`) at the bars at which its market part leaves it open.
"""

from __future__ import annotations

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
        self._exits = self._packed(exits)
        self._entries = self._packed(entries)
        self._flat_entries = self._packed([trigger.flat_entry_marks for trigger in triggers])
        self.open_exits = tuple(i for i, marks in enumerate(exits) if marks is None)
        self.open_entries = tuple(i for i, marks in enumerate(entries) if marks is None)
        self._speaks = {side: self._mask(trigger.side in (0, side) for trigger in triggers) for side in (1, -1)}
        self._used_up = self._mask(trigger.rearms and not trigger.fires_again for trigger in triggers)
        self._places = {trigger.id: i for i, trigger in enumerate(triggers)}
        self._exit_bars = {side: self._bars_of(self._exits, self._speaks[side]) for side in (1, -1)}
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
        rows, asked = (self._flat_entries, self._unforeseen) if position is None else (self._entries, self.open_entries)
        fired = int.from_bytes(rows[bar].tobytes(), "little")
        if position is not None and position.attached.get("visit", bar) > bar:
            return fired
        for place in asked:
            trigger = self.triggers[place]
            is_true = trigger.entry is not None and trigger.is_asked(bar) and trigger.entry.at(bar, view) is True
            fired = fired | 1 << place if is_true else fired & ~(1 << place)
        return fired

    def exits_at(self, bar: int, position: OpenPosition, view: Mapping[str, Value]) -> int:
        """Triggers whose exit rule fires for this position, as bits; a definite false re-arms one on the way."""
        used: set[str] = position.attached["used"]
        fired = int.from_bytes(self._exits[bar].tobytes(), "little") & self._speaks[position.side]
        if used:
            self._rearm(position, bar)
            for name in used:
                place = self._places.get(name)
                if place is not None:
                    fired &= ~(1 << place & self._used_up)
        # Where the position was valued ahead to a later bar, its own rules have nothing to say here.
        if position.attached.get("visit", bar) <= bar:
            for place in self.open_exits:
                if self.triggers[place].fires(position, bar, view):
                    fired |= 1 << place
        return fired

    def _rearm(self, position: OpenPosition, bar: int) -> None:
        """A definite false of a rule that reads no position arms its trigger again (spec T6, F14)."""
        used: set[str] = position.attached["used"]
        for trigger in self._waiting(position):
            if trigger.false_here(bar):
                used.discard(trigger.id)

    def _waiting(self, position: OpenPosition) -> list[BoundTrigger]:
        """Used up triggers whose rule, which reads no position, may arm them again."""
        found = []
        for name in position.attached["used"]:
            place = self._places.get(name)
            if place is not None:
                trigger = self.triggers[place]
                is_edge = trigger.rearms and trigger.condition.rearm is Rearm.EDGE
                if is_edge and trigger.exit_marks is not None and trigger.speaks_to(position):
                    found.append(trigger)
        return found

    def next_visit(self, position: OpenPosition, bar: int) -> int | None:
        """The next bar after `bar` at whose close this position's triggers have something to say."""
        found = [_after(self._exit_bars[position.side], bar)]
        if position.attached["used"]:
            found += [_after(trigger.false_starts, bar) for trigger in self._waiting(position)]
        if self.loose:
            ahead = position.attached.get("visit")
            if ahead is None or ahead <= bar:
                ahead = position.attached["visit"] = next_visit(position, bar, self.loose)
            found.append(ahead)
        return min((one for one in found if one is not None), default=None)


def _after(bars: NDArray[np.int64], bar: int) -> int | None:
    at = int(bars.searchsorted(bar, side="right"))
    return int(bars[at]) if at < len(bars) else None

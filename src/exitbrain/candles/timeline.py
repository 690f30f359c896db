"""Rows that must stand in time order, each time once: the order of funding and quotes files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exitbrain.candles.faults import Fault, fault, problem
from exitbrain.candles.tables import Table
from exitbrain.candles.timestamps import iso
from exitbrain.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray


def order_faults(rows: NDArray[np.int64], time: NDArray[np.int64]) -> list[Fault]:
    steps = np.diff(time)
    found = []
    for what, wrong, accepted in (
        ("time goes back", np.flatnonzero(steps < 0) + 1, "rows sorted by time, oldest first"),
        ("a time is repeated", np.flatnonzero(steps == 0) + 1, "one row a time"),
    ):
        if len(wrong):
            samples = (iso(time[at]) for at in wrong.tolist())
            found.append(fault(what, rows[wrong], samples, accepted=accepted, mend=None))
    return found


def refuse(table: Table, faults: list[Fault]) -> None:
    """These files have no --repair: the faults are told without it."""
    if faults:
        raise InvalidInput(*(problem(_unmendable(one), unit=table.unit, source=table.source) for one in faults))


def _unmendable(one: Fault) -> Fault:
    return Fault(what=one.what, rows=one.rows, samples=one.samples, accepted=one.accepted)

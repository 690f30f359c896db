"""How a fault of a file is told: what is wrong, how often, in which rows first, what would be accepted.

One `Fault` is one kind of fault. The same fault words the refusal (`problem`) and, when it has been mended,
the line in the list of repairs (`repair_sentence`), so that the two never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from exitbrain.errors import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fault:
    """`rows` are numbers as a reader counts them: lines of a text file, else rows from 1."""

    what: str
    rows: NDArray[np.int64]
    samples: tuple[str, ...]
    accepted: str
    mend: str | None = None
    mended: str = "dropped"


def fault(
    what: str, rows: NDArray[np.int64], sample_of: Iterable[str], *, accepted: str, mend: str | None, mended: str = ""
) -> Fault:
    shown = tuple(sample for sample, _ in zip(sample_of, range(SHOWN)))
    return Fault(what=what, rows=rows, samples=shown, accepted=accepted, mend=mend, mended=mended or "dropped")


def merged(faults: Sequence[Fault]) -> list[Fault]:
    """Several symbols of one file can have the same fault: one line tells of all of them."""
    kinds: dict[str, Fault] = {}
    for one in faults:
        before = kinds.get(one.what)
        kinds[one.what] = one if before is None else _joined(before, one)
    return list(kinds.values())


def problem(one: Fault, *, unit: str, source: str | None) -> Problem:
    shown = ", ".join(f"{unit} {row} ({sample})" for row, sample in zip(one.rows, one.samples))
    more = ", …" if len(one.rows) > len(one.samples) else ""
    accepted = one.accepted if one.mend is None else f"{one.accepted}; --repair {one.mend}"
    return Problem(
        found=f"{one.what} in {counted(len(one.rows), 'row')}: {shown}{more}",
        accepted=accepted,
        file=source,
        line=int(one.rows[0]) if unit == "line" else None,
    )


def repair_sentence(one: Fault, *, unit: str) -> str:
    shown = ", ".join(str(row) for row in one.rows[:SHOWN])
    more = ", …" if len(one.rows) > SHOWN else ""
    plural = unit if len(one.rows) == 1 else f"{unit}s"
    return f"{one.mended} {counted(len(one.rows), 'row')}: {one.what} ({plural} {shown}{more})"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _joined(one: Fault, other: Fault) -> Fault:
    rows = np.concatenate([one.rows, other.rows])
    samples = dict(zip(one.rows.tolist(), one.samples)) | dict(zip(other.rows.tolist(), other.samples))
    rows.sort()
    return replace(one, rows=rows, samples=tuple(samples[row] for row in rows[:SHOWN].tolist() if row in samples))

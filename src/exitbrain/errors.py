"""What can go wrong, sorted by what the reader must do.

Fix the input: `InvalidInput` (exit status 2). Provide what is missing and try again: `Unavailable` (3).
Call a human: `Halted` (4). A guard's *no* is a value, never one of these.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One fault of an input: what was found, where, and what would be accepted.

    `at` is the way to it inside a value, for a loader that knows on which line that part is written.
    """

    found: str
    accepted: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    at: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        where = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        accepted = f"; accepted: {self.accepted}" if self.accepted else ""
        return one_line(f"{where}: {self.found}{accepted}" if where else f"{self.found}{accepted}")


def one_line(text: str) -> str:
    """Line breaks and control codes as escapes: what is told comes from files, and must not move a terminal's cursor."""
    return text if text.isprintable() else "".join(one if one.isprintable() else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_out_of_space(error: BaseException) -> bool:
    """Whether a disk, or someone's share of it, is full. Polars tells it in words only."""
    if isinstance(error, OSError):
        return error.errno in NO_SPACE
    return any(f"(os error {number})" in str(error) for number in NO_SPACE)


class ExitBrainError(Exception):
    exit_status = 1


class InvalidInput(ExitBrainError, ValueError):
    """The input must be fixed. Carries one `Problem` per fault; `str` is one line per problem."""

    exit_status = 2

    def __init__(self, *problems: Problem | str, accepted: str | None = None) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            Problem(found=p, accepted=accepted) if isinstance(p, str) else p for p in problems
        )
        super().__init__("\n".join(str(p) for p in self.problems))


class Unavailable(ExitBrainError):
    """Something needed is not there now: a package, a file that another program holds, a network."""

    exit_status = 3


class Halted(ExitBrainError):
    """Stopped for safety; a person has to look."""

    exit_status = 4

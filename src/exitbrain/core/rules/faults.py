"""The one error of the rule language, and the picture of it: a caret under the fault."""

from __future__ import annotations

from exitbrain.core.rules.nodes import Span
from exitbrain.errors import InvalidInput, Problem

WIDTH = 100


class RuleError(InvalidInput):
    """A rule that cannot be read. `line` and `column` start at 1; `length` is that of the fault, at least 1."""

    def __init__(
        self, message: str, *, line: int, column: int, length: int = 1, accepted: str | None = None,
        nearest: str | None = None,
    ) -> None:  # fmt: skip
        self.message, self.nearest = message, nearest
        self.line, self.column, self.length = line, column, max(1, length)
        if nearest is not None:
            accepted = f"did you mean {nearest}?"
        super().__init__(Problem(found=message, accepted=accepted, line=line, column=column))


def fault(text: str, span: Span, message: str, *, accepted: str | None = None, nearest: str | None = None) -> RuleError:
    """The error for a part of the text, given by its offsets."""
    start, end = span
    line = text.count("\n", 0, start) + 1
    column = start - (text.rfind("\n", 0, start) + 1) + 1
    return RuleError(message, line=line, column=column, length=end - start, accepted=accepted, nearest=nearest)


def caret(text: str, error: RuleError) -> str:
    """The faulty line and, under it, a caret for each faulty character; a long line is cut around the fault."""
    lines = text.split("\n", error.line)  # and no further: the text may be a megabyte of lines
    line = lines[error.line - 1] if error.line <= len(lines) else ""
    first = max(0, error.column - 1 - WIDTH // 2)
    shown = "".join(_printable(character) for character in line[first : first + WIDTH])
    before = error.column - 1 - first
    marks = "^" * max(1, min(error.length, len(shown) - before))
    return f"{shown.rstrip()}\n{' ' * before}{marks}"


def _printable(character: str) -> str:
    """One column wide, so that the caret stays under its fault and no control code reaches a terminal."""
    if " " <= character <= "~":
        return character
    return " " if character in "\t\r" else "?"

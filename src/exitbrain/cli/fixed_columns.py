"""Long tables as lines of fixed columns: thousands of rows at once, never wider than the terminal.

Columns that do not fit are left out, the least telling first; the last column of text is folded under itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from rich.console import Console
from rich.text import Text

from exitbrain.errors import one_line

GAP = "  "
NARROWEST_FOLD = 16
LEAST_TO_READ = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """`cells` are texts; a column of rank 0 always stays; a tinted one shows gains green and losses red."""

    heading: str
    cells: Sequence[str]
    rank: int = 0
    numeric: bool = False
    tinted: bool = False

    @property
    def width(self) -> int:
        return (
            max(map(len, self.cells), default=0) if not self.heading else max(len(self.heading), *map(len, self.cells))
        )

    @property
    def is_empty(self) -> bool:
        return not any(cell.strip("- ") for cell in self.cells)


def fitting(columns: Sequence[Column], width: int) -> list[Column]:
    """Without empty optional columns, and without the highest ranks until the rest fits."""
    kept = [column for column in columns if not column.rank or not column.is_empty]
    while _total(kept) > width:
        highest = max(column.rank for column in kept)
        if not highest:
            break
        kept.remove(next(column for column in reversed(kept) if column.rank == highest))
    return kept


def lines(columns: Sequence[Column], width: int, indent: str = "") -> Iterator[list[Text]]:
    """The heading, then the lines of each row (several where its last cell is folded)."""
    widths = [column.width for column in columns]
    last = width - len(indent) - sum(widths[:-1]) - len(GAP) * (len(columns) - 1)
    folds = not columns[-1].numeric and widths[-1] > last
    widths[-1] = max(last, NARROWEST_FOLD) if folds else widths[-1]
    yield [Text(indent + _line([column.heading for column in columns], columns, widths), style="bold")]
    for cells in zip(*(column.cells for column in columns)):
        folded = (wrap(cells[-1], widths[-1], break_on_hyphens=False) or [""]) if folds else [cells[-1]]
        first = Text(indent) + _tinted([*cells[:-1], folded[0]], columns, widths)
        lead = " " * (len(indent) + sum(widths[:-1]) + len(GAP) * (len(columns) - 1))
        yield [first, *(Text(lead + rest) for rest in folded[1:])]


def print_columns(out: Console, columns: Sequence[Column], below: Column | None = None) -> None:
    """`below` is the last column where it has room to read, else it stands under each row."""
    if below is not None:
        kept = fitting(columns, out.width)
        if out.width - _total(kept) - len(GAP) < min(below.width, LEAST_TO_READ):
            heading, *rows = lines(kept, out.width)
            print_line(out, heading[0])
            for row, words in zip(rows, below.cells, strict=True):
                for line in [*row, *map(Text, _under(words, out.width))]:
                    print_line(out, line)
            return
        columns = [*kept, below]
    for row in lines(fitting(columns, out.width), out.width):
        for line in row:
            print_line(out, line)


def _under(words: str, width: int) -> list[str]:
    if not words.strip("- "):
        return []
    indent = GAP * 2
    return wrap(words, max(width, 40), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def print_line(out: Console, line: Text) -> None:
    out.print(line, soft_wrap=True)


def column(rows: Sequence[Mapping[str, Any]], heading: str, cell: Any, **layout: Any) -> Column:
    return Column(heading=heading, cells=[one_line(cell(row)) for row in rows], **layout)


def _total(columns: Sequence[Column]) -> int:
    foldable = columns and not columns[-1].numeric
    widths = [column.width for column in columns]
    if foldable:
        widths[-1] = min(widths[-1], NARROWEST_FOLD)
    return sum(widths) + len(GAP) * (len(columns) - 1)


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    return GAP.join(_padded(*one) for one in zip(cells, columns, widths)).rstrip()


def _padded(cell: str, column: Column, width: int) -> str:
    return cell.rjust(width) if column.numeric else cell.ljust(width)


def _tinted(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> Text:
    made = Text(_line(cells, columns, widths))
    start = 0
    for cell, column, width in zip(cells, columns, widths):
        if column.tinted and cell[:1] in ("+", "-") and len(cell) > 1:
            made.stylize("green" if cell[0] == "+" else "red", start, start + width)
        start += width + len(GAP)
    return made

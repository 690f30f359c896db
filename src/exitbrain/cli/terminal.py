"""What commands share when they print: one console, quiet tables, JSON, and plain ASCII where a terminal needs it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from exitbrain.errors import one_line

_ASCII = str.maketrans(
    {"█": "#", "▒": "=", "━": "-", "╌": "-", "│": "|", "┼": "+", "┤": "+", "◂": "<", "·": "-", "≥": ">", "−": "-"}
    | {"×": "x", "÷": "/", "…": "~", "→": ">"}
)


def console() -> Console:
    """What is printed by it cannot move the cursor or turn the writing round, whatever a file held."""
    made = Console(highlight=False, soft_wrap=False)
    made.push_render_hook(_Harmless())
    return made


class _Harmless(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Escaped(one) for one in renderables]


class _Escaped:
    """Colours are the console's own and stay; signs that no terminal shows are told as escapes."""

    def __init__(self, shown: ConsoleRenderable) -> None:
        self.shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for part in console.render(self.shown, options):
            yield part if part.control else Segment(harmless(part.text), part.style)


def harmless(text: str) -> str:
    """Lines and tabs stay lines and tabs."""
    if text.isprintable():
        return text
    return re.sub(r"[^\n\t]+", lambda part: one_line(part.group()), text)


def print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


class TrimmedTable(Table):
    """A table whose lines end with their last sign: Rich fills the last column with blanks."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in Segment.split_lines(super().__rich_console__(console, options)):
            yield from _trimmed(line)
            yield Segment.line()


def _trimmed(line: Iterable[Segment]) -> list[Segment]:
    kept = list(line)
    while kept and not kept[-1].text.strip(" "):
        kept.pop()
    if kept:
        last = kept.pop()
        kept.append(Segment(last.text.rstrip(" "), last.style, last.control))
    return kept


def table(columns: Sequence[tuple[str, bool]], rows: Iterable[Sequence[str | Text]]) -> Table:
    """Columns are (heading, whether numbers stand in it); numbers are aligned right and never folded."""
    made = TrimmedTable(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_edge=False)
    for heading, numeric in columns:
        made.add_column(heading, justify="right" if numeric else "left", no_wrap=numeric, overflow="fold")
    for row in rows:
        # Before the widths are measured: an escape is longer than the sign it stands for.
        made.add_row(*(harmless(cell) if isinstance(cell, str) else cell for cell in row))
    return made


def show(out: Console, *blocks: RenderableType | None) -> None:
    """Blocks with a blank line between them; None is left out."""
    first = True
    for block in blocks:
        if block is None:
            continue
        if not first:
            out.print()
        first = False
        out.print(_readable(block, out))


def sentences(lines: Iterable[str], width: int) -> str:
    """One sentence a line, folded at the width with a hanging indent."""
    return "\n".join(fill(line, max(width, 20), subsequent_indent="  ") for line in lines)


def _readable(block: RenderableType, out: Console) -> RenderableType:
    """Text whose signs the output's encoding has."""
    if isinstance(block, str):
        block = Text(block)
    if isinstance(block, Text) and out.options.ascii_only:
        plain = block.plain.translate(_ASCII)
        translated = block.copy()
        translated.plain = plain
        return translated
    return block

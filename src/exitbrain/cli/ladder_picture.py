"""A ladder as a picture for the terminal: price upward, the stop, the entry, a bar for each rung by its size.

Rows stand where their price belongs on a linear axis; where two would fall on one row, the lower moves down by one,
so that every level has a row of its own and the order always holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from rich.text import Text

from exitbrain.core.ladder import REMAINING, Ladder
from exitbrain.core.ladder_rows import stop_move_level
from exitbrain.core.profiles import TPProfile
from exitbrain.wiring.ladder_words import r_text, share_text

MOST_ROWS = 22
LEAST_BAR = 6
NAME_WIDTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One level: its price in ticks, a name, what is written beside it, and a bar where it has a size."""

    level: Fraction
    r: Fraction
    name: str
    words: str
    style: str
    share: Fraction | None = None
    fill: str = "█"
    rank: int = 0  # among marks at one price


def ladder_picture(
    ladder: Ladder, profile: TPProfile | None, lots: int, price_text: Callable[[Fraction], str] | None, width: int
) -> Text:
    """Without `price_text` the ladder stands in R alone."""
    marks = sorted(_marks(ladder, profile, lots), key=lambda mark: (-mark.level, mark.rank))
    lines = _rows(marks)
    ratios = [f"{r_text(mark.r)}R" for mark in marks]
    prices = ratios if price_text is None else [price_text(mark.level) for mark in marks]
    price_width, r_width = max(map(len, prices)), 0 if price_text is None else max(map(len, ratios))
    word_width = max((len(mark.words) for mark in marks if mark.share is not None), default=0)
    bar_width = max(LEAST_BAR, width - price_width - r_width - NAME_WIDTH - word_width - 9)
    largest = max((mark.share for mark in marks if mark.share is not None), default=Fraction(1))
    picture = Text(no_wrap=True, overflow="crop")
    for i in lines:
        if i is None:
            picture.append(f"{'':{price_width}} │\n", style="dim")
            continue
        mark = marks[i]
        repeated = i > 0 and marks[i - 1].level == mark.level
        picture.append(f"{'' if repeated else prices[i]:>{price_width}} ")
        picture.append("┼" if mark.name == "entry" else "│" if repeated else "┤", style="dim")
        if price_text is not None:
            picture.append(f" {'' if repeated else ratios[i]:>{r_width}}", style="dim")
        picture.append("  ")
        picture.append(f"{mark.name:<{NAME_WIDTH}} ", style=mark.style)
        if mark.share is None:
            rule = "━" if mark.name in ("SL", "entry") else "╌"
            picture.append(rule * 4, style=mark.style)
            picture.append(f" {mark.words}".rstrip() + "\n")
        else:
            length = max(1, round(bar_width * mark.share / largest))
            picture.append(mark.fill * length, style=mark.style)
            picture.append(f" {mark.words}\n")
    picture.rstrip()
    return picture


def _rows(marks: Sequence[Mark]) -> list[int | None]:
    """Indices of marks from top to bottom, None for the empty rows between them."""
    top, span = marks[0].level, marks[0].level - marks[-1].level
    gaps = [first.level - second.level for first, second in zip(marks, marks[1:], strict=False)]
    least = min(gap for gap in gaps if gap > 0)
    height = min(MOST_ROWS, max(len(marks), round(span / least) + 1))
    rows: list[int | None] = []
    for i, mark in enumerate(marks):
        wanted = round((top - mark.level) / span * (height - 1))
        rows.extend([None] * (wanted - len(rows)))
        rows.append(i)
    return rows


def _marks(ladder: Ladder, profile: TPProfile | None, lots: int) -> list[Mark]:
    entry_words, moved = _stop_moves(ladder, profile)
    marks = [
        Mark(level=ladder.entry, r=Fraction(0), name="entry", words=entry_words, style="bold", rank=-2),
        Mark(level=Fraction(ladder.stop), r=Fraction(-1), name="SL", words="all that remains", style="bold red"),
        *moved,
    ]
    for rung in ladder.rungs:
        share = Fraction(rung.lots, lots)
        marks.append(
            Mark(
                level=Fraction(rung.level),
                r=rung.r_multiple,
                name=f"TP{rung.index}",
                words=f"{share_text(share)} {'soft' if rung.soft else 'hard'}",
                style="green" if rung.soft else "bold green",
                share=share,
            )
        )
    return marks + _trail_marks(ladder, profile, lots)


def _trail_marks(ladder: Ladder, profile: TPProfile | None, lots: int) -> list[Mark]:
    trail = ladder.trail
    if trail is None or not ladder.runner:
        return []
    by_atr = profile.atr_trail if profile else None
    how = f"by {by_atr.mult} ATR({by_atr.period})" if by_atr else "by " + share_text(Fraction(*trail.callbacks[0][1:]))
    remaining = ladder.runner == REMAINING
    share = None if remaining else Fraction(ladder.runner, lots)
    first = Mark(
        level=Fraction(trail.activation),
        r=trail.activation_r,
        name="TRAIL",
        words=f"{'what remains' if share is None else share_text(share)} trails {how}",
        style="cyan",
        share=share,
        fill="▒",
        rank=-1,
    )
    later = [
        Mark(
            level=Fraction(level),
            r=ladder.side * (level - ladder.entry) / ladder.risk,
            name="",
            words=f"trail tightens to {share_text(Fraction(numerator, denominator))}",
            style="cyan",
            rank=1,
        )
        for level, numerator, denominator in trail.callbacks[1:]
    ]
    return [first, *([] if by_atr else later)]


def _stop_moves(ladder: Ladder, profile: TPProfile | None) -> tuple[str, list[Mark]]:
    """What is written at the entry, and the marks of stop moves that land elsewhere."""
    at_entry: list[str] = []
    marks: list[Mark] = []
    kept = {rung.index for rung in ladder.rungs}
    if profile is None:
        return "", marks
    for move in profile.stop_moves:
        if move.after_leg not in kept:
            continue
        level = stop_move_level(move, ladder, profile)
        if level is None:
            at_entry.append(f"◂ stop after TP{move.after_leg}, fees paid back")
        elif abs(level - ladder.entry) < 1:
            at_entry.append(f"◂ stop after TP{move.after_leg}")
        else:
            r = ladder.side * (level - ladder.entry) / ladder.risk
            words = f"◂ stop after TP{move.after_leg}"
            marks.append(Mark(level=Fraction(level), r=r, name="", words=words, style="red", rank=2))
    return " ".join(at_entry), marks

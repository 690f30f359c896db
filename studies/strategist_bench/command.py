"""The command: every writer in every situation, as tables on the screen or in the page."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from exitbrain.core.timeframes import timeframe_word
from exitbrain.strategist.prompting import STYLES, read_prompts
from strategist_bench.recorded import OURS, for_symbol, recordings
from strategist_bench.scoring import Score, scored, totals
from strategist_bench.situations import AFTER_DAYS, SITUATIONS, cut, missing, what_came

PAGE = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "strategist.md"
UNAVAILABLE = 3


def main(arguments: Sequence[str]) -> int:
    given = _parser().parse_args(arguments)
    gone = list(missing(given.data))
    if gone:
        print(f"{given.data}: no {gone[0]}", file=sys.stderr)
        return UNAVAILABLE
    scores = all_scores(given.data, given.recordings)
    tables = {
        "situations": situation_table(given.data),
        "writers": writer_table(scores),
        "whipsaw": whipsaw_table(scores),
    }
    tables["prompts"] = f"Prompts {read_prompts().version} (`{read_prompts().sha256[:12]}`)."
    for name, table in tables.items():
        print(f"{name}\n\n{table}\n")
    if given.write:
        PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8"), tables), encoding="utf-8", newline="\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="studies/strategist.py", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder of candles")
    parser.add_argument(
        "--recordings", type=Path, default=OURS, help="recorded answers; without it those beside this file"
    )
    parser.add_argument("--write", action="store_true", help="write the tables into the page")
    return parser


def all_scores(data: Path, folder: Path) -> list[Score]:
    kept = recordings(folder)
    scores = []
    for situation in SITUATIONS:
        seen = cut(situation, data)
        scores += [scored(style, situation, seen) for style in STYLES]
        scores += [scored(name, situation, seen, for_symbol(text, situation.symbol)) for name, text in kept.items()]
    return scores


def situation_table(data: Path) -> str:
    head = f"| situation | symbol | bars | last close seen | close {AFTER_DAYS} days later | lowest | highest |"
    lines = [head, "|---|---|---|---|---|---|---|"]
    for one in SITUATIONS:
        held = cut(one, data)
        moves = " | ".join(f"{move:+.0%}".replace("-", "−") for move in what_came(held))
        lines.append(f"| {one.name} | {one.symbol} | {timeframe_word(held.seen.timeframe)} | {one.at[:10]} | {moves} |")
    return "\n".join(lines)


def writer_table(scores: Sequence[Score]) -> str:
    head = (
        "| writer | lawful | answers | exits | emergency | at most 20% in | trims in | whipsaw R | emergency-only R "
        "| sets | net R |"
    )
    lines = [head, "|---|---|---|---|---|---|---|---|---|---|---|"]
    for writer in writers(scores):
        row = totals(writer, scores)
        answers = {one.answers for one in scores if one.writer == writer and one.lawful}
        lines.append(
            f"| {writer} | {row['lawful']} of {row['situations']} | {_answers(answers)} | {row['exits']:,} "
            f"| {_percent(row['emergency_share'])} | {row['sparing']} of {row['lawful']} "
            f"| {row['trimming']} of {row['lawful']} | {row['whipsaw_r']:.1f} | {row['whipsaw_r_emergency_only']:.1f} "
            f"| {row['sets']:,} | {_signed(row['net_r'])} |"
        )
    return "\n".join(lines)


def whipsaw_table(scores: Sequence[Score]) -> str:
    names = [one.name for one in SITUATIONS]
    lines = [f"| writer | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for writer in writers(scores):
        own = {one.situation: one for one in scores if one.writer == writer}
        cells = [_pair(own[name]) for name in names]
        lines.append(f"| {writer} | {' | '.join(cells)} |")
    return "\n".join(lines)


def writers(scores: Sequence[Score]) -> list[str]:
    return list(dict.fromkeys(one.writer for one in scores))


def with_tables(page: str, tables: dict[str, str]) -> str:
    for name, table in tables.items():
        block = re.compile(rf"<!-- bench: {name} -->\n.*?<!-- end of bench -->", re.DOTALL)
        assert block.search(page), name
        page = block.sub(
            lambda _, text=table, mark=name: f"<!-- bench: {mark} -->\n{text}\n<!-- end of bench -->", page
        )
    return page


def _pair(one: Score) -> str:
    return f"{one.whipsaw_r:.1f} / {one.whipsaw_r_emergency_only:.1f}" if one.lawful else "refused"


def _answers(counts: set[Any]) -> str:
    numbers = sorted(one for one in counts if one is not None)
    return "–" if not numbers else str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")

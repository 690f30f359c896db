"""Kept runs → the table of docs/evidence/beside-freqtrade.md, and what its numbers were made with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from faults.judge import Judged, judge, resting
from faults.rows import LEVEL, ROWS, stands

PAGE = Path(__file__).parents[2] / "docs" / "evidence" / "beside-freqtrade.md"
NAMES = {"freqtrade": "freqtrade", "ours": "Exit Brain"}
Marks = dict[str, int]
Run = tuple[Judged, Marks, Any]  # judged, marks, the log
Number = Callable[[Run], float | None]


def seconds(runs: Iterable[Run], number: Number) -> str:
    """Median and largest; of how many, where not of all."""
    every = [number(run) for run in runs]
    known = [one for one in every if one is not None]
    if not known:
        return "–"
    of = "" if len(known) == len(every) else f", {len(known)} of {len(every)}"
    return f"{median(known):.1f} s ({max(known):.1f}{of})"


def share(runs: Iterable[Run], true: Callable[[Run], bool]) -> str:
    every = [true(run) for run in runs]
    return f"{sum(every)} of {len(every)}"


def counts(runs: Iterable[Run], number: Callable[[Run], int]) -> str:
    every = [number(run) for run in runs]
    return f"{median(every):g} ({max(every)})"


def bare(run: Run) -> float:
    return run[0].bare_ms / 1000


def is_covered_at_restart(run: Run) -> bool:
    return stands(run[2], run[1]["restarted"])


def start_to_cover(run: Run) -> float | None:
    judged, marks, _ = run
    if is_covered_at_restart(run) or judged.covered_at is None:
        return None
    return (judged.covered_at - marks["restarted"]) / 1000


def mended_to_cover(run: Run) -> float | None:
    judged, marks, _ = run
    return None if judged.covered_at is None else max(0, judged.covered_at - marks["mended"]) / 1000


def to_flat(mark: str) -> Number:
    def taken(run: Run) -> float | None:
        judged, marks, _ = run
        return None if judged.closed_at is None else max(0, judged.closed_at - marks[mark]) / 1000

    return taken


def is_flat(run: Run) -> bool:
    return run[0].closed_at is not None


def resting_at(mark: str) -> Callable[[Run], int]:
    # The mark was read after price had moved.
    return lambda run: resting(run[2], run[1][mark] - 500)


def left(run: Run) -> int:
    return run[0].left_behind


def flips(run: Run) -> bool:
    return run[0].exits_too_many > 0


Measure = tuple[str, Callable[[list[Run]], str]]
WITHOUT: Measure = ("time without a stop, entry to end", lambda runs: seconds(runs, bare))
CLOSED: Measure = ("closed when price went through the stop", lambda runs: share(runs, is_flat))
LEFT_ITSELF: Measure = ("left at the target by its own exit", lambda runs: share(runs, is_flat))
BEHIND: Measure = ("orders left behind after that", lambda runs: counts(runs, left))
MEASURES: dict[str, tuple[Measure, ...]] = {
    "kill": (
        ("a stop stood when it was started again", lambda runs: share(runs, is_covered_at_restart)),
        ("process start to stop, where none stood", lambda runs: seconds(runs, start_to_cover)),
        WITHOUT,
        CLOSED,
    ),
    "refused": (("venue well again to stop", lambda runs: seconds(runs, mended_to_cover)), CLOSED),
    "lost": (
        WITHOUT,
        ("orders resting at the end of it", lambda runs: counts(runs, resting_at("rose"))),
        LEFT_ITSELF,
        BEHIND,
    ),
    "unfilled": (
        ("trigger to flat", lambda runs: seconds(runs, to_flat("fell"))),
        ("flat at the end", CLOSED[1]),
        BEHIND,
    ),
    "hand": (
        ("orders left 30 s after", lambda runs: counts(runs, resting_at("fell"))),
        ("orders left at the end", lambda runs: counts(runs, left)),
    ),
    "denied": (
        WITHOUT,
        ("stops placed in all", lambda runs: counts(runs, lambda run: run[0].stops_placed)),
        ("orders resting at the end of it", lambda runs: counts(runs, resting_at("rose"))),
        LEFT_ITSELF,
        BEHIND,
    ),
}


def table(results: Path) -> str:
    kept = load(results)
    bots = [bot for bot in NAMES if any(bot == one for _, one in kept)]
    lines = [
        "| what happens | what is measured | " + " | ".join(NAMES[bot] for bot in bots) + " |",
        "|---|---|" + "---:|" * len(bots),
    ]
    for row, measures in MEASURES.items():
        title = ROWS[row].title
        for words, told in measures:
            cells = [told(kept[row, bot]) if (row, bot) in kept else "–" for bot in bots]
            lines.append(f"| {title} | {words} | " + " | ".join(cells) + " |")
            title = ""
    cells = [share([run for (_, one), runs in kept.items() if one == bot for run in runs], flips) for bot in bots]
    lines.append("| all of them | runs with an exit beyond the position | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def start_processor(run: Run) -> float | None:
    """Processor seconds from process start to the stop, where none stood and it was measured."""
    spent = run[1].get("processor_ms", 0)
    return None if is_covered_at_restart(run) or not spent else spent / 1000


def starts(results: Path) -> str:
    """What a start takes until the stop stands, on a machine that is as busy as it was."""
    kept = load(results)
    lines = ["| | process start to stop | processor time of it |", "|---|---:|---:|"]
    for words, key in (
        ("Exit Brain, a position without a stop is found", ("found", "ours")),
        ("freqtrade, killed before its stop stood", ("kill", "freqtrade")),
    ):
        runs = [run for run in kept.get(key, []) if not is_covered_at_restart(run)]
        lines.append(f"| {words} | {seconds(runs, start_to_cover)} | {seconds(runs, start_processor)} |")
    return "\n".join(lines)


def load(results: Path) -> dict[tuple[str, str], list[Run]]:
    kept: dict[tuple[str, str], list[Run]] = {}
    for path in sorted(results.glob("*-*-*.json")):
        one = json.loads(path.read_text())
        judged = judge(one["log"], until=one["marks"]["ended"], level=LEVEL)
        kept.setdefault((one["row"], one["bot"]), []).append((judged, one["marks"], one["log"]))
    return kept


def made_with(results: Path) -> str:
    runs = [json.loads(path.read_text()) for path in sorted(results.glob("*-*-*.json"))]
    versions = json.loads((results / "versions.json").read_text())
    days = sorted({datetime.fromtimestamp(one["at"], UTC).date().isoformat() for one in runs})
    each = {
        bot: sorted({sum(one["row"] == row and one["bot"] == bot for one in runs) for row in ROWS}) for bot in NAMES
    }
    numbers = ", ".join(f"{NAMES[bot]} n = {'–'.join(map(str, n))} a row" for bot, n in each.items() if n != [0])
    commits = sorted({one["commit"] for one in runs if one["bot"] == "ours" and one.get("commit")})
    loads = [one["load"] for one in runs]
    return (
        f"{', '.join(days)}; {versions['Freqtrade Version']} with ccxt {versions['CCXT Version']} on "
        f"{versions['Python Version']}, Exit Brain at {' and '.join(commits) or 'a commit not kept'}; {numbers}; load of the machine {min(loads):.1f} to {max(loads):.1f} on two cores."
    )


def write(results: Path, page: Path = PAGE) -> None:
    text = page.read_text()
    for name, body in (("table", table(results)), ("made with", made_with(results)), ("starts", starts(results))):
        begin, end = f"<!-- beside: {name} -->\n", "<!-- end -->"
        head, rest = text.split(begin, 1)
        text = head + begin + body + "\n" + end + rest.split(end, 1)[1]
    page.write_text(text)

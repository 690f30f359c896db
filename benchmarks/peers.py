"""Ours and its peers on the same work, in one run: ratios first, beside the aims.

    python benchmarks/peers.py [--parts w1,...] [--bars 1000000] [--rounds 9] [--no-page]

Each part runs in a process of its own, contenders taking turns with new entries in every round; every fill is compared
before a clock runs. Peers are no dependencies: each is laid over this environment by uv for the run alone, and one that
does not install is listed as such. Writes docs/performance.md (between its marks) and docs/images/peers.svg.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
VECTORBT = ("vectorbt[rust]==1.2.0",)
RAPTORBT = ("raptorbt==0.13.4",)
EVENT_DRIVEN = {
    "backtesting.py": ("backtesting==0.6.6",),
    "backtrader": ("backtrader==1.9.78.123",),
    "nautilus_trader": ("nautilus_trader==1.221.0",),  # the last for Python 3.11
    "hftbacktest": ("hftbacktest==2.4.4",),
    "raptorbt": RAPTORBT,
    "raptorbt-arrays": RAPTORBT,
}
# part → what is laid over the environment for it
PARTS: dict[str, tuple[str, ...]] = {
    "w1": VECTORBT, "w2": VECTORBT, "w3": (), "w4": (), "w5": (), "memory": VECTORBT, **EVENT_DRIVEN,
}  # fmt: skip


def measure(part: str, bars: int, rounds: int) -> dict[str, Any]:
    if part == "w1":
        from matched import one_run

        return one_run.run(bars, rounds)
    if part == "w2":
        from matched import many_profiles

        return many_profiles.run(bars, min(rounds, 3))
    if part == "w3":
        from matched import live_tick

        return live_tick.run(rounds)
    if part in EVENT_DRIVEN:
        from matched import event_driven

        return event_driven.run(part, rounds, bars)
    from matched import processes

    if part == "w4":
        return processes.real_year(min(rounds, 3))
    if part == "w5":
        return processes.starts(min(rounds, 5))
    return processes.growth([sys.executable, __file__], bars)


def share() -> str:
    """By how much this session's share of the processor was raised; empty where it was not."""
    given = Path("/proc/self/autogroup")
    nice = given.read_text().split()[-1] if given.exists() else "0"
    return nice if nice.startswith("-") else ""


def measure_one(name: str, bars: int) -> dict[str, float]:
    from matched import processes

    return processes.one(name, bars)


def in_own_process(part: str, asked: argparse.Namespace) -> None:
    """Measure a part; without its peer where that does not install."""
    command = overlay(PARTS[part])
    if not command or subprocess.run([*command, "python", "-c", ""], cwd=ROOT).returncode:
        command, python = [], sys.executable
    else:
        python = "python"
    told = asked.results / f"{part}.json"
    arguments = ["--part", part, "--bars", str(asked.bars), "--rounds", str(asked.rounds), "--into", str(told)]
    subprocess.run([*command, python, __file__, *arguments], cwd=ROOT, check=True)


def overlay(packages: tuple[str, ...]) -> list[str]:
    if not packages:
        return []
    wanted = [word for package in packages for word in ("--with", package)]
    return ["sh", "-c", '. tools/uv.sh; exec uv run --no-sync "$@"', "uv", *wanted]


def read(results: Path) -> dict[str, Any]:
    files = {part: results / f"{part}.json" for part in PARTS}
    return {part: json.loads(file.read_text()) for part, file in files.items() if file.exists()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument(
        "--results", type=Path, help="folder of the parts' figures; parts not measured now come from it"
    )
    parser.add_argument("--beside", type=Path, help="folder of another run's figures, to be told beside these")
    parser.add_argument("--no-page", action="store_true", help="print only")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        asked.into.write_text(json.dumps(measure_one(asked.one, asked.bars)))
        return
    if asked.part:
        before, began = os.getloadavg()[0], datetime.now(UTC)
        told = measure(asked.part, asked.bars, asked.rounds)
        span = f"{began:%H:%M} to {datetime.now(UTC):%H:%M}"
        about = {"load": [before, os.getloadavg()[0]], "span": span, "share": share()}
        asked.into.write_text(json.dumps(told | about))
        return
    from matched import page

    asked.results = asked.results or Path(tempfile.mkdtemp(prefix="peers-"))
    asked.results.mkdir(parents=True, exist_ok=True)
    for part in filter(None, asked.parts.split(",")):
        in_own_process(part, asked)
    kept = read(asked.results)
    text = page.text_of(kept, asked.bars, asked.rounds, read(asked.beside) if asked.beside else None)
    print(text)
    if not asked.no_page:
        page.write(ROOT / "docs", text, kept)


if __name__ == "__main__":
    main()

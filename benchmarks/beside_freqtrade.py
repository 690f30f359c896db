"""The same faults to freqtrade and to Exit Brain, each on a simulated venue of its own, judged by the venue's log.

    python benchmarks/beside_freqtrade.py [--rows kill,refused] [--n 10] [--only freqtrade|ours] [--jobs 2]

A run is a venue process, a bot process, a schedule of faults from a seed, and a fall through the stop; about a minute
and a half of wall time. Runs that are done are kept in --results and not made again. freqtrade is installed by uv into an
environment of its own (--freqtrade takes one that is there). Writes docs/evidence/beside-freqtrade.md between its marks.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from faults import page
from faults.bots import BOTS, freqtrade_of, versions
from faults.judge import judge
from faults.rows import FOUND, LEVEL, ROWS, play
from faults.venue import running

ROOT = Path(__file__).parents[1]


def main() -> None:
    asked = parsed()
    executable = ""
    if "freqtrade" in asked.bots:
        executable = asked.freqtrade or freqtrade_of(asked.results / "freqtrade-environment")
        (asked.results / "versions.json").write_text(json.dumps(versions(executable)))
    # A seed's runs of both bots lie close in time, so that a busy machine is busy for both.
    runs = [
        (row, bot, seed)
        for seed in range(1, asked.n + 1)
        for row in asked.rows
        for bot in asked.bots
        if row in ROWS or bot == "ours"
    ]
    with ThreadPoolExecutor(asked.jobs) as pool:
        for told in pool.map(lambda run: one_run(asked.results, executable, *run), runs):
            print(told, flush=True)
    if not asked.no_page:
        page.write(asked.results)


def one_run(results: Path, executable: str, row: str, bot: str, seed: int) -> str:
    name = f"{row}-{bot}-{seed}"
    kept = results / f"{name}.json"
    if kept.exists():
        return f"{name}: done before"
    folder = results / "runs" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        told = watched(folder, executable, row, bot, seed)
    except (OSError, TimeoutError, KeyError) as error:
        return f"{name}: FAILED, {error!r}"
    partial = kept.with_suffix(".partial")
    partial.write_text(json.dumps(told, indent=1))
    partial.rename(kept)
    return f"{name}: {told['judged']}"


def watched(folder: Path, executable: str, row: str, bot: str, seed: int) -> dict[str, Any]:
    load = os.getloadavg()[0]
    with running(folder, seed) as venue:
        one = BOTS[bot](folder, venue, executable)
        try:
            marks = play((ROWS | FOUND)[row], one, venue, seed)
        finally:
            one.kill()
        log = venue.log()
    judged = asdict(judge(log, until=marks["ended"], level=LEVEL))
    return {
        "row": row, "bot": bot, "seed": seed, "marks": marks, "judged": {key: plain(value) for key, value in judged.items()},
        "load": load, "at": time.time(), "commit": commit(), "log": log,
    }  # fmt: skip


def commit() -> str:
    told = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return told.stdout.strip()


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else value


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(ROWS), type=lambda text: text.split(","))
    parser.add_argument("--n", default=10, type=int)
    parser.add_argument("--only", choices=list(BOTS))
    parser.add_argument("--jobs", default=2, type=int)
    parser.add_argument("--freqtrade", help="the program of an environment that is there")
    parser.add_argument("--no-page", action="store_true", help="leave the page as it is")
    parser.add_argument("--results", default=ROOT / ".cache" / "beside-freqtrade", type=Path)
    asked = parser.parse_args()
    if unknown := [row for row in asked.rows if row not in ROWS | FOUND]:
        sys.exit(f"--rows {','.join(unknown)}: accepted are {', '.join(ROWS | FOUND)}")
    asked.results = asked.results.resolve()
    asked.results.mkdir(parents=True, exist_ok=True)
    asked.bots = [asked.only] if asked.only else list(BOTS)
    return asked


if __name__ == "__main__":
    main()

"""Thousands of random worlds through engine and oracle; prints every world in which they differ.

    python tests/campaign.py --worlds 5000
    python tests/campaign.py --seed 173 --triggers
    python tests/campaign.py --liquidity --worlds 3000
    python tests/campaign.py --kernel --worlds 100000
    python tests/campaign.py --kill9 --kills 500 --database sqlite --folder killed
    python tests/campaign.py --kernel --without-avx --worlds 2000
    python tests/campaign.py --parity --worlds 300

With --kill9 a monitor is killed again and again; what it prints last is the sum of all batches in the folder. PostgreSQL
is the server that EXITBRAIN_TEST_POSTGRES names. With --kernel the kernel's fills and sweeps stand against the walk bar by
bar, with --without-avx compiled for any processor of the kind instead of this one. With --parity the live monitor stands
against the backtest: 3,000 bars of each real file of EXITBRAIN_TEST_DATA, then worlds with and without triggers. Ends with a
line `N worlds, A agree, D differ` and exit status 1 where one differs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import repeat
from pathlib import Path

from engine.differential import difference_of_seed
from kernel.worlds import difference_of_seed as kernel_difference_of_seed


def judged_kernel(seed: int) -> str | None:
    """The same for the kernel against the walk bar by bar."""
    try:
        return kernel_difference_of_seed(seed)
    except Exception:
        return told_of_crash(seed)


def told_of_crash(seed: int) -> str:
    last = traceback.format_exc().strip().splitlines()
    return f"seed {seed}: " + " | ".join(line.strip() for line in last[-3:])


def judged(seed: int, triggers: bool, liquidity: bool, kept: str | None = None) -> str | None:
    """What is wrong with the world of a seed. A crash of either side is a difference."""
    folder = Path(kept or tempfile.mkdtemp(prefix="world-"))
    try:
        return difference_of_seed(seed, folder, triggers=triggers, liquidity=liquidity)
    except Exception:
        return told_of_crash(seed)
    finally:
        if kept is None:
            shutil.rmtree(folder, ignore_errors=True)


def verdicts(
    seeds: Sequence[int], triggers: bool, liquidity: bool, jobs: int, *, kernel: bool = False
) -> Iterator[str | None]:
    if kernel:
        if jobs == 1:
            yield from map(judged_kernel, seeds)
            return
        with ProcessPoolExecutor(jobs) as pool:
            yield from pool.map(judged_kernel, seeds, chunksize=100)
        return
    if jobs == 1:
        yield from map(judged, seeds, repeat(triggers), repeat(liquidity))
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(judged, seeds, repeat(triggers), repeat(liquidity), chunksize=20)


def killed(given: argparse.Namespace) -> int:
    """Monitors under SIGKILL. What was done stands in the folder, and a second run goes on from it."""
    from live.killing import campaign, own_databases

    if given.folder is None:
        print("--kill9 needs --folder", file=sys.stderr)
        return 2
    journal = own_databases(given.folder) if given.database == "postgresql" else lambda _: ""
    return int(
        campaign(Path(given.folder), given.kills, seed=given.start, journal=journal, executed=given.executed) > 0
    )


def in_parity(given: argparse.Namespace) -> int:
    """Real candles and random worlds through the live monitor; every TradeSet that is left otherwise is printed."""
    from live.test_parity import DATA, REAL, Parity, different, of_real_candles, of_world

    def played(triggers: bool, seed: int) -> Parity:
        with tempfile.TemporaryDirectory(prefix="world-") as folder:
            return of_world(seed, Path(folder), triggers=triggers)

    real = [(name, partial(of_real_candles, name, settings, 3_000)) for name, settings in REAL] if DATA else []
    seeds = range(given.start, given.start + given.worlds)
    random = [
        (f"seed {seed}, {'triggers' if t else 'plain'}", partial(played, t, seed))
        for t in (True, False)
        for seed in seeds
    ]
    counts: Counter[str] = Counter()
    differing = 0
    for name, play in real + random:
        parity = play()
        counts.update(parity.counts)
        differing += not parity.holds
        if not parity.holds or name in dict(REAL):
            print(name, parity.counts, *different(parity), sep="\n  ", flush=True)
    told = ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("equal", "documented", "different"))
    worlds = len(real) + len(random)
    print(f"{worlds} worlds, {worlds - differing} agree, {differing} differ; TradeSets: {told}")
    return int(differing > 0)


def main() -> int:
    asked = argparse.ArgumentParser(description="Compare the engine with the oracle on random worlds.")
    asked.add_argument("--worlds", type=int, default=5000, help="how many seeds")
    asked.add_argument("--start", type=int, default=0, help="the first seed")
    asked.add_argument("--seed", type=int, help="one seed only; its files are kept in --folder")
    asked.add_argument("--folder", help="where the files of --seed go")
    kind = asked.add_mutually_exclusive_group()
    kind.add_argument("--triggers", action="store_true", help="worlds with triggers of a plan")
    kind.add_argument("--liquidity", action="store_true", help="worlds with liquidity-aware exits, most with triggers")
    kind.add_argument("--kernel", action="store_true", help="the kernel against the walk bar by bar")
    asked.add_argument("--without-avx", action="store_true", help="with --kernel: compiled for any such processor")
    kind.add_argument("--kill9", action="store_true", help="live monitors that are killed, judged by the venue's log")
    kind.add_argument("--parity", action="store_true", help="the live monitor against the backtest")
    asked.add_argument(
        "--kills", type=int, default=500, help="with --kill9: how many, with those that --folder tells of"
    )
    asked.add_argument(
        "--database", choices=("sqlite", "postgresql"), default="sqlite", help="with --kill9: the journal's"
    )
    asked.add_argument("--executed", action="store_true", help="with --kill9: each start with all its imports")
    asked.add_argument("--jobs", type=int, default=1, help=f"processes, of {os.cpu_count()} processors")
    given = asked.parse_args()
    if given.without_avx and os.environ.get("NUMBA_CPU_NAME") != "generic":
        # Numba reads this once, when it is imported.
        any_processor = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | any_processor)
    if given.kill9:
        return killed(given)
    if given.parity:
        return in_parity(given)
    if given.seed is not None:
        told = (
            judged_kernel(given.seed)
            if given.kernel
            else judged(given.seed, given.triggers, given.liquidity, given.folder)
        )
        print(told or f"seed {given.seed}: both agree")
        return int(told is not None)
    seeds = range(given.start, given.start + given.worlds)
    differing = 0
    for told in verdicts(seeds, given.triggers, given.liquidity, given.jobs, kernel=given.kernel):
        if told is not None:
            differing += 1
            print(told, flush=True)
    print(f"{len(seeds)} worlds, {len(seeds) - differing} agree, {differing} differ")
    return int(differing > 0)


if __name__ == "__main__":
    sys.exit(main())

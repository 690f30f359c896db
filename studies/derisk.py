"""Does a graduated de-risk ladder do better than leaving in full at every alarm? The study of `docs/evidence/`.

    python studies/derisk.py --data DIR --out docs/evidence [--work DIR]

DIR holds candle files in the folders 1m, 5m, 15m, 1h and quotes. `docs/evidence/protocol.md` says what is done, and was
written before. Writes tables/*.csv and figures/*.svg into --out, and fills the tables of its index.md where there is
one. The same data give the same bytes. --work keeps each file's rows, so that a stopped study goes on where it stopped;
empty it after a change of the product. One core, some minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import polars as pl
from derisk_study.files import Listed, listed
from derisk_study.report import write_report
from derisk_study.runs import TABLES, run_file
from derisk_study.walks import write_walks

from exitbrain import __version__
from exitbrain.errors import ExitBrainError, InvalidInput

SOURCES = ("files.py", "policies.py", "runs.py")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with candle files in 1m, 5m, 15m, 1h, quotes")
    parser.add_argument("--out", type=Path, required=True, help="where tables and figures go")
    parser.add_argument("--work", type=Path, help="keeps the rows of files that are done")
    asked = parser.parse_args(arguments)
    try:
        study(asked.data, asked.out, asked.work)
    except ExitBrainError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    return 0


def study(data: Path, out: Path, work: Path | None = None) -> None:
    rows, excluded, names = collect(listed(data), work)
    with tempfile.TemporaryDirectory() as folder:
        walks, _, _ = collect(write_walks(Path(folder)), work)
    write_report(rows, walks, excluded, names, out)


def collect(files: list[Listed], work: Path | None) -> tuple[dict[str, pl.DataFrame], dict[str, str], list[str]]:
    """The rows of all suitable files, a frame a table; why each other file has none; the names of the suitable."""
    excluded: dict[str, str] = {}
    found: dict[str, dict[str, pl.DataFrame]] = {}
    for number, one in enumerate(files, 1):
        started = time.perf_counter()
        try:
            if one.reason is not None:
                raise InvalidInput(one.reason)
            found[one.name] = _kept(one, work)
            word = f"{len(found[one.name]['pairs']):,} entries"
        except InvalidInput as error:
            excluded[one.name] = str(error).splitlines()[0]
            word = f"left out: {excluded[one.name]}"
        print(f"[{number}/{len(files)}] {one.name}  {word}  {time.perf_counter() - started:.1f} s", flush=True)
    if not found:
        raise InvalidInput("no suitable candle file", accepted="at least one with 400 hours in one piece")
    rows = {name: pl.concat([tables[name] for tables in found.values()], how="vertical_relaxed") for name in TABLES}
    return rows, excluded, list(found)


def _kept(one: Listed, work: Path | None) -> dict[str, pl.DataFrame]:
    if work is None:
        return run_file(one)
    here = Path(__file__).resolve().parent / "derisk_study"
    digest = hashlib.sha256(__version__.encode() + one.name.encode() + one.path.read_bytes())
    for name in SOURCES:
        digest.update((here / name).read_bytes())
    folder = work / digest.hexdigest()[:24]
    if not folder.is_dir():
        staging = work / f".{folder.name}.{os.getpid()}"
        staging.mkdir(parents=True, exist_ok=True)
        for name, frame in run_file(one).items():
            frame.write_parquet(staging / f"{name}.parquet")
        os.replace(staging, folder)
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in TABLES}


if __name__ == "__main__":
    sys.exit(main())

"""`exitbrain report`: the page of a run, made from its files and, where they are still there, its candles.

run.json names candles by their file names and hashes. They are looked for beside the run, in the working folder and
where the user says; a file counts only if its hash is the run's. Without them the page has no candle charts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain.cli.output import REPORT
from exitbrain.cli.terminal import print_json
from exitbrain.errors import InvalidInput, Problem, Unavailable
from exitbrain.wiring.run_files import RunFiles, read_run

if TYPE_CHECKING:
    from exitbrain.candles import CandleFile, Candles


def print_report(run: str, candles: list[str], *, as_json: bool) -> None:
    from exitbrain.report import build_payload, write_report

    files = read_run(run)
    found, missing = _candles(files, candles)
    payload = build_payload(
        run=files.run,
        metrics=files.metrics,
        trade_sets=files.trade_sets,
        plans=files.plans,
        equity={name: files.equity[name].to_numpy() for name in files.equity.columns},
        candles=found,
    )
    path = write_report(payload, files.folder / REPORT)
    if as_json:
        print_json({"report": str(path), "candles_missing": missing})
        return
    print(path)
    if missing:
        print(f"without candle charts of {', '.join(missing)}: give the files by --candles")


def _candles(files: RunFiles, given: list[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    wanted = {one["sha256"]: one["name"] for one in files.run.get("inputs", ()) if one.get("role") == "candles"}
    found: dict[str, dict[str, Any]] = {}
    for path in given:
        sha256 = _sha256(Path(path))
        if sha256 not in wanted:
            accepted = f"a candle file of this run: {', '.join(wanted.values())}"
            raise InvalidInput(Problem(found="not the candles of this run", accepted=accepted, file=path))
        found |= _read(Path(path), wanted[sha256], files.run)
        del wanted[sha256]
    for sha256, name in list(wanted.items()):
        columns = _looked_for(name, sha256, files)
        if columns is not None:
            found |= columns
            del wanted[sha256]
    return found, sorted(wanted.values())


def _looked_for(name: str, sha256: str, files: RunFiles) -> dict[str, dict[str, Any]] | None:
    for folder in (files.folder, files.folder.absolute().parent, Path.cwd()):
        path = folder / name
        if path.is_file() and _sha256(path) == sha256:
            return _read(path, name, files.run)
    return _of_demo(name, sha256)


def _of_demo(name: str, sha256: str) -> dict[str, dict[str, Any]] | None:
    from exitbrain.candles import demo_candles
    from exitbrain.candles.demo import FILE

    if name != Path(FILE).name:
        return None
    try:
        file, _, _ = demo_candles()
    except Unavailable:
        return None
    return _columns(file) if file.sha256 == sha256 else None


def _read(path: Path, name: str, run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The candles as the run read them; `name` is what the file was called then."""
    from exitbrain.candles import read_candles
    from exitbrain.candles.tables import symbol_of_stem

    rows = run["config"]["instrument"]
    single = rows if isinstance(rows, Mapping) else rows[0] if len(rows) == 1 else {}
    repaired = bool(run["repairs"])
    tick = single.get("tick_size") if repaired else None
    symbol = single.get("symbol") or symbol_of_stem(name)
    return _columns(
        read_candles(path, symbol=symbol, repair=repaired, tick_size=None if tick is None else Decimal(str(tick)))
    )


def _columns(file: CandleFile) -> dict[str, dict[str, Any]]:
    return {one.symbol: _prices(one) for one in file.candles}


def _prices(candles: Candles) -> dict[str, Any]:
    from exitbrain.candles import to_frame

    frame = to_frame(candles)
    return {"time": candles.time} | {name: frame[name].to_numpy() for name in ("open", "high", "low", "close")}


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidInput(
            Problem(found=f"cannot be read: {error.strerror}", accepted="a candle file", file=str(path))
        ) from None

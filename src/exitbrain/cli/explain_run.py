"""`exitbrain explain`: a run's files and, where they are found, its inputs; then the explanation as text or JSON.

run.json names each input by its file name and hash. A file counts only if its hash is the run's: it is looked for in
the run's folder, beside it, in the working folder, and where the user says.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exitbrain.cli.explain_text import show_explanation
from exitbrain.cli.terminal import console, print_json
from exitbrain.errors import InvalidInput, Problem
from exitbrain.wiring.explained import explanation_json
from exitbrain.wiring.explaining import RunRecord, explain
from exitbrain.wiring.run_files import RunFiles, read_run

if TYPE_CHECKING:
    from exitbrain.wiring.inputs import RunInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    symbol: str | None
    at: str
    plan: str | None
    candles: list[str]
    config: str | None


def print_explanation(run: str, asked: Asked, *, as_json: bool) -> None:
    import polars as pl

    files = read_run(run)
    rows = files.decisions.with_columns(pl.col("time").dt.epoch("us")).to_dicts()
    record = RunRecord(
        run=files.run,
        trade_sets=files.trade_sets,
        plans=files.plans,
        events=files.events,
        decisions=rows,
        times=files.equity["time"].dt.epoch("us").to_numpy(),
    )
    inputs, notes = _inputs(files, asked)
    explained = explain(record, symbol=asked.symbol, at=asked.at, inputs=inputs, notes=notes)
    if as_json:
        print_json(explanation_json(explained, str(files.run.get("run_id"))))
    else:
        show_explanation(console(), explained)


def _inputs(files: RunFiles, asked: Asked) -> tuple[RunInputs | None, list[str]]:
    """The run's plan over its candles; None, and what is missing, where the rules cannot be valued."""
    from exitbrain.wiring.inputs import gather

    plan, no_plan = _found(files, "plan", [asked.plan] if asked.plan else [])
    candles, no_candles = _found(files, "candles", asked.candles)
    quotes, no_quotes = _found(files, "quotes", [])
    detail, no_detail = _found(files, "detail", [])
    _found(files, "config", [asked.config] if asked.config else [])
    if not plan and not no_plan:
        return None, ["The run has no plan: only entries rows and the ladder acted in it."]
    missing = [*no_plan, *no_candles, *no_quotes, *no_detail]
    if missing:
        return None, [
            f"The terms of rules need the run's inputs; not found: {', '.join(missing)}. "
            "Give them by --plan and --candles."
        ]
    # The environment has spoken already: run.json holds the settings in full.
    inputs = gather(
        [str(path) for path in candles], plan=str(plan[0]), config=dict(files.run["config"]), environment={},
        quotes=str(quotes[0]) if quotes else None, repair=bool(files.run.get("repairs")),
        detail=[str(path) for path in detail] or None, to_run=False,
    )  # fmt: skip
    if not set(files.run["symbols"]) <= set(inputs.markets):
        return None, ["The candles that were found do not hold every symbol of the run."]
    return inputs, []


def _found(files: RunFiles, role: str, given: list[str]) -> tuple[list[Path], list[str]]:
    """The files of a role, in run.json's order, and the names of those that are not found."""
    wanted = [one for one in files.run.get("inputs", ()) if one.get("role") == role]
    hashed = {_sha256(Path(path)): Path(path) for path in given}
    for sha256, path in hashed.items():
        if sha256 not in {one["sha256"] for one in wanted}:
            names = ", ".join(one["name"] for one in wanted) or f"no --{role}: the run had none"
            raise InvalidInput(Problem(found=f"not the {role} of this run", accepted=names, file=str(path)))
    paths = [hashed.get(one["sha256"]) or _looked_for(files, one["name"], one["sha256"]) for one in wanted]
    missing = [one["name"] for one, path in zip(wanted, paths) if path is None]
    return [path for path in paths if path is not None], missing


def _looked_for(files: RunFiles, name: str, sha256: str) -> Path | None:
    for folder in (files.folder, files.folder.absolute().parent, Path.cwd()):
        path = folder / name
        if path.is_file() and _sha256(path) == sha256:
            return path
    return None


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        found = f"cannot be read: {error.strerror}"
        raise InvalidInput(Problem(found=found, accepted="an input of the run", file=str(path))) from None

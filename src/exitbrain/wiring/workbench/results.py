"""What a run came to, without its sets: reckoned from all of them once, and kept beside the runs as an answer."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain import __version__
from exitbrain.report import build_summary
from exitbrain.wiring.workbench.home import Home

if TYPE_CHECKING:
    from exitbrain.wiring.workbench.bench import Workbench

PARTS = ("run", "metrics", "exits", "rungs", "months", "years", "r_histogram")


def results_of(bench: Workbench, run_id: str) -> dict[str, Any]:
    """Those parts of the report that tell of the run as a whole."""
    described = bench.store.description(run_id)  # raises where the run holds none
    kept = _kept(bench.home, run_id)
    if kept is not None:
        return kept
    frame = bench.frame(run_id, "equity.parquet")
    whole = build_summary(
        run=described,
        metrics=bench.store.metrics(run_id),
        **bench.store.set_facts(run_id),
        plans=bench.store.plans(run_id),
        equity={
            "time": frame["time"].dt.epoch("us").to_numpy(),
            "equity": frame["equity"].to_numpy(),
            "drawdown": frame["drawdown"].to_numpy(),
        },
    )
    keep_results(bench.home, run_id, whole)
    return whole


def keep_results(home: Home, run_id: str, payload: Mapping[str, Any]) -> None:
    """Written whole or not at all; where it cannot be, it is reckoned again when it is asked for."""
    text = json.dumps({"version": __version__} | {name: payload[name] for name in PARTS}, allow_nan=False)
    made = None
    try:
        home.answers.mkdir(mode=0o700, exist_ok=True)
        number, made = tempfile.mkstemp(prefix=".new-", dir=home.answers)
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(made, _place(home, run_id))
    except OSError:
        if made is not None:
            with contextlib.suppress(OSError):
                os.unlink(made)


def forget_results(home: Home, run_id: str) -> None:
    with contextlib.suppress(OSError):
        _place(home, run_id).unlink(missing_ok=True)


def _place(home: Home, run_id: str) -> Path:
    return home.answers / f"{run_id}.json"


def _kept(home: Home, run_id: str) -> dict[str, Any] | None:
    try:
        held = json.loads(_place(home, run_id).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(held, dict) or held.pop("version", None) != __version__ or set(held) != set(PARTS):
        return None
    return held

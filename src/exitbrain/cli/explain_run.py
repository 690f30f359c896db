"""`exitbrain explain`: a run's files and, where they are found, its inputs; then the explanation as text or JSON.

run.json names each input by its file name and hash. A file counts only if its hash is the run's: it is looked for in
the run's folder, beside it, in the working folder, where the run read it, and where the user says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exitbrain.cli.explain_text import show_explanation
from exitbrain.cli.terminal import console, print_json
from exitbrain.wiring.explained import explanation_json
from exitbrain.wiring.explaining import RunRecord, explain
from exitbrain.wiring.run_files import RunFiles, read_run
from exitbrain.wiring.run_inputs import found

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

    plan, no_plan = found(files, "plan", [asked.plan] if asked.plan else [])
    candles, no_candles = found(files, "candles", asked.candles)
    quotes, no_quotes = found(files, "quotes", [])
    detail, no_detail = found(files, "detail", [])
    found(files, "config", [asked.config] if asked.config else [])
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

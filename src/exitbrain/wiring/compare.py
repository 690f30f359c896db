"""`compare`: the same entries and candles under several exit policies, paired set by set (spec M4)."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitbrain import __version__
from exitbrain.analysis.bootstrap import arch_bootstrap
from exitbrain.analysis.comparison import expectancy, netting_difference, paired_difference
from exitbrain.backtesting.files import path_of, prepare
from exitbrain.config.policies import EMERGENCY, read_policies
from exitbrain.config.settings import load_config
from exitbrain.core.given import described
from exitbrain.core.trade_sets import instant_of
from exitbrain.errors import InvalidInput
from exitbrain.wiring.backtest import PATHS, Progress
from exitbrain.wiring.inputs import RunInputs, read_once
from exitbrain.wiring.policy_runs import (
    PolicyRun,
    independent_run,
    inputs_under,
    netting_run,
    orders_of_file,
    orders_of_fills,
    outcomes_of,
)

if TYPE_CHECKING:
    import polars as pl

FIGURES = (
    "num_sets", "num_risk_exits", "whipsaw_count", "whipsaw_cost", "whipsaw_cost_r", "fees_total", "max_drawdown",
    "net_pnl", "net_r", "net_r_mean", "win_rate",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """Runs in the order of the policies; `pairs` holds every two of them, the earlier first, as flat mappings."""

    about: Mapping[str, Any]
    runs: tuple[PolicyRun, ...]
    seed: int = 0

    @cached_property
    def policies(self) -> list[dict[str, Any]]:
        """A flat mapping a policy: the figures of its netting run, and what it made of the shared entries."""
        return [self._figures(run) for run in self.runs]

    @cached_property
    def pairs(self) -> list[dict[str, Any]]:
        """A flat mapping a pair: the paired difference of its sets, that of its netting runs, and a verdict."""
        made = []
        for first, second in combinations(self.runs, 2):
            names = (first.policy.name, second.policy.name)
            paired = paired_difference(names, first.outcomes, second.outcomes, self.seed)
            netting = netting_difference(names, first.netting.equity_columns, second.netting.equity_columns, self.seed)
            made.append({"first": names[0], "second": names[1]} | paired | netting)
        return made

    @property
    def verdicts(self) -> list[str]:
        return [pair["verdict"] for pair in self.pairs]

    def _figures(self, run: PolicyRun) -> dict[str, Any]:
        metrics, sets = run.netting.metrics, run.netting.set_columns
        return {
            "name": run.policy.name,
            "rewrite": run.policy.rewrite,
            "run_id": run.netting.run_id,
            **{name: metrics[name] for name in FIGURES},
            **expectancy(sets.r_multiple, sets.opened_at, self.seed),
            "num_independent_sets": len(run.outcomes),
        }

    def to_dict(self) -> dict[str, Any]:
        """What compare.json holds."""
        return dict(self.about) | {"policies": self.policies, "pairs": self.pairs}

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row an entry; null where a policy did not take it. Differences are first − second."""
        import polars as pl

        keys: dict[str, Any] = {}
        for run in self.runs:
            keys = {**run.outcomes, **keys}
        rows = sorted(keys, key=lambda key: (keys[key].opened_at, keys[key].symbol, key))
        columns = [
            pl.Series("entry", rows, dtype=pl.String),
            pl.Series("symbol", [keys[key].symbol for key in rows], dtype=pl.String),
            pl.Series("side", ["long" if keys[key].side > 0 else "short" for key in rows], dtype=pl.String),
            pl.Series("opened_at", [instant_of(keys[key].opened_at) for key in rows], dtype=pl.Datetime("us", "UTC")),
        ]
        for run in self.runs:
            own = [run.outcomes.get(key) for key in rows]
            name = run.policy.name
            columns += [
                pl.Series(f"{name}.r", [one and one.r for one in own], dtype=pl.Float64),
                pl.Series(f"{name}.pnl", [one and one.pnl for one in own], dtype=pl.Float64),
                pl.Series(
                    f"{name}.exit_reasons", [one and list(one.exit_reasons) for one in own], dtype=pl.List(pl.String)
                ),
            ]
        frame = pl.DataFrame(columns)
        return frame.with_columns(
            (pl.col(f"{pair['first']}.{unit}") - pl.col(f"{pair['second']}.{unit}")).alias(
                f"{pair['first']}-{pair['second']}.difference_{unit}"
            )
            for pair in self.pairs
            for unit in ("r", "pnl")
        )

    def to_dir(self, path: str | Path) -> Path:
        """compare.json, compare.parquet and a folder a policy with its netting run, moved into place whole."""
        folder = prepare(path_of(path))
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False, allow_nan=False)
            (staging / "compare.json").write_text(text + "\n", encoding="utf-8", newline="\n")
            self.frame.write_parquet(staging / "compare.parquet", compression="zstd", statistics=False)
            for run in self.runs:
                run.netting.to_dir(staging / run.policy.name)
            folder.mkdir(exist_ok=True)
            for item in sorted(staging.iterdir()):
                target = folder / item.name
                if target.is_dir():
                    shutil.rmtree(target)
                os.replace(item, target)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        return folder


def compare(
    candles: Any,
    *,
    policies: Sequence[Any],
    plan: Any = None,
    entries: Any = None,
    profiles: Any = None,
    config: Any = None,
    detail: Any = None,
    funding: Any = None,
    quotes: Any = None,
    paths: str | None = None,
    repair: bool = False,
    environment: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Run the same entries under each policy and pair the outcomes; the other arguments are those of `backtest`.

    A policy is a path, a mapping or "emergency-only". Entries are those of the entries file, else the entry fills of
    the first policy's netting run. Raises InvalidInput, and Unavailable where the package arch is missing.
    """
    if paths is not None and paths not in PATHS:
        raise InvalidInput(f"paths is {paths!r}", accepted=", ".join(PATHS))
    if not isinstance(policies, list | tuple):
        raise InvalidInput(f"policies are {described(policies)}", accepted="a list of paths, mappings or names")
    chosen = read_policies(policies)
    base = load_config(config, environment)
    given = {
        "candles": read_once(candles, base, repair=repair), "detail": detail, "funding": funding, "quotes": quotes,
        "entries": entries, "plan": plan, "profiles": profiles, "config": config, "repair": repair,
        "environment": environment,
    }  # fmt: skip
    inputs = [inputs_under(policy, base, given) for policy in chosen]
    arch_bootstrap()
    path = "adverse" if paths == "both" else paths
    told = _parts(progress, len(inputs))
    results = [netting_run(own, paths, part) for own, part in zip(inputs, told)]
    from_file = entries is not None
    orders = orders_of_file(inputs[0].rows) if from_file else orders_of_fills(results[0])
    runs = tuple(
        PolicyRun(
            policy=policy,
            netting=result,
            outcomes=outcomes_of(independent_run(own, orders, path, already_taken=not from_file, told=part)),
        )
        for policy, own, result, part in zip(chosen, inputs, results, told[len(inputs) :])
    )
    comparison = Comparison(about={}, runs=runs, seed=base.seed)
    return replace(comparison, about=_about(comparison, inputs, from_file=from_file))


def _parts(progress: Progress | None, policies: int) -> list[Callable[[float], None]]:
    """How far each run of each policy is, as a share of them all: the netting runs come first."""
    count = 2 * policies

    def part(number: int) -> Callable[[float], None]:
        return lambda share: None if progress is None else progress("running", (number + share) / count)

    return [part(number) for number in range(count)]


def comparison_id(seed: int, content: Sequence[Sequence[str]]) -> str:
    """From the name and run_id of each policy, in their order."""
    digest = hashlib.sha256(json.dumps([__version__, seed, content]).encode()).hexdigest()
    return f"c{digest[:12]}"


def _about(comparison: Comparison, inputs: Sequence[RunInputs], *, from_file: bool) -> dict[str, Any]:
    """What is compared; comparison_id derives from the content of the inputs, the policies and their order."""
    runs = comparison.runs
    content = [[run.policy.name, run.netting.run_id] for run in runs]
    about = runs[0].netting.about
    entries = "the entries file" if from_file else f"the entry fills of {runs[0].policy.name}"
    return {
        "comparison_id": comparison_id(comparison.seed, content),
        "version": __version__,
        "seed": comparison.seed,
        **{name: about[name] for name in ("symbols", "timeframe", "start", "end", "bars")},
        "entries": entries,
        "num_entries": len({key for run in runs for key in run.outcomes}),
        "warnings": list(dict.fromkeys(line for run in runs for line in run.netting.about["warnings"])),
        "notes": _notes(comparison, inputs),
    }


def _notes(comparison: Comparison, inputs: Sequence[RunInputs]) -> list[str]:
    """What a reader has to know to read the figures aright."""
    runs, pairs = comparison.runs, comparison.pairs
    notes = list(dict.fromkeys(note for run in runs for note in run.netting.about["notes"]))
    for run, own in zip(runs, inputs):
        if run.policy.rewrite == EMERGENCY and not any(source.role == "rewrite" for source in own.sources):
            notes.append(f"{run.policy.name}: its plan has no risk_reduce or risk_off to rewrite")
    for pair in pairs:
        names = f"{pair['first']} and {pair['second']}"
        unpaired = max(pair["num_unpaired_first"], pair["num_unpaired_second"])
        if unpaired:
            notes.append(f"{names}: {unpaired} sets have no counterpart and are left out")
        if pair["num_other_risk"]:
            notes.append(f"{names}: {pair['num_other_risk']} pairs differ in initial risk; R is each policy's own")
    units = {pair["cluster"] for pair in pairs if pair["num_pairs"]}
    if units:
        notes.append(f"intervals of sets are clustered by the UTC {' or '.join(sorted(units))} of opening")
    if len(pairs) > 1:
        notes.append(
            f"{len(pairs)} pairs are judged, each by its own 95% interval, without a correction for their number"
        )
    return notes

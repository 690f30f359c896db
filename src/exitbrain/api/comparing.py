"""Stored runs laid together: one axis of time, sets paired by their entry, settings that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from exitbrain.api.models.comparing import ComparedRuns, PairedDifference, PolicyComparison
from exitbrain.api.problems import Refused
from exitbrain.api.run_rows import backtest_row
from exitbrain.core.instants import microseconds

if TYPE_CHECKING:
    import numpy as np

    from exitbrain.analysis.comparison import SetOutcome

FEWEST, MOST = 2, 10
MICROSECONDS = 1_000_000


def compared_runs(bench: Any, ids: str, points: int) -> ComparedRuns:
    chosen = list(dict.fromkeys(one for one in ids.split(",") if one))
    if not FEWEST <= len(chosen) <= MOST:
        error = {"field": "runs", "message": f"{len(chosen)} different runs", "accepted": f"{FEWEST} to {MOST}"}
        raise Refused(422, f"{len(chosen)} different runs; accepted: {FEWEST} to {MOST}", [error])
    rows = [backtest_row(bench, run_id) for run_id in chosen]
    abouts = {run_id: bench.store.description(run_id) for run_id in chosen}
    outcomes = {run_id: _outcomes(bench.store.all_trade_sets(run_id)) for run_id in chosen}
    pairs = [_pair(first, second, outcomes) for first, second in combinations(chosen, 2)]
    return ComparedRuns.model_validate(
        {
            "runs": [dict(row) | {"metrics": bench.store.metrics(row["run_id"])} for row in rows],
            "curves": _curves({run_id: bench.frame(run_id, "equity.parquet") for run_id in chosen}, points),
            "pairs": pairs,
            "settings": list(_settings_that_differ([abouts[run_id] for run_id in chosen])),
            "notes": list(_notes(pairs, abouts)),
        }
    )


def policy_comparison(bench: Any, run_id: str) -> PolicyComparison:
    row = bench.store.run(run_id)
    if row["kind"] != "compare":
        raise Refused(404, f"run {run_id} is no comparison of policies")
    if not row["has_results"]:
        raise Refused(409, f"the comparison is {row['status']}")
    return PolicyComparison.model_validate(bench.store.description(run_id) | {"run_id": run_id})


def _outcomes(sets: Iterable[Mapping[str, Any]]) -> dict[str, SetOutcome]:
    """By the entry: symbol, side, opening time and what opened it. A second one of equal key counts on its own."""
    from exitbrain.analysis.comparison import SetOutcome

    found: dict[str, SetOutcome] = {}
    for one in sets:
        key = "|".join((one["symbol"], one["side"], one["opened_at"], *one["entry_triggers"]))
        while key in found:
            key += "+"
        found[key] = SetOutcome(
            symbol=one["symbol"],
            side=1 if one["side"] == "long" else -1,
            opened_at=microseconds(one["opened_at"]),
            r=None if one["closed_at"] is None else one["r_multiple"],
            pnl=float(one["pnl_net"]),
            initial_risk=float(one["initial_risk"] or 0),
            exit_reasons=tuple(leg["reason"] for leg in one["legs"] if not leg["is_entry"]),
        )
    return found


def _pair(first: str, second: str, outcomes: Mapping[str, Mapping[str, SetOutcome]]) -> PairedDifference:
    from exitbrain.analysis.comparison import paired_difference

    told = paired_difference((first, second), outcomes[first], outcomes[second], 0)
    return PairedDifference.model_validate({"first": first, "second": second} | told)


def _curves(frames: Mapping[str, Any], points: int) -> dict[str, Any]:
    """Each run's curve carried forward to the times of all; null before its first bar and after its last."""
    import numpy as np

    from exitbrain.report.curves import telling_points

    times = {run_id: frame["time"].dt.epoch("us").to_numpy() for run_id, frame in frames.items()}
    keep = []
    for run_id, frame in frames.items():
        own = telling_points(frame["equity"].to_numpy(), frame["drawdown"].to_numpy(), points)
        keep.append(times[run_id][own])
    axis = np.unique(np.concatenate(keep)) if keep else np.array([], dtype=np.int64)
    return {
        "time": (axis // MICROSECONDS).tolist(),
        "runs": [{"run_id": run_id} | _on_axis(frame, times[run_id], axis) for run_id, frame in frames.items()],
    }


def _on_axis(frame: Any, time: np.ndarray, axis: np.ndarray) -> dict[str, list[float | None]]:
    import numpy as np

    from exitbrain.report.curves import short

    if not len(time):
        return {name: [None] * len(axis) for name in ("equity", "drawdown")}
    at = np.searchsorted(time, axis, side="right") - 1
    known = (at >= 0) & (axis <= time[-1])
    return {
        name: [short(value) if is_known else None for value, is_known in zip(frame[name].to_numpy()[at], known)]
        for name in ("equity", "drawdown")
    }


def _settings_that_differ(abouts: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    laid = [dict(_flat("", about["config"])) | dict(_inputs(about)) for about in abouts]
    for key in dict.fromkeys(name for one in laid for name in one):
        values = [one.get(key) for one in laid]
        if any(value != values[0] for value in values):
            yield {"key": key, "values": values}


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{prefix}.{key}" if prefix else str(key), inner)
    else:
        yield prefix, value


def _inputs(about: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names of files with the start of their hash, since a name alone may stand for two contents."""
    by_role: dict[str, list[str]] = {}
    for one in about["inputs"]:
        by_role.setdefault(one["role"], []).append(f"{one['name']} ({one['sha256'][:8]})")
    for role, names in by_role.items():
        yield f"inputs.{role}", ", ".join(names)


def _notes(pairs: Sequence[PairedDifference], abouts: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for pair in pairs:
        if pair.num_unpaired_first or pair.num_unpaired_second:
            yield (
                f"{pair.first} and {pair.second}: {pair.num_pairs} sets began with the same entry; "
                f"{pair.num_unpaired_first} and {pair.num_unpaired_second} have no partner and are left out."
            )
    if len({about["timeframe"] for about in abouts.values()}) > 1:
        yield "The runs have different timeframes: their curves are carried forward between bars."

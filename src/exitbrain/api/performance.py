"""How profiles did in stored runs: per profile and regime, R with its interval, rungs, excursions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from exitbrain.analysis.bootstrap import clustered_mean, clusters_of
from exitbrain.api.models.profiles import ProfilePerformance, ProfilePerformanceList, Quantiles, RungRates

QUANTILES = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9}
LEGACY = "legacy ladder"


def profile_performance(bench: Any, runs: Sequence[str], **asked: Any) -> ProfilePerformanceList:
    for run_id in runs:
        bench.store.run(run_id)  # UnknownRun where there is none
    groups: dict[tuple[str, str | None], list[Mapping[str, Any]]] = defaultdict(list)
    for row in bench.store.outcomes(list(runs) or None, **asked):
        groups[row["profile"] or LEGACY, row["regime"]].append(row)
    plans = _Plans(bench)
    items = [
        _performance(profile, regime, rows, plans)
        for (profile, regime), rows in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    ]
    return ProfilePerformanceList(items=items, runs=sorted({row["run_id"] for rows in groups.values() for row in rows}))


class _Plans:
    """The ladders of a run, read once."""

    def __init__(self, bench: Any) -> None:
        self._bench = bench
        self._by_run: dict[str, Mapping[str, Any]] = {}

    def targets(self, row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        run_id = row["run_id"]
        if run_id not in self._by_run:
            self._by_run[run_id] = self._bench.store.plans(run_id)
        plan = self._by_run[run_id].get(row["set_id"]) or {}
        return sorted(
            (leg for leg in plan.get("legs") or () if leg["kind"] == "TP" and leg["index"] is not None),
            key=lambda leg: leg["index"],
        )


def _performance(profile: str, regime: str | None, rows: list[Mapping[str, Any]], plans: _Plans) -> ProfilePerformance:
    with_r = sorted((row for row in rows if row["r_multiple"] is not None), key=lambda row: row["opened_at"])
    r = np.array([row["r_multiple"] for row in with_r], dtype=np.float64)
    clusters = clusters_of(np.array([row["opened_at"] for row in with_r], dtype=np.int64))
    estimate = clustered_mean(r, clusters, 0)
    targets = [plans.targets(row) for row in rows]
    mfe, mae = (np.array([row[name] for row in rows if row[name] is not None]) for name in ("mfe_r", "mae_r"))
    first = [
        row["mfe_r"] >= legs[0]["r"]
        for row, legs in zip(rows, targets, strict=True)
        if legs and row["mfe_r"] is not None and legs[0]["r"] is not None
    ]
    return ProfilePerformance(
        profile=profile,
        regime=regime,
        num_runs=len({row["run_id"] for row in rows}),
        num_sets=len(rows),
        net_r_mean=estimate.mean,
        net_r_low=estimate.low,
        net_r_high=estimate.high,
        win_rate=_share([row["pnl_net"] > 0 for row in rows]),
        rungs=_rungs(targets),
        mfe_r=_quantiles(mfe),
        mae_r=_quantiles(mae),
        mae_beyond_stop=_share((mae < -1.0).tolist()),
        mfe_reached_first_target=_share(first),
    )


def _rungs(targets: Iterable[list[Mapping[str, Any]]]) -> list[RungRates]:
    """A rung's conditional rate is over the sets that hit the rung before; the first rung's is its hit rate."""
    planned: dict[int, int] = defaultdict(int)
    reached: dict[int, int] = defaultdict(int)
    hit: dict[int, int] = defaultdict(int)
    for legs in targets:
        before = True
        for leg in legs:
            planned[leg["index"]] += 1
            reached[leg["index"]] += before
            before = leg["status"] == "hit"
            hit[leg["index"]] += before
    return [
        RungRates(
            index=index,
            planned=planned[index],
            hit=hit[index],
            hit_rate=hit[index] / planned[index],
            conditional_rate=hit[index] / reached[index] if reached[index] else None,
        )
        for index in sorted(planned)
    ]


def _quantiles(values: np.ndarray) -> Quantiles:
    if not len(values):
        return Quantiles(**dict.fromkeys(QUANTILES))
    return Quantiles(**{name: float(np.quantile(values, share)) for name, share in QUANTILES.items()})


def _share(answers: list[bool]) -> float | None:
    return sum(answers) / len(answers) if answers else None

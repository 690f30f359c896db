"""What the page of a sweep is given: the golden payload, which the page's own tests read too."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import polars as pl

from exitbrain.report import build_sweep_payload

GOLDEN = Path(__file__).parents[1] / "golden" / "sweep_payload.json"
TARGETS, CALLBACKS = (0.4, 0.5, 0.6), (0.01, 0.02)
# Rows are targets, columns callbacks: mean R and drawdown of each of the six.
FIGURES = (((0.10, -0.20), (0.30, -0.25)), ((0.20, -0.10), (0.25, -0.30)), ((0.05, -0.30), (None, None)))


def table() -> pl.DataFrame:
    rows = []
    for i, target in enumerate(TARGETS):
        for j, callback in enumerate(CALLBACKS):
            mean, drawdown = FIGURES[i][j]
            rows.append((2 * i + j, target, callback, "x", mean, drawdown, 12))
    names = ["configuration", "tp_legs.0.r_multiple", "trailing.callback_pct", "whole", "net_r_mean", "max_drawdown"]
    return pl.DataFrame(rows, schema=[*names, "num_sets"], orient="row")


def given(**change: Any) -> dict[str, Any]:
    about = {
        "sweep_id": "s0", "version": "0.1.0", "method": "grid", "samples": None, "seed": 0, "symbols": ["TST"],
        "timeframe": "1h", "start": "2023-01-01T00:00:00Z", "end": "2023-02-01T00:00:00Z", "bars": 744,
        "num_configurations": 7, "num_left_out": 1, "left_out_reasons": {"two legs at 1R": 1}, "warnings": [],
        "notes": ["tick inferred"], "inputs": [{"role": "candles", "name": "TST_1h.csv", "sha256": "00", "path": "/x"}],
    }  # fmt: skip
    judged = {
        "verdict": "luck: configuration 1 is not better than TREND_DEFAULT",
        "winner": 1,
        "evidence": {"deflated_sharpe": 0.4, "overfitting": 0.6, "superior_p": None, "num_trials": 6, "num_days": 30},
        "walk_forward": {"net_r_mean": 0.1, "net_r_mean_low": -0.1, "net_r_mean_high": 0.3, "num_windows": 1},
        "cpcv": {"num_folds": 1, "share_better": 0.5},
        "folds": [
            {"kind": "cpcv", "train": ["2023-01-01", "2023-01-10"], "test": [["2023-01-11", "2023-01-20"]],
             "configuration": 1, "train_score": 0.3, "test_score": None, "base_test_score": 0.1},
        ],
    }  # fmt: skip
    return {
        "about": about,
        "table": table(),
        "keys": ["tp_legs.0.r_multiple", "trailing.callback_pct", "whole"],
        "objective": {"net_r_mean": "maximize", "max_drawdown": "maximize"},
        "ranking": [1, 3, 2, 0, 4, 5],
        "front": [1, 2],
        "base": {"net_r_mean": 0.15, "max_drawdown": -0.22, "num_sets": 12, "sharpe": 1.0},
        "judged": judged,
    } | change


def test_the_golden_payload_is_what_the_table_gives() -> None:
    made = json.dumps(build_sweep_payload(**given()), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    if os.environ.get("EXITBRAIN_WRITE_GOLDEN"):
        GOLDEN.write_text(made, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == made


def test_a_cell_is_the_mean_of_all_that_share_its_values_and_names_the_best() -> None:
    doubled = pl.concat([table(), table().with_columns(pl.col("net_r_mean") - 0.1)])
    payload = build_sweep_payload(**given(table=doubled, ranking=list(range(12))))
    (only,) = payload["maps"]  # what does not vary has no map
    assert (only["x"], only["y"]) == ("tp_legs.0.r_multiple", "trailing.callback_pct")
    assert only["across"] == ["0.4", "0.5", "0.6"] and only["down"] == ["0.01", "0.02"]
    assert only["cells"][0] == [0, 0, 0.05, 0.1, 2]
    assert [0, 2, 0.0, 0.05, 2] in [[*cell[:2], round(cell[2], 12), *cell[3:]] for cell in only["cells"]]
    assert len(only["cells"]) == 5  # nothing is known of the sixth


def test_the_front_is_never_thinned_out() -> None:
    count = 5000
    many = pl.DataFrame(
        {
            "configuration": range(count),
            "tp_legs.0.r_multiple": [0.4] * count,
            "net_r_mean": [float(i) for i in range(count)],
            "max_drawdown": [-float(i) for i in range(count)],
            "num_sets": [1] * count,
        }
    )
    front = list(range(0, count, 500))
    payload = build_sweep_payload(
        **given(table=many, keys=["tp_legs.0.r_multiple"], ranking=list(reversed(range(count))), front=front)
    )
    points = payload["front"]["points"]
    assert len(points) <= 2001 and [point[0] for point in points if point[3]] == front
    assert payload["maps"] == [] and len(payload["rows"]) == 100


def test_many_numbers_of_one_key_share_stretches() -> None:
    many = pl.concat([table().with_columns(pl.lit(float(i)).alias("trailing.callback_pct")) for i in range(60)])
    (only, *_) = build_sweep_payload(**given(table=many, ranking=list(range(len(many)))))["maps"]
    assert len(only["down"]) == 8 and only["down"][0] == "0 to 7.375"


def test_one_objective_has_no_front() -> None:
    payload = build_sweep_payload(**given(objective={"net_r_mean": "maximize"}, judged=None))
    assert payload["front"] is None and payload["judged"] is None

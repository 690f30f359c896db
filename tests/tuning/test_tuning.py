"""`tune` finds a planted better exit, calls the best of noise luck, and repeats itself to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from exitbrain import backtest
from exitbrain.analysis.outcomes import Outcomes, outcome_metrics
from exitbrain.cli import main
from exitbrain.errors import InvalidInput
from exitbrain.tuning.scores import SCORES, ClosedSets
from exitbrain.wiring.tuning import tune

from .worlds import options, write_tides, write_world

pytest.importorskip("purgedcv")
pytest.importorskip("arch")
NOISY = {
    "base": "NORMAL_DEFAULT",
    "space": {"tp_legs.0.r_multiple": [0.3, 0.5, 0.7, 0.9], "exits.default_stop_pct": [2, 2.5]},
}


def test_a_planted_better_exit_is_found_and_told_from_luck(tmp_path: Path) -> None:
    made = tune(**write_tides(tmp_path), out=tmp_path / "out", seed=1)
    told = made.to_dict()
    assert told["winner"]["configuration"] == 1
    assert told["verdict"].startswith("configuration 1 is better than NORMAL_DEFAULT by more than luck")
    assert told["walk_forward"]["net_r_mean"] > 0.2 and told["walk_forward"]["num_different_choices"] == 1
    assert told["cpcv"] | {"num_folds": 15, "num_paths": 5, "share_better": 1.0} == told["cpcv"]
    folds = made.folds_frame
    assert len(folds) == 20 * 3 and folds.group_by("configuration").agg(pl.col("test").mean()).max()["test"][0] > 0.3


def test_the_best_of_profiles_on_a_random_walk_is_called_luck(tmp_path: Path) -> None:
    verdicts = []
    for seed in range(3):
        folder = tmp_path / str(seed)
        folder.mkdir()
        made = tune(**{**write_world(folder, bars=960, seed=seed), "space": NOISY}, out=folder / "out", seed=1)
        verdicts.append(made.verdict)
    assert sum(one.startswith(("luck", "nothing")) for one in verdicts) >= 2, verdicts


def test_the_command_writes_the_same_bytes_again_and_files_that_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = write_tides(tmp_path, days=30)
    written = []
    for out in ("a", "b"):
        assert main(["tune", *options(world), "--seed", "3", "--out", str(tmp_path / out)]) == 0
        files = sorted((tmp_path / out).iterdir())
        written.append({one.name: one.read_bytes() for one in files if one.name != "timings.json"})
    assert written[0] == written[1]
    shown = capsys.readouterr().out
    for words in ("deflated Sharpe ratio", "overfitting (PBO)", "superior ability (SPA)", "walk-forward, R a set"):
        assert words in shown
    told = json.loads(written[0]["tune.json"])
    assert told["verdict"].split()[0] in shown
    run = backtest(
        world["candles"],
        entries=world["entries"],
        profiles=str(tmp_path / "a" / "best_profiles.yaml"),
        config=str(tmp_path / "a" / "best_config.yaml"),
    )
    assert run.metrics["net_r_mean"] == told["winner"]["net_r_mean"]


def test_no_fold_judges_what_it_was_chosen_on(tmp_path: Path) -> None:
    made = tune(**write_tides(tmp_path, days=30), out=tmp_path / "out")
    for one in made.to_dict()["folds"]:
        inside = [(first, last) for first, last in one["test"]]
        if one["kind"] == "walk_forward":
            assert one["train"][1] < inside[0][0]
        assert one["num_train_days"] >= 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"embargo": "soon"}, "embargo is 'soon'; accepted: 0, or"),
        ({"folds": 40}, "40 walk-forward windows need 82"),
        ({"groups": 2, "test_groups": 2}, "2 test groups of 2"),
        ({"objective": ["sharpe"]}, "sharpe cannot be told of a part of the sets; accepted: one of net_r_mean"),
    ],
)
def test_splits_that_cannot_be_made_are_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    world: dict[str, Any] = write_tides(tmp_path, days=20)
    if "objective" in change:
        world["space"] = {"base": "NORMAL_DEFAULT", "space": {"tp_legs.0.r_multiple": [0.4]}, **change}
        change = {}
    with pytest.raises(InvalidInput) as refused:
        tune(**world, out=tmp_path / "out", **change)
    assert told in str(refused.value)


def test_scores_of_all_sets_are_those_of_metrics_json() -> None:
    dice = np.random.default_rng(5)
    opened = np.sort(dice.integers(0, 10**9, 40))
    r = np.where(dice.random(40) < 0.1, np.nan, dice.normal(0, 1, 40))
    sets = ClosedSets(opened_at=opened, closed_at=opened + dice.integers(1, 10**8, 40), r=r, pnl=dice.normal(0, 10, 40))
    theirs = outcome_metrics(
        Outcomes(opened_at=sets.opened_at, closed_at=sets.closed_at, pnl_net=sets.pnl, r_multiple=sets.r)
    )
    for name in set(SCORES) & set(theirs):
        assert SCORES[name](sets, 1000.0) == pytest.approx(theirs[name]), name
    order = np.argsort(sets.closed_at)
    equity = np.concatenate(([1000.0], 1000 + np.cumsum(sets.pnl[order])))
    worst = min(equity[i] / equity[: i + 1].max() - 1 for i in range(len(equity)))
    assert SCORES["max_drawdown"](sets, 1000.0) == pytest.approx(worst)

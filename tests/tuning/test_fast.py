"""A fast sweep says what the engine says, and hands over to it what the kernel cannot follow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exitbrain.wiring import fast, sweeping
from exitbrain.wiring.sweeping import sweep
from exitbrain.wiring.tuning import tune

from .worlds import write_world

SPACE: dict[str, Any] = {
    "base": ["TREND_DEFAULT", "CHOP_DEFAULT"],
    "space": {
        "trailing": [None, {"callback_pct": 0.02, "activation_r": 0.5}],
        "stop_moves": [[], [{"after_leg": 1, "to": "breakeven"}]],
        "time_stop": [None, {"bars": 9}],
        "exits.default_stop_pct": [1.5, 3],
    },
    "objective": ["net_r_mean"],
}
CONFIG = {
    "instrument": {"tick_size": 0.1, "lot_size": 0.001, "min_notional": 180},
    "account": {"independent": True, "sizing": {"mode": "notional", "value": 1000}},
    "exits": {"regime": "NORMAL"},
}


def world(folder: Path, **change: Any) -> dict[str, Any]:
    return {**write_world(folder, bars=360), "space": SPACE, "config": {**CONFIG, **change}}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"account": {"on_opposite": "ignore", "sizing": {"mode": "notional", "value": 1000}}},
        {"execution": {"path": "favorable", "limit_fill": "through", "slippage_bps": 3}},
    ],
    ids=["independent", "one after another", "favorable"],
)
def test_every_measure_is_that_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    given = world(tmp_path, **change)
    by_engine = sweep(**given, out=tmp_path / "engine").frame
    followed: list[int] = []
    whole = fast.rows_of

    def counted(found: Any, configurations: Any, *more: Any, **named: Any) -> Any:
        followed.append(len(configurations))
        return whole(found, configurations, *more, **named)

    monkeypatch.setattr("exitbrain.wiring.evaluating.rows_of", counted)
    made = sweep(**given, out=tmp_path / "fast", fast=True)
    assert sum(followed) == len(by_engine) + 17 and not [n for n in made.about["notes"] if "fast" in n]
    names = [name for name in made.frame.columns if name in by_engine.columns]
    assert {"net_r_mean", "sqn", "win_rate", "net_pnl", "fees_total", "rung.1.hit_rate", "longest_losing_streak"} < set(
        names
    )
    assert set(made.frame.columns) <= set(by_engine.columns)
    for name in names:
        ours, theirs = made.frame[name].to_list(), by_engine[name].to_list()
        assert [one is None for one in ours] == [one is None for one in theirs], name
        if made.frame[name].dtype == pl.String:
            assert ours == theirs
            continue
        ours, theirs = ([0 if one is None else one for one in column] for column in (ours, theirs))
        assert ours == pytest.approx(theirs, rel=1e-6, abs=1e-6, nan_ok=True), name
    assert made.frame["num_sets"].max() > 10


def test_what_the_kernel_cannot_follow_the_engine_does(tmp_path: Path) -> None:
    given = world(tmp_path)
    given["space"] = {
        "base": "TREND_DEFAULT",
        "space": {"atr_trail": [None, {"mult": 2}], "tp_legs.0.r_multiple": [0.3, 0.4]},
    }
    by_engine = sweep(**given, out=tmp_path / "engine", sets=True)
    made = sweep(**given, out=tmp_path / "fast", fast=True, sets=True)
    for name in ("net_r_mean", "num_sets", "exit_reason.trailing_stop.count"):
        assert made.frame[name].to_list() == pytest.approx(by_engine.frame[name].to_list(), rel=1e-9)
    columns = ["configuration", "opened_at", "closed_at", "side", "bars_held"]
    order = ["configuration", "opened_at", "closed_at"]
    assert (
        made.scan_sets()
        .collect()
        .select(columns)
        .sort(order)
        .equals(by_engine.scan_sets().collect().select(columns).sort(order))
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"account": {"sizing": {"mode": "notional", "value": 1000}}}, "entries reverse or add"),
        ({"account": {"independent": True}}, "sizes follow equity"),
        ({"guardrails": {"cooldown_bars": 2}}, "a guard or cap looks at"),
        ({"execution": {"fill_at": "close"}}, "fill_at close"),
    ],
)
def test_inputs_that_only_the_engine_can_run_are_named(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    given = world(tmp_path, **change)
    given["space"] = {"base": "TREND_DEFAULT", "space": {"tp_legs.0.r_multiple": [0.4]}}
    made = sweep(**given, out=tmp_path / "out", fast=True)
    assert any(f"fast: the engine follows what the kernel cannot: {why}" in note for note in made.about["notes"])
    assert made.num_rows == 1


def test_pieces_and_processes_do_not_change_a_fast_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given, files = world(tmp_path), []
    for length in (3, 512):
        monkeypatch.setattr(sweeping, "LONGEST_PIECE", length)
        monkeypatch.setattr(sweeping, "PIECE_SECONDS", 1e9)
        made = sweep(**given, out=tmp_path / f"o{length}", fast=True, sets=True)
        made.to_dir(tmp_path / f"f{length}")
        files.append([(tmp_path / f"f{length}" / name).read_bytes() for name in ("sweep.parquet", "sets.parquet")])
    assert files[0] == files[1]


def test_tune_judges_a_fast_sweep_as_it_judges_the_engine(tmp_path: Path) -> None:
    pytest.importorskip("purgedcv")
    given = world(tmp_path)
    given["space"] = {"base": "TREND_DEFAULT", "space": {"tp_legs.0.r_multiple": [0.2, 0.4, 0.6]}}
    slow, quick = (tune(**given, folds=2, groups=4, out=tmp_path / f"{i}", fast=bool(i)) for i in (0, 1))
    assert quick.winner == slow.winner and quick.evidence.superior_p == pytest.approx(slow.evidence.superior_p)
    assert quick.daily == pytest.approx(slow.daily, abs=1e-9)

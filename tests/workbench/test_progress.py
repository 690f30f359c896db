"""How far a run is: told at most a hundred times a stage, never backwards, and without changing what comes out."""

from __future__ import annotations

from pathlib import Path

from exitbrain import backtest

from .worlds import long_request


def test_progress_is_told_in_order_and_changes_nothing(tmp_path: Path) -> None:
    asked = long_request(tmp_path, bars=20_000)
    (tmp_path / "plan.yaml").write_text(asked["plan"])
    given = {"plan": tmp_path / "plan.yaml", "config": asked["config"], "paths": "both", "environment": {}}
    told: list[tuple[str, float]] = []
    watched = backtest(asked["candles"], **given, progress=lambda stage, share: told.append((stage, share)))
    unwatched = backtest(asked["candles"], **given)
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["reading", "running", "favorable"]
    for stage in ("running", "favorable"):
        shares = [share for one, share in told if one == stage]
        assert len(shares) == 100 and shares == sorted(shares) and shares[-1] == 1.0
    assert len(watched.trade_sets) > 10
    first, second = (run.to_dir(tmp_path / name) for run, name in ((watched, "a"), (unwatched, "b")))
    for path in first.iterdir():
        if path.is_file() and path.name != "timings.json":
            assert path.read_bytes() == (second / path.name).read_bytes(), path.name

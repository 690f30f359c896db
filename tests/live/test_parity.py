"""The live monitor leaves as the backtest says: zero unexplained differences, in the worlds by hand, in random ones and
on real candles (spec P6-P10, X2-X4, F8, F16, F20, T6, D4)."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.differential import files_of
from engine.worlds import candles, config, entries, profile, trailing
from exitbrain.cli import main
from exitbrain.core.live import believing, step
from exitbrain.errors import InvalidInput
from exitbrain.wiring.inputs import gather
from exitbrain.wiring.parity.comparing import Verdict
from exitbrain.wiring.parity.running import Parity, parity_of_inputs
from oracle.random_worlds import random_world
from oracle.worlds import write_world

DATA = os.environ.get("EXITBRAIN_TEST_DATA", "")
PLAIN, WITH_TRIGGERS = range(12), range(6)
REAL = (
    ("15m/binance_perp_BNBUSDT_15m_20221001_20230102.parquet", {}),
    ("15m/binance_spot_OPUSDT_15m_20230401_20240409.parquet", {"execution": {"slippage_bps": 3}}),
    ("1h/binance_perp_ETHUSDT_1h_20200101_20230101.parquet", {"account": {"max_adds": 1}}),
)


def different(parity: Parity) -> list[dict[str, Any]]:
    return [one.to_dict() for one in parity.sets if one.verdict is Verdict.DIFFERENT]


def of_world(seed: int, folder: Path, *, triggers: bool) -> Parity:
    """A random world on one account. The two settings that have no like of them live are left out."""
    world = random_world(seed, triggers=triggers, independent=False, fill_at="next_open")
    world["config"]["execution"].pop("limit_fill", None)
    if world["config"].get("exits", {}).get("risk_mode") == "ESS_ACTIVE":
        world["config"]["exits"]["risk_mode"] = "NORMAL"
    write_world(world, folder)
    files = files_of(folder)
    return parity_of_inputs(gather(files.pop("candles"), environment={}, **files))


@pytest.mark.parametrize("triggers", [False, True])
def test_random_worlds_are_left_alike(triggers: bool, tmp_path: Path) -> None:
    counts: Counter[str] = Counter()
    for seed in WITH_TRIGGERS if triggers else PLAIN:
        parity = of_world(seed, tmp_path / str(seed), triggers=triggers)
        assert not different(parity), (seed, different(parity)[0])
        counts.update(parity.counts)
    assert counts["equal"] > 20 > counts["documented"], counts


def by_hand(bars: list[str], rows: list[str], legs: str, **recipe: Any) -> Parity:
    settings = recipe.pop("settings", {})
    return parity_of_inputs(
        gather(
            candles(bars),
            entries=entries(rows),
            profiles=profile(legs, **recipe),
            config=config(**settings),
            environment={},
        )
    )


def test_a_trail_that_was_raised_on_the_way_up_fills_on_the_way_down() -> None:  # spec P8, X3
    parity = by_hand(
        ["100 100.5 99.5 100", "100 104 99.5 101", "101 101 100 100.5"], ["0 long 1 98 e"], "3/0.5/HARD",
        trailing=trailing(0.02, 1),
    )  # fmt: skip
    (one,) = parity.sets
    assert one.verdict is Verdict.EQUAL and "trailing_stop" in [exit_.reason for exit_ in one.live]


def test_break_even_after_fees_is_the_same_tick() -> None:  # spec F52
    parity = by_hand(
        ["100 100.5 99.5 100", "100 102.5 100 101", "101 101 98 99"], ["0 long 1 98 e"], "1/0.5/SOFT 2/0.5/HARD",
        stop_moves=[{"after_leg": 1, "to": "breakeven", "fees": True}],
        settings={"fees": ("0.0002", "0.0005"), "slippage_bps": 2},
    )  # fmt: skip
    (one,) = parity.sets
    assert one.verdict is Verdict.EQUAL and [exit_.reason for exit_ in one.live] == ["take_profit_1", "breakeven_stop"]


def written(folder: Path) -> dict[str, str]:
    """A rung, break-even after it, and price that comes back: as files, by option."""
    folder.mkdir()
    bars = ["100 100.5 99.5 100", "100 102.5 100 101", "101 101 98.5 99", "99 99.5 98.5 99"]
    candles(bars).write_parquet(folder / "candles.parquet")
    entries(["0 long 1 98 e"]).write_parquet(folder / "entries.parquet")
    moves = [{"after_leg": 1, "to": "breakeven"}]
    (folder / "profiles.yaml").write_text(json.dumps(profile("1/0.5/SOFT 2/0.5/HARD", stop_moves=moves)))
    (folder / "config.yaml").write_text(json.dumps(config()))
    suffixes = {"candles": "parquet", "entries": "parquet", "profiles": "yaml", "config": "yaml"}
    return {f"--{name}": str(folder / f"{name}.{suffix}") for name, suffix in suffixes.items()}


def backtested(folder: Path) -> str:
    words = [word for pair in written(folder / "in").items() for word in pair]
    assert main(["backtest", *words, "--out", str(folder / "out")]) == 0
    return str(folder / "out")


def test_a_difference_is_told_and_ends_with_status_4(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = backtested(tmp_path)
    capsys.readouterr()
    assert main(["parity", run, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] and told["counts"] == {"equal": 1, "documented": 0, "different": 0}
    assert [one["reason"] for one in told["sets"][0]["live"]] == ["take_profit_1", "breakeven_stop"]
    monkeypatch.setattr(step, "belief", StuckStops())
    assert main(["parity", run]) == 4
    said = capsys.readouterr().out
    assert "1 different" in said and "backtest" in said and "breakeven_stop" in said


class StuckStops:
    """A monitor whose stops do not move with its rungs."""

    def __getattr__(self, name: str) -> Any:
        return (lambda _: None) if name == "stop_moves" else getattr(believing, name)


def test_inputs_are_found_where_the_run_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = [word for role, path in written(tmp_path / "in").items() for word in (role, os.path.relpath(path))]
    assert main(["backtest", *words, "--out", "far/away/out"]) == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = str(tmp_path / "far/away/out")
    assert main(["parity", run]) == 0
    (tmp_path / "in" / "config.yaml").write_text(json.dumps(config(account={"max_adds": 3})))
    capsys.readouterr()
    assert main(["parity", run]) == 0, "the settings are in run.json"
    candles(["100 101 99 100"] * 4).write_parquet(tmp_path / "in" / "candles.parquet")
    assert main(["parity", run]) == 2, "a file of another hash does not count"
    assert "candles.parquet" in capsys.readouterr().err


@pytest.mark.parametrize("told", [7, None, [7], ["nowhere"]])
def test_inputs_that_are_not_found_are_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str], told: Any) -> None:
    run = backtested(tmp_path)
    (tmp_path / "in").rename(tmp_path / "moved")
    (Path(run) / "timings.json").write_text(json.dumps({"run_seconds": 1.5, "read_from": told}))
    capsys.readouterr()
    assert main(["parity", run]) == 2
    assert "candles.parquet" in capsys.readouterr().err
    assert main(["parity", run, "--inputs", str(tmp_path / "moved")]) == 0


@pytest.mark.parametrize("folder", ["nowhere", "file", ""])
def test_a_folder_of_inputs_that_is_none_is_bad_input(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where the inputs are found elsewhere: who names a folder means it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert main(["parity", "run", "--inputs", folder]) == 2
    assert f"--inputs '{folder}' is no" in capsys.readouterr().err


def test_independent_positions_cannot_be_played_on_one_account() -> None:
    with pytest.raises(InvalidInput, match="independent"):
        by_hand(["100 101 99 100"] * 3, ["0 long 1 98 e"], "1/1/HARD", settings={"account": {"independent": True}})


def of_real_candles(name: str, settings: dict[str, Any], count: int) -> Parity:
    """Trailing, SOFT legs and a risk_reduce trigger over the first real bars, with an entry every 15."""
    symbol = name.split("_")[2]
    bars = pl.read_parquet(Path(DATA) / name).slice(0, count)
    if "symbol" not in bars.columns:
        bars = bars.with_columns(symbol=pl.lit(symbol))
    times = bars["timestamp"].to_list()[40 : count - 10 : 15]
    sides = (["long", "short", "long"] * len(times))[: len(times)]
    rows = pl.DataFrame({"timestamp": times, "symbol": symbol, "side": sides})
    plan = {
        "plan_id": "p",
        "triggers": [
            {"id": "trim", "symbol": symbol, "direction": "exit", "category": "risk_reduce", "exit_fraction": 0.4,
             "exit_rule": "rsi_14 > 65 or rsi_14 < 35"},
            {"id": "out", "symbol": symbol, "direction": "exit", "exit_rule": "mfe_r > 1 and unrealized_r < 0.2"},
        ],
    }  # fmt: skip
    given = {"account": {"sizing": {"mode": "notional", "value": 5000}} | settings.get("account", {})}
    given |= {"execution": settings.get("execution", {})}
    return parity_of_inputs(gather(bars, entries=rows, plan=plan, config=given, environment={}))


@pytest.mark.skipif(not DATA, reason="needs EXITBRAIN_TEST_DATA")
@pytest.mark.parametrize(("name", "settings"), REAL, ids=[name[4:25] for name, _ in REAL])
def test_real_candles_are_left_alike(name: str, settings: dict[str, Any]) -> None:
    parity = of_real_candles(name, settings, 500)
    assert not different(parity), different(parity)[0]
    reasons = Counter(exit_.reason for one in parity.sets for exit_ in one.live)
    assert reasons["trim_exit"] and reasons["take_profit_1"] and parity.counts["equal"] > 10, reasons

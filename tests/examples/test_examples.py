"""Each example lints clean, runs, and leaves by steps rather than by alarm (spec T1 T2 T3 T6 P10)."""

from __future__ import annotations

import re
import shlex
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import polars as pl
import pytest

import exitbrain
from exitbrain.cli import main

from .worlds import EXAMPLES, NAMES, ROOT, SYMBOL, Example, synthetic_candles

REAL = "1h/binance_spot_BTCUSDT_1h_20190101_20241231.parquet"
OPTIONS = ("stop_moves", "time_stop", "atr_trail", "adaptive")

each_example = pytest.mark.parametrize("example", [Example(name=name) for name in NAMES], ids=NAMES)


@cache
def candles() -> pl.DataFrame:
    return synthetic_candles(seed=7)


def run(example: Example, bars: pl.DataFrame) -> exitbrain.Result:
    files = {kind: example.file(kind) for kind in ("plan", "profiles", "config")}
    return exitbrain.backtest(bars, **files, environment={})


def profile_of(example: Example) -> exitbrain.TPProfile:
    """The only profile of the file: the last of the registry, behind the defaults."""
    *defaults, own = exitbrain.load_profiles(example.file("profiles"))
    assert len(defaults) == 5
    return own.profile


def real_year(test_data: Path) -> pl.DataFrame:
    year = pl.read_parquet(test_data / REAL).filter(pl.col("timestamp").dt.year() == 2022)
    return year.with_columns(pl.lit(SYMBOL).alias("symbol"))


def exits_by_category(result: exitbrain.Result) -> Counter[str]:
    return Counter(leg.category for leg in result.legs if not leg.is_entry)


def test_the_folder_holds_these_examples_and_nothing_else() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir()) == sorted(NAMES)
    for name in NAMES:
        held = sorted(path.name for path in (EXAMPLES / name).iterdir())
        assert held == ["README.md", "config.yaml", "plan.yaml", "profiles.yaml"]


@each_example
def test_an_example_lints_without_a_finding(example: Example) -> None:
    assert exitbrain.lint_plan(example.file("plan")) == []
    assert exitbrain.lint_plan(example.file("plan"), config=example.file("config")) == []


@each_example
def test_the_lint_command_finds_nothing(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["plan", "lint", str(example.file("plan")), "--config", str(example.file("config"))]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "nothing found\n"


@each_example
def test_a_plan_has_a_graduated_ladder_of_categories(example: Example) -> None:
    plan = exitbrain.load_plan(example.file("plan"))
    count = Counter(str(one.category) for one in plan.triggers)
    assert count["risk_reduce"] >= 2
    assert count["risk_off"] == count["emergency_exit"] == 1
    for one in plan.triggers:
        assert one.symbol == SYMBOL
        is_trim = str(one.category) == "risk_reduce"
        assert (one.exit_fraction is not None and one.exit_fraction < 1) == is_trim
        assert (one.confidence_grade is not None) == bool(one.entry_rule)
    assert any(one.hold_rule for one in plan.triggers)


@each_example
def test_a_profile_uses_an_option(example: Example) -> None:
    profile = profile_of(example)
    assert any(getattr(profile, option) for option in OPTIONS)


@each_example
def test_an_example_runs_on_synthetic_candles_with_its_own_profile(example: Example) -> None:
    result = run(example, candles())
    assert {one.symbol for one in result.trade_sets} == {SYMBOL}
    assert len(result.trade_sets) >= 5
    assert {plan["profile"] for plan in result.plans.values()} == {profile_of(example).name}
    assert exits_by_category(result)["risk_reduce"] >= 1


@each_example
def test_on_a_real_year_an_example_trims_and_seldom_raises_the_alarm(example: Example, test_data: Path) -> None:
    result = run(example, real_year(test_data))
    exits = exits_by_category(result)
    assert exits["risk_reduce"] >= 1
    assert exits["emergency_exit"] <= 0.2 * exits.total()
    plan = exitbrain.load_plan(example.file("plan"))
    steps = {str(one.id) for one in plan.triggers if str(one.category) in ("risk_reduce", "risk_off")}
    assert steps <= {leg.trigger_id for leg in result.legs}, "each step of the ladder is taken"


@each_example
def test_an_example_lints_clean_on_a_real_year(example: Example, test_data: Path) -> None:
    bars = real_year(test_data)
    assert exitbrain.lint_plan(example.file("plan"), candles=bars, config=example.file("config")) == []


@each_example
def test_the_command_of_a_readme_runs(example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (command,) = re.findall(r"^```sh\n(.+)\n```$", example.readme, re.MULTILINE)
    program, *arguments = shlex.split(command)
    assert program == "./start"
    monkeypatch.chdir(tmp_path)
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    # Without the column the symbol comes from the file's name, as it does for a reader.
    candles().drop("symbol").write_csv(tmp_path / "BTCUSDT_1h.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ")
    assert main(arguments) == 0
    assert (tmp_path / "out" / "report.html").is_file()


@each_example
def test_the_symbol_is_changed_in_two_files(example: Example, tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path / "examples")
    mine = Example(name=example.name, folder=tmp_path / "examples")
    for kind in ("plan", "config"):
        text = mine.file(kind).read_text(encoding="utf-8")
        mine.file(kind).write_text(text.replace(SYMBOL, "ETHUSDT"), encoding="utf-8")
    assert SYMBOL not in mine.file("profiles").read_text(encoding="utf-8")
    assert exitbrain.lint_plan(mine.file("plan"), config=mine.file("config")) == []
    other = run(mine, candles().with_columns(pl.lit("ETHUSDT").alias("symbol")))
    same = run(example, candles())
    assert [one.pnl_net for one in other.trade_sets] == [one.pnl_net for one in same.trade_sets]


def test_the_how_to_page_names_every_example() -> None:
    page = (ROOT / "docs" / "how-to" / "start-from-an-example.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `examples/(\w+)`", page, re.MULTILINE)) == set(NAMES)

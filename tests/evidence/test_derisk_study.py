"""The evidence study: what it reports is what `compare` reports, every file is listed, and reruns are byte-equal."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from exitbrain import compare

ROOT = Path(__file__).resolve().parents[2]
TAKEN = (
    "1m/binance_perp_LAYERUSDT_1m_20250504_20250603.parquet",
    "1m/binance_spot_BTCUSDT_1m_20240726_20240825.parquet",
)
LEFT_OUT = (
    "1m/binance_perp_USDCUSDT_1m_20230718_20230817.parquet",
    "quotes/coinbase_spot_BTCUSD_1m_20171217_20171217.parquet",
    "seconds/coinbase_spot_BTCUSD_1s_20161007_20161009.parquet",
)


@pytest.fixture(scope="module")
def study() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT / "studies"))
    try:
        import derisk
        from derisk_study import walks

        with pytest.MonkeyPatch.context() as shorter:
            shorter.setattr(walks, "WALKS", 1)
            shorter.setattr(walks, "HOURS", 600)
            yield derisk
    finally:
        sys.path.remove(str(ROOT / "studies"))


@pytest.fixture(scope="module")
def small(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder of two suitable files and three that are not."""
    folder = tmp_path_factory.mktemp("data")
    for name in (*TAKEN, *LEFT_OUT):
        (folder / name).parent.mkdir(exist_ok=True)
        os.symlink(test_data / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def report(study: Any, small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report")
    (out / "index.md").write_text("<!-- study: files -->\n<!-- end of study -->\n", encoding="utf-8")
    assert study.main(["--data", str(small), "--out", str(out), "--work", str(out / "work")]) == 0
    return out


def _rows(report: Path, name: str) -> list[dict[str, str]]:
    with (report / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def test_every_file_is_listed_with_its_numbers_or_with_a_reason(report: Path) -> None:
    assert {row["file"] for row in _rows(report, "files")} == set(TAKEN)
    assert {row["file"]: row["reason"] for row in _rows(report, "excluded")} == {
        LEFT_OUT[0]: "a pair of two dollar coins",
        LEFT_OUT[1]: "24 hourly bars in one piece, 400 are needed",
        LEFT_OUT[2]: "seconds, not 1m to 1h candles",
    }
    page = (report / "index.md").read_text(encoding="utf-8")
    assert all(name.removesuffix(".parquet") in page for name in TAKEN)


def test_the_pooled_difference_is_the_mean_of_the_files_weighted_by_their_entries(report: Path) -> None:
    (headline,) = _rows(report, "headline")
    files = [(int(row["entries"]), float(row["difference_r"])) for row in _rows(report, "files")]
    total = sum(count for count, _ in files)
    assert int(headline["entries"]) == total
    weighted = sum(count * difference for count, difference in files) / total
    assert float(headline["difference_r"]) == pytest.approx(weighted, abs=2e-6)  # tables hold six decimals


def test_groups_of_one_kind_hold_every_entry_once(report: Path) -> None:
    groups = _rows(report, "groups")
    (everything,) = (int(row["entries"]) for row in groups if row["by"] == "all")
    for kind in ("side", "rule", "regime at entry", "candles"):
        assert sum(int(row["entries"]) for row in groups if row["by"] == kind) == everything, kind
    windows = {row["window"]: int(row["entries"]) for row in _rows(report, "windows")}
    assert windows["all of them"] + windows["outside of them"] == everything


def test_a_rerun_gives_the_same_bytes(study: Any, small: Path, report: Path, tmp_path: Path) -> None:
    study.study(small, tmp_path)  # without the kept rows: everything is computed again
    made = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert made
    for path in made:
        assert (tmp_path / path).read_bytes() == (report / path).read_bytes(), path


@pytest.fixture(scope="module")
def collapse(study: Any, small: Path) -> Any:
    """LAYERUSDT, in one piece, with its Donchian entries."""
    from derisk_study.files import WARM_UP, listed, pieces
    from derisk_study.policies import entries

    one = next(file for file in listed(small) if file.symbol == "LAYERUSDT")
    (piece,) = pieces(one)
    return one, piece, entries(piece.hours, "donchian", WARM_UP)


def test_pairs_are_those_of_the_public_compare(study: Any, collapse: Any) -> None:
    from derisk_study.policies import CONFIG, ladder_plan
    from derisk_study.runs import run_file

    one, piece, given = collapse
    config = CONFIG | {"instrument": CONFIG["instrument"] | {"tick_size": str(piece.tick)}}
    policies = [
        {"name": "ladder"}, "emergency-only", {"name": "no-derisk", "plan": {"plan_id": "none", "triggers": []}}
    ]  # fmt: skip
    compared = compare(
        piece.hours, detail=piece.detail, entries=given, plan=ladder_plan(piece.symbol), config=config,
        policies=policies, environment={},
    )  # fmt: skip
    rows = run_file(one)
    pairs = rows["pairs"].filter(pl.col("rule") == "donchian").sort("opened_at", "side")
    expected = compared.frame.sort("opened_at", "side")
    for policy in ("ladder", "emergency-only", "no-derisk"):
        assert pairs[f"{policy}.r"].to_list() == expected[f"{policy}.r"].to_list(), policy
    netting = rows["accounts"].filter(pl.col("rule") == "donchian")
    for figures in compared.policies:
        (own,) = netting.filter(pl.col("policy") == figures["name"]).to_dicts()
        assert (own["num_sets"], own["net_pnl"], own["max_drawdown"]) == (
            figures["num_sets"], figures["net_pnl"], figures["max_drawdown"],
        )  # fmt: skip
        exits = rows["exits"].filter((pl.col("rule") == "donchian") & (pl.col("policy") == figures["name"]))
        assert int(exits["whipsaw"].sum()) == figures["whipsaw_count"]


def test_an_entry_knows_nothing_of_its_own_bar_nor_of_later_ones(study: Any, collapse: Any) -> None:
    from derisk_study.files import WARM_UP
    from derisk_study.policies import RULES, entries

    _, piece, _ = collapse
    prices = ("open", "high", "low", "close")
    for rule in RULES:
        found = entries(piece.hours, rule, WARM_UP)
        for moment in found["timestamp"][:: max(1, len(found) // 5)]:
            later = pl.col("timestamp") >= moment
            changed = piece.hours.with_columns(
                pl.when(later).then(pl.col(name) * 3).otherwise(pl.col(name)).alias(name) for name in prices
            )
            known = pl.col("timestamp") <= moment
            assert entries(changed, rule, WARM_UP).filter(known).rows() == found.filter(known).rows(), (rule, moment)


def test_fees_cost_what_they_are_and_decide_nothing(study: Any, collapse: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row `double fees` takes the fees off once more; a run with twice the fees says the same."""
    from derisk_study import runs

    one, _, _ = collapse
    plain = runs.run_file(one)["pairs"]
    twice = {"maker_fee": 0.0004, "taker_fee": 0.001}
    monkeypatch.setattr(runs, "CONFIG", runs.CONFIG | {"instrument": twice})
    doubled = runs.run_file(one)["pairs"]
    for policy in ("ladder", "emergency-only"):
        expected = (plain[f"{policy}.r"] - plain[f"{policy}.fees_r"]).to_list()
        assert doubled[f"{policy}.r"].to_list() == pytest.approx(expected, abs=1e-9), policy


def test_a_folder_without_candles_is_said_and_leaves_nothing(study: Any, tmp_path: Path, capsys: Any) -> None:
    assert study.main(["--data", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "no candle files in" in said and "accepted: a folder with candle files" in said
    assert not (tmp_path / "out").exists()

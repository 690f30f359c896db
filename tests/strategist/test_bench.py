"""The bench of written plans: what its scores tell apart, and templates on real candles."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from exitbrain.config.settings import load_config
from exitbrain.strategist.asking import recorded_plans
from exitbrain.strategist.prompting import STYLES
from exitbrain.wiring.backtest import one_run
from exitbrain.wiring.inputs import gather
from exitbrain.wiring.strategist.proposing import Asked, propose
from exitbrain.wiring.strategist.windows import read_series, sliced

from . import worlds

ROOT = Path(__file__).parents[2]
SETTINGS = load_config(None, {})
FILES = (
    "1h/binance_perp_BTCUSDT_1h_20200101_20230101.parquet",
    "15m/binance_spot_OPUSDT_15m_20230401_20240409.parquet",
    "5m/binance_spot_BTCUSDT_5m_20240301_20241231.parquet",
)
BARS = 2500


@pytest.fixture(scope="module")
def bench() -> Any:
    sys.path.insert(0, str(ROOT / "studies"))
    try:
        names = ("situations", "scoring", "recorded", "command")
        yield {name: importlib.import_module(f"strategist_bench.{name}") for name in names}
    finally:
        sys.path.remove(str(ROOT / "studies"))


@pytest.mark.parametrize("file", FILES)
def test_templates_of_all_styles_pass_their_gates_and_run_on_real_candles(file: str, test_data: Path) -> None:
    """Issue 6: on three shared files."""
    whole = read_series(str(test_data / file), SETTINGS)[0]
    series = [sliced(whole, len(whole) - BARS, len(whole))]
    left: dict[str, int] = {}
    for style in STYLES:
        made = propose(series, Asked(style=style, environment={}))
        assert made.passed and made.plan is not None
        inputs = gather(series, plan=made.plan, environment={})
        result = one_run(inputs, None, None, other=None, traced=False)
        for category in result.leg_columns.category:
            left[category] = left.get(category, 0) + 1
    assert left["risk_reduce"] > left.get("emergency_exit", 0)
    assert sum(left.values()) > 100


def test_the_scores_tell_a_graduated_plan_from_an_alarmed_one(bench: Any, models: Any) -> None:
    situations, scoring, recorded = bench["situations"], bench["scoring"], bench["recorded"]
    market = read_series(worlds.candles(crash_at=1900), SETTINGS)[0]
    held = situations.Cut(sliced(market, 0, 1500), market, int(market.time[1500]))
    one = situations.Situation(name="made", file="", symbol=worlds.SYMBOL, at="2024-03-03T12:00:00Z")
    scores = {
        name: scoring.scored(name, one, held, recorded.for_symbol(text, worlds.SYMBOL))
        for name, text in recorded.recordings(recorded.OURS).items()
    }
    assert {name: (score.lawful, score.answers) for name, score in scores.items()} == {
        "graduated": (True, 1), "mended": (True, 2), "alarmed": (True, 1), "loosened": (False, None),
    }  # fmt: skip
    graduated, alarmed = scores["graduated"], scores["alarmed"]
    assert graduated.trims > 0 and graduated.emergency_share < 0.2 < alarmed.emergency_share
    assert alarmed.trims == 0 and alarmed.whipsaw_r == alarmed.whipsaw_r_emergency_only
    row = scoring.totals("graduated", scores.values())
    assert (row["lawful"], row["sparing"], row["trimming"]) == (1, 1, 1)
    told = bench["command"].writer_table(list(scores.values()))
    assert "| loosened | 0 of 1 | – |" in told and "| mended | 1 of 1 | 2 |" in told


def test_every_recording_is_one_and_names_no_symbol(bench: Any) -> None:
    recorded = bench["recorded"]
    for text in recorded.recordings(recorded.OURS).values():
        for plan in recorded_plans(json.loads(text)):
            assert {trigger["symbol"] for trigger in plan["triggers"]} == {"SYMBOL"}


def test_the_page_holds_the_tables_of_these_prompts(bench: Any) -> None:
    from exitbrain.strategist.prompting import read_prompts

    page = (ROOT / "docs" / "evidence" / "strategist.md").read_text(encoding="utf-8")
    for style in STYLES:
        assert f"| {style} | 8 of 8 |" in page
    assert read_prompts().sha256[:12] in page, "run the bench again: python studies/strategist.py --data FOLDER --write"

"""Prompts and templates: files with a hash, a catalogue made from code, and plans of every style that pass lint."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from exitbrain.config.plans import load_plan
from exitbrain.core.caps import PlanCaps
from exitbrain.core.triggers import TriggerCategory
from exitbrain.features.catalogue import FAMILIES, feature_of
from exitbrain.strategist.prompting import STYLES, read_prompts
from exitbrain.strategist.templates import higher_timeframe, id_suffixes, plan_from_template
from exitbrain.wiring.strategist.proposing import Asked, propose, schema_for_models

from .worlds import HOUR

MINUTE = HOUR // 60


def written(style: str, symbols: tuple[str, ...] = ("A", "B"), timeframe: int = HOUR) -> str:
    return plan_from_template(style, symbols=symbols, timeframe=timeframe, plan_id="p", origin="o")


@pytest.mark.parametrize("style", STYLES)
def test_a_template_passes_every_gate_of_its_text_and_says_where_it_is_from(style: str, market: Path) -> None:
    """Issue 6: templates of all styles pass lint; the hash of the prompts is in the plan."""
    made = propose(str(market), Asked(style=style))
    assert made.passed and [gate.gate for gate in made.gates] == ["schema", "words", "caps", "lint"]
    assert made.plan is not None and made.plan.plan_id == f"{style}-20240410T0000"
    assert made.plan.origin == f"template {style}; prompts 1 ({read_prompts().sha256[:12]})"
    assert propose(str(market), Asked(style=style)).text == made.text, "the same inputs give the same bytes"


@pytest.mark.parametrize("style", STYLES)
def test_a_template_trims_before_it_flattens(style: str) -> None:
    """Seed 2, phase 5: the graduated ladder in every style, emergencies without a hold rule."""
    triggers = load_plan(written(style)).triggers
    by_category = {category: [one for one in triggers if one.category is category] for category in TriggerCategory}
    trims = by_category[TriggerCategory.RISK_REDUCE]
    assert len(trims) >= 2 * 2 and all(0 < (one.exit_fraction or 1) <= 0.5 for one in trims)
    assert by_category[TriggerCategory.RISK_OFF] and by_category[TriggerCategory.EMERGENCY_EXIT]
    assert not any(one.hold_rule.strip() for one in by_category[TriggerCategory.EMERGENCY_EXIT])
    assert {one.symbol for one in triggers} == {"A", "B"}


def test_the_instructions_hold_the_whole_catalogue_and_the_words_of_the_seed() -> None:
    told = read_prompts().instructions("4h")
    named = set(re.findall(r"^\| `(\w+?)(?:_[nfsg])*` \|", told, re.MULTILINE))
    assert named == set(FAMILIES) - {"emergency_exit"} | {"risk_reduce", "risk_off", "emergency_exit"}
    assert "$" not in told and feature_of("tf_4h_rsi_14") is not None and "tf_4h_rsi_14" in told
    for words in (
        "weakening but not critical", "approaches\nresistance", "defensive posture", "regime shift",
        "correlation breaking down", "sustained adverse moves", "something is broken", "flash crash", "liquidity gap",
        "exchange anomaly", "circuit-breaker",
    ):  # fmt: skip
        assert words in told


def test_the_hash_is_of_every_text() -> None:
    prompts = read_prompts()
    for name in prompts.texts:
        changed = replace(prompts, texts={**prompts.texts, name: prompts.texts[name] + " "})
        assert changed.sha256 != prompts.sha256, name


def test_the_higher_timeframe_is_a_usual_one_that_bars_fill() -> None:
    words = {1: "5m", 3: "15m", 5: "30m", 15: "1h", 30: "2h", 60: "4h", 240: "1d", 1440: "1w", 10_080: "4w", 7: "28m"}
    assert {n: higher_timeframe(n * MINUTE) for n in words} == words


def test_ids_of_several_symbols_differ() -> None:
    assert id_suffixes(["A"]) == [""]
    assert id_suffixes(["A/B", "A_B", "A:B"]) == ["_A_B", "_A_B.2", "_A_B.3"]
    hostile = ('x"\ntriggers: []\n#',)
    assert load_plan(written("trend", ("ok",))).triggers[0].symbol == "ok"
    assert yaml.safe_load(written("trend", hostile))["triggers"][0]["symbol"] == hostile[0]


def test_the_schema_that_a_model_is_given_leaves_out_what_we_fill_in() -> None:
    schema = schema_for_models()
    assert "plan_id" not in schema["properties"] and schema["required"] == ["triggers"]
    assert "allOf" not in str(schema)


def test_caps_are_told_to_the_model(market: Path) -> None:
    made = propose(str(market), Asked(style="trend", caps=PlanCaps(max_triggers=9)))
    assert '"max_triggers": 9' in made.briefing.text()

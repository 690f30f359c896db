"""The published JSON Schemas: current, and of one mind with the loaders."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from exitbrain.config.plans import load_plan
from exitbrain.config.policies import read_policy
from exitbrain.config.profiles import Registration, dump_profiles, load_profiles
from exitbrain.config.schemas import MODELS, json_schema, schema_text
from exitbrain.config.settings import Settings, load_config
from exitbrain.config.spaces import read_space
from exitbrain.core.registry import DEFAULTS
from exitbrain.errors import InvalidInput

LOADERS = {
    "plan": load_plan,
    "profiles": load_profiles,
    "config": load_config,
    "policy": read_policy,
    "space": read_space,
}
FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


def accepts(kind, content):
    jsonschema = pytest.importorskip("jsonschema")
    return jsonschema.Draft202012Validator(json_schema(kind)).is_valid(content)


@pytest.mark.parametrize("kind", MODELS)
def test_the_published_schema_is_current(kind):
    """Made anew by exitbrain.config.schemas.write_schemas."""
    assert (FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8") == schema_text(kind)


@pytest.mark.parametrize("kind", MODELS)
def test_a_schema_is_valid_draft_2020_12(kind):
    pytest.importorskip("jsonschema").Draft202012Validator.check_schema(json_schema(kind))


def test_an_editor_finds_words_and_defaults_in_the_schema():
    exits = json_schema("config")["$defs"]["ExitsSettings"]["properties"]
    assert exits["default_stop_pct"]["default"] == 2.5 and "percent" in exits["default_stop_pct"]["description"]
    assert exits["risk_mode"]["enum"] == ["NORMAL", "CONSERVATIVE", "CRITICAL", "ESS_ACTIVE"]


def test_the_schema_accepts_what_the_loaders_write():
    assert accepts("config", Settings().to_dict())
    rows = [Registration(profile=profile, regime=regime.value) for profile, regime in DEFAULTS]
    assert accepts("profiles", yaml.safe_load(dump_profiles(rows)))


def trigger(**keys):
    return {"plan_id": "p", "triggers": [{"id": "t", "symbol": "B", "direction": "exit", **keys}]}


def profile(**keys):
    return {"profiles": [{"name": "X", "tp_legs": [{"r_multiple": 1, "size_fraction": 1}], **keys}]}


GOOD = [
    ("plan", trigger(category="risk_off", exit_fraction=1.0, latch=True)),
    ("plan", trigger(direction="long", entry_rule="close > 1", exit_rule=None)),
    ("plan", {"plan_id": "p", "triggers": [], "valid_until": "2024-01-01", "limits": {"cooldown_bars": 1}}),
    ("profiles", profile(time_stop={"duration": "PT4H"}, stop_moves=[{"after_leg": 1, "to": -0.5}])),
    ("profiles", profile(regime="TRENDING", trailing={"callback_pct": "0.02", "activation_r": 0})),
    ("config", {"instrument": [{"symbol": "A"}, {"symbol": "B", "tick_size": "0.01"}]}),
    ("config", {"instrument": {"tick_size": 0.5}, "arbitration": {"entry_override_grade": None}}),
    ("policy", {"name": "as-planned"}),
    ("policy", {"name": "tight", "config": {"exits": {"time_stop_bars": 48}}, "rewrite": "emergency_only"}),
    ("policy", {"name": "own", "config": None, "profiles": profile(), "plan": trigger()}),
    ("policy", {"name": "list", "profiles": profile()["profiles"]}),
    ("space", {"base": "TREND_DEFAULT", "space": {"tp_legs.0.r_multiple": [0.4, "0.5"]}, "objective": ["net_r"]}),
    ("space", {"space": {"exits.default_stop_pct": {"low": 1, "high": "3", "log": True}}}),
    ("space", {"base": ["TREND_DEFAULT", "CHOP_DEFAULT"], "space": {}}),
]

BAD = [
    ("plan", {"plan_id": "p"}),
    ("plan", trigger(exit_fraction=1.5)),
    ("plan", trigger(category="risk_off", exit_fraction=0.5)),
    ("plan", trigger(category="emergency_exit")),
    ("plan", trigger(entry_rule="close > 1")),
    ("plan", trigger(latch=True)),
    ("plan", trigger(timeframe="1 h")),
    ("plan", trigger(direction="up")),
    ("plan", trigger(size=1)),
    ("plan", trigger(exit_rule="x" * 513)),
    ("plan", {"plan_id": "p", "triggers": [], "limits": {"x": 1}}),
    ("profiles", profile(tp_legs=[])),
    ("profiles", profile(tp_legs=[{"r_multiple": 0, "size_fraction": 1}])),
    ("profiles", profile(regime="BULL")),
    ("profiles", profile(trailing={"callback_pct": 1, "activation_r": 0})),
    ("profiles", profile(time_stop={"duration": "soon"})),
    ("profiles", {"profiles": {}}),
    ("config", {"exits": {"use_profile": True}}),
    ("config", {"exits": {"risk_mode": "BOLD"}}),
    ("config", {"account": {"max_adds": -1}}),
    ("config", {"account": {"independent": 1}}),
    ("config", {"instrument": {"tick_size": 0}}),
    ("config", {"instrument": [{"tick": 1}]}),
    ("config", {"seed": 1.5}),
    ("policy", {}),
    ("policy", {"name": "a/b"}),
    ("policy", {"name": "x", "rewrite": "soft"}),
    ("policy", {"name": "x", "exits": {}}),
    ("policy", {"name": "x", "config": 5}),
    ("policy", {"name": "x", "profiles": profile(tp_legs=[])}),
    ("policy", {"name": "x", "plan": trigger(direction="up")}),
]


@pytest.mark.parametrize("kind, content", GOOD, ids=range(len(GOOD)))
def test_schema_and_loader_both_accept(kind, content):
    LOADERS[kind](content)
    assert accepts(kind, content)


@pytest.mark.parametrize("kind, content", BAD, ids=range(len(BAD)))
def test_schema_and_loader_both_refuse(kind, content):
    with pytest.raises(InvalidInput):
        LOADERS[kind](content)
    assert not accepts(kind, content)


def test_the_schema_accepts_every_example(examples):
    for folder in examples:
        for kind in MODELS:
            file = folder / f"{kind}.yaml"
            if file.exists():
                assert accepts(kind, yaml.safe_load(file.read_text())), file

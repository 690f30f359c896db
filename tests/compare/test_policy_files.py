"""Policy files are strict, and emergency_only rewrites what it says and nothing else (spec M4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from exitbrain.config.plans import load_plan
from exitbrain.config.policies import emergency_only, read_policies, read_policy, settings_under
from exitbrain.config.settings import Settings, load_config
from exitbrain.errors import InvalidInput

PLAN = {
    "plan_id": "p",
    "risk_regime_rule": "close < 1",
    "triggers": [
        {"id": "in", "symbol": "T", "direction": "long", "entry_rule": "close > 1", "exit_rule": "close < 1"},
        {
            "id": "trim", "symbol": "T", "direction": "exit", "category": "risk_reduce", "exit_fraction": 0.25,
            "exit_rule": "close < 2", "hold_rule": "close > 5", "rearm": "every_bar",
        },
        {"id": "off", "symbol": "T", "direction": "flat", "category": "risk_off", "exit_rule": "close < 3", "latch": True},
        {"id": "mute", "symbol": "T", "direction": "long", "category": "risk_off", "entry_rule": "close > 9"},
        {"id": "out", "symbol": "T", "direction": "exit", "category": "emergency_exit", "exit_rule": "close < 4"},
    ],
}  # fmt: skip


def test_emergency_only_makes_every_softer_exit_a_full_emergency_and_nothing_else() -> None:
    """spec M4"""
    plan = load_plan(PLAN)
    rewritten = emergency_only(plan)
    entry, trim, off, mute, out = rewritten.triggers
    for before, after in ((plan.triggers[1], trim), (plan.triggers[2], off)):
        assert after == replace(before, category="emergency_exit", exit_fraction=None, latch=False)
    # A trigger that never exits has nothing to rewrite.
    assert (entry, mute, out) == (plan.triggers[0], plan.triggers[3], plan.triggers[4])
    assert replace(rewritten, triggers=plan.triggers) == plan
    assert emergency_only(rewritten) == rewritten


def test_a_policy_file_is_read_with_everything_it_may_hold(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(
        "name: tight\nconfig: {exits: {default_stop_pct: 1.5}}\nplan: plans/p.yaml\nrewrite: emergency_only\n"
    )
    (tmp_path / "plans").mkdir()
    (tmp_path / "plans" / "p.yaml").write_text("plan_id: p\ntriggers: []\n")
    policy = read_policy(tmp_path / "policy.yaml")
    assert (policy.name, policy.rewrite, policy.profiles) == ("tight", "emergency_only", None)
    assert load_plan(policy.plan).plan_id == "p"
    settings = settings_under(policy, load_config({"exits": {"time_stop_bars": 9}, "account": {"initial_cash": 5}}))
    assert (settings.exits.time_stop_bars, str(settings.exits.default_stop_pct)) == (9, "1.5")
    assert settings.account.initial_cash == 5
    assert settings_under(read_policy("emergency-only"), settings) is settings


def test_the_policy_overlays_every_row_of_a_list_of_instruments() -> None:
    base = load_config({"instrument": [{"symbol": "A", "tick_size": 0.1}, {"symbol": "B", "tick_size": 0.2}]})
    policy = read_policy({"name": "dear", "config": {"instrument": {"taker_fee": 0.001}}})
    rows = settings_under(policy, base).instrument
    assert [(row.symbol, str(row.tick_size), str(row.taker_fee)) for row in rows] == [
        ("A", "0.1", "0.001"),
        ("B", "0.2", "0.001"),
    ]


REFUSED = {
    "no name": ("rewrite: none\n", "name is missing"),
    "a name that is no folder": ("name: ../up\n", "p.yaml:1:7: name is "),
    "an unknown rewriting": ("name: a\nrewrite: emergency-only\n", "p.yaml:2:10: rewrite is "),
    "a config that is a number": ("name: a\nconfig: 5\n", "5: no such file"),
    "a config that is a list": ("name: a\nconfig: [1]\n", "p.yaml:2:9: config is "),
    "a plan with a fault": ("name: a\nplan: {plan_id: x, triggers: [], extra: 1}\n", "p.yaml:2:7: unknown key extra"),
    "profiles with a fault": ("name: a\nprofiles: {profiles: [{name: x}]}\n", "p.yaml:2:"),
    "a plan that is not there": ("name: a\nplan: gone.yaml\n", "gone.yaml: no such file"),
    "a key twice": ("name: a\nname: b\n", "p.yaml:2:1: "),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_faulty_policy_is_refused_with_its_place(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text, words = REFUSED[name]
    Path("p.yaml").write_text(text)
    with pytest.raises(InvalidInput) as refused:
        read_policies(["p.yaml", "emergency-only"])
    assert words in str(refused.value)


def test_settings_that_clash_only_once_merged_name_the_place_in_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("name: a\nconfig:\n  account:\n    sizing: {value: 1000}\n")
    policy = read_policy(path)
    assert settings_under(policy, load_config({"account": {"sizing": {"mode": "notional", "value": 5}}}))
    with pytest.raises(InvalidInput, match="p.yaml:4:21: .*mode risk"):
        settings_under(policy, Settings())

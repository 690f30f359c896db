"""Strategy plans and triggers (spec T1-T6, F12, F39, D6)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from exitbrain.config.documents import PLAN_BYTES
from exitbrain.config.plans import load_plan, read_plan
from exitbrain.core.limits import EntryLimits, SizingMode, SizingRule
from exitbrain.core.timeframes import timeframe_microseconds, timeframe_word
from exitbrain.core.triggers import Direction, Rearm, StrategyPlan, TriggerCategory, TriggerCondition
from exitbrain.errors import InvalidInput

NEW_YEAR = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z in µs

PLAN = """
plan_id: swing
generated_at: 2024-01-01T00:00:00Z
valid_until: 2024-01-01 02:00:00+02:00
regime: mixed
global_view: |
  Quiet.
risk_constraints: {max_daily_loss_pct: 3, allowed_directions: [long, short], cooldown_bars: 2}
limits: {max_daily_loss_pct: 5, allowed_directions: [long], cooldown_bars: 4}
sizing_rules: [{symbol: BTCUSDT, mode: risk, value: 0.005}]
risk_regime_rule: close < ema_200
triggers:
- id: trim
  symbol: BTCUSDT
  category: risk_reduce
  direction: exit
  confidence_grade: B
  timeframe: 4h
  exit_rule: >-
    rsi_14 > 80
    and close < open
  exit_fraction: 0.3
  rearm: every_bar
- {id: out, symbol: BTCUSDT, category: risk_off, direction: flat, exit_rule: close < 1, exit_fraction: 1.0, latch: yes}
- {id: go, symbol: BTCUSDT, direction: long, entry_rule: close > 1, stop_loss_pct: 2.5}
"""


def plan(*triggers, **keys):
    return {"plan_id": "p", "triggers": list(triggers), **keys}


def trigger(**keys):
    return {"id": "t", "symbol": "BTC", "direction": "exit", **keys}


def test_a_plan_loads_as_written():
    """spec T1 T2 T3 F39"""
    loaded = load_plan(PLAN)
    assert (loaded.plan_id, loaded.generated_at, loaded.valid_until) == ("swing", NEW_YEAR, NEW_YEAR)
    assert loaded.global_view == "Quiet.\n" and loaded.regime == "mixed"
    trim, out, go = loaded.triggers
    assert trim.exit_rule == "rsi_14 > 80 and close < open" and trim.exit_fraction == 0.3
    assert trim.category is TriggerCategory.RISK_REDUCE and trim.rearm is Rearm.EVERY_BAR
    assert out.latch is True and out.direction is Direction.FLAT
    assert go == TriggerCondition(
        id="go", symbol="BTCUSDT", direction="long", entry_rule="close > 1", stop_loss_pct=2.5
    )
    assert (go.category, go.confidence_grade, go.timeframe, go.rearm) == (TriggerCategory.OTHER, None, None, Rearm.EDGE)
    assert loaded.sizing_rules == (SizingRule(symbol="BTCUSDT", mode=SizingMode.RISK, value="0.005"),)


def test_the_stricter_of_two_limits_holds():
    """spec F39"""
    strict = load_plan(PLAN).entry_limits
    assert (strict.max_daily_loss_pct, strict.cooldown_bars, strict.allowed_directions) == (3, 4, ("long",))
    other = EntryLimits(max_entries_per_day=1, allowed_symbols=("A", "B"))
    assert strict.stricter(other) == other.stricter(strict)
    assert EntryLimits().stricter(other) == other


def test_a_plan_without_triggers_is_the_ladder_alone():
    """spec T3"""
    assert load_plan({"plan_id": "p", "triggers": []}) == StrategyPlan(plan_id="p", triggers=())


def test_a_plan_comes_from_a_file_text_mapping_or_plan(tmp_path):
    content = plan(trigger(exit_rule="close > 1"))
    (tmp_path / "p.json").write_text(json.dumps(content))
    loaded = load_plan(content)
    assert (
        load_plan(tmp_path / "p.json")
        == load_plan(str(tmp_path / "p.json"))
        == load_plan(json.dumps(content))
        == loaded
    )
    assert load_plan(loaded) is loaded


def test_the_place_of_a_rule_is_known():
    """spec T4: a fault found later is told where the rule stands."""
    file = read_plan(PLAN)
    assert (file.place("go", "entry_rule").line, file.place("go", "entry_rule").column) == (25, 58)
    assert file.place(None, "risk_regime_rule").line == 11


@pytest.mark.parametrize(
    "written",
    [
        "2024-01-01T00:00:00Z",
        "2024-01-01",
        "2024-01-01 00:00",
        "2023-12-31T19:00-05:00",
        datetime(2024, 1, 1),
        datetime(2024, 1, 1, tzinfo=UTC),
    ],
)
def test_a_time_without_a_zone_is_utc(written):
    assert load_plan(plan(valid_until=written)).valid_until == NEW_YEAR
    assert StrategyPlan(plan_id="p", triggers=(), valid_until=written).valid_until == NEW_YEAR


def test_a_plan_expires_after_its_last_moment():
    """spec T3"""
    loaded = load_plan(plan(valid_until="2024-01-01"))
    assert not loaded.is_expired(NEW_YEAR) and loaded.is_expired(NEW_YEAR + 1)
    assert not load_plan(plan()).is_expired(NEW_YEAR)


@pytest.mark.parametrize("word, seconds", [("1m", 60), ("15m", 900), ("4h", 14400), ("1d", 86400), ("1w", 604800)])
def test_a_timeframe_word_is_a_span(word, seconds):
    assert timeframe_microseconds(word) == seconds * 1_000_000
    assert timeframe_word(seconds * 1_000_000) == word


# Content of one trigger, and what the refusal says; each holds in a file and in Python.
BAD_TRIGGERS = [
    (trigger(exit_fraction=1.5), 'exit_fraction'),  # spec T2
    (trigger(exit_fraction=0), "above 0 and at most 1"),
    (trigger(exit_fraction=True), "exit_fraction"),
    (trigger(category="risk_off", exit_fraction=0.5), "null or 1.0: risk_off leaves in full"),  # spec T2
    (trigger(category="emergency_exit", exit_rule="x > 1", exit_fraction=0.5), "null or 1.0: emergency_exit"),
    (trigger(category="emergency_exit", exit_rule=" \n"), "emergency_exit needs one"),  # spec T2
    (trigger(category="emergency_exit", direction="long", entry_rule="close > 1"), "emergency_exit needs one"),
    (trigger(entry_rule="close > 1"), "no entry_rule on direction exit"),  # spec F12
    (trigger(direction="flat", entry_rule="close > 1"), "no entry_rule on direction flat"),
    (trigger(latch=True), "latch on category risk_off only"),  # spec T2 D6
    (trigger(category="risk_reduce", latch=True), "latch on category risk_off only"),
    (trigger(category="risky"), "risk_reduce"),  # spec T1
    (trigger(direction="up"), "long, short, flat"),
    (trigger(confidence_grade="D"), "A, B"),
    (trigger(timeframe="4 hours"), "a timeframe such as"),
    (trigger(timeframe="1M"), "a timeframe such as"),
    (trigger(rearm="never"), "edge, once"),  # spec T6
    (trigger(stop_loss_pct=0), "above 0 and below 100"),
    (trigger(id=" "), "text that is not blank"),
    (trigger(symbol=None), "text that is not blank"),
    (trigger(exit_rule="x" * 513), "513 characters"),  # spec T4
    (trigger(exit_rule="close ≥ 1"), "has '≥' at character 7"),  # spec T4
    (trigger(hold_rule=5), "rule"),
    (trigger(latch="maybe"), "true or false"),
]  # fmt: skip


@pytest.mark.parametrize("content, told", BAD_TRIGGERS, ids=range(len(BAD_TRIGGERS)))
def test_a_bad_trigger_is_refused_in_a_file_and_in_python(refusal, content, told):
    assert told in "\n".join(refusal(load_plan, plan(content)))
    assert told in "\n".join(refusal(load_plan, json.dumps(plan(content)) + "\n"))
    assert told in "\n".join(refusal(lambda: TriggerCondition(**content)))


BAD_PLANS = [
    ({"plan_id": "p"}, "triggers is missing"),  # spec T3
    ({"triggers": []}, "plan_id is missing"),
    (plan(trigger(target_weight=1)), 'unknown key target_weight in trigger "t"'),  # spec T2
    (plan({"id": "t", "direction": "exit"}), 'symbol in trigger "t" is missing'),
    (plan(trigger(), trigger()), 'trigger id "t" again'),
    (plan(*(trigger(id=f"t{i}") for i in range(201))), "at most 200"),  # spec T4
    (plan("x"), "triggers[0] is 'x'; accepted: a mapping with id"),
    (plan(sizing_rule=[]), "unknown key sizing_rule; accepted: sizing_rules"),
    (plan(limits={"max_loss": 1}), "unknown key limits.max_loss"),
    (plan(limits={"max_daily_loss_pct": 0}), "limits.max_daily_loss_pct is 0"),
    (plan(risk_constraints={"allowed_directions": ["up"]}), "risk_constraints.allowed_directions[0]"),
    (plan(sizing_rules=[{"symbol": "A", "mode": "risk", "value": 2}]), "at most 1: a share of equity"),
    (plan(sizing_rules=[{"symbol": "A", "mode": "risk"}]), "sizing_rules[0].value is missing"),
    (plan(sizing_rules=[{"symbol": "A", "mode": "quantity", "value": 2}] * 2), "sizing_rules has A again"),
    (plan(valid_until="tomorrow"), "an ISO 8601 time"),
    (plan(valid_until=5), "an ISO 8601 time"),
    (plan(risk_regime_rule="x" * 600), "600 characters"),
    (plan(global_view=5), "global_view is 5"),
    ([], "a list; accepted: a mapping with plan_id"),
]


@pytest.mark.parametrize("content, told", BAD_PLANS, ids=range(len(BAD_PLANS)))
def test_a_bad_plan_is_refused_in_words(refusal, content, told):
    assert told in "\n".join(refusal(load_plan, content))
    assert told in "\n".join(refusal(load_plan, json.dumps(content) + "\n"))


def test_all_faults_of_a_plan_are_told_at_once(refusal, tmp_path):
    file = tmp_path / "plan.yaml"
    file.write_text(
        "plan_id: p\nvalid_until: soon\ntriggers:\n"
        "- {id: trim, symbol: B, direction: exit, exit_fraction: 1.5}\n"
        "- {id: trim, symbol: B, direction: up}\n"
        "- {id: go, symbol: B, direction: flat, entry_rule: close > 1, latch: true}\n"
    )
    assert refusal(load_plan, file) == [
        f"{file}:2:14: valid_until is soon; accepted: an ISO 8601 time such as 2024-01-01T00:00:00Z",
        f'{file}:4:57: exit_fraction in trigger "trim" is 1.5; accepted: a number above 0 and at most 1',
        f'{file}:5:8: trigger id "trim" again; accepted: each id once',
        f'{file}:5:36: direction in trigger "trim" is up; accepted: long, short, flat or exit',
        f"{file}:6:52: entry_rule is 'close > 1' in trigger \"go\"; "
        "accepted: no entry_rule on direction flat, or direction long or short",
        f'{file}:6:70: latch is true on category other in trigger "go"; accepted: latch on category risk_off only',
    ]


def test_a_plan_over_64_kib_is_refused(refusal):
    """spec T4"""
    text = json.dumps(plan()) + " " * PLAN_BYTES
    assert refusal(load_plan, text + "\n") == ["more than 64 KiB; accepted: a plan of at most that size"]


def test_a_plan_in_python_holds_values():
    mine = [TriggerCondition(id="a", symbol="B", direction="exit")]
    made = StrategyPlan(
        plan_id="p",
        triggers=mine,
        limits={"cooldown_bars": 3},
        sizing_rules=[{"symbol": "B", "mode": "fraction", "value": 1}],
    )
    assert made.triggers == tuple(mine) and made.limits == EntryLimits(cooldown_bars=3)
    assert made.sizing_rules[0].mode is SizingMode.FRACTION


@pytest.mark.parametrize(
    "keys",
    [
        {"triggers": ["x"]},
        {"plan_id": ""},
        {"limits": {"x": 1}},
        {"limits": 5},
        {"regime": 5},
        {"sizing_rules": [1]},
        {"risk_regime_rule": 5},
        {"limits": {"cooldown_bars": True}},
        {"limits": {"max_daily_loss_pct": "x"}},
    ],
)
def test_a_bad_plan_in_python_is_refused(keys):
    with pytest.raises(InvalidInput):
        StrategyPlan(**({"plan_id": "p", "triggers": ()} | keys))


def test_every_example_plan_loads(examples):
    for folder in examples:
        assert load_plan(folder / "plan.yaml").plan_id == "p"

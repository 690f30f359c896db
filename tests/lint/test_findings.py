"""Each finding has a plan that provokes it and a near miss that stays clean (spec T2 F40 F55)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import exitbrain
from cli.worlds import World
from exitbrain.core.lint import Finding, Severity

HOURS = 60


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return World(tmp_path, capsys)


def candles() -> pl.DataFrame:
    """Sixty hours: up from 100 by 1 for 30 bars, then down by 1."""
    close = [100.0 + min(i, 60 - i) for i in range(HOURS)]
    times = [f"2024-01-{1 + i // 24:02}T{i % 24:02}:00:00Z" for i in range(HOURS)]
    rows = {"timestamp": times, "symbol": ["TST"] * HOURS, "open": close, "close": close, "volume": [1.0] * HOURS}
    return pl.DataFrame(rows | {"high": [x + 1 for x in close], "low": [x - 1 for x in close]})


def trigger(**keys: Any) -> dict[str, Any]:
    return {"id": "t", "symbol": "TST", "direction": "exit", "exit_rule": "close < 105"} | keys


def linted(*triggers: dict[str, Any], on_candles: bool = False, **keys: Any) -> list[Finding]:
    plan = {"plan_id": "p", "triggers": list(triggers)} | keys
    return exitbrain.lint_plan(plan, candles=candles() if on_candles else None)


@dataclass(frozen=True)
class Case:
    code: str
    key: str
    provokes: dict[str, Any]
    near_miss: dict[str, Any]
    on_candles: bool = False


REDUCE = {"category": "risk_reduce"}
LONG = {"direction": "long", "exit_rule": ""}
LATCH = {"category": "risk_off", "latch": True}
CASES = (
    Case("never_true", "exit_rule", {"exit_rule": "rsi_14 > 100"}, {"exit_rule": "rsi_14 >= 100"}),
    Case("never_true", "entry_rule", LONG | {"entry_rule": "rsi_14 < 30 and rsi_14 > 70"},
         LONG | {"entry_rule": "rsi_14 < 30 or rsi_14 > 70"}),
    Case("never_true", "exit_rule", {"exit_rule": "is_flat"}, LONG | {"entry_rule": "is_flat"}),
    Case("never_true", "exit_rule", {"direction": "long", "exit_rule": "is_short"}, {"exit_rule": "is_short"}),
    Case("never_true", "entry_rule", LONG | {"entry_rule": "close > donchian_high_20"},
         LONG | {"entry_rule": "close > prev(donchian_high_20, 1)"}),
    Case("always_true", "exit_rule", {"exit_rule": "close > 0"}, {"exit_rule": "close > 1"}),
    Case("always_true", "exit_rule", {"exit_rule": "bars_held >= 0"}, {"exit_rule": "bars_held >= 1"}),
    Case("always_true", "hold_rule", {"hold_rule": "adx_14 >= 0"}, {"hold_rule": "adx_14 > 0 and macd < 0"}),
    Case("risk_reduce_without_fraction", "exit_fraction", REDUCE, REDUCE | {"exit_fraction": 0.5}),
    Case("risk_reduce_without_fraction", "exit_fraction", REDUCE | {"exit_fraction": 1.0}, {"category": "risk_off"}),
    Case("dead_trigger", "exit_rule", {"exit_rule": ""}, {}),
    Case("dead_trigger", "exit_rule", {"exit_rule": "close < 99"}, {"exit_rule": "close <= 100"}, on_candles=True),
    Case("dead_trigger", "exit_rule", {"exit_rule": "close < 99 and bars_held > 3"},
         {"exit_rule": "close <= 100 and bars_held > 3"}, on_candles=True),
    Case("dead_trigger", "exit_rule", {"exit_rule": "rsi_60 < 51"}, {"exit_rule": "rsi_59 < 51"}, on_candles=True),
    Case("mute_hold", "hold_rule", {"hold_rule": "close < 105"}, {"hold_rule": "close < 104"}),
    Case("mute_hold", "hold_rule", {"exit_rule": "close > 110", "hold_rule": "close > 123"},
         {"exit_rule": "close > 110", "hold_rule": "close > 124"}, on_candles=True),
    Case("mute_hold", "hold_rule", {"exit_rule": "close > 110", "hold_rule": "close > 112"},
         {"exit_rule": "close > 110", "hold_rule": "close > 112", "category": "emergency_exit"}, on_candles=True),
    Case("mute_hold", "hold_rule", {"exit_rule": "close > 110", "hold_rule": "close > 112"},
         {"exit_rule": "close > 110", "hold_rule": "close > 112 and bars_held < 6"}, on_candles=True),
    Case("mute_hold", "hold_rule", {"exit_rule": "close > 110", "hold_rule": "bars_held < 12"},
         {"exit_rule": "close > 110", "hold_rule": "bars_held < 11"}, on_candles=True),
    Case("mute_hold", "hold_rule", {"exit_rule": "close > 123", "hold_rule": "bars_held < 48"},
         {"exit_rule": "close > 124", "hold_rule": "bars_held < 48"}, on_candles=True),
    Case("mute_hold", "hold_rule", {"exit_rule": "close > 110", "hold_rule": "bars_held < 48"},
         {"exit_rule": "close > 110", "hold_rule": "bars_held < 48 and unrealized_r < 0"}, on_candles=True),
    Case("atr_scale", "exit_rule", {"exit_rule": "tf_4h_atr_14 > atr_14"}, {"exit_rule": "tf_4h_atr_14 > 2 * atr_14"}),
    Case("atr_scale", "exit_rule", {"exit_rule": "tf_4h_atr_14 > atr_14"}, {"exit_rule": "atr_14 > atr_50"}),
    Case("atr_scale", "exit_rule", {"exit_rule": "atr_14 / tf_1d_atr_14 < 1", "timeframe": "1h"},
         {"exit_rule": "atr_14 / tf_1d_atr_14 < 0.2", "timeframe": "1h"}),
    Case("atr_scale", "exit_rule", {"exit_rule": "tf_1d_atr_14 > 2 * atr_14", "timeframe": "1h"},
         {"exit_rule": "tf_1d_atr_14 > 5 * atr_14", "timeframe": "1h"}),
    Case("atr_scale", "exit_rule", {"exit_rule": "tf_4h_atr_14 > atr_14"},
         {"exit_rule": "tf_4h_atr_14 > atr_14", "timeframe": "4h"}),
    Case("atr_scale", "exit_rule", {"exit_rule": "atr_14 / close < tf_4h_atr_14 / tf_4h_close"},
         {"exit_rule": "atr_14 / close < tf_4h_atr_14 / tf_4h_volume"}),
    Case("tiny_fraction", "exit_fraction", REDUCE | {"exit_fraction": 1e-30}, REDUCE | {"exit_fraction": 0.0001}),
    Case("latch_stays", "exit_rule", LATCH | {"exit_rule": "unrealized_r < -0.5"},
         LATCH | {"exit_rule": "is_long and unrealized_r < -0.5"}),
    Case("latch_stays", "exit_rule", LATCH | {"exit_rule": "unrealized_r < -0.5 or close < 3"},
         LATCH | {"exit_rule": "unrealized_r < -0.5 and close < 3"}),
    Case("latch_stays", "exit_rule", LATCH | {"exit_rule": "mfe_r > 1"}, {"exit_rule": "mfe_r > 1"}),
    Case("foreign_symbol", "symbol", {"symbol": "OTHER"}, {}, on_candles=True),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{CASES.index(case)}")
def test_a_finding_is_told_and_its_near_miss_is_clean(case: Case) -> None:
    """spec T2 F40."""
    found = linted(trigger(**case.provokes), on_candles=case.on_candles)
    told = [(one.code, one.severity, one.trigger_id, one.key) for one in found if one.code == case.code]
    assert told == [(case.code, Severity.WARNING, "t", case.key)], found
    assert all(one.message and one.advice for one in found)
    near = linted(trigger(**case.near_miss), on_candles=case.on_candles)
    assert [one for one in near if one.code == case.code] == []


def test_a_near_miss_of_everything_has_no_finding_at_all() -> None:
    sound = trigger(category="risk_reduce", exit_fraction=0.5, exit_rule="close < ema_5", hold_rule="bars_held < 3")
    assert linted(sound, on_candles=True, risk_regime_rule="adx_14 > 20") == []


def test_the_risk_regime_rule_is_judged_as_the_plans_own() -> None:
    (found,) = linted(trigger(), risk_regime_rule="adx_14 > 100")
    assert (found.code, found.trigger_id, found.key) == ("never_true", None, "risk_regime_rule")


def test_a_dead_trigger_names_the_term_that_is_never_true_and_what_its_features_were() -> None:
    (found,) = linted(trigger(exit_rule="close > 101 and close < 99.5 and is_long"), on_candles=True)
    assert found.code == "never_true", "the terms exclude each other on any candles"
    (found,) = linted(trigger(exit_rule="volume > 0 and close < 99.5"), on_candles=True)
    assert "close < 99.5 is true at no bar (close is 100 to 130)" in found.message


@pytest.mark.parametrize(("until", "codes"), [("2023-12-31T23:59:59Z", ["dead_trigger"]), ("2024-01-01T00:00:00Z", [])])
def test_a_plan_that_is_past_its_time_before_the_candles_begin_enters_nothing(until: str, codes: list[str]) -> None:
    """spec T2 T3: exits go on."""
    entering = LONG | {"id": "in", "entry_rule": "close > 110"}
    found = linted(trigger(**entering), trigger(), on_candles=True, valid_until=until)
    assert [one.code for one in found] == codes
    assert {(one.trigger_id, one.key) for one in found} <= {("in", "entry_rule")}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("spread_bps > 5", "unknown at 60; spread_bps: no such column in this file"),
        ("rsi_14 < 5", "unknown at 14; rsi_14: warm-up: it needs 15 closed 1h bars, and 14 are there"),
        ("tf_1d_ema_10 > 1", "tf_1d_ema_10: warm-up: it needs 10 closed 1d bars, and 2 are there"),
    ],
)
def test_a_dead_trigger_says_why_its_features_are_unknown(rule: str, why: str) -> None:
    """spec F55."""
    (finding,) = linted(trigger(exit_rule=rule), on_candles=True)
    assert finding.code == "dead_trigger"
    assert why in finding.message


def test_a_trigger_of_a_higher_timeframe_is_judged_on_its_own_bars() -> None:
    """Twelve hours are three of its bars."""
    held = trigger(exit_rule="close > 110", hold_rule="close > 110.5")
    assert [one.code for one in linted(held, on_candles=True)] == ["mute_hold"]
    assert linted(held | {"timeframe": "4h"}, on_candles=True) == []


LOAD_ERRORS = (
    ("plan_id: p\ntriggers:\n- id: t\n  symbol: TST\n  direction: up\n", 5, 14, "direction"),
    ("plan_id: p\ntriggers:\n- {id: t, symbol: TST, direction: exit, exit_rule: clos < 3}\n", 3, 52, "close"),
    ("plan_id: p\ntriggers:\n- id: t\n  symbol: TST\n  direction: exit\n  exit_rule: 'close > 1 and'\n", 6, 28, "found the end"),
    ("plan_id: p\ntriggers: []\nwhat: 1\n", 3, 1, "what"),
    ('{"plan_id": "p",\n "triggers": [{"id": "t", "symbol": "S", "direction": "exit", "exit_rule": "rsi < 3"}]}', 2, 77, "n from 2"),
)  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "word"), LOAD_ERRORS)
def test_a_load_error_is_an_error_finding_with_its_place(
    text: str, line: int, column: int, word: str, tmp_path: Path
) -> None:
    """spec T2 T4: line and column of the fault itself."""
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    (found,) = exitbrain.lint_plan(str(path))
    assert (found.code, found.severity, found.line, found.column) == ("load_error", Severity.ERROR, line, column)
    assert word in found.message + found.advice


def test_a_timeframe_that_the_candles_cannot_give_is_an_error() -> None:
    """spec F40."""
    (found,) = linted(trigger(timeframe="15m"), on_candles=True)
    assert (found.code, found.trigger_id, found.key) == ("load_error", "t", "timeframe")


def test_every_error_is_told_beside_the_warnings_of_other_triggers() -> None:
    found = linted(trigger(exit_rule="clos < 3"), trigger(id="u", exit_rule="rsi_14 > 100"))
    assert [(one.trigger_id, one.code) for one in found] == [("t", "load_error"), ("u", "never_true")]


def test_a_config_tells_which_symbols_are_foreign(tmp_path: Path) -> None:
    plan = {"plan_id": "p", "triggers": [trigger()]}
    (found,) = exitbrain.lint_plan(plan, config={"instrument": {"symbol": "OTHER"}})
    assert found.code == "foreign_symbol"
    assert exitbrain.lint_plan(plan, config={"instrument": {"symbol": "TST"}}) == []


PLAN = ("plan_id: p", "triggers:", "- id: t", "  symbol: TST", "  direction: exit", "  exit_rule: rsi_14 > 100")


def test_the_command_ends_with_two_where_there_is_an_error_and_zero_with_warnings(world: World) -> None:
    warned = world.run("plan", "lint", world.write("plan.yaml", *PLAN))
    assert (warned.status, warned.err) == (0, "")
    assert "plan.yaml:6:14: never_true" in warned.out.replace("\n    ", " ")
    broken = world.run("plan", "lint", world.write("plan.yaml", *PLAN[:-1], "  exit_rule: clos > 1"))
    assert broken.status == 2
    assert "plan.yaml:6:14: exit_rule of t" in broken.err
    assert "did you mean close?" in broken.err
    assert len(broken.err.splitlines()) == 1
    clean = world.run("plan", "lint", world.write("plan.yaml", *PLAN[:-1], "  exit_rule: rsi_14 > 70"))
    assert (clean.status, clean.out) == (0, "nothing found\n")


def test_the_command_prints_json(world: World) -> None:
    said = world.run("plan", "lint", world.write("plan.yaml", *PLAN), "--candles", "TST_1h.csv", "--json")
    told = json.loads(said.out)
    assert (told["errors"], told["warnings"]) == (0, 1)
    assert [(one["code"], one["line"], one["column"]) for one in told["findings"]] == [("never_true", 6, 14)]


def test_candles_that_cannot_be_read_are_bad_input(world: World) -> None:
    said = world.run("plan", "lint", world.write("plan.yaml", *PLAN), "--candles", "missing.csv")
    assert said.status == 2
    assert "missing.csv" in said.err


@pytest.mark.parametrize("columns", [80, 120])
def test_no_line_is_wider_than_the_terminal(world: World, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    world.write(
        "plan.yaml", *PLAN[:-1], "  exit_rule: rsi_14 > 100 and close > ema_50 and tf_4h_atr_14 > atr_14 or is_flat"
    )
    said = world.run("plan", "lint", "plan.yaml")
    assert said.status == 0
    assert max(map(len, said.out.splitlines())) <= columns

"""Why a run did not act: what each term read, why it is unknown, and what else kept a rule from asking (spec F55)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.worlds import ENTRY_HEADER, World

CONFIG = "instrument: {tick_size: '0.1', lot_size: '0.001'}\nexecution: {slippage_bps: 0}\nexits: {regime: NORMAL}\n"
PLAN = """\
plan_id: p
triggers:
- {id: warm, symbol: TST, direction: exit, exit_rule: rsi_14 < 30 or close < 50}
- {id: wide, symbol: TST, direction: exit, exit_rule: spread_bps > 5}
- {id: trim, symbol: TST, direction: exit, category: risk_reduce, exit_fraction: 0.5, exit_rule: close > 97}
- {id: short_only, symbol: TST, direction: short, exit_rule: close > 101}
- {id: slow, symbol: TST, direction: exit, timeframe: 4h, exit_rule: close > 1000}
- {id: held, symbol: TST, direction: exit, exit_rule: close > 103, hold_rule: bars_held < 9}
- {id: big, symbol: TST, direction: long, entry_rule: bars_held > 2 and position == 'long' and close > 1e6}
"""


def run(world: World, plan: str = PLAN, config: str = CONFIG) -> Path:
    world.write("plan.yaml", plan)
    world.write("config.yaml", config)
    said = world.backtest("out", "TST_1h.csv", "entries.csv", "--plan", "plan.yaml", "--config", "config.yaml")
    assert said.status == 0, said.err
    return world.folder / "out"


def told(world: World, at: str, *more: str) -> dict[str, Any]:
    said = world.run("explain", "out", "--symbol", "TST", "--at", at, "--json", *more)
    assert said.status == 0, said.err
    return json.loads(said.out)


def silent(world: World, at: str) -> dict[tuple[str | None, str], dict[str, Any]]:
    return {(rule["trigger_id"], rule["key"]): rule for rule in told(world, at)["silent_rules"]}


def test_an_unknown_term_says_what_is_missing(world: World) -> None:
    run(world)
    rules = silent(world, "2024-01-01T02:00:00Z")
    warm = rules["warm", "exit_rule"]
    assert warm["truth"] == "unknown"
    assert [(term["term"], term["truth"]) for term in warm["terms"]] == [
        ("rsi_14 < 30", "unknown"),
        ("close < 50", "false"),
    ]
    assert warm["terms"][0]["why_unknown"] == ["rsi_14: warm-up: it needs 15 closed 1h bars, and 3 are there"]
    assert rules["wide", "exit_rule"]["terms"][0]["why_unknown"] == ["spread_bps: no such column in this file"]
    flat = silent(world, "2024-01-01T00:00:00Z")["big", "entry_rule"]
    assert flat["terms"][0]["why_unknown"] == ["bars_held: flat"]


def test_what_else_kept_a_rule_from_asking_is_told(world: World) -> None:
    """spec T6 F12 F40."""
    world.write("entries.csv", ENTRY_HEADER, "2024-01-01T01:00:00Z,TST,long,1,90,first")
    run(world)
    rules = silent(world, "2024-01-01T03:00:00Z")
    assert rules["trim", "exit_rule"]["why"] == (
        "used up: it left at 2024-01-01T03:00:00Z, and fires again only after it was false (rearm edge)"
    )
    assert rules["trim", "exit_rule"]["truth"] == "true"
    assert rules["short_only", "exit_rule"]["why"] == "it speaks to short positions only"
    rules = silent(world, "2024-01-01T02:00:00Z")
    assert rules["slow", "exit_rule"]["why"] == "warm-up: no 4h bar has closed yet"
    assert silent(world, "2024-01-01T04:00:00Z")["slow", "exit_rule"]["why"] == "not asked: no 4h bar closes here"


def test_a_hold_rule_that_refused_shows_its_terms(world: World) -> None:
    run(world)
    here = told(world, "2024-01-01T02:00:00Z")
    (held,) = [one for one in here["candidates"] if one["trigger_id"] == "held"]
    assert (held["outcome"], held["reason"]) == ("blocked", "hold_rule")
    rule = next(one for one in here["silent_rules"] if one["key"] == "hold_rule")
    assert (rule["truth"], rule["terms"][0]["values"]) == ("true", {"bars_held": 1.0})


def test_a_time_stop_is_told_with_the_entries_that_it_stopped(world: World) -> None:
    """spec F16 F32."""
    world.write("entries.csv", ENTRY_HEADER,
                "2024-01-01T01:00:00Z,TST,long,1,90,first", "2024-01-01T03:00:00Z,TST,short,1,200,second")  # fmt: skip
    run(world, "plan_id: p\ntriggers:\n- {id: x, symbol: TST, direction: exit, exit_rule: close > 1}\n",
        CONFIG.replace("regime: NORMAL", "regime: NORMAL, time_stop_bars: 1"))  # fmt: skip
    here = told(world, "2024-01-01T02:00:00Z")
    (second,) = here["candidates"]
    assert (second["trigger_id"], second["outcome"], second["winner"]) == ("second", "lost", "time_stop")
    assert "time stop" in here["why_no_decision"][0]
    assert [fill["reason"] for fill in here["fills"]] == ["time_stop"]
    assert [(rule["truth"], rule["why"]) for rule in here["silent_rules"]] == [
        ("true", "not asked: a time stop is due")
    ]


def test_without_its_inputs_the_decision_is_still_told(world: World) -> None:
    out = run(world)
    (world.folder / "plan.yaml").rename(world.folder / "moved.yaml")
    here = told(world, "2024-01-01T02:00:00Z")
    assert (here["winners"], here["silent_rules"]) == (["trim"], [])
    assert "plan.yaml" in here["notes"][0]
    assert told(world, "2024-01-01T02:00:00Z", "--plan", "moved.yaml")["notes"] == []
    world.write("plan.yaml", PLAN + "# another plan")
    assert "plan.yaml" in told(world, "2024-01-01T02:00:00Z")["notes"][0], "a file of another hash does not count"
    said = world.run("explain", out, "--at", "2024-01-01T02:00:00Z", "--plan", "plan.yaml")
    assert (said.status, said.err) == (2, "plan.yaml: not the plan of this run; accepted: plan.yaml\n")


def test_a_run_without_a_plan_says_so(world: World) -> None:
    assert world.backtest("out").status == 0
    here = told(world, "2024-01-01T02:00:00Z")
    assert "no plan" in here["notes"][0]
    assert here["positions"][0]["features"]["entry_price"] > 0


def test_a_plan_without_triggers_is_told_too(world: World) -> None:
    """spec D8 T3: the plan need not open anything to be looked at."""
    run(world, "plan_id: p\ntriggers: []\nrisk_regime_rule: close < 1\n")
    here = told(world, "2024-01-01T02:00:00Z")
    assert [(rule["key"], rule["truth"]) for rule in here["silent_rules"]] == [("risk_regime_rule", "false")]


def test_positions_that_decide_alone_are_told_one_by_one(world: World) -> None:
    """spec D8 F28: several positions of one symbol, and an entry that opens one more."""
    plan = """plan_id: p
triggers:
- {id: trim, symbol: TST, category: risk_reduce, direction: exit, exit_rule: close == 99.5, exit_fraction: 0.5}
- {id: out, symbol: TST, direction: exit, exit_rule: close == 99.5}
- {id: in, symbol: TST, direction: long, entry_rule: close == 99.5}
"""
    far = [ENTRY_HEADER, "2024-01-01T01:00:00Z,TST,long,1,90,first", "2024-01-01T02:00:00Z,TST,long,2,90,second"]
    for rows, positions in ((far, (1, 2)), (far[:2], (1,))):
        world.write("entries.csv", *rows)
        out = run(world, plan, CONFIG + "account: {independent: true}\n")
        said = world.run("explain", out, "--at", "2024-01-01T03:00:00Z")
        assert said.status == 0, said.err
        for position in positions:
            assert f"Candidates for position {position}, in order of rank" in said.out
            assert f"trim_exit, position {position}, 2024-01-01 04:00" in said.out
        assert said.out.count("out lost to trim: risk_reduce_preempts_exit") == len(positions)
        assert "Entries, each a position of its own" in said.out


def test_the_setter_of_a_latch_is_told_where_it_is_another_symbol(world: World) -> None:
    """spec D6 D8."""
    world.write("ABC_1h.csv", *(world.folder / "TST_1h.csv").read_text().replace("104.5", "105").splitlines())
    plan = "plan_id: p\nrisk_regime_rule: high == 105\ntriggers: []\n"
    world.write("plan.yaml", *plan.splitlines())
    more = ("--plan", str(world.folder / "plan.yaml"), "--candles", str(world.folder / "ABC_1h.csv"))
    assert world.backtest("out", "TST_1h.csv", "entries.csv", *more).status == 0
    latches = {}
    for symbol in ("ABC", "TST"):
        said = world.run("explain", "out", "--symbol", symbol, "--at", "2024-01-01T03:00:00Z", "--json")
        latches[symbol] = json.loads(said.out)["latch"]
    assert latches == {"ABC": ["risk_regime_rule"], "TST": ["risk_regime_rule (ABC)"]}


def test_an_entry_is_told_that_its_size_is_judged_at_the_fill(world: World) -> None:
    """spec F11 D8."""
    out = run(world)
    said = world.run("explain", out, "--at", "2024-01-01T00:00:00Z")
    (row,) = [line.split() for line in said.out.splitlines() if line.startswith("min_trade")]
    assert row == ["min_trade", "at", "fill"]


BAD = (
    (["--at", "2025-01-01T00:00:00Z"], "lies outside the run"),
    (["--at", "yesterday"], "ISO 8601"),
    (["--at", "2024-01-01T01:00:00Z", "--symbol", "XXX"], "one of TST"),
    (["--at", "2024-01-01T01:00:00Z", "--candles", "missing.csv"], "missing.csv"),
)


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_is_one_line(world: World, arguments: list[str], words: str) -> None:
    run(world)
    said = world.run("explain", "out", *arguments)
    assert said.status == 2
    assert words in said.err
    assert len(said.err.splitlines()) == 1


def test_a_time_in_a_hole_names_the_bars_around_it(world: World) -> None:
    lines = (world.folder / "TST_1h.csv").read_text().splitlines()
    world.write("TST_1h.csv", *lines[:4], *lines[5:])
    run(world)
    said = world.run("explain", "out", "--at", "2024-01-01T03:30:00Z")
    assert said.status == 2
    assert "hole" in said.err
    assert "2024-01-01T02:00:00Z before it, or 2024-01-01T04:00:00Z after it" in said.err


def test_a_folder_that_is_no_run_is_bad_input(world: World) -> None:
    assert world.run("explain", ".", "--at", "2024-01-01T00:00:00Z").status == 2
    run(world)
    (world.folder / "out" / "decisions.parquet").write_bytes(b"no parquet")
    said = world.run("explain", "out", "--at", "2024-01-01T01:00:00Z")
    assert (said.status, "decisions.parquet" in said.err) == (2, True)

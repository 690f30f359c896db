"""`explain` tells each decision of the worked worlds: who asked, what each guard said, who won and why (spec D8)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli.worlds import World
from exitbrain.core.arbiter import RANKS
from exitbrain.core.guardrails import GUARDS

PLACE = os.environ.get("EXITBRAIN_TEST_DATA")
EXAMPLES = Path(PLACE).parent / "examples" if PLACE else Path("unset")
pytestmark = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="EXITBRAIN_TEST_DATA has no examples beside it")
NUMBERS = ("05", "06", "07", "08", "10")


def example(number: str) -> Path:
    return next(EXAMPLES.glob(f"{number}-*"))


def run_example(world: World, number: str) -> Path:
    folder = example(number)
    names = {"candles": "candles.csv", "entries": "entries.csv"}
    names |= {name: f"{name}.yaml" for name in ("plan", "profiles", "config")}
    arguments = [
        part for name, file in names.items() if (folder / file).exists() for part in (f"--{name}", folder / file)
    ]
    out = world.folder / f"out-{number}"
    said = world.run("backtest", *arguments, "--out", out)
    assert said.status == 0, said.err
    return out


def explained(world: World, out: Path, number: str, hour: int) -> dict[str, Any]:
    folder = example(number)
    inputs = ("--plan", folder / "plan.yaml", "--candles", folder / "candles.csv")
    said = world.run("explain", out, "--symbol", "TST", "--at", f"2024-01-01T{hour:02}:00:00Z", *inputs, "--json")
    assert said.status == 0, said.err
    return json.loads(said.out)


def refused(candidate: dict[str, Any]) -> list[str]:
    return [guard for guard, answer in candidate["guards"].items() if answer is not None]


def test_05_the_veto_then_the_minimum_hold_then_out(world: World) -> None:
    """spec D2 F4."""
    out = run_example(world, "05")
    told = [explained(world, out, "05", hour) for hour in range(6)]
    (entry,) = told[0]["candidates"]
    assert (entry["trigger_id"], entry["outcome"], entry["decided"]) == ("e", "won", "close")
    assert [fill["reason"] for fill in told[0]["fills"]] == ["e"]
    answers = [(one["candidates"][0]["reason"], refused(one["candidates"][0])) for one in told[1:3]]
    assert answers == [("same_bar_veto", ["same_bar_veto", "min_hold"]), ("min_hold", ["min_hold"])]
    assert told[2]["candidates"][0]["guards"]["min_hold"] == "held 1 of 2 bars"
    assert told[3]["winners"] == ["x"]
    assert [(fill["reason"], fill["price"]) for fill in told[3]["fills"]] == [("x_exit", "99.4")]
    assert [leg["reason"] for leg in told[4]["legs_before"]] == ["x_exit"]
    (silent,) = told[4]["silent_rules"]
    assert (silent["truth"], silent["why"]) == ("true", "flat: there is nothing to leave")
    assert "last bar" in told[5]["why_no_decision"][0]


def test_06_the_emergency_wins_and_every_loser_says_to_whom(world: World) -> None:
    """spec D4 D5."""
    out = run_example(world, "06")
    told = explained(world, out, "06", 1)
    ranks = [(one["trigger_id"], one["rank"], one["outcome"], one["winner"]) for one in told["candidates"]]
    assert ranks == [("em", 0, "won", "em"), ("o", 3, "lost", "em"), ("r", 4, "lost", "em"), ("n", 5, "lost", "em")]
    assert {one["reason"] for one in told["candidates"][1:]} == {"emergency_exit_preempts_exit"}
    assert [one["rank_name"] for one in told["candidates"]] == [RANKS[rank] for _, rank, _, _ in ranks]
    assert told["silent_rules"] == []
    at_open = explained(world, out, "06", 0)
    assert [(one["trigger_id"], one["decided"]) for one in at_open["candidates"]] == [("e", "open")]
    assert [rule["trigger_id"] for rule in at_open["silent_rules"]] == ["n", "r", "o", "em"]


def test_07_the_latch_stands_and_the_entry_lost_to_risk_off(world: World) -> None:
    """spec D6 F15."""
    out = run_example(world, "07")
    told = explained(world, out, "07", 1)
    assert told["latch"] == ["risk_regime_rule"]
    assert [(one["trigger_id"], one["rank_name"]) for one in told["candidates"]] == [
        ("o", "risk_off while latched"),
        ("s", "entry at or above the override grade"),
    ]
    assert told["candidates"][1]["reason"] == "risk_off_preempts_entry"
    assert explained(world, out, "07", 0)["latch"] == []


def test_08_a_trim_leaves_half_and_its_rule_says_false_afterwards(world: World) -> None:
    """spec P9 T6."""
    out = run_example(world, "08")
    told = explained(world, out, "08", 1)
    assert (told["winners"], told["candidates"][0]["exit_fraction"]) == (["r"], 0.5)
    assert [fill["qty"] for fill in told["fills"]] == ["0.5"]
    later = explained(world, out, "08", 2)
    assert later["positions"][0]["features"]["position_fraction"] == 0.5
    (silent,) = later["silent_rules"]
    assert silent["terms"] == [
        {"term": "close < 99.35", "truth": "false", "values": {"close": 100.0}, "why_unknown": []}
    ]


def test_10_every_decision_of_the_seed_example(world: World) -> None:
    """spec L6."""
    out = run_example(world, "10")
    told = [explained(world, out, "10", hour) for hour in range(7)]
    assert [one["winners"] for one in told] == [["e"], ["r"], ["g"], [], ["n"], [], []]
    silent = {rule["trigger_id"]: rule for rule in told[4]["silent_rules"]}
    assert [(term["term"], term["truth"]) for term in silent["r"]["terms"]] == [
        ("close > 40800", "true"),
        ("close < 41000", "false"),
    ]
    assert told[3]["positions"][0]["features"]["entry_price"] == pytest.approx(361_000 / 9)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_row_and_event_of_a_run_is_told_once(world: World, number: str) -> None:
    """Candidates are the decisions, reasons are the events, and fills are the legs that no plan leg made."""
    out = run_example(world, number)
    bars = len((example(number) / "candles.csv").read_text().splitlines()) - 1
    told = [explained(world, out, number, hour) for hour in range(bars)]
    events = [json.loads(line) for line in (out / "events.jsonl").read_text().splitlines()]
    blocks = sorted((one["time"], one["trigger_id"], one["reason"]) for one in events if one["kind"] == "block")
    candidates = [(one["time"], each) for one in told for each in one["candidates"]]
    assert sorted((at, one["trigger_id"], one["reason"]) for at, one in candidates if one["reason"]) == blocks
    sets = json.loads((out / "trade_sets.json").read_text())["trade_sets"]
    decided = [leg["leg_id"] for one in sets for leg in one["legs"] if leg["category"] != "plan"]
    at_open = [one for _, one in candidates if one["decided"] == "open"]
    filled = [leg["leg_id"] for one in told for leg in one["fills"]]
    assert filled == decided[len(at_open) :]
    for _, one in candidates:
        assert set(one["guards"]) <= {*GUARDS, "expired_plan", "max_adds", "opposite_ignored"}


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("number", NUMBERS)
def test_the_text_keeps_to_the_terminal(
    world: World, number: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = run_example(world, number)
    inputs = ("--plan", example(number) / "plan.yaml", "--candles", example(number) / "candles.csv")
    for hour in range(4):
        said = world.run("explain", out, "--at", f"2024-01-01T{hour:02}:30:00Z", *inputs)
        assert said.status == 0
        assert max(map(len, said.out.splitlines())) <= columns
        guards = [line.split()[0] for line in said.out.splitlines() if line.split()[:1] and line.split()[0] in GUARDS]
        assert guards == list(GUARDS) * (len(guards) // len(GUARDS)), "the table has the guards' own order"

"""One entry and three exits on real candles: each decision of the set is told as it was made (spec L6 D8)."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from cli.worlds import ENTRY_HEADER, World

CANDLES = "15m/binance_perp_BNBUSDT_15m_20221001_20230102.parquet"
PLAN = """\
plan_id: three exits
triggers:
- {id: first, symbol: SYM, direction: exit, category: risk_reduce, exit_fraction: 0.4, rearm: once, exit_rule: rsi_14 < 45}
- {id: second, symbol: SYM, direction: exit, category: risk_reduce, exit_fraction: 0.5, rearm: once, exit_rule: rsi_14 < 40}
- {id: out, symbol: SYM, direction: exit, category: risk_off, exit_rule: rsi_14 < 30}
"""


def test_each_decision_of_a_set_with_three_exits_is_told(world: World, test_data: Path) -> None:
    config = "execution: {slippage_bps: 0}\nexits: {regime: NORMAL}\n"
    profile = """profiles: [{name: FAR, tp_legs: [{r_multiple: 50, size_fraction: 1, kind: HARD}]}]"""
    symbol = "binance_perp_BNBUSDT"
    world.write("plan.yaml", PLAN.replace("SYM", symbol))
    world.write("config.yaml", config)
    world.write("profiles.yaml", profile)
    world.write("entries.csv", ENTRY_HEADER, f"2022-10-05T00:00:00Z,{symbol},long,100,200,entry")
    given = [test_data / CANDLES, "entries.csv", "plan.yaml", "profiles.yaml", "config.yaml"]
    names = ("--candles", "--entries", "--plan", "--profiles", "--config")
    said = world.run("backtest", *(part for pair in zip(names, given) for part in pair), "--out", "out")
    assert said.status == 0, said.err
    (one,) = json.loads((world.folder / "out" / "trade_sets.json").read_text())["trade_sets"]
    assert [leg["reason"] for leg in one["legs"]] == ["entry", "first_exit", "second_exit", "out_exit"]
    paid, *taken = (Decimal(leg["qty"]) * Decimal(leg["price"]) for leg in one["legs"])
    assert Decimal(one["pnl_realized_total"]) == sum(taken) - paid, "cash in less cash out, to the last digit"
    assert sum(Decimal(leg["realized_pnl"]) for leg in one["legs"]) == sum(taken) - paid
    assert Decimal(one["pnl_net"]) == sum(taken) - paid - sum(Decimal(leg["fees"]) for leg in one["legs"])
    for leg in one["legs"]:
        told = explained(world, test_data / CANDLES, leg["timestamp"], symbol)
        assert told["winners"] == [leg["trigger_id"]]
        assert [fill["leg_id"] for fill in told["fills"]] == [leg["leg_id"]]
        asked = {candidate["trigger_id"] for candidate in told["candidates"]}
        for rule in told["silent_rules"]:
            (term,) = rule["terms"]
            value, bound = term["values"]["rsi_14"], float(rule["rule"].rpartition(" ")[2])
            assert rule["trigger_id"] not in asked
            assert (rule["truth"] == "true") is (value < bound)
            assert rule["truth"] == "false" or rule["why"], "a true rule that asked nothing says why"


def explained(world: World, candles: Path, filled_at: str, symbol: str) -> dict[str, Any]:
    """The decision a quarter of an hour before its fill."""
    from datetime import datetime, timedelta

    at = (datetime.fromisoformat(filled_at) - timedelta(minutes=15)).isoformat()
    said = world.run("explain", "out", "--symbol", symbol, "--at", at, "--candles", candles, "--json")
    assert said.status == 0, said.err
    return json.loads(said.out)

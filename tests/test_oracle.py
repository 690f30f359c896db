"""The oracle is itself held to the worked examples, to hand-computed worlds and to the laws of the ledger."""

import os
from fractions import Fraction
from pathlib import Path

import pytest

from oracle import walking
from oracle.oracle import run_world
from oracle.random_liquidity import random_liquid_world
from oracle.random_worlds import random_world
from oracle.worlds import load_expected, load_world, write_world

SEEDS = range(200)


def example_folders():
    place = os.environ.get("EXITBRAIN_TEST_DATA")
    folder = Path(place).parent / "examples" if place else None
    if folder is None or not folder.is_dir():
        return [pytest.param(None, marks=pytest.mark.skip(reason="EXITBRAIN_TEST_DATA has no examples beside it"))]
    return [pytest.param(path, id=path.name) for path in sorted(folder.iterdir()) if path.is_dir()]


@pytest.mark.parametrize("folder", example_folders())
def test_every_worked_example_comes_out_exactly(folder):
    """spec X3 X2 P6 D2 D4 D6 P9 D7 L6 P13 F36: every field that an example shows."""
    found, expected = run_world(load_world(folder)), load_expected(folder)
    assert found["events"] == expected["events"]
    shown = [{key: have[key] for key in want} for have, want in zip(found["trade_sets"], expected["trade_sets"])]
    assert shown == expected["trade_sets"]
    assert len(found["trade_sets"]) == len(expected["trade_sets"])


# Hand-computed worlds. A bar is "open high low close [volume [spread_bps]]"; bars are hours; tick 0.01, lot 0.001, no costs unless given.


def world(bars, entries, legs="1/0.5/HARD 2/0.5/HARD", profile=None, plan=None, fees=(0, 0), slippage=0, **account):
    rows = [[f"2024-01-01T{hour:02}:00:00Z", *words(bar)] for hour, bar in enumerate(bars)]
    tp_legs = []
    for leg in legs.split():
        r, fraction, kind = leg.split("/")
        tp_legs.append({"r_multiple": float(r), "size_fraction": float(fraction), "kind": kind})
    execution = {"slippage_bps": slippage}
    if "limit_fill" in account:
        execution["limit_fill"] = account.pop("limit_fill")
    return {
        "candles": {"TST": rows},
        "detail": None,
        "funding": account.pop("funding", None),
        "entries": [entry(text) for text in entries],
        "plan": plan,
        "profiles": {
            "profiles": [{"name": "H", "symbol": "TST", "tp_legs": tp_legs, "trailing": None, **(profile or {})}]
        },
        "config": {
            "instrument": {
                "symbol": "TST",
                "tick_size": "0.01",
                "lot_size": "0.001",
                "maker_fee": fees[0],
                "taker_fee": fees[1],
            },
            "execution": execution,
            "account": {"sizing": {"mode": "quantity", "value": 1}, **account},
            "exits": {"regime": "NORMAL", "use_profiles": True},
        },
    }


def words(bar):
    """ "open high low close [volume [spread_bps]]" """
    found = bar.split()
    return found if len(found) > 4 else [*found, "10"]


def entry(text):
    """ "0 long 1 98 e": hour, side, quantity, stop (or -), tag."""
    hour, side, quantity, stop, tag = text.split()
    row = {"timestamp": f"2024-01-01T{int(hour):02}:00:00Z", "symbol": "TST", "side": side}
    return {**row, "quantity": quantity, "stop_price": "" if stop == "-" else stop, "tag": tag}


def fills(found, number=0):
    """reason quantity@price, a word a leg."""
    return " ".join(f"{leg['reason']} {leg['qty']}@{leg['price']}" for leg in found["trade_sets"][number]["legs"])


TRAIL = {"trailing": {"callback_pct": 0.02, "activation_r": 1, "tightening_curve": []}}
FLAT = "100 100.5 99.5 100"


WALKS = {
    "X3: a gap through the stop fills at the open": (
        world([FLAT, "97 97.5 96 97", FLAT], ["0 long 1 98 e"]),
        "e 1@100 stop_loss 1@97",
    ),
    "X3 F8: a gap through both targets fills both at the open, which is better": (
        world([FLAT, "105 106 104 105", FLAT], ["0 long 1 98 e"]),
        "e 1@100 take_profit_1 0.5@105 take_profit_2 0.5@105",
    ),
    "X3 F25: through means a tick past the level, filled at the level": (
        world(
            [FLAT, "100 102 100 101", "101 102.01 101 102", FLAT], ["0 long 1 98 e"], "1/1/SOFT", limit_fill="through"
        ),
        "e 1@100 take_profit_1 1@102",
    ),
    "X3: slippage is rounded to a tick against you and stays inside the bar": (
        # 100 × 1.001 = 100.1; the stop at 98 sells at 98 × 0.999 = 97.902, a tick down 97.90, but the low is 97.95.
        world([FLAT, "100 100 97.95 98", FLAT], ["0 long 1 98 e"], slippage=10),
        "e 1@100.1 stop_loss 1@97.95",
    ),
    "P6 F17: with a sum under one the trail is sized and the stop holds what remains": (
        # 0.3 + 0.3 leave a runner of 0.4; peak 103 (1.5R) trails at 103 × 0.98 = 100.94, then the stop takes 0.3.
        world([FLAT, "100 103 100 103", "103 103 97 98", FLAT], ["0 long 1 98 e"], "1/0.3/HARD 3/0.3/HARD", TRAIL),
        "e 1@100 take_profit_1 0.3@102 trailing_stop 0.4@100.94 stop_loss 0.3@98",
    ),
    "P8: a short trails above its trough, rounded down": (
        # risk 2, trough 97.03 (1.485R): 97.03 × 1.02 = 98.9706, down to 98.97.
        world(
            [FLAT, "100 100 97.03 97.1", "97.1 99 97.1 99", FLAT], ["0 short 1 102 e"], "3/0.5/HARD 4/0.5/HARD", TRAIL
        ),
        "e 1@100 trailing_stop 1@98.97",
    ),
    "X4 F36: a stop moved to the level of the fill takes the rest at once": (
        # TP1 fills at 102 and asks for a stop at 1R = 102, which is the present price of the path.
        world([FLAT, "100 104 100 103", FLAT], ["0 long 1 98 e"], profile={"stop_moves": [{"after_leg": 1, "to": 1}]}),
        "e 1@100 take_profit_1 0.5@102 stop_loss 0.5@102",
    ),
    "F52: break-even with fees pays back the fees so far and its own": (
        # entry fee 0.1, TP1 fee 0.5 × 102 × 0.001 = 0.051; (50 + 0.151) ÷ (0.5 × 0.999) = 100.4024…, up to 100.41.
        world(
            [FLAT, "100 102.5 101 102", "102 102 99 99.5", FLAT],
            ["0 long 1 98 e"],
            profile={"stop_moves": [{"after_leg": 1, "to": "breakeven", "fees": True}]},
            fees=(0, 0.001),
        ),
        "e 1@100 take_profit_1 0.5@102 breakeven_stop 0.5@100.41",
    ),
    "F20: an add lays a fresh ladder from the exact average": (
        # 1@100 + 2@103: average 102, the explicit stop 98 stays: R = 4, so targets 106 and 110 for 1.5 each.
        world(
            [FLAT, "103 103 102 103", "103 111 103 110", FLAT],
            ["0 long 1 98 e", "1 long 2 - g"],
            "1/0.5/HARD 2/0.5/HARD",
            max_adds=1,
        ),
        "e 1@100 g 2@103 take_profit_1 1.5@106 take_profit_2 1.5@110",
    ),
}


@pytest.mark.parametrize("name", WALKS)
def test_a_hand_computed_walk_fills_as_written(name):
    given, expected = WALKS[name]
    assert fills(run_world(given)) == expected


def test_fees_and_r_come_from_the_fills():
    """spec Q4 L3: 2@100.1 costs 0.1001, 2@97.9 costs 0.0979, R = 100.1 − 98 = 2.1."""
    found = run_world(world([FLAT, "100 100 97 98", FLAT], ["0 long 2 98 e"], fees=(0, 0.0005), slippage=10))
    trade_set = found["trade_sets"][0]
    assert [leg["fees"] for leg in trade_set["legs"]] == ["0.1001", "0.0979"]
    assert (trade_set["pnl_realized_total"], trade_set["pnl_net"]) == ("-4.4", "-4.598")
    assert trade_set["initial_risk"] == "4.2"
    assert trade_set["r_multiple"] == float(Fraction("-4.598") / Fraction("4.2"))


def test_a_fill_through_zero_splits_its_fee():
    """spec L1 F13: 3 × 100.5 × 0.001 = 0.3015; a third, 0.1005, closes and 0.201 opens."""
    bars = [FLAT, FLAT, "100.5 101 100 100.5", FLAT]
    found = run_world(world(bars, ["0 long 1 98 e", "2 short 2 103 g"], fees=(0, 0.001)))
    closing, opening = found["trade_sets"][0]["legs"][-1], found["trade_sets"][1]["legs"][0]
    assert (closing["fees"], opening["fees"]) == ("0.1005", "0.201")
    assert closing["timestamp"] == opening["timestamp"]


def test_funding_is_paid_on_what_was_held_before_the_bar():
    """spec X6: −1 × 101 × 0.001 = −0.101 at hour 1; the row of hour 0 meets no position."""
    rows = [{"timestamp": f"2024-01-01T0{hour}:00:00Z", "rate": "0.001"} for hour in (0, 1)]
    found = run_world(world([FLAT, "101 101 101 101", FLAT], ["0 long 1 98 e"], "9/1/HARD", funding=rows))
    assert found["trade_sets"][0]["funding_total"] == "-0.101"
    assert found["trade_sets"][0]["pnl_net"] == "-0.101"  # out at 100, where it came in


def test_an_edge_fires_again_only_after_a_definite_false():
    """spec T6 F14: true at hours 1 and 2, false at 3, true at 4: out at the opens of 2 and 5."""
    bars = [FLAT, "100 100 99 99", "99 100 99 99", "99 100 99 100", "100 100 99 99", FLAT, FLAT]
    trigger = {"id": "r", "symbol": "TST", "direction": "exit", "category": "risk_reduce", "exit_fraction": 0.5}
    plan = {"plan_id": "p", "triggers": [{**trigger, "exit_rule": "close < 99.5"}]}
    found = run_world(world(bars, ["0 long 1 90 e"], "1/1/HARD", plan=plan))
    reduced = [leg["timestamp"][11:13] for leg in found["trade_sets"][0]["legs"] if leg["reason"] == "r_exit"]
    assert reduced == ["02", "05"]


def test_a_trigger_of_a_longer_timeframe_is_asked_at_its_own_closes_only():
    """spec F40 F54: 4h bars open at hours 0 and 4; the second closes under its open with hour 7, out at hour 8."""
    bars = [FLAT] * 4 + ["100 100 99 99.9"] * 4 + [FLAT] * 3
    trigger = {"id": "x", "symbol": "TST", "direction": "exit", "timeframe": "4h", "exit_rule": "close < open"}
    found = run_world(world(bars, ["0 long 1 90 e"], "1/1/HARD", plan={"plan_id": "p", "triggers": [trigger]}))
    leg = found["trade_sets"][0]["legs"][-1]
    assert (leg["reason"], leg["timestamp"]) == ("x_exit", "2024-01-01T08:00:00Z")


# Laws


@pytest.mark.parametrize("triggers", [False, True])
def test_every_random_world_keeps_the_laws_of_the_ledger(triggers):
    """spec Q4 L1 X3: realized is cash in minus cash out, flat at the end, fills inside their bars."""
    for seed in SEEDS:
        given = random_world(seed, triggers=triggers)
        for trade_set in run_world(given)["trade_sets"]:
            assert_lawful(given, trade_set)


def assert_lawful(given, trade_set):
    bars = {row[0]: row for row in given["candles"][trade_set["symbol"]]}
    legs = trade_set["legs"]
    for leg in legs:
        _, _, high, low, _, _ = bars[leg["timestamp"]]
        assert Fraction(low) <= Fraction(leg["price"]) <= Fraction(high), leg
    assert Fraction(trade_set["fees_total"]) == sum(Fraction(leg["fees"]) for leg in legs)
    if trade_set["closed_at"] is None:
        return
    signs = {"buy": -1, "sell": 1}
    cash = sum(signs[leg["side"]] * Fraction(leg["qty"]) * Fraction(leg["price"]) for leg in legs)
    assert cash * multiplier(given, trade_set["symbol"]) == Fraction(trade_set["pnl_realized_total"])
    assert [leg["position_after"] == "0" for leg in legs] == [False] * (len(legs) - 1) + [True]


def multiplier(given, symbol):
    section = given["config"]["instrument"]
    options = section if isinstance(section, list) else [section]
    return Fraction(str(next(part for part in options if part["symbol"] == symbol).get("multiplier", 1)))


def test_jumping_to_the_prices_that_matter_fills_as_walking_every_tick_does(monkeypatch):
    """spec X3: the walk is right because a slower one, tick by tick, gives the same."""
    given_worlds = [*map(random_world, range(150)), *map(random_liquid_world, range(60))]
    coarse = [given for given in given_worlds if walked_ticks(given) < 30_000]
    assert len(coarse) > 30
    jumped = [run_world(given) for given in coarse]
    monkeypatch.setattr(walking, "next_price", lambda run, position, here, end: here + (1 if end > here else -1))
    assert [run_world(given) for given in coarse] == jumped


def walked_ticks(given):
    section = given["config"]["instrument"]
    options = section if isinstance(section, list) else [section]
    ticks = {part["symbol"]: Fraction(part["tick_size"]) for part in options}
    return sum(
        2 * (Fraction(row[2]) - Fraction(row[3])) / ticks[symbol]
        for symbol, rows in given["candles"].items()
        for row in rows
    )


# Liquidity-aware exits. The bar takes 0.1 of its volume.


def shy(**more):
    return {"liquidity": {"max_volume_share": 0.1}, **more}


def with_minimum(given, quantity):
    given["config"]["instrument"]["min_quantity"] = quantity
    return given


def emergency(rule):
    trigger = {"id": "panic", "symbol": "TST", "direction": "exit", "category": "emergency_exit", "exit_rule": rule}
    return {"plan_id": "p", "triggers": [trigger]}


CUTS = {
    "a rung in parts: its own bar at the level, then opens, each 0.1 of the volume": (
        world(
            [FLAT, "100 102 100 101 2", "101 101.5 101 101 2", "101.5 101.5 101 101 2"],
            ["0 long 1 98 e"],
            profile=shy(),
        ),
        "e 1@100 take_profit_1 0.2@102 take_profit_1 0.2@101 take_profit_1 0.1@101.5 end_of_data 0.5@101",
    ),
    "the stop covers what is unsold and is never cut": (
        world([FLAT, "100 102 100 101 2", "101 101.5 97 98 1"], ["0 long 1 98 e"], profile=shy()),
        "e 1@100 take_profit_1 0.2@102 take_profit_1 0.1@101 stop_loss 0.7@98",
    ),
    "a bar without volume takes nothing, but the rung is met: its stop move acts": (
        world(
            [FLAT, "100 102 101 101 0", "101 101 99 99 0"],
            ["0 long 1 98 e"],
            profile=shy(stop_moves=[{"after_leg": 1, "to": "breakeven"}]),
        ),
        "e 1@100 breakeven_stop 1@100",
    ),
    "a symbol whose volumes are all 0 has none, so nothing is cut": (
        world([bar + " 0" for bar in (FLAT, "100 102 100 101", FLAT)], ["0 long 1 98 e"], "1/1/HARD", profile=shy()),
        "e 1@100 take_profit_1 1@102",
    ),
    "a part under the minimum of 0.2 waits, unless it is all that is left": (
        with_minimum(
            world(
                [FLAT, "100 102 100 101 1", "101 101.5 101 101 3", "101.5 101.5 101 101 1"],
                ["0 long 1 98 e"],
                "1/0.4/HARD 2/0.6/HARD",
                profile=shy(),
            ),
            "0.2",
        ),
        "e 1@100 take_profit_1 0.3@101 take_profit_1 0.1@101.5 end_of_data 0.6@101",
    ),
    "two rungs share a bar in the order in which they fill": (
        world([FLAT, "100 104 100 104 7", "104 104 103 103 10"], ["0 long 1 98 e"], profile=shy()),
        "e 1@100 take_profit_1 0.5@102 take_profit_2 0.2@104 take_profit_2 0.3@104",
    ),
    "an emergency drops the rest at its open and takes all": (
        world(
            [FLAT, "100 102 100 101 1", "101 101.5 100.5 100.7 1", FLAT],
            ["0 long 1 98 e"],
            profile=shy(),
            plan=emergency("close < 101 and bars_held > 1"),
        ),
        "e 1@100 take_profit_1 0.1@102 take_profit_1 0.1@101 panic_exit 0.8@100",
    ),
    "a time stop that is cut leaves the emergency its voice": (
        world(
            [FLAT, "100 101 100 101 1", "101 101 100.5 100.7 1", FLAT],
            ["0 long 1 98 e"],
            profile=shy(time_stop={"bars": 1}),
            plan=emergency("close < 101 and bars_held > 1"),
        ),
        "e 1@100 time_stop 0.1@101 panic_exit 0.9@100",
    ),
    "a SOFT rung is no market exit and takes the whole level": (
        world([FLAT, "100 104 100 104 1", FLAT + " 1"], ["0 long 1 98 e"], "1/0.5/SOFT 2/0.5/HARD", profile=shy()),
        "e 1@100 take_profit_1 0.5@102 take_profit_2 0.1@104 take_profit_2 0.1@100 end_of_data 0.3@100",
    ),
    "above the limit at the close before, SOFT becomes HARD: 102 × 0.999 = 101.898, down to a tick": (
        world(
            ["100 100 99.5 100 10 5", "100 100 99.5 100 10 5.1", "100 102 100 101 10 0"],
            ["0 long 1 98 e"],
            "1/1/SOFT",
            profile={"liquidity": {"max_spread_bps": 5}},
            slippage=10,
        ),
        "e 1@100 take_profit_1 1@101.89",
    ),
    "at the limit SOFT stays SOFT": (
        world(
            ["100 100 99.5 100 10 5", "100 102 100 101 10 6"],
            ["0 long 1 98 e"],
            "1/1/SOFT",
            profile={"liquidity": {"max_spread_bps": 5}},
            slippage=10,
        ),
        "e 1@100 take_profit_1 1@102",
    ),
}


@pytest.mark.parametrize("clause", CUTS)
def test_liquidity_aware_exits_by_hand(clause):
    """spec P14"""
    given, expected = CUTS[clause]
    assert fills(run_world(given)) == expected


def test_no_bar_takes_more_than_its_share():
    """spec P14: told of time stops and trails, which are never limits and never spared."""
    seen = 0
    for seed in range(100):
        given = random_liquid_world(seed)
        share = given["profiles"]["profiles"][0]["liquidity"].get("max_volume_share")
        for found in run_world(given)["trade_sets"]:
            volumes = {row[0]: Fraction(row[5]) for row in given["candles"][found["symbol"]]}
            if share is None or not any(volumes.values()):
                continue
            for time, sold in sold_by_bar(found).items():
                assert sold * multiplier(given, found["symbol"]) <= Fraction(str(share)) * volumes[time], (seed, time)
                seen += 1
    assert seen > 100


def sold_by_bar(found):
    sold = {}
    for leg in found["legs"]:
        if leg["reason"] in ("time_stop", "trailing_stop"):
            sold[leg["timestamp"]] = sold.get(leg["timestamp"], 0) + Fraction(leg["qty"])
    return sold


@pytest.mark.parametrize("triggers", [False, True])
def test_later_bars_change_nothing_before_them(triggers):
    """spec X1: the first bars alone give the same fills and events up to their own last bar."""
    for seed in range(60):
        given = random_world(seed, triggers=triggers, bars=40, symbols=1)
        rows = given["candles"]["TST"]
        cut = dict(given, candles={"TST": rows[:30]})
        end = rows[29][0]
        whole, part = run_world(given), run_world(cut)
        assert fills_before(whole, end) == fills_before(part, end), seed
        assert [event for event in whole["events"] if event["time"] < end] == [
            event for event in part["events"] if event["time"] < end
        ], seed


def fills_before(found, end):
    return [
        [leg for leg in trade_set["legs"] if leg["timestamp"] < end]
        for trade_set in found["trade_sets"]
        if trade_set["opened_at"] < end
    ]


def test_a_world_written_as_files_is_read_back_and_runs_alike(tmp_path):
    for seed in range(20):
        given = random_world(seed, triggers=seed % 2 == 1)
        write_world(given, tmp_path / str(seed))
        assert run_world(load_world(tmp_path / str(seed))) == run_world(given)


def test_a_liquid_world_written_as_files_is_read_back_and_runs_alike(tmp_path):
    for seed in range(20):
        given = random_liquid_world(seed)
        write_world(given, tmp_path / str(seed))
        assert run_world(load_world(tmp_path / str(seed))) == run_world(given)

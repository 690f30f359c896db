"""What holds for every run with liquidity-aware exits (spec P14), on random worlds whose bars are thin."""

from __future__ import annotations

from collections import Counter, defaultdict
from copy import deepcopy
from fractions import Fraction
from pathlib import Path
from typing import Any

from engine.differential import run_given, sound_run, world_of
from engine.test_laws_of_a_run import before, cash_of, cut, ranges_of
from exitbrain.backtesting.files import trade_sets_of
from exitbrain.backtesting.result import Result
from exitbrain.core.trade_sets import TradeSet

WORLDS = 120


def test_the_worlds_are_thin(worlds: Path) -> None:
    """What the laws below are held against: cuts of each kind, bars that take nothing, legs that turn hard."""
    seen: Counter[str] = Counter()
    for seed in range(WORLDS):
        for event in sound_run(seed, worlds, liquidity=True).events:
            if event["kind"] == "plan" and "of the bar's volume" in event["detail"]:
                seen[event["detail"].split("_")[0]] += 1
                seen["nothing"] += "sells 0 of" in event["detail"]
            seen["hard"] += event["kind"] == "plan" and "HARD:" in event["detail"]
    assert min(seen[kind] for kind in ("take", "trailing", "time", "nothing", "hard")) > 30, seen


def test_money_is_exact_and_every_lot_leaves_once(worlds: Path) -> None:
    """spec Q4 L1 X3 X0: cash in minus cash out; flat at the last leg only; legs in time order, inside their bars."""
    for seed in range(WORLDS):
        ranges = ranges_of(world_of(seed, False, True))
        for one in sound_run(seed, worlds, liquidity=True).trade_sets:
            flat = [leg.position_after == 0 for leg in one.legs]
            assert flat == [False] * (len(flat) - 1) + [one.closed_at is not None], seed
            assert [leg.timestamp for leg in one.legs] == sorted(leg.timestamp for leg in one.legs)
            if one.closed_at is not None:
                assert cash_of(one) * one.multiplier == one.pnl_realized_total, seed
                entered = sum(leg.qty for leg in one.legs if leg.is_entry)
                assert entered == sum(leg.qty for leg in one.legs if not leg.is_entry)
        for row in trade_sets_of(sound_run(seed, worlds, liquidity=True)):
            for leg in row["legs"]:
                low, high = ranges[row["symbol"], leg["timestamp"]]
                assert low <= Fraction(leg["price"]) <= high, (seed, leg)


def test_no_bar_takes_more_than_its_share(worlds: Path) -> None:
    """spec P14: of each position; recomputed from the candles as they are written."""
    bound = 0
    for seed in range(WORLDS):
        result, world = sound_run(seed, worlds, liquidity=True), world_of(seed, False, True)
        taken = limited_lots(result, world)
        shares = {profile["symbol"]: profile["liquidity"] for profile in world["profiles"]["profiles"]}
        for (symbol, _, bar), lots in taken.items():
            share = shares[symbol].get("max_volume_share")
            volumes = [row[5] for row in world["candles"][symbol]]
            if share is None or all(Fraction(volume) == 0 for volume in volumes):
                continue
            instrument = result.markets[symbol].instrument
            unit = Fraction(instrument.lot_size) * Fraction(instrument.multiplier)
            most = Fraction(str(share)) * Fraction(volumes[bar]) // unit
            assert lots <= most, (seed, symbol, bar)
            bound += lots == most
    assert bound > 50


def limited_lots(result: Result, world: dict[str, Any]) -> dict[tuple[str, str, int], int]:
    """Lots by symbol, set and bar that left by what may be cut, where that can be told from the leg."""
    plan = world.get("plan") or {}
    cuttable = {
        one["id"]
        for one in plan.get("triggers", ())
        if one.get("category") != "emergency_exit" and not one.get("entry_rule")
    }
    found: dict[tuple[str, str, int], int] = defaultdict(int)
    for one in result.trade_sets:
        market = result.markets[one.symbol]
        hard = hard_rungs(one, result)
        for leg in one.legs:
            if leg.is_entry:
                continue
            planned = leg.category == "plan" and (leg.reason in ("trailing_stop", "time_stop") or leg.reason in hard)
            if planned or leg.trigger_id in cuttable:
                bar = market.bar_at_or_after(int(leg.timestamp.timestamp() * 1_000_000))
                found[one.symbol, one.set_id, bar] += int(leg.qty / market.instrument.lot_size)
    return found


def hard_rungs(one: TradeSet, result: Result) -> set[str]:
    """Rungs that are hard in the plan; none where an add made a second one."""
    if one.num_entries > 1:
        return set()
    legs = result.plans[one.set_id]["legs"]
    return {f"take_profit_{leg['index']}" for leg in legs if leg["kind"] == "TP" and leg["order"] == "HARD"}


def test_later_bars_change_nothing_before_them(tmp_path: Path) -> None:
    """spec X1: a cut reads the volume of its own bar, and nothing that comes later."""
    compared = 0
    for seed in range(60):
        world = world_of(seed, False, True)
        part = cut(world, len(next(iter(world["candles"].values()))) * 2 // 3)
        if not part["entries"] or any(all(float(row[5]) == 0 for row in rows) for rows in part["candles"].values()):
            continue  # whether a symbol has volumes at all is told once for its file, like an inferred tick (F49)
        whole, prefix = run_given(world, tmp_path / f"{seed}"), run_given(part, tmp_path / f"{seed}-part")
        end = min(rows[-1][0] for rows in part["candles"].values())
        assert before(whole, end) == before(prefix, end), seed
        compared += len(before(prefix, end)[0])
    assert compared > 100


def test_where_no_limit_is_reached_nothing_changes(tmp_path: Path) -> None:
    """spec P14: the same sets, events and plans as without the option, and the compiled rules agree."""
    for seed in range(60):
        world = deepcopy(world_of(seed, False, True))
        for rows in world["candles"].values():
            for row in rows:
                row[5] = "1000000000000"
        for profile in world["profiles"]["profiles"]:
            profile["liquidity"] = {"max_volume_share": 1, "max_spread_bps": 1_000_000}
        ample = run_given(world, tmp_path / f"{seed}-ample")
        for profile in world["profiles"]["profiles"]:
            del profile["liquidity"]
        without = run_given(world, tmp_path / f"{seed}-without")
        assert without_run_id(ample) == without_run_id(without), seed


def without_run_id(result: Result) -> str:
    """Sets, events and plans as text, without the id that the inputs give."""
    told = repr([trade_sets_of(result), result.events, result.plans])
    return told.replace(result.about["run_id"], "r")


def test_symbols_do_not_touch_each_other(tmp_path: Path) -> None:
    """spec X7: with sizes that hang on no cash, each symbol's sets are those of its own run; events are in time order."""
    checked = 0
    for seed in range(200):
        world = deepcopy(world_of(seed, False, True))
        if len(world["candles"]) < 2 or world.get("plan") or world.get("detail"):
            continue
        world["config"]["account"]["sizing"] = {"mode": "quantity", "value": 3}
        world["config"]["guardrails"] = {}
        world["config"]["account"].pop("max_leverage", None)
        for row in world["entries"]:
            row.pop("risk", None)
        together = run_given(world, tmp_path / f"{seed}-both")
        times = [event["time"] for event in together.events]
        assert times == sorted(times), seed
        for symbol in world["candles"]:
            alone = deepcopy(world)
            alone["candles"] = {symbol: world["candles"][symbol]}
            alone["entries"] = [row for row in world["entries"] if row["symbol"] == symbol]
            alone["config"]["instrument"] = [one for one in as_list(world) if one["symbol"] == symbol]
            if not alone["entries"]:
                continue
            own = [legs_of(one) for one in run_given(alone, tmp_path / f"{seed}-{symbol}").trade_sets]
            assert [legs_of(one) for one in together.trade_sets if one.symbol == symbol] == own, (seed, symbol)
            checked += len(own)
    assert checked > 20


def as_list(world: dict[str, Any]) -> list[dict[str, Any]]:
    given = world["config"]["instrument"]
    return given if isinstance(given, list) else [given]


def legs_of(one: TradeSet) -> list[tuple[Any, ...]]:
    return [(leg.timestamp, leg.reason, leg.qty, leg.price, leg.fees) for leg in one.legs]

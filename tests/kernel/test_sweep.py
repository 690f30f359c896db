"""A sweep gives for each profile what following its entries one by one gives."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exitbrain.core.profiles import (
    Adaptive,
    AtrTrail,
    Liquidity,
    StopMove,
    TimeStop,
    TPProfile,
    TPProfileLeg,
    TrailingProfile,
)
from exitbrain.kernel.fills import follow_entries, reason_of
from exitbrain.kernel.sweep import SweepColumns, evaluate, recipes_of, unsupported
from kernel.worlds import World, random_world

ARRAYS = [name for name in SweepColumns.__dataclass_fields__ if name not in ("names", "reasons")]


def world_of(seed: int, profiles: int = 6) -> World:
    return random_world(seed, profiles=profiles, stop_rules=2)


def expected(world: World, profile: int, stop_rule: int) -> dict[str, float]:
    """The same numbers out of the fills, position by position."""
    recipes = recipes_of([world.profiles[profile]], [stop_rule])
    fills = follow_entries(world.candles, world.entries, recipes, world.costs, single=world.single, exact=True)
    entries, costs = world.entries, world.costs
    found: dict[str, float] = {"positions": len(fills.opened), "fills": len(fills), "net": 0.0, "r_sum": 0.0, "bars": 0}
    found |= {"exits": {}, "hits": {}, "wins": 0, "net_r": {}}  # type: ignore[dict-item]
    running = top = fall = 0.0
    for place in fills.opened.tolist():
        side, entry = int(entries.side[place]), int(entries.price[place])
        lots = int(entries.lots[stop_rule, place])
        net = -entry * lots * costs.taker
        for at in np.flatnonzero(fills.position == place).tolist():
            price, part = int(fills.price[at]), int(fills.lots[at])
            net += side * (price - entry) * part - price * part * (costs.maker if fills.maker[at] else costs.taker)
            reason = reason_of(int(fills.code[at]))
            found["exits"][reason] = found["exits"].get(reason, 0) + 1  # type: ignore[attr-defined, index]
            if reason.startswith("take"):
                found["hits"].setdefault(reason, set()).add(place)  # type: ignore[attr-defined, index]
        found["net"] += net
        if fills.closed_bar[place] == len(world.candles):
            continue
        r = net / (lots * abs(entry - int(entries.stop[stop_rule, place])))
        found["net_r"][place] = r  # type: ignore[index]
        found["r_sum"] += r
        found["wins"] += net > 0
        found["bars"] += int(fills.closed_bar[place]) - int(entries.bar[place])
        running += r
        top = max(top, running)
        fall = max(fall, top - running)
    return found | {"fall": fall}


def judge(seed: int) -> None:
    world = world_of(seed)
    rules = [i % 2 for i in range(len(world.profiles))]
    recipes = recipes_of(world.profiles, rules)
    out = evaluate(world.candles, world.entries, recipes, world.costs, single=world.single, per_set=True)
    for p, rule in enumerate(rules):
        wanted = expected(world, p, rule)
        told = f"seed {seed}, profile {p}"
        assert (out.positions[p], out.fills[p], out.wins[p]) == (
            wanted["positions"],
            wanted["fills"],
            wanted["wins"],
        ), told
        exits = {reason: int(n) for reason, n in zip(out.reasons, out.exits[p]) if n}
        assert exits == wanted["exits"], told
        hits = {f"take_profit_{k + 1}": int(n) for k, n in enumerate(out.rung_hits[p]) if n}
        assert hits == {reason: len(places) for reason, places in wanted["hits"].items()}, told  # type: ignore[attr-defined]
        assert math.isclose(out.net[p], wanted["net"], rel_tol=1e-9, abs_tol=1e-6), told
        assert math.isclose(out.r_sum[p], wanted["r_sum"], rel_tol=1e-9, abs_tol=1e-9), told
        assert math.isclose(out.drawdown_r[p], wanted["fall"], rel_tol=1e-9, abs_tol=1e-9), told
        closed = len(wanted["net_r"])  # type: ignore[arg-type]
        assert closed == out.positions[p] - out.open_at_end[p], told
        assert not closed or math.isclose(out.bars_held[p], wanted["bars"] / closed), told
        assert out.net_r is not None
        found = {i: r for i, r in enumerate(out.net_r[p]) if not math.isnan(r)}
        assert found.keys() == wanted["net_r"].keys(), told  # type: ignore[attr-defined]
        assert all(math.isclose(r, wanted["net_r"][i], rel_tol=1e-9, abs_tol=1e-12) for i, r in found.items()), told  # type: ignore[index]


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_a_sweep_is_many_runs(first: int) -> None:
    for seed in range(first, first + 100):
        judge(seed)


def test_neither_threads_nor_blocks_of_profiles_change_a_bit() -> None:
    dice = np.random.default_rng(2)
    closes = 50_000 + np.cumsum(dice.integers(-40, 41, 8_000))
    opens = np.concatenate(([50_000], closes[:-1]))
    columns = opens, np.maximum(opens, closes) + 5, np.minimum(opens, closes) - 5, closes
    from exitbrain.kernel.sweep import Candles, Entries

    bars = np.arange(0, 7_900, 5)
    side = np.where(dice.random(len(bars)) < 0.5, 1, -1)
    price = opens[bars]
    entries = Entries(bar=bars, side=side, price=price, stop=price - side * 700, lots=np.full(len(bars), 1_000))
    world = random_world(8, profiles=70)
    recipes, costs = recipes_of(world.profiles), world.costs
    for single in (False, True):
        whole = evaluate(Candles(*columns), entries, recipes, costs, single=single, per_set=True)
        threads = evaluate(Candles(*columns), entries, recipes, costs, single=single, per_set=True, threads=2)
        parts = [
            evaluate(Candles(*columns), entries, recipes[at : at + 9], costs, single=single, per_set=True)
            for at in range(0, 70, 9)
        ]
        for name in ARRAYS:
            one = getattr(whole, name)
            assert np.array_equal(one, getattr(threads, name), equal_nan=True), name
            if one.shape[1:] in ((), (len(bars),)):
                joined = np.concatenate([getattr(part, name) for part in parts])
                assert np.array_equal(one, joined, equal_nan=True), name


def test_metrics_have_a_column_for_each_name() -> None:
    world = world_of(3)
    out = evaluate(world.candles, world.entries, recipes_of(world.profiles), world.costs)
    assert {"num_sets", "net_pnl", "expectancy_r", "win_rate", "drawdown_r", "exits_stop_loss"} <= out.metrics().keys()
    assert all(len(column) == len(world.profiles) for column in out.metrics().values())


TRAIL = TrailingProfile(0.02, 1)
LEGS = (TPProfileLeg(1, 0.5),)


@pytest.mark.parametrize(
    ("profile", "why"),
    [
        (TPProfile("A", LEGS, TRAIL, atr_trail=AtrTrail()), "atr_trail"),
        (TPProfile("A", LEGS, TRAIL, adaptive=Adaptive()), "adaptive"),
        (TPProfile("A", LEGS, liquidity=Liquidity(max_volume_share=0.1)), "liquidity"),
        (TPProfile("A", LEGS, stop_moves=(StopMove(after_leg=1, to="breakeven", fees=True),)), "fees"),
        (TPProfile("A", LEGS, stop_moves=(StopMove(after_leg=1, to="0.1"),) * 2), "several"),
        (TPProfile("A", tuple(TPProfileLeg(r, 0.1) for r in range(1, 10))), "rungs"),
        (TPProfile("A", (TPProfileLeg(2_000, 0.1),)), "1024R"),
        (TPProfile("A", (TPProfileLeg("1.0000001", 0.1),)), "decimals"),
    ],
)
def test_what_needs_the_engine_is_told(profile: TPProfile, why: str) -> None:
    problem = unsupported(profile)
    assert problem is not None and why in problem
    with pytest.raises(ValueError, match=why):
        recipes_of([profile])
    assert unsupported(TPProfile("A", LEGS, TRAIL, time_stop=TimeStop(bars=3))) is None

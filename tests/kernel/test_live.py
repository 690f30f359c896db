"""A price over many positions gives what the walk gives for each of them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from exitbrain.core import walk as rules
from exitbrain.core.numbers import fraction_of
from exitbrain.core.profiles import TPKind, TPProfile, TPProfileLeg, TrailingProfile
from exitbrain.kernel.live import NOTHING, LevelFill, LevelIndex
from exitbrain.kernel.recipes import Entries, recipes_of
from kernel.worlds import Position, World, every_bar, random_profile, random_world


def ticks(dice: Random, count: int) -> np.ndarray:
    """A random walk in ticks with jumps."""
    steps = [dice.choice([0, 1, -1, 2, -2, 7, -7, 40, -40]) for _ in range(count)]
    return 3_000 + np.cumsum(steps)


def positions_of(dice: Random, prices: np.ndarray, count: int) -> list[Position]:
    """Positions opened at the first price, each over a 'bar' a tick."""
    out = []
    base = random_world(dice.randrange(1 << 20))
    for _ in range(count):
        side = dice.choice([1, -1])
        stop = int(prices[0]) - side * dice.randint(1, 300)
        entries = Entries(
            bar=np.zeros(1), side=np.array([side]), price=prices[:1], stop=np.array([stop]),
            lots=np.array([dice.choice([1, 5, 1_000])]),
        )  # fmt: skip
        world = World(
            columns=(prices,) * 4, entries=entries, profiles=(random_profile(dice, "P"),), single=False,
            costs=replace(base.costs, time_stop_bars=None),
        )  # fmt: skip
        out.append(Position(world, replace(world.profiles[0], time_stop=None), 0))
    return out


@pytest.mark.parametrize("seed", range(25))
def test_every_tick_does_what_the_walk_does(seed: int) -> None:
    dice = Random(seed)
    prices = ticks(dice, 150)
    positions = positions_of(dice, prices, 150)
    costs = positions[0].world.costs
    index = LevelIndex(
        200, slippage=costs.slippage, through=costs.through, min_lots=costs.min_lots, min_worth=costs.min_worth
    )
    places: dict[int, Position] = {}
    for position in positions:
        recipe = recipes_of([position.profile]).rows[0]
        side = position.side
        place = index.open(
            recipe, side=side, entry=int(prices[0]), stop=int(position.world.entries.stop[0, 0]),
            lots=int(position.world.entries.lots[0, 0]), peak=int(prices[0]),
        )  # fmt: skip
        places[place] = position
    for step, price in enumerate(prices.tolist()):
        found = index.update(price)
        wanted: list[LevelFill] = []
        for place in sorted(places):
            position = places[place]
            state = position.state
            before = state[rules.FILLS]
            if state[rules.QTY]:
                position.walk(step + 1, every_bar)
            for k in range(before, state[rules.FILLS]):
                _, how, at, lots, maker, _ = position.fills[k * 6 : k * 6 + 6]
                wanted.append(LevelFill(place, how, position.side * at, lots, bool(maker)))
        assert sorted(found.fills) == sorted(wanted), step
        for place, position in places.items():
            assert index.lots(place) == position.state[rules.QTY]
            if position.state[rules.QTY]:
                live = position.state[rules.ARMED] and position.state[rules.RUNNER]
                stop = (
                    max(position.state[rules.STOP], position.state[rules.TRAIL]) if live else position.state[rules.STOP]
                )
                assert index.stop(place) == position.side * stop
    assert len(index) == sum(position.state[rules.QTY] > 0 for position in positions)


@pytest.mark.parametrize("callback", ["0.0137", "0.000001", "0.3333", "0.9", "0.02"])
@pytest.mark.parametrize("side", [1, -1])
def test_a_trail_of_many_positions_is_rounded_as_that_of_one(callback: str, side: int) -> None:  # spec P7
    dice = Random(5)
    trail = TrailingProfile(float(callback), 0.01)
    recipe = recipes_of([TPProfile("T", (TPProfileLeg(1000.0, 0.5, TPKind.HARD),), trail)]).rows[0]
    ratio = fraction_of(float(callback))
    num, den = ratio.denominator - side * ratio.numerator, ratio.denominator
    for first in (2_000, 70_001, 900_000_000):
        index = LevelIndex(100)
        places = [
            index.open(recipe, side=side, entry=first, stop=first - side * (first // 100), lots=100, peak=first)
            for _ in range(100)
        ]
        price, stop = first + side * (first // 100), first - side * (first // 100)
        for _ in range(200):
            found = index.update(price)
            level = side * rules.trail_level(side * price, num, den)
            if side * level >= side * price:
                assert {fill.code for fill in found.fills} == {rules.BY_TRAIL}
                break
            raised = side * max(side * stop, side * level)
            if raised != stop:
                assert found.changed == tuple(sorted(places))
            stop = raised
            assert {index.stop(place) for place in places} == {stop}
            price += side * dice.choice([1, 2, 3, 17])


def test_prices_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="prices below"):
        LevelIndex(1).update(1 << 30)


def test_a_price_that_nothing_waits_for_touches_nothing() -> None:
    dice = Random(1)
    index = LevelIndex(10_000)
    recipe = recipes_of([replace(random_profile(dice, "P"), trailing=None)]).rows[0]
    for _ in range(10_000):
        index.open(recipe, side=1, entry=30_000, stop=29_000, lots=1_000, peak=30_000)
    assert index.update(30_000) is NOTHING
    assert len(index) == 10_000
    assert len(index.update(28_999).fills) == 10_000
    assert len(index) == 0


def test_places_are_used_again_and_a_full_index_says_so() -> None:
    index = LevelIndex(2)
    recipe = recipes_of([random_profile(Random(3), "P")]).rows[0]
    first = index.open(recipe, side=-1, entry=1_000, stop=1_100, lots=10, peak=1_000)
    index.open(recipe, side=-1, entry=1_000, stop=1_100, lots=10, peak=1_000)
    with pytest.raises(ValueError, match="2 positions are open"):
        index.open(recipe, side=-1, entry=1_000, stop=1_100, lots=10, peak=1_000)
    index.close(first)
    with pytest.raises(ValueError, match="no position"):
        index.close(first)
    assert index.open(recipe, side=-1, entry=1_000, stop=1_100, lots=10, peak=1_000) == first

"""The laws on which skipping rests, stated against `core.walk` as plain Python.

Each takes a position as it stands after some bars of a random world and lets it live one more bar, drawn so that the law
speaks of it, along every path.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from exitbrain.core import walk as rules
from kernel.worlds import Position, every_bar, random_world

PATHS = (rules.ADVERSE, rules.FAVORABLE, rules.NEAREST)
MOVING = [place for place in range(rules.STATE_SIZE) if place not in (rules.PEAK, rules.WORST, rules.STEP, rules.CUR)]


def standing(seed: int) -> Position | None:
    """A position that is still open after some bars, None where this seed has none."""
    world = random_world(seed)
    dice = Random(seed)
    entry = dice.randrange(len(world.entries))
    if not world.entries.lots[0, entry]:
        return None
    position = Position(world, world.profiles[0], entry)
    position.walk(min(len(world.candles), position.bar + dice.choice([0, 0, 1, 5, 30])))
    return position if position.state[rules.QTY] else None


def bar_inside(dice: Random, low: int, high: int) -> tuple[int, int, int, int]:
    """open, high, low, close strictly between two prices."""
    l, h = sorted((dice.randint(low + 1, high - 1), dice.randint(low + 1, high - 1)))
    return dice.randint(l, h), h, l, dice.randint(l, h)


def lived(position: Position, bar: tuple[int, int, int, int], path: int) -> Position:
    """The position after one more bar, walked without any skipping."""
    only_read = position.world, position.profile, position.columns, position.ladder
    after = deepcopy(position, {id(shared): shared for shared in only_read})
    after.world = replace(after.world, costs=replace(after.world.costs, path=path))
    step = after.state[rules.STEP]
    after.columns = tuple([*column[:step], value] for column, value in zip(after.columns, bar, strict=True))
    after.walk(step + 1, every_bar)
    return after


def band_of(position: Position) -> tuple[int, int]:
    return rules.band(position.state, position.rungs[0], position.callbacks[0])


@pytest.mark.parametrize("path", PATHS)
def test_a_bar_strictly_inside_the_band_changes_nothing(path: int) -> None:
    tried = 0
    for seed in range(400):
        position = standing(seed)
        if position is None:
            continue
        low, high = band_of(position)
        high = min(high, max(low, position.state[rules.PEAK]) + 500)
        if high - low < 2:
            continue
        bar = bar_inside(Random(seed), low, high)
        after = lived(position, bar, path)
        assert [after.state[i] for i in MOVING] == [position.state[i] for i in MOVING], seed
        assert after.rungs == position.rungs and after.fills == position.fills
        assert after.state[rules.PEAK] == max(position.state[rules.PEAK], bar[1])
        assert after.state[rules.WORST] == min(position.state[rules.WORST], bar[2])
        tried += 1
    assert tried > 100


def test_no_narrower_band_is_needed() -> None:
    """At its edges something happens: the band is as wide as the law allows."""
    changed = {"low": 0, "high": 0}
    for seed in range(400):
        position = standing(seed)
        if position is None:
            continue
        low, high = band_of(position)
        if high >= rules.FAR or high - low < 3:
            continue
        for edge, bar in (("low", (low + 1, low + 1, low, low + 1)), ("high", (high - 1, high, high - 1, high - 1))):
            after = lived(position, bar, rules.ADVERSE)
            changed[edge] += [after.state[i] for i in MOVING] != [position.state[i] for i in MOVING]
            if edge == "low":
                assert after.state[rules.FILLS] > position.state[rules.FILLS], seed
    assert min(changed.values()) > 50, changed


def result_of(position: Position) -> tuple[Any, ...]:
    """What a bar did, but for the worst price seen."""
    state = position.state
    count = state[rules.FILLS] * rules.FILL_SIZE
    places = [i for i in range(rules.STATE_SIZE) if i not in (rules.WORST, rules.CUR, rules.PHASE, rules.STEP)]
    return [state[i] for i in places], position.fills[:count], position.rungs


def test_a_rising_bar_does_the_same_along_every_path() -> None:
    """Its low stays above the stop, above stops that its rungs would move, and above the trail that its high sets."""
    tried = 0
    for seed in range(1_500):
        position = standing(seed)
        if position is None:
            continue
        dice = Random(seed)
        low, high = band_of(position)
        top = (high if high < rules.FAR else low + 100) + dice.randint(0, 60)
        stage, state = position.state[rules.STAGE], position.state
        levels, nums, dens = position.callbacks
        floor = low
        if state[rules.MODE] != rules.NO_TRAIL and state[rules.RUNNER]:
            while stage + 1 < len(levels) and top >= levels[stage + 1]:
                stage += 1
            if stage >= 0:
                floor = max(floor, rules.trail_level(top, nums[stage], dens[stage]))
        meet, *_, move, move_to = position.rungs
        floor = max([floor, *(to for at, kind, to in zip(meet, move, move_to) if at <= top and kind != rules.STAY)])
        if floor + 1 > top:
            continue
        o, _, l, c = bar_inside(dice, floor, top + 1)
        outcomes = [result_of(lived(position, (o, top, l, c), path)) for path in PATHS]
        assert outcomes[0] == outcomes[1] == outcomes[2], seed
        after = lived(position, (o, top, l, c), rules.ADVERSE)
        if after.state[rules.QTY]:
            assert after.state[rules.PEAK] == max(position.state[rules.PEAK], top)
            assert after.state[rules.STAGE] == stage or not state[rules.RUNNER] or state[rules.MODE] == rules.NO_TRAIL
        tried += after.state[rules.FILLS] > position.state[rules.FILLS] or after.state[rules.TRAIL] > state[rules.TRAIL]
    assert tried > 200


def test_a_falling_bar_fills_the_same_along_every_path() -> None:
    """Its high meets no rung, no stage and no new peak: what is left leaves at the higher of stop and trail."""
    tried = 0
    for seed in range(1_500):
        position = standing(seed)
        if position is None:
            continue
        dice = Random(seed)
        low, high = band_of(position)
        bottom = low - dice.randint(0, 40)
        high = min(high, low + 300)
        if high - bottom < 3:
            continue
        o, h, _, c = bar_inside(dice, bottom - 1, high)
        outcomes = [lived(position, (o, h, bottom, c), path) for path in PATHS]
        fills = [after.fills[: after.state[rules.FILLS] * rules.FILL_SIZE] for after in outcomes]
        assert fills[0] == fills[1] == fills[2], seed
        assert outcomes[0].state[rules.FILLS] > position.state[rules.FILLS]
        tried += 1
    assert tried > 300

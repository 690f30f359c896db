"""Points: a grid lists each once, random ones hang on the seed and their number, a search repeats itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from exitbrain.errors import InvalidInput
from exitbrain.tuning.objectives import direction_of, pareto, ranked
from exitbrain.tuning.sampling import Grid, Random, sampler_of


@dataclass(frozen=True)
class Axis:
    key: str
    choices: tuple[Any, ...] | None
    is_ordered: bool = True


AXES = (Axis("a", (1, 2, 3)), Axis("b", ("x", "y"), is_ordered=False), Axis("c", (0.1, 0.2)))
OPEN = (*AXES, Axis("d", None))


def test_a_grid_lists_every_point_once() -> None:
    grid = Grid(AXES)
    points = [grid.point(i) for i in range(len(grid))]
    assert len(points) == 12 == len(set(points))
    assert points[:3] == [(0, 0, 0), (0, 0, 1), (0, 1, 0)]


def test_random_points_of_a_grid_never_repeat_and_hang_on_the_seed() -> None:
    first, same, other = (Random(AXES, 10, seed) for seed in (1, 1, 2))
    points = [first.point(i) for i in range(10)]
    assert len(set(points)) == 10
    assert points == [same.point(i) for i in range(10)] != [other.point(i) for i in range(10)]
    assert len(Random(AXES, 100, 1)) == 12


def test_a_random_point_hangs_on_its_number_alone() -> None:
    assert [Random(OPEN, 5, 3).point(i) for i in range(5)] == [Random(OPEN, 50, 3).point(i) for i in range(5)]


@pytest.mark.parametrize("method", ["tpe", "nsga2"])
def test_a_search_that_is_told_the_same_asks_the_same(method: str) -> None:
    def asked() -> list[tuple[float, ...]]:
        search = sampler_of(OPEN, method, 48, 7, ["maximize", "minimize"])
        points = []
        for _ in range(3):
            batch = search.ask(16)
            points += batch
            search.tell([None if i == 3 else [point[0] - point[3], point[2]] for i, point in enumerate(batch)])
        return points

    assert asked() == asked()


@pytest.mark.parametrize("method", ["tpe", "nsga2"])
@pytest.mark.parametrize("samples", [5, 12, 100])
def test_a_search_tries_no_point_twice_and_ends_with_the_grid(method: str, samples: int) -> None:
    search = sampler_of(AXES, method, samples, 0, ["maximize"])
    points: list[tuple[float, ...]] = []
    while len(points) < len(search):
        batch = search.ask(min(4, len(search) - len(points)))
        points += batch
        search.tell([[point[0]] for point in batch])
    assert len(points) == len(set(points)) == min(samples, 12)


def test_a_search_finds_the_better_corner() -> None:
    search = sampler_of(OPEN, "tpe", 64, 1, ["maximize"])
    means = []
    for _ in range(4):
        batch = search.ask(16)
        values = [point[0] - abs(point[3] - 0.8) for point in batch]
        search.tell([[value] for value in values])
        means.append(np.mean(values))
    assert means[-1] > means[0]


@pytest.mark.parametrize(
    ("axes", "method", "samples"),
    [(OPEN, "grid", None), (AXES, "grid", 5), (AXES, "random", None), (AXES, "tpe", 0), (AXES, "best", 5)],
)
def test_methods_that_do_not_fit_are_refused(axes: Any, method: str, samples: int | None) -> None:
    with pytest.raises(InvalidInput):
        sampler_of(axes, method, samples, 0, ["maximize"])


@given(some.lists(some.tuples(some.integers(0, 4), some.integers(0, 4)), min_size=1, max_size=12))
def test_the_front_holds_exactly_what_no_other_beats(rows: list[tuple[int, int]]) -> None:
    names = ("net_r_mean", "fees_total")
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    assert [direction_of(name) for name in names] == ["maximize", "minimize"]
    own = [(up, -down) for up, down in rows]
    beaten = [any(other[0] >= one[0] and other[1] >= one[1] and other != one for other in own) for one in own]
    front = pareto(names, columns)
    assert front.tolist() == [not one for one in beaten]
    assert front[ranked(names, columns)[0]]


def test_what_has_no_value_is_last_and_on_no_front() -> None:
    column = np.array([np.nan, 1.0, -5.0])
    assert ranked(("net_r",), (column,)).tolist() == [1, 2, 0]
    assert pareto(("net_r",), (column,)).tolist() == [False, True, False]

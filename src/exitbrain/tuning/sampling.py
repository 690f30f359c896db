"""Which points of a space are tried, as places on its axes: a grid, random points, or what Optuna asks for.

A point is a tuple with one coordinate an axis: the number of a value, or a share from 0 to 1 of a continuous axis.
Grid and random points hang on their number alone, so any piece of them can be made anywhere. Optuna asks in batches
and is told what came of them; the same answers in the same order make it ask the same again, so a search that was
ended goes on from the answers that were kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from exitbrain.errors import InvalidInput, Unavailable

GRID, RANDOM, TPE, NSGA2 = "grid", "random", "tpe", "nsga2"
METHODS = (GRID, RANDOM, TPE, NSGA2)
BATCH = 16
SHUFFLED = 1_000_000
REPEATS = 8

Point = tuple[int | float, ...]


class Axis(Protocol):
    """One key of a space: `choices` None means any number between."""

    @property
    def key(self) -> str: ...
    @property
    def choices(self) -> tuple[Any, ...] | None: ...
    @property
    def is_ordered(self) -> bool: ...


def grid_size(axes: Sequence[Axis]) -> int | None:
    """How many points a grid has; None where an axis is continuous."""
    counts = [None if axis.choices is None else len(axis.choices) for axis in axes]
    return None if None in counts else math.prod(count for count in counts if count is not None)


@dataclass(frozen=True, slots=True)
class Grid:
    """Every point, the last axis moving fastest."""

    axes: Sequence[Axis]

    def __len__(self) -> int:
        size = grid_size(self.axes)
        assert size is not None
        return size

    def point(self, number: int) -> Point:
        places = []
        for axis in reversed(self.axes):
            assert axis.choices is not None
            number, place = divmod(number, len(axis.choices))
            places.append(place)
        return tuple(reversed(places))


class Random:
    """`samples` points by a seed; a grid of up to a million points is drawn from without repetition."""

    def __init__(self, axes: Sequence[Axis], samples: int, seed: int) -> None:
        self.axes, self.samples, self.seed = axes, samples, seed
        size = grid_size(axes)
        self._grid = Grid(axes) if size is not None and size <= SHUFFLED else None
        if self._grid is not None:
            self.samples = min(samples, len(self._grid))
            self._order = np.random.default_rng(seed).permutation(len(self._grid))

    def __len__(self) -> int:
        return self.samples

    def point(self, number: int) -> Point:
        if self._grid is not None:
            return self._grid.point(int(self._order[number]))
        dice = np.random.default_rng((self.seed, number))
        return tuple(
            float(dice.random()) if axis.choices is None else int(dice.integers(len(axis.choices)))
            for axis in self.axes
        )


class Search:
    """Optuna's TPE or NSGA-II: `ask` a batch, `tell` its values (None where a point gave none), in turn.

    No point comes twice: it would say nothing new, and a table has one row a configuration. What Optuna repeats is
    asked for again, a few times, and then drawn from what is left.
    """

    def __init__(self, axes: Sequence[Axis], method: str, samples: int, seed: int, directions: Sequence[str]) -> None:
        optuna = _optuna()
        self.axes = axes
        size = grid_size(axes)
        self.samples = samples if size is None else min(samples, size)
        self._seen: set[Point] = set()
        self._others = Random(axes, samples, seed)
        self._next_other = 0
        if method == TPE:
            sampler = optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)
        else:
            sampler = optuna.samplers.NSGAIISampler(seed=seed, population_size=2 * BATCH)
        self._study = optuna.create_study(directions=list(directions), sampler=sampler)
        self._asked: list[Any] = []

    def __len__(self) -> int:
        return self.samples

    def ask(self, count: int) -> list[Point]:
        """`count` new points; there have to be so many left."""
        self._asked, points = [], []
        for _ in range(count):
            trial, point = self._new()
            self._seen.add(point)
            self._asked.append(trial)
            points.append(point)
        return points

    def _new(self) -> tuple[Any, Point]:
        import optuna

        for _ in range(REPEATS):
            trial, point = self._suggested()
            if point not in self._seen:
                return trial, point
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        other = self._other()
        self._study.enqueue_trial({axis.key: place for axis, place in zip(self.axes, other, strict=True)})
        return self._suggested()

    def _suggested(self) -> tuple[Any, Point]:
        trial = self._study.ask()
        return trial, tuple(self._coordinate(trial, axis) for axis in self.axes)

    def _other(self) -> Point:
        while True:
            point = self._others.point(self._next_other)
            self._next_other += 1
            if point not in self._seen:
                return point

    def tell(self, values: Sequence[Sequence[float] | None]) -> None:
        import optuna

        for trial, told in zip(self._asked, values, strict=True):
            if told is None:
                self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
            else:
                self._study.tell(trial, list(told))

    @staticmethod
    def _coordinate(trial: Any, axis: Axis) -> int | float:
        if axis.choices is None:
            return float(trial.suggest_float(axis.key, 0.0, 1.0))
        if axis.is_ordered:
            return int(trial.suggest_int(axis.key, 0, len(axis.choices) - 1))
        return int(trial.suggest_categorical(axis.key, list(range(len(axis.choices)))))


def _optuna() -> Any:
    try:
        import optuna
    except ImportError:
        raise Unavailable("optuna is not installed: pip install optuna") from None
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    import warnings

    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def sampler_of(
    axes: Sequence[Axis], method: str, samples: int | None, seed: int, directions: Sequence[str]
) -> Grid | Random | Search:
    """Raises InvalidInput where a method does not fit the axes or the number of samples."""
    if method not in METHODS:
        raise InvalidInput(f"method is {method!r}", accepted=", ".join(METHODS))
    if samples is not None and samples < 1:
        raise InvalidInput(f"samples is {samples}", accepted="a whole number from 1")
    if method == GRID:
        if samples is not None:
            raise InvalidInput(f"{samples} samples of a grid", accepted="no samples, or method random, tpe or nsga2")
        open_axes = [axis.key for axis in axes if axis.choices is None]
        if open_axes:
            found = f"a grid cannot list {', '.join(open_axes)}"
            raise InvalidInput(found, accepted="a step in the space, or method random, tpe or nsga2")
        return Grid(axes)
    if samples is None:
        raise InvalidInput(f"method {method} without samples", accepted="a number of samples")
    if method == RANDOM:
        return Random(axes, samples, seed)
    return Search(axes, method, samples, seed, directions)

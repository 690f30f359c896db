"""The rows of a sweep → the payload of its page: heat maps of two keys each, the Pareto front, the best of the table.

`table` has a row a configuration: `configuration`, the keys, the metrics. What many configurations share is told as a
mean, beside the best of them: a lone peak among bad neighbours is seldom one that lasts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

MOST_MAPS = 6
MOST_CELLS = 40
MOST_POINTS = 2000
MOST_ROWS = 100
BINS = 8
NUMBER = "configuration"


def build_sweep_payload(
    *,
    about: Mapping[str, Any],
    table: pl.DataFrame,
    keys: Sequence[str],
    objective: Mapping[str, str],
    ranking: Sequence[int],
    front: Sequence[int],
    base: Mapping[str, float | None],
    judged: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """`objective` is name → direction, the first one ranks; `ranking` and `front` are rows of the table, best first.

    `judged` is what `tune` found: its verdict and figures. JSON numbers and text only; the same input, the same bytes.
    """
    names = tuple(objective)
    varied = [key for key in keys if table[key].n_unique() > 1]
    measured = tuple(dict.fromkeys((*names, "num_sets")))
    best = table[list(ranking[:MOST_ROWS])]
    on_front = set(front)
    return {
        "kind": "sweep",
        "sweep": _about(about),
        "keys": list(keys),
        "objective": [{"name": name, "direction": direction} for name, direction in objective.items()],
        "base": {name: _plain(base.get(name)) for name in measured},
        "maps": [_heat_map(table, first, second, names[0]) for first, second in _pairs(varied)],
        "front": _front(table, names, ranking, on_front, base),
        "columns": [NUMBER, *keys, *measured],
        "rows": [[_plain(row[name]) for name in (NUMBER, *keys, *measured)] for row in best.to_dicts()],
        "on_front": [int(ranking[i]) in on_front for i in range(len(best))],
        "judged": None if judged is None else dict(judged),
    }


def _about(about: Mapping[str, Any]) -> dict[str, Any]:
    told = ("sweep_id", "version", "method", "samples", "seed", "symbols", "timeframe", "start", "end", "bars",
            "num_configurations", "num_left_out", "warnings", "notes")  # fmt: skip
    return {name: about[name] for name in told} | {
        "left_out": [{"reason": reason, "count": count} for reason, count in about["left_out_reasons"].items()],
        "inputs": [{name: one[name] for name in ("role", "name", "sha256")} for one in about["inputs"]],
    }


def _pairs(keys: Sequence[str]) -> list[tuple[str, str]]:
    return list(combinations(keys, 2))[:MOST_MAPS]


def _heat_map(table: pl.DataFrame, x: str, y: str, objective: str) -> dict[str, Any]:
    """Cells row by row: the mean of the objective, its best value, and how many configurations they are of."""
    across, names_across = _places(table, x)
    down, names_down = _places(table, y)
    values = table[objective].cast(float).to_list() if objective in table.columns else [None] * len(table)
    found: dict[tuple[int, int], list[float]] = {}
    for column, row, value in zip(across, down, values, strict=True):
        if value is not None and math.isfinite(value):
            found.setdefault((row, column), []).append(value)
    return {
        "x": x,
        "y": y,
        "across": names_across,
        "down": names_down,
        "cells": [
            [row, column, _plain(math.fsum(own) / len(own)), _plain(max(own)), len(own)]
            for (row, column), own in sorted(found.items())
        ],
    }


def _places(table: pl.DataFrame, key: str) -> tuple[list[int], list[str]]:
    """The row or column of each configuration, and their names; many numbers share a few stretches."""
    column = table[key]
    values = sorted(column.drop_nulls().unique().to_list())
    if len(values) > MOST_CELLS and column.dtype.is_numeric():
        low, high = float(values[0]), float(values[-1])
        width = (high - low) / BINS
        places = [BINS if value is None else min(int((value - low) / width), BINS - 1) for value in column.to_list()]
        names = [f"{low + i * width:.4g} to {low + (i + 1) * width:.4g}" for i in range(BINS)]
        return places, [*names, "none"] if column.null_count() else names
    values = values[:MOST_CELLS]
    place = {value: i for i, value in enumerate(values)}
    names = [_word(value) for value in values]
    rest = len(values)
    places = [place.get(value, rest) for value in column.to_list()]
    return places, [*names, "none" if column.null_count() else "others"] if rest in places else names


def _front(
    table: pl.DataFrame, names: Sequence[str], ranking: Sequence[int], front: set[int], base: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Points of the first two objectives, those of the front always among them; None with one objective."""
    if len(names) < 2 or any(name not in table.columns for name in names[:2]):
        return None
    x, y = names[1], names[0]
    others = [place for place in ranking if place not in front]
    step = max(1, -(-len(others) // max(1, MOST_POINTS - len(front))))
    shown = sorted({*front, *others[::step]})
    numbers, across, up = (table[name].to_list() for name in (NUMBER, x, y))
    return {
        "x": x,
        "y": y,
        "points": [
            [numbers[i], _plain(across[i]), _plain(up[i]), i in front]
            for i in shown
            if across[i] is not None and up[i] is not None
        ],
        "base": [_plain(base.get(x)), _plain(base.get(y))],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value


def _word(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)

"""A rule bound to a table of features: one value a bar, with what is known of the position at that moment.

A part that reads no position feature is a column, computed once. Where a rule reads the position, its largest parts
that do not become columns with names of their own (`#0`, `#1`, …), and what remains is small:

    close < entry_price - 2 * atr_14 and highest(close, 500) > 9      →      #0 < entry_price - #1 and #2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.core.rules import POSITION_FEATURES, Rule, Truth, Value, evaluate_bar, position_names
from exitbrain.core.rules.nodes import Call, Literal, Missing, Name, Node, nodes_under
from exitbrain.features.columns import TextColumn, evaluate_columns, node_column
from exitbrain.features.table import FeatureTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    PositionColumns = Mapping[str, NDArray[Any] | TextColumn]

FLAT: Mapping[str, Value] = {"position": "flat", "is_flat": True, "is_long": False, "is_short": False}


class TableWindow:
    """What a rule sees at one bar of a table (`exitbrain.core.rules.Window`), the position included."""

    def __init__(self, table: FeatureTable, bar: int, position: Mapping[str, Value] = FLAT) -> None:
        self._table, self._position = table, position
        self.history = bar

    def value(self, name: str, bars_back: int) -> Value:
        if name in POSITION_FEATURES:
            return self._position.get(name) if bars_back == 0 else None
        return self._table.value(name, self.history - bars_back)

    def why(self, name: str, bars_back: int) -> str:
        if name not in POSITION_FEATURES:
            return self._table.why(name, self.history - bars_back)
        if bars_back:
            return "the position is known at the present bar only"
        return "flat" if self._position.get("is_flat") else "the run does not supply it"


class BoundRule:
    """A rule over a table's bars; `at` answers with or without a position, at the cost of a look-up where it can."""

    def __init__(self, rule: Rule, table: FeatureTable) -> None:
        self.rule = rule
        self.reads_position = bool(position_names(rule))
        self._columns: dict[str, Any] = {}
        self._table = table
        if self.reads_position:
            assert rule.root is not None
            self._small = Rule(text=rule.text, root=self._reduced(rule.root))
        else:
            self.truths = evaluate_columns(rule, table)

    def at(self, bar: int, position: Mapping[str, Value] = FLAT) -> Truth:
        if not self.reads_position:
            return _TRUTHS[self.truths[bar]]
        return evaluate_bar(self._small, _ReducedWindow(self._columns, bar, position))

    @cached_property
    def is_pointwise(self) -> bool:
        """Whether what reads the position looks at the present bar alone, so that bars can be valued ahead."""
        assert self._small.root is not None
        calls = (node.function for node in nodes_under(self._small.root) if isinstance(node, Call))
        return all(function in ("abs", "min", "max") for function in calls)

    def truths_at(self, places: NDArray[np.int64], position: PositionColumns) -> NDArray[np.int8]:
        """1 true, 0 false, −1 unknown at these bars, with the position's features as columns of the same length."""
        return evaluate_columns(self._small, _PartColumns(self._columns, places, position))

    @cached_property
    def known_truths(self) -> NDArray[np.int8]:
        """What holds at each bar whatever the position: 1 true, 0 false, −1 where that hangs on the position.

        Kleene's logic keeps a definite answer when an unknown becomes known; only `is none` does not, so it counts as
        open wherever it asks about the position.
        """
        assert self._small.root is not None
        count = len(self._table)
        rule = Rule(text=self.rule.text, root=_without_missing(self._small.root))
        columns = {**self._columns, _OPEN: np.zeros(count, dtype=np.int8)}
        return evaluate_columns(rule, _PartColumns(columns, np.arange(count), unknown_position(count)))

    def window(self, bar: int, position: Mapping[str, Value] = FLAT) -> TableWindow:
        """For `explain_bar`, which wants the rule as it was written."""
        return TableWindow(self._table, bar, position)

    def _reduced(self, node: Node) -> Node:
        if isinstance(node, Literal) or (isinstance(node, Name) and node.name in POSITION_FEATURES):
            return node
        if not _reads_position(node):
            name = f"#{len(self._columns)}"
            self._columns[name] = node_column(node, self._table)
            return Name(name=name, span=node.span)
        return _with_parts(node, self._reduced)


_OPEN = "#open"


def _without_missing(node: Node) -> Node:
    if isinstance(node, Missing) and _reads_position(node):
        return Name(name=_OPEN, span=node.span)
    return _with_parts(node, _without_missing)


def _reads_position(node: Node) -> bool:
    return any(isinstance(part, Name) and part.name in POSITION_FEATURES for part in nodes_under(node))


def unknown_position(count: int) -> PositionColumns:
    """Every position feature, missing at `count` bars."""
    missing = np.full(count, np.nan)
    unknown = np.full(count, -1, dtype=np.int8)
    columns: dict[str, NDArray[Any] | TextColumn] = dict.fromkeys(POSITION_FEATURES, missing)
    columns |= dict.fromkeys(("is_flat", "is_long", "is_short"), unknown)
    return columns | {"position": TextColumn(np.full(count, -1), ("flat",))}


def position_columns(view: Mapping[str, Value], count: int) -> PositionColumns:
    """A position as it is now, at `count` bars."""
    columns = dict(unknown_position(count))
    for name, value in view.items():
        if isinstance(value, str):
            columns[name] = TextColumn(np.zeros(count, dtype=np.int64), (value,))
        elif isinstance(value, bool):
            columns[name] = np.full(count, value, dtype=np.int8)
        else:
            columns[name] = np.full(count, np.nan if value is None else value)
    return columns


_TO_OUTSIDE = np.array([0, -1, 1], dtype=np.int8)  # by inner truth + 1


class _PartColumns:
    """The parts of a rule that read no position, at some bars, beside the position's own columns there."""

    def __init__(self, parts: Mapping[str, Any], places: NDArray[np.int64], position: PositionColumns) -> None:
        self._parts, self._places, self._position = parts, places, position

    def __len__(self) -> int:
        return len(self._places)

    def column(self, name: str) -> Any:
        if name in POSITION_FEATURES:
            return self._position[name]
        column = self._parts[name]
        if isinstance(column, TextColumn):
            return TextColumn(column.codes[self._places], column.labels)
        values = column[self._places]
        return _TO_OUTSIDE[values + 1] if values.dtype == np.int8 else values


_TRUTHS: dict[int, Truth] = {1: True, 0: False, -1: None}
_INSIDE_TRUTHS: dict[int, Truth] = {1: True, 0: None, -1: False}


def _with_parts(node: Any, change: Any) -> Any:
    """The node with each part changed."""
    changes: dict[str, Any] = {}
    for field in node.__dataclass_fields__:
        part = getattr(node, field)
        if hasattr(part, "span"):
            changes[field] = change(part)
        elif isinstance(part, tuple) and part and hasattr(part[0], "span"):
            changes[field] = tuple(change(each) for each in part)
    return replace(node, **changes)


class _ReducedWindow:
    def __init__(self, columns: Mapping[str, Any], bar: int, position: Mapping[str, Value]) -> None:
        self._columns, self._position = columns, position
        self.history = bar

    def value(self, name: str, bars_back: int) -> Value:
        if name in POSITION_FEATURES:
            return self._position.get(name) if bars_back == 0 else None
        column, bar = self._columns[name], self.history - bars_back
        if isinstance(column, TextColumn):
            code = int(column.codes[bar])
            return column.labels[code] if code >= 0 else None
        value = column.item(bar)
        if column.dtype == np.int8:
            return _INSIDE_TRUTHS[value]
        return value  # type: ignore[no-any-return]

    def why(self, name: str, bars_back: int) -> str:
        return "a part of it is missing"

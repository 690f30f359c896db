"""A rule bound to a table of features: one value a bar, with what is known of the position at that moment.

A part that reads no position feature is a column, computed once. Where a rule reads the position, its largest parts
that do not become columns with names of their own (`#0`, `#1`, …), and what remains is small:

    close < entry_price - 2 * atr_14 and highest(close, 500) > 9      →      #0 < entry_price - #1 and #2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from exitbrain.core.rules import POSITION_FEATURES, Rule, Truth, Value, evaluate_bar, position_names
from exitbrain.core.rules.nodes import Literal, Name, Node, nodes_under
from exitbrain.features.columns import TextColumn, evaluate_columns, node_column
from exitbrain.features.table import FeatureTable

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

    def window(self, bar: int, position: Mapping[str, Value] = FLAT) -> TableWindow:
        """For `explain_bar`, which wants the rule as it was written."""
        return TableWindow(self._table, bar, position)

    def _reduced(self, node: Node) -> Node:
        if isinstance(node, Literal) or (isinstance(node, Name) and node.name in POSITION_FEATURES):
            return node
        if not any(isinstance(part, Name) and part.name in POSITION_FEATURES for part in nodes_under(node)):
            name = f"#{len(self._columns)}"
            self._columns[name] = node_column(node, self._table)
            return Name(name=name, span=node.span)
        return _with_parts(node, self._reduced)


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

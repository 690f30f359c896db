"""A rule over all bars at once (spec T4): the same tree and the same results as `exitbrain.core.rules.evaluate_bar`.

A truth inside is an int8 of 1 true, 0 unknown, −1 false, so that Kleene's *and* is the lesser, *or* the greater and
*not* the negative. A comparison is the difference of two: of what holds and of its opposite, neither of which nan does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from exitbrain.core.rules.nodes import (
    And,
    Arithmetic,
    Between,
    Call,
    Chain,
    Literal,
    Membership,
    Missing,
    Name,
    Negative,
    Node,
    Not,
    Or,
    Rule,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array: TypeAlias = "NDArray[Any]"
TRUE, UNKNOWN, FALSE = 1, 0, -1


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Words as places in `labels`; −1 where the word is missing."""

    codes: Array
    labels: tuple[str, ...]


class Columns(Protocol):
    """Columns of one length: float64 with nan where missing, `TextColumn`, or int8 truths (1, 0, and −1 unknown)."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> Array | TextColumn: ...


class ColumnTable:
    """Columns that are there already."""

    def __init__(self, columns: Mapping[str, Array | TextColumn], length: int) -> None:
        self._columns, self._length = columns, length

    def __len__(self) -> int:
        return self._length

    def column(self, name: str) -> Array | TextColumn:
        return self._columns[name]


def evaluate_columns(rule: Rule, columns: Columns) -> NDArray[np.int8]:
    """One value a bar: 1 true, 0 false, −1 unknown. A blank rule is false everywhere."""
    if rule.root is None:
        return np.zeros(len(columns), dtype=np.int8)
    return _OUTSIDE[node_column(rule.root, columns) + 1]


def node_column(node: Node, columns: Columns) -> Array | TextColumn:
    """A part of a rule over all bars, in the form that truths have inside."""
    with np.errstate(all="ignore"):
        return _full(_valued(node, columns), len(columns))


_OUTSIDE = np.array([0, -1, 1], dtype=np.int8)  # by inner truth + 1
_INSIDE = np.array([UNKNOWN, FALSE, TRUE], dtype=np.int8)  # by outer truth + 1


def _valued(node: Node, columns: Columns) -> Any:
    return _VALUES[type(node)](node, columns)


def _full(value: Any, length: int) -> Any:
    """A literal stands at every bar."""
    if isinstance(value, TextColumn):
        return TextColumn(_full(value.codes, length), value.labels)
    value = np.asarray(value)
    return value if value.ndim else np.full(length, value)


def _known(value: Any) -> Any:
    """Overflow is unknown, and so is a missing value that stands as infinity."""
    infinite = np.isinf(value)
    return np.where(infinite, np.nan, value) if infinite.any() else value


# values, one function a kind of node


def _literal(node: Literal, columns: Columns) -> Any:
    value = node.value
    if isinstance(value, bool):
        return np.int8(TRUE if value else FALSE)
    if isinstance(value, str):
        return TextColumn(np.asarray(0), (value,))
    return np.float64(value)


def _name(node: Name, columns: Columns) -> Any:
    column = columns.column(node.name)
    if isinstance(column, TextColumn):
        return column
    return _INSIDE[column + 1] if column.dtype == np.int8 else _known(column)


def _negative(node: Negative, columns: Columns) -> Any:
    return -_valued(node.operand, columns)


_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,  # by zero: infinite or nan, both unknown
}


def _arithmetic(node: Arithmetic, columns: Columns) -> Any:
    return _known(_OPERATIONS[node.operator](_valued(node.left, columns), _valued(node.right, columns)))


_OPPOSITES: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "<": (np.less, np.greater_equal),
    "<=": (np.less_equal, np.greater),
    ">": (np.greater, np.less_equal),
    ">=": (np.greater_equal, np.less),
}


def compare(word: str, left: Any, right: Any) -> Any:
    if word in _OPPOSITES:
        holds, fails = _OPPOSITES[word]
        return holds(left, right).view(np.int8) - fails(left, right).view(np.int8)
    equal = _equal(left, right)
    return equal if word == "==" else -equal


def _equal(left: Any, right: Any) -> Any:
    if isinstance(left, TextColumn):
        return _same_word(left, right)
    if np.asarray(left).dtype == np.int8:
        return left * right  # of truths: 1 where they agree, −1 where not, 0 where either is unknown
    differs = np.less(left, right) | np.greater(left, right)
    return np.equal(left, right).view(np.int8) - differs.view(np.int8)


def _same_word(left: TextColumn, right: TextColumn) -> Any:
    """Compared by places in the left one's labels; a word of the right one only has a place past them."""
    places = {label: place for place, label in enumerate(left.labels)}
    moved = np.array([places.get(label, len(places) + i) for i, label in enumerate(right.labels)] + [-1])
    codes = moved[right.codes]  # −1, missing, is the last place
    known = (left.codes >= 0) & (codes >= 0)
    return np.where(known, np.where(left.codes == codes, TRUE, FALSE), UNKNOWN).astype(np.int8)


def _chain(node: Chain, columns: Columns) -> Any:
    values = [_valued(operand, columns) for operand in node.operands]
    pairs = zip(node.operators, values, values[1:], strict=False)
    return _lesser([compare(word, a, b) for word, a, b in pairs])


def _between(node: Between, columns: Columns) -> Any:
    value, low, high = (_valued(part, columns) for part in (node.value, node.low, node.high))
    return np.minimum(compare("<=", low, value), compare("<=", value, high))


def _membership(node: Membership, columns: Columns) -> Any:
    value = _valued(node.value, columns)
    found = _greater([_equal(value, _valued(choice, columns)) for choice in node.choices])
    return -found if node.negated else found


def _missing(node: Missing, columns: Columns) -> Any:
    value = _valued(node.operand, columns)
    if isinstance(value, TextColumn):
        missing = value.codes < 0
    elif np.asarray(value).dtype == np.int8:
        missing = value == UNKNOWN
    else:
        missing = np.isnan(value)
    return np.where(missing != node.negated, TRUE, FALSE).astype(np.int8)


def _not(node: Not, columns: Columns) -> Any:
    return -_valued(node.operand, columns)


def _and(node: And, columns: Columns) -> Any:
    return _lesser([_valued(operand, columns) for operand in node.operands])


def _or(node: Or, columns: Columns) -> Any:
    return _greater([_valued(operand, columns) for operand in node.operands])


def _lesser(truths: list[Any]) -> Any:
    result = truths[0]
    for truth in truths[1:]:
        result = np.minimum(result, truth)
    return result


def _greater(truths: list[Any]) -> Any:
    result = truths[0]
    for truth in truths[1:]:
        result = np.maximum(result, truth)
    return result


def _call(node: Call, columns: Columns) -> Any:
    return _CALLS[node.function](node, columns)


# functions


def _abs(node: Call, columns: Columns) -> Any:
    return np.abs(_valued(node.arguments[0], columns))


def _min(node: Call, columns: Columns) -> Any:
    return _lesser([_valued(argument, columns) for argument in node.arguments])


def _max(node: Call, columns: Columns) -> Any:
    return _greater([_valued(argument, columns) for argument in node.arguments])


def _crosses(node: Call, columns: Columns) -> Any:
    now, before = (">", "<=") if node.function == "crosses_above" else ("<", ">=")
    left, right = (_valued(argument, columns) for argument in node.arguments)
    earlier = shifted(_full(compare(before, left, right), len(columns)), 1, UNKNOWN)
    present = compare(now, left, right)
    return np.minimum(present, earlier) * np.abs(present * earlier)  # unknown where either is


def _prev(node: Call, columns: Columns) -> Any:
    value = _full(_valued(node.arguments[0], columns), len(columns))
    if isinstance(value, TextColumn):
        return TextColumn(shifted(value.codes, node.bars, -1), value.labels)
    return shifted(value, node.bars, UNKNOWN if value.dtype == np.int8 else np.nan)


def shifted(values: Array, bars: int, missing: float) -> Array:
    if bars == 0:
        return values
    result = np.full_like(values, missing)
    result[bars:] = values[:-bars]
    return result


def _rolling(node: Call, columns: Columns) -> Any:
    value = _full(_valued(node.arguments[0], columns), len(columns))
    return rolling_extreme(value, node.bars, np.maximum if node.function == "highest" else np.minimum)


def rolling_extreme(values: Array, window: int, extreme: np.ufunc) -> Array:
    """The extreme of the `window` bars that end at each bar; nan where one of them is nan or there are fewer.

    Cut into blocks of that length, a window is the end of one block and the beginning of the next: two running
    extremes answer for all windows in two passes, however long the window is (van Herk, 1992).
    """
    n = len(values)
    if window == 1:
        return values
    if n < window:
        return np.full(n, np.nan)
    blocks = -(-n // window)
    padded = np.full(blocks * window, np.nan)
    padded[:n] = values
    rows = padded.reshape(blocks, window)
    from_start = extreme.accumulate(rows, axis=1).ravel()
    to_end = extreme.accumulate(rows[:, ::-1], axis=1)[:, ::-1].ravel()
    result = np.full(n, np.nan)
    result[window - 1 :] = extreme(to_end[: n - window + 1], from_start[window - 1 : n])
    return result


def _bars_since(node: Call, columns: Columns) -> Any:
    truths = _full(_valued(node.arguments[0], columns), len(columns))
    bars = np.arange(len(columns))
    last = np.maximum.accumulate(np.where(truths == TRUE, bars, -1))
    return np.where(last >= 0, (bars - last).astype(np.float64), np.nan)


_Evaluate = Callable[..., Any]

_CALLS: dict[str, _Evaluate] = {
    "abs": _abs,
    "min": _min,
    "max": _max,
    "crosses_above": _crosses,
    "crosses_below": _crosses,
    "prev": _prev,
    "highest": _rolling,
    "lowest": _rolling,
    "bars_since": _bars_since,
}
_VALUES: dict[type, _Evaluate] = {
    Literal: _literal,
    Name: _name,
    Negative: _negative,
    Arithmetic: _arithmetic,
    Chain: _chain,
    Between: _between,
    Membership: _membership,
    Missing: _missing,
    Not: _not,
    And: _and,
    Or: _or,
    Call: _call,
}

"""A rule at the close of one bar, in plain Python: true, false, or None for unknown (Kleene, spec T4).

Each node is valued over a stretch of bars that ends with the present one or earlier: `prev(x, 3)` asks for x three bars
further back, `highest(x, 20)` for twenty of them at once. So a rule costs the sum of what its nodes look at, however
its functions are nested.

CHOICES
1. Where a function reaches before the first bar, its value there is unknown.
2. `crosses_above(a, b)` is `a > b and prev(a, 1) <= prev(b, 1)`, unknown where one of the four is.
3. `bars_since(c)` counts through bars at which c is unknown.
4. A value that is nan or infinite is missing.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Sequence
from math import isfinite
from typing import Any, Protocol

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
    nodes_under,
)

Value = float | str | bool | None
Truth = bool | None


class Window(Protocol):
    """What a rule may see at one bar's close. Position features are known at the present bar only."""

    @property
    def history(self) -> int:
        """How many bars there are before the present one."""

    def value(self, name: str, bars_back: int) -> Value:
        """A feature as it was known at that bar's close; None where it is missing."""

    def why(self, name: str, bars_back: int) -> str:
        """Why the value is missing: warm-up, a hole, no such column, flat (spec F55)."""


def evaluate_bar(rule: Rule, window: Window) -> Truth:
    """A rule fires where this is True. The blank rule is False."""
    if rule.root is None:
        return False
    value = values(rule.root, window, 0, 1)[0]
    assert value is None or isinstance(value, bool), value
    return value


def value_at(node: Node, window: Window) -> Value:
    return values(node, window, 0, 1)[0]


def values(node: Node, window: Window, back: int, count: int) -> list[Value]:
    """The values at `count` bars from `back` bars ago on, the latest first; unknown before the first bar."""
    inside = max(0, min(count, window.history + 1 - back))
    found = _VALUES[type(node)](node, window, back, inside) if inside else []
    return found + [None] * (count - inside) if inside < count else found


# values, one function a kind of node


def _literal(node: Literal, window: Window, back: int, count: int) -> list[Value]:
    return [node.value] * count


def _name(node: Name, window: Window, back: int, count: int) -> list[Value]:
    return [plain(window.value(node.name, back + i)) for i in range(count)]


def plain(value: Value) -> Value:
    """A value as rules know it: numbers are finite floats, anything else of a number is missing."""
    if type(value) is float:  # nearly all are, and live each bar asks for dozens
        return value if isfinite(value) else None
    if value is None or isinstance(value, (bool, str)):
        return value
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _negative(node: Negative, window: Window, back: int, count: int) -> list[Value]:
    return [None if x is None else -x for x in _floats(node.operand, window, back, count)]


def _divide(a: float, b: float) -> float | None:
    return a / b if b else None


OPERATIONS: dict[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
}


def _arithmetic(node: Arithmetic, window: Window, back: int, count: int) -> list[Value]:
    operation = OPERATIONS[node.operator]
    pairs = zip(_floats(node.left, window, back, count), _floats(node.right, window, back, count), strict=True)
    return [None if a is None or b is None else plain(operation(a, b)) for a, b in pairs]


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def compare(word: str, left: Value, right: Value) -> Truth:
    return None if left is None or right is None else COMPARISONS[word](left, right)


def all_of(truths: Sequence[Value]) -> Truth:
    """Kleene's *and*: one definite false decides, else one unknown leaves it open."""
    if False in truths:
        return False
    return None if None in truths else True


def any_of(truths: Sequence[Value]) -> Truth:
    if True in truths:
        return True
    return None if None in truths else False


def negate(truth: Value) -> Truth:
    return None if truth is None else not truth


def _chain(node: Chain, window: Window, back: int, count: int) -> list[Value]:
    columns = [values(operand, window, back, count) for operand in node.operands]
    return [
        all_of([compare(word, a[i], b[i]) for word, a, b in zip(node.operators, columns, columns[1:], strict=False)])
        for i in range(count)
    ]


def _between(node: Between, window: Window, back: int, count: int) -> list[Value]:
    rows = zip(*(values(part, window, back, count) for part in (node.value, node.low, node.high)), strict=True)
    return [all_of([compare("<=", low, x), compare("<=", x, high)]) for x, low, high in rows]


def _membership(node: Membership, window: Window, back: int, count: int) -> list[Value]:
    rows = zip(*(values(part, window, back, count) for part in (node.value, *node.choices)), strict=True)
    found = [any_of([compare("==", row[0], choice) for choice in row[1:]]) for row in rows]
    return [negate(truth) for truth in found] if node.negated else list(found)


def _missing(node: Missing, window: Window, back: int, count: int) -> list[Value]:
    return [(x is None) is not node.negated for x in values(node.operand, window, back, count)]


def _not(node: Not, window: Window, back: int, count: int) -> list[Value]:
    return [negate(x) for x in values(node.operand, window, back, count)]


def _and(node: And, window: Window, back: int, count: int) -> list[Value]:
    return [all_of(row) for row in zip(*(values(x, window, back, count) for x in node.operands), strict=True)]


def _or(node: Or, window: Window, back: int, count: int) -> list[Value]:
    return [any_of(row) for row in zip(*(values(x, window, back, count) for x in node.operands), strict=True)]


def _call(node: Call, window: Window, back: int, count: int) -> list[Value]:
    return _CALLS[node.function](node, window, back, count)


# functions


def _floats(node: Node, window: Window, back: int, count: int) -> list[float | None]:
    """The values of a node whose type is number."""
    return values(node, window, back, count)  # type: ignore[return-value]


def _abs(node: Call, window: Window, back: int, count: int) -> list[Value]:
    return [None if x is None else abs(x) for x in _floats(node.arguments[0], window, back, count)]


def _extreme(node: Call, window: Window, back: int, count: int) -> list[Value]:
    choose = min if node.function == "min" else max
    rows = zip(*(_floats(argument, window, back, count) for argument in node.arguments), strict=True)
    return [choose(known) if len(known := [x for x in row if x is not None]) == len(row) else None for row in rows]


def _crosses(node: Call, window: Window, back: int, count: int) -> list[Value]:
    now, before = (">", "<=") if node.function == "crosses_above" else ("<", ">=")
    left, right = (values(argument, window, back, count + 1) for argument in node.arguments)
    truths = ((compare(now, left[i], right[i]), compare(before, left[i + 1], right[i + 1])) for i in range(count))
    return [None if None in pair else all(pair) for pair in truths]


def _prev(node: Call, window: Window, back: int, count: int) -> list[Value]:
    return values(node.arguments[0], window, back + node.bars, count)


def _rolling(node: Call, window: Window, back: int, count: int) -> list[Value]:
    """The best of each stretch of n bars, each looked at once: `best` holds bars that none before them beats."""
    n = node.bars
    beaten: Callable[[Any, Any], bool] = operator.le if node.function == "highest" else operator.ge
    column = _floats(node.arguments[0], window, back, count + n - 1)
    best: deque[int] = deque()
    last_missing = -1
    result: list[Value] = []
    for i, x in enumerate(column):
        if x is None:
            last_missing = i
            best.clear()
        else:
            while best and beaten(column[best[-1]], x):
                best.pop()
            best.append(i)
        first = i - n + 1
        if best and best[0] < first:
            best.popleft()
        if first >= 0:
            result.append(column[best[0]] if last_missing < first else None)
    return result


def _bars_since(node: Call, window: Window, back: int, count: int) -> list[Value]:
    condition = node.arguments[0]
    if _looks_for_a_last_time(condition):
        # Looked at once, to the first bar: step by step, each step would send the inner search to the first bar again.
        column = values(condition, window, back, window.history + 1 - back)
        since = None
    else:
        column = values(condition, window, back, count)
        since = None if column[-1] is True else _bars_to_last_true(condition, window, back + count - 1)
    result: list[Value] = []
    for truth in reversed(column):
        since = 0 if truth is True else since
        result.append(None if since is None else float(since))
        since = None if since is None else since + 1
    result.reverse()
    return result[:count]


def _looks_for_a_last_time(node: Node) -> bool:
    return any(isinstance(part, Call) and part.function == "bars_since" for part in nodes_under(node))


def _bars_to_last_true(condition: Node, window: Window, back: int) -> int | None:
    """From a bar at which the condition was not true, the number of bars back to the last one at which it was."""
    start, size = back + 1, 16
    while start <= window.history:
        column = values(condition, window, start, size)
        if True in column:
            return start + column.index(True) - back
        start, size = start + size, 4 * size
    return None


_Evaluate = Callable[..., list[Value]]

_CALLS: dict[str, _Evaluate] = {
    "abs": _abs,
    "min": _extreme,
    "max": _extreme,
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

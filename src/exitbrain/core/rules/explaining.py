"""Why a rule is true, false or unknown at one bar: its terms, with what each read (spec D8, F55).

A term is a part that is true or false by itself: a comparison, `is none`, a condition's name or function. Terms stand
in the order of the text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from exitbrain.core.rules.bars import Truth, Value, Window, value_at
from exitbrain.core.rules.nodes import And, Arithmetic, Call, Literal, Name, Negative, Node, Not, Or, Rule, parts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a term read: a feature or a computed part, as it is written."""

    text: str
    value: Value
    why: str | None = None  # where the value is missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    text: str
    truth: Truth
    readings: tuple[Reading, ...]

    @property
    def why(self) -> tuple[str, ...]:
        """Why it is unknown: each missing value once. Empty where the term is known."""
        if self.truth is not None:
            return ()
        return tuple(dict.fromkeys(f"{r.text}: {r.why}" for r in self.readings if r.why is not None))


def explain_bar(rule: Rule, window: Window) -> list[Term]:
    if rule.root is None:
        return []
    return [_term(rule, node, window) for node in _terms(rule.root)]


def _terms(node: Node) -> Iterator[Node]:
    if isinstance(node, And | Or | Not):
        for part in parts_of(node):
            yield from _terms(part)
    else:
        yield node


def _term(rule: Rule, node: Node, window: Window) -> Term:
    truth = value_at(node, window)
    assert truth is None or isinstance(truth, bool), truth
    sides = (node,) if isinstance(node, Name) else parts_of(node)
    readings = tuple(reading for side in sides for reading in _readings(rule, side, window))
    return Term(text=rule.text[slice(*node.span)], truth=truth, readings=tuple(dict.fromkeys(readings)))


def _readings(rule: Rule, node: Node, window: Window) -> Iterator[Reading]:
    """The part itself, after what it is made of where it is made of several."""
    if _is_written(node):
        return
    for part in parts_of(node):
        yield from _readings(rule, part, window)
    value = value_at(node, window)
    why = _why(node, window) if value is None else None
    yield Reading(text=rule.text[slice(*node.span)], value=value, why=why)


def _is_written(node: Node) -> bool:
    """A value that stands in the rule: nothing is read."""
    return isinstance(node, Literal) or (isinstance(node, Negative) and _is_written(node.operand))


def _why(node: Node, window: Window) -> str:
    if isinstance(node, Name):
        return window.why(node.name, 0)
    if isinstance(node, Call) and node.function in ("prev", "highest", "lowest"):
        reach = node.bars if node.function == "prev" else node.bars - 1
        if reach > window.history:
            return f"warm-up: it looks {reach} bars back, and {window.history} are there"
        return _why_before(node, window, reach)
    if isinstance(node, Call) and node.function == "bars_since":
        return "the condition has not been true before"
    if any(value_at(part, window) is None for part in parts_of(node)):
        return "a part of it is missing"
    if isinstance(node, Call) and node.function.startswith("crosses"):
        return "a part of it is missing one bar before"
    return "division by zero" if _divides(node) else "too large a number"


def _why_before(node: Call, window: Window, reach: int) -> str:
    argument = node.arguments[0]
    if isinstance(argument, Name):
        steps = (reach,) if node.function == "prev" else range(reach, -1, -1)
        for back in steps:
            if window.value(argument.name, back) is None:
                return f"{window.why(argument.name, back)} ({back} {'bar' if back == 1 else 'bars'} back)"
    return "a part of it is missing in those bars"


def _divides(node: Node) -> bool:
    return isinstance(node, Arithmetic) and node.operator == "/"

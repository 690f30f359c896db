"""What live rules are made of: each function makes a step, which reads places of the registers and gives a value.

A step is a closure: `arithmetic(3, 4, "+")` reads registers 3 and 4. Those that look back have a place of their own for
what they keep from bar to bar.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable
from typing import Any

from exitbrain.core.rules.bars import COMPARISONS, OPERATIONS, Value, plain

Memory = list[Any]
Step = Callable[[Memory], Value]


class RollingExtreme:
    """The highest or lowest of the last n values; None where one of them is missing or there are fewer.

    `best` holds values that no later one beats, with the bar of each: every value enters and leaves once.
    """

    __slots__ = ("_bar", "_beaten", "_best", "_missing", "_n")

    def __init__(self, n: int, *, highest: bool) -> None:
        self._n, self._beaten = n, operator.le if highest else operator.ge
        self._best: deque[tuple[int, float]] = deque()
        self._bar = self._missing = -1  # the bar before the first is missing

    def take(self, value: float | None) -> float | None:
        self._bar = bar = self._bar + 1
        best = self._best
        if value is None:
            self._missing = bar
            best.clear()
            return None
        beaten = self._beaten
        while best and beaten(best[-1][1], value):
            best.pop()
        best.append((bar, value))
        first = bar - self._n + 1
        if best[0][0] < first:
            best.popleft()
        return best[0][1] if self._missing < first else None

    def copy(self) -> RollingExtreme:
        twin = object.__new__(RollingExtreme)
        twin._n, twin._beaten, twin._bar, twin._missing = self._n, self._beaten, self._bar, self._missing
        twin._best = self._best.copy()
        return twin


def negative(operand: int) -> Step:
    def step(memory: Memory) -> Value:
        value = memory[operand]
        return None if value is None else -value

    return step


def absolute(operand: int) -> Step:
    def step(memory: Memory) -> Value:
        value = memory[operand]
        return None if value is None else abs(value)

    return step


def arithmetic(left: int, right: int, word: str) -> Step:
    operation = OPERATIONS[word]

    def step(memory: Memory) -> Value:
        a, b = memory[left], memory[right]
        return None if a is None or b is None else plain(operation(a, b))

    return step


def extreme(*places_and_word: Any) -> Step:
    *places, word = places_and_word
    choose = min if word == "min" else max

    def step(memory: Memory) -> Value:
        values = [memory[place] for place in places]
        return None if None in values else choose(values)

    return step


def compared(left: int, right: int, word: str) -> Step:
    holds = COMPARISONS[word]

    def step(memory: Memory) -> Value:
        a, b = memory[left], memory[right]
        return None if a is None or b is None else holds(a, b)

    return step


def missing(operand: int, negated: bool) -> Step:
    return lambda memory: (memory[operand] is None) is not negated


def negate(operand: int) -> Step:
    def step(memory: Memory) -> Value:
        truth = memory[operand]
        return None if truth is None else not truth

    return step


def all_of(*places: int) -> Step:
    """Kleene's *and*."""

    def step(memory: Memory) -> Value:
        truth: Value = True
        for place in places:
            part = memory[place]
            if part is False:
                return False
            if part is None:
                truth = None
        return truth

    return step


def any_of(*places: int) -> Step:
    """Kleene's *or*."""

    def step(memory: Memory) -> Value:
        truth: Value = False
        for place in places:
            part = memory[place]
            if part is True:
                return True
            if part is None:
                truth = None
        return truth

    return step


def both_known(left: int, right: int) -> Step:
    """*And*, unknown where either is."""

    def step(memory: Memory) -> Value:
        a, b = memory[left], memory[right]
        return None if a is None or b is None else a and b

    return step


def delayed(operand: int, kept: int) -> Step:
    """The value as many bars ago as `kept` holds."""

    def step(memory: Memory) -> Value:
        queue: deque[Value] = memory[kept]
        value = queue[0]
        queue.append(memory[operand])
        return value

    return step


def rolled(operand: int, kept: int) -> Step:
    def step(memory: Memory) -> Value:
        rolling: RollingExtreme = memory[kept]
        return rolling.take(memory[operand])

    return step


def counted(condition: int, kept: int) -> Step:
    """Bars since the condition was true; None before the first time."""

    def step(memory: Memory) -> Value:
        since = memory[kept]
        if memory[condition] is True:
            since = 0.0
        elif since is not None:
            since += 1.0
        memory[kept] = since
        return since  # type: ignore[no-any-return]

    return step


def now_or_since(condition: int, before: int) -> Step:
    """The same where the condition is true now, or else by the count of the bar before."""

    def step(memory: Memory) -> Value:
        if memory[condition] is True:
            return 0.0
        since = memory[before]
        return None if since is None else since + 1.0

    return step

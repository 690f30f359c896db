"""Rules asked at every closed bar, at a cost that grows neither with history nor with how far they look back (spec T4).

    live = LiveRules([check_rule("highest(high, 500) > 9 and unrealized_r < 0", catalogue)])
    live.take({"high": 9.5})                    # a bar has closed
    live.truths({"unrealized_r": -0.2})         # one truth a rule, as `evaluate_bar` has it

The trees become steps over one list of registers, once. A part that stands in several rules is one step, so it is
valued once a bar. What looks back keeps what it needs: `prev` a queue of n values, `highest` the values that no later
one has beaten, `bars_since` a count.

Before the present bar the position is unknown. So each part that is looked back at is compiled a second time with the
position missing, and what is kept never hangs on the position:

    highest(unrealized_r - atr_14, 5)   →   max(unrealized_r - atr_14, prev(highest(missing - atr_14, 4), 1))

`take` moves what is kept by one bar, `truths` moves nothing: it may be asked again whenever the position changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from exitbrain.core.rules import steps
from exitbrain.core.rules.bars import Truth, Value, plain
from exitbrain.core.rules.catalogue import POSITION_FEATURES
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
from exitbrain.core.rules.steps import Memory, RollingExtreme, Step


class LiveRules:
    """The rules of one symbol and timeframe. `names` are the features of the market that each bar has to bring."""

    def __init__(self, rules: Sequence[Rule], *, position: Collection[str] = POSITION_FEATURES) -> None:
        made = _Steps(position)
        self._truths = tuple(made.constant(False) if rule.root is None else made.place(rule.root) for rule in rules)
        self._memory = made.memory
        self._of_market, self._of_position = tuple(made.of_market), tuple(made.of_position)
        self._market, self._position = tuple(made.market.items()), tuple(made.position.items())
        self._taken = 0

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for name, _ in self._market)

    def take(self, features: Mapping[str, Value]) -> None:
        """A bar has closed, with these values. Each name must be there; None is a missing value."""
        memory = self._memory
        for name, place in self._market:
            memory[place] = plain(features[name])
        for place, step in self._of_market:
            memory[place] = step(memory)
        self._taken += 1

    def truths(self, position: Mapping[str, Value]) -> tuple[Truth, ...]:
        """Each rule at the last bar that was taken, with what is known of the position now."""
        assert self._taken, "no bar was taken"
        memory = self._memory
        for name, place in self._position:
            memory[place] = plain(position.get(name))
        for place, step in self._of_position:
            memory[place] = step(memory)
        return tuple([memory[place] for place in self._truths])

    def warm(self, history: Iterable[Mapping[str, Value]]) -> None:
        """After a restart: the stored bars from the first on, as `bars_since` counts from there."""
        for features in history:
            self.take(features)

    def copy(self) -> LiveRules:
        """The same rules at the same bar; what either takes from here on does not reach the other."""
        twin = object.__new__(LiveRules)
        twin.__dict__.update(self.__dict__)
        twin._memory = [part.copy() if isinstance(part, deque | RollingExtreme) else part for part in self._memory]
        return twin


class _Steps:
    """Trees into steps. Equal parts get one place: a step is known by what it does and the places it reads."""

    def __init__(self, position: Collection[str]) -> None:
        self.memory: Memory = []
        self.market: dict[str, int] = {}
        self.position: dict[str, int] = {}
        self.of_market: list[tuple[int, Step]] = []
        self.of_position: list[tuple[int, Step]] = []
        self._names_of_position = position
        self._places: dict[tuple[Any, ...], int] = {}
        self._hanging: set[int] = set()  # places whose value hangs on the position
        self._seen: dict[tuple[int, bool], tuple[int, Node]] = {}

    def place(self, node: Node, past: bool = False) -> int:
        """Where the node's value will be; with `past`, its value where nothing is known of the position."""
        key = (id(node), past)
        if key not in self._seen:
            # Kept beside its place, so that no other node gets its id.
            self._seen[key] = self._placed(node, past), node
        return self._seen[key][0]

    def _placed(self, node: Node, past: bool) -> int:
        def at(part: Node) -> int:
            return self.place(part, past)

        match node:
            case Literal(value=value):
                return self.constant(value)
            case Name(name=name):
                return self._name(name, past)
            case Negative(operand=operand):
                return self._step(steps.negative, [at(operand)])
            case Arithmetic(operator=word, left=left, right=right):
                return self._step(steps.arithmetic, [at(left), at(right)], word)
            case Chain(operands=operands, operators=words):
                sides = [at(operand) for operand in operands]
                pairs = zip(words, sides, sides[1:], strict=False)
                return self._joined(steps.all_of, [self._compare(word, a, b) for word, a, b in pairs])
            case Between(value=value, low=low, high=high):
                middle = at(value)
                parts = [self._compare("<=", at(low), middle), self._compare("<=", middle, at(high))]
                return self._joined(steps.all_of, parts)
            case Membership(value=value, choices=choices, negated=negated):
                sought = at(value)
                found = self._joined(steps.any_of, [self._compare("==", sought, at(choice)) for choice in choices])
                return self._step(steps.negate, [found]) if negated else found
            case Missing(operand=operand, negated=negated):
                return self._step(steps.missing, [at(operand)], negated)
            case Not(operand=operand):
                return self._step(steps.negate, [at(operand)])
            case And(operands=operands):
                return self._joined(steps.all_of, [at(operand) for operand in operands])
            case Or(operands=operands):
                return self._joined(steps.any_of, [at(operand) for operand in operands])
            case Call():
                return self._call(node, past)

    def constant(self, value: Value) -> int:
        key = ("constant", type(value), value)  # the type, since 1.0 == True
        if key not in self._places:
            self._places[key] = self._new(value)
        return self._places[key]

    def _name(self, name: str, past: bool) -> int:
        if name in self._names_of_position:
            return self.constant(None) if past else self._of_the_position(name)
        if name not in self.market:
            self.market[name] = self._new()
        return self.market[name]

    def _of_the_position(self, name: str) -> int:
        if name not in self.position:
            self.position[name] = self._new()
            self._hanging.add(self.position[name])
        return self.position[name]

    def _call(self, node: Call, past: bool) -> int:
        now = [self.place(argument, past) for argument in node.arguments]
        match node.function:
            case "abs":
                return self._step(steps.absolute, now)
            case "min" | "max":
                return self._step(steps.extreme, now, node.function)
            case "prev" if node.bars == 0:
                return now[0]
        before = [self.place(argument, past=True) for argument in node.arguments]
        match node.function:
            case "prev":
                return self._prev(before[0], node.bars)
            case "highest" | "lowest":
                return self._rolling(node, now[0], before[0])
            case "bars_since" if now == before:
                return self._since(now[0])
            case "bars_since":
                return self._step(steps.now_or_since, [now[0], self._prev(self._since(before[0]), 1)])
        # What is left is a crossing, of which one comparison is of the bar before.
        present, earlier = (">", "<=") if node.function == "crosses_above" else ("<", ">=")
        crossing = [self._compare(present, *now), self._prev(self._compare(earlier, *before), 1)]
        return self._step(steps.both_known, crossing)

    def _compare(self, word: str, left: int, right: int) -> int:
        return self._step(steps.compared, [left, right], word)

    def _joined(self, join: Callable[..., Step], places: list[int]) -> int:
        return places[0] if len(places) == 1 else self._step(join, places)

    def _prev(self, place: int, bars: int) -> int:
        return self._step(steps.delayed, [place], kept=deque([None] * bars, maxlen=bars), told=bars)

    def _rolling(self, node: Call, now: int, before: int) -> int:
        if node.bars == 1:
            return now
        if now == before:
            return self._rolled(node.function, now, node.bars)
        earlier = self._prev(self._rolled(node.function, before, node.bars - 1), 1)
        return self._step(steps.extreme, [now, earlier], "max" if node.function == "highest" else "min")

    def _rolled(self, function: str, place: int, bars: int) -> int:
        kept = RollingExtreme(bars, highest=function == "highest")
        return self._step(steps.rolled, [place], kept=kept, told=(function, bars))

    def _since(self, place: int) -> int:
        return self._step(steps.counted, [place], kept=None, told="since")

    def _step(
        self, make: Callable[..., Step], reads: list[int], *options: Value, kept: Any = None, told: Any = None
    ) -> int:
        """The place of a step. One that keeps something between bars is `told` apart from others of its kind."""
        key = (make, *reads, options, told)
        if key in self._places:
            return self._places[key]
        hangs = not self._hanging.isdisjoint(reads)
        if told is not None:
            assert not hangs, "what is kept never hangs on the position"
            step = make(*reads, self._new(kept))
        else:
            step = make(*reads, *options)
        place = self._places[key] = self._new()
        if hangs:
            self._hanging.add(place)
        (self.of_position if hangs else self.of_market).append((place, step))
        return place

    def _new(self, value: Any = None) -> int:
        self.memory.append(value)
        return len(self.memory) - 1

"""The tree of a rule: frozen nodes that know where in the text they stand.

    close > ema_50 and not (rsi_14 between 40 and 60)

is `And(Chain(close > ema_50), Not(Between(rsi_14, 40, 60)))`. A span is the pair of offsets of a node's text; two
trees are equal where they say the same, wherever it is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

Span: TypeAlias = tuple[int, int]


class RuleType(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    span: Span = field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal(Located):
    value: float | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(Located):
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Negative(Located):
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic(Located):
    operator: str  # + - * /
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain(Located):
    """`a < b <= c`: the *and* of its neighboring pairs. One operator less than operands."""

    operands: tuple[Node, ...]
    operators: tuple[str, ...]  # < <= > >= == !=


@dataclass(frozen=True, slots=True, kw_only=True)
class Between(Located):
    """Both bounds belong to it."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Located):
    value: Node
    choices: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing(Located):
    """`x is none`, or with `negated` `x is not none`: always known."""

    operand: Node
    negated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Not(Located):
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class And(Located):
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Or(Located):
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Located):
    """A function of `functions.FUNCTIONS`; `bars` is its whole number of bars where it takes one."""

    function: str
    arguments: tuple[Node, ...]
    bars: int = 0


Node: TypeAlias = (
    Literal | Name | Negative | Arithmetic | Chain | Between | Membership | Missing | Not | And | Or | Call
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A parsed rule. `root` None is the blank rule, which never fires."""

    text: str
    root: Node | None

    @property
    def names(self) -> frozenset[str]:
        return frozenset(node.name for node in self.nodes() if isinstance(node, Name))

    def nodes(self) -> Iterator[Node]:
        """Every node, in the order of the text where parents come before their parts."""
        if self.root is not None:
            yield from nodes_under(self.root)


def nodes_under(node: Node) -> Iterator[Node]:
    yield node
    for part in parts_of(node):
        yield from nodes_under(part)


def parts_of(node: Node) -> tuple[Node, ...]:
    match node:
        case Negative() | Not() | Missing():
            return (node.operand,)
        case Arithmetic():
            return (node.left, node.right)
        case Chain() | And() | Or():
            return node.operands
        case Between():
            return (node.value, node.low, node.high)
        case Membership():
            return (node.value, *node.choices)
        case Call():
            return node.arguments
        case Literal() | Name():
            return ()

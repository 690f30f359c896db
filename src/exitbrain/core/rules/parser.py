"""Tokens to a tree, by recursive descent: one method a level of binding, loosest first.

    or < and < not < comparisons, in, between, is none < + - < * / < unary minus

Limits (spec T4, F54): 128 nodes, where every literal, name, operator and call is one; depth 16, where operators and
calls inside one another count, and so do parentheses that change nothing. `a and b and c` is one operator deep.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from exitbrain.core.names import nearest
from exitbrain.core.rules.faults import RuleError, fault
from exitbrain.core.rules.functions import FUNCTIONS, MOST_BARS, Function
from exitbrain.core.rules.lexer import Kind, Token, tokens_of
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
    Span,
)

MOST_NODES = 128
MOST_DEPTH = 16
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
OPERAND = "a feature, a number, text, true, false, a function or a parenthesis"


class Binding(IntEnum):
    """How tightly an operator holds its operands."""

    OR = 1
    AND = 2
    NOT = 3
    COMPARISON = 4
    SUM = 5
    PRODUCT = 6
    NEGATIVE = 7
    ATOM = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A parsed piece: its tree, its depth without its own parentheses, and how many of them it stands in."""

    node: Node
    binding: Binding
    depth: int = 0
    parentheses: int = 0
    span: Span  # with the parentheses

    def depth_where(self, needed: Binding) -> int:
        """Its depth as an operand that must bind at least so tightly: one pair of parentheses is then no luxury."""
        spared = 1 if self.parentheses and self.binding < needed else 0
        return self.depth + self.parentheses - spared


def parse_tree(text: str) -> Rule:
    """The rule's tree, with its types unchecked. Only `RuleError` comes out."""
    tokens = tokens_of(text)
    if tokens[0].kind is Kind.END:
        return Rule(text=text, root=None)
    reader = _Reader(text, tokens)
    part = reader.disjunction()
    if reader.token.kind is not Kind.END:
        raise reader.unexpected("and, or, an operator or the end")
    reader.check_depth(part.depth_where(Binding.OR), part.span)
    return Rule(text=text, root=part.node)


class _Reader:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text, self.tokens = text, tokens
        self.at = self.nodes = self.nested = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def take(self, *words: str) -> Token | None:
        """The next token where it is one of these words or symbols."""
        token = self.token
        if token.kind in (Kind.WORD, Kind.SYMBOL) and token.text in words:
            self.at += 1
            return token
        return None

    def need(self, word: str, accepted: str) -> Token:
        token = self.take(word)
        if token is None:
            raise self.unexpected(accepted)
        return token

    def unexpected(self, accepted: str) -> RuleError:
        token = self.token
        span = token.span if token.kind is not Kind.END else (len(self.text.rstrip()), len(self.text.rstrip()) + 1)
        return fault(self.text, span, f"found {token}", accepted=accepted)

    def check_depth(self, depth: int, span: Span) -> int:
        if depth > MOST_DEPTH:
            raise fault(self.text, span, "a rule nested too deep", accepted=f"at most {MOST_DEPTH} levels")
        return depth

    def count(self, span: Span, nodes: int = 1) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            raise fault(self.text, span, "a rule with too many parts", accepted=f"at most {MOST_NODES}")

    def part(self, node: Node, binding: Binding, operands: list[tuple[Part, Binding]], operators: int = 1) -> Part:
        """A piece around its operands, each with the binding that it needs to stand there."""
        self.count(node.span, operators)
        depth = 1 + max(operand.depth_where(needed) for operand, needed in operands)
        return Part(node=node, binding=binding, depth=self.check_depth(depth, node.span), span=node.span)

    def enter(self, span: Span) -> None:
        # Each level is at most a parenthesis and an operator, so this bounds the recursion before the depth is known.
        self.nested += 1
        self.check_depth(self.nested // 2, span)

    def leave(self) -> None:
        self.nested -= 1

    # the levels

    def disjunction(self) -> Part:
        parts = [self.conjunction()]
        while self.take("or"):
            parts.append(self.conjunction())
        if len(parts) == 1:
            return parts[0]
        node = Or(operands=tuple(part.node for part in parts), span=_around(parts))
        return self.part(node, Binding.OR, [(part, Binding.AND) for part in parts], len(parts) - 1)

    def conjunction(self) -> Part:
        parts = [self.negation()]
        while self.take("and"):
            parts.append(self.negation())
        if len(parts) == 1:
            return parts[0]
        node = And(operands=tuple(part.node for part in parts), span=_around(parts))
        return self.part(node, Binding.AND, [(part, Binding.NOT) for part in parts], len(parts) - 1)

    def negation(self) -> Part:
        token = self.take("not")
        if token is None:
            return self.comparison()
        self.enter(token.span)
        part = self.negation()
        self.leave()
        node = Not(operand=part.node, span=(token.span[0], part.span[1]))
        return self.part(node, Binding.NOT, [(part, Binding.NOT)])

    def comparison(self) -> Part:
        left = self.sum()
        if self.token.kind is Kind.SYMBOL and self.token.text in COMPARISONS:
            part = self.chain(left)
        elif self.take("between"):
            part = self.between(left)
        elif self.take("is"):
            part = self.missing(left)
        elif self.token.text == "not" and self.token.kind is Kind.WORD:
            self.at += 1
            self.need("in", "in (…) after not")
            part = self.membership(left, negated=True)
        elif self.take("in"):
            part = self.membership(left, negated=False)
        else:
            return left
        if self.token.text in (*COMPARISONS, "between", "is", "in", "not") and self.token.kind in _WORDS:
            raise self.unexpected("parentheses around one of the two comparisons")
        return part

    def chain(self, left: Part) -> Part:
        parts, operators = [left], []
        while operator := self.take(*COMPARISONS):
            operators.append(operator.text)
            parts.append(self.sum())
        operands = tuple(part.node for part in parts)
        node = Chain(operands=operands, operators=tuple(operators), span=_around(parts))
        return self.part(node, Binding.COMPARISON, [(part, Binding.SUM) for part in parts], len(operators))

    def between(self, value: Part) -> Part:
        low = self.sum()
        self.need("and", "and, then the upper bound of between")
        high = self.sum()
        node = Between(value=value.node, low=low.node, high=high.node, span=(value.span[0], high.span[1]))
        return self.part(node, Binding.COMPARISON, [(part, Binding.SUM) for part in (value, low, high)])

    def missing(self, operand: Part) -> Part:
        negated = self.take("not") is not None
        end = self.need("none", "none: is none and is not none are the only uses of is").span[1]
        node = Missing(operand=operand.node, negated=negated, span=(operand.span[0], end))
        return self.part(node, Binding.COMPARISON, [(operand, Binding.SUM)])

    def membership(self, value: Part, *, negated: bool) -> Part:
        opening = self.need("(", "a parenthesis with the choices of in")
        self.enter(opening.span)
        choices = [self.sum()]
        while self.take(","):
            choices.append(self.sum())
        self.leave()
        end = self.need(")", "a comma or the closing parenthesis of in").span[1]
        nodes = tuple(choice.node for choice in choices)
        node = Membership(value=value.node, choices=nodes, negated=negated, span=(value.span[0], end))
        operands = [(value, Binding.SUM), *((choice, Binding.SUM) for choice in choices)]
        return self.part(node, Binding.COMPARISON, operands)

    def sum(self) -> Part:
        return self.arithmetic(("+", "-"), Binding.SUM)

    def product(self) -> Part:
        return self.arithmetic(("*", "/"), Binding.PRODUCT)

    def arithmetic(self, operators: tuple[str, ...], binding: Binding) -> Part:
        operand = self.product if binding is Binding.SUM else self.negative
        part = operand()
        depth = part.depth_where(binding)
        while operator := self.take(*operators):
            right = operand()
            node = Arithmetic(
                operator=operator.text, left=part.node, right=right.node, span=(part.span[0], right.span[1])
            )
            self.count(node.span)
            depth = max(depth, right.depth_where(Binding(binding + 1)))
            part = Part(node=node, binding=binding, depth=self.check_depth(depth + 1, node.span), span=node.span)
        return part

    def negative(self) -> Part:
        token = self.take("-")
        if token is None:
            return self.atom()
        self.enter(token.span)
        part = self.negative()
        self.leave()
        node = Negative(operand=part.node, span=(token.span[0], part.span[1]))
        return self.part(node, Binding.NEGATIVE, [(part, Binding.NEGATIVE)])

    def atom(self) -> Part:
        token = self.token
        if self.take("("):
            return self.parenthesis(token)
        if token.kind is Kind.NAME:
            self.at += 1
            return self.call(token) if self.take("(") else self.name(token)
        value = _literal(token)
        if value is None:
            raise self.unexpected(_advice(token))
        self.at += 1
        return self.leaf(Literal(value=value, span=token.span))

    def leaf(self, node: Literal | Name) -> Part:
        self.count(node.span)
        return Part(node=node, binding=Binding.ATOM, span=node.span)

    def parenthesis(self, opening: Token) -> Part:
        self.enter(opening.span)
        part = self.disjunction()
        self.leave()
        if self.token.kind is not Kind.SYMBOL and self.token.kind is not Kind.END:
            raise self.unexpected("an operator or the closing parenthesis")
        end = self.need(")", "the closing parenthesis").span[1]
        self.check_depth(part.depth + part.parentheses, opening.span)
        return replace(part, parentheses=part.parentheses + 1, span=(opening.span[0], end))

    def name(self, token: Token) -> Part:
        if token.text in FUNCTIONS:
            usage = FUNCTIONS[token.text].usage
            raise fault(self.text, token.span, f"{token.text} is a function", accepted=usage)
        return self.leaf(Name(name=token.text, span=token.span))

    def call(self, token: Token) -> Part:
        function = FUNCTIONS.get(token.text)
        if function is None:
            guess = nearest(token.text, FUNCTIONS)
            accepted = f"one of {', '.join(FUNCTIONS)}"
            raise fault(self.text, token.span, f"unknown function {token.text!r}", accepted=accepted, nearest=guess)
        self.enter(token.span)
        arguments = [self.disjunction()]
        bars = None
        while self.take(","):
            if function.fewest_bars is not None and len(arguments) == function.most:
                bars = self.bars(function)
                break
            arguments.append(self.disjunction())
        self.leave()
        end = self.need(")", f"a comma or the closing parenthesis: {function.usage}").span[1]
        span = (token.span[0], end)
        wants_bars = function.fewest_bars is not None
        if not function.fewest <= len(arguments) <= function.most or wants_bars != (bars is not None):
            raise fault(self.text, span, f"{token.text} with other arguments", accepted=function.usage)
        nodes = tuple(argument.node for argument in arguments)
        node = Call(function=token.text, arguments=nodes, bars=bars or 0, span=span)
        return self.part(node, Binding.ATOM, [(argument, Binding.OR) for argument in arguments])

    def bars(self, function: Function) -> int:
        """The literal number of bars. It is a node of its own."""
        token, fewest = self.token, function.fewest_bars
        accepted = f"a whole number from {fewest} to {MOST_BARS}: {function.usage}"
        if token.kind is not Kind.NUMBER or not token.text.isdigit():
            raise self.unexpected(accepted)
        count = int(token.text)
        assert fewest is not None
        if not fewest <= count <= MOST_BARS:
            raise self.unexpected(accepted)
        self.at += 1
        self.count(token.span)
        return count


_WORDS = (Kind.WORD, Kind.SYMBOL)


def _around(parts: list[Part]) -> Span:
    return parts[0].span[0], parts[-1].span[1]


def _literal(token: Token) -> float | str | bool | None:
    if token.kind is Kind.NUMBER:
        return float(token.text)
    if token.kind is Kind.TEXT:
        return token.text[1:-1]
    if token.kind is Kind.WORD and token.text in ("true", "false"):
        return token.text == "true"
    return None


def _advice(token: Token) -> str:
    if token.kind is Kind.WORD and token.text == "none":
        return "x is none, or x is not none"
    return OPERAND

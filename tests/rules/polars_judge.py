"""A rule as a Polars expression, null for unknown: an evaluator with another engine and another way of thinking.

Polars has Kleene's *and* and *or*, and comparisons with null are null; nan and infinity are made null after every
operation. The past is its shift, rolling and forward fill.
"""

from __future__ import annotations

from functools import reduce
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub, truediv

import polars as pl

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
    Not,
    Or,
    Rule,
)

OPERATORS = {"+": add, "-": sub, "*": mul, "/": truediv, "<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
ROW = pl.int_range(pl.len())


def judged(rule: Rule, frame: pl.DataFrame) -> list[bool | None]:
    return frame.select(value(rule.root).alias("truth"))["truth"].to_list()


def value(node: object) -> pl.Expr:
    match node:
        case Literal(value=constant):
            return pl.repeat(constant, pl.len())
        case Name(name=name):
            return pl.col(name)
        case Negative(operand=operand):
            return -value(operand)
        case Arithmetic(operator=operator, left=left, right=right):
            return known(OPERATORS[operator](value(left), value(right)))
        case Chain(operands=operands, operators=operators):
            sides = [value(operand) for operand in operands]
            return reduce(and_, (OPERATORS[o](a, b) for o, a, b in zip(operators, sides, sides[1:])))
        case Between(value=middle, low=low, high=high):
            return (value(middle) >= value(low)) & (value(middle) <= value(high))
        case Membership(value=sought, choices=choices, negated=negated):
            found = reduce(or_, (value(sought) == value(choice) for choice in choices))
            return ~found if negated else found
        case Missing(operand=operand, negated=negated):
            return value(operand).is_not_null() if negated else value(operand).is_null()
        case Not(operand=operand):
            return ~value(operand)
        case And(operands=operands):
            return reduce(and_, map(value, operands))
        case Or(operands=operands):
            return reduce(or_, map(value, operands))
        case Call(function=function, arguments=arguments, bars=bars):
            return called(function, [value(argument) for argument in arguments], bars)
    raise AssertionError(node)


def known(number: pl.Expr) -> pl.Expr:
    return pl.when(number.is_finite()).then(number)


def strict_and(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    return pl.when(left.is_not_null() & right.is_not_null()).then(left & right)


def called(function: str, arguments: list[pl.Expr], bars: int) -> pl.Expr:
    first = arguments[0]
    complete = reduce(and_, (argument.is_not_null() for argument in arguments))
    match function:
        case "abs":
            return first.abs()
        case "min":
            return pl.when(complete).then(pl.min_horizontal(arguments))
        case "max":
            return pl.when(complete).then(pl.max_horizontal(arguments))
        case "prev":
            return first.shift(bars)
        case "highest":
            return first.rolling_max(bars, min_samples=bars)
        case "lowest":
            return first.rolling_min(bars, min_samples=bars)
        case "crosses_above":
            return strict_and(first > arguments[1], first.shift(1) <= arguments[1].shift(1))
        case "crosses_below":
            return strict_and(first < arguments[1], first.shift(1) >= arguments[1].shift(1))
        case "bars_since":
            last = pl.when(first).then(ROW).forward_fill()
            return (ROW - last).cast(pl.Float64)
    raise AssertionError(function)

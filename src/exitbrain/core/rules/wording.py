"""A rule in plain words, for a person who wants to know what was understood.

close > ema_50 and not (rsi_14 between 40 and 60)
all of: close is above ema_50; it does not hold that rsi_14 is from 40 to 60
"""

from __future__ import annotations

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

_COMPARED = {
    "<": "is below",
    "<=": "is at most",
    ">": "is above",
    ">=": "is at least",
    "==": "is",
    "!=": "is not",
}
_SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷"}


def in_words(rule: Rule) -> str:
    return "never: the rule is blank" if rule.root is None else _words(rule.root)


def _words(node: Node) -> str:
    match node:
        case Literal():
            return _literal(node.value)
        case Name():
            return node.name
        case Negative():
            return f"−{_grouped(node.operand)}"
        case Arithmetic():
            return f"{_grouped(node.left)} {_SIGNS[node.operator]} {_grouped(node.right)}"
        case Chain():
            return _chain(node)
        case Between():
            return f"{_words(node.value)} is from {_words(node.low)} to {_words(node.high)}"
        case Membership():
            choices = ", ".join(_words(choice) for choice in node.choices)
            return f"{_words(node.value)} is {'none' if node.negated else 'one'} of {choices}"
        case Missing():
            return f"{_words(node.operand)} is {'known' if node.negated else 'missing'}"
        case Not():
            return f"it does not hold that {_clause(node.operand)}"
        case And():
            return "all of: " + "; ".join(_clause(operand) for operand in node.operands)
        case Or():
            return "at least one of: " + "; ".join(_clause(operand) for operand in node.operands)
        case Call():
            return _call(node)


def _clause(node: Node) -> str:
    """A list inside a list stands in brackets."""
    return f"({_words(node)})" if isinstance(node, And | Or) else _words(node)


def _grouped(node: Node) -> str:
    return f"({_words(node)})" if isinstance(node, Arithmetic) else _words(node)


def _chain(node: Chain) -> str:
    words = [_words(operand) for operand in node.operands]
    pairs = zip(words, node.operators, words[1:], strict=False)
    return " and ".join(f"{left} {_COMPARED[operator]} {right}" for left, operator, right in pairs)


def _call(node: Call) -> str:
    if node.function == "abs":
        return f"{_grouped(node.arguments[0])} without its sign"
    words = [_words(argument) for argument in node.arguments]
    match node.function:
        case "min" | "max":
            return f"the {'least' if node.function == 'min' else 'greatest'} of ({', '.join(words)})"
        case "crosses_above" | "crosses_below":
            return f"{words[0]} crosses {node.function.removeprefix('crosses_')} {words[1]}"
        case "prev":
            return f"({words[0]}) {_bars(node.bars)} ago"
        case "highest" | "lowest":
            return f"the {node.function} {words[0]} of the last {_bars(node.bars)}"
        case _:
            return f"the number of bars since ({words[0]})"


def _bars(count: int) -> str:
    return "1 bar" if count == 1 else f"{count} bars"


def _literal(value: float | str | bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)

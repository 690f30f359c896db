"""From text to a rule, and what a rule asks of the run that evaluates it."""

from __future__ import annotations

from exitbrain.core.rules.catalogue import POSITION_FEATURES, Catalogue
from exitbrain.core.rules.nodes import Call, Node, Rule, parts_of
from exitbrain.core.rules.parser import parse_tree
from exitbrain.core.rules.types import check_types


def parse_rule(text: str) -> Rule:
    """The rule, with every fault that can be found without knowing the features. Only `RuleError` comes out."""
    rule = parse_tree(text)
    check_types(rule)
    return rule


def check_rule(text: str, catalogue: Catalogue, timeframe: int | None = None) -> Rule:
    """The rule with its names and types known, on bars of `timeframe` µs (None: any)."""
    rule = parse_tree(text)
    check_types(rule, catalogue, timeframe)
    return rule


def position_names(rule: Rule) -> frozenset[str]:
    """The position features that it reads: with any, it has no value without a position and is no column."""
    return rule.names & POSITION_FEATURES.keys()


def bars_needed(rule: Rule) -> int | None:
    """How many bars before the present one it may look at; None where bars_since makes that all of them."""
    return 0 if rule.root is None else _reach(rule.root)


def _reach(node: Node) -> int | None:
    reaches = [_reach(part) for part in parts_of(node)]
    known = [reach for reach in reaches if reach is not None]
    if len(known) < len(reaches):
        return None
    furthest = max(known, default=0)
    if not isinstance(node, Call):
        return furthest
    match node.function:
        case "bars_since":
            return None
        case "prev":
            return furthest + node.bars
        case "highest" | "lowest":
            return furthest + node.bars - 1
        case "crosses_above" | "crosses_below":
            return furthest + 1
        case _:
            return furthest

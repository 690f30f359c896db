"""The rule language: conditions over named features, read once into a typed tree and never run by Python.

    rule = check_rule("close > ema_50 and rsi_14 < 70", catalogue)
    evaluate_bar(rule, window)      # True, False, or None for unknown
    LiveRules([rule]).take(row)     # the same bar after bar, for live

`evaluate_bar` values a rule at one bar; `exitbrain.features.evaluate_columns` values the same tree over all bars at
once, with equal results, and `LiveRules` values many rules at each closed bar. A rule fires where it is True: what is missing makes it unknown, and unknown never fires.
"""

from exitbrain.core.rules.bars import Truth, Value, Window, evaluate_bar, value_at
from exitbrain.core.rules.catalogue import POSITION_FEATURES, Catalogue, FeatureNames
from exitbrain.core.rules.explaining import Reading, Term, explain_bar
from exitbrain.core.rules.faults import RuleError, caret
from exitbrain.core.rules.functions import FUNCTIONS
from exitbrain.core.rules.live import LiveRules
from exitbrain.core.rules.nodes import Node, Rule, RuleType
from exitbrain.core.rules.reading import bars_needed, check_rule, parse_rule, position_names

__all__ = [
    "FUNCTIONS",
    "POSITION_FEATURES",
    "Catalogue",
    "FeatureNames",
    "LiveRules",
    "Node",
    "Reading",
    "Rule",
    "RuleError",
    "RuleType",
    "Term",
    "Truth",
    "Value",
    "Window",
    "bars_needed",
    "caret",
    "check_rule",
    "evaluate_bar",
    "explain_bar",
    "parse_rule",
    "position_names",
    "value_at",
]

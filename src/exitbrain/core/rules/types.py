"""The types of a rule, checked when it is loaded: arithmetic and order on numbers, == and != on two of one type.

Without a catalogue a name may be of any type, and only what no catalogue could mend is refused.
"""

from __future__ import annotations

from exitbrain.core.names import nearest
from exitbrain.core.rules.catalogue import Catalogue
from exitbrain.core.rules.faults import RuleError, fault
from exitbrain.core.rules.functions import FUNCTIONS
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
    RuleType,
)

NUMBER, TEXT, BOOLEAN = RuleType.NUMBER, RuleType.TEXT, RuleType.BOOLEAN
Known = RuleType | None  # None: a name of a type that is still open


def check_types(rule: Rule, catalogue: Catalogue | None = None, timeframe: int | None = None) -> None:
    if rule.root is None:
        return
    checker = _Checker(rule.text, catalogue, timeframe)
    checker.want(rule.root, BOOLEAN, "a rule is true or false: compare it with something")


class _Checker:
    def __init__(self, text: str, catalogue: Catalogue | None, timeframe: int | None) -> None:
        self.text, self.catalogue, self.timeframe = text, catalogue, timeframe
        self.known: dict[int, Known] = {}  # by identity: each node is checked once, whoever asks for its type

    def type_of(self, node: Node) -> Known:
        if id(node) not in self.known:
            self.known[id(node)] = self.checked(node)
        return self.known[id(node)]

    def checked(self, node: Node) -> Known:
        match node:
            case Literal():
                return _literal_type(node)
            case Name():
                return self.name(node)
            case Negative():
                return self.numbers(node.operand)
            case Arithmetic():
                return self.numbers(node.left, node.right)
            case Between():
                self.numbers(node.value, node.low, node.high)
            case Chain():
                self.chain(node)
            case Membership():
                for choice in node.choices:
                    self.equal(node.value, choice)
            case Missing():
                self.type_of(node.operand)
            case Not():
                self.want(node.operand, BOOLEAN, "not takes what is true or false")
            case And() | Or():
                for operand in node.operands:
                    self.want(operand, BOOLEAN, "and and or take what is true or false")
            case Call():
                return self.call(node)
        return BOOLEAN

    def name(self, node: Name) -> Known:
        if self.catalogue is None:
            return None
        kind = self.catalogue.feature_type(node.name)
        if kind is None:
            advice = self.catalogue.advice(node.name)
            guess = self.catalogue.correction(node.name) if advice is None else None
            accepted = advice or "a feature: exitbrain features lists them"
            message = f"unknown feature {node.name!r}"
            raise fault(self.text, node.span, message, accepted=accepted, nearest=guess)
        problem = None if self.timeframe is None else self.catalogue.problem_at(node.name, self.timeframe)
        if problem is not None:
            raise fault(self.text, node.span, f"{node.name} is of another timeframe", accepted=problem)
        return kind

    def numbers(self, *nodes: Node) -> RuleType:
        for node in nodes:
            self.want(node, NUMBER, "numbers")
        return NUMBER

    def want(self, node: Node, wanted: RuleType, accepted: str) -> None:
        kind = self.type_of(node)
        if kind is not None and kind is not wanted:
            raise self.wrong(node, kind, accepted)

    def wrong(self, node: Node, kind: RuleType, accepted: str) -> RuleError:
        found = self.text[slice(*node.span)]
        what = {NUMBER: "a number", TEXT: "text", BOOLEAN: "true or false"}[kind]
        return fault(self.text, node.span, f"{found} is {what}", accepted=accepted)

    def chain(self, node: Chain) -> None:
        for left, operator, right in zip(node.operands, node.operators, node.operands[1:], strict=False):
            if operator in ("==", "!="):
                self.equal(left, right)
            else:
                for operand in (left, right):
                    self.want(operand, NUMBER, f"numbers on both sides of {operator}")

    def equal(self, left: Node, right: Node) -> None:
        kinds = self.type_of(left), self.type_of(right)
        if None not in kinds and kinds[0] is not kinds[1]:
            assert kinds[0] is not None and kinds[1] is not None
            raise self.wrong(right, kinds[1], f"a {kinds[0].value}, as on the other side")
        self.words(left, right)
        self.words(right, left)

    def words(self, feature: Node, literal: Node) -> None:
        """Text that a feature can never hold is a slip of the pen."""
        while isinstance(feature, Call) and feature.function == "prev":
            feature = feature.arguments[0]
        if self.catalogue is None or not isinstance(feature, Name) or not isinstance(literal, Literal):
            return
        words = self.catalogue.words(feature.name)
        if words is None or literal.value in words:
            return
        guess = nearest(str(literal.value), words)
        accepted = ", ".join(words)
        raise fault(
            self.text, literal.span, f"{feature.name} is never {literal.value!r}", accepted=accepted, nearest=guess
        )

    def call(self, node: Call) -> Known:
        function = FUNCTIONS[node.function]
        if function.takes is None:
            return self.type_of(node.arguments[0])
        for argument in node.arguments:
            taken = "numbers" if function.takes is NUMBER else "a condition"
            self.want(argument, function.takes, f"{taken}: {function.usage}")
        return function.gives


def _literal_type(node: Literal) -> RuleType:
    if isinstance(node.value, bool):
        return BOOLEAN
    return TEXT if isinstance(node.value, str) else NUMBER

"""The rule language over candle columns and position features, with Kleene logic (spec T4 F54).

A tree node is a tuple whose first part names it. A value is a float, a string, a boolean, or None for unknown.

CHOICES
1. `crosses_above(a, b)` is `prev(a, 1) <= prev(b, 1) and a > b`, unknown where one of the four is, though the other
   comparison be false; `crosses_below` is its mirror.
2. `bars_since(c)` counts bars since c was last true, 0 where it is true now; unknown where it never was.
3. `prev`, `highest`, `lowest` reaching before the first bar are unknown.
4. Position features are known at the present bar only; inside `prev` and its kin they are unknown.
5. A blank rule is false.
6. Arithmetic and comparisons are those of float64: prices enter as the nearest float.
"""

import math
import re

TOKEN = re.compile(
    r"\s*(?:(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(\"[^\"]*\"|'[^']*')|([A-Za-z_]\w*)|(<=|>=|==|!=|[-+*/<>(),]))"
)
COMPARISONS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
ARITHMETIC = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}


def rule_value(text, view, index):
    """True, False or None (unknown) at a bar; `view(name, index)` gives a feature or None."""
    if not text or not text.strip():
        return False
    value = value_of(parse(text), view, index)
    return value if value is None else bool(value)


def parse(text):
    tokens = []
    at = 0
    text = text.rstrip()
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None:
            raise ValueError(f"{text!r}: cannot read at {at}")
        tokens.append(found)
        at = found.end()
    reader = Reader([(match.lastindex, match.group(match.lastindex)) for match in tokens])
    tree = reader.disjunction()
    if reader.at != len(reader.tokens):
        raise ValueError(f"{text!r}: more than one expression")
    return tree


class Reader:
    """Recursive descent, one method a level of binding, loosest first."""

    def __init__(self, tokens):
        self.tokens = tokens
        self.at = 0

    def peek(self):
        return self.tokens[self.at][1] if self.at < len(self.tokens) else None

    def take(self, *words):
        if self.peek() in words:
            self.at += 1
            return self.tokens[self.at - 1][1]
        return None

    def need(self, word):
        if self.take(word) is None:
            raise ValueError(f"found {self.peek()!r}, wanted {word!r}")

    def disjunction(self):
        tree = self.conjunction()
        while self.take("or"):
            tree = ("or", tree, self.conjunction())
        return tree

    def conjunction(self):
        tree = self.negation()
        while self.take("and"):
            tree = ("and", tree, self.negation())
        return tree

    def negation(self):
        return ("not", self.negation()) if self.take("not") else self.comparison()

    def comparison(self):
        left = self.sum()
        parts = []
        while True:
            if operator := self.take(*COMPARISONS):
                right = self.sum()
                parts.append(("compare", operator, left, right))
                left = right
            elif self.take("between"):
                low = self.sum()
                self.need("and")
                high = self.sum()
                parts += [("compare", ">=", left, low), ("compare", "<=", left, high)]
            elif self.take("is"):
                denied = self.take("not")
                self.need("none")
                parts.append(("not", ("missing", left)) if denied else ("missing", left))
            elif self.take("in"):
                parts.append(self.membership(left))
            else:
                break
        tree = parts[0] if parts else left
        for part in parts[1:]:
            tree = ("and", tree, part)
        return tree

    def membership(self, left):
        self.need("(")
        tree = ("compare", "==", left, self.sum())
        while self.take(","):
            tree = ("or", tree, ("compare", "==", left, self.sum()))
        self.need(")")
        return tree

    def sum(self):
        tree = self.product()
        while operator := self.take("+", "-"):
            tree = ("arithmetic", operator, tree, self.product())
        return tree

    def product(self):
        tree = self.unary()
        while operator := self.take("*", "/"):
            tree = ("arithmetic", operator, tree, self.unary())
        return tree

    def unary(self):
        return ("minus", self.unary()) if self.take("-") else self.primary()

    def primary(self):
        if self.take("("):
            tree = self.disjunction()
            self.need(")")
            return tree
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind == 1:
            return ("value", float(text))
        if kind == 2:
            return ("value", text[1:-1])
        if text in ("true", "false"):
            return ("value", text == "true")
        if kind == 3 and self.take("("):
            arguments = [self.disjunction()]
            while self.take(","):
                arguments.append(self.disjunction())
            self.need(")")
            return ("call", text, arguments)
        return ("name", text)


def value_of(tree, view, index):
    match tree:
        case ("value", value):
            return value
        case ("name", name):
            return view(name, index) if index >= 0 else None
        case ("missing", inner):
            return value_of(inner, view, index) is None
        case ("not", inner):
            value = value_of(inner, view, index)
            return None if value is None else not value
        case ("and" | "or" as word, left, right):
            return kleene(word, value_of(left, view, index), value_of(right, view, index))
        case ("minus", inner):
            value = value_of(inner, view, index)
            return None if value is None else -value
        case ("compare", operator, left, right):
            return lifted(COMPARISONS[operator], value_of(left, view, index), value_of(right, view, index))
        case ("arithmetic", operator, left, right):
            return finite(lifted(ARITHMETIC[operator], value_of(left, view, index), value_of(right, view, index)))
        case ("call", name, arguments):
            return called(name, arguments, view, index)


def kleene(word, left, right):
    decisive = word == "or"
    if left is decisive or right is decisive:
        return decisive
    return None if left is None or right is None else not decisive


def lifted(operation, left, right):
    if left is None or right is None:
        return None
    try:
        return operation(left, right)
    except (ZeroDivisionError, OverflowError):
        return None


def finite(value):
    return None if value is None or not math.isfinite(value) else value


def called(name, arguments, view, index):
    if name in ("prev", "highest", "lowest"):
        inner, span = arguments[0], int(arguments[1][1])
        if name == "prev":
            return value_of(inner, view, index - span) if index >= span else None
        values = [value_of(inner, view, index - back) if index >= back else None for back in range(span)]
        return None if None in values else (max if name == "highest" else min)(values)
    if name in ("crosses_above", "crosses_below"):
        earlier = [value_of(prior(part), view, index) for part in arguments]
        present = [value_of(part, view, index) for part in arguments]
        if None in earlier + present:
            return None
        now, before = ((">", "<="), ("<", ">="))[name == "crosses_below"]
        return COMPARISONS[now](*present) and COMPARISONS[before](*earlier)
    if name == "bars_since":
        return next((float(n) for n in range(index + 1) if value_of(arguments[0], view, index - n) is True), None)
    values = [value_of(part, view, index) for part in arguments]
    if None in values:
        return None
    return {"abs": lambda: abs(values[0]), "min": lambda: min(values), "max": lambda: max(values)}[name]()


def prior(tree):
    return ("call", "prev", [tree, ("value", 1.0)])

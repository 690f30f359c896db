"""Random rules and rows, for evaluators that must agree: every rule is well typed, every column has holes.

Columns `a` to `d` are numbers, `w` and `v` words, `p` and `q` truths. Numbers are few and small, so that they tie,
cancel and divide by zero; a few are huge, so that they overflow.
"""

from __future__ import annotations

import random

NUMBERS, WORDS, TRUTHS = ("a", "b", "c", "d"), ("w", "v"), ("p", "q")
LABELS = ("UP", "DOWN", "SIDE")
VALUES = (-3.0, -1.0, -0.5, 0.0, 0.1, 1.0, 2.0, 3.0, 1e300, None, None)


def random_columns(dice: random.Random, rows: int) -> dict[str, list[object]]:
    columns: dict[str, list[object]] = {name: [dice.choice(VALUES) for _ in range(rows)] for name in NUMBERS}
    columns |= {name: [dice.choice((*LABELS, None)) for _ in range(rows)] for name in WORDS}
    return columns | {name: [dice.choice((True, False, None)) for _ in range(rows)] for name in TRUTHS}


class RandomRules:
    """Texts of random rules. `past` allows the functions that look at earlier bars."""

    def __init__(self, dice: random.Random, *, past: bool = True) -> None:
        self.dice, self.past = dice, past

    def rule(self, size: int = 4) -> str:
        return self.truth(size)

    def truth(self, size: int) -> str:
        forms = [self._compared, self._compared, self._words, self._missing, self._between, self._within]
        if size <= 0:
            return self.dice.choice([*TRUTHS, "true", "false", f"{self.leaf()} > {self.leaf()}"])
        forms += [self._joined, self._joined, self._denied, self._same_truth]
        if self.past:
            forms += [self._crossed, self._earlier_truth]
        return self.dice.choice(forms)(size)

    def number(self, size: int) -> str:
        if size <= 0:
            return self.leaf()
        forms = [self.leaf, self.leaf, self._sum, self._sum, self._function]
        if self.past:
            forms += [self._earlier, self._since]
        form = self.dice.choice(forms)
        return form() if form == self.leaf else form(size)

    def leaf(self) -> str:
        return self.dice.choice([*NUMBERS, *NUMBERS, "0", "1", "2.5", "-1", "1e300"])

    def _compared(self, size: int) -> str:
        parts = [self.number(size - 1) for _ in range(self.dice.choice((2, 2, 2, 3)))]
        text = parts[0]
        for part in parts[1:]:
            text += f" {self.dice.choice(('<', '<=', '>', '>=', '==', '!='))} {part}"
        return f"({text})"

    def _words(self, size: int) -> str:
        word = self.dice.choice(WORDS)
        if self.past and self.dice.random() < 0.3:
            word = f"prev({word}, {self.dice.randint(0, 3)})"
        other = self.dice.choice((*WORDS, *(f"'{label}'" for label in (*LABELS, "NOWHERE"))))
        if self.dice.random() < 0.3:
            return f"({word} {self.dice.choice(('in', 'not in'))} ({other}, 'UP'))"
        return f"({word} {self.dice.choice(('==', '!='))} {other})"

    def _missing(self, size: int) -> str:
        what = self.dice.choice((self.number(size - 1), self.dice.choice(WORDS), f"({self.truth(size - 1)})"))
        return f"(({what}) {self.dice.choice(('is none', 'is not none'))})"

    def _between(self, size: int) -> str:
        value, low, high = (self.number(size - 1) for _ in range(3))
        return f"({value} between {low} and {high})"

    def _within(self, size: int) -> str:
        choices = ", ".join(self.number(size - 2) for _ in range(self.dice.randint(1, 3)))
        return f"({self.number(size - 1)} {self.dice.choice(('in', 'not in'))} ({choices}))"

    def _joined(self, size: int) -> str:
        word = self.dice.choice((" and ", " or "))
        return "(" + word.join(self.truth(size - 1) for _ in range(self.dice.choice((2, 2, 3)))) + ")"

    def _denied(self, size: int) -> str:
        return f"(not {self.truth(size - 1)})"

    def _same_truth(self, size: int) -> str:
        return f"(({self.truth(size - 1)}) {self.dice.choice(('==', '!='))} ({self.truth(size - 1)}))"

    def _crossed(self, size: int) -> str:
        name = self.dice.choice(("crosses_above", "crosses_below"))
        return f"{name}({self.number(size - 1)}, {self.number(size - 1)})"

    def _earlier_truth(self, size: int) -> str:
        return f"prev({self.truth(size - 1)}, {self.dice.randint(0, 4)})"

    def _sum(self, size: int) -> str:
        return f"({self.number(size - 1)} {self.dice.choice('+-*/')} {self.number(size - 1)})"

    def _function(self, size: int) -> str:
        if self.dice.random() < 0.3:
            return self.dice.choice((f"abs({self.number(size - 1)})", f"(-{self.number(size - 1)})"))
        arguments = ", ".join(self.number(size - 1) for _ in range(self.dice.randint(2, 3)))
        return f"{self.dice.choice(('min', 'max'))}({arguments})"

    def _earlier(self, size: int) -> str:
        name, least = self.dice.choice((("prev", 0), ("highest", 1), ("lowest", 1)))
        return f"{name}({self.number(size - 1)}, {self.dice.randint(least, 5)})"

    def _since(self, size: int) -> str:
        return f"bars_since({self.truth(size - 1)})"

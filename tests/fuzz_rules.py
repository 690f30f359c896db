"""Millions of texts through the rule language: read, typed, explained and evaluated in both ways.

    python tests/fuzz_rules.py --executions 10000000 --seed 1
    python tests/fuzz_rules.py --text "a > 1 and (b"
    python tests/fuzz_rules.py --atheris -runs=100000      # coverage-guided, where atheris is installed

A finding is an error other than `RuleError`, a place outside the text, two evaluators that differ, or an execution of
more than 10 ms of processor time, the least of five. Ends with the counts and exit status 1 where there is a finding.
One execution is one text read; what can be read is evaluated too.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FunctionType

import numpy as np

from exitbrain.core.rules import (
    FUNCTIONS,
    POSITION_FEATURES,
    FeatureNames,
    Rule,
    RuleError,
    RuleType,
    Value,
    bars_needed,
    caret,
    check_rule,
    evaluate_bar,
    explain_bar,
    position_names,
)
from exitbrain.core.rules.catalogue import POSITION_WORDS
from exitbrain.core.rules.lexer import KEYWORDS, MOST_CHARACTERS
from exitbrain.core.rules.wording import in_words
from exitbrain.features.binding import FLAT, BoundRule
from exitbrain.features.catalogue import CATALOGUE
from exitbrain.features.columns import ColumnTable, TextColumn, evaluate_columns
from rules.rule_worlds import LABELS, NUMBERS, TRUTHS, WORDS, RandomRules, random_columns

ROWS = 4
SLOW = 0.010
BATCH = 2_000  # texts of one seed of their own
NAMES = FeatureNames(
    dict.fromkeys(NUMBERS, RuleType.NUMBER)
    | dict.fromkeys(WORDS, RuleType.TEXT)
    | dict.fromkeys(TRUTHS, RuleType.BOOLEAN)
    | POSITION_FEATURES,
    {"position": POSITION_WORDS},
)
POSITION: Mapping[str, Value] = {
    "position": "long", "is_flat": False, "is_long": True, "is_short": False, "bars_held": 2.0, "unrealized_r": -0.5,
    "mfe_r": 1.0, "mae_r": -1.0, "entry_price": 3.0, "stop_price": 2.0, "position_fraction": 1.0,
}  # fmt: skip


# texts

VOCABULARY = (
    *NUMBERS, *WORDS, *TRUTHS, *KEYWORDS, *FUNCTIONS, "position", "is_flat", "unrealized_r", "close", "rsi_14", "nope",
    *(f"{name}(" for name in FUNCTIONS), *"+-*/<>(),.[]{}'\"=!&|~%^:;#@\\`?$", "<=", ">=", "==", "!=", "**", "//", "<>",
    "0", "1", "2.5", ".5", "1e3", "1e308", "1e309", "1e-400", "500", "501", "9" * 40, "'UP'", '"DOWN"', "'x'", "''",
    "__class__", "__import__('os')", "eval(", "lambda", "tf_4h_rsi_14", "0x10", "1_000", "\n", "\t", "\r", " ",
)  # fmt: skip
HOSTILE = (
    "().__class__.__bases__[0].__subclasses__()",
    "__import__('os').system('true')",
    "a.__init__.__globals__ is none",
    "(lambda: p)()",
    "exec('p')",
    "getattr(a, 'b') > 1",
    "'a' * 1000000000 == 'b'",
    "9 ** 9 ** 9 > 1",
    "a[0] > 1",
    "[a for a in (1, 2)]",
    "f'{a}' == 'x'",
    "\u0430 > 1",  # Cyrillic
    "a \u2212 b > 1",
    "a > \uff11",
    "a\u200b > 1",
    "p and\u00a0q",
    "\ufeffp",
    "\udc80 > 1",
    "p\x00",
    "a > 1\u2028and p",
)
ALPHABETS = (
    [chr(code) for code in range(256)],
    [chr(code) for code in range(32, 127)],
    list("\n\t\r ()'\"+-*/<>=!.,01eEap_"),
    list("\u0430\u0435\u2212\uff11\u200b\u00a0\ufeff\u2028\U0001d7d9\u0661\u0130\u212a\udc80\ud800 ap>1()"),
)
PATCHES = ("(", ")", "not ", "-", " and ", " or ", "'", ",", "1", "e", ".", "_", "a", "p", "\u0430", "\x00", "\n", " ")
NESTS = (("(", ")"), ("not ", ""), ("-", ""), ("abs(", ")"), ("(not (", "))"), ("prev(", ",1)"), ("min(a,", ")"))
LINKS = (" and ", " or ", " + ", " < ", " == ", ", ", "-", " is none and ", "*", ") or (")
WORD = re.compile(r"(\w+|[<>=!]+|[-+*/])")
EXCHANGED = (
    (*NUMBERS, "bars_held", "unrealized_r", "0", "1", "2.5", "1e300", "0.1"),
    (*TRUTHS, "true", "false", "is_long", "is_flat"),
    (*WORDS, "position"),
    ("<", "<=", ">", ">=", "==", "!="),
    tuple("+-*/"),
    ("and", "or"),
    ("crosses_above", "crosses_below", "min", "max"),
    ("highest", "lowest", "prev"),
)


class Texts:
    """Texts of a seed. Rules by the grammar are few and made anew a batch; the others start from them or from nothing."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        rules = RandomRules(self.dice)
        self.rules = [rules.rule(self.dice.choice((0, 1, 1, 2, 2, 3))) for _ in range(120)]
        self.rules += [self.of_the_position(rules) for _ in range(30)]
        self.kinds: tuple[tuple[str, Callable[[], str]], ...] = (
            ("grammar", lambda: self.dice.choice(self.rules)),
            ("mutated", self.mutated),
            ("mutated", self.mutated),
            ("mutated", self.mutated),
            ("exchanged", self.exchanged),
            ("exchanged", self.exchanged),
            ("spliced", self.spliced),
            ("tokens", self.tokens),
            ("tokens", self.tokens),
            ("characters", self.characters),
            ("limits", self.at_a_limit),
            ("hostile", self.hostile),
        )

    def next(self) -> tuple[str, str]:
        kind, make = self.dice.choice(self.kinds)
        return kind, make()

    def of_the_position(self, rules: RandomRules) -> str:
        name = self.dice.choice(("unrealized_r", "bars_held", "stop_price", "mae_r"))
        return f"{name} {self.dice.choice('<>')} {rules.number(1)} {self.dice.choice(('and', 'or'))} {rules.truth(1)}"

    def mutated(self) -> str:
        text = self.dice.choice(self.rules)
        for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
            text = self.mutation(text)
        return text

    def mutation(self, text: str) -> str:
        dice = self.dice
        at = int(dice.random() * (len(text) + 1))
        end = at + int(dice.random() * 6)
        match int(dice.random() * 6):
            case 0:
                return text[:at] + text[end:]
            case 1:
                return text[:at] + dice.choice(VOCABULARY) + text[end:]
            case 2:
                return text[:at] + dice.choice(PATCHES) + text[at:]
            case 3:
                return text[:at] + text[at:end] * 2 + text[end:]
            case 4:
                return text[:end]
            case _:
                return text.replace(dice.choice(NUMBERS), dice.choice(VOCABULARY), 1)

    def exchanged(self) -> str:
        """A rule with a few words exchanged for others of their kind, so that most stay rules."""
        words = WORD.split(self.dice.choice(self.rules))
        for _ in range(self.dice.choice((1, 2, 4))):
            at = int(self.dice.random() * len(words))
            for kind in EXCHANGED:
                if words[at] in kind:
                    words[at] = self.dice.choice(kind)
                    break
        return "".join(words)

    def spliced(self) -> str:
        left, right = self.dice.choice(self.rules), self.dice.choice(self.rules)
        return left[: int(self.dice.random() * len(left))] + right[int(self.dice.random() * len(right)) :]

    def tokens(self) -> str:
        glue = self.dice.choice((" ", " ", "", "\n"))
        return glue.join(self.dice.choices(VOCABULARY, k=1 + int(self.dice.random() ** 2 * 40)))

    def characters(self) -> str:
        length = 1 + int(self.dice.random() ** 4 * 600)
        if self.dice.random() < 0.3:
            return self.dice.randbytes(length).decode("utf-8", self.dice.choice(("surrogateescape", "replace")))
        return "".join(self.dice.choices(self.dice.choice(ALPHABETS), k=length))

    def at_a_limit(self) -> str:
        """Nested about as deep, with about as many parts, or about as long as a rule may be."""
        dice = self.dice
        core = dice.choice(("p", "a", "a > 1", "p and q", dice.choice(self.rules)))
        form = dice.random()
        if form < 0.5:
            opening, closing = dice.choice(NESTS)
            depth = dice.choice((7, 8, 14, 15, 16, 17, 31, 32, 33, 120))
            return opening * depth + core + closing * (depth - (dice.random() < 0.1)) + dice.choice(("", " > 0"))
        if form < 0.8:
            return dice.choice(LINKS).join([core] * dice.choice((2, 30, 62, 63, 64, 65, 66, 128)))
        return core + dice.choice((" ", "\n", "(", "a")) * max(0, MOST_CHARACTERS - len(core) + dice.randint(-2, 2))

    def hostile(self) -> str:
        text = self.dice.choice(HOSTILE)
        return text if self.dice.random() < 0.2 else self.mutation(text)


# judging


class World:
    """Random columns of a few rows, as each evaluator wants them, and the window of each row."""

    def __init__(self, seed: int) -> None:
        self.columns = random_columns(random.Random(seed), ROWS)
        self.table = ColumnTable({name: _array(name, values) for name, values in self.columns.items()}, ROWS)
        self.positions = [POSITION, FLAT]
        self.windows = [[Bar(self.columns, row, held) for row in range(ROWS)] for held in self.positions]


def _array(name: str, values: list[object]) -> object:
    if name in WORDS:
        return TextColumn(np.array([-1 if word is None else LABELS.index(str(word)) for word in values]), LABELS)
    if name in TRUTHS:
        return np.array([-1 if truth is None else int(truth is True) for truth in values], dtype=np.int8)
    return np.array([np.nan if number is None else number for number in values], dtype=np.float64)


class Bar:
    """What a rule sees at one row."""

    def __init__(self, columns: Mapping[str, list[object]], row: int, position: Mapping[str, Value]) -> None:
        self.columns, self.history, self.position = columns, row, position

    def value(self, name: str, bars_back: int) -> Value:
        if name in POSITION_FEATURES:
            return self.position.get(name) if bars_back == 0 else None
        return self.columns[name][self.history - bars_back]  # type: ignore[return-value]

    def why(self, name: str, bars_back: int) -> str:
        return "a hole"


WORLDS = [World(seed) for seed in range(16)]
TRUTH = {1: True, 0: False, -1: None}


def problem_of(text: str, number: int = 0) -> tuple[bool, str | None]:
    """Whether the text is a rule, and what is wrong with how it was taken. The number picks the world."""
    try:
        rule = read(text, number)
    except Misplaced as found:
        return False, str(found)
    except Exception:
        return False, _raised()
    if rule is None:
        return False, None
    try:
        return True, differing(rule, WORLDS[number % len(WORLDS)], told=number % 8 == 0)
    except Exception:
        return True, _raised()


class Misplaced(Exception):
    """A fault whose place is not in the text."""


def read(text: str, number: int) -> Rule | None:
    if number % 16 == 1:  # the features of a run: another closed set, with patterns and corrections
        _refused(text, lambda: check_rule(text, CATALOGUE, 3_600_000_000))
    return _refused(text, lambda: check_rule(text, NAMES))


def _refused(text: str, reading: Callable[[], Rule]) -> Rule | None:
    try:
        return reading()
    except RuleError as error:
        lines = text.split("\n")
        if not (1 <= error.line <= len(lines) and 1 <= error.column <= len(lines[error.line - 1]) + 1):
            raise Misplaced(f"place {error.line}:{error.column}") from None
        shown = caret(text, error).split("\n")
        if len(shown) != 2 or not shown[1].endswith("^") or not (shown[0].isascii() and str(error)):
            raise Misplaced(f"picture {shown!r}") from None
        return None


def differing(rule: Rule, world: World, *, told: bool) -> str | None:
    """How the evaluators differ; where `told`, the rule's words and explanation are made too."""
    for position, windows in zip(world.positions, world.windows):
        by_bars = [evaluate_bar(rule, window) for window in windows]
        if position_names(rule):
            bound = BoundRule(rule, world.table)  # type: ignore[arg-type]
            by_columns = [bound.at(row, position) for row in range(ROWS)]
        else:
            by_columns = [TRUTH[int(truth)] for truth in evaluate_columns(rule, world.table)]
        if by_bars != by_columns:
            return f"bars {by_bars}, columns {by_columns}"
        if told:
            in_words(rule)
            bars_needed(rule)
            explain_bar(rule, windows[-1])
        if not position_names(rule):
            break
    return None


def _raised() -> str:
    return " | ".join(line.strip() for line in traceback.format_exc().strip().splitlines()[-3:])


# campaign


@dataclass
class Tally:
    read: int = 0
    refused: int = 0
    findings: int = 0
    slowest: float = 0.0
    slowest_text: str = ""
    kinds: dict[str, list[int]] = field(default_factory=dict)

    @property
    def executions(self) -> int:
        return self.read + self.refused

    def line(self, seconds: float) -> str:
        return (
            f"{self.executions} executions: {self.read} read and evaluated, {self.refused} refused, "
            f"{self.findings} findings, slowest {1000 * self.slowest:.2f} ms, {seconds:.0f} s"
        )


def judge(text: str, number: int, kind: str, tally: Tally, place: str) -> None:
    began = time.perf_counter()
    was_read, problem = problem_of(text, number)
    took = time.perf_counter() - began
    if took > max(tally.slowest, SLOW / 4):  # worth a second look: the first may have been interrupted
        took = min(_processor_time(text, number) for _ in range(5))
        if took > tally.slowest:
            tally.slowest, tally.slowest_text = took, text
        if took > SLOW and problem is None:
            problem = f"{1000 * took:.1f} ms"
    tally.read += was_read
    tally.refused += not was_read
    of_kind = tally.kinds.setdefault(kind, [0, 0])
    of_kind[0] += 1
    of_kind[1] += was_read
    if problem is not None:
        tally.findings += 1
        print(f"{place}: {text!a}: {problem}", flush=True)


def _processor_time(text: str, number: int) -> float:
    began = time.process_time()
    problem_of(text, number)
    return time.process_time() - began


def campaign(executions: int, seed: int, *, every: int = 500_000) -> Tally:
    """So many texts of a seed, in batches that have seeds of their own and can be run again alone."""
    tally, began = Tally(), time.perf_counter()
    while tally.executions < executions:
        batch = tally.executions // BATCH
        texts = Texts(seed * 1_000_003 + batch)
        for number in range(min(BATCH, executions - tally.executions)):
            kind, text = texts.next()
            judge(text, number, kind, tally, f"seed {seed} batch {batch} text {number}")
        if tally.executions % every == 0:
            print(tally.line(time.perf_counter() - began), flush=True)
    return tally


def guided(arguments: list[str]) -> None:
    """libFuzzer's loop over the same judgement; it ends the process."""
    import atheris

    def one(given: bytes) -> None:
        text = given.decode("utf-8", "surrogateescape")
        problem = problem_of(text, len(given))[1]
        if problem is not None:
            raise AssertionError(f"{text!a}: {problem}")

    for function in _functions_of("exitbrain.core.rules"):
        atheris.instrument_func(function)
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def _functions_of(package: str) -> Iterator[FunctionType]:
    for name, module in list(sys.modules.items()):
        if not name.startswith(package):
            continue
        for value in list(vars(module).values()):
            owned = vars(value).values() if isinstance(value, type) else [value]
            for one in owned:
                if isinstance(one, FunctionType) and one.__module__ == name:
                    yield one


def main() -> int:
    asked = argparse.ArgumentParser(description="Read and evaluate random texts as rules.")
    asked.add_argument("--executions", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--text", help="one text only")
    asked.add_argument("--atheris", action="store_true", help="coverage-guided; further options are libFuzzer's")
    given, further = asked.parse_known_args()
    if given.atheris:
        guided(further)
    if given.text is not None:
        problems = {problem_of(given.text, number) for number in range(len(WORLDS))}
        print(*problems, sep="\n")
        return int(any(problem for _, problem in problems))
    began = time.perf_counter()
    tally = campaign(given.executions, given.seed)
    for kind, (texts, rules) in sorted(tally.kinds.items()):
        print(f"{kind}: {texts} texts, {rules} of them rules")
    print(f"slowest: {tally.slowest_text[:200]!a}")
    print(tally.line(time.perf_counter() - began))
    return int(tally.findings > 0)


if __name__ == "__main__":
    sys.exit(main())

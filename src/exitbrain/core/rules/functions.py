"""The functions of the rule language: how many arguments, of which type, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass

from exitbrain.core.rules.nodes import RuleType

MOST_BARS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """`takes` None is any type, and `gives` None the type that it was given.

    `fewest_bars` is the least whole number that may stand as last argument, None where there is none.
    """

    usage: str
    meaning: str
    takes: RuleType | None
    gives: RuleType | None
    fewest: int
    most: int
    fewest_bars: int | None = None


_NUMBER, _BOOLEAN = RuleType.NUMBER, RuleType.BOOLEAN

FUNCTIONS: dict[str, Function] = {
    "abs": Function(
        usage="abs(x)", meaning="x without its sign", takes=_NUMBER, gives=_NUMBER, fewest=1, most=1
    ),
    "min": Function(
        usage="min(a, b, …)", meaning="the least of them", takes=_NUMBER, gives=_NUMBER, fewest=2, most=99
    ),
    "max": Function(
        usage="max(a, b, …)", meaning="the greatest of them", takes=_NUMBER, gives=_NUMBER, fewest=2, most=99
    ),
    "crosses_above": Function(
        usage="crosses_above(a, b)",
        meaning="a is above b now, and was at or below it one bar before",
        takes=_NUMBER, gives=_BOOLEAN, fewest=2, most=2,
    ),
    "crosses_below": Function(
        usage="crosses_below(a, b)",
        meaning="a is below b now, and was at or above it one bar before",
        takes=_NUMBER, gives=_BOOLEAN, fewest=2, most=2,
    ),
    "prev": Function(
        usage="prev(x, n)", meaning="x as it was n bars before; prev(x, 0) is x",
        takes=None, gives=None, fewest=1, most=1, fewest_bars=0,
    ),
    "highest": Function(
        usage="highest(x, n)", meaning="the highest x of the n bars that end with the present one",
        takes=_NUMBER, gives=_NUMBER, fewest=1, most=1, fewest_bars=1,
    ),
    "lowest": Function(
        usage="lowest(x, n)", meaning="the lowest x of the n bars that end with the present one",
        takes=_NUMBER, gives=_NUMBER, fewest=1, most=1, fewest_bars=1,
    ),
    "bars_since": Function(
        usage="bars_since(condition)",
        meaning="how many bars ago the condition was last true; 0 where it is true now, unknown where it never was",
        takes=_BOOLEAN, gives=_NUMBER, fewest=1, most=1,
    ),
}  # fmt: skip

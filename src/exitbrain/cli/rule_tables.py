"""What `rules check` and `features` print."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import typer
from rich.text import Text

from exitbrain.cli.amounts import counted
from exitbrain.cli.terminal import console, print_json, sentences, show, table
from exitbrain.core.rules import FUNCTIONS, Rule, RuleError, bars_needed, caret, check_rule, position_names
from exitbrain.core.rules.catalogue import KNOWN_WHEN_FLAT
from exitbrain.core.rules.wording import in_words
from exitbrain.core.timeframes import timeframe_microseconds, timeframe_word
from exitbrain.features.catalogue import CATALOGUE, FAMILIES, LONGEST, Family, Feature, feature_of

NOTES = (
    f"Whole numbers n, f, s and g go up to {LONGEST}. A warm-up is the number of bars before the first value.",
    "f, s and g are the fast, slow and signal periods; macd, macd_signal and macd_hist alone are 12, 26, 9.",
    "tf_4h_rsi_14 is rsi_14 of the last closed 4h bar: any higher timeframe, and every feature that is not marked *.",
    "Missing values make a comparison unknown, and an unknown rule does not fire.",
)


def print_rule(expression: str, timeframe: str | None, *, as_json: bool) -> None:
    bars = None if timeframe is None else timeframe_microseconds(timeframe)
    try:
        rule = check_rule(expression, CATALOGUE, bars)
    except RuleError as error:
        if as_json:
            print_json(_fault(error))
        else:
            typer.echo(f"{error}\n\n{caret(expression, error)}", err=True)
        raise typer.Exit(error.exit_status) from None
    if as_json:
        print_json(_checked(rule))
    else:
        _show_rule(rule)


def print_features(*, as_json: bool) -> None:
    if as_json:
        print_json([_family(family) for family in FAMILIES.values()])
        return
    out = console()
    columns = [("feature", False), ("meaning", False), ("unit", False), ("warm-up", False)]
    groups: dict[str, list[Family]] = {}
    for family in FAMILIES.values():
        groups.setdefault(family.group, []).append(family)
    for group, families in groups.items():
        rows = [(_starred(f), f.meaning, f.unit, _warm_up(f)) for f in families]
        show(out, Text(group, style="bold"), table(columns, rows))
        out.print()
    usages = [(function.usage, function.meaning) for function in FUNCTIONS.values()]
    show(out, Text("functions", style="bold"), table([("function", False), ("meaning", False)], usages))
    show(out, "", sentences(NOTES, out.width))


def _show_rule(rule: Rule) -> None:
    out = console()
    needed = bars_needed(rule)
    lines = [
        f"true or false: {in_words(rule)}",
        "It looks at every bar before."
        if needed is None
        else f"It looks {counted(needed, 'bar')} back."
        if needed
        else "",
        _without_position(position_names(rule)),
    ]
    found = [feature for name in sorted(rule.names) if (feature := feature_of(name)) is not None]
    columns = [("feature", False), ("meaning", False), ("unit", False), ("warm-up", False)]
    rows = [(f.name, _meaning(f), f.family.unit, _needed(f)) for f in found]
    show(out, sentences([line for line in lines if line], out.width), table(columns, rows) if rows else None)


def _without_position(names: Set[str]) -> str:
    if not names:
        return ""
    if names <= KNOWN_WHEN_FLAT:
        return "It reads the position; what it reads is known without one too."
    return "It reads the position: where it compares what only an open one has, it is unknown without one."


def _meaning(feature: Feature) -> str:
    if feature.timeframe is None:
        return feature.family.meaning
    return f"{feature.family.meaning}; of the last closed {timeframe_word(feature.timeframe)} bar"


def _needed(feature: Feature) -> str:
    word = "bar" if feature.timeframe is None else f"{timeframe_word(feature.timeframe)} bar"
    if feature.warm_up:
        return counted(feature.warm_up, word)
    return "none" if feature.timeframe is None else f"until a {word} has closed"


def _starred(family: Family) -> str:
    return family.pattern if family.of_bars else f"{family.pattern} *"


def _warm_up(family: Family) -> str:
    """With usual numbers: `rsi_14: 14`."""
    numbers = family.usual[0] or family.implied or ()
    bars = family.warm_up(*numbers)
    return f"{family.written(family.usual[0])}: {bars}" if bars else ""


def _family(family: Family) -> dict[str, Any]:
    numbers = family.usual[0] or family.implied or ()
    return {
        "pattern": family.pattern,
        "group": family.group,
        "meaning": family.meaning,
        "unit": family.unit,
        "type": family.kind.value,
        "lowest": list(family.lowest),
        "highest": LONGEST if family.lowest else None,
        "example": family.written(family.usual[0]),
        "warm_up_bars": family.warm_up(*numbers),
        "higher_timeframes": family.of_bars,
    }


def _checked(rule: Rule) -> dict[str, Any]:
    features = [feature for name in sorted(rule.names) if (feature := feature_of(name)) is not None]
    return {
        "ok": True,
        "type": "boolean",
        "meaning": in_words(rule),
        "bars_needed": bars_needed(rule),
        "reads_position": bool(position_names(rule)),
        "features": [
            {
                "name": f.name,
                "meaning": _meaning(f),
                "unit": f.family.unit,
                "type": f.family.kind.value,
                "warm_up_bars": f.warm_up,
                "timeframe": None if f.timeframe is None else timeframe_word(f.timeframe),
            }
            for f in features
        ],
    }


def _fault(error: RuleError) -> dict[str, Any]:
    return {
        "ok": False,
        "message": error.message,
        "accepted": error.problems[0].accepted,
        "nearest": error.nearest,
        "line": error.line,
        "column": error.column,
        "length": error.length,
    }

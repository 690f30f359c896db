"""`lint_plan`: everything that is wrong, or hardly meant, in a plan; with candles also what never happens on them.

    lint_plan("plan.yaml", candles="BTCUSDT_1h.parquet")      # [Finding(code="never_true", line=9, …), …]

A rule that reads the position has no column. For `dead_trigger` its position terms are taken as if they held, for
`mute_hold` as if they did not: what is told is certain for every position. `bars_held` in a hold rule is counted from an
opening at each bar.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exitbrain.config.documents import Place
from exitbrain.config.plans import PlanFile, read_plan
from exitbrain.config.settings import Settings, load_config
from exitbrain.core.instants import instant_of, iso
from exitbrain.core.lint import MUTE_BARS, Finding, ReadRule, Severity, findings_of, mute_hold
from exitbrain.core.rules import POSITION_FEATURES, Rule, RuleError, check_rule
from exitbrain.core.rules.nodes import And, Literal, Name, Node, Not, Or, nodes_under
from exitbrain.core.timeframes import timeframe_microseconds, timeframe_word
from exitbrain.core.triggers import RULES, StrategyPlan, TriggerCategory, TriggerCondition
from exitbrain.errors import InvalidInput, Problem
from exitbrain.features.catalogue import CATALOGUE
from exitbrain.features.columns import evaluate_columns
from exitbrain.features.ranges import STANCES, StanceRanges
from exitbrain.wiring.inputs import gather

if TYPE_CHECKING:
    from exitbrain.features.table import FeatureTable

BARS_HELD = "bars_held"
RANGES = {stance: StanceRanges(stance) for stance in STANCES}


def lint_plan(
    plan: Any, *, candles: Any = None, config: Any = None, environment: Mapping[str, str] | None = None
) -> list[Finding]:
    """Findings about a plan (a path, text, a mapping or a StrategyPlan), in the order of the plan.

    Faults that keep a plan from being loaded are findings of severity error, with their places. `candles` (as in
    `backtest`) add what never happens on them; `config` tells the run's symbols and thresholds. Raises InvalidInput
    for candles or a config that cannot be used.
    """
    settings = load_config(config, environment)
    try:
        written = None if isinstance(plan, StrategyPlan) else read_plan(plan)
    except InvalidInput as error:
        return [_load_error(problem) for problem in error.problems]
    read = plan if written is None else written.plan
    rules, faults = _rules(read, written)
    tables, more = ({}, []) if candles is None else _tables(candles, read, written, config, environment, broken=faults)
    symbols = frozenset(tables) or _symbols(settings)
    found = [*faults, *more, *findings_of(read, rules, RANGES, symbols)]
    for symbol, table in tables.items():
        own = [one for one in read.triggers if one.symbol == symbol]
        found.extend(_on_candles(own, rules, table, found))
        found.extend(_entering_too_late(own, read, table))
    return sorted((_placed(one, written) for one in found), key=_in_file(read))


def _symbols(settings: Settings) -> frozenset[str] | None:
    """Those that a config names; None where it leaves one open."""
    named = [row.symbol for row in settings.instrument]
    return None if not named or None in named else frozenset(name for name in named if name is not None)


# load errors


def _load_error(problem: Problem, trigger_id: str | None = None, key: str | None = None) -> Finding:
    return Finding(
        code="load_error",
        severity=Severity.ERROR,
        trigger_id=trigger_id,
        key=key,
        message=problem.found,
        advice=f"accepted: {problem.accepted}" if problem.accepted else "",
        line=problem.line,
        column=problem.column,
    )


def _rules(plan: StrategyPlan, written: PlanFile | None) -> tuple[list[ReadRule], list[Finding]]:
    """Every rule that can be read, and an error for each that cannot."""
    rules, faults = [], []
    texts = [(trigger, key, getattr(trigger, key)) for trigger in plan.triggers for key in RULES]
    for trigger, key, text in [*texts, (None, "risk_regime_rule", plan.risk_regime_rule)]:
        own = None if trigger is None or trigger.timeframe is None else timeframe_microseconds(trigger.timeframe)
        try:
            rules.append(ReadRule(trigger=trigger, key=key, rule=check_rule(text, CATALOGUE, own), timeframe=own))
        except RuleError as error:
            faults.append(_rule_fault(error, trigger, key, text, written))
    return rules, faults


def _rule_fault(
    error: RuleError, trigger: TriggerCondition | None, key: str, text: str, written: PlanFile | None
) -> Finding:
    name = None if trigger is None else trigger.id
    found = replace(error.problems[0], found=f"at character {error.column}: {error.message}", line=None)
    finding = _load_error(replace(found, column=None), name, key)
    place = None if written is None else written.place(name, key)
    if place is None:
        return finding
    return replace(finding, line=place.line, column=_column_inside(place, text, error))


def _column_inside(place: Place, text: str, error: RuleError) -> int | None:
    """The column of the fault itself where the file has the rule on one line as it is, else that of the rule."""
    if place.file is None or place.line is None or place.column is None or "\n" in text:
        return place.column
    lines = Path(place.file).read_text(encoding="utf-8-sig").splitlines()
    start = lines[place.line - 1].find(text, place.column - 1) if place.line <= len(lines) else -1
    return place.column if start < 0 else start + error.column


def _tables(
    candles: Any, plan: StrategyPlan, written: PlanFile | None, config: Any,
    environment: Mapping[str, str] | None, *, broken: list[Finding],
) -> tuple[dict[str, FeatureTable], list[Finding]]:  # fmt: skip
    """The features of each symbol, and what the plan asks that these bars cannot give."""
    from exitbrain.backtesting.triggers import feature_table
    from exitbrain.wiring.settings import run_settings

    if not plan.triggers or broken:
        return {}, []
    try:
        inputs = gather(candles, plan=plan, config=config, environment=environment)
    except InvalidInput as error:
        if any(problem.file is not None for problem in error.problems) or not _about_plan(plan, error):
            raise
        return {}, [_of_trigger(problem, plan) for problem in error.problems]
    settings = run_settings(inputs.settings, plan)
    return {symbol: feature_table(market, settings) for symbol, market in inputs.markets.items()}, []


def _about_plan(plan: StrategyPlan, error: InvalidInput) -> bool:
    return all("rule" in problem.found or "trigger" in problem.found for problem in error.problems)


def _of_trigger(problem: Problem, plan: StrategyPlan) -> Finding:
    """A fault that only the run's timeframe shows; its words name the trigger and the key."""
    name = next((one.id for one in plan.triggers if f'trigger "{one.id}"' in problem.found), None)
    key = next((one for one in ("timeframe", *RULES, "risk_regime_rule") if problem.found.startswith(one)), None)
    return _load_error(problem, name, key)


# on candles


def _on_candles(
    triggers: Iterable[TriggerCondition], rules: list[ReadRule], table: FeatureTable, told: list[Finding]
) -> Iterator[Finding]:
    never = {(one.trigger_id, one.key) for one in told if one.code == "never_true"}
    held = {one.trigger_id for one in told if one.code == "mute_hold"}
    for trigger in triggers:
        own = {one.key: one.rule for one in rules if one.trigger_id == trigger.id and one.rule.root is not None}
        asked = [key for key in ("entry_rule", "exit_rule") if key in own]
        bars = _bars_of(trigger, table)
        if asked and not all((trigger.id, key) in never for key in asked):
            yield from _dead(trigger, {key: own[key] for key in asked}, bars)
        if {"exit_rule", "hold_rule"} <= own.keys() and trigger.id not in held:
            yield from _muted(trigger, own["exit_rule"], own["hold_rule"], bars)


def _entering_too_late(
    triggers: Iterable[TriggerCondition], plan: StrategyPlan, table: FeatureTable
) -> Iterator[Finding]:
    """Past valid_until a plan enters nothing (spec T3)."""
    first = int(table.bars.time[0])
    if not plan.is_expired(first):
        return
    for trigger in triggers:
        if trigger.entry_rule.strip():
            yield Finding(
                code="dead_trigger",
                trigger_id=trigger.id,
                key="entry_rule",
                message=f"never enters on these candles: they begin at {iso(instant_of(first))}, past valid_until",
                advice="give the plan a later valid_until, or none",
            )


def _bars_of(trigger: TriggerCondition, table: FeatureTable) -> FeatureTable:
    """A trigger of a higher timeframe is asked at that timeframe's closes, of its own bars."""
    own = table.timeframe if trigger.timeframe is None else timeframe_microseconds(trigger.timeframe)
    return table if own == table.timeframe else table.at_timeframe(own)


def _dead(trigger: TriggerCondition, rules: dict[str, Rule], bars: FeatureTable) -> Iterator[Finding]:
    truths = {key: evaluate_columns(_assuming(rule, True), bars) for key, rule in rules.items()}
    if any((column == 1).any() for column in truths.values()):
        return
    key = next(iter(rules))
    unknown = sum(int((column == -1).sum()) for column in truths.values())
    count = f"{len(bars):,} bars of {timeframe_word(bars.timeframe)}"
    why = "".join(f"; {words}" for words in _missing(rules, bars)) if unknown else ""
    message = f"never fires on these candles ({count}{f', unknown at {unknown:,}' if unknown else ''}{why})"
    yield Finding(
        code="dead_trigger",
        trigger_id=trigger.id,
        key=key,
        message=f"{message}: {_blocking(rules[key], bars)}",
        advice="loosen the rule, or judge it on candles that have such a market",
    )


def _missing(rules: Mapping[str, Rule], bars: FeatureTable) -> Iterator[str]:
    """Why a feature is missing where one last is (spec F55)."""
    for name in sorted({name for rule in rules.values() if rule.root is not None for name in _market_names(rule.root)}):
        column = bars.column(name)
        missing = np.flatnonzero(np.isnan(column) if isinstance(column, np.ndarray) else column.codes < 0)
        if len(missing):
            yield f"{name}: {bars.why(name, int(missing[-1]))}"


def _market_names(node: Node) -> frozenset[str]:
    return frozenset(part.name for part in nodes_under(node) if isinstance(part, Name)) - POSITION_FEATURES.keys()


def _blocking(rule: Rule, bars: FeatureTable) -> str:
    """Which terms of it are never true there, else that they never are together."""
    assumed = _assuming(rule, True)
    assert assumed.root is not None
    parts = assumed.root.operands if isinstance(assumed.root, And) else (assumed.root,)
    dead = [part for part in parts if not (evaluate_columns(Rule(text=rule.text, root=part), bars) == 1).any()]
    if not dead:
        return "each of its terms is true at times, never all at once"
    shown = " ".join(rule.text[slice(*dead[0].span)].split())
    return f"{shown} is true at no bar{_spread(dead[0], bars)}"


def _spread(node: Node, bars: FeatureTable) -> str:
    """The values that its features took, for a term of few of them."""
    names = sorted(_market_names(node))
    said = []
    for name in names[:2]:
        column = bars.column(name)
        if isinstance(column, np.ndarray) and not np.isnan(column).all():
            said.append(f"{name} is {np.nanmin(column):.6g} to {np.nanmax(column):.6g}")
    return f" ({', '.join(said)})" if said else ""


def _muted(trigger: TriggerCondition, leaving: Rule, holding: Rule, bars: FeatureTable) -> Iterator[Finding]:
    if trigger.category is TriggerCategory.EMERGENCY_EXIT:
        return
    both = evaluate_columns(_assuming(leaving, False), bars) == 1
    both &= evaluate_columns(_assuming(holding, False), bars) == 1
    edges = np.flatnonzero(np.diff(np.r_[False, both, False]))
    lengths = edges[1::2] - edges[::2]
    if not len(lengths) or lengths.max() < MUTE_BARS:
        yield from _muted_from_the_opening(trigger, leaving, holding, bars)
        return
    longest = int(lengths.argmax())
    start = iso(instant_of(int(bars.bars.time[edges[::2][longest]])))
    count = int((lengths >= MUTE_BARS).sum())
    stretches = "1 stretch" if count == 1 else f"{count:,} stretches"
    yield mute_hold(
        trigger.id,
        f"the hold rule mutes the exit in {stretches} of {MUTE_BARS} bars running or more, "
        f"the longest {int(lengths[longest]):,} bars from {start}",
    )


def _muted_from_the_opening(
    trigger: TriggerCondition, leaving: Rule, holding: Rule, bars: FeatureTable
) -> Iterator[Finding]:
    """A hold rule such as `bars_held < 48` mutes by the age of the position: asked for one opened at each bar."""
    if BARS_HELD not in holding.names:
        return
    muted = np.ones(max(len(bars) - MUTE_BARS + 1, 0), np.bool_)
    for held in range(MUTE_BARS):
        aged = _Aged(bars, held)
        for rule in (leaving, holding):
            column = evaluate_columns(_assuming(rule, False, keeps_age=True), aged)
            muted &= column[held : held + len(muted)] == 1
    if not muted.any():
        return
    start = iso(instant_of(int(bars.bars.time[int(np.argmax(muted))])))
    yield mute_hold(
        trigger.id,
        f"the hold rule mutes the exit for {MUTE_BARS} bars running after an opening at {int(muted.sum()):,} of "
        f"{len(bars):,} bars, the first {start}",
    )


class _Aged:
    """Columns of bars for a position of one age."""

    def __init__(self, bars: FeatureTable, bars_held: int) -> None:
        self._bars, self._bars_held = bars, bars_held

    def __len__(self) -> int:
        return len(self._bars)

    def column(self, name: str) -> Any:
        return np.full(len(self), float(self._bars_held)) if name == BARS_HELD else self._bars.column(name)


def _assuming(rule: Rule, holds: bool, *, keeps_age: bool = False) -> Rule:
    """The rule with each term that reads the position taken as it makes the rule true (or, not `holds`, false).

    With `keeps_age` terms that read only bars_held stay as they are.
    """
    assert rule.root is not None
    return replace(rule, root=_assumed(rule.root, holds, keeps_age))


def _assumed(node: Node, holds: bool, keeps_age: bool) -> Node:
    if isinstance(node, And | Or):
        return replace(node, operands=tuple(_assumed(part, holds, keeps_age) for part in node.operands))
    if isinstance(node, Not):
        return replace(node, operand=_assumed(node.operand, not holds, keeps_age))
    read = {part.name for part in nodes_under(node) if isinstance(part, Name)} & POSITION_FEATURES.keys()
    if not read or (read == {BARS_HELD} and keeps_age):
        return node
    return Literal(value=holds, span=node.span)


# places


def _placed(finding: Finding, written: PlanFile | None) -> Finding:
    if written is None or finding.line is not None or finding.key is None:
        return finding
    place = written.place(finding.trigger_id, finding.key)
    return replace(finding, line=place.line, column=place.column)


def _in_file(plan: StrategyPlan) -> Any:
    order = {trigger.id: number for number, trigger in enumerate(plan.triggers)}
    return lambda one: (one.line or 0, order.get(one.trigger_id, -1), one.severity != "error", one.code)

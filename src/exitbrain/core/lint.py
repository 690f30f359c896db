"""What a plan says that its author can hardly mean (spec T2). What needs candles is judged in `wiring.linting`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from exitbrain.core.atr_scale import ScaleComparison, scale_comparisons
from exitbrain.core.numbers import decimal_of
from exitbrain.core.possible_values import Ranges
from exitbrain.core.rules import Rule, position_names
from exitbrain.core.rules.catalogue import KNOWN_WHEN_FLAT
from exitbrain.core.satisfying import both_can_be, can_be
from exitbrain.core.triggers import Direction, StrategyPlan, TriggerCategory, TriggerCondition

MUTE_BARS = 12
TINY_FRACTION = Decimal("0.0001")


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to look at. `trigger_id` None is the plan itself; line and column count from 1 where a file is known.

    Codes: load_error, never_true, always_true, risk_reduce_without_fraction, dead_trigger, mute_hold, atr_scale,
    foreign_symbol, tiny_fraction, latch_stays.
    """

    code: str
    severity: Severity = Severity.WARNING
    trigger_id: str | None = None
    key: str | None = None
    message: str
    advice: str
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRule:
    """A rule of a plan that could be read. `timeframe` is that of its bars in µs, None where it is the run's."""

    trigger: TriggerCondition | None
    key: str
    rule: Rule
    timeframe: int | None = None

    @property
    def trigger_id(self) -> str | None:
        return None if self.trigger is None else self.trigger.id

    @property
    def stances(self) -> tuple[str, ...]:
        """Where this rule is asked: exits speak to open positions, those of long and short to their own (spec F12)."""
        if self.trigger is None or self.key == "entry_rule":
            return ("flat", "long", "short")
        if self.trigger.direction in (Direction.LONG, Direction.SHORT):
            return (self.trigger.direction.value,)
        return ("long", "short")


def findings_of(
    plan: StrategyPlan, rules: Iterable[ReadRule], ranges: Mapping[str, Ranges], symbols: frozenset[str] | None
) -> Iterator[Finding]:
    """Everything that can be told without candles; `symbols` are those of the run, None where they are not known."""
    read = list(rules)
    for trigger in plan.triggers:
        yield from _of_trigger(trigger, symbols)
    for one in read:
        yield from _truth(one, ranges)
        yield from _scales(one)
        yield from _latch(one, ranges)
    yield from _implied_holds(read, ranges)


def _of_trigger(trigger: TriggerCondition, symbols: frozenset[str] | None) -> Iterator[Finding]:
    if symbols is not None and trigger.symbol not in symbols:
        yield Finding(
            code="foreign_symbol",
            trigger_id=trigger.id,
            key="symbol",
            message=f"{trigger.symbol} is none of the run's symbols ({', '.join(sorted(symbols))})",
            advice="the trigger is ignored: give it a symbol of the run, or leave it out",
        )
    if not (trigger.entry_rule.strip() or trigger.exit_rule.strip()):
        yield Finding(
            code="dead_trigger",
            trigger_id=trigger.id,
            key="exit_rule",
            message="neither entry_rule nor exit_rule says anything: the trigger never fires",
            advice="write a rule, or leave the trigger out",
        )
    fraction = None if trigger.exit_fraction is None else decimal_of(trigger.exit_fraction)
    if trigger.category is TriggerCategory.RISK_REDUCE and (fraction is None or fraction == 1):
        found = "has no exit_fraction" if fraction is None else "has exit_fraction 1.0"
        yield Finding(
            code="risk_reduce_without_fraction",
            trigger_id=trigger.id,
            key="exit_fraction",
            message=f"risk_reduce {found}: it closes the whole position",
            advice="give the share to close, such as 0.5, or make it risk_off",
        )

    if fraction is not None and fraction < TINY_FRACTION:
        yield Finding(
            code="tiny_fraction",
            trigger_id=trigger.id,
            key="exit_fraction",
            message=f"exit_fraction {trigger.exit_fraction} closes next to nothing; what is under a lot closes nothing",
            advice=f"give the share to close, such as 0.5: at least {TINY_FRACTION}",
        )


def _latch(one: ReadRule, ranges: Mapping[str, Ranges]) -> Iterator[Finding]:
    """A latch clears where its rule is definitely false; with what only a position has it is unknown when flat."""
    if one.trigger is None or one.key != "exit_rule" or not one.trigger.latch or one.rule.root is None:
        return
    asks = sorted(position_names(one.rule) - KNOWN_WHEN_FLAT)
    if asks and not can_be(one.rule, False, ranges["flat"]):
        yield Finding(
            code="latch_stays",
            trigger_id=one.trigger_id,
            key=one.key,
            message=f"its latch cannot clear while no position is open: {', '.join(asks)} is unknown then, not false",
            advice="say what holds when flat, such as is_long and unrealized_r < -0.5, or latch on a rule of the market",
        )


def _truth(one: ReadRule, ranges: Mapping[str, Ranges]) -> Iterator[Finding]:
    if one.rule.root is None:
        return
    can = {truth: any(can_be(one.rule, truth, ranges[stance]) for stance in one.stances) for truth in (True, False)}
    if not can[True]:
        yield Finding(
            code="never_true",
            trigger_id=one.trigger_id,
            key=one.key,
            message=f"can never be true: {_shown(one.rule)}",
            advice="compare with values that these features can have: exitbrain features lists their ranges",
        )
    elif not can[False]:
        yield Finding(
            code="always_true",
            trigger_id=one.trigger_id,
            key=one.key,
            message=f"is true wherever its features are known: {_shown(one.rule)}",
            advice=_ALWAYS[one.key],
        )


_ALWAYS = {
    "entry_rule": "it would enter at every bar: compare with values that tell bars apart",
    "exit_rule": "it would leave at the first bar: compare with values that tell bars apart",
    "hold_rule": "it mutes every exit of this trigger: compare with values that tell bars apart",
    "risk_regime_rule": "the risk-off latch would never be cleared: compare with values that tell bars apart",
}


def _implied_holds(read: list[ReadRule], ranges: Mapping[str, Ranges]) -> Iterator[Finding]:
    """A hold rule that is true whenever its exit rule is: nothing gets through, on any candles."""
    by_trigger: dict[str, dict[str, ReadRule]] = {}
    for one in read:
        if one.trigger is not None and one.rule.root is not None and _is_held(one.trigger):
            by_trigger.setdefault(one.trigger.id, {})[one.key] = one
    for rules in by_trigger.values():
        leaving, holding = rules.get("exit_rule"), rules.get("hold_rule")
        if leaving is None or holding is None:
            continue
        stances = [ranges[stance] for stance in leaving.stances]
        reachable = [one for one in stances if can_be(leaving.rule, True, one) and can_be(holding.rule, True, one)]
        free = any(both_can_be([(leaving.rule, True), (holding.rule, False)], one) for one in stances)
        if reachable and not free:
            yield mute_hold(leaving.trigger_id, "the hold rule is true whenever the exit rule is: no exit gets through")


def _is_held(trigger: TriggerCondition) -> bool:
    """An emergency exit is not held (spec D2)."""
    return trigger.category is not TriggerCategory.EMERGENCY_EXIT


def mute_hold(trigger_id: str | None, message: str) -> Finding:
    return Finding(
        code="mute_hold",
        trigger_id=trigger_id,
        key="hold_rule",
        message=message,
        advice="narrow the hold rule, or say in the exit rule when not to leave",
    )


def _scales(one: ReadRule) -> Iterator[Finding]:
    for found in scale_comparisons(one.rule, one.timeframe):
        yield Finding(
            code="atr_scale",
            trigger_id=one.trigger_id,
            key=one.key,
            message=_scale_message(found),
            advice=_scale_advice(found),
        )


def _scale_message(found: ScaleComparison) -> str:
    truth = "true" if found.holds else "false"
    return f"{found.text} is {truth} by scale alone: bars of {found.longer} range wider than those of {found.shorter}"


def _scale_advice(found: ScaleComparison) -> str:
    usual = "" if found.usual is None else f": the usual ratio is about {found.usual:.1f}"
    return f"compare ATRs of one timeframe, or scale the shorter one{usual}"


def _shown(rule: Rule) -> str:
    text = " ".join(rule.text.split())
    return text if len(text) <= 100 else f"{text[:99]}…"

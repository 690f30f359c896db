"""The rules that made no candidate at a bar: the value and truth of each of their terms there (spec D8, F55)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exitbrain.backtesting.triggers import feature_table
from exitbrain.core.instants import instant_of, iso, microseconds
from exitbrain.core.numbers import fraction_of
from exitbrain.core.rules import Term, check_rule, evaluate_bar, explain_bar
from exitbrain.core.timeframes import timeframe_microseconds
from exitbrain.core.trigger_intents import side_of
from exitbrain.core.triggers import Rearm, TriggerCategory, TriggerCondition
from exitbrain.features.binding import FLAT, TableWindow
from exitbrain.features.catalogue import CATALOGUE
from exitbrain.wiring.past_positions import PastPosition
from exitbrain.wiring.settings import run_settings

if TYPE_CHECKING:
    from exitbrain.backtesting.market import Market
    from exitbrain.core.rules import Truth, Value
    from exitbrain.features.table import FeatureTable
    from exitbrain.wiring.inputs import RunInputs

Open = tuple[PastPosition, Mapping[str, Any]]
Fired = frozenset[tuple[str, bool, str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentRule:
    """`trigger_id` None is the plan's risk_regime_rule. `why` says what, beside its truth, kept it from asking."""

    trigger_id: str | None
    key: str
    text: str
    truth: Truth
    terms: tuple[Term, ...]
    why: str | None = None
    set_id: str | None = None


def silent_rules(
    inputs: RunInputs, market: Market, bar: int, positions: Sequence[Open], fired: Fired, held: frozenset[str],
    unasked: str | None,
) -> Iterator[SilentRule]:  # fmt: skip
    """Rules in plan order; hold rules of triggers in `held`, which refused an exit, are told as well.

    `unasked` says why no rule at all was asked at this close, where that is so.
    """
    plan = inputs.plan
    if plan is None:
        return
    table = feature_table(market, run_settings(inputs.settings, plan))
    independent = inputs.settings.account.independent
    current: Sequence[Open | None] = positions or [None]
    for trigger in plan.triggers:
        if trigger.symbol != market.symbol:
            continue
        bars = _Bars.of(trigger, market, table, bar)
        if trigger.entry_rule.strip() and not _has_fired(fired, trigger.id, entry=True):
            view = FLAT if independent or not positions else positions[0][1]
            yield bars.told(trigger, "entry_rule", view, why=unasked)
        for one in current if trigger.exit_rule.strip() else ():
            if one is None or not _has_fired(fired, trigger.id, entry=False, set_id=one[0].set_id):
                yield _exit(bars, trigger, one, unasked)
        if trigger.id in held and trigger.hold_rule.strip():
            yield bars.told(trigger, "hold_rule", positions[0][1] if positions else FLAT, is_hold=True)
    if plan.risk_regime_rule.strip():
        view = FLAT if independent or not positions else positions[0][1]
        yield _regime(plan.risk_regime_rule, market, table, bar, view)


def _has_fired(fired: Fired, trigger_id: str, *, entry: bool, set_id: str | None = None) -> bool:
    return any(
        name == trigger_id and is_entry is entry and (entry or own in (None, set_id)) for name, is_entry, own in fired
    )


def _exit(bars: _Bars, trigger: TriggerCondition, one: Open | None, unasked: str | None) -> SilentRule:
    if one is None:
        return bars.told(trigger, "exit_rule", FLAT, why="flat: there is nothing to leave")
    position, view = one
    side = side_of(trigger)
    why = unasked
    if side not in (0, position.side):
        why = f"it speaks to {trigger.direction} positions only"
    told = bars.told(trigger, "exit_rule", view, why=why, set_id=position.set_id)
    if told.truth is not True or told.why is not None:
        return told
    return bars.told(trigger, "exit_rule", view, why=_used(trigger, position), set_id=position.set_id)


def _used(trigger: TriggerCondition, position: PastPosition) -> str:
    """Why an exit rule that is true asked nothing (spec T6, F14, F16, F51)."""
    fraction = None if trigger.exit_fraction is None else fraction_of(trigger.exit_fraction)
    rearms = trigger.category is TriggerCategory.RISK_REDUCE if fraction is None else fraction < 1
    made = [leg for leg in position.legs if leg["trigger_id"] == trigger.id and not leg["is_entry"]]
    if rearms and made and trigger.rearm is not Rearm.EVERY_BAR:
        at = iso(instant_of(microseconds(made[-1]["timestamp"])))
        until = "once for a position" if trigger.rearm is Rearm.ONCE else "again only after it was false"
        return f"used up: it left at {at}, and fires {until} (rearm {trigger.rearm})"
    return "its share of the position is under one lot"


def _regime(text: str, market: Market, table: FeatureTable, bar: int, view: Mapping[str, Value]) -> SilentRule:
    rule = check_rule(text.strip(), CATALOGUE, market.timeframe)
    window = TableWindow(table, bar, view)
    truth = evaluate_bar(rule, window)
    terms = tuple(explain_bar(rule, window))
    return SilentRule(trigger_id=None, key="risk_regime_rule", text=rule.text, truth=truth, terms=terms)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bars:
    """The bars that a trigger's rules see, and the place among them; −1 before the first has closed."""

    table: FeatureTable
    timeframe: int
    place: int
    closes_here: bool

    @classmethod
    def of(cls, trigger: TriggerCondition, market: Market, table: FeatureTable, bar: int) -> _Bars:
        own = market.timeframe if trigger.timeframe is None else timeframe_microseconds(trigger.timeframe)
        if own == market.timeframe:
            return cls(table=table, timeframe=own, place=bar, closes_here=True)
        higher = table.higher(own)
        place, closes = int(higher.last_closed[bar]), bool(higher.closes_here[bar])
        return cls(table=table.at_timeframe(own), timeframe=own, place=place, closes_here=closes)

    def told(
        self, trigger: TriggerCondition, key: str, view: Mapping[str, Value], *, why: str | None = None,
        set_id: str | None = None, is_hold: bool = False,
    ) -> SilentRule:  # fmt: skip
        rule = check_rule(getattr(trigger, key).strip(), CATALOGUE, self.timeframe)
        if not self.closes_here and not is_hold:
            why = why or f"not asked: no {trigger.timeframe} bar closes here"
        if self.place < 0:
            why = f"warm-up: no {trigger.timeframe} bar has closed yet"
            return SilentRule(
                trigger_id=trigger.id, key=key, text=rule.text, truth=None, terms=(), why=why, set_id=set_id
            )
        window = TableWindow(self.table, self.place, view)
        return SilentRule(
            trigger_id=trigger.id, key=key, text=rule.text, truth=evaluate_bar(rule, window),
            terms=tuple(explain_bar(rule, window)), why=why, set_id=set_id,
        )  # fmt: skip
